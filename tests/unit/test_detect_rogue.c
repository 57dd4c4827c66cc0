/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/detect_bench.h"

#include <stdio.h>
#include <string.h>

#define UDP IPPROTO_UDP
#define ICMP6 IPPROTO_ICMPV6
#define ROGUE "02:77:00:00:00:01"
#define DHCP_MAC "02:00:00:00:01:67"
#define ROUTER_MAC "02:00:00:00:01:fa"
#define TYPE(t) ((t) << 8)
#define REPLY "\2\1\6\0"
#define REQUEST "\1\1\6\0"
#define BYTES(text) .payload = (text), .size = sizeof(text) - 1
#define GW6 "\x20\x01\x0d\xb8\0\1\0\0\0\0\0\0\0\0\0\1"
#define OTHER6 "\x20\x01\x0d\xb8\0\2\0\0\0\0\0\0\0\0\0\7"
#define SAME6 "\x20\x01\x0d\xb8\0\1\0\0\0\0\0\0\0\0\0\7"

static const struct {
	const char *what;
	struct shot shot;
	const char *detail;	/* NULL: silent */
} rows[] = {
	/* DHCP */
	{ "offer", { .src = "10.1.0.66", .dst = "10.1.0.9", .protocol = UDP, .sport = 67,
	  .dport = 68, .mac = ROGUE, BYTES(REPLY) },
	  "DHCP answer from a host without the role dhcp" },
	{ "offer that was cut", { .src = "10.1.0.66", .dst = "10.1.0.9", .protocol = UDP,
	  .sport = 67, .dport = 68, .mac = ROGUE },
	  "DHCP answer from a host without the role dhcp" },
	{ "answer to a relay agent", { .src = "10.1.0.66", .dst = "10.1.0.9",
	  .protocol = UDP, .sport = 67, .dport = 67, .mac = ROGUE, BYTES(REPLY) },
	  "DHCP answer from a host without the role dhcp" },
	{ "a relay agent's request", { .src = "10.1.0.66", .dst = "10.1.0.1",
	  .protocol = UDP, .sport = 67, .dport = 67, .mac = ROGUE, BYTES(REQUEST) }, NULL },
	{ "a client's discover", { .src = "0.0.0.0", .dst = "255.255.255.255",
	  .protocol = UDP, .sport = 68, .dport = 67, .mac = ROGUE, BYTES(REQUEST) }, NULL },
	{ "the registered server", { .src = "10.1.0.67", .dst = "255.255.255.255",
	  .protocol = UDP, .sport = 67, .dport = 68, .mac = DHCP_MAC, BYTES(REPLY) }, NULL },
	{ "the registered server's address from a foreign MAC", { .src = "10.1.0.67",
	  .dst = "255.255.255.255", .protocol = UDP, .sport = 67, .dport = 68, .mac = ROGUE,
	  BYTES(REPLY) }, "DHCP answer from a host without the role dhcp" },
	{ "the gateway's own, looped", { .src = "10.1.0.1", .dst = "255.255.255.255",
	  .protocol = UDP, .sport = 67, .dport = 68, .mac = "02:aa:00:00:00:00",
	  BYTES(REPLY) }, NULL },
	{ "DHCPv6 advertise", { .src = "fe80::66", .dst = "fe80::9", .protocol = UDP,
	  .sport = 547, .dport = 546, .mac = ROGUE, BYTES("\2\0\0\1") },
	  "DHCPv6 answer from a host without the role dhcp" },
	{ "DHCPv6 relay-forward", { .src = "fe80::66", .dst = "2001:db8:1::1",
	  .protocol = UDP, .sport = 547, .dport = 547, .mac = ROGUE, BYTES("\14\0\0\1") },
	  NULL },
	{ "DHCPv6 of the registered server", { .src = "2001:db8:1::67", .dst = "fe80::9",
	  .protocol = UDP, .sport = 547, .dport = 546, .mac = DHCP_MAC, BYTES("\7\0\0\1") },
	  NULL },
	/* ARP */
	{ "ARP reply for the gateway", { .src = "10.1.0.1", .dst = "10.1.0.2",
	  .flags = FACT_ARP, .mac = ROGUE }, "claims an address of the gateway" },
	{ "gratuitous ARP for the gateway", { .src = "10.1.0.1", .dst = "10.1.0.1",
	  .flags = FACT_ARP | FACT_GROUP_MAC, .mac = ROGUE },
	  "claims an address of the gateway" },
	{ "ARP for another zone", { .src = "10.2.0.7", .dst = "10.1.0.2",
	  .flags = FACT_ARP, .mac = ROGUE }, "claims an address of another zone" },
	{ "ordinary ARP", { .src = "10.1.0.7", .dst = "10.1.0.1",
	  .flags = FACT_ARP | FACT_GROUP_MAC, .mac = ROGUE }, NULL },
	{ "gratuitous ARP for its own", { .src = "10.1.0.7", .dst = "10.1.0.7",
	  .flags = FACT_ARP | FACT_GROUP_MAC, .mac = ROGUE }, NULL },
	{ "an ARP probe", { .src = "0.0.0.0", .dst = "10.1.0.1",
	  .flags = FACT_ARP | FACT_GROUP_MAC, .mac = ROGUE }, NULL },
	{ "ARP of nobody's address", { .src = "192.168.1.5", .dst = "192.168.1.1",
	  .flags = FACT_ARP | FACT_GROUP_MAC, .mac = ROGUE }, NULL },
	{ "proxy ARP of a registered router", { .src = "10.2.0.7", .dst = "10.1.0.2",
	  .flags = FACT_ARP, .mac = ROUTER_MAC }, NULL },
	/* neighbour discovery */
	{ "router advertisement", { .src = "fe80::66", .dst = "ff02::1", .protocol = ICMP6,
	  .sport = TYPE(134), .mac = ROGUE, .flags = FACT_GROUP_MAC, .hop_limit = 255 },
	  "router advertisement from a host without the role router" },
	{ "of a registered router", { .src = "fe80::66", .dst = "ff02::1",
	  .protocol = ICMP6, .sport = TYPE(134), .mac = ROUTER_MAC,
	  .flags = FACT_GROUP_MAC, .hop_limit = 255 }, NULL },
	{ "of a registered router, behind a header", { .src = "fe80::66", .dst = "ff02::1",
	  .protocol = ICMP6, .sport = TYPE(134), .mac = ROUTER_MAC,
	  .flags = FACT_GROUP_MAC | FACT_EXTENSION, .hop_limit = 255 },
	  "router advertisement behind extension headers" },
	{ "fragmented advertisement", { .src = "fe80::66", .dst = "ff02::1",
	  .protocol = ICMP6, .sport = TYPE(136), .mac = ROUTER_MAC,
	  .flags = FACT_GROUP_MAC | FACT_FRAGMENT_FIRST, .hop_limit = 255 },
	  "fragmented neighbour discovery" },
	{ "router solicitation", { .src = "fe80::66", .dst = "ff02::2", .protocol = ICMP6,
	  .sport = TYPE(133), .mac = ROGUE, .flags = FACT_GROUP_MAC, .hop_limit = 255 },
	  NULL },
	{ "neighbour solicitation", { .src = "2001:db8:1::7", .dst = "ff02::1:ff00:1",
	  .protocol = ICMP6, .sport = TYPE(135), .mac = ROGUE, .flags = FACT_GROUP_MAC,
	  .hop_limit = 255, BYTES(GW6) }, NULL },
	{ "solicitation with the gateway's source", { .src = "2001:db8:1::1",
	  .dst = "ff02::1:ff00:7", .protocol = ICMP6, .sport = TYPE(135), .mac = ROGUE,
	  .flags = FACT_GROUP_MAC, .hop_limit = 255, BYTES(SAME6) },
	  "claims an address of the gateway" },
	{ "advertisement of the gateway", { .src = "fe80::66", .dst = "2001:db8:1::7",
	  .protocol = ICMP6, .sport = TYPE(136), .mac = ROGUE, .hop_limit = 255,
	  BYTES(GW6) }, "claims an address of the gateway" },
	{ "advertisement of another zone", { .src = "fe80::66", .dst = "2001:db8:1::8",
	  .protocol = ICMP6, .sport = TYPE(136), .mac = ROGUE, .hop_limit = 255,
	  BYTES(OTHER6) }, "claims an address of another zone" },
	{ "advertisement of its own", { .src = "fe80::66", .dst = "2001:db8:1::8",
	  .protocol = ICMP6, .sport = TYPE(136), .mac = ROGUE, .hop_limit = 255,
	  BYTES(SAME6) }, NULL },
	{ "echo request", { .src = "2001:db8:1::7", .dst = "2001:db8:1::1",
	  .protocol = ICMP6, .sport = TYPE(128), .mac = ROGUE }, NULL },
};

