/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When somebody is told: thresholds, folding, quiet times; every record is counted once. */
#include "agent/alert/alert_fold.h"

#include "agent/alert/alert_failures.h"
#include "rules/violation_class.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define S INT64_C(1000000000)

static struct alert_state *state;
static struct alert_alarm alarm_;

/* Wednesday, so many seconds after noon. */
static struct alert_moment
at(int64_t seconds)
{
	return (struct alert_moment){ .boot_ns = (1000 + seconds) * S,
		.wall_ns = (1795247696 + seconds) * S, .weekday = 3,
		.minute = (unsigned int)(720 + seconds / 60) };
}

static bool
take(const struct alert_rule *r, int64_t seconds, uint64_t n, uint8_t severity,
    const char *line)
{
	const struct alert_moment now = at(seconds);

	return alert_fold_take(state, r, &now, n, severity, line,
	    line != NULL ? strlen(line) : 0, &alarm_);
}

static bool
tick(const struct alert_rule *r, int64_t seconds)
{
	const struct alert_moment now = at(seconds);

	return alert_fold_tick(state, r, &now, &alarm_);
}

static void
check_alarm(enum alert_why why, uint64_t n, uint8_t severity, const char *line)
{
	CU_ASSERT_EQUAL(alarm_.why, why);
	CU_ASSERT_EQUAL(alarm_.heap.n, n);
	CU_ASSERT_EQUAL(alarm_.heap.severity, severity);
	CU_ASSERT_EQUAL(alarm_.heap.length, strlen(line));
	CU_ASSERT_EQUAL(memcmp(alarm_.heap.line, line, strlen(line)), 0);
}

static void
begin(void)
{
	free(state);
	state = calloc(1, sizeof(*state));
	CU_ASSERT_PTR_NOT_NULL_FATAL(state);
}

static void
repeats_are_folded(void)
{
	const struct alert_rule r = { .threshold = 1, .threshold_s = 1, .fold_s = 60 };

	begin();
	CU_ASSERT_TRUE(take(&r, 0, 1, 7, "a"));
	check_alarm(ALERT_RECORD, 1, 7, "a");
	for (int i = 1; i <= 50; i++)
		CU_ASSERT_FALSE(take(&r, i, 1, 7, i == 50 ? "z" : "b"));
	CU_ASSERT_FALSE(take(&r, 51, 1000, 3, NULL));
	CU_ASSERT_EQUAL(alert_fold_kept(state), 1050);
	CU_ASSERT_FALSE(tick(&r, 59));
	CU_ASSERT_TRUE(tick(&r, 60));
	check_alarm(ALERT_FOLDED, 1050, 7, "z");
	CU_ASSERT_EQUAL(alarm_.heap.since_ns, (1795247696 + 1) * S);
	CU_ASSERT_EQUAL(alarm_.heap.until_ns, (1795247696 + 51) * S);
	/* The word about them begins another while. */
	CU_ASSERT_FALSE(take(&r, 61, 1, 7, "c"));
	CU_ASSERT_TRUE(tick(&r, 120));
	check_alarm(ALERT_FOLDED, 1, 7, "c");
	/* Nothing more: the next one is told at once. */
	CU_ASSERT_FALSE(tick(&r, 180));
	CU_ASSERT_TRUE(take(&r, 181, 1, 7, "d"));
	check_alarm(ALERT_RECORD, 1, 7, "d");
}

static void
worse_ones_are_told_at_once(void)
{
	const struct alert_rule r = { .threshold = 1, .threshold_s = 1, .fold_s = 60 };

	begin();
	CU_ASSERT_TRUE(take(&r, 0, 1, 5, "a"));
	CU_ASSERT_FALSE(take(&r, 1, 1, 5, "b"));
	CU_ASSERT_TRUE(take(&r, 2, 1, 9, "c"));
	check_alarm(ALERT_RECORD, 1, 9, "c");
	CU_ASSERT_FALSE(take(&r, 3, 1, 9, "d"));
	CU_ASSERT_TRUE(tick(&r, 62));
	check_alarm(ALERT_FOLDED, 2, 9, "d");
}

static void
thresholds_count_within_their_time(void)
{
	const struct alert_rule r = { .threshold = 3, .threshold_s = 60, .fold_s = 0 };

	begin();
	CU_ASSERT_FALSE(take(&r, 0, 1, 7, "a"));
	CU_ASSERT_FALSE(take(&r, 50, 1, 7, "b"));
	/* The first one is too long ago by now. */
	CU_ASSERT_FALSE(take(&r, 61, 1, 7, "c"));
	CU_ASSERT_TRUE(take(&r, 100, 1, 7, "d"));
	/* All four that led to it are in it. */
	check_alarm(ALERT_RECORD, 4, 7, "d");
	CU_ASSERT_FALSE(take(&r, 101, 2, 7, "e"));
	CU_ASSERT_FALSE(take(&r, 300, 2, 7, "f"));
	CU_ASSERT_TRUE(take(&r, 301, 1, 7, "g"));
	check_alarm(ALERT_RECORD, 3, 7, "g");
	/* A flood that was only counted. */
	CU_ASSERT_TRUE(take(&r, 302, UINT64_C(1) << 40, 7, NULL));
	check_alarm(ALERT_RECORD, UINT64_C(1) << 40, 7, "");
	CU_ASSERT_FALSE(take(&r, 303, 0, 7, NULL));
}

