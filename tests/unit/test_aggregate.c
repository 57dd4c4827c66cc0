/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/aggregate.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND	1000000000ll
#define START	(1000 * SECOND)		/* CLOCK_MONOTONIC of the tests */
#define WALL	(1763700000 * SECOND)	/* CLOCK_REALTIME */

#define ZONE_A	2u	/* places of the test policy's two segments */
#define ZONE_B	3u

/* What the recorder would have got. */
struct record {
	struct event events[4096];
	size_t n;
	size_t refuse;		/* so many more are refused */
	size_t refuse_after;	/* not 0: that many are taken, then one is refused */
	uint64_t finals;	/* sum of the counts of all finals */
};

struct bed {
	struct record record;
	struct places *places;
	struct aggregate *a;
	int64_t now;
};

static int
note(void *arg, const struct event *e)
{
	struct record *r = arg;

	if (r->refuse > 0) {
		r->refuse--;
		return -EAGAIN;
	}
	if (r->refuse_after > 0 && --r->refuse_after == 0)
		r->refuse = 1;
	if (r->n < sizeof(r->events) / sizeof(r->events[0]))
		r->events[r->n] = *e;
	r->n++;
	if (e->phase == PHASE_FINAL)
		r->finals += e->count;
	CU_ASSERT(e->count > 0);
	CU_ASSERT(e->first_ns <= e->last_ns);
	return 0;
}

static char name_a[] = "a", name_b[] = "b", if_a[] = "za0", if_b[] = "zb0";

static struct bed *
bed_new(size_t entries)
{
	struct checked_zone zones[] = {
		{ name_a, name_a, ZONE_CLASS_MYNUMBER, { NULL, 0 } },
		{ name_b, name_b, ZONE_CLASS_INTERNET, { NULL, 0 } },
	};
	struct checked_segment segments[] = {
		{ .zone = 0, .interface = if_a }, { .zone = 1, .interface = if_b },
	};
	struct checked checked = { .zones = zones, .n_zones = 2, .segments = segments,
	    .n_segments = 2 };
	uint16_t place[2];
	struct bed *b = calloc(1, sizeof(*b));

	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	b->now = START;
	b->places = places_new();
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->places);
	CU_ASSERT_EQUAL_FATAL(places_learn(b->places, &checked, place), 0);
	CU_ASSERT_EQUAL(place[0], ZONE_A);
	CU_ASSERT_EQUAL(place[1], ZONE_B);
	b->a = aggregate_new(b->places, entries, note, &b->record);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->a);
	return b;
}

static void
bed_free(struct bed *b)
{
	aggregate_free(b->a);
	places_free(b->places);
	free(b);
}

static void
see_as(struct bed *b, unsigned int n, uint8_t witness, bool beside)
{
	struct facts f = { .protocol = 6, .dport = 443, .flags = FACT_HAS_PORTS,
	    .length = 60 };
	struct sighting s = { .facts = &f, .permit = "", .gate_reason = "",
	    .time_ns = WALL + (b->now - START), .from = ZONE_A, .to = ZONE_B,
	    .witness = witness, .zv = ZV_01_ZONE_CROSSING, .action = ACTION_ATTEMPT,
	    .beside = beside };

	f.src = (struct ip_addr){ 0x0a010000u + n, IP_V4 };
	f.dst = (struct ip_addr){ 0x0a020003u, IP_V4 };
	aggregate_add(b->a, &s, b->now);
}

/* A packet of host n of zone a to zone b, by one witness. */
static void
see(struct bed *b, unsigned int n, uint8_t witness)
{
	see_as(b, n, witness, false);
}

