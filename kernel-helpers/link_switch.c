/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/link_switch.h"

#include "kernel-helpers/link.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES	65536u
/* A gateway of a municipality has a handful; this is a full table of a small network. */
#define MAX_ROUTES	65536u
#define ROUTE_BYTES	512u

struct route {
	_Alignas(8) uint8_t message[ROUTE_BYTES];
};

struct link_kept {
	struct route *routes;
	size_t n;
	char keep_addresses[8];		/* sysctl before; "" : not changed */
};

void
link_kept_free(struct link_kept *kept)
{
	if (kept == NULL)
		return;
	free(kept->routes);
	free(kept);
}

/* A blocking socket: unlike a question for one link, a dump comes in several parts. */
static int
route_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

static int
send_and_hear(int fd, const struct nlmsghdr *h)
{
	_Alignas(8) uint8_t answer[1024];
	const struct nlmsghdr *a = (const void *)answer;
	const struct nlmsgerr *e;
	ssize_t n;

	if (send(fd, h, h->nlmsg_len, 0) < 0)
		return -errno;
	n = recv(fd, answer, sizeof(answer), 0);
	if (n < 0)
		return -errno;
	if (!mnl_nlmsg_ok(a, (int)n) || a->nlmsg_type != NLMSG_ERROR ||
	    mnl_nlmsg_get_payload_len(a) < sizeof(*e))
		return -EPROTO;
	e = mnl_nlmsg_get_payload(a);
	return e->error;
}

static int
set_up(int fd, uint32_t ifindex, bool up)
{
	_Alignas(8) uint8_t buffer[128];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link;

	h->nlmsg_type = RTM_NEWLINK;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	link = mnl_nlmsg_put_extra_header(h, sizeof(*link));
	link->ifi_family = AF_UNSPEC;
	link->ifi_index = (int)ifindex;
	link->ifi_change = IFF_UP;
	link->ifi_flags = up ? IFF_UP : 0;
	return send_and_hear(fd, h);
}

/* ---- what a line takes with it ------------------------------------------------ */

/* Routes that somebody set; the kernel makes those of its addresses again by itself. */
static bool
is_ours_to_keep(const struct nlmsghdr *h, uint32_t ifindex)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(h);
	struct nlattr *a;

	if (route->rtm_protocol == RTPROT_KERNEL || route->rtm_protocol == RTPROT_RA ||
	    route->rtm_protocol == RTPROT_REDIRECT || (route->rtm_flags & RTM_F_CLONED) != 0)
		return false;
	mnl_attr_for_each(a, h, sizeof(*route))
		if (mnl_attr_get_type(a) == RTA_OIF && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			return mnl_attr_get_u32(a) == ifindex;
	return false;
}

/* What only tells how a route is used, and is refused when it is set. */
static bool
is_told_only(const struct nlattr *a)
{
	unsigned int type = mnl_attr_get_type(a);

	return type == RTA_CACHEINFO;
}

