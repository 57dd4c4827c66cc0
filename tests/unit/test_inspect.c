/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/inspect.h"
#include "agent/watch/flow_table.h"
#include "agent/watch/openings.h"
#include "agent/watch/watch_policy.h"
#include "tests/unit/random_frame.h"
#include "tests/unit/unit.h"

#include <netinet/in.h>
#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

#define SECOND	1000000000ll
#define START	(1763700000ll * SECOND)

enum { MN, LG };	/* segments, in the order of the text */

static const char text[] =
    "schema = 1; site = { name = \"s\"; gateway = \"g\"; };"
    "zones = ("
    " { name = \"mn\"; class = \"mynumber\"; segments = ( { interface = \"mn0\";"
    "   networks = [ \"10.1.0.0/24\" ]; gateway = [ \"10.1.0.1\" ]; } ); },"
    " { name = \"lg\"; class = \"lgwan\"; segments = ( { interface = \"lg0\";"
    "   networks = [ \"10.2.0.0/24\" ]; gateway = [ \"10.2.0.1\" ]; } ); } );"
    "hosts = ( { name = \"a\"; zone = \"mn\"; addresses = [ \"10.1.0.2\" ]; },"
    " { name = \"b\"; zone = \"lg\"; addresses = [ \"10.2.0.2\" ]; } );"
    "services = ( { name = \"log\"; protocol = \"udp\"; ports = [ \"514\" ]; },"
    " { name = \"ping\"; protocol = \"icmp\"; types = [ \"echo-request\" ]; },"
    " { name = \"ipip\"; protocol = \"4\"; },"
    " { name = \"web\"; protocol = \"tcp\"; ports = [ \"80\", \"9090\" ]; } );"
    "permits = ( { id = \"T1\"; from = [ \"a\" ]; to = [ \"b\" ];"
    "   services = [ \"log\", \"ping\", \"ipip\", \"web\" ]; purpose = \"p\"; },"
    " { id = \"T2\"; from = [ \"a\" ]; to = [ \"self\" ]; services = [ \"ping\" ];"
    "   purpose = \"p\"; } );";

struct bed {
	struct places *places;
	struct watch_policy *policy;
	struct aggregate *aggregate;
	struct inspect *inspect;
	struct event events[16];
	size_t n_events;
	uint64_t permitted[PLACE_ZONES_MAX][PLACE_ZONES_MAX];
	size_t n_opened_asked;
	bool excuse, kernel_saw_it, was_unasked;
	enum watch_tag tag;
	int64_t now;
};

static int
note(void *arg, const struct event *e)
{
	struct bed *b = arg;

	if (e->phase == PHASE_FINAL && b->n_events < 16)
		b->events[b->n_events++] = *e;
	return 0;
}

static void
place(void *arg, const struct inspect_frame *frame, struct facts *f,
    struct watch_seen *seen)
{
	const struct bed *b = arg;

	*seen = (struct watch_seen){ WITNESS_TAP_INGRESS, frame->where.tap, SEGMENT_NONE,
	    "", b->tag };
	if (frame->gate_reason != NULL)
		*seen = (struct watch_seen){ WITNESS_GATE, frame->where.ingress,
		    frame->where.tap, frame->gate_reason, b->tag };
	else if (frame->where.outgoing)
		*seen = (struct watch_seen){ WITNESS_TAP_EGRESS, frame->where.ingress,
		    frame->where.tap, "", b->tag };
	if (seen->witness == WITNESS_TAP_EGRESS)
		f->flags &= (uint16_t)~FACT_HAS_MAC;
}

static bool
excused(void *arg, const struct inspected *p)
{
	struct bed *b = arg;

	b->was_unasked = p->unasked;
	return b->excuse;
}

static bool
opened(void *arg, const struct watch_opening *o)
{
	struct bed *b = arg;

	(void)o;
	b->n_opened_asked++;
	return b->kernel_saw_it;
}

