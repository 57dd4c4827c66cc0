/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who opened it: what was before us, what is seeded or known, and answers that wait. */
#include "agent/watch/inspect.h"
#include "agent/watch/flow_table.h"
#include "agent/watch/openings.h"
#include "agent/watch/watch_policy.h"
#include "tests/unit/inspect_bed.h"
#include "tests/unit/unit.h"

#include <netinet/in.h>
#include <string.h>

static void
what_came_before_us_is_assumed(void)
{
	const struct facts a = inspect_bed_answer();
	struct inspect_bed *b = inspect_bed_new(0);

	inspect_bed_shoot(b, &a, from_b);
	inspect_bed_shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 0);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->assumed, 2);
	inspect_bed_see_clearly(b);
	inspect_blind(b->inspect, b->now);
	inspect_bed_shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->assumed, 3);
	b->now += (FLOW_OPENING_SECONDS + 2 * FLOW_TICK_SECONDS) * SECOND;
	inspect_bed_shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 1);
	inspect_bed_free(b);
}

/* From the first packet on: who had asked is known, and nobody else had. */
static void
what_is_seeded_is_known(void)
{
	const struct facts a = inspect_bed_answer(), q = inspect_bed_question();
	const struct facts ask = inspect_bed_packet("10.1.0.2", "10.2.0.2", IPPROTO_ICMP, 8 << 8, 0);
	const struct facts reply = inspect_bed_packet("10.2.0.2", "10.1.0.2", IPPROTO_ICMP, 0, 0);
	const struct watch_opening known[] = { watch_opening_of(&q), watch_opening_of(&ask) };
	struct facts other = inspect_bed_answer();
	struct inspect_bed *b = inspect_bed_new(0);

	other.dport = 5001;
	inspect_seed(b->inspect, known, 2, b->now, b->now);
	inspect_clear_sight(b->inspect);
	inspect_bed_shoot(b, &a, from_b);
	inspect_bed_shoot(b, &reply, from_b);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->permitted, 2);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->assumed, 0);
	inspect_bed_shoot(b, &other, b_to_a);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->leaks, 1);
	/* the known flow is forgotten in its time, like any other */
	b->now += (FLOW_OPENING_SECONDS + 2 * FLOW_TICK_SECONDS) * SECOND;
	inspect_bed_shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 2);
	inspect_blind(b->inspect, b->now);
	inspect_bed_shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 2);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->assumed, 1);
	inspect_bed_free(b);
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
		const struct facts q = inspect_bed_packet(rows[n].src, rows[n].dst, IPPROTO_UDP,
		    rows[n].sport, rows[n].dport);
		const struct facts a = inspect_bed_packet(rows[n].dst, rows[n].src, IPPROTO_UDP,
		    rows[n].dport, rows[n].sport);
		const struct watch_opening o = watch_opening_of(&q);
		struct inspect_bed *b = inspect_bed_new(0);

		inspect_seed(b->inspect, &o, 1, b->now, b->now);
		inspect_clear_sight(b->inspect);
		if (n == 0)
			inspect_bed_shoot(b, &q, b_to_a);	/* does not explain itself */
		else
			inspect_bed_shoot(b, &a, b_to_a);
		CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 1);
		inspect_bed_free(b);
	}
}

/* Questions decided by the table keep their flow alive as long as any other. */
static void
a_long_flow_stays_open(void)
{
	const struct facts q = inspect_bed_question(), a = inspect_bed_answer();
	struct inspect_bed *b = inspect_bed_new(0);

	inspect_bed_see_clearly(b);
	for (int i = 0; i < 2000; i++) {
		inspect_bed_shoot(b, &q, from_a);
		b->now += SECOND / 2;
	}
	CU_ASSERT(inspect_bed_ledger(b)->by_table > 1900);
	inspect_bed_shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 0);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->assumed, 0);
	inspect_bed_free(b);
}

static void
the_kernel_may_have_seen_it(void)
{
	const struct facts a = inspect_bed_answer();
	struct inspect_bed *b = inspect_bed_new(0);

	inspect_bed_see_clearly(b);
	b->kernel_saw_it = true;
	inspect_bed_shoot(b, &a, from_b);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 0);
	CU_ASSERT_EQUAL(b->n_opened_asked, 1);
	b->kernel_saw_it = false;	/* from now on it is remembered here */
	inspect_bed_shoot(b, &a, b_to_a);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 0);
	inspect_bed_free(b);
}

