/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/rtnl.h"

#include "kernel-helpers/netlink_stale.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* netlink_dump() makes parts of at most 32 KiB; a single object may be larger. */
#define PART_BYTES	65536u
/* 256 MiB: then something is wrong. */
#define PARTS_MOST	8192u
#define EVENT_BUFFER	(256 << 10)

int
rtnl_open(void)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int one = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	/* The kernel then heeds the selectors of a question instead of dumping all. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	return fd;
}

int
rtnl_open_events(void)
{
	static const int groups[] = { RTNLGRP_LINK, RTNLGRP_TC, RTNLGRP_IPV4_IFADDR,
	    RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,
	    RTNLGRP_IPV6_RULE, RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF };
	int room = EVENT_BUFFER, fd = rtnl_open();

	if (fd < 0)
		return fd;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		/* A kernel without IPv6 lacks half of them. */
		(void)setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
		    sizeof(groups[i]));
	return fd;
}

static unsigned int
about(uint16_t type)
{
	switch (type) {		/* RTM_*, no enum of ours */
	case RTM_NEWLINK:
	case RTM_DELLINK:
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return RTNL_LINKS;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
	case RTM_NEWRULE:
	case RTM_DELRULE:
		return RTNL_ROUTES;
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
	case RTM_NEWTFILTER:
	case RTM_DELTFILTER:
		return RTNL_TC;
	case RTM_NEWNETCONF:
	case RTM_DELNETCONF:
		return RTNL_SWITCHES;
	default:
		return 0;
	}
}

unsigned int
rtnl_read_events(int fd, unsigned int most)
{
	unsigned int what = 0;

	for (unsigned int i = 0; i < most; i++) {
		struct nlmsghdr h;
		ssize_t n = recv(fd, &h, sizeof(h), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && errno == ENOBUFS)
			what = RTNL_ALL;
		else if (n < 0 && errno != EINTR)
			break;
		else if (n >= (ssize_t)sizeof(h))
			what |= about(h.nlmsg_type);
	}
	return what;
}

static int
refusal_of(const uint8_t *body, size_t length)
{
	int error = 0;

	if (length < sizeof(error))
		return -EPROTO;
	memcpy(&error, body, sizeof(error));
	return error < 0 ? error : -EPROTO;
}

int
rtnl_parse(const void *part, size_t length, uint32_t number, rtnl_each *each, void *arg)
{
	const uint8_t *at = part;
	bool torn = false;

	while (length >= NLMSG_HDRLEN) {
		struct nlmsghdr h;
		size_t whole;

		memcpy(&h, at, sizeof(h));
		if (h.nlmsg_len < NLMSG_HDRLEN || h.nlmsg_len > length)
			return -EPROTO;
		if (h.nlmsg_seq == number) {
			if (h.nlmsg_type == NLMSG_ERROR)
				return refusal_of(at + NLMSG_HDRLEN, h.nlmsg_len - NLMSG_HDRLEN);
			torn |= (h.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
			if (h.nlmsg_type == NLMSG_DONE)
				return torn ? -EINTR : 1;
			each(arg, h.nlmsg_type, at + NLMSG_HDRLEN, h.nlmsg_len - NLMSG_HDRLEN);
		}
		whole = NLMSG_ALIGN((size_t)h.nlmsg_len);
		if (whole >= length)
			return torn ? -EINTR : 0;
		at += whole;
		length -= whole;
	}
	return length == 0 ? 0 : -EPROTO;
}

static int
ask(int fd, uint16_t type, uint32_t number, const void *body, size_t length)
{
	uint8_t question[256];
	struct nlmsghdr h = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + length), .nlmsg_type = type,
	    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = number };

	if (length > sizeof(question) - NLMSG_HDRLEN)
		return -EMSGSIZE;
	memcpy(question, &h, sizeof(h));
	memcpy(question + NLMSG_HDRLEN, body, length);
	return send(fd, question, h.nlmsg_len, MSG_DONTWAIT) < 0 ? -errno : 0;
}

int
rtnl_dump(int fd, uint16_t type, const void *body, size_t length, rtnl_each *each, void *arg)
{
	uint8_t part[PART_BYTES];
	struct timespec now;
	uint32_t number;
	int r;

	clock_gettime(CLOCK_MONOTONIC, &now);
	/* the clock as the number: no earlier answer is taken for this one */
	number = (uint32_t)(now.tv_sec * 1000000000 + now.tv_nsec);
	r = netlink_discard_stale(fd);
	if (r == 0)
		r = ask(fd, type, number, body, length);
	for (unsigned int i = 0; r == 0 && i < PARTS_MOST; i++) {
		ssize_t n = recv(fd, part, sizeof(part), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0)
			return -errno;
		if ((size_t)n > sizeof(part))
			return -EMSGSIZE;
		r = rtnl_parse(part, (size_t)n, number, each, arg);
	}
	if (r == 0)
		return -E2BIG;
	return r < 0 ? r : 0;
}
