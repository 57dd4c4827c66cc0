/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/inspect.h"
#include "agent/watch/flow_table.h"
#include "agent/watch/openings.h"
#include "agent/watch/watch_policy.h"
#include "tests/unit/inspect_bed.h"
#include "tests/unit/random_frame.h"
#include "tests/unit/unit.h"

#include <netinet/in.h>
#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

static void
an_answer_wants_a_question(void)
{
	const struct facts q = inspect_bed_question(), a = inspect_bed_answer();
	struct inspect_bed *b = inspect_bed_new(0);

	inspect_bed_see_clearly(b);
	inspect_bed_shoot(b, &a, from_b);
	CU_ASSERT_TRUE(b->was_unasked);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 1);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->by_class[ZV_02_NOT_PERMITTED], 1);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->leaks, 0);
	inspect_bed_shoot(b, &a, b_to_a);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->leaks, 1);
	inspect_bed_shoot(b, &q, from_a);
	inspect_bed_shoot(b, &a, from_b);
	inspect_bed_shoot(b, &a, b_to_a);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 2);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->permitted, 1 + 3);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->assumed, 0);

	CU_ASSERT_EQUAL(aggregate_finish(b->aggregate), 0);
	CU_ASSERT_EQUAL(b->n_events, 1);
	CU_ASSERT_EQUAL(b->events[0].action, ACTION_LEAK);
	CU_ASSERT_PTR_NOT_NULL(strstr(b->events[0].reason, "answer nobody asked for"));
	inspect_bed_free(b);
}

/* The frame of these facts with a tag of VLAN 20. */
static void
shoot_tagged(struct inspect_bed *b, const struct facts *f, struct flow_where where)
{
	static const uint8_t tag[4] = { 0x81, 0x00, 0x00, 20 };
	struct random_frame plain;
	uint8_t tagged[sizeof(plain.bytes) + sizeof(tag)];
	struct inspect_frame shot = { .link_type = DLT_EN10MB, .where = where,
	    .bytes = tagged, .time_ns = b->now, .clock_ns = b->now };

	random_frame_plain(f, &plain);
	memcpy(tagged, plain.bytes, 12);
	memcpy(tagged + 12, tag, sizeof(tag));
	memcpy(tagged + 12 + sizeof(tag), plain.bytes + 12, plain.captured - 12);
	shot.captured = shot.length = plain.captured + (uint32_t)sizeof(tag);
	inspect_frames(b->inspect, &shot, 1);
}

static void
a_tagged_question_is_none(void)
{
	const struct facts q = inspect_bed_question(), a = inspect_bed_answer();
	struct inspect_bed *b = inspect_bed_new(0);

	inspect_bed_see_clearly(b);
	shoot_tagged(b, &q, from_a);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->by_class[ZV_03_SPOOFED], 1);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->leaks, 0);
	shoot_tagged(b, &q, a_to_b);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->leaks, 1);
	/* it opened nothing */
	inspect_bed_shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->by_class[ZV_02_NOT_PERMITTED], 1);
	CU_ASSERT_EQUAL(aggregate_finish(b->aggregate), 0);
	CU_ASSERT_EQUAL(b->n_events, 2);
	for (size_t i = 0; i < b->n_events; i++)
		if (b->events[i].zv == ZV_03_SPOOFED)
			CU_ASSERT_PTR_NOT_NULL(strstr(b->events[i].reason,
			    "VLAN 20 is no segment here"));
	inspect_bed_free(b);
}

/* Of a VLAN device nothing is judged, not even what its frames carry inside. */
static void
a_device_answers_for_its_tag(void)
{
	struct facts q = inspect_bed_question();
	const uint64_t permitted = 1;	/* inspect_bed_see_clearly() */
	struct inspect_bed *b = inspect_bed_new(0);

	inspect_bed_see_clearly(b);
	b->tag = WATCH_TAG_DEVICE;
	shoot_tagged(b, &q, from_a);
	shoot_tagged(b, &q, a_to_b);
	q.dport = 515;
	shoot_tagged(b, &q, a_to_b);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->local, 3);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->permitted, permitted);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 0);
	inspect_bed_free(b);
}

