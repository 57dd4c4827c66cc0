/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/detect_bench.h"

#include <stdio.h>
#include <string.h>

#define PC_MAC "02:00:00:00:01:02"
#define STRANGER "02:77:00:00:00:01"
#define UDP IPPROTO_UDP

static struct bench bench;

static int
before(void)
{
	bench_open(&bench);
	return 0;
}

static void
roaming_on(struct checked *c)
{
	c->detect.roaming = bench_detector(600, 1);
}

static void
a_registered_mac_in_another_zone(void)
{
	struct bench *b = &bench;

	before();
	FIRE(b, .in = MN, .src = "10.1.0.2", .dst = "10.3.0.2", .dport = 443,
	    .mac = PC_MAC);
	CU_ASSERT_EQUAL(b->n_found, 0);
	FIRE(b, .in = MN2, .src = "10.11.0.2", .dst = "10.3.0.2", .dport = 443,
	    .mac = PC_MAC);
	CU_ASSERT_EQUAL(b->n_found, 0);		/* another segment of its zone */
	FIRE(b, .in = LG, .src = "10.2.0.7", .dst = "10.3.0.2", .dport = 443,
	    .mac = PC_MAC);
	CU_ASSERT_EQUAL(b->n_found, 1);
	CU_ASSERT_EQUAL(bench_last(b)->zv, ZV_04_ZONE_HOPPING);
	CU_ASSERT_EQUAL(bench_last(b)->action, ACTION_FOREIGN_STATION);
	CU_ASSERT_EQUAL(bench_last(b)->from, LG);
	CU_ASSERT_EQUAL(bench_last(b)->to, MN);
	CU_ASSERT_STRING_EQUAL(bench_last(b)->detail, PC_MAC " is registered in mn");
	/* folded, until it is time to tell again; a frame that is no IP tells it too */
	bench_wait(b, SECOND);
	FIRE(b, .in = LG, .src = "10.2.0.7", .dst = "10.3.0.2", .dport = 443,
	    .mac = PC_MAC);
	CU_ASSERT_EQUAL(b->n_found, 1);
	bench_wait(b, 301 * SECOND);
	FIRE(b, .in = LG, .ethertype = 0x88cc, .flags = FACT_GROUP_MAC, .mac = PC_MAC);
	CU_ASSERT_EQUAL(b->n_found, 2);
	/* registered in both */
	FIRE(b, .in = LG, .src = "10.2.0.9", .dst = "10.3.0.2",
	    .mac = "02:00:00:00:09:09");
	FIRE(b, .in = MN, .src = "10.1.0.9", .dst = "10.3.0.2",
	    .mac = "02:00:00:00:09:09");
	CU_ASSERT_EQUAL(b->n_found, 2);
	bench_close(b);
}

static void
any_mac_in_two_zones(void)
{
	static const char *const shared[] = { "00:00:5e:00:01:07", "00:00:5e:00:02:07",
	    "00:00:0c:07:ac:01", "00:00:0c:9f:f0:01" };
	struct bench *b = &bench;

	before();
	/* off: nothing; on: what was learnt before counts */
	FIRE(b, .in = MN, .src = "10.1.0.3", .dst = "10.3.0.2", .dport = 443,
	    .mac = STRANGER);
	FIRE(b, .in = LG, .src = "10.2.0.3", .dst = "10.2.0.4", .mac = STRANGER);
	CU_ASSERT_EQUAL(bench_count(b, ZV_04_ZONE_HOPPING), 0);
	bench_reload(b, roaming_on);
	bench_wait(b, 5 * SECOND);
	FIRE(b, .in = MN2, .src = "10.11.0.3", .dst = "10.3.0.2", .dport = 443,
	    .mac = STRANGER);
	CU_ASSERT_EQUAL_FATAL(bench_count(b, ZV_04_ZONE_HOPPING), 1);
	CU_ASSERT_EQUAL(bench_last(b)->from, MN2);
	CU_ASSERT_EQUAL(bench_last(b)->to, LG);
	CU_ASSERT_EQUAL(bench_last(b)->severity, 3);
	CU_ASSERT_STRING_EQUAL(bench_last(b)->detail, STRANGER " was on lg0 5 s before");
	/* within a zone, and too long after */
	FIRE(b, .in = MN, .src = "10.1.0.3", .dst = "10.3.0.2", .dport = 443,
	    .mac = STRANGER);
	bench_wait(b, 601 * SECOND);
	FIRE(b, .in = LG, .src = "10.2.0.3", .dst = "10.2.0.4", .mac = STRANGER);
	CU_ASSERT_EQUAL(bench_count(b, ZV_04_ZONE_HOPPING), 1);
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		FIRE(b, .in = MN, .src = "10.1.0.5", .dst = "10.3.0.2", .mac = shared[i]);
		FIRE(b, .in = LG, .src = "10.2.0.5", .dst = "10.3.0.2", .mac = shared[i]);
	}
	CU_ASSERT_EQUAL(bench_count(b, ZV_04_ZONE_HOPPING), 1);
	/* a neighbour of HSRP's block is nobody's virtual MAC */
	FIRE(b, .in = MN, .src = "10.1.0.6", .dst = "10.3.0.2",
	    .mac = "00:00:0c:9f:e0:01");
	FIRE(b, .in = LG, .src = "10.2.0.6", .dst = "10.3.0.2",
	    .mac = "00:00:0c:9f:e0:01");
	CU_ASSERT_EQUAL(bench_count(b, ZV_04_ZONE_HOPPING), 2);
	bench_close(b);
}