static struct bed *
bed_new(int64_t patience_ns)
{
	struct bed *b = calloc(1, sizeof(*b));
	char why[256] = "";
	struct inspect_setup setup = {
		.flow_entries = 64, .patience_ns = patience_ns,
		.now = INSPECT_PACKET_TIME,
		.hooks = { .arg = b, .place = place, .excused = excused,
		    .opened = opened },
	};
	struct inspect_policy policy = { 0 };

	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	b->now = START;
	setup.places = b->places = places_new();
	b->policy = watch_policy_new(text, sizeof(text) - 1, NULL, 0, b->places, NULL,
	    why, sizeof(why));
	if (b->policy == NULL)
		fprintf(stderr, "%s\n", why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->policy);
	/* they have tests of their own; here all senders have one MAC */
	memset(&b->policy->checked->detect, 0, sizeof(b->policy->checked->detect));
	setup.aggregate = b->aggregate = aggregate_new(b->places, 64, note, b);
	setup.permitted = b->permitted;
	b->inspect = inspect_new(&setup);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->inspect);
	policy = (struct inspect_policy){ b->policy->checked, b->policy->classifier,
	    b->policy->place, NULL, NULL, 0 };
	CU_ASSERT_EQUAL_FATAL(inspect_set_policy(b->inspect, &policy), 0);
	return b;
}

static void
bed_free(struct bed *b)
{
	CU_ASSERT_TRUE(inspect_balanced(inspect_ledger(b->inspect)));
	inspect_free(b->inspect);
	aggregate_free(b->aggregate);
	watch_policy_free(b->policy);
	places_free(b->places);
	free(b);
}

static const struct inspect_ledger *
ledger(const struct bed *b)
{
	return inspect_ledger(b->inspect);
}

static void
shoot(struct bed *b, const struct facts *f, struct flow_where where)
{
	struct random_frame frame;
	struct inspect_frame shot = { .link_type = DLT_EN10MB, .where = where,
	    .time_ns = b->now, .clock_ns = b->now };

	random_frame_plain(f, &frame);
	shot.bytes = frame.bytes;
	shot.captured = shot.length = frame.captured;
	inspect_frames(b->inspect, &shot, 1);
}

static const struct flow_where from_a = { .tap = MN }, from_b = { .tap = LG };
static const struct flow_where a_to_b = { LG, MN, true }, b_to_a = { MN, LG, true };

static struct facts
packet(const char *src, const char *dst, uint8_t protocol, uint16_t sport,
    uint16_t dport)
{
	struct facts f = { .protocol = protocol, .sport = sport, .dport = dport,
	    .hop_limit = 64, .flags = FACT_HAS_PORTS };

	address_parse(src, &f.src);
	address_parse(dst, &f.dst);
	return f;
}

static struct facts
question(void)
{
	return packet("10.1.0.2", "10.2.0.2", IPPROTO_UDP, 5000, 514);
}

static struct facts
answer(void)
{
	return packet("10.2.0.2", "10.1.0.2", IPPROTO_UDP, 514, 5000);
}

/* Let the time pass in which nothing can be said about openings. */
static void
see_clearly(struct bed *b)
{
	const struct facts q = packet("10.1.0.2", "10.2.0.2", IPPROTO_UDP, 1, 514);

	shoot(b, &q, from_a);
	b->now += (FLOW_OPENING_OTHER_SECONDS + FLOW_TICK_SECONDS) * SECOND;
}

static void
an_answer_wants_a_question(void)
{
	const struct facts q = question(), a = answer();
	struct bed *b = bed_new(0);

	see_clearly(b);
	shoot(b, &a, from_b);
	CU_ASSERT_TRUE(b->was_unasked);
	CU_ASSERT_EQUAL(ledger(b)->violations, 1);
	CU_ASSERT_EQUAL(ledger(b)->by_class[ZV_02_NOT_PERMITTED], 1);
	CU_ASSERT_EQUAL(ledger(b)->leaks, 0);
	shoot(b, &a, b_to_a);
	CU_ASSERT_EQUAL(ledger(b)->leaks, 1);
	shoot(b, &q, from_a);
	shoot(b, &a, from_b);
	shoot(b, &a, b_to_a);
	CU_ASSERT_EQUAL(ledger(b)->violations, 2);
	CU_ASSERT_EQUAL(ledger(b)->permitted, 1 + 3);
	CU_ASSERT_EQUAL(ledger(b)->assumed, 0);

	CU_ASSERT_EQUAL(aggregate_finish(b->aggregate), 0);
	CU_ASSERT_EQUAL(b->n_events, 1);
	CU_ASSERT_EQUAL(b->events[0].action, ACTION_LEAK);
	CU_ASSERT_PTR_NOT_NULL(strstr(b->events[0].reason, "answer nobody asked for"));
	bed_free(b);
}