/* A mild detection of host n, by a tap. */
static void
detect(struct bed *b, unsigned int n)
{
	struct facts f = { .protocol = 6, .dport = 80, .flags = FACT_HAS_PORTS,
	    .length = 60 };
	struct sighting s = { .facts = &f, .permit = "", .gate_reason = "",
	    .time_ns = WALL + (b->now - START), .from = ZONE_A, .to = ZONE_B,
	    .witness = WITNESS_TAP_INGRESS, .zv = ZV_13_CLEAR_TEXT,
	    .action = ACTION_BEHAVIOUR, .severity = SEVERITY_NOTICE, .beside = true };

	f.src = (struct ip_addr){ 0x0a010000u + n, IP_V4 };
	f.dst = (struct ip_addr){ 0x0a020003u, IP_V4 };
	aggregate_add(b->a, &s, b->now);
}

static void
balances(const struct bed *b)
{
	struct aggregate_ledger l;

	aggregate_ledger(b->a, &l);
	CU_ASSERT_EQUAL(l.added, l.open + l.closed);
	CU_ASSERT_EQUAL(l.counted, l.told + l.untold);
}

/* Time passes as the loop lets it pass. */
static void
wait_ns(struct bed *b, int64_t ns)
{
	for (int64_t end = b->now + ns; b->now < end;) {
		b->now += AGGREGATE_SWEEP_NS;
		aggregate_sweep(b->a, b->now);
	}
}

static void
a_leak_is_told_at_once(void)
{
	struct bed *b = bed_new(16);
	const struct event *e = &b->record.events[0];

	see(b, 1, WITNESS_TAP_INGRESS);
	CU_ASSERT_EQUAL(b->record.n, 0);
	see(b, 1, WITNESS_TAP_EGRESS);
	CU_ASSERT_EQUAL_FATAL(b->record.n, 1);
	CU_ASSERT_EQUAL(e->phase, PHASE_FIRST);
	CU_ASSERT_EQUAL(e->action, ACTION_LEAK);
	CU_ASSERT_EQUAL(e->count, 1);
	CU_ASSERT_EQUAL(e->bytes, 60);
	CU_ASSERT_EQUAL(e->witness, WITNESS_TAP_INGRESS | WITNESS_TAP_EGRESS);
	CU_ASSERT_STRING_EQUAL(e->from_zone, "a");
	CU_ASSERT_STRING_EQUAL(e->out_interface, "zb0");
	CU_ASSERT(e->severity >= SEVERITY_HIGH);

	/* what crossed is never an attempt as well */
	wait_ns(b, 2 * SECOND);
	CU_ASSERT_EQUAL(b->record.n, 1);
	CU_ASSERT_EQUAL(aggregate_finish(b->a), 0);
	CU_ASSERT_EQUAL(b->record.n, 2);
	CU_ASSERT_EQUAL(b->record.finals, 1);
	CU_ASSERT_EQUAL(aggregate_used(b->a), 0);
	bed_free(b);
}

static void
an_attempt_waits_unless_the_gate_stopped_it(void)
{
	struct bed *b = bed_new(16);

	see(b, 1, WITNESS_TAP_INGRESS);
	see(b, 2, WITNESS_TAP_INGRESS);
	see(b, 2, WITNESS_GATE);
	CU_ASSERT_EQUAL_FATAL(b->record.n, 1);
	CU_ASSERT_EQUAL(b->record.events[0].facts.src.value, 0x0a010002);
	CU_ASSERT_EQUAL(b->record.events[0].action, ACTION_ATTEMPT);
	CU_ASSERT_EQUAL(b->record.events[0].witness, WITNESS_TAP_INGRESS | WITNESS_GATE);

	wait_ns(b, AGGREGATE_SWEEP_NS);
	CU_ASSERT_EQUAL(b->record.n, 1);
	wait_ns(b, AGGREGATE_SWEEP_NS);
	CU_ASSERT_EQUAL_FATAL(b->record.n, 2);
	CU_ASSERT_EQUAL(b->record.events[1].facts.src.value, 0x0a010001);
	CU_ASSERT_EQUAL(b->record.events[1].count, 1);
	/* the gate and the wire saw one packet, not two */
	aggregate_finish(b->a);
	CU_ASSERT_EQUAL(b->record.finals, 2);
	bed_free(b);
}