static void
registered_stations_only(struct checked *c)
{
	c->segments[MN].registered_only = true;
}

static void
unregistered_macs(void)
{
	struct bench *b = &bench;

	before();
	FIRE(b, .in = MN, .src = "10.1.0.3", .dst = "10.3.0.2", .mac = STRANGER);
	CU_ASSERT_EQUAL(b->n_found, 0);
	bench_reload(b, registered_stations_only);
	FIRE(b, .in = MN, .src = "10.1.0.2", .dst = "10.3.0.2", .dport = 443,
	    .mac = PC_MAC);
	/* the gateway's own, a switch's spanning tree, another segment */
	FIRE(b, .in = MN, .src = "10.1.0.1", .dst = "10.1.0.2", .flags = FACT_ARP,
	    .mac = "02:aa:00:00:00:00");
	FIRE(b, .in = MN, .ethertype = 0x27, .flags = FACT_GROUP_MAC, .mac = STRANGER);
	FIRE(b, .in = MN2, .src = "10.11.0.3", .dst = "10.3.0.2", .mac = STRANGER);
	CU_ASSERT_EQUAL(b->n_found, 0);
	for (int i = 0; i < 3; i++)
		FIRE(b, .in = MN, .src = "10.1.0.3", .dst = "10.3.0.2", .mac = STRANGER);
	CU_ASSERT_EQUAL(b->n_found, 1);
	CU_ASSERT_EQUAL(bench_last(b)->zv, ZV_06_UNREGISTERED);
	CU_ASSERT_EQUAL(bench_last(b)->action, ACTION_FOREIGN_STATION);
	CU_ASSERT_STRING_EQUAL(bench_last(b)->detail, STRANGER " is not registered");
	/* one that is registered elsewhere is ZV-04, not this */
	FIRE(b, .in = MN, .src = "10.1.0.8", .dst = "10.3.0.2",
	    .mac = "02:00:00:00:02:02");
	CU_ASSERT_EQUAL(bench_count(b, ZV_06_UNREGISTERED), 1);
	CU_ASSERT_EQUAL(bench_count(b, ZV_04_ZONE_HOPPING), 1);
	bench_close(b);
}