/* The frame of these facts with a tag of VLAN 20. */
static void
shoot_tagged(struct bed *b, const struct facts *f, struct flow_where where)
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
	const struct facts q = question(), a = answer();
	struct bed *b = bed_new(0);

	see_clearly(b);
	shoot_tagged(b, &q, from_a);
	CU_ASSERT_EQUAL(ledger(b)->by_class[ZV_03_SPOOFED], 1);
	CU_ASSERT_EQUAL(ledger(b)->leaks, 0);
	shoot_tagged(b, &q, a_to_b);
	CU_ASSERT_EQUAL(ledger(b)->leaks, 1);
	/* it opened nothing */
	shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(ledger(b)->by_class[ZV_02_NOT_PERMITTED], 1);
	CU_ASSERT_EQUAL(aggregate_finish(b->aggregate), 0);
	CU_ASSERT_EQUAL(b->n_events, 2);
	for (size_t i = 0; i < b->n_events; i++)
		if (b->events[i].zv == ZV_03_SPOOFED)
			CU_ASSERT_PTR_NOT_NULL(strstr(b->events[i].reason,
			    "VLAN 20 is no segment here"));
	bed_free(b);
}

/* Of a VLAN device nothing is judged, not even what its frames carry inside. */
static void
a_device_answers_for_its_tag(void)
{
	struct facts q = question();
	const uint64_t permitted = 1;	/* see_clearly() */
	struct bed *b = bed_new(0);

	see_clearly(b);
	b->tag = WATCH_TAG_DEVICE;
	shoot_tagged(b, &q, from_a);
	shoot_tagged(b, &q, a_to_b);
	q.dport = 515;
	shoot_tagged(b, &q, a_to_b);
	CU_ASSERT_EQUAL(ledger(b)->local, 3);
	CU_ASSERT_EQUAL(ledger(b)->permitted, permitted);
	CU_ASSERT_EQUAL(ledger(b)->violations, 0);
	bed_free(b);
}

static void
pings_are_asked_for_too(void)
{
	const struct facts ask = packet("10.1.0.2", "10.2.0.2", IPPROTO_ICMP, 8 << 8, 0);
	const struct facts reply = packet("10.2.0.2", "10.1.0.2", IPPROTO_ICMP, 0, 0);
	const struct facts own = packet("10.1.0.1", "10.1.0.2", IPPROTO_ICMP, 0, 0);
	const struct flow_where from_gateway = { MN, SEGMENT_SELF, true };
	struct bed *b = bed_new(0);

	see_clearly(b);
	shoot(b, &reply, from_b);
	CU_ASSERT_EQUAL(ledger(b)->violations, 1);
	shoot(b, &ask, from_a);
	shoot(b, &reply, from_b);
	CU_ASSERT_EQUAL(ledger(b)->violations, 1);
	/* what the gateway answers by itself opens nothing and harms nobody */
	shoot(b, &own, from_gateway);
	CU_ASSERT_EQUAL(ledger(b)->violations, 1);
	bed_free(b);
}

static void
tcp_needs_no_memory(void)
{
	struct facts a = packet("10.2.0.2", "10.1.0.2", IPPROTO_TCP, 514, 5000);
	struct bed *b = bed_new(0);

	see_clearly(b);
	a.tcp_flags = TCP_FLAG_ACK;
	shoot(b, &a, from_b);
	/* no permit for TCP at all: refused, but not for want of a question */
	CU_ASSERT_FALSE(b->was_unasked);
	CU_ASSERT_EQUAL(ledger(b)->violations, 1);
	CU_ASSERT_EQUAL(b->n_opened_asked, 0);
	bed_free(b);
}

/* How many packets are looked into, before the table decides. */
static unsigned int
looked_into(struct bed *b, const struct facts *f, struct flow_where where)
{
	uint64_t by_table = ledger(b)->by_table;
	unsigned int n = 0;

	while (n < 100) {
		shoot(b, f, where);
		if (ledger(b)->by_table != by_table)
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
		struct facts syn = packet("10.1.0.2", "10.2.0.2", IPPROTO_TCP, 5000,
		    rows[i].port), word = syn;
		struct facts agreed = packet("10.2.0.2", "10.1.0.2", IPPROTO_TCP,
		    rows[i].port, 5000), reply = agreed;
		struct bed *b = bed_new(0);

		syn.tcp_flags = TCP_FLAG_SYN;
		agreed.tcp_flags = TCP_FLAG_SYN | TCP_FLAG_ACK;
		word.tcp_flags = reply.tcp_flags = TCP_FLAG_ACK;
		for (int connection = 0; connection < 3; connection++) {
			shoot(b, &syn, from_a);
			shoot(b, &agreed, from_b);
			CU_ASSERT_EQUAL(looked_into(b, &word, from_a), rows[i].first);
			CU_ASSERT_EQUAL(looked_into(b, &reply, from_b), rows[i].first);
		}
		CU_ASSERT_EQUAL(looked_into(b, &word, from_a), 0);
		CU_ASSERT_EQUAL(ledger(b)->violations, 0);
		bed_free(b);
	}
}

