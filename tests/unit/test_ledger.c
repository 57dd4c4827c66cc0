/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/ledger.h"
#include "agent/watch/loss.h"
#include "tests/unit/unit.h"

#include <stddef.h>
#include <string.h>

#define SECOND 1000000000ll

/* A moment at which every identity holds. */
static const struct ledger_sample balanced = {
	.seen = 1000, .proven = 600, .received = 400, .dropped = 30, .delivered = 360,
	.left = 3, .frames = 350, .canaries = 10, .gate = 20,
	.judged = { 200, 50, 4, 110 }, .held = 6, .inner = 40, .inside = { 20, 3, 2, 9 },
	.unrecorded = 6, .detections = 2, .added = 121, .open = 21, .closed = 100,
	.counted = 60, .told = 40, .untold = 20, .offered = 9, .sent = 7, .refused = 2,
	.packets_wanted = 8, .packets_sent = 5, .packets_limited = 1, .packets_refused = 2,
};

static size_t
check_one(const struct ledger_sample *s, struct ledger_fault faults[LEDGER_LAYERS])
{
	return ledger_check(s, s, faults);
}

static void
a_balanced_sample_has_no_fault(void)
{
	struct ledger_fault faults[LEDGER_LAYERS];

	CU_ASSERT_EQUAL(check_one(&balanced, faults), 0);
	CU_ASSERT_EQUAL(ledger_waiting(&balanced), 7);
	CU_ASSERT_EQUAL(check_one(&(struct ledger_sample){ .seen = 0 }, faults), 0);
}

/* Every number of the sample, one too many: the layer that must notice. */
static void
every_number_is_held_by_an_identity(void)
{
	static const struct {
		size_t at;
		enum ledger_layer layer;
	} rows[] = {
		{ offsetof(struct ledger_sample, seen), LEDGER_FILTER },
		{ offsetof(struct ledger_sample, proven), LEDGER_FILTER },
		{ offsetof(struct ledger_sample, received), LEDGER_FILTER },
		{ offsetof(struct ledger_sample, delivered), LEDGER_DECODE },
		{ offsetof(struct ledger_sample, frames), LEDGER_DECODE },
		{ offsetof(struct ledger_sample, gate), LEDGER_JUDGE },
		{ offsetof(struct ledger_sample, canaries), LEDGER_DECODE },
		{ offsetof(struct ledger_sample, inner), LEDGER_TUNNELS },
		{ offsetof(struct ledger_sample, unrecorded), LEDGER_TUNNELS },
		{ offsetof(struct ledger_sample, inside.permitted), LEDGER_TUNNELS },
		{ offsetof(struct ledger_sample, inside.local), LEDGER_TUNNELS },
		{ offsetof(struct ledger_sample, inside.excused), LEDGER_TUNNELS },
		{ offsetof(struct ledger_sample, inside.violations), LEDGER_TUNNELS },
		{ offsetof(struct ledger_sample, held), LEDGER_JUDGE },
		{ offsetof(struct ledger_sample, judged.permitted), LEDGER_JUDGE },
		{ offsetof(struct ledger_sample, judged.local), LEDGER_JUDGE },
		{ offsetof(struct ledger_sample, judged.excused), LEDGER_JUDGE },
		{ offsetof(struct ledger_sample, judged.violations), LEDGER_JUDGE },
		{ offsetof(struct ledger_sample, detections), LEDGER_AGGREGATE },
		{ offsetof(struct ledger_sample, added), LEDGER_AGGREGATE },
		{ offsetof(struct ledger_sample, open), LEDGER_AGGREGATE },
		{ offsetof(struct ledger_sample, closed), LEDGER_AGGREGATE },
		{ offsetof(struct ledger_sample, counted), LEDGER_TOTALS },
		{ offsetof(struct ledger_sample, told), LEDGER_TOTALS },
		{ offsetof(struct ledger_sample, untold), LEDGER_TOTALS },
		{ offsetof(struct ledger_sample, offered), LEDGER_RECORD },
		{ offsetof(struct ledger_sample, sent), LEDGER_RECORD },
		{ offsetof(struct ledger_sample, refused), LEDGER_RECORD },
		{ offsetof(struct ledger_sample, packets_wanted), LEDGER_PACKETS },
		{ offsetof(struct ledger_sample, packets_sent), LEDGER_PACKETS },
		{ offsetof(struct ledger_sample, packets_limited), LEDGER_PACKETS },
		{ offsetof(struct ledger_sample, packets_refused), LEDGER_PACKETS },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ledger_fault faults[LEDGER_LAYERS];
		struct ledger_sample s = balanced;
		uint64_t n;
		size_t found;

		memcpy(&n, (const char *)&s + rows[i].at, sizeof(n));
		n++;
		memcpy((char *)&s + rows[i].at, &n, sizeof(n));
		found = check_one(&s, faults);
		CU_ASSERT_FATAL(found >= 1);
		CU_ASSERT_EQUAL(faults[0].layer, rows[i].layer);
	}
}

