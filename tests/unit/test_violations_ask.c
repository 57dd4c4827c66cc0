/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of "sekisho violations": understood, or refused with the word that is wrong. */
#include "agent/cli/violations_ask.h"
#include "tests/unit/said.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MOST 8

static struct violations_ask ask;

/* words: with blanks between them. */
static int
take(bool json, const char *words, const char **said)
{
	static char copy[256];
	char verb[] = "violations", *argv[WORDS_MOST + 2] = { verb };
	const struct cli cli = { .json = json };
	char *rest = NULL;
	int argc = 1, r;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *w = strtok_r(copy, " ", &rest); w != NULL && argc <= WORDS_MOST;
	    w = strtok_r(NULL, " ", &rest))
		argv[argc++] = w;
	said_begin();
	r = violations_ask_take(&cli, argc, argv, &ask);
	*said = said_end();
	return r;
}

static void
what_is_understood(void)
{
	const char *said;

	CU_ASSERT_EQUAL(take(false, "", &said), CLI_OK);
	CU_ASSERT_EQUAL(ask.by, BY_NOTHING);
	CU_ASSERT_FALSE(ask.query.routine || ask.csv || ask.follow);
	CU_ASSERT_EQUAL(take(false, "--from lgwan --to internet --permit T001 --csv", &said), CLI_OK);
	CU_ASSERT_STRING_EQUAL(ask.query.from, "lgwan");
	CU_ASSERT_STRING_EQUAL(ask.query.to, "internet");
	CU_ASSERT_STRING_EQUAL(ask.query.permit, "T001");
	CU_ASSERT_TRUE(ask.csv);
	CU_ASSERT_EQUAL(take(false, "--by source --top 10", &said), CLI_OK);
	CU_ASSERT_EQUAL(ask.by, BY_SOURCE);
	CU_ASSERT_EQUAL(ask.top, 10);
	/* sums are of violations, unless something else is asked for */
	CU_ASSERT_EQUAL(ask.query.kinds, 1u << EVENT_VIOLATION);
	CU_ASSERT_EQUAL(take(false, "--by day --kind drift", &said), CLI_OK);
	CU_ASSERT_EQUAL(ask.query.kinds, 1u << EVENT_DRIFT);
	/* the records themselves are whole */
	CU_ASSERT_EQUAL(take(true, "", &said), CLI_OK);
	CU_ASSERT_TRUE(ask.query.routine);
	CU_ASSERT_EQUAL(take(false, "--since 2026-11-01 --until 2026-11-02", &said), CLI_OK);
	CU_ASSERT(strcmp(ask.query.since, ask.query.until) < 0);
}

static void
what_is_refused(void)
{
	static const struct { const char *words, *named; } rows[] = {
		{ "--since yesterdayish", "yesterdayish" }, { "--until 2026-13-01", "2026-13-01" },
		{ "--class ZV-99", "ZV-99" }, { "--address 10.1.2.300", "10.1.2.300" },
		{ "--min-severity 11", "11" }, { "--action fly", "fly" }, { "--kind what", "what" },
		{ "--by colour", "colour" }, { "--by source --top 0", "0" },
		{ "--by source --top -1", "-1" }, { "--by source --top 1000001", "1000001" },
		{ "--by source --top 1x", "1x" }, { "--top 3", "--by" },
		{ "--by source --follow", "--follow" }, { "--no-such", "" }, { "--by", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *said;

		CU_ASSERT_EQUAL(take(false, rows[i].words, &said), CLI_USAGE);
		CU_ASSERT_PTR_NOT_NULL(strstr(said, rows[i].named));
		CU_ASSERT_EQUAL(strncmp(said, "sekisho: ", 9), 0);
	}
}

static void
two_that_exclude_each_other(void)
{
	const char *said;

	CU_ASSERT_EQUAL(take(true, "--csv", &said), CLI_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "--json"));
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "what is understood", what_is_understood },
		{ "what is refused", what_is_refused },
		{ "two that exclude each other", two_that_exclude_each_other },
		CU_TEST_INFO_NULL,
	};

	return unit_main("violations_ask", tests);
}
