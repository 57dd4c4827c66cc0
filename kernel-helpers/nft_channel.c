/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One NETLINK_NETFILTER socket. A batch must be one send(2): nfnetlink treats
 * one skb as one transaction (nfnetlink_rcv_batch() in net/netfilter/nfnetlink.c),
 * so the send buffer grows with the batch. The kernel works inside send(2):
 * when it returns, all replies to a batch are queued. Dumps go on at recv(2).
 */
#include "kernel-helpers/nft_channel.h"

#include "kernel-helpers/netfilter_socket.h"
#include "kernel-helpers/netlink_stale.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for a refusal of every message of a large batch; fewer lose nothing. */
#define RECEIVE_BUFFER	(32 << 20)
/* netlink_sendmsg() takes at most sndbuf - 32 bytes. */
#define SEND_SLACK	4096u
/* A dump part is at most 32 KiB (netlink_dump()); never truncate one. */
#define RECEIVE_ROOM	((size_t)64 << 10)
/* A dump that stands still this long is broken. */
#define DUMP_TIMEOUT_MS	5000
/* netlink(7): lengths are int. */
#define MAX_BATCH	(1u << 30)

struct nft_socket {
	int fd;
	size_t send_room;
};

void
nft_replies_free(struct nft_replies *r)
{
	free(r->bytes);
	r->bytes = NULL;
	r->length = 0;
}

/* The FORCE form needs privilege in the first user namespace; else the limit holds. */
static void
set_buffer(int fd, int forced, int plain, int bytes)
{
	if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof(bytes)) == -1)
		(void)setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof(bytes));
}

static int
make_room(struct nft_socket *s, size_t length)
{
	if (length > MAX_BATCH)
		return -EMSGSIZE;
	if (length + SEND_SLACK <= s->send_room)
		return 0;
	s->send_room = length + SEND_SLACK;
	set_buffer(s->fd, SO_SNDBUFFORCE, SO_SNDBUF, (int)s->send_room);
	return 0;
}

static int
send_all(struct nft_socket *s, const void *bytes, size_t length)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n;

	do {
		n = sendto(s->fd, bytes, length, 0, (const struct sockaddr *)&kernel,
		    sizeof(kernel));
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return -errno;
	return (size_t)n == length ? 0 : -EMSGSIZE;
}

static int
wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	do {
		n = poll(&p, 1, DUMP_TIMEOUT_MS);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

static int
grow(struct nft_replies *r, size_t *room)
{
	uint8_t *bytes;
	size_t want = *room == 0 ? 2 * RECEIVE_ROOM : *room * 2;

	if (*room - r->length >= RECEIVE_ROOM)
		return 0;
	bytes = realloc(r->bytes, want);
	if (bytes == NULL)
		return -ENOMEM;
	r->bytes = bytes;
	*room = want;
	return 0;
}

/* True when one of the messages ends a dump: done, or an error that stands for it. */
static bool
ends_dump(const uint8_t *bytes, size_t length)
{
	struct nlmsghdr h;

	while (length >= sizeof(h)) {
		memcpy(&h, bytes, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > length)
			return true;
		if (h.nlmsg_type == NLMSG_DONE || h.nlmsg_type == NLMSG_ERROR)
			return true;
		if (NLMSG_ALIGN(h.nlmsg_len) >= length)
			break;
		bytes += NLMSG_ALIGN(h.nlmsg_len);
		length -= NLMSG_ALIGN(h.nlmsg_len);
	}
	return false;
}

/* One datagram appended to the replies: its length, or a negative errno. */
static ssize_t
receive_one(int fd, struct nft_replies *r, size_t *room)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov;
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from),
		.msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;
	int error = grow(r, room);

	if (error != 0)
		return error;
	iov.iov_base = r->bytes + r->length;
	iov.iov_len = *room - r->length;
	do {
		n = recvmsg(fd, &m, MSG_DONTWAIT);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return -errno;
	if ((m.msg_flags & MSG_TRUNC) != 0)
		return -EMSGSIZE;
	/* Only the kernel is port 0; any process may send to ours. */
	if (m.msg_namelen != sizeof(from) || from.nl_pid != 0)
		return 0;
	/* Netlink pads between messages, the next one must start aligned. */
	r->length += NLMSG_ALIGN((size_t)n);
	return n;
}

static int
receive_all(int fd, bool dump, struct nft_replies *r)
{
	size_t room = 0;

	for (;;) {
		size_t before = r->length;
		ssize_t n = receive_one(fd, r, &room);

		if (n == -EAGAIN && dump)
			n = wait_readable(fd);
		else if (n == -EAGAIN)
			return 0;
		if (n < 0)
			return (int)n;
		if (dump && n > 0 && ends_dump(r->bytes + before, (size_t)n))
			return 0;
	}
}

static int
socket_exchange(struct nft_channel *ch, const void *bytes, size_t length,
    struct nft_replies *replies)
{
	struct nft_socket *s = ch->state;
	struct nlmsghdr head;
	bool dump;
	int error;

	memset(replies, 0, sizeof(*replies));
	if (length < sizeof(head))
		return -EINVAL;
	memcpy(&head, bytes, sizeof(head));
	dump = (head.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;

	/* A dump that was given up, say, is no reply to this one. */
	error = netlink_discard_stale(s->fd);
	if (error == 0)
		error = make_room(s, length);
	if (error == 0)
		error = send_all(s, bytes, length);
	if (error == 0)
		error = receive_all(s->fd, dump, replies);
	return error;
}

static void
socket_close(struct nft_channel *ch)
{
	struct nft_socket *s = ch->state;

	close(s->fd);
	free(s);
}

static int
open_socket(void)
{
	int fd = netfilter_socket_open(RECEIVE_BUFFER), one = 1;

	if (fd < 0) {
		errno = -fd;
		return -1;
	}
	/* Both only shorten and sharpen refusals. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return fd;
}

struct nft_channel *
nft_channel_open(void)
{
	struct nft_channel *ch = calloc(1, sizeof(*ch));
	struct nft_socket *s = calloc(1, sizeof(*s));

	if (ch == NULL || s == NULL)
		goto fail;
	s->fd = open_socket();
	if (s->fd == -1)
		goto fail;
	ch->state = s;
	ch->exchange = socket_exchange;
	ch->close = socket_close;
	return ch;
fail:
	free(s);
	free(ch);
	return NULL;
}

void
nft_channel_close(struct nft_channel *ch)
{
	if (ch == NULL)
		return;
	ch->close(ch);
	free(ch);
}

uint32_t
nft_channel_port(const struct nft_channel *ch)
{
	const struct nft_socket *s = ch->state;
	struct sockaddr_nl name = { 0 };
	socklen_t size = sizeof(name);

	if (ch->exchange != socket_exchange ||
	    getsockname(s->fd, (struct sockaddr *)&name, &size) == -1)
		return 0;
	return name.nl_pid;
}