static void
what_came_before_us_is_assumed(void)
{
	const struct facts a = answer();
	struct bed *b = bed_new(0);

	shoot(b, &a, from_b);
	shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(ledger(b)->violations, 0);
	CU_ASSERT_EQUAL(ledger(b)->assumed, 2);
	see_clearly(b);
	inspect_blind(b->inspect, b->now);
	shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(ledger(b)->assumed, 3);
	b->now += (FLOW_OPENING_SECONDS + 2 * FLOW_TICK_SECONDS) * SECOND;
	shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(ledger(b)->violations, 1);
	bed_free(b);
}

/* From the first packet on: who had asked is known, and nobody else had. */
static void
what_is_seeded_is_known(void)
{
	const struct facts a = answer(), q = question();
	const struct facts ask = packet("10.1.0.2", "10.2.0.2", IPPROTO_ICMP, 8 << 8, 0);
	const struct facts reply = packet("10.2.0.2", "10.1.0.2", IPPROTO_ICMP, 0, 0);
	const struct watch_opening known[] = { watch_opening_of(&q), watch_opening_of(&ask) };
	struct facts other = answer();
	struct bed *b = bed_new(0);

	other.dport = 5001;
	inspect_seed(b->inspect, known, 2, b->now, b->now);
	inspect_clear_sight(b->inspect);
	shoot(b, &a, from_b);
	shoot(b, &reply, from_b);
	CU_ASSERT_EQUAL(ledger(b)->permitted, 2);
	CU_ASSERT_EQUAL(ledger(b)->assumed, 0);
	shoot(b, &other, b_to_a);
	CU_ASSERT_EQUAL(ledger(b)->leaks, 1);
	/* the known flow is forgotten in its time, like any other */
	b->now += (FLOW_OPENING_SECONDS + 2 * FLOW_TICK_SECONDS) * SECOND;
	shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(ledger(b)->violations, 2);
	inspect_blind(b->inspect, b->now);
	shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(ledger(b)->violations, 2);
	CU_ASSERT_EQUAL(ledger(b)->assumed, 1);
	bed_free(b);
}

/* conntrack knows all of these; still nobody may answer to them. */
static void
no_other_opening_is_seeded(void)
{
	static const struct { const char *src, *dst; uint16_t sport, dport; } rows[] = {
		{ "10.2.0.2", "10.1.0.2", 514, 5000 },	/* the answer, as an opening */
		{ "10.1.0.2", "10.2.0.2", 5000, 515 },	/* another service */
		{ "10.1.0.3", "10.2.0.2", 5000, 514 },	/* another host */
		{ "192.0.2.1", "10.2.0.2", 5000, 514 },	/* nobody's address */
		{ "10.1.0.1", "10.2.0.2", 5000, 514 },	/* the gateway itself */
	};

	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		const struct facts q = packet(rows[n].src, rows[n].dst, IPPROTO_UDP,
		    rows[n].sport, rows[n].dport);
		const struct facts a = packet(rows[n].dst, rows[n].src, IPPROTO_UDP,
		    rows[n].dport, rows[n].sport);
		const struct watch_opening o = watch_opening_of(&q);
		struct bed *b = bed_new(0);

		inspect_seed(b->inspect, &o, 1, b->now, b->now);
		inspect_clear_sight(b->inspect);
		if (n == 0)
			shoot(b, &q, b_to_a);	/* does not explain itself */
		else
			shoot(b, &a, b_to_a);
		CU_ASSERT_EQUAL(ledger(b)->violations, 1);
		bed_free(b);
	}
}

