/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces, routes, rules and filters as rtnetlink tells them: made-up, broken and real. */
#include "kernel-helpers/rtnl.h"

#include "kernel-helpers/link_picture.h"
#include "kernel-helpers/link_release.h"
#include "kernel-helpers/route_picture.h"
#include "kernel-helpers/tc_picture.h"
#include "kernel-helpers/tcx_query.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct link_picture links;
static struct route_picture routes;
static struct tc_picture filters;

static bool
run(const char *command)
{
	return system(command) == 0;
}

/* ---- messages ------------------------------------------------------------------------- */

struct count {
	size_t n, bytes;
};

static void
count_one(void *arg, uint16_t type, const uint8_t *body, size_t length)
{
	struct count *c = arg;

	(void)type;
	c->n++;
	for (size_t i = 0; i < length; i++)
		c->bytes += body[i];
}

static size_t
put(uint8_t *at, uint16_t type, uint16_t flags, uint32_t number, const void *body, size_t n)
{
	struct nlmsghdr h = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + n), .nlmsg_type = type,
	    .nlmsg_flags = flags, .nlmsg_seq = number };

	memset(at, 0, NLMSG_ALIGN(NLMSG_HDRLEN + n));
	memcpy(at, &h, sizeof(h));
	memcpy(at + NLMSG_HDRLEN, body, n);
	return NLMSG_ALIGN(NLMSG_HDRLEN + n);
}

static void
an_answer_ends_where_it_says(void)
{
	uint8_t part[512];
	struct count c = { 0, 0 };
	int error = -EPERM;
	size_t n = put(part, RTM_NEWLINK, 0, 7, "abcd", 4), at;

	n += put(part + n, RTM_NEWLINK, 0, 6, "efgh", 4);	/* another question's */
	CU_ASSERT_EQUAL(rtnl_parse(part, n, 7, count_one, &c), 0);
	CU_ASSERT_EQUAL(c.n, 1);
	at = n;
	n += put(part + n, NLMSG_DONE, 0, 7, "\0\0\0", 4);
	CU_ASSERT_EQUAL(rtnl_parse(part, n, 7, count_one, &c), 1);
	for (size_t length = 0; length <= n; length++) {
		uint8_t *cut = malloc(length + 1);

		memcpy(cut, part, length);
		CU_ASSERT_EQUAL(rtnl_parse(cut, length, 7, count_one, &c) == 1, length == n);
		free(cut);
	}
	(void)put(part + at, NLMSG_DONE, NLM_F_DUMP_INTR, 7, "\0\0\0", 4);
	CU_ASSERT_EQUAL(rtnl_parse(part, n, 7, count_one, &c), -EINTR);
	(void)put(part + at, NLMSG_ERROR, 0, 7, &error, 4);
	CU_ASSERT_EQUAL(rtnl_parse(part, n, 7, count_one, &c), -EPERM);
	CU_ASSERT_EQUAL(rtnl_parse(part, 3, 7, count_one, &c), -EPROTO);
}

/* Everything a real kernel answers, handed to a parser cut and changed. */
struct breaker {
	rtnl_each *parser;
	void *picture;
	size_t n;
};

static void
break_one(void *arg, uint16_t type, const uint8_t *body, size_t length)
{
	struct breaker *b = arg;

	b->n++;
	for (size_t n = 0; n <= length; n++) {
		uint8_t *cut = malloc(n + 1);

		memcpy(cut, body, n);
		b->parser(b->picture, type, cut, n);
		free(cut);
	}
	for (size_t i = 0; i < length; i++) {
		uint8_t *broken = malloc(length);

		memcpy(broken, body, length);
		broken[i] ^= 0xff;
		b->parser(b->picture, type, broken, length);
		free(broken);
	}
}

