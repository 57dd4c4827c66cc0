/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets of running flows, ICMP errors, dates, MACs, and facts that are none. */
#include "tests/unit/sample_judge.h"

#include <stdlib.h>
#include <string.h>

static const struct sample_row flows[] = {
    {"data", "mn250", "xl0", "10.10.250.22", "198.51.100.40", TCP, 40000, 443,
	.tcp_flags = ACK, PERMIT("T010")},
    {"data back", "xl0", "mn250", "198.51.100.40", "10.10.250.22", TCP, 443, 40000,
	.tcp_flags = ACK, PERMIT("T010")},
    {"SYN ACK back", "xl0", "mn250", "198.51.100.40", "10.10.250.22", TCP, 443, 40000,
	.tcp_flags = SYN | ACK, PERMIT("T010")},
    {"SYN back", "xl0", "mn250", "198.51.100.40", "10.10.250.22", TCP, 443, 40000,
	ZV(ZV_02_NOT_PERMITTED, "")},
    {"from another port", "xl0", "mn250", "198.51.100.40", "10.10.250.22", TCP, 444,
	40000, .tcp_flags = ACK, ZV(ZV_02_NOT_PERMITTED, "")},
    {"UDP back", "gc0", "mn0", "10.200.0.16", "10.10.1.50", UDP, 123, 123,
	PERMIT("T030")},
    {"echo reply", "gc0", "mn0", "10.200.0.16", "10.10.1.50", ICMP, TYPE(0, 0), 0,
	PERMIT("T030")},
    {"echo reply, IPv6", "gc0", "mn0", "2001:db8:200::10", "2001:db8:10:1::7", ICMP6,
	TYPE(129, 0), 0, PERMIT("T030")},
    {"echo request back", "gc0", "mn0", "10.200.0.16", "10.10.1.50", ICMP, TYPE(8, 0), 0,
	ZV(ZV_01_ZONE_CROSSING, "")},
    {"later fragment back", "gc0", "mn0", "10.200.0.16", "10.10.1.50", UDP, 0, 0,
	FACT_FRAGMENT_LATER | NO_PORTS, PERMIT("T030")},
    {"of another protocol", "gc0", "mn0", "10.200.0.16", "10.10.1.50", 253, 0, 0,
	FACT_FRAGMENT_LATER | NO_PORTS, ZV(ZV_01_ZONE_CROSSING, "")},
    {"of an expired flow", "xl0", "mn250", "198.51.100.43", "10.10.250.24", TCP, 443,
	40000, .tcp_flags = ACK, ZV(ZV_02_NOT_PERMITTED, "T015")},
    {"extension in a flow", "gc0", "mn0", "2001:db8:200::10", "2001:db8:10:1::7", TCP,
	443, 4000, .flags = FACT_EXTENSION, .tcp_flags = ACK, PERMIT("T030")},
    {"routing header in a flow", "gc0", "mn0", "2001:db8:200::10", "2001:db8:10:1::7",
	TCP, 443, 4000, .flags = FACT_EXTENSION | FACT_ROUTING_HEADER, .tcp_flags = ACK,
	UNREADABLE},
    {"options in a flow", "xl0", "mn250", "198.51.100.40", "10.10.250.22", TCP, 443,
	40000, .flags = FACT_IP_OPTIONS, .tcp_flags = ACK, UNREADABLE},
};

static void
flows_are_permitted_both_ways(void)
{
	sample_run(flows, COUNT(flows), true);
}

/* As openings the same packets are refused, but as what they are: late answers. */
static void
late_answers_are_no_zone_crossing(void)
{
	static const struct sample_row late[] = {
		{ "data", "mn250", "xl0", "10.10.250.22", "198.51.100.40", TCP, 40000,
		    443, .tcp_flags = ACK, ZV(ZV_02_NOT_PERMITTED, "") },
		{ "UDP back", "gc0", "mn0", "10.200.0.16", "10.10.1.50", UDP, 123, 123,
		    ZV(ZV_02_NOT_PERMITTED, "") },
		{ "echo reply", "gc0", "mn0", "10.200.0.16", "10.10.1.50", ICMP,
		    TYPE(0, 0), 0, ZV(ZV_02_NOT_PERMITTED, "") },
		{ "from a relay", "in0", "ri0", "10.30.250.22", "10.40.1.4", TCP, 25,
		    40000, .tcp_flags = ACK, ZV(ZV_02_NOT_PERMITTED, "") },
	};

	sample_run(late, COUNT(late), false);
}

