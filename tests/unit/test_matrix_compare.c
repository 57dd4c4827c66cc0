/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_matrix.h"
#include "tests/unit/unit.h"

#include <string.h>

/* One zone and the gateway itself: 0 -> 1 is the pair, 1 -> 0 is from the gateway. */
struct bed {
	struct matrix_cell then[4], cells[4];
	struct matrix_sample base, now;
};

static void
make(struct bed *b)
{
	memset(b, 0, sizeof(*b));
	b->base = (struct matrix_sample){ .n = 2, .cells = b->then, .gate = true,
	    .tap = true, .started_ns = 1 };
	b->now = b->base;
	b->now.cells = b->cells;
	/* what was counted before the base tells nothing of what came after */
	b->then[1] = (struct matrix_cell){ .opened = { 90, 91 }, .stopped = { 900, 902 },
	    .permitted = 5, .attempts = 6, .attempts_most = 7 };
	b->cells[1] = (struct matrix_cell){ .opened = { 91, 91 }, .stopped = { 902, 902 },
	    .permitted = 5, .attempts = 7, .attempts_most = 7 };
}

static enum matrix_difference
compare(const struct bed *b, size_t from, size_t to, uint64_t *packets)
{
	return matrix_compare(&b->base, &b->now, from, to, packets);
}

static void
what_both_saw_agrees(void)
{
	struct bed b;
	uint64_t packets;

	make(&b);
	CU_ASSERT_EQUAL(compare(&b, 0, 1, &packets), MATRIX_AGREES);
	b.cells[1] = (struct matrix_cell){ .opened = { 101, 101 }, .stopped = { 1002, 1002 },
	    .permitted = 15, .attempts = 107, .attempts_most = 107 };
	CU_ASSERT_EQUAL(compare(&b, 0, 1, &packets), MATRIX_AGREES);
	/* the rest of the flows is in no counter of the gate */
	b.cells[1].permitted = 1000000;
	CU_ASSERT_EQUAL(compare(&b, 0, 1, &packets), MATRIX_AGREES);
}

static void
timing_explains_what_lies_between_the_two_questions(void)
{
	struct bed b;
	uint64_t packets;

	make(&b);
	/* 50 more opened and stopped while the tap was asked */
	b.cells[1].opened[1] += 50;
	b.cells[1].stopped[1] += 50;
	CU_ASSERT_EQUAL(compare(&b, 0, 1, &packets), MATRIX_AGREES);
	/* 30 of the stopped wait in the watcher for what may still leave */
	b.cells[1].stopped[0] += 30;
	b.cells[1].attempts_most += 30;
	CU_ASSERT_EQUAL(compare(&b, 0, 1, &packets), MATRIX_AGREES);
}

static void
an_opening_that_nobody_saw_leave_is_marked(void)
{
	struct bed b;
	uint64_t packets;

	make(&b);
	b.cells[1].opened[0] += 10;
	b.cells[1].opened[1] += 10;
	b.cells[1].permitted += 7;
	CU_ASSERT_EQUAL(compare(&b, 0, 1, &packets), MATRIX_OPENING_UNSEEN);
	CU_ASSERT_EQUAL(packets, 3);
	b.now.lost = 3;
	CU_ASSERT_EQUAL(compare(&b, 0, 1, &packets), MATRIX_AGREES);
}

static void
a_stop_that_nobody_saw_come_is_marked(void)
{
	struct bed b;
	uint64_t packets;

	make(&b);
	b.cells[1].stopped[0] += 10;
	b.cells[1].stopped[1] += 10;
	b.cells[1].attempts_most += 4;
	CU_ASSERT_EQUAL(compare(&b, 0, 1, &packets), MATRIX_STOP_UNSEEN);
	CU_ASSERT_EQUAL(packets, 5);	/* one may have waited at the base already */
	b.now.unjudged = 2;
	b.now.lost = 1;
	b.now.excused = 1;
	CU_ASSERT_EQUAL(compare(&b, 0, 1, &packets), MATRIX_STOP_UNSEEN);
	/* an answer, as far as the tap knows */
	b.now.assumed = 1;
	CU_ASSERT_EQUAL(compare(&b, 0, 1, &packets), MATRIX_AGREES);
	/* the tap has it, and asks for its question first */
	b.now.assumed = 0;
	b.now.held = 1;
	CU_ASSERT_EQUAL(compare(&b, 0, 1, &packets), MATRIX_AGREES);
	/* what it had at the base is an attempt by now */
	b.base.held = 1;
	b.now.held = 0;
	CU_ASSERT_EQUAL(compare(&b, 0, 1, &packets), MATRIX_STOP_UNSEEN);
}

static void
what_the_gateway_says_itself_is_not_expected_to_come(void)
{
	struct bed b;
	uint64_t packets;

	make(&b);
	b.cells[2].stopped[0] = b.cells[2].stopped[1] = 10;
	CU_ASSERT_EQUAL(compare(&b, 1, 0, &packets), MATRIX_AGREES);
}

static void
what_something_else_stopped_is_marked(void)
{
	struct bed b;
	uint64_t packets;

	make(&b);
	b.cells[1].attempts += 20;
	b.cells[1].attempts_most += 20;
	b.cells[1].stopped[1] += 4;	/* and 2 between the questions of the base */
	CU_ASSERT_EQUAL(compare(&b, 0, 1, &packets), MATRIX_STOPPED_ELSEWHERE);
	CU_ASSERT_EQUAL(packets, 14);
	b.now.unkeyed = 13;
	CU_ASSERT_EQUAL(compare(&b, 0, 1, &packets), MATRIX_STOPPED_ELSEWHERE);
	/* stopped before the base, judged behind it */
	b.base.held = 1;
	CU_ASSERT_EQUAL(compare(&b, 0, 1, &packets), MATRIX_AGREES);
}

static void
counters_that_began_anew_are_not_compared(void)
{
	struct bed b;

	make(&b);
	CU_ASSERT_TRUE(matrix_comparable(&b.base, &b.now));
	b.cells[1].opened[0] = 90;
	CU_ASSERT_FALSE(matrix_comparable(&b.base, &b.now));
	make(&b);
	b.cells[1].stopped[0] = 0;
	CU_ASSERT_FALSE(matrix_comparable(&b.base, &b.now));
	make(&b);
	b.now.started_ns = 2;	/* another watcher */
	CU_ASSERT_FALSE(matrix_comparable(&b.base, &b.now));
	make(&b);
	b.now.tap = false;
	CU_ASSERT_FALSE(matrix_comparable(&b.base, &b.now));
	make(&b);
	b.now.n = 1;
	CU_ASSERT_FALSE(matrix_comparable(&b.base, &b.now));
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "what both saw agrees", what_both_saw_agrees },
		{ "timing explains what lies between the two questions",
		    timing_explains_what_lies_between_the_two_questions },
		{ "an opening that nobody saw leave is marked",
		    an_opening_that_nobody_saw_leave_is_marked },
		{ "a stop that nobody saw come is marked",
		    a_stop_that_nobody_saw_come_is_marked },
		{ "what the gateway says itself is not expected to come",
		    what_the_gateway_says_itself_is_not_expected_to_come },
		{ "what something else stopped is marked", what_something_else_stopped_is_marked },
		{ "counters that began anew are not compared",
		    counters_that_began_anew_are_not_compared },
		CU_TEST_INFO_NULL,
	};

	return unit_main("matrix_compare", tests);
}