static void
nothing_broken_is_read_beyond_its_end(void)
{
	static struct tc_qdiscs qdiscs;
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	struct ifaddrmsg address = { .ifa_family = AF_UNSPEC };
	struct rtmsg route = { .rtm_family = AF_INET };
	struct fib_rule_hdr rule = { .family = AF_INET };
	struct tcmsg qdisc = { .tcm_family = AF_UNSPEC };
	struct tcmsg filter = { .tcm_family = AF_UNSPEC, .tcm_parent = 0xfffffff2 };
	struct tc_asked asked = { &filters, TC_COMING };
	const struct {
		uint16_t type;
		const void *body;
		size_t length;
		rtnl_each *parser;
		void *picture;
	} all[] = {
		{ RTM_GETLINK, &link, sizeof(link), link_picture_link, &links },
		{ RTM_GETADDR, &address, sizeof(address), link_picture_address, &links },
		{ RTM_GETROUTE, &route, sizeof(route), route_picture_route, &routes },
		{ RTM_GETRULE, &rule, sizeof(rule), route_picture_rule, &routes },
		{ RTM_GETQDISC, &qdisc, sizeof(qdisc), tc_picture_qdisc, &qdiscs },
		{ RTM_GETTFILTER, &filter, sizeof(filter), tc_picture_filter, &asked },
	};
	int fd = rtnl_open();

	CU_ASSERT_TRUE_FATAL(run("ip link set lo up; ip link add b0 type bridge; ip link add ba type "
	    "veth peer name bb; ip link set ba master b0; ip link set ba up; ip link set bb up; "
	    "ip addr add 192.0.2.1/24 dev bb; ip route add 198.51.100.0/24 nexthop via 192.0.2.2 "
	    "nexthop via 192.0.2.3; tc qdisc add dev bb clsact; tc filter add dev bb ingress u32 "
	    "match u32 0 0 action mirred egress redirect dev ba"));
	filter.tcm_ifindex = (int)if_nametoindex("bb");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct breaker b = { all[i].parser, all[i].picture, 0 };

		CU_ASSERT_EQUAL(rtnl_dump(fd, all[i].type, all[i].body, all[i].length, break_one,
		    &b), 0);
		CU_ASSERT(b.n > 0);
	}
	close(fd);
	CU_ASSERT_TRUE(run("ip link del b0; ip link del ba"));
}

/* ---- pictures ------------------------------------------------------------------------- */

static const struct route_entry *
route_to(const char *text, size_t skip)
{
	struct ip_prefix p;

	CU_ASSERT_EQUAL_FATAL(address_parse_prefix(text, &p), ADDRESS_OK);
	for (size_t i = 0; i < routes.n; i++)
		if (address_compare(&routes.routes[i].to.base, &p.base) == 0 &&
		    routes.routes[i].to.length == p.length && skip-- == 0)
			return &routes.routes[i];
	return NULL;
}

