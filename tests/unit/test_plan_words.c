/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan in words: each change of the daemon's answer has its line, under its pair of zones. */
#include "agent/cli/plan_words.h"
#include "rules/policy_diff.h"
#include "tests/unit/said.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static const struct cli english, japanese = { .language = MESSAGE_JAPANESE };

static const char *
words_of(const struct cli *cli, json_t *answer)
{
	CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
	said_begin();
	plan_words(cli, answer);
	json_decref(answer);
	return said_end();
}

static json_t *
with_permit(json_t *permit)
{
	return json_pack("{s:[{s:s, s:s, s:[o]}], s:[]}", "pairs", "from", "lgwan", "to",
	    "internet", "permits", permit, "places");
}

/* No change of a permit is passed over in silence, in neither language. */
static void
every_change_has_words(void)
{
	for (int c = POLICY_ADDED; c <= POLICY_NOW_REJECTS; c++)
		for (int japan = 0; japan < 2; japan++) {
			const char *said = words_of(japan != 0 ? &japanese : &english,
			    with_permit(json_pack("{s:s, s:s, s:s, s:s}", "permit", "T0042",
			    "change", policy_change_name((enum policy_change)c), "was", "T0007",
			    "other", "T0009")));

			CU_ASSERT_PTR_NOT_NULL(strstr(said, "T0042"));
			CU_ASSERT_PTR_NOT_NULL(strstr(said, "lgwan"));
			CU_ASSERT_PTR_NOT_NULL(strstr(said, "internet"));
		}
}

static void
what_opens_and_where(void)
{
	const char *said = words_of(&english, with_permit(json_pack(
	    "{s:s, s:s, s:s, s:i, s:s, s:i, s:s, s:i}", "permit", "T001", "change", "changed",
	    "opens", "10.1.0.1 -> 10.2.0.1 tcp/443", "opened", 5, "closes",
	    "10.1.0.2 -> 10.2.0.1 tcp/80", "closed", 1, "file", "policy.conf", "line", 41)));
	const char *opens = strstr(said, "10.1.0.1 -> 10.2.0.1 tcp/443");

	CU_ASSERT_PTR_NOT_NULL(strstr(said, "~ T001"));
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "(policy.conf:41)"));
	CU_ASSERT_PTR_NOT_NULL_FATAL(opens);
	CU_ASSERT_PTR_NOT_NULL(strstr(opens, "4 more"));
	CU_ASSERT_PTR_NOT_NULL(strstr(opens, "10.1.0.2 -> 10.2.0.1 tcp/80"));
}

static void
strange_answers(void)
{
	/* a change of a newer daemon, and no lists at all */
	CU_ASSERT_PTR_NULL(strstr(words_of(&english, with_permit(json_pack("{s:s, s:s}",
	    "permit", "T001", "change", "no such change"))), "T001"));
	(void)words_of(&english, json_object());
	(void)words_of(&english, json_pack("{s:i, s:s}", "pairs", 7, "places", "x"));
	CU_ASSERT_PTR_NULL(strchr(words_of(&english, with_permit(json_pack("{s:s, s:s}",
	    "permit", "\x1b[2J", "change", "added"))), '\x1b'));
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "every change has words", every_change_has_words },
		{ "what opens and where", what_opens_and_where },
		{ "strange answers", strange_answers },
		CU_TEST_INFO_NULL,
	};

	return unit_main("plan_words", tests);
}
