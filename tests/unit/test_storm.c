/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a table that is changed again and again is left shut, and when it opens. */
#include "agent/control/storm.h"
#include "tests/unit/unit.h"

#include <stddef.h>

#define SECOND 1000000u
#define START (100u * SECOND)

static void
few_strikes_are_put_right_at_once(void)
{
	struct storm s = { 0 };
	uint64_t told;

	/* for ever, as long as they are slower than the window */
	for (uint64_t i = 0; i < 1000; i++)
		CU_ASSERT_FALSE(storm_strike(&s, START + i * (SECOND * 6 / 10), 1));
	CU_ASSERT_EQUAL(storm_tick(&s, START + 1000 * SECOND, &told), STORM_CALM);
}

static void
many_shut_it(void)
{
	struct storm s = { 0 };
	unsigned int i = 0;

	while (i < 100 && !storm_strike(&s, START + i * 10000, 1))
		i++;
	CU_ASSERT_EQUAL(i, STORM_STRIKES - 1);
	CU_ASSERT_EQUAL(s.in_all, STORM_STRIKES);
	/* all at once too */
	s = (struct storm){ 0 };
	CU_ASSERT_FALSE(storm_strike(&s, START, STORM_STRIKES - 1));
	CU_ASSERT_TRUE(storm_strike(&s, START + 1, 1));
	s = (struct storm){ 0 };
	CU_ASSERT_TRUE(storm_strike(&s, START, 1000000));
	CU_ASSERT_EQUAL(s.in_all, 1000000);
}

/* One alarm an interval, each interval twice as long, and it opens only when it is quiet. */
static void
quiet_grows_while_it_goes_on(void)
{
	struct storm s = { 0 };
	uint64_t alarms = 0, all = 0, told, t = START;
	enum storm_step step;

	for (; t < START + 3600 * (uint64_t)SECOND; t += SECOND / 10) {
		(void)storm_strike(&s, t, 1);
		step = storm_tick(&s, t, &told);
		CU_ASSERT_NOT_EQUAL(step, STORM_OVER);
		alarms += step == STORM_ALARM;
		all += told;
	}
	/* 2, 4, 8, ... 300, 300, ... seconds in an hour */
	CU_ASSERT_EQUAL(alarms, 18);
	CU_ASSERT_EQUAL(s.quiet, STORM_QUIET_MOST_US);
	CU_ASSERT(all <= s.in_all);
	for (step = STORM_WAIT; step == STORM_WAIT || step == STORM_ALARM; t += SECOND)
		step = storm_tick(&s, t, &told);
	CU_ASSERT_EQUAL(step, STORM_OVER);
	CU_ASSERT(t - s.last >= STORM_QUIET_MOST_US);
	CU_ASSERT_EQUAL(told, s.in_all);
	CU_ASSERT_EQUAL(storm_tick(&s, t, &told), STORM_CALM);
}

static void
a_storm_long_ago_is_forgotten(void)
{
	struct storm s = { 0 };
	uint64_t told, t = START;

	CU_ASSERT_TRUE(storm_strike(&s, t, STORM_STRIKES));
	CU_ASSERT_EQUAL(storm_tick(&s, t + STORM_QUIET_US, &told), STORM_OVER);
	/* opened, and soon again: one strike more is no storm, eight are, with more patience */
	CU_ASSERT_FALSE(storm_strike(&s, t + 2 * STORM_QUIET_US, 1));
	s.quiet = STORM_QUIET_MOST_US;
	CU_ASSERT_TRUE(storm_strike(&s, t + 3 * STORM_QUIET_US, STORM_STRIKES));
	CU_ASSERT_EQUAL(s.quiet, STORM_QUIET_MOST_US);
	t = s.last + STORM_QUIET_MOST_US;
	CU_ASSERT_EQUAL(storm_tick(&s, t, &told), STORM_OVER);
	t = s.last + STORM_FORGET_US + 1;
	CU_ASSERT_TRUE(storm_strike(&s, t, STORM_STRIKES));
	CU_ASSERT_EQUAL(s.quiet, STORM_QUIET_US);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "few strikes are put right at once", few_strikes_are_put_right_at_once },
		{ "many shut it", many_shut_it },
		{ "quiet grows while it goes on", quiet_grows_while_it_goes_on },
		{ "a storm long ago is forgotten", a_storm_long_ago_is_forgotten },
		CU_TEST_INFO_NULL,
	};

	return unit_main("storm", tests);
}
