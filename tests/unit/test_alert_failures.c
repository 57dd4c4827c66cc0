/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went wrong with alerts is told at once, then once a minute, and none is lost. */
#include "agent/alert/alert_failures.h"
#include "tests/unit/unit.h"

#include <string.h>

#define MINUTE (INT64_C(60) * 1000000000)

static void
the_first_is_told_at_once(void)
{
	struct alert_failure f = { 0 };
	char s[320] = "as before";

	CU_ASSERT_FALSE(alert_failure_due(&f, "mail", 0, s, sizeof(s)));
	CU_ASSERT_STRING_EQUAL(s, "as before");
	alert_failure_add(&f, 1, "it ended with status 3");
	CU_ASSERT_TRUE(alert_failure_due(&f, "mail", 0, s, sizeof(s)));
	CU_ASSERT_STRING_EQUAL(s, "the hook of the alert mail failed: it ended with status 3");
}

static void
the_next_ones_wait_and_are_counted(void)
{
	struct alert_failure f = { 0 };
	char s[320];

	alert_failure_add(&f, 1, "one");
	alert_failure_told(&f, 5);
	CU_ASSERT_FALSE(alert_failure_due(&f, "mail", 5 + MINUTE, s, sizeof(s)));
	alert_failure_add(&f, 1, "two");
	alert_failure_add(&f, 40, "three");
	CU_ASSERT_FALSE(alert_failure_due(&f, "mail", 4 + MINUTE, s, sizeof(s)));
	CU_ASSERT_TRUE(alert_failure_due(&f, "mail", 5 + MINUTE, s, sizeof(s)));
	CU_ASSERT_STRING_EQUAL(s, "the hook of the alert mail failed 41 times, at last: three");
}

/* The recorder took none of it: the same again, with what came meanwhile. */
static void
what_was_not_told_stays_due(void)
{
	struct alert_failure f = { 0 };
	char s[320];

	alert_failure_add(&f, 2, "one");
	CU_ASSERT_TRUE(alert_failure_due(&f, "mail", 9, s, sizeof(s)));
	alert_failure_add(&f, 1, "two");
	CU_ASSERT_TRUE(alert_failure_due(&f, "mail", 9, s, sizeof(s)));
	CU_ASSERT_STRING_EQUAL(s, "the hook of the alert mail failed 3 times, at last: two");
}

static void
long_texts_are_cut(void)
{
	struct alert_failure f = { 0 };
	char why[1000], s[16];

	memset(why, 'w', sizeof(why) - 1);
	why[sizeof(why) - 1] = '\0';
	alert_failure_add(&f, 1, why);
	CU_ASSERT_EQUAL(strlen(f.why), sizeof(f.why) - 1);
	CU_ASSERT_TRUE(alert_failure_due(&f, "mail", 0, s, sizeof(s)));
	CU_ASSERT_STRING_EQUAL(s, "the hook of the");
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "the first is told at once", the_first_is_told_at_once },
		{ "the next ones wait and are counted", the_next_ones_wait_and_are_counted },
		{ "what was not told stays due", what_was_not_told_stays_due },
		{ "long texts are cut", long_texts_are_cut },
		CU_TEST_INFO_NULL,
	};

	return unit_main("alert_failures", tests);
}