static void
each_service_is_held_against_its_role(void)
{
	static struct bench b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool right;

		bench_open(&b);
		for (int twice = 0; twice < 2; twice++)
			bench_fire(&b, &rows[i].shot);
		right = b.n_found == (rows[i].detail != NULL);
		if (right && rows[i].detail != NULL)
			right = strcmp(b.found[0].detail, rows[i].detail) == 0 &&
			    b.found[0].zv == ZV_07_ROGUE_SERVICE &&
			    b.found[0].action == ACTION_ROGUE_SERVICE &&
			    b.found[0].from == MN;
		if (!right)
			fprintf(stderr, "%s: %zu found, %s\n", rows[i].what, b.n_found,
			    b.found[0].detail);
		CU_ASSERT_TRUE(right);
		bench_close(&b);
	}
}

static void
without_known_macs_what_comes_in_is_not_ours(void)
{
	static struct bench b;

	bench_open(&b);
	detect_set_policy(b.detect, b.checked, b.classifier, NULL);
	FIRE(&b, .src = "10.1.0.1", .dst = "10.1.0.2", .flags = FACT_ARP, .mac = ROGUE);
	CU_ASSERT_EQUAL(b.n_found, 1);
	bench_close(&b);
}

static void
the_gateways_own_words_are_not_looked_at(void)
{
	static struct bench b;

	bench_open(&b);
	FIRE(&b, .in = SEGMENT_SELF, .leaving = true, .out = MN, .src = "10.1.0.1",
	    .dst = "10.1.0.2", .flags = FACT_ARP);
	FIRE(&b, .in = SEGMENT_SELF, .leaving = true, .out = MN, .src = "fe80::1",
	    .dst = "ff02::1", .protocol = ICMP6, .sport = TYPE(134), .hop_limit = 255,
	    .flags = FACT_GROUP_MAC);
	CU_ASSERT_EQUAL(b.n_found, 0);
	bench_close(&b);
}