static void
addresses_of_two_zones(void)
{
	struct bench *b = &bench;

	before();
	/* a router: many addresses of its segment */
	for (unsigned int i = 2; i < 9; i++) {
		char src[24];

		snprintf(src, sizeof(src), "10.1.0.%u", i);
		FIRE(b, .in = MN, .src = src, .dst = "10.3.0.2", .mac = STRANGER);
	}
	/* one spoofed packet is ZV-03; an address of the default route's, too */
	FIRE(b, .in = MN, .src = "10.2.0.5", .dst = "10.3.0.2", .mac = STRANGER);
	for (int i = 0; i < 3; i++)
		FIRE(b, .in = MN, .src = "192.168.1.5", .dst = "10.3.0.2",
		    .mac = STRANGER);
	CU_ASSERT_EQUAL(b->n_found, 0);
	FIRE(b, .in = MN, .src = "10.2.0.6", .dst = "10.3.0.2", .mac = STRANGER);
	CU_ASSERT_EQUAL_FATAL(b->n_found, 1);
	CU_ASSERT_EQUAL(bench_last(b)->zv, ZV_05_BRIDGING);
	CU_ASSERT_EQUAL(bench_last(b)->action, ACTION_BRIDGING);
	CU_ASSERT_EQUAL(bench_last(b)->from, MN);
	CU_ASSERT_EQUAL(bench_last(b)->to, LG);
	CU_ASSERT_STRING_EQUAL(
	    bench_last(b)->detail, STRANGER " uses addresses of mn and of lg");
	/* foreign addresses alone, as of a machine that just moved: ZV-03 only */
	for (int i = 0; i < 5; i++)
		FIRE(b, .in = MN, .src = "10.2.0.7", .dst = "10.3.0.2",
		    .mac = "02:77:00:00:00:02");
	FIRE(b, .in = MN, .src = "10.1.0.7", .dst = "10.3.0.2",
	    .mac = "02:77:00:00:00:02");
	CU_ASSERT_EQUAL(b->n_found, 1);
	/* IPv6 counts like IPv4 */
	for (int i = 0; i < 2; i++) {
		FIRE(b, .in = LG, .src = "2001:db8:2::5", .dst = "2001:db8:3::2",
		    .mac = STRANGER);
		FIRE(b, .in = LG, .src = "2001:db8:1::5", .dst = "2001:db8:3::2",
		    .mac = STRANGER);
	}
	CU_ASSERT_EQUAL(bench_count(b, ZV_05_BRIDGING), 2);
	bench_close(b);
}

static void
the_gateways_own_frames_come_back(void)
{
	struct bench *b = &bench;

	before();
	/* looped on its own zone: not between zones */
	FIRE(b, .in = MN, .src = "10.1.0.1", .dst = "10.1.0.2", .flags = FACT_ARP |
	    FACT_GROUP_MAC, .mac = "02:aa:00:00:00:00");
	FIRE(b, .in = MN2, .src = "10.1.0.1", .dst = "10.1.0.2", .flags = FACT_ARP |
	    FACT_GROUP_MAC, .mac = "02:aa:00:00:00:00");
	CU_ASSERT_EQUAL(bench_count(b, ZV_05_BRIDGING), 0);
	for (int i = 0; i < 3; i++)
		FIRE(b, .in = LG, .src = "10.1.0.1", .dst = "10.1.0.2",
		    .flags = FACT_ARP | FACT_GROUP_MAC, .mac = "02:aa:00:00:00:00");
	CU_ASSERT_EQUAL(bench_count(b, ZV_05_BRIDGING), 1);
	CU_ASSERT_EQUAL(bench_count(b, ZV_04_ZONE_HOPPING), 0);
	CU_ASSERT_STRING_EQUAL(b->found[0].detail,
	    "frames that the gateway sent to mn0 came in from lg0");
	/* sub-interfaces of one card share its MAC: then it tells nothing */
	bench_forget(b);
	for (int i = 0; i < BENCH_SEGMENTS; i++)
		memcpy(b->own[i].mac, "\x02\xbb\0\0\0\1", 6);
	FIRE(b, .in = LG, .ethertype = 0x88cc, .flags = FACT_GROUP_MAC,
	    .mac = "02:bb:00:00:00:01");
	CU_ASSERT_EQUAL(b->n_found, 0);
	bench_close(b);
}

struct copy_row {
	const char *what;
	const char *src, *dst, *bytes;
	unsigned int second_hop;
	unsigned int second_in;
	int64_t pause;
	bool forwarded, other_payload;
	size_t found;
};

