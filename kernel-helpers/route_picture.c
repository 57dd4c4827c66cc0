/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/route_picture.h"

#include "kernel-helpers/rtnl.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

static enum ip_family
family_of(uint8_t family)
{
	return family == AF_INET ? IP_V4 : family == AF_INET6 ? IP_V6 : IP_NONE;
}

static bool
read_prefix(const struct rtmsg *head, const struct attribute *to, struct ip_prefix *out)
{
	enum ip_family family = family_of(head->rtm_family);
	size_t bytes = family == IP_V4 ? 4 : 16;

	*out = (struct ip_prefix){ { 0, family }, head->rtm_dst_len };
	if (family == IP_NONE || head->rtm_dst_len > address_bits(family))
		return false;
	if (to->bytes == NULL)		/* the default route has none */
		return head->rtm_dst_len == 0;
	if (to->length != bytes)
		return false;
	out->base = address_from_bytes(family, to->bytes);
	return true;
}

static void
add_route(struct route_picture *p, const struct route_entry *e)
{
	if (p->n == ROUTE_PICTURE_MOST)
		p->cut = true;
	else
		p->routes[p->n++] = *e;
}

/* RTA_MULTIPATH: struct rtnexthop after struct rtnexthop, each with its length. */
static void
add_hops(struct route_picture *p, struct route_entry *e, const struct attribute *hops)
{
	const uint8_t *at = hops->bytes;
	size_t left = hops->length;

	while (left >= sizeof(struct rtnexthop)) {
		struct rtnexthop hop;

		memcpy(&hop, at, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > left)
			return;
		e->interface = (uint32_t)hop.rtnh_ifindex;
		add_route(p, e);
		if (NLMSG_ALIGN((size_t)hop.rtnh_len) >= left)
			return;
		at += NLMSG_ALIGN((size_t)hop.rtnh_len);
		left -= NLMSG_ALIGN((size_t)hop.rtnh_len);
	}
}

void
route_picture_route(void *picture, uint16_t type, const uint8_t *body, size_t length)
{
	struct route_picture *p = picture;
	struct attribute a[RTA_TABLE + 1] = { { NULL, 0 } };
	struct route_entry e = { .interface = 0 };
	struct rtmsg head;

	if (type != RTM_NEWROUTE || length < sizeof(head) ||
	    !attributes_take(rtnl_attributes(body, length, sizeof(head)), a, RTA_TABLE + 1))
		return;
	memcpy(&head, body, sizeof(head));
	/* Others go to this machine, or nowhere; RTM_F_CLONED: what a redirect taught. */
	if (head.rtm_type != RTN_UNICAST || (head.rtm_flags & RTM_F_CLONED) != 0 ||
	    !read_prefix(&head, &a[RTA_DST], &e.to))
		return;
	e.table = a[RTA_TABLE].bytes != NULL ? attribute_u32(&a[RTA_TABLE]) : head.rtm_table;
	e.interface = attribute_u32(&a[RTA_OIF]);
	if (a[RTA_MULTIPATH].bytes != NULL)
		add_hops(p, &e, &a[RTA_MULTIPATH]);
	else
		add_route(p, &e);
}

/* fib_default_rules_init() and fib6_rules_net_init(): what stands there from the start. */
static bool
is_standard(const struct route_rule *r, const struct attribute *a, bool selects)
{
	static const struct { uint32_t priority, table; } known[] = {
		{ 0, RT_TABLE_LOCAL }, { 32766, RT_TABLE_MAIN }, { 32767, RT_TABLE_DEFAULT },
	};

	if (selects || r->action != FR_ACT_TO_TBL || a[FRA_FWMARK].bytes != NULL ||
	    a[FRA_IIFNAME].bytes != NULL || a[FRA_OIFNAME].bytes != NULL)
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].priority == r->priority && known[i].table == r->table)
			return true;
	return false;
}

void
route_picture_rule(void *picture, uint16_t type, const uint8_t *body, size_t length)
{
	struct route_picture *p = picture;
	struct attribute a[FRA_MAX + 1] = { { NULL, 0 } };
	struct fib_rule_hdr head;
	struct route_rule *r;

	if (type != RTM_NEWRULE || length < sizeof(head) ||
	    !attributes_take(rtnl_attributes(body, length, sizeof(head)), a, FRA_MAX + 1))
		return;
	memcpy(&head, body, sizeof(head));
	if (family_of(head.family) == IP_NONE)
		return;
	if (p->n_rules == ROUTE_PICTURE_RULES) {
		p->cut = true;
		return;
	}
	r = &p->rules[p->n_rules++];
	*r = (struct route_rule){ .family = family_of(head.family), .action = head.action,
	    .priority = attribute_u32(&a[FRA_PRIORITY]),
	    .table = a[FRA_TABLE].bytes != NULL ? attribute_u32(&a[FRA_TABLE]) : head.table };
	r->standard = is_standard(r, a, head.src_len != 0 || head.dst_len != 0 ||
	    head.tos != 0 || (head.flags & FIB_RULE_INVERT) != 0);
}

static int
take_family(int fd, struct route_picture *p, uint8_t family)
{
	struct rtmsg routes = { .rtm_family = family };
	struct fib_rule_hdr rules = { .family = family };
	int r = rtnl_dump(fd, RTM_GETROUTE, &routes, sizeof(routes), route_picture_route, p);
	int rr = rtnl_dump(fd, RTM_GETRULE, &rules, sizeof(rules), route_picture_rule, p);

	/* A kernel without IPv6, or without policy routing, has none of them. */
	r = r == -EOPNOTSUPP ? 0 : r;
	rr = rr == -EOPNOTSUPP ? 0 : rr;
	return r < 0 ? r : rr;
}

int
route_picture_take(int fd, struct route_picture *p)
{
	int r4, r6;

	p->n = p->n_rules = 0;
	p->cut = false;
	r4 = take_family(fd, p, AF_INET);
	r6 = take_family(fd, p, AF_INET6);
	return r4 < 0 ? r4 : r6;
}