static void
updates_come_at_growing_intervals(void)
{
	static const int64_t seconds[] = { 0, 1, 10, 100, 1000 };
	struct bed *b = bed_new(16);
	uint64_t fed = 0;

	while (b->now < START + 1500 * SECOND) {
		see(b, 1, WITNESS_TAP_EGRESS);
		fed++;
		wait_ns(b, AGGREGATE_SWEEP_NS);
	}
	CU_ASSERT_EQUAL_FATAL(b->record.n, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct event *e = &b->record.events[i];
		int64_t after = e->last_ns - WALL;

		CU_ASSERT_EQUAL(e->phase, i == 0 ? PHASE_FIRST : PHASE_UPDATE);
		CU_ASSERT_EQUAL(e->key, b->record.events[0].key);
		CU_ASSERT(after >= (seconds[i] - 1) * SECOND &&
		    after <= (seconds[i] + 1) * SECOND);
	}
	wait_ns(b, AGGREGATE_IDLE_NS);
	CU_ASSERT_EQUAL(b->record.n, 6);
	CU_ASSERT_EQUAL(b->record.events[5].phase, PHASE_FINAL);
	CU_ASSERT_EQUAL(b->record.finals, fed);
	CU_ASSERT_EQUAL(aggregate_used(b->a), 0);
	bed_free(b);
}

static void
attempts_and_leaks_of_one_key_are_two_stories(void)
{
	struct bed *b = bed_new(16);
	uint64_t by_action[ACTION_COUNT] = { 0 };

	for (int i = 0; i < 10; i++)
		see(b, 1, WITNESS_TAP_INGRESS);
	for (int i = 0; i < 4; i++)
		see(b, 1, WITNESS_TAP_EGRESS);
	for (int i = 0; i < 3; i++)
		see(b, 1, WITNESS_GATE);	/* a sample: its rate is limited */
	aggregate_finish(b->a);
	for (size_t i = 0; i < b->record.n; i++)
		if (b->record.events[i].phase == PHASE_FINAL)
			by_action[b->record.events[i].action] +=
			    b->record.events[i].count;
	CU_ASSERT_EQUAL(by_action[ACTION_LEAK], 4);
	CU_ASSERT_EQUAL(by_action[ACTION_ATTEMPT], 6);
	CU_ASSERT_EQUAL(aggregate_total(b->a, ZONE_A, ZONE_B).leaks, 4);
	CU_ASSERT_EQUAL(aggregate_total(b->a, ZONE_A, ZONE_B).attempts, 6);
	bed_free(b);
}

/* It left by another way than its destination says: the ingress twin is no attempt. */
static void
a_detour_is_not_counted_twice(void)
{
	struct bed *b = bed_new(16);
	struct facts f = { .src = { 0x0a010001, IP_V4 }, .dst = { 0x0a020003, IP_V4 },
	    .protocol = 6, .dport = 443, .flags = FACT_HAS_PORTS, .length = 60 };
	struct sighting arrival = { .facts = &f, .permit = "", .gate_reason = "",
	    .from = ZONE_A, .to = ZONE_B, .zv = ZV_01_ZONE_CROSSING,
	    .action = ACTION_ATTEMPT };

	see(b, 1, WITNESS_TAP_INGRESS);
	aggregate_add_crossed(b->a, &arrival);
	f.dport = 80;
	aggregate_add_crossed(b->a, &arrival);	/* nobody came like that */
	wait_ns(b, SECOND);
	aggregate_finish(b->a);
	CU_ASSERT_EQUAL(b->record.n, 0);
	bed_free(b);
}