/* Questions decided by the table keep their flow alive as long as any other. */
static void
a_long_flow_stays_open(void)
{
	const struct facts q = question(), a = answer();
	struct bed *b = bed_new(0);

	see_clearly(b);
	for (int i = 0; i < 2000; i++) {
		shoot(b, &q, from_a);
		b->now += SECOND / 2;
	}
	CU_ASSERT(ledger(b)->by_table > 1900);
	shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(ledger(b)->violations, 0);
	CU_ASSERT_EQUAL(ledger(b)->assumed, 0);
	bed_free(b);
}

static void
the_kernel_may_have_seen_it(void)
{
	const struct facts a = answer();
	struct bed *b = bed_new(0);

	see_clearly(b);
	b->kernel_saw_it = true;
	shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(ledger(b)->violations, 0);
	CU_ASSERT_EQUAL(b->n_opened_asked, 1);
	b->kernel_saw_it = false;	/* from now on it is remembered here */
	shoot(b, &a, b_to_a);
	CU_ASSERT_EQUAL(ledger(b)->violations, 0);
	bed_free(b);
}

/* Two rings: the answer is read first, the question a moment later. */
static void
an_answer_waits_for_its_question(void)
{
	const struct facts q = question(), a = answer();
	struct facts other = answer();
	struct bed *b = bed_new(SECOND / 2);

	other.dport = 5001;
	see_clearly(b);
	shoot(b, &a, b_to_a);
	shoot(b, &other, b_to_a);
	CU_ASSERT_EQUAL(ledger(b)->waiting, 2);
	CU_ASSERT_TRUE(inspect_balanced(ledger(b)));
	shoot(b, &q, from_a);
	b->now += SECOND / 4;
	inspect_sweep(b->inspect, b->now, b->now);
	CU_ASSERT_EQUAL(ledger(b)->waiting, 2);
	b->now += SECOND / 4;
	inspect_sweep(b->inspect, b->now, b->now);
	CU_ASSERT_EQUAL(ledger(b)->waiting, 0);
	CU_ASSERT_EQUAL(ledger(b)->violations, 1);
	CU_ASSERT_EQUAL(ledger(b)->leaks, 1);
	CU_ASSERT_EQUAL(aggregate_finish(b->aggregate), 0);
	CU_ASSERT_EQUAL(b->n_events, 1);
	CU_ASSERT_EQUAL(b->events[0].facts.dport, 5001);
	CU_ASSERT_EQUAL(b->events[0].count, 1);
	bed_free(b);
}

static void
look_for_scans(struct bed *b)
{
	b->policy->checked->detect.scan_ports = (struct checked_detector){ .on = true,
	    .seconds = 300, .limit = 15, .severity = 3 };
}

/* Whose questions are read later scans nothing; who answers what nobody asked may. */
static void
an_answer_that_waits_is_no_scan(void)
{
	struct facts q = question(), a = answer();
	struct bed *b = bed_new(SECOND / 2);

	look_for_scans(b);
	see_clearly(b);
	for (uint16_t n = 0; n < 100; n++) {
		q.sport = a.dport = (uint16_t)(5000 + n);
		shoot(b, &a, from_b);
		if (n >= 50)
			continue;
		shoot(b, &q, from_a);
	}
	CU_ASSERT_EQUAL(ledger(b)->waiting, 100);
	CU_ASSERT_EQUAL(ledger(b)->detections, 0);
	b->now += SECOND;
	inspect_sweep(b->inspect, b->now, b->now);
	CU_ASSERT_EQUAL(ledger(b)->waiting, 0);
	CU_ASSERT_EQUAL(ledger(b)->violations, 50);
	CU_ASSERT_EQUAL(ledger(b)->detections, 1);
	bed_free(b);
	/* and with questions to all of them none */
	b = bed_new(SECOND / 2);
	look_for_scans(b);
	see_clearly(b);
	for (uint16_t n = 0; n < 50; n++) {
		q.sport = a.dport = (uint16_t)(5000 + n);
		shoot(b, &a, from_b);
		shoot(b, &q, from_a);
	}
	inspect_finish(b->inspect);
	CU_ASSERT_EQUAL(ledger(b)->violations, 0);
	CU_ASSERT_EQUAL(ledger(b)->detections, 0);
	bed_free(b);
}