static void
pings_are_asked_for_too(void)
{
	const struct facts ask = inspect_bed_packet("10.1.0.2", "10.2.0.2", IPPROTO_ICMP, 8 << 8, 0);
	const struct facts reply = inspect_bed_packet("10.2.0.2", "10.1.0.2", IPPROTO_ICMP, 0, 0);
	const struct facts own = inspect_bed_packet("10.1.0.1", "10.1.0.2", IPPROTO_ICMP, 0, 0);
	const struct flow_where from_gateway = { MN, SEGMENT_SELF, true };
	struct inspect_bed *b = inspect_bed_new(0);

	inspect_bed_see_clearly(b);
	inspect_bed_shoot(b, &reply, from_b);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 1);
	inspect_bed_shoot(b, &ask, from_a);
	inspect_bed_shoot(b, &reply, from_b);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 1);
	/* what the gateway answers by itself opens nothing and harms nobody */
	inspect_bed_shoot(b, &own, from_gateway);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 1);
	inspect_bed_free(b);
}

static void
tcp_needs_no_memory(void)
{
	struct facts a = inspect_bed_packet("10.2.0.2", "10.1.0.2", IPPROTO_TCP, 514, 5000);
	struct inspect_bed *b = inspect_bed_new(0);

	inspect_bed_see_clearly(b);
	a.tcp_flags = TCP_FLAG_ACK;
	inspect_bed_shoot(b, &a, from_b);
	/* no permit for TCP at all: refused, but not for want of a question */
	CU_ASSERT_FALSE(b->was_unasked);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 1);
	CU_ASSERT_EQUAL(b->n_opened_asked, 0);
	inspect_bed_free(b);
}

/* How many packets are looked into, before the table decides. */
static unsigned int
looked_into(struct inspect_bed *b, const struct facts *f, struct flow_where where)
{
	uint64_t by_table = inspect_bed_ledger(b)->by_table;
	unsigned int n = 0;

	while (n < 100) {
		inspect_bed_shoot(b, f, where);
		if (inspect_bed_ledger(b)->by_table != by_table)
			break;
		n++;
	}
	return n;
}

/* The same ports once more: another connection, with other words in it. */
static void
a_new_connection_is_looked_into_again(void)
{
	static const struct { uint16_t port; unsigned int first; } rows[] = {
		{ 80, FLOW_LOOKED_INTO }, { 9090, FLOW_LOOKED_INTO_TCP },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct facts syn = inspect_bed_packet("10.1.0.2", "10.2.0.2", IPPROTO_TCP, 5000,
		    rows[i].port), word = syn;
		struct facts agreed = inspect_bed_packet("10.2.0.2", "10.1.0.2", IPPROTO_TCP,
		    rows[i].port, 5000), reply = agreed;
		struct inspect_bed *b = inspect_bed_new(0);

		syn.tcp_flags = TCP_FLAG_SYN;
		agreed.tcp_flags = TCP_FLAG_SYN | TCP_FLAG_ACK;
		word.tcp_flags = reply.tcp_flags = TCP_FLAG_ACK;
		for (int connection = 0; connection < 3; connection++) {
			inspect_bed_shoot(b, &syn, from_a);
			inspect_bed_shoot(b, &agreed, from_b);
			CU_ASSERT_EQUAL(looked_into(b, &word, from_a), rows[i].first);
			CU_ASSERT_EQUAL(looked_into(b, &reply, from_b), rows[i].first);
		}
		CU_ASSERT_EQUAL(looked_into(b, &word, from_a), 0);
		CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 0);
		inspect_bed_free(b);
	}
}

static void
each_packet_is_counted_once_in_its_place(void)
{
	const struct facts q = inspect_bed_question(), a = inspect_bed_answer();
	const struct facts ping = inspect_bed_packet("10.1.0.2", "10.1.0.1", IPPROTO_ICMP, 8 << 8, 0);
	struct inspect_bed *b = inspect_bed_new(0);
	uint16_t mn, lg;
	uint64_t packets, bytes;

	mn = places_at(b->places, watch_policy_place(b->policy, MN))->zone_number;
	lg = places_at(b->places, watch_policy_place(b->policy, LG))->zone_number;
	for (int i = 0; i < 5; i++) {
		inspect_bed_shoot(b, &q, from_a);
		inspect_bed_shoot(b, &q, a_to_b);
		inspect_bed_shoot(b, &a, b_to_a);
		inspect_bed_shoot(b, &ping, from_a);
	}
	CU_ASSERT_EQUAL(b->permitted[mn][lg], 5);
	CU_ASSERT_EQUAL(b->permitted[lg][mn], 5);
	CU_ASSERT_EQUAL(b->permitted[mn][PLACE_SELF], 5);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->permitted, 20);
	inspect_permit(b->inspect, 0, &packets, &bytes);
	CU_ASSERT_EQUAL(packets, 10);
	CU_ASSERT_EQUAL(bytes, 10 * (14 + 20 + 12));
	inspect_permit(b->inspect, 1, &packets, &bytes);
	CU_ASSERT_EQUAL(packets, 5);
	inspect_bed_free(b);
}