static void
the_largest_threshold_fits(void)
{
	const struct alert_rule r = { .threshold = ALERT_THRESHOLD_MOST, .threshold_s = 86400 };

	begin();
	for (int round = 0; round < 3; round++) {
		for (unsigned int i = 1; i < ALERT_THRESHOLD_MOST; i++)
			CU_ASSERT_FALSE_FATAL(take(&r, round * 2000 + (int)i, 1, 7, "a"));
		CU_ASSERT_TRUE(take(&r, round * 2000 + 1001, 1, 7, "a"));
		check_alarm(ALERT_RECORD, ALERT_THRESHOLD_MOST, 7, "a");
	}
}

static void
mild_ones_wait_for_the_end_of_a_quiet_time(void)
{
	/* from noon to five past */
	const struct alert_rule r = { .threshold = 1, .threshold_s = 1, .fold_s = 30,
		.quiet_days = 0x7f, .quiet_from = 720, .quiet_to = 725,
		.quiet_below = SEVERITY_CRITICAL };

	begin();
	CU_ASSERT_FALSE(take(&r, 0, 1, 7, "a"));
	CU_ASSERT_FALSE(take(&r, 10, 4, 5, "b"));
	CU_ASSERT_FALSE(tick(&r, 20));
	/* What is critical wakes somebody. */
	CU_ASSERT_TRUE(take(&r, 30, 1, SEVERITY_CRITICAL, "c"));
	check_alarm(ALERT_RECORD, 1, SEVERITY_CRITICAL, "c");
	CU_ASSERT_FALSE(tick(&r, 299));
	CU_ASSERT_TRUE(tick(&r, 300));
	check_alarm(ALERT_QUIET, 5, 7, "a");
	CU_ASSERT_FALSE(take(&r, 301, 1, 7, "d"));
	CU_ASSERT_TRUE(tick(&r, 330));
	check_alarm(ALERT_FOLDED, 1, 7, "d");
	CU_ASSERT_FALSE(tick(&r, 400));
}

/* What was folded before a quiet time waits for its end, too. */
static void
folds_end_in_a_quiet_time(void)
{
	const struct alert_rule r = { .threshold = 1, .threshold_s = 1, .fold_s = 60,
		.quiet_days = 0x7f, .quiet_from = 721, .quiet_to = 725,
		.quiet_below = SEVERITY_CRITICAL };

	begin();
	CU_ASSERT_TRUE(take(&r, 30, 1, 7, "a"));
	CU_ASSERT_FALSE(take(&r, 40, 2, 7, "b"));
	CU_ASSERT_FALSE(take(&r, 70, 3, 7, "c"));
	CU_ASSERT_FALSE(tick(&r, 90));
	CU_ASSERT_EQUAL(alert_fold_kept(state), 5);
	CU_ASSERT_TRUE(tick(&r, 300));
	CU_ASSERT_EQUAL(alarm_.why, ALERT_QUIET);
	CU_ASSERT_EQUAL(alarm_.heap.n, 5);
	CU_ASSERT_EQUAL(alarm_.heap.since_ns, (1795247696 + 40) * S);
	CU_ASSERT_EQUAL(alert_fold_kept(state), 0);
}

static void
failures_are_folded(void)
{
	struct alert_failure f = { 0 };
	char sentence[256];

	CU_ASSERT_FALSE(alert_failure_due(&f, "m", S, sentence, sizeof(sentence)));
	alert_failure_add(&f, 1, "no relay");
	CU_ASSERT_TRUE(alert_failure_due(&f, "m", S, sentence, sizeof(sentence)));
	CU_ASSERT_STRING_EQUAL(sentence, "the hook of the alert m failed: no relay");
	alert_failure_told(&f, S);
	for (int i = 0; i < 9; i++)
		alert_failure_add(&f, 1, i < 8 ? "no relay" : "no name");
	CU_ASSERT_FALSE(alert_failure_due(&f, "m", 60 * S, sentence, sizeof(sentence)));
	CU_ASSERT_TRUE(alert_failure_due(&f, "m", 61 * S, sentence, sizeof(sentence)));
	CU_ASSERT_STRING_EQUAL(sentence,
	    "the hook of the alert m failed 9 times, at last: no name");
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "repeats are folded", repeats_are_folded },
		{ "worse ones are told at once", worse_ones_are_told_at_once },
		{ "thresholds count within their time", thresholds_count_within_their_time },
		{ "the largest threshold fits", the_largest_threshold_fits },
		{ "mild ones wait for the end of a quiet time",
		  mild_ones_wait_for_the_end_of_a_quiet_time },
		{ "folds end in a quiet time", folds_end_in_a_quiet_time },
		{ "failures are folded", failures_are_folded },
		CU_TEST_INFO_NULL,
	};
	int r = unit_main("alert_fold", tests);

	free(state);
	return r;
}