static void
icmp_errors_need_a_permitted_quote(void)
{
	static const struct {
		const char *in, *src, *quoted_dst;
		unsigned int type, quoted_dport;
		enum verdict verdict;
		enum violation_class zv;
	} rows[] = {
		{ "gc0", "10.200.0.16", "10.200.0.16", 3, 443, VERDICT_PERMIT, ZV_NONE },
		{ "gc0", "10.200.0.1", "10.200.0.16", 11, 443, VERDICT_PERMIT, ZV_NONE },
		/* a router outside the written networks */
		{ "gc0", "172.31.0.1", "10.200.0.16", 11, 443, VERDICT_PERMIT, ZV_NONE },
		{ "gc0", "172.31.0.1", "10.200.0.16", 11, 444, VERDICT_DENY,
		    ZV_03_SPOOFED },
		{ "gc0", "127.0.0.1", "10.200.0.16", 11, 443, VERDICT_DENY,
		    ZV_03_SPOOFED },
		{ "gc0", "10.200.0.16", "10.200.0.16", 3, 444, VERDICT_DENY,
		    ZV_01_ZONE_CROSSING },
		{ "gc0", "10.200.0.16", "10.200.0.16", 5, 443, VERDICT_DENY,
		    ZV_01_ZONE_CROSSING },
		/* the quoted packet did not leave where the error comes from */
		{ "xl0", "198.51.100.1", "10.200.0.16", 3, 443, VERDICT_DENY,
		    ZV_02_NOT_PERMITTED },
		{ "self", "10.10.0.1", "10.200.0.16", 11, 443, VERDICT_PERMIT, ZV_NONE },
		{ "self", "10.10.0.1", "10.30.0.16", 3, 443, VERDICT_LOCAL, ZV_NONE },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts f = {
		    .src = sample_address(rows[i].src),
		    .dst = sample_address("10.10.1.50"),
		    .protocol = ICMP,
		    .sport = (uint16_t)TYPE(rows[i].type, 1),
		    .flags = FACT_HAS_PORTS,
		    .quoted_src = sample_address("10.10.1.50"),
		    .quoted_dst = sample_address(rows[i].quoted_dst),
		    .quoted_protocol = TCP,
		    .quoted_sport = 40000,
		    .quoted_dport = (uint16_t)rows[i].quoted_dport,
		};
		struct judgement j;

		classifier_judge_any(sample_judge, &f, sample_side(rows[i].in),
		    sample_side("mn0"), NOW, &j);
		CU_ASSERT_EQUAL(j.verdict, rows[i].verdict);
		CU_ASSERT_EQUAL(j.zv, rows[i].zv);
		/* another source than the quote's is nobody's business */
		f.quoted_src.value++;
		classifier_judge_any(sample_judge, &f, sample_side(rows[i].in),
		    sample_side("mn0"), NOW, &j);
		CU_ASSERT_NOT_EQUAL(j.verdict, VERDICT_PERMIT);
	}
}

/* N09; with no MAC known, or its own, the packet passes. */
static void
a_bound_address_needs_its_mac(void)
{
	struct sample_row r = {"N09", "mn250", NULL, "10.10.250.22", "198.51.100.40", TCP,
	    1, 443, FACT_HAS_MAC, 0, .zv = ZV_03_SPOOFED, .action = ACTION_WRONG_MAC};
	struct facts f = sample_facts(&r);
	struct judgement j;

	memcpy(f.src_mac, "\x00\x00\x5e\x00\x53\x17", 6);
	classifier_judge(sample_judge, &f, sample_side("mn250"), SEGMENT_NONE, NOW, &j);
	sample_expect(&r, &j);
	f.src_mac[5] = 0x16;
	classifier_judge(sample_judge, &f, sample_side("mn250"), SEGMENT_NONE, NOW, &j);
	CU_ASSERT_EQUAL(j.verdict, VERDICT_PERMIT);
	f.src.value++;			/* bound to nothing */
	f.src_mac[5] = 0x99;
	classifier_judge(sample_judge, &f, sample_side("mn250"), SEGMENT_NONE, NOW, &j);
	CU_ASSERT_EQUAL(j.zv, ZV_02_NOT_PERMITTED);
	CU_ASSERT_EQUAL(j.action, ACTION_ATTEMPT);
}

/* valid_until is the whole day in Japan; valid_from the very minute. */
static void
permits_begin_and_end_to_the_second(void)
{
	static const struct {
		const char *in, *src, *dst;
		int64_t now;
		enum verdict verdict;
	} rows[] = {
		{ "mn250", "10.10.250.24", "198.51.100.43", NOW - 1, VERDICT_PERMIT },
		{ "mn250", "10.10.250.24", "198.51.100.43", NOW, VERDICT_DENY },
		{ "ma0", "203.0.113.66", "10.50.0.13", NOW + 33 * 3600 - 1,
		    VERDICT_DENY },
		{ "ma0", "203.0.113.66", "10.50.0.13", NOW + 33 * 3600, VERDICT_PERMIT },
		{ "ma0", "203.0.113.66", "10.50.0.13", NOW + 41 * 3600 - 1,
		    VERDICT_PERMIT },
		{ "ma0", "203.0.113.66", "10.50.0.13", NOW + 41 * 3600, VERDICT_DENY },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sample_row r = {
		    "", NULL, NULL, rows[i].src, rows[i].dst, TCP, 1, 443, .flags = 0};
		struct facts f = sample_facts(&r);
		struct judgement j;

		classifier_judge(sample_judge, &f, sample_side(rows[i].in), SEGMENT_NONE,
		    rows[i].now, &j);
		CU_ASSERT_EQUAL(j.verdict, rows[i].verdict);
		CU_ASSERT_NOT_EQUAL(j.permit, 0);
	}
}