static int
keep_route(struct link_kept *kept, const struct nlmsghdr *from)
{
	struct route *grown;
	struct nlmsghdr *h;
	struct nlattr *a;

	if (from->nlmsg_len > ROUTE_BYTES || kept->n >= MAX_ROUTES)
		return -E2BIG;
	if ((kept->n & (kept->n - 1)) == 0) {
		grown = reallocarray(kept->routes, kept->n == 0 ? 1 : kept->n * 2,
		    sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		kept->routes = grown;
	}
	memset(&kept->routes[kept->n], 0, sizeof(*kept->routes));
	h = mnl_nlmsg_put_header(kept->routes[kept->n].message);
	h->nlmsg_type = RTM_NEWROUTE;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
	memcpy(mnl_nlmsg_put_extra_header(h, sizeof(struct rtmsg)),
	    mnl_nlmsg_get_payload(from), sizeof(struct rtmsg));
	((struct rtmsg *)mnl_nlmsg_get_payload(h))->rtm_flags = 0;
	mnl_attr_for_each(a, from, sizeof(struct rtmsg))
		if (!is_told_only(a))
			mnl_attr_put(h, mnl_attr_get_type(a), mnl_attr_get_payload_len(a),
			    mnl_attr_get_payload(a));
	kept->n++;
	return 0;
}

/* 1: the last part of the dump. */
static int
read_part(struct link_kept *kept, uint32_t ifindex, const void *bytes, ssize_t length)
{
	const struct nlmsghdr *h = bytes;
	int left = (int)length, error = 0;

	for (; error == 0 && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return 1;
		if (h->nlmsg_type == NLMSG_ERROR)
			return -EIO;
		if (h->nlmsg_type == RTM_NEWROUTE &&
		    mnl_nlmsg_get_payload_len(h) >= sizeof(struct rtmsg) &&
		    is_ours_to_keep(h, ifindex))
			error = keep_route(kept, h);
	}
	return error;
}

static int
keep_routes(int fd, struct link_kept *kept, uint32_t ifindex, unsigned char family)
{
	_Alignas(8) uint8_t question[64];
	uint8_t *answer = malloc(ANSWER_BYTES);
	struct nlmsghdr *h = mnl_nlmsg_put_header(question);
	struct rtmsg *route;
	int status = answer == NULL ? -ENOMEM : 0;

	h->nlmsg_type = RTM_GETROUTE;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	route = mnl_nlmsg_put_extra_header(h, sizeof(*route));
	route->rtm_family = family;
	if (status == 0 && send(fd, h, h->nlmsg_len, 0) < 0)
		status = -errno;
	while (status == 0) {
		ssize_t n = recv(fd, answer, ANSWER_BYTES, 0);

		status = n < 0 ? -errno : read_part(kept, ifindex, answer, n);
	}
	free(answer);
	return status < 0 ? status : 0;
}

/* net.ipv6.conf.NAME.keep_addr_on_down: static addresses outlive the line. */
static void
keep_addresses(const char *name, const char *value, char before[8])
{
	char path[96];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/keep_addr_on_down", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	if (before != NULL) {
		n = read(fd, before, 7);
		before[n < 0 ? 0 : n] = '\0';
	}
	if (pwrite(fd, value, strlen(value), 0) < 0 && before != NULL)
		before[0] = '\0';
	close(fd);
}

/* ---- down and up --------------------------------------------------------------- */

static int
state_of(const char *name, struct link_state *state)
{
	int fd = link_open(), error;

	if (fd < 0)
		return fd;
	error = link_ask(fd, name, state);
	close(fd);
	return error;
}

int
link_take_down(const char *name, struct link_kept **kept)
{
	struct link_state state;
	int fd, error = state_of(name, &state);

	*kept = NULL;
	if (error != 0)
		return error;
	if (!state.up)
		return -EALREADY;
	*kept = calloc(1, sizeof(**kept));
	fd = route_socket();
	if (*kept == NULL || fd < 0) {
		link_kept_free(*kept);
		*kept = NULL;
		return fd < 0 ? fd : -ENOMEM;
	}
	/* Taking the line down matters more than finding all that it takes with it. */
	(void)keep_routes(fd, *kept, state.ifindex, AF_INET);
	(void)keep_routes(fd, *kept, state.ifindex, AF_INET6);
	keep_addresses(name, "1", (*kept)->keep_addresses);
	error = set_up(fd, state.ifindex, false);
	close(fd);
	if (error != 0) {
		link_kept_free(*kept);
		*kept = NULL;
	}
	return error;
}

static int
put_routes(int fd, const struct link_kept *kept)
{
	int error = 0;

	for (size_t i = 0; kept != NULL && i < kept->n; i++)
		if (send_and_hear(fd, (const void *)kept->routes[i].message) != 0)
			error = -EUCLEAN;
	return error;
}

int
link_bring_up(const char *name, struct link_kept *kept)
{
	struct link_state state;
	int error = state_of(name, &state), fd;

	if (error != 0)
		return error;
	fd = route_socket();
	if (fd < 0)
		return fd;
	error = set_up(fd, state.ifindex, true);
	if (error == 0)
		error = put_routes(fd, kept);
	close(fd);
	if (kept != NULL && kept->keep_addresses[0] != '\0')
		keep_addresses(name, kept->keep_addresses, NULL);
	if (error == 0 || error == -EUCLEAN)
		link_kept_free(kept);
	return error;
}
