/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/nft_events.h"

#include "kernel-helpers/attribute.h"
#include "kernel-helpers/netfilter_socket.h"
#include "rules/ruleset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_LENGTH	(NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg)))
/* nft_commit_notify() fills at most NLMSG_GOODSIZE, one object may be larger. */
#define RECEIVE_ROOM	65536u
/* NFTA_TABLE_NAME and every NFTA_*_TABLE: nft_channel_allowed.c asserts it. */
#define TABLE_ATTR	1u
/* NFT_TABLE_F_DORMANT: the chains of the table are taken off their hooks. */
#define DORMANT		1u

/*
 * Our own writes never reach the buffer: 100,000 elements of an apply would flood it.
 * All messages of one datagram are of one writer (nft_commit_notify()), so the first
 * one's nlmsg_pid tells. It stands in host order; a filter reads in network order.
 */
static int
leave_out(int fd, uint32_t own)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(own), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, ~0u),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == -1 ?
	    -errno : 0;
}

int
nft_events_open(uint32_t own, int receive_bytes)
{
	int group = NFNLGRP_NFTABLES, fd = netfilter_socket_open(receive_bytes);
	int r = fd < 0 ? fd : leave_out(fd, own);

	if (r == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		r = -errno;
	if (r == 0 && setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
	    sizeof(group)) == -1)
		r = -errno;
	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
}

static uint32_t
number(const struct attribute *a)
{
	return ntohl(attribute_u32(a));
}

static bool
is_ours(const struct attribute *a)
{
	return a->bytes != NULL && a->length == sizeof(RULESET_TABLE) &&
	    memcmp(a->bytes, RULESET_TABLE, sizeof(RULESET_TABLE)) == 0;
}

static void
end_transaction(const struct attribute *a, struct nft_events_open *open,
    struct nft_events_seen *seen)
{
	const struct attribute *name = &a[NFTA_GEN_PROC_NAME];
	/* Who did less than what is known already is not named. */
	bool worst = open->gone || (open->changed && seen->gone == 0) ||
	    (seen->changed == 0 && seen->gone == 0);

	seen->transactions++;
	seen->changed += open->changed || open->gone;
	seen->gone += open->gone;
	seen->generation = number(&a[NFTA_GEN_ID]);
	if (worst) {
		size_t n = name->length < sizeof(seen->name) ? name->length :
		    sizeof(seen->name) - 1;

		seen->pid = number(&a[NFTA_GEN_PROC_PID]);
		memset(seen->name, 0, sizeof(seen->name));
		if (name->bytes != NULL)
			memcpy(seen->name, name->bytes, n);
	}
	*open = (struct nft_events_open){ false, false };
}

/* What a change of our table does to it; sets that rules use lose only what they hold. */
static bool
takes_away(unsigned int message, const struct attribute *a)
{
	return message == NFT_MSG_DELTABLE || message == NFT_MSG_DELCHAIN ||
	    (message == NFT_MSG_NEWTABLE && (number(&a[NFTA_TABLE_FLAGS]) & DORMANT) != 0);
}

static bool
take_message(const uint8_t *at, const struct nlmsghdr *h, uint32_t own,
    struct nft_events_open *open, struct nft_events_seen *seen)
{
	struct attribute a[8] = { { NULL, 0 } };
	unsigned int message = NFNL_MSG_TYPE(h->nlmsg_type);
	struct nfgenmsg g;

	_Static_assert(NFTA_TABLE_FLAGS < 8 && NFTA_GEN_PROC_NAME < 8, "room for these");
	if (NFNL_SUBSYS_ID(h->nlmsg_type) != NFNL_SUBSYS_NFTABLES || h->nlmsg_pid == own)
		return true;
	if (h->nlmsg_len < HEAD_LENGTH ||
	    !attributes_take((struct attribute){ at + HEAD_LENGTH, h->nlmsg_len - HEAD_LENGTH },
	    a, 8))
		return false;
	memcpy(&g, at + NLMSG_HDRLEN, sizeof(g));
	if (message == NFT_MSG_NEWGEN) {
		end_transaction(a, open, seen);
	} else if (g.nfgen_family == NFPROTO_INET && is_ours(&a[TABLE_ATTR])) {
		open->changed = true;
		open->gone |= takes_away(message, a);
	}
	return true;
}

void
nft_events_parse(const void *bytes, size_t length, uint32_t own, struct nft_events_open *open,
    struct nft_events_seen *seen)
{
	const uint8_t *at = bytes;

	while (length >= NLMSG_HDRLEN) {
		struct nlmsghdr h;

		memcpy(&h, at, sizeof(h));
		if (h.nlmsg_len < NLMSG_HDRLEN || h.nlmsg_len > length ||
		    !take_message(at, &h, own, open, seen))
			break;
		if (NLMSG_ALIGN((size_t)h.nlmsg_len) >= length)
			return;
		at += NLMSG_ALIGN((size_t)h.nlmsg_len);
		length -= NLMSG_ALIGN((size_t)h.nlmsg_len);
	}
	seen->lost |= length > 0;
}

/* 1: one datagram was read, 0: none waits, or a negative errno. */
static int
read_one(int fd, uint32_t own, struct nft_events_open *open, struct nft_events_seen *seen)
{
	uint8_t bytes[RECEIVE_ROOM];
	struct sockaddr_nl from = { 0 };
	socklen_t size = sizeof(from);
	ssize_t n = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_TRUNC,
	    (struct sockaddr *)&from, &size);

	if (n < 0 && errno == ENOBUFS) {
		/* What had begun may have lost its end. */
		*open = (struct nft_events_open){ false, false };
		seen->lost = true;
		return 1;
	}
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	/* Only the kernel is port 0; any process may send to us. */
	if (size != sizeof(from) || from.nl_pid != 0)
		return 1;
	if ((size_t)n > sizeof(bytes))
		seen->lost = true;
	else
		nft_events_parse(bytes, (size_t)n, own, open, seen);
	return 1;
}

int
nft_events_read(int fd, uint32_t own, unsigned int most, struct nft_events_open *open,
    struct nft_events_seen *seen)
{
	unsigned int n = 0;
	int r = 1;

	while (n < most && r == 1) {
		r = read_one(fd, own, open, seen);
		n += r == 1;
	}
	return r < 0 ? r : (int)n;
}