static void
neighbour_discovery_is_local_at_hop_limit_255(void)
{
	for (unsigned int type = 132; type <= 138; type++) {
		struct sample_row r = {"", NULL, NULL, "2001:db8:10::5",
		    "2001:db8:10:ffff::1", ICMP6, TYPE(type, 0), 0, .flags = 0};
		struct facts f = sample_facts(&r);
		bool nd = type >= 133 && type <= 137;
		struct judgement j;

		f.hop_limit = 255;
		classifier_judge(
		    sample_judge, &f, sample_side("mn0"), SEGMENT_SELF, NOW, &j);
		CU_ASSERT_EQUAL(j.verdict, nd ? VERDICT_LOCAL : VERDICT_DENY);
		classifier_judge(
		    sample_judge, &f, sample_side("mn0"), sample_side("gc0"), NOW, &j);
		CU_ASSERT_EQUAL(j.verdict, VERDICT_DENY);
		f.hop_limit = 254;
		classifier_judge(
		    sample_judge, &f, sample_side("mn0"), SEGMENT_SELF, NOW, &j);
		CU_ASSERT_EQUAL(j.verdict, VERDICT_DENY);
	}
}

static void
what_cannot_be_read_is_never_passed_over(void)
{
	struct sample_row good = {
	    "", NULL, NULL, "10.10.250.22", "198.51.100.40", TCP, 1, 443, .flags = 0};

	for (int why = READABLE; why < UNREADABLE_COUNT; why++) {
		struct facts f = sample_facts(&good);
		struct judgement j;

		f.unreadable = (uint8_t)why;
		classifier_judge(
		    sample_judge, &f, sample_side("mn250"), SEGMENT_NONE, NOW, &j);
		CU_ASSERT_EQUAL(
		    j.verdict, why == READABLE ? VERDICT_PERMIT : VERDICT_DENY);
		if (why != READABLE) {
			CU_ASSERT_EQUAL(j.zv, ZV_02_NOT_PERMITTED);
			CU_ASSERT_EQUAL(j.action, ACTION_UNCLASSIFIABLE);
		}
	}
}

/* Cleared memory is no packet, and no packet passes. */
static void
cleared_facts_are_denied(void)
{
	struct facts f = { 0 };
	struct judgement j;

	classifier_judge(sample_judge, &f, 0, SEGMENT_NONE, NOW, &j);
	CU_ASSERT_EQUAL(j.verdict, VERDICT_DENY);
	classifier_judge_any(sample_judge, &f, 0, SEGMENT_NONE, NOW, &j);
	CU_ASSERT_EQUAL(j.verdict, VERDICT_DENY);
}

static void
own_addresses_can_be_learnt(void)
{
	struct ip_addr own[] = {
	    sample_address("10.200.0.16"), sample_address("fe80::99")};
	struct classifier *c = classifier_new(sample_checked);
	struct sample_row r = {
	    "", NULL, NULL, "10.10.1.50", "10.200.0.16", TCP, 1, 443, .flags = 0};
	struct facts f = sample_facts(&r);
	struct judgement j;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(classifier_owner(c, &own[0]), sample_side("gc0"));
	CU_ASSERT_EQUAL(classifier_set_own(c, own, 2), 0);
	CU_ASSERT_EQUAL(classifier_owner(c, &own[0]), SEGMENT_SELF);
	CU_ASSERT_EQUAL(classifier_owner(c, &own[1]), SEGMENT_SELF);
	classifier_judge(c, &f, sample_side("mn0"), SEGMENT_NONE, NOW, &j);
	CU_ASSERT_EQUAL(j.verdict, VERDICT_DENY);
	CU_ASSERT_EQUAL(j.out, SEGMENT_SELF);
	f.src = own[0];
	classifier_judge(c, &f, sample_side("gc0"), sample_side("mn0"), NOW, &j);
	CU_ASSERT_EQUAL(j.action, ACTION_SPOOFED_SOURCE);
	classifier_free(c);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "flows are permitted both ways", flows_are_permitted_both_ways },
		{ "late answers are no zone crossing",
		    late_answers_are_no_zone_crossing },
		{ "ICMP errors need a permitted quote",
		    icmp_errors_need_a_permitted_quote },
		{ "a bound address needs its MAC", a_bound_address_needs_its_mac },
		{ "permits begin and end to the second",
		    permits_begin_and_end_to_the_second },
		{ "neighbour discovery is local at hop limit 255",
		    neighbour_discovery_is_local_at_hop_limit_255 },
		{ "what cannot be read is never passed over",
		    what_cannot_be_read_is_never_passed_over },
		{ "cleared facts are denied", cleared_facts_are_denied },
		{ "own addresses can be learnt", own_addresses_can_be_learnt },
		CU_TEST_INFO_NULL,
	};
	int failed = sample_make();

	if (failed == EXIT_SUCCESS)
		failed = unit_main("classifier, flows", tests);
	sample_free();
	return failed;
}