static void
what_the_recorder_refuses_is_offered_again(void)
{
	struct bed *b = bed_new(16);

	b->record.refuse = 2;
	see(b, 1, WITNESS_TAP_EGRESS);
	see(b, 1, WITNESS_TAP_EGRESS);
	CU_ASSERT_EQUAL(b->record.n, 0);
	wait_ns(b, AGGREGATE_SWEEP_NS);
	CU_ASSERT_EQUAL(b->record.n, 0);
	wait_ns(b, AGGREGATE_SWEEP_NS);
	CU_ASSERT_EQUAL_FATAL(b->record.n, 1);
	CU_ASSERT_EQUAL(b->record.events[0].phase, PHASE_FIRST);
	CU_ASSERT_EQUAL(b->record.events[0].count, 2);
	b->record.refuse = 1;
	CU_ASSERT_EQUAL(aggregate_finish(b->a), 1);
	CU_ASSERT_EQUAL(aggregate_finish(b->a), 0);
	CU_ASSERT_EQUAL(b->record.finals, 2);
	bed_free(b);
}

/* The recorder took the attempts' final and not the leaks'; the key lives on. */
static void
a_final_that_got_half_through_counts_nothing_twice(void)
{
	struct bed *b = bed_new(16);

	see(b, 1, WITNESS_TAP_INGRESS);
	see(b, 1, WITNESS_TAP_INGRESS);
	see(b, 1, WITNESS_TAP_EGRESS);
	wait_ns(b, 2 * SECOND);
	b->now += AGGREGATE_IDLE_NS;
	b->record.refuse_after = 1;
	aggregate_sweep(b->a, b->now);
	CU_ASSERT_EQUAL(b->record.finals, 1);
	see(b, 1, WITNESS_TAP_INGRESS);
	CU_ASSERT_EQUAL(aggregate_finish(b->a), 0);
	CU_ASSERT_EQUAL(b->record.finals, 3);
	bed_free(b);
}

static void
a_full_table_counts_by_pair_of_zones(void)
{
	struct bed *b = bed_new(8);
	uint64_t together = 0;

	for (unsigned int n = 0; n < 100; n++)
		for (unsigned int times = 0; times <= n % 3; times++)
			see(b, n, WITNESS_TAP_INGRESS);
	CU_ASSERT_EQUAL(aggregate_used(b->a), 8);
	CU_ASSERT(aggregate_overflowed(b->a) > 0);
	aggregate_finish(b->a);
	for (size_t i = 0; i < b->record.n; i++)
		if (b->record.events[i].facts.src.family == IP_NONE) {
			together += b->record.events[i].count;
			CU_ASSERT_STRING_EQUAL(b->record.events[i].from_zone, "a");
		}
	CU_ASSERT_EQUAL(together, aggregate_overflowed(b->a));
	CU_ASSERT_EQUAL(b->record.finals, 33 * 6 + 1);
	/* room again */
	see(b, 200, WITNESS_TAP_INGRESS);
	CU_ASSERT_EQUAL(aggregate_used(b->a), 1);
	bed_free(b);
}

/*
 * Conservation: whatever the order, the times and the refusals, every stopped
 * packet is one attempt and every crossing one leak in the sum of the finals.
 */
static void
no_packet_is_lost_or_counted_twice(void)
{
	for (unsigned int round = 0; round < 20; round++) {
		struct bed *b = bed_new(64);
		uint64_t fed = 0, leaked = 0;

		srandom(round + 1);
		for (int i = 0; i < 5000; i++) {
			unsigned int host = (unsigned int)random() % 100;
			bool crosses = host % 3 == 0;

			see(b, host, WITNESS_TAP_INGRESS);
			if (crosses)
				see(b, host, WITNESS_TAP_EGRESS);
			else if (random() % 2 == 0)
				see(b, host, WITNESS_GATE);
			fed++;
			leaked += crosses;
			if (random() % 50 == 0)
				b->record.refuse = (size_t)random() % 5;
			if (random() % 20 == 0)
				wait_ns(b, (random() % 40) * SECOND);
			balances(b);
		}
		b->record.refuse = 0;
		/* every other round the recorder has room for a few finals only */
		b->record.refuse_after = round % 2 == 0 ? 0 : 1 + (size_t)random() % 30;
		if (aggregate_finish(b->a) > 0) {
			balances(b);
			b->record.refuse = b->record.refuse_after = 0;
			CU_ASSERT_EQUAL(aggregate_fold(b->a), 0);
		}
		balances(b);
		CU_ASSERT_EQUAL(aggregate_used(b->a), 0);
		CU_ASSERT_EQUAL(b->record.finals, fed);
		CU_ASSERT_EQUAL(aggregate_total(b->a, ZONE_A, ZONE_B).leaks, leaked);
		CU_ASSERT_EQUAL(aggregate_total(b->a, ZONE_A, ZONE_B).attempts,
		    fed - leaked);
		bed_free(b);
	}
}