static void
interfaces_are_seen_as_they_are(void)
{
	const struct link_entry *l;
	int fd = rtnl_open();

	CU_ASSERT_TRUE_FATAL(run("ip link add b0 type bridge; ip link add ba type veth peer name bb; "
	    "ip link set ba master b0; ip link set bb up; ip addr add 192.0.2.1/24 dev bb"));
	CU_ASSERT_EQUAL(link_picture_take(fd, &links), 0);
	l = link_picture_by_name(&links, "ba");
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	CU_ASSERT_TRUE(link_is_bridge(link_picture_by_index(&links, l->master)));
	CU_ASSERT_FALSE(l->up || l->has_address || l->xdp || l->loopback);
	CU_ASSERT_STRING_EQUAL(l->kind, "veth");
	l = link_picture_by_name(&links, "bb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	CU_ASSERT_EQUAL(l->master, 0);
	CU_ASSERT_TRUE(l->up && l->has_address);
	CU_ASSERT_PTR_NULL(link_picture_by_name(&links, "bx"));
	CU_ASSERT_FALSE(link_is_bridge(NULL));
	/* and out of the bridge */
	CU_ASSERT_EQUAL(link_release_from_bridge("bb"), -ENOENT);
	CU_ASSERT_EQUAL(link_release_from_bridge("bx"), -ENODEV);
	CU_ASSERT_EQUAL(link_release_from_bridge("ba"), 0);
	CU_ASSERT_EQUAL(link_picture_take(fd, &links), 0);
	l = link_picture_by_name(&links, "ba");
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	CU_ASSERT_EQUAL(l->master, 0);
	close(fd);
	CU_ASSERT_TRUE(run("ip link del b0; ip link del ba"));
}

static void
routes_and_rules_are_seen_as_they_are(void)
{
	int fd = rtnl_open();
	size_t strange = 0;

	CU_ASSERT_TRUE_FATAL(run("ip link add ra type veth peer name rb; ip link set ra up; "
	    "ip link set rb up; ip addr add 192.0.2.1/24 dev ra; ip addr add 203.0.113.1/24 dev rb; "
	    "ip route add 198.51.100.0/24 nexthop via 192.0.2.2 nexthop via 203.0.113.2; "
	    "ip route add unreachable 198.51.101.0/24; ip -6 route add 2001:db8::/32 dev ra; "
	    "ip route add default via 192.0.2.2 table 77"));
	CU_ASSERT_EQUAL(route_picture_take(fd, &routes), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(route_to("198.51.100.0/24", 1));
	CU_ASSERT_EQUAL(route_to("198.51.100.0/24", 0)->interface, if_nametoindex("ra"));
	CU_ASSERT_EQUAL(route_to("198.51.100.0/24", 1)->interface, if_nametoindex("rb"));
	CU_ASSERT_PTR_NULL(route_to("198.51.101.0/24", 0));
	CU_ASSERT_PTR_NOT_NULL(route_to("2001:db8::/32", 0));
	CU_ASSERT_PTR_NOT_NULL_FATAL(route_to("0.0.0.0/0", 0));
	CU_ASSERT_EQUAL(route_to("0.0.0.0/0", 0)->table, 77);
	for (size_t i = 0; i < routes.n_rules; i++)
		CU_ASSERT_TRUE(routes.rules[i].standard);
	CU_ASSERT(routes.n_rules >= 5);
	/* a selector on one of the standard ones makes it another */
	CU_ASSERT_TRUE_FATAL(run("ip rule del priority 32766; ip rule add from 10.0.0.0/8 table main "
	    "priority 32766; ip -6 rule add fwmark 1 table main priority 32766"));
	CU_ASSERT_EQUAL(route_picture_take(fd, &routes), 0);
	for (size_t i = 0; i < routes.n_rules; i++)
		strange += !routes.rules[i].standard;
	CU_ASSERT_EQUAL(strange, 2);
	close(fd);
	CU_ASSERT_TRUE(run("ip rule del priority 32766; ip rule add table main priority 32766; "
	    "ip -6 rule del fwmark 1 table main; ip link del ra"));
}

static void
filters_are_seen_where_they_hang(void)
{
	uint32_t interface, programs[TCX_MOST];
	int fd = rtnl_open();

	CU_ASSERT_TRUE_FATAL(run("ip link add ta type veth peer name tb; tc qdisc add dev ta clsact; "
	    "tc qdisc add dev tb clsact; tc filter add dev tb ingress u32 match u32 0 0 flowid 1:1"));
	interface = if_nametoindex("ta");
	CU_ASSERT_EQUAL(tc_picture_take(fd, &interface, 1, &filters), 0);
	CU_ASSERT_EQUAL(filters.n, 0);
	CU_ASSERT_TRUE_FATAL(run("tc filter add dev ta egress u32 match u32 0 0 action mirred egress "
	    "redirect dev tb; tc filter add dev ta ingress prio 7 u32 match u32 0 0 flowid 1:1"));
	CU_ASSERT_EQUAL(tc_picture_take(fd, &interface, 1, &filters), 0);
	CU_ASSERT_EQUAL_FATAL(filters.n, 2);
	CU_ASSERT_EQUAL(filters.filters[0].place, TC_COMING);
	CU_ASSERT_FALSE(filters.filters[0].moves);
	CU_ASSERT_EQUAL(filters.filters[1].place, TC_LEAVING);
	CU_ASSERT_TRUE(filters.filters[1].moves);
	CU_ASSERT_STRING_EQUAL(filters.filters[1].kind, "u32");
	CU_ASSERT(tcx_query(interface, false, programs) <= 0);
	CU_ASSERT(tcx_query(0x7fffffff, false, programs) < 0);
	close(fd);
	CU_ASSERT_TRUE(run("ip link del ta"));
}

static void
the_bell_rings_for_what_changed(void)
{
	int fd = rtnl_open_events();

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(rtnl_read_events(fd, 1000), 0);
	CU_ASSERT_TRUE_FATAL(run("ip link add ea type veth peer name eb"));
	CU_ASSERT((rtnl_read_events(fd, 1000) & RTNL_LINKS) != 0);
	CU_ASSERT_TRUE_FATAL(run("ip rule add table 5 priority 5; ip rule del priority 5"));
	CU_ASSERT_EQUAL(rtnl_read_events(fd, 1000), RTNL_ROUTES);
	CU_ASSERT_TRUE_FATAL(run("tc qdisc add dev ea clsact"));
	CU_ASSERT_EQUAL(rtnl_read_events(fd, 1000), RTNL_TC);
	CU_ASSERT_TRUE_FATAL(run("sysctl -qw net.ipv4.ip_forward=1"));
	CU_ASSERT((rtnl_read_events(fd, 1000) & RTNL_SWITCHES) != 0);
	CU_ASSERT_EQUAL(rtnl_read_events(fd, 1000), 0);
	/* more than the buffer holds: everything may have changed */
	CU_ASSERT_TRUE_FATAL(run("for i in $(seq 1 3000); do echo link set ea mtu $((1000 + i % 400)); done | "
	    "ip -batch -"));
	CU_ASSERT_EQUAL(rtnl_read_events(fd, 100000), RTNL_ALL);
	close(fd);
	CU_ASSERT_TRUE(run("ip link del ea"));
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "an answer ends where it says", an_answer_ends_where_it_says },
		/* cut off here without root */
		{ "nothing broken is read beyond its end", nothing_broken_is_read_beyond_its_end },
		{ "interfaces are seen as they are", interfaces_are_seen_as_they_are },
		{ "routes and rules are seen as they are", routes_and_rules_are_seen_as_they_are },
		{ "filters are seen where they hang", filters_are_seen_where_they_hang },
		{ "the bell rings for what changed", the_bell_rings_for_what_changed },
		CU_TEST_INFO_NULL,
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0)
		tests[1] = (CU_TestInfo)CU_TEST_INFO_NULL;
	return unit_main("rtnl", tests);
}
