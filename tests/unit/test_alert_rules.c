/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words, times and paths of alerts; severities of classes; what a policy makes of them. */
#include "rules/alert_rules.h"

#include "rules/checked.h"
#include "rules/policy_parse.h"
#include "rules/violation_class.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static void
words_are_known(void)
{
	unsigned int n = 0;

	for (; alert_action_name(n) != NULL; n++)
		CU_ASSERT_EQUAL(alert_action_parse(alert_action_name(n)), (int)n);
	CU_ASSERT_TRUE(n > ACTION_COUNT && n <= 64);
	CU_ASSERT_EQUAL(alert_action_parse("leak"), ACTION_LEAK);
	CU_ASSERT_EQUAL(alert_action_parse("leaks"), -1);
	CU_ASSERT_EQUAL(alert_action_parse(""), -1);
}

static void
times_are_read(void)
{
	static const struct { const char *text; int minutes; } rows[] = {
		{ "00:00", 0 }, { "06:30", 390 }, { "23:59", 1439 }, { "24:00", 1440 },
		{ "24:01", -1 }, { "25:00", -1 }, { "12:60", -1 }, { "6:30", -1 }, { "", -1 },
		{ "06:3x", -1 }, { "06.30", -1 }, { "006:30", -1 }, { "-6:30", -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_EQUAL(alert_time_parse(rows[i].text), rows[i].minutes);
	CU_ASSERT_EQUAL(alert_day_parse("sun"), 0);
	CU_ASSERT_EQUAL(alert_day_parse("sat"), 6);
	CU_ASSERT_EQUAL(alert_day_parse("Sat"), -1);
}

static void
nights_belong_to_the_day_on_which_they_begin(void)
{
	const struct alert_rule never = { .quiet_from = 0, .quiet_to = 1440 };
	const struct alert_rule friday = { .quiet_from = 22 * 60, .quiet_to = 6 * 60,
		.quiet_days = 1 << 5 };
	const struct alert_rule noon = { .quiet_from = 12 * 60, .quiet_to = 13 * 60,
		.quiet_days = 0x7f };

	CU_ASSERT_FALSE(alert_is_quiet(&never, 3, 100));
	CU_ASSERT_FALSE(alert_is_quiet(&friday, 5, 22 * 60 - 1));
	CU_ASSERT_TRUE(alert_is_quiet(&friday, 5, 22 * 60));
	CU_ASSERT_TRUE(alert_is_quiet(&friday, 6, 0));
	CU_ASSERT_TRUE(alert_is_quiet(&friday, 6, 6 * 60 - 1));
	CU_ASSERT_FALSE(alert_is_quiet(&friday, 6, 6 * 60));
	CU_ASSERT_FALSE(alert_is_quiet(&friday, 6, 23 * 60));
	CU_ASSERT_FALSE(alert_is_quiet(&friday, 5, 60));
	CU_ASSERT_TRUE(alert_is_quiet(&noon, 0, 12 * 60));
	CU_ASSERT_FALSE(alert_is_quiet(&noon, 0, 13 * 60));
}

static void
paths_of_hooks(void)
{
	char longest[ALERT_HOOK_SIZE + 1];

	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[ALERT_HOOK_SIZE] = '\0';
	CU_ASSERT_FALSE(alert_hook_path(longest));
	longest[ALERT_HOOK_SIZE - 1] = '\0';
	CU_ASSERT_TRUE(alert_hook_path(longest));
	CU_ASSERT_TRUE(alert_hook_path("/etc/sekisho/hooks/mail.sh"));
	CU_ASSERT_TRUE(alert_hook_path("/a/..b/.c"));
	CU_ASSERT_FALSE(alert_hook_path("mail"));
	CU_ASSERT_FALSE(alert_hook_path("/"));
	CU_ASSERT_FALSE(alert_hook_path("/etc/"));
	CU_ASSERT_FALSE(alert_hook_path("//etc/mail"));
	CU_ASSERT_FALSE(alert_hook_path("/etc/../mail"));
	CU_ASSERT_FALSE(alert_hook_path("/etc/./mail"));
	CU_ASSERT_FALSE(alert_hook_path("/etc/ma il"));
	CU_ASSERT_FALSE(alert_hook_path("/etc/ma\xc3\xbcl"));
}

#define POLICY "schema = 1; zones = ( { name = \"a\"; segments = ( { interface = \"a0\";" \
	" networks = [ \"10.1.0.0/16\" ]; } ); } );\nrecord = { %s };\n"

/* The rules of a record section, and how many errors it has. */
static size_t
rules_of(const char *section, struct record_rules *out)
{
	struct diag *d = diag_new();
	struct checked *c = NULL;
	struct policy *p;
	char text[1024];
	size_t errors;

	snprintf(text, sizeof(text), POLICY, section);
	p = policy_parse_text(text, strlen(text), "p", d);
	if (p != NULL)
		c = checked_new(p, INT64_C(1782831600), d);
	if (c != NULL)
		*out = c->record;
	errors = diag_count(d, DIAG_ERROR);
	checked_free(c);
	diag_free(d);
	return errors;
}

static void
a_policy_becomes_rules(void)
{
	struct record_rules r = { 0 };
	const struct alert_rule *a = r.alerts.rules;

	CU_ASSERT_EQUAL(rules_of("severity = ( { class = \"ZV-06\"; severity = \"high\"; } );"
	    "alerts = ( { name = \"m\"; hook = \"/h\"; },"
	    " { name = \"n\"; hook = \"/i\"; classes = [ \"ZV-01\", \"ZV-16\" ]; actions = \"drift\";"
	    "   threshold = { count = 3; seconds = 60; }; fold_seconds = 0; timeout = 60;"
	    "   quiet = { from = \"22:00\"; to = \"06:00\"; days = [ \"sat\", \"sun\" ];"
	    "   below = \"high\"; }; } );", &r), 0);
	CU_ASSERT_EQUAL(r.severity[ZV_06_UNREGISTERED], SEVERITY_HIGH);
	CU_ASSERT_EQUAL(r.severity[ZV_07_ROGUE_SERVICE], 0);
	CU_ASSERT_EQUAL_FATAL(r.alerts.n, 2);
	/* Without a word about it: what is high, each, at any time, folded. */
	CU_ASSERT_STRING_EQUAL(a[0].name, "m");
	CU_ASSERT_STRING_EQUAL(a[0].hook, "/h");
	CU_ASSERT_EQUAL(a[0].min_severity, SEVERITY_HIGH);
	CU_ASSERT_EQUAL(a[0].threshold, 1);
	CU_ASSERT_EQUAL(a[0].quiet_days, 0);
	CU_ASSERT_EQUAL(a[0].fold_s, 300);
	CU_ASSERT_EQUAL(a[0].timeout_s, 10);
	CU_ASSERT_EQUAL(a[1].min_severity, 0);
	CU_ASSERT_EQUAL(a[1].classes, 1u << ZV_01_ZONE_CROSSING | 1u << ZV_16_EXPIRED);
	CU_ASSERT_EQUAL(a[1].actions, UINT64_C(1) << alert_action_parse("drift"));
	CU_ASSERT_EQUAL(a[1].threshold, 3);
	CU_ASSERT_EQUAL(a[1].threshold_s, 60);
	CU_ASSERT_EQUAL(a[1].fold_s, 0);
	CU_ASSERT_EQUAL(a[1].quiet_days, 0x41);
	CU_ASSERT_EQUAL(a[1].quiet_from, 1320);
	CU_ASSERT_EQUAL(a[1].quiet_to, 360);
	CU_ASSERT_EQUAL(a[1].quiet_below, SEVERITY_HIGH);
}

static void
what_cannot_be_meant_is_refused(void)
{
	static const char *const bad[] = {
		"alerts = ( { name = \"m\"; hook = \"h\"; } );",
		"alerts = ( { name = \"m\"; } );",
		"alerts = ( { hook = \"/h\"; } );",
		"alerts = ( { name = \"m\"; hook = \"/h\"; }, { name = \"m\"; hook = \"/h\"; } );",
		"alerts = ( { name = \"m\"; hook = \"/h\"; classes = [ \"ZV-17\" ]; } );",
		"alerts = ( { name = \"m\"; hook = \"/h\"; actions = [ \"leaks\" ]; } );",
		"alerts = ( { name = \"m\"; hook = \"/h\"; min_severity = \"7\"; } );",
		"alerts = ( { name = \"m\"; hook = \"/h\"; timeout = 0; } );",
		"alerts = ( { name = \"m\"; hook = \"/h\"; timeout = 61; } );",
		"alerts = ( { name = \"m\"; hook = \"/h\"; threshold = { count = 1001; seconds = 1; }; } );",
		"alerts = ( { name = \"m\"; hook = \"/h\"; threshold = { count = 2; }; } );",
		"alerts = ( { name = \"m\"; hook = \"/h\"; quiet = { from = \"22:00\"; }; } );",
		"alerts = ( { name = \"m\"; hook = \"/h\"; quiet = { from = \"24:00\"; to = \"06:00\"; }; } );",
		"alerts = ( { name = \"m\"; hook = \"/h\"; quiet = { from = \"6:00\"; to = \"07:00\"; }; } );",
		"alerts = ( { name = \"m\"; hook = \"/h\"; quiet = { from = \"06:00\"; to = \"06:00\"; }; } );",
		"severity = ( { class = \"ZV-6\"; severity = \"high\"; } );",
		"severity = ( { class = \"ZV-06\"; severity = \"none\"; } );",
		"severity = ( { class = \"ZV-06\"; severity = \"high\"; }, { class = \"ZV-06\"; severity = \"high\"; } );",
	};
	struct record_rules r;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (rules_of(bad[i], &r) == 0) {
			fprintf(stderr, "taken: %s\n", bad[i]);
			CU_FAIL("a bad rule was taken");
		}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "words are known", words_are_known },
		{ "times are read", times_are_read },
		{ "nights belong to the day on which they begin",
		  nights_belong_to_the_day_on_which_they_begin },
		{ "paths of hooks", paths_of_hooks },
		{ "a policy becomes rules", a_policy_becomes_rules },
		{ "what cannot be meant is refused", what_cannot_be_meant_is_refused },
		CU_TEST_INFO_NULL,
	};

	return unit_main("alert_rules", tests);
}