/* A flood of answers holds no memory and loses no count. */
static void
waiting_is_bounded(void)
{
	struct facts a = answer();
	struct bed *b = bed_new(SECOND / 2);
	const uint64_t flood = INSPECT_WAITING + 1000;

	see_clearly(b);
	for (uint64_t i = 0; i < flood; i++) {
		a.dport = (uint16_t)(1024 + i);
		shoot(b, &a, from_b);
		CU_ASSERT_TRUE(inspect_balanced(ledger(b)));
	}
	CU_ASSERT_EQUAL(ledger(b)->waiting, INSPECT_WAITING);
	CU_ASSERT_EQUAL(ledger(b)->violations, flood - INSPECT_WAITING);
	inspect_finish(b->inspect);
	CU_ASSERT_EQUAL(ledger(b)->violations, flood);
	bed_free(b);
}

static void
each_packet_is_counted_once_in_its_place(void)
{
	const struct facts q = question(), a = answer();
	const struct facts ping = packet("10.1.0.2", "10.1.0.1", IPPROTO_ICMP, 8 << 8, 0);
	struct bed *b = bed_new(0);
	uint16_t mn, lg;
	uint64_t packets, bytes;

	mn = places_at(b->places, watch_policy_place(b->policy, MN))->zone_number;
	lg = places_at(b->places, watch_policy_place(b->policy, LG))->zone_number;
	for (int i = 0; i < 5; i++) {
		shoot(b, &q, from_a);
		shoot(b, &q, a_to_b);
		shoot(b, &a, b_to_a);
		shoot(b, &ping, from_a);
	}
	CU_ASSERT_EQUAL(b->permitted[mn][lg], 5);
	CU_ASSERT_EQUAL(b->permitted[lg][mn], 5);
	CU_ASSERT_EQUAL(b->permitted[mn][PLACE_SELF], 5);
	CU_ASSERT_EQUAL(ledger(b)->permitted, 20);
	inspect_permit(b->inspect, 0, &packets, &bytes);
	CU_ASSERT_EQUAL(packets, 10);
	CU_ASSERT_EQUAL(bytes, 10 * (14 + 20 + 12));
	inspect_permit(b->inspect, 1, &packets, &bytes);
	CU_ASSERT_EQUAL(packets, 5);
	bed_free(b);
}

static void
violations_and_excuses(void)
{
	const struct facts bad = packet("10.1.0.2", "10.2.0.3", IPPROTO_UDP, 9, 9);
	struct bed *b = bed_new(0);

	for (int i = 0; i < 3; i++)
		shoot(b, &bad, from_a);
	b->excuse = true;
	shoot(b, &bad, from_a);
	CU_ASSERT_EQUAL(ledger(b)->violations, 3);
	CU_ASSERT_EQUAL(ledger(b)->excused, 1);
	CU_ASSERT_EQUAL(ledger(b)->by_table, 0);
	CU_ASSERT_EQUAL(aggregate_finish(b->aggregate), 0);
	CU_ASSERT_EQUAL(b->n_events, 1);
	CU_ASSERT_EQUAL(b->events[0].count, 3);
	bed_free(b);
}

static void
what_the_gate_stopped_is_told_with_its_reason(void)
{
	const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };
	const struct facts bad = packet("10.1.0.2", "10.2.0.3", IPPROTO_UDP, 9, 9);
	struct bed *b = bed_new(0);
	struct random_frame frame;
	struct inspect_frame shot = { .link_type = INSPECT_BARE_PACKET,
	    .where = { .tap = LG, .ingress = MN }, .time_ns = START, .clock_ns = START,
	    .gate_reason = "sekisho:refuse", .mac = mac };

	random_frame_plain(&bad, &frame);
	shot.bytes = frame.bytes + 14;
	shot.captured = shot.length = frame.captured - 14;
	inspect_frames(b->inspect, &shot, 1);
	CU_ASSERT_EQUAL(ledger(b)->gate, 1);
	CU_ASSERT_EQUAL(ledger(b)->frames, 0);
	CU_ASSERT_EQUAL(ledger(b)->violations, 1);
	CU_ASSERT_EQUAL(aggregate_finish(b->aggregate), 0);
	CU_ASSERT_EQUAL(b->n_events, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(b->events[0].reason, "; gate: refuse"));
	CU_ASSERT_EQUAL(memcmp(b->events[0].facts.src_mac, mac, 6), 0);
	bed_free(b);
}