static void
violations_and_excuses(void)
{
	const struct facts bad = inspect_bed_packet("10.1.0.2", "10.2.0.3", IPPROTO_UDP, 9, 9);
	struct inspect_bed *b = inspect_bed_new(0);

	for (int i = 0; i < 3; i++)
		inspect_bed_shoot(b, &bad, from_a);
	b->excuse = true;
	inspect_bed_shoot(b, &bad, from_a);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 3);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->excused, 1);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->by_table, 0);
	CU_ASSERT_EQUAL(aggregate_finish(b->aggregate), 0);
	CU_ASSERT_EQUAL(b->n_events, 1);
	CU_ASSERT_EQUAL(b->events[0].count, 3);
	inspect_bed_free(b);
}

static void
what_the_gate_stopped_is_told_with_its_reason(void)
{
	const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };
	const struct facts bad = inspect_bed_packet("10.1.0.2", "10.2.0.3", IPPROTO_UDP, 9, 9);
	struct inspect_bed *b = inspect_bed_new(0);
	struct random_frame frame;
	struct inspect_frame shot = { .link_type = INSPECT_BARE_PACKET,
	    .where = { .tap = LG, .ingress = MN }, .time_ns = START, .clock_ns = START,
	    .gate_reason = "sekisho:refuse", .mac = mac };

	random_frame_plain(&bad, &frame);
	shot.bytes = frame.bytes + 14;
	shot.captured = shot.length = frame.captured - 14;
	inspect_frames(b->inspect, &shot, 1);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->gate, 1);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->frames, 0);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 1);
	CU_ASSERT_EQUAL(aggregate_finish(b->aggregate), 0);
	CU_ASSERT_EQUAL(b->n_events, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(b->events[0].reason, "; gate: refuse"));
	CU_ASSERT_EQUAL(memcmp(b->events[0].facts.src_mac, mac, 6), 0);
	inspect_bed_free(b);
}

/* An IPv4 packet in another one (RFC 2003), both with the addresses given. */
static void
shoot_tunnel(struct inspect_bed *b, const char *src, const char *dst, const struct facts *inner)
{
	const struct facts outer = inspect_bed_packet(src, dst, IPPROTO_IPIP, 0, 0);
	struct random_frame frame, inside;
	struct inspect_frame shot = { .link_type = DLT_EN10MB, .where = from_a,
	    .time_ns = b->now, .clock_ns = b->now };
	uint32_t length;

	random_frame_plain(&outer, &frame);
	random_frame_plain(inner, &inside);
	length = inside.captured - 14;
	memcpy(frame.bytes + 34, inside.bytes + 14, length);
	frame.bytes[16] = (uint8_t)((20 + length) >> 8);
	frame.bytes[17] = (uint8_t)(20 + length);
	shot.bytes = frame.bytes;
	shot.captured = shot.length = 34 + length;
	inspect_frames(b->inspect, &shot, 1);
}

static void
packets_in_a_tunnel_are_judged_too(void)
{
	const struct facts good = inspect_bed_question();
	const struct facts bad = inspect_bed_packet("10.1.0.9", "10.2.0.9", IPPROTO_UDP, 9, 9);
	const struct facts strange = inspect_bed_packet("192.168.1.1", "192.168.1.2", 17, 9, 9);
	struct inspect_bed *b = inspect_bed_new(0);

	shoot_tunnel(b, "10.1.0.2", "10.2.0.2", &good);
	shoot_tunnel(b, "10.1.0.2", "10.2.0.2", &strange);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->inner, 2);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->inner_permitted, 2);
	for (int i = 0; i < 3; i++)
		shoot_tunnel(b, "10.1.0.2", "10.2.0.2", &bad);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->inner_violations, 3);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->permitted, 5);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 0);
	/* the outer one is refused: that is told, and of the inner one nothing new */
	shoot_tunnel(b, "10.1.0.9", "10.2.0.2", &strange);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->inner_unrecorded, 1);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 1);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->by_table, 0);
	b->excuse = true;
	shoot_tunnel(b, "10.1.0.2", "10.2.0.2", &bad);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->inner_excused, 1);

	CU_ASSERT_EQUAL(aggregate_finish(b->aggregate), 0);
	CU_ASSERT_EQUAL(b->n_events, 2);
	CU_ASSERT_EQUAL(b->events[0].action, ACTION_TUNNEL);
	CU_ASSERT_EQUAL(b->events[0].count, 3);
	CU_ASSERT_EQUAL(b->events[0].facts.tunnel, TUNNEL_IPIP);
	CU_ASSERT_EQUAL(b->events[0].facts.level, 1);
	inspect_bed_free(b);
}