/* Two rings: the answer is read first, the question a moment later. */
static void
an_answer_waits_for_its_question(void)
{
	const struct facts q = inspect_bed_question(), a = inspect_bed_answer();
	struct facts other = inspect_bed_answer();
	struct inspect_bed *b = inspect_bed_new(SECOND / 2);

	other.dport = 5001;
	inspect_bed_see_clearly(b);
	inspect_bed_shoot(b, &a, b_to_a);
	inspect_bed_shoot(b, &other, b_to_a);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->waiting, 2);
	CU_ASSERT_TRUE(inspect_balanced(inspect_bed_ledger(b)));
	inspect_bed_shoot(b, &q, from_a);
	b->now += SECOND / 4;
	inspect_sweep(b->inspect, b->now, b->now);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->waiting, 2);
	b->now += SECOND / 4;
	inspect_sweep(b->inspect, b->now, b->now);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->waiting, 0);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 1);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->leaks, 1);
	CU_ASSERT_EQUAL(aggregate_finish(b->aggregate), 0);
	CU_ASSERT_EQUAL(b->n_events, 1);
	CU_ASSERT_EQUAL(b->events[0].facts.dport, 5001);
	CU_ASSERT_EQUAL(b->events[0].count, 1);
	inspect_bed_free(b);
}

static void
look_for_scans(struct inspect_bed *b)
{
	b->policy->checked->detect.scan_ports = (struct checked_detector){ .on = true,
	    .seconds = 300, .limit = 15, .severity = 3 };
}

/* Whose questions are read later scans nothing; who answers what nobody asked may. */
static void
an_answer_that_waits_is_no_scan(void)
{
	struct facts q = inspect_bed_question(), a = inspect_bed_answer();
	struct inspect_bed *b = inspect_bed_new(SECOND / 2);

	look_for_scans(b);
	inspect_bed_see_clearly(b);
	for (uint16_t n = 0; n < 100; n++) {
		q.sport = a.dport = (uint16_t)(5000 + n);
		inspect_bed_shoot(b, &a, from_b);
		if (n >= 50)
			continue;
		inspect_bed_shoot(b, &q, from_a);
	}
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->waiting, 100);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->detections, 0);
	b->now += SECOND;
	inspect_sweep(b->inspect, b->now, b->now);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->waiting, 0);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 50);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->detections, 1);
	inspect_bed_free(b);
	/* and with questions to all of them none */
	b = inspect_bed_new(SECOND / 2);
	look_for_scans(b);
	inspect_bed_see_clearly(b);
	for (uint16_t n = 0; n < 50; n++) {
		q.sport = a.dport = (uint16_t)(5000 + n);
		inspect_bed_shoot(b, &a, from_b);
		inspect_bed_shoot(b, &q, from_a);
	}
	inspect_finish(b->inspect);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, 0);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->detections, 0);
	inspect_bed_free(b);
}

/* A flood of answers holds no memory and loses no count. */
static void
waiting_is_bounded(void)
{
	struct facts a = inspect_bed_answer();
	struct inspect_bed *b = inspect_bed_new(SECOND / 2);
	const uint64_t flood = INSPECT_WAITING + 1000;

	inspect_bed_see_clearly(b);
	for (uint64_t i = 0; i < flood; i++) {
		a.dport = (uint16_t)(1024 + i);
		inspect_bed_shoot(b, &a, from_b);
		CU_ASSERT_TRUE(inspect_balanced(inspect_bed_ledger(b)));
	}
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->waiting, INSPECT_WAITING);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, flood - INSPECT_WAITING);
	inspect_finish(b->inspect);
	CU_ASSERT_EQUAL(inspect_bed_ledger(b)->violations, flood);
	inspect_bed_free(b);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "what came before us is assumed", what_came_before_us_is_assumed },
		{ "what is seeded is known", what_is_seeded_is_known },
		{ "no other opening is seeded", no_other_opening_is_seeded },
		{ "a long flow stays open", a_long_flow_stays_open },
		{ "the kernel may have seen it", the_kernel_may_have_seen_it },
		{ "an answer waits for its question", an_answer_waits_for_its_question },
		{ "an answer that waits is no scan", an_answer_that_waits_is_no_scan },
		{ "waiting is bounded", waiting_is_bounded },
		CU_TEST_INFO_NULL,
	};

	return unit_main("inspect_openings", tests);
}