/* Who fills the table with detections hides no leak among them. */
static void
a_leak_is_grave_in_a_full_table_too(void)
{
	struct bed *b = bed_new(4);
	bool leak = false, detection = false;

	for (unsigned int n = 0; n < 8; n++)
		detect(b, n);
	CU_ASSERT(aggregate_overflowed(b->a) > 0);
	see(b, 100, WITNESS_TAP_EGRESS);
	CU_ASSERT_EQUAL(aggregate_finish(b->a), 0);
	for (size_t i = 0; i < b->record.n; i++) {
		const struct event *e = &b->record.events[i];

		if (e->action == ACTION_LEAK) {
			leak = true;
			CU_ASSERT_EQUAL(e->severity, SEVERITY_CRITICAL);
		} else if (e->facts.src.family == IP_V4) {
			detection = true;
			CU_ASSERT_EQUAL(e->severity, SEVERITY_NOTICE);
		} else {
			CU_ASSERT(e->severity > SEVERITY_NOTICE);
		}
	}
	CU_ASSERT(leak && detection);
	bed_free(b);
}

/* At a stop: the recorder is slow, so the rest is told together, and exactly. */
static void
what_is_left_is_told_for_its_pair_of_zones(void)
{
	struct bed *b = bed_new(64);
	uint64_t leaks = 0, attempts = 0, singles = 0;

	for (unsigned int n = 0; n < 40; n++) {
		see(b, n, WITNESS_TAP_INGRESS);
		see(b, n, WITNESS_TAP_INGRESS);
		see(b, n, n % 2 == 0 ? WITNESS_TAP_EGRESS : WITNESS_GATE);
	}
	wait_ns(b, SECOND);
	b->record.n = 0;
	b->record.refuse_after = 10;
	CU_ASSERT(aggregate_finish(b->a) > 0);
	singles = b->record.n;
	CU_ASSERT_EQUAL(aggregate_fold(b->a), 0);
	/* at most one of each kind more */
	CU_ASSERT(b->record.n <= singles + 2);
	for (size_t i = 0; i < b->record.n; i++)
		*(b->record.events[i].action == ACTION_LEAK ? &leaks : &attempts) +=
		    b->record.events[i].count;
	CU_ASSERT_EQUAL(leaks, 20);
	CU_ASSERT_EQUAL(attempts, 20 + 40);
	CU_ASSERT_EQUAL(aggregate_total(b->a, ZONE_A, ZONE_B).leaks, 20);
	CU_ASSERT_EQUAL(aggregate_total(b->a, ZONE_A, ZONE_B).attempts, 60);
	balances(b);
	bed_free(b);
}

/* The upper bound counts what still may leave, the totals do not. */
static void
the_most_attempts_include_those_that_wait(void)
{
	static uint64_t most[PLACE_ZONES_MAX][PLACE_ZONES_MAX];
	struct bed *b = bed_new(64);

	for (unsigned int n = 0; n < 10; n++)
		see(b, n, WITNESS_TAP_INGRESS);
	aggregate_most_attempts(b->a, most);
	CU_ASSERT_EQUAL(most[ZONE_A][ZONE_B], 10);
	CU_ASSERT_EQUAL(aggregate_total(b->a, ZONE_A, ZONE_B).attempts, 0);
	wait_ns(b, SECOND);
	aggregate_most_attempts(b->a, most);
	CU_ASSERT_EQUAL(most[ZONE_A][ZONE_B], 10);
	CU_ASSERT_EQUAL(aggregate_total(b->a, ZONE_A, ZONE_B).attempts, 10);
	bed_free(b);
}