static void
a_ring_may_hold_but_not_give_what_it_never_got(void)
{
	struct ledger_fault faults[LEDGER_LAYERS];
	struct ledger_sample s = { .seen = 10, .received = 10, .dropped = 4,
	    .delivered = 7, .frames = 7, .judged = { .local = 7 } };
	char text[64];

	CU_ASSERT_EQUAL_FATAL(check_one(&s, faults), 1);
	CU_ASSERT_EQUAL(faults[0].layer, LEDGER_RING);
	ledger_write_fault(&faults[0], text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "ring: 10 in, 11 out");
	s.dropped = 3;
	CU_ASSERT_EQUAL(check_one(&s, faults), 0);
	s.left = 1;
	CU_ASSERT_EQUAL(check_one(&s, faults), 1);
}

/* The kernel counts on between two questions: that is no fault. */
static void
what_moves_between_the_samples_is_no_fault(void)
{
	struct ledger_fault faults[LEDGER_LAYERS];
	struct ledger_sample earlier = balanced, later = balanced;

	/* seen was read first, 5 packets later the others */
	earlier.proven += 3;
	earlier.received += 2;
	later.seen += 5;
	later.proven += 3;
	later.received += 2;
	CU_ASSERT_EQUAL(ledger_check(&earlier, &later, faults), 0);
	/* but 6 of the 5 that were seen cannot have come out */
	earlier.received++;
	later.received++;
	CU_ASSERT_EQUAL_FATAL(ledger_check(&earlier, &later, faults), 1);
	CU_ASSERT_EQUAL(faults[0].layer, LEDGER_FILTER);
	CU_ASSERT_EQUAL(faults[0].in, 1005);
	CU_ASSERT_EQUAL(faults[0].out, 1006);
}

static void
frames_that_never_come_out_of_a_ring_are_noticed(void)
{
	struct ledger_sample then = balanced, now = balanced;
	struct ledger_fault f;

	CU_ASSERT_TRUE(ledger_is_stuck(&then, &now, &f));
	CU_ASSERT_EQUAL(f.in, 400);
	CU_ASSERT_EQUAL(f.out, 393);
	now.delivered++;
	CU_ASSERT_FALSE(ledger_is_stuck(&then, &now, &f));
	now = balanced;
	now.received++;
	CU_ASSERT_FALSE(ledger_is_stuck(&then, &now, &f));
	then.left = now.left = 10;
	now.received = then.received;
	CU_ASSERT_FALSE(ledger_is_stuck(&then, &now, &f));
}

/* ---- losses ---------------------------------------------------------------------- */

static void
a_loss_is_told_at_once_with_its_interval(void)
{
	struct loss l = { .total = 0 };

	loss_count(&l, 0, 1 * SECOND, 2 * SECOND);
	CU_ASSERT_FALSE(loss_is_due(&l, 0));
	loss_count(&l, 7, 2 * SECOND, 3 * SECOND);
	CU_ASSERT_TRUE(loss_is_due(&l, 0));
	CU_ASSERT_EQUAL(l.untold, 7);
	CU_ASSERT_EQUAL(l.first_ns, 2 * SECOND);
	CU_ASSERT_EQUAL(l.last_ns, 3 * SECOND);
	/* the recorder was busy: the same record, and more in it */
	loss_count(&l, 7, 3 * SECOND, 4 * SECOND);
	loss_count(&l, 9, 4 * SECOND, 5 * SECOND);
	CU_ASSERT_EQUAL(l.untold, 9);
	CU_ASSERT_EQUAL(l.first_ns, 2 * SECOND);
	CU_ASSERT_EQUAL(l.last_ns, 5 * SECOND);
}