/* Another role in the next policy, and what was told stays told. */
static void
make_it_a_server(struct checked *c)
{
	for (size_t i = 0; i < c->n_hosts; i++)
		if (strcmp(c->hosts[i].name, "rt") == 0)
			c->hosts[i].roles[0] = "dhcp";
}

static void
a_new_policy_brings_new_roles(void)
{
	static struct bench b;
	const struct shot offer = { .src = "10.1.0.250", .dst = "10.1.0.9", .protocol = UDP,
	    .sport = 67, .dport = 68, .mac = ROUTER_MAC, BYTES(REPLY) };

	bench_open(&b);
	bench_fire(&b, &offer);
	CU_ASSERT_EQUAL(b.n_found, 1);
	bench_reload(&b, NULL);
	bench_wait(&b, SECOND);
	bench_fire(&b, &offer);
	CU_ASSERT_EQUAL(b.n_found, 1);
	bench_reload(&b, make_it_a_server);
	bench_wait(&b, 400 * SECOND);
	bench_fire(&b, &offer);
	CU_ASSERT_EQUAL(b.n_found, 1);
	bench_reload(&b, NULL);
	bench_fire(&b, &offer);
	CU_ASSERT_EQUAL(b.n_found, 2);
	bench_close(&b);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "each service is held against its role",
		  each_service_is_held_against_its_role },
		{ "without known MACs what comes in is not ours",
		  without_known_macs_what_comes_in_is_not_ours },
		{ "the gateway's own words are not looked at",
		  the_gateways_own_words_are_not_looked_at },
		{ "a new policy brings new roles", a_new_policy_brings_new_roles },
		CU_TEST_INFO_NULL,
	};

	return unit_main("detect_rogue", tests);
}