/*
 * Even with the same key in all else: told of like any other, and neither an attempt
 * nor a leak more. Three hosts; with a table of one entry most are counted by pair.
 */
static void
count_beside(size_t entries)
{
	static uint64_t most[PLACE_ZONES_MAX][PLACE_ZONES_MAX];
	struct bed *b = bed_new(entries);
	struct aggregate_totals t;

	for (unsigned int n = 0; n < 3; n++) {
		see(b, n, WITNESS_TAP_INGRESS);
		see_as(b, n, WITNESS_TAP_INGRESS, true);
		see(b, n, WITNESS_GATE);
		see_as(b, n, WITNESS_TAP_INGRESS, true);
		see(b, n, WITNESS_TAP_INGRESS);
		see(b, n, WITNESS_TAP_EGRESS);
		see_as(b, n, WITNESS_TAP_EGRESS, true);
		balances(b);
	}
	aggregate_most_attempts(b->a, most);
	CU_ASSERT_EQUAL(most[ZONE_A][ZONE_B], 3);
	wait_ns(b, SECOND);
	balances(b);
	t = aggregate_total(b->a, ZONE_A, ZONE_B);
	CU_ASSERT_EQUAL(t.attempts, 3);
	CU_ASSERT_EQUAL(t.leaks, 3);
	CU_ASSERT_EQUAL(t.beside, 6);
	/* one record is refused: the rest is folded, still apart */
	b->record.refuse_after = 3;
	CU_ASSERT(aggregate_finish(b->a) > 0);
	CU_ASSERT_EQUAL(aggregate_fold(b->a), 0);
	balances(b);
	t = aggregate_total(b->a, ZONE_A, ZONE_B);
	CU_ASSERT_EQUAL(t.attempts, 3);
	CU_ASSERT_EQUAL(t.leaks, 3);
	CU_ASSERT_EQUAL(t.beside, 6);
	CU_ASSERT_EQUAL(b->record.finals, 12);
	CU_ASSERT_EQUAL(aggregate_used(b->a), 0);
	bed_free(b);
}

static void
what_is_beside_a_packet_is_counted_apart(void)
{
	count_beside(16);
	count_beside(1);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "what is beside a packet is counted apart",
		  what_is_beside_a_packet_is_counted_apart },
		{ "what is left is told for its pair of zones",
		  what_is_left_is_told_for_its_pair_of_zones },
		{ "the most attempts include those that wait",
		  the_most_attempts_include_those_that_wait },
		{ "a leak is told at once", a_leak_is_told_at_once },
		{ "an attempt waits unless the gate stopped it",
		  an_attempt_waits_unless_the_gate_stopped_it },
		{ "updates come at growing intervals",
		  updates_come_at_growing_intervals },
		{ "attempts and leaks of one key are two stories",
		  attempts_and_leaks_of_one_key_are_two_stories },
		{ "a detour is not counted twice", a_detour_is_not_counted_twice },
		{ "what the recorder refuses is offered again",
		  what_the_recorder_refuses_is_offered_again },
		{ "a final that got half through counts nothing twice",
		  a_final_that_got_half_through_counts_nothing_twice },
		{ "a leak is grave in a full table too",
		  a_leak_is_grave_in_a_full_table_too },
		{ "a full table counts by pair of zones",
		  a_full_table_counts_by_pair_of_zones },
		{ "no packet is lost or counted twice",
		  no_packet_is_lost_or_counted_twice },
		CU_TEST_INFO_NULL,
	};

	return unit_main("aggregate", tests);
}
