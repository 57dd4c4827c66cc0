/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ticks goes on until it says otherwise, and leaves nothing behind. */
#include "agent/clock.h"
#include "agent/tick.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct count {
	sd_event *loop;
	int n;
	int last;			/* of this number: it ends the loop */
	uint64_t pause_us;
	uint64_t work_us;		/* so long the first one takes */
	int64_t at_ns[8];
};

static uint64_t
count(void *arg)
{
	struct count *c = arg;

	if (c->n < 8)
		c->at_ns[c->n] = clock_ns(CLOCK_MONOTONIC);
	if (c->n == 0)
		usleep((useconds_t)c->work_us);
	if (++c->n == c->last)
		sd_event_exit(c->loop, 0);
	return c->pause_us;
}

static int
begin(struct count *c, uint64_t first_us)
{
	return tick_begin(c->loop, &(struct tick){ .first_us = first_us, .accuracy_us = 1,
	    .act = count, .arg = c });
}

static void
it_goes_on(void)
{
	struct count c = { .last = 4, .pause_us = 2000 };
	int64_t began = clock_ns(CLOCK_MONOTONIC);

	CU_ASSERT_FATAL(sd_event_new(&c.loop) >= 0);
	CU_ASSERT_EQUAL(begin(&c, 5000), 0);
	CU_ASSERT_EQUAL(sd_event_loop(c.loop), 0);
	CU_ASSERT_EQUAL(c.n, 4);
	CU_ASSERT(c.at_ns[0] - began >= 5000000);
	for (int i = 1; i < 4; i++)
		CU_ASSERT(c.at_ns[i] - c.at_ns[i - 1] >= 2000000);
	sd_event_unref(c.loop);
}

/* One that took as long as five: those four are not made up for. */
static void
a_late_one_makes_no_burst(void)
{
	struct count c = { .last = 5, .pause_us = 4000, .work_us = 20000 };

	CU_ASSERT_FATAL(sd_event_new(&c.loop) >= 0);
	CU_ASSERT_EQUAL(begin(&c, 0), 0);
	CU_ASSERT_EQUAL(sd_event_loop(c.loop), 0);
	CU_ASSERT_EQUAL(c.n, 5);
	for (int i = 2; i < 5; i++)
		CU_ASSERT(c.at_ns[i] - c.at_ns[i - 1] >= 4000000);
	sd_event_unref(c.loop);
}

/* Another one goes on meanwhile: the loop does turn. */
static void
nothing_is_for_ever(void)
{
	struct count once = { .last = -1 }, other = { .last = 5, .pause_us = 1000 };

	CU_ASSERT_FATAL(sd_event_new(&other.loop) >= 0);
	once.loop = other.loop;
	CU_ASSERT_EQUAL(begin(&once, 0), 0);
	CU_ASSERT_EQUAL(begin(&other, 1000), 0);
	CU_ASSERT_EQUAL(sd_event_loop(other.loop), 0);
	CU_ASSERT_EQUAL(once.n, 1);
	CU_ASSERT_EQUAL(other.n, 5);
	sd_event_unref(other.loop);
}

/* What ends the loop at once is done before all else that is due. */
static void
the_important_comes_first(void)
{
	struct count normal = { .last = -1, .pause_us = 1000 }, important = { .last = 1 };

	CU_ASSERT_FATAL(sd_event_new(&important.loop) >= 0);
	normal.loop = important.loop;
	CU_ASSERT_EQUAL(begin(&normal, 0), 0);
	CU_ASSERT_EQUAL(tick_begin(important.loop, &(struct tick){ .accuracy_us = 1,
	    .priority = SD_EVENT_PRIORITY_IMPORTANT, .act = count, .arg = &important }), 0);
	usleep(2000);
	CU_ASSERT_EQUAL(sd_event_loop(important.loop), 0);
	CU_ASSERT_EQUAL(important.n, 1);
	CU_ASSERT_EQUAL(normal.n, 0);
	sd_event_unref(important.loop);
}

/* The sanitizer sees what such a one leaves behind. */
static void
a_loop_that_is_over_takes_none(void)
{
	struct count c = { .last = 1, .pause_us = 1000 };

	CU_ASSERT_FATAL(sd_event_new(&c.loop) >= 0);
	CU_ASSERT_EQUAL(begin(&c, 0), 0);
	CU_ASSERT_EQUAL(sd_event_loop(c.loop), 0);
	CU_ASSERT_EQUAL(begin(&c, 0), -ESTALE);
	CU_ASSERT_EQUAL(begin(&c, UINT64_MAX), -EOVERFLOW);
	CU_ASSERT_EQUAL(c.n, 1);
	sd_event_unref(c.loop);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "it goes on", it_goes_on },
		{ "a late one makes no burst", a_late_one_makes_no_burst },
		{ "nothing is for ever", nothing_is_for_ever },
		{ "the important comes first", the_important_comes_first },
		{ "a loop that is over takes none", a_loop_that_is_over_takes_none },
		CU_TEST_INFO_NULL,
	};

	return unit_main("tick", tests);
}
