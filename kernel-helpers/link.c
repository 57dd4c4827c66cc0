/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTM_GETLINK by name, one question and one answer: the kernel has answered
 * before the question's send(2) returns, so nothing here ever waits.
 */
#include "kernel-helpers/link.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* linux/if.h, which does not go together with net/if.h */
#define FLAG_LOWER_UP (1u << 16)

#define ANSWER_BYTES 16384u	/* one link with all its attributes is below 4 KiB */
#define STALE_ANSWERS 16	/* of questions that were given up */

int
link_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

/* Older kernels give a shorter struct: what they lack is 0. */
static void
read_counters(const struct nlattr *a, struct link_counters *out)
{
	struct rtnl_link_stats64 s = { 0 };
	size_t length = mnl_attr_get_payload_len(a);

	memcpy(&s, mnl_attr_get_payload(a), length < sizeof(s) ? length : sizeof(s));
	*out = (struct link_counters){
		.rx_packets = s.rx_packets, .rx_otherhost = s.rx_otherhost_dropped,
		.rx_missed = s.rx_missed_errors, .rx_fifo = s.rx_fifo_errors,
		.rx_over = s.rx_over_errors, .rx_dropped = s.rx_dropped,
		.tx_packets = s.tx_packets, .tx_dropped = s.tx_dropped,
	};
}

static void
read_link(const struct nlmsghdr *h, struct link_state *out)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(h);
	struct nlattr *a;

	out->ifindex = (uint32_t)link->ifi_index;
	out->up = (link->ifi_flags & IFF_UP) != 0;
	out->carrier = out->up && (link->ifi_flags & FLAG_LOWER_UP) != 0;
	mnl_attr_for_each(a, h, sizeof(*link)) {
		if (mnl_attr_get_type(a) == IFLA_STATS64)
			read_counters(a, &out->count);
		if (mnl_attr_get_type(a) == IFLA_ADDRESS && link->ifi_type == ARPHRD_ETHER &&
		    mnl_attr_get_payload_len(a) == sizeof(out->mac)) {
			memcpy(out->mac, mnl_attr_get_payload(a), sizeof(out->mac));
			out->ethernet = true;
		}
	}
}

int
link_parse(const uint8_t *bytes, size_t length, struct link_state *out)
{
	_Alignas(8) uint8_t room[ANSWER_BYTES];
	const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)room;
	struct nlmsgerr refusal;

	memset(out, 0, sizeof(*out));
	if (length > sizeof(room))
		return -EMSGSIZE;
	memcpy(room, bytes, length);
	if (!mnl_nlmsg_ok(h, (int)length))
		return -EPROTO;
	if (h->nlmsg_type == NLMSG_ERROR) {
		if (mnl_nlmsg_get_payload_len(h) < sizeof(refusal))
			return -EPROTO;
		memcpy(&refusal, mnl_nlmsg_get_payload(h), sizeof(refusal));
		return refusal.error < 0 ? refusal.error : -EPROTO;
	}
	if (h->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(h) < sizeof(struct ifinfomsg))
		return -EPROTO;
	read_link(h, out);
	return 0;
}

/* The answer with this number; what is left of older questions is thrown away. */
static int
receive(int fd, uint32_t number, struct link_state *out)
{
	_Alignas(8) uint8_t buffer[ANSWER_BYTES];
	struct nlmsghdr head;

	for (int i = 0; i < STALE_ANSWERS; i++) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

		if (n < 0)
			return -errno;
		if ((size_t)n < sizeof(head))
			return -EPROTO;
		memcpy(&head, buffer, sizeof(head));
		if (head.nlmsg_seq == number)
			return link_parse(buffer, (size_t)n, out);
	}
	return -EPROTO;
}

int
link_ask(int fd, const char *name, struct link_state *out)
{
	_Alignas(8) uint8_t buffer[256];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link;
	struct timespec now;

	memset(out, 0, sizeof(*out));
	if (strnlen(name, IF_NAMESIZE) == IF_NAMESIZE)
		return -ENAMETOOLONG;
	clock_gettime(CLOCK_MONOTONIC, &now);
	h->nlmsg_type = RTM_GETLINK;
	h->nlmsg_flags = NLM_F_REQUEST;
	/* the clock as the number: no earlier answer is taken for this one */
	h->nlmsg_seq = (uint32_t)(now.tv_sec * 1000000000 + now.tv_nsec);
	link = mnl_nlmsg_put_extra_header(h, sizeof(*link));
	link->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	if (send(fd, h, h->nlmsg_len, MSG_DONTWAIT) < 0)
		return -errno;
	return receive(fd, h->nlmsg_seq, out);
}

uint64_t
link_lost(const struct link_counters *c)
{
	/* overruns are the same frames under an older name (linux/if_link.h) */
	uint64_t overruns = c->rx_fifo > c->rx_over ? c->rx_fifo : c->rx_over;

	return c->rx_missed + overruns;
}

int
link_name(int any_socket, uint32_t ifindex, char name[IF_NAMESIZE])
{
	struct ifreq request = { .ifr_ifindex = (int)ifindex };

	/* net/socket.c, sock_do_ioctl(): what a socket does not know, devices answer */
	if (ioctl(any_socket, SIOCGIFNAME, &request) < 0)
		return -errno;
	memcpy(name, request.ifr_name, IF_NAMESIZE);
	name[IF_NAMESIZE - 1] = '\0';
	return 0;
}