/* An IPv4 packet in another one (RFC 2003), both with the addresses given. */
static void
shoot_tunnel(struct bed *b, const char *src, const char *dst, const struct facts *inner)
{
	const struct facts outer = packet(src, dst, IPPROTO_IPIP, 0, 0);
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
	const struct facts good = question();
	const struct facts bad = packet("10.1.0.9", "10.2.0.9", IPPROTO_UDP, 9, 9);
	const struct facts strange = packet("192.168.1.1", "192.168.1.2", 17, 9, 9);
	struct bed *b = bed_new(0);

	shoot_tunnel(b, "10.1.0.2", "10.2.0.2", &good);
	shoot_tunnel(b, "10.1.0.2", "10.2.0.2", &strange);
	CU_ASSERT_EQUAL(ledger(b)->inner, 2);
	CU_ASSERT_EQUAL(ledger(b)->inner_permitted, 2);
	for (int i = 0; i < 3; i++)
		shoot_tunnel(b, "10.1.0.2", "10.2.0.2", &bad);
	CU_ASSERT_EQUAL(ledger(b)->inner_violations, 3);
	CU_ASSERT_EQUAL(ledger(b)->permitted, 5);
	CU_ASSERT_EQUAL(ledger(b)->violations, 0);
	/* the outer one is refused: that is told, and of the inner one nothing new */
	shoot_tunnel(b, "10.1.0.9", "10.2.0.2", &strange);
	CU_ASSERT_EQUAL(ledger(b)->inner_unrecorded, 1);
	CU_ASSERT_EQUAL(ledger(b)->violations, 1);
	CU_ASSERT_EQUAL(ledger(b)->by_table, 0);
	b->excuse = true;
	shoot_tunnel(b, "10.1.0.2", "10.2.0.2", &bad);
	CU_ASSERT_EQUAL(ledger(b)->inner_excused, 1);

	CU_ASSERT_EQUAL(aggregate_finish(b->aggregate), 0);
	CU_ASSERT_EQUAL(b->n_events, 2);
	CU_ASSERT_EQUAL(b->events[0].action, ACTION_TUNNEL);
	CU_ASSERT_EQUAL(b->events[0].count, 3);
	CU_ASSERT_EQUAL(b->events[0].facts.tunnel, TUNNEL_IPIP);
	CU_ASSERT_EQUAL(b->events[0].facts.level, 1);
	bed_free(b);
}

/* From 10.1.0.2 to 10.2.0.last; in it UDP from 10.from.0.2 to 10.to.0.9. */
static void
shoot_ipip(struct bed *b, uint8_t last, uint8_t from, uint8_t to)
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
	struct bed *b = bed_new(0);
	struct aggregate_totals t;
	uint16_t mn, lg;

	mn = places_at(b->places, watch_policy_place(b->policy, MN))->zone_number;
	lg = places_at(b->places, watch_policy_place(b->policy, LG))->zone_number;
	/* another way than the one that carries it */
	shoot_ipip(b, 3, 2, 1);
	CU_ASSERT_EQUAL(ledger(b)->violations, 1);
	CU_ASSERT_EQUAL(ledger(b)->inner_violations, 1);
	/* of a permitted one the packet inside is the violation */
	shoot_ipip(b, 2, 1, 2);
	shoot_ipip(b, 2, 1, 2);
	CU_ASSERT_EQUAL(ledger(b)->violations, 1);
	CU_ASSERT_EQUAL(ledger(b)->inner_violations, 3);
	CU_ASSERT_EQUAL(aggregate_finish(b->aggregate), 0);
	t = aggregate_total(b->aggregate, mn, lg);
	CU_ASSERT_EQUAL(t.attempts, 3);
	CU_ASSERT_EQUAL(t.leaks, 0);
	CU_ASSERT_EQUAL(t.beside, 0);
	t = aggregate_total(b->aggregate, lg, mn);
	CU_ASSERT_EQUAL(t.attempts, 0);
	CU_ASSERT_EQUAL(t.beside, 1);
	CU_ASSERT_EQUAL(b->n_events, 3);
	bed_free(b);
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
		{ "what came before us is assumed", what_came_before_us_is_assumed },
		{ "what is seeded is known", what_is_seeded_is_known },
		{ "no other opening is seeded", no_other_opening_is_seeded },
		{ "a long flow stays open", a_long_flow_stays_open },
		{ "the kernel may have seen it", the_kernel_may_have_seen_it },
		{ "an answer waits for its question", an_answer_waits_for_its_question },
		{ "an answer that waits is no scan", an_answer_that_waits_is_no_scan },
		{ "waiting is bounded", waiting_is_bounded },
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