static const struct copy_row copies[] = {
	{ "one less", "10.1.0.3", "10.2.0.3", "abcd", 63, LG, 0, false, false,
	    1 },
	{ "one more: seen behind first", "10.1.0.4", "10.2.0.3", "abcd", 65, LG,
	    0, false, false, 1 },
	{ "one less, IPv6", "2001:db8:1::4", "2001:db8:2::4", "abcd", 63, LG,
	    SECOND, false, false, 1 },
	{ "the same hop limit", "10.1.0.5", "10.2.0.3", "abcd", 64, LG, 0, false,
	    false, 0 },
	{ "two less", "10.1.0.6", "10.2.0.3", "abcd", 62, LG, 0, false, false,
	    0 },
	{ "another segment of the zone", "10.1.0.7", "10.2.0.3", "abcd", 63, MN2,
	    0, false, false, 0 },
	{ "too late", "10.1.0.8", "10.2.0.3", "abcd", 63, LG, 3 * SECOND, false,
	    false, 0 },
	{ "the gateway passed it on", "10.1.0.10", "10.2.0.3", "abcd", 63, LG, 0,
	    true, false, 0 },
	{ "other content", "10.1.0.11", "10.2.0.3", "abcd", 63, LG, 0, false,
	    true, 0 },
	{ "permitted: the gateway passes it on", "10.1.0.12", "10.3.0.3", NULL,
	    63, LG, 0, false, false, 0 },
};

static void
the_same_packet_on_two_wires(void)
{
	struct bench *b = &bench;

	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
		const struct copy_row *r = &copies[i];
		struct shot s = { .in = MN, .src = r->src, .dst = r->dst, .sport = 4000,
		    .dport = r->bytes != NULL ? 80 : 443, .hop_limit = 64,
		    .payload = r->bytes, .size = r->bytes != NULL ? 4 : 0 };

		before();
		bench_fire(b, &s);
		bench_fire(b, &s);	/* a retransmission */
		if (r->forwarded) {
			s.leaving = true;
			s.out = LG;
			s.hop_limit = 63;
			bench_fire(b, &s);
			s.leaving = false;
		}
		s.in = (uint16_t)r->second_in;
		s.hop_limit = r->second_hop;
		if (r->other_payload)
			s.payload = "abce";
		bench_wait(b, r->pause);
		bench_fire(b, &s);
		if (bench_count(b, ZV_05_BRIDGING) != r->found)
			fprintf(stderr, "%s: %zu found\n", r->what, b->n_found);
		CU_ASSERT_EQUAL(bench_count(b, ZV_05_BRIDGING), r->found);
		bench_close(b);
	}
}

static void
a_flood_of_macs_forgets_and_goes_on(void)
{
	struct bench *b = &bench;
	struct detect_ledger first, last;
	char mac[24];

	before();
	bench_reload(b, registered_stations_only);
	detect_ledger(b->detect, &first);
	for (unsigned int i = 0; i < 100000; i++) {
		snprintf(mac, sizeof(mac), "02:88:00:%02x:%02x:%02x", i >> 16,
		    i >> 8 & 255, i & 255);
		FIRE(b, .in = MN, .src = "10.1.0.3", .dst = "10.3.0.2", .mac = mac);
	}
	detect_ledger(b->detect, &last);
	CU_ASSERT_EQUAL(b->n_found, 100000);
	CU_ASSERT_EQUAL(last.bytes, first.bytes);
	CU_ASSERT(last.forgotten > 150000);	/* of stations and of wires */
	CU_ASSERT_EQUAL(last.found, 100000);
	/* what comes now is remembered again */
	FIRE(b, .in = MN, .src = "10.1.0.3", .dst = "10.3.0.2", .mac = STRANGER);
	FIRE(b, .in = MN, .src = "10.1.0.3", .dst = "10.3.0.2", .mac = STRANGER);
	CU_ASSERT_EQUAL(b->n_found, 100001);
	bench_close(b);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a registered MAC in another zone", a_registered_mac_in_another_zone },
		{ "any MAC in two zones", any_mac_in_two_zones },
		{ "unregistered MACs", unregistered_macs },
		{ "addresses of two zones", addresses_of_two_zones },
		{ "the gateway's own frames come back",
		    the_gateways_own_frames_come_back },
		{ "the same packet on two wires", the_same_packet_on_two_wires },
		{ "a flood of MACs", a_flood_of_macs_forgets_and_goes_on },
		CU_TEST_INFO_NULL,
	};

	return unit_main("detect_stations", tests);
}
