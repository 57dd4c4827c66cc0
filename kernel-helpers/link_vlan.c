/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VLAN devices of the network namespace: one RTM_GETLINK dump. The kernel
 * writes the next part of a dump in the recv(2) that took the last one, so
 * nothing here waits either.
 */
#include "kernel-helpers/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define PART_BYTES	32768u	/* the largest that the kernel writes at once */
#define PARTS_MOST	4096	/* a dump that is longer is given up */
#define KIND		"vlan"

static bool
is_vlan_kind(const struct nlattr *a)
{
	const char *kind = mnl_attr_get_payload(a);
	size_t length = strnlen(kind, mnl_attr_get_payload_len(a));

	return length == strlen(KIND) && memcmp(kind, KIND, length) == 0;
}

/* IFLA_INFO_DATA of a VLAN device. */
static void
read_data(const struct nlattr *data, struct link_vlan *out)
{
	struct nlattr *a;

	mnl_attr_for_each_nested(a, data) {
		if (mnl_attr_get_payload_len(a) != sizeof(uint16_t))
			continue;
		if (mnl_attr_get_type(a) == IFLA_VLAN_ID)
			out->id = mnl_attr_get_u16(a);
		else if (mnl_attr_get_type(a) == IFLA_VLAN_PROTOCOL)
			out->protocol = ntohs(mnl_attr_get_u16(a));
	}
}

static bool
read_info(const struct nlattr *info, struct link_vlan *out)
{
	const struct nlattr *data = NULL;
	struct nlattr *a;
	bool vlan = false;

	mnl_attr_for_each_nested(a, info) {
		if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
			vlan = is_vlan_kind(a);
		else if (mnl_attr_get_type(a) == IFLA_INFO_DATA)
			data = a;
	}
	if (vlan && data != NULL)
		read_data(data, out);
	return vlan;
}

/* False: no VLAN device, or one whose lower interface is in another namespace. */
static bool
read_vlan(const struct nlmsghdr *h, struct link_vlan *out)
{
	const struct nlattr *info = NULL;
	struct nlattr *a;
	bool elsewhere = false;

	*out = (struct link_vlan){ .protocol = ETH_P_8021Q };
	if (mnl_nlmsg_get_payload_len(h) < sizeof(struct ifinfomsg))
		return false;
	mnl_attr_for_each(a, h, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(a) == IFLA_LINKINFO)
			info = a;
		else if (mnl_attr_get_type(a) == IFLA_LINK_NETNSID)
			elsewhere = true;
		else if (mnl_attr_get_type(a) == IFLA_LINK &&
		    mnl_attr_get_payload_len(a) == sizeof(uint32_t))
			out->lower = mnl_attr_get_u32(a);
	}
	return info != NULL && !elsewhere && read_info(info, out) && out->lower != 0 &&
	    out->id != 0;
}

static int
refusal_of(const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*e))
		return -EPROTO;
	return e->error < 0 ? e->error : -EPROTO;
}

/* mnl_nlmsg_ok() of libmnl 1.0.4 takes lengths of 2 GiB and more for negative ones. */
static bool
is_whole(const struct nlmsghdr *h, int left)
{
	return left >= (int)sizeof(*h) && h->nlmsg_len >= sizeof(*h) &&
	    h->nlmsg_len <= (uint32_t)left;
}

int
link_parse_vlans(const void *part, size_t length, uint32_t number, link_on_vlan *found,
    void *arg)
{
	const struct nlmsghdr *h = part;
	int left = (int)length;
	struct link_vlan vlan;

	for (; is_whole(h, left); h = mnl_nlmsg_next(h, &left)) {
		if (h->nlmsg_seq != number)
			continue;
		if (h->nlmsg_type == NLMSG_ERROR)
			return refusal_of(h);
		if (h->nlmsg_flags & NLM_F_DUMP_INTR)
			return -EINTR;
		if (h->nlmsg_type == NLMSG_DONE)
			return 1;
		if (h->nlmsg_type == RTM_NEWLINK && read_vlan(h, &vlan))
			found(arg, &vlan);
	}
	return left == 0 ? 0 : -EPROTO;
}

/* Kernels that know the kind leave out all others; the rest dumps them all. */
static int
ask(int fd, uint32_t number)
{
	_Alignas(8) uint8_t buffer[256] = { 0 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link;
	struct nlattr *info;

	h->nlmsg_type = RTM_GETLINK;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = number;
	link = mnl_nlmsg_put_extra_header(h, sizeof(*link));
	link->ifi_family = AF_UNSPEC;
	mnl_attr_put_u32(h, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, KIND);
	mnl_attr_nest_end(h, info);
	return send(fd, h, h->nlmsg_len, MSG_DONTWAIT) < 0 ? -errno : 0;
}

int
link_vlans(int fd, link_on_vlan *found, void *arg)
{
	_Alignas(8) uint8_t part[PART_BYTES];
	struct timespec now;
	uint32_t number;
	int r;

	clock_gettime(CLOCK_MONOTONIC, &now);
	number = (uint32_t)(now.tv_sec * 1000000000 + now.tv_nsec);
	r = ask(fd, number);
	for (int i = 0; r == 0 && i < PARTS_MOST; i++) {
		ssize_t n = recv(fd, part, sizeof(part), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0)
			return -errno;
		if ((size_t)n > sizeof(part))
			return -EMSGSIZE;
		r = link_parse_vlans(part, (size_t)n, number, found, arg);
	}
	if (r == 0)
		return -E2BIG;
	return r < 0 ? r : 0;
}