/* From 10.1.0.2 to 10.2.0.last; in it UDP from 10.from.0.2 to 10.to.0.9. */
static void
shoot_ipip(struct inspect_bed *b, uint8_t last, uint8_t from, uint8_t to)
{
	uint8_t bytes[20 + 20 + 8] = {
		0x45, 0, 0, 48, 0, 1, 0, 0, 64, IPPROTO_IPIP, 0, 0, 10, 1, 0, 2, 10, 2, 0, 0,
		0x45, 0, 0, 28, 0, 2, 0, 0, 64, IPPROTO_UDP, 0, 0, 10, 1, 0, 2, 10, 2, 0, 9,
		0, 9, 0, 9, 0, 8, 0, 0,
	};
	struct inspect_frame shot = { .bytes = bytes, .captured = sizeof(bytes),
	    .length = sizeof(bytes), .link_type = INSPECT_BARE_PACKET, .where = from_a,
	    .time_ns = b->now, .clock_ns = b->now };

	bytes[19] = last;
	bytes[20 + 13] = from;
	bytes[20 + 17] = to;
	inspect_frames(b->inspect, &shot, 1);
}

/* One packet is one attempt, whatever is in it; what is in it is told all the same. */
static void
a_tunnel_that_is_refused_is_one_packet(void)
{
	struct inspect_bed *b = inspect_bed_new(0);
	struct aggregate_totals t;
	uint16_t mn, lg;

	mn = places_at(b->places, watch_policy_place(b->policy, MN))->zone_number;
	lg = places_at(b->places, watch_policy_place(b->policy, LG))->zone_number;
	/* another way than the one that carries it */
	shoot_ipip(b, 3, 2, 1);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 1);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->inner_violations, 1);
	/* of a permitted one the packet inside is the violation */
	shoot_ipip(b, 2, 1, 2);
	shoot_ipip(b, 2, 1, 2);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 1);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->inner_violations, 3);
	CU_ASSERT_EQUAL(aggregate_finish(b->aggregate), 0);
	t = aggregate_total(b->aggregate, mn, lg);
	CU_ASSERT_EQUAL(t.attempts, 3);
	CU_ASSERT_EQUAL(t.leaks, 0);
	CU_ASSERT_EQUAL(t.beside, 0);
	t = aggregate_total(b->aggregate, lg, mn);
	CU_ASSERT_EQUAL(t.attempts, 0);
	CU_ASSERT_EQUAL(t.beside, 1);
	CU_ASSERT_EQUAL(b->n_events, 3);
	inspect_bed_free(b);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a tunnel that is refused is one packet",
		  a_tunnel_that_is_refused_is_one_packet },
		{ "an answer wants a question", an_answer_wants_a_question },
		{ "a tagged question is none", a_tagged_question_is_none },
		{ "a device answers for its tag", a_device_answers_for_its_tag },
		{ "pings are asked for too", pings_are_asked_for_too },
		{ "TCP needs no memory", tcp_needs_no_memory },
		{ "a new connection is looked into again",
		  a_new_connection_is_looked_into_again },
		{ "each packet is counted once, in its place",
		  each_packet_is_counted_once_in_its_place },
		{ "violations and excuses", violations_and_excuses },
		{ "packets in a tunnel are judged too",
		  packets_in_a_tunnel_are_judged_too },
		{ "what the gate stopped is told with its reason",
		  what_the_gate_stopped_is_told_with_its_reason },
		CU_TEST_INFO_NULL,
	};

	return unit_main("inspect", tests);
}