/* An hour of loss, a look a second. */
static void
a_loss_that_goes_on_is_told_more_rarely_and_exactly(void)
{
	struct loss l = { .total = 0 };
	uint64_t told = 0, total = 0;
	unsigned int records = 0, in_first_minute = 0;

	for (int64_t s = 0; s < 3600; s++) {
		total += (uint64_t)s % 5;
		loss_count(&l, total, (s - 1) * SECOND, s * SECOND);
		if (!loss_is_due(&l, s * SECOND))
			continue;
		told += l.untold;
		loss_told(&l, s * SECOND);
		records++;
		in_first_minute += s < 60;
	}
	CU_ASSERT_EQUAL(told + l.untold, total);
	CU_ASSERT(records <= 63);
	CU_ASSERT(records >= 58);
	CU_ASSERT(in_first_minute >= 3);
}

static void
a_new_loss_after_a_pause_is_told_at_once_again(void)
{
	struct loss l = { .total = 0 };

	for (int64_t s = 0; s < 300; s++) {
		loss_count(&l, (uint64_t)s + 1, (s - 1) * SECOND, s * SECOND);
		if (loss_is_due(&l, s * SECOND))
			loss_told(&l, s * SECOND);
	}
	CU_ASSERT_EQUAL(l.step_ns, LOSS_MOST_NS);
	loss_told(&l, 300 * SECOND);
	loss_count(&l, 1000, 899 * SECOND, 900 * SECOND);
	CU_ASSERT_TRUE(loss_is_due(&l, 900 * SECOND));
	loss_told(&l, 900 * SECOND);
	CU_ASSERT_EQUAL(l.step_ns, LOSS_FIRST_NS);
}

static void
a_counter_that_begins_anew_loses_nothing(void)
{
	struct loss l = { .total = 50 };	/* from before: no loss of ours */

	loss_count(&l, 50, 0, 1);
	CU_ASSERT_EQUAL(l.untold, 0);
	loss_count(&l, 3, 1, 2);
	CU_ASSERT_EQUAL(l.untold, 3);
	CU_ASSERT_EQUAL(l.total, 3);
}

static void
every_layer_has_its_words(void)
{
	for (enum loss_layer layer = 0; layer < LOSS_LAYERS; layer++) {
		CU_ASSERT(strlen(loss_layer_name(layer)) > 0);
		CU_ASSERT(strlen(loss_sentence(layer)) > 0);
		/* with a 20-digit count it fits into an event's reason */
		CU_ASSERT(strlen(loss_sentence(layer)) < 170);
	}
	for (enum ledger_layer layer = 0; layer < LEDGER_LAYERS; layer++)
		CU_ASSERT_STRING_NOT_EQUAL(ledger_layer_name(layer), "?");
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a balanced sample has no fault", a_balanced_sample_has_no_fault },
		{ "every number is held by an identity", every_number_is_held_by_an_identity },
		{ "a ring may hold but not give what it never got",
		    a_ring_may_hold_but_not_give_what_it_never_got },
		{ "what moves between the samples is no fault",
		    what_moves_between_the_samples_is_no_fault },
		{ "frames that never come out of a ring are noticed",
		    frames_that_never_come_out_of_a_ring_are_noticed },
		{ "a loss is told at once with its interval",
		    a_loss_is_told_at_once_with_its_interval },
		{ "a loss that goes on is told more rarely and exactly",
		    a_loss_that_goes_on_is_told_more_rarely_and_exactly },
		{ "a new loss after a pause is told at once again",
		    a_new_loss_after_a_pause_is_told_at_once_again },
		{ "a counter that begins anew loses nothing",
		    a_counter_that_begins_anew_loses_nothing },
		{ "every layer has its words", every_layer_has_its_words },
		CU_TEST_INFO_NULL,
	};

	return unit_main("ledger", tests);
}
