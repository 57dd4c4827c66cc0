/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command's own words: common options, help of every verb, and what is no verb. */
#include "agent/cli/cli.h"
#include "agent/cli/cli_main.h"
#include "tests/unit/said.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MOST 8

static const char *const verbs[] = { "check", "plan", "apply", "confirm", "rollback", "history",
	"status", "doctor", "explain", "replay", "matrix", "model", "violations", "isolate",
	"restore", "open", "init", "log", "top" };

/* words: with blanks between them. */
static int
run(const char *words, const char **said)
{
	static char copy[4096];
	char name[] = "sekisho", *argv[WORDS_MOST + 2] = { name }, *rest = NULL;
	int argc = 1, r;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *w = strtok_r(copy, " ", &rest); w != NULL && argc <= WORDS_MOST;
	    w = strtok_r(NULL, " ", &rest))
		argv[argc++] = w;
	said_begin();
	r = cli_main(argc, argv);
	*said = said_end();
	return r;
}

static void
every_verb_is_explained(void)
{
	char words[64], head[64];
	const char *said;

	CU_ASSERT_EQUAL(run("help", &said), CLI_OK);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		CU_ASSERT_EQUAL(run("--help", &said), CLI_OK);
		CU_ASSERT_PTR_NOT_NULL(strstr(said, verbs[i]));
		snprintf(head, sizeof(head), "sekisho %s", verbs[i]);
		snprintf(words, sizeof(words), "help %s", verbs[i]);
		CU_ASSERT_EQUAL(run(words, &said), CLI_OK);
		CU_ASSERT_EQUAL(strncmp(said, head, strlen(head)), 0);
		CU_ASSERT(strlen(said) > strlen(head) + 40);
		/* the same, wherever the option stands; nothing is done then */
		snprintf(words, sizeof(words), "%s --help --json", verbs[i]);
		CU_ASSERT_EQUAL(run(words, &said), CLI_OK);
		CU_ASSERT_EQUAL(strncmp(said, head, strlen(head)), 0);
	}
}

static void
in_japanese(void)
{
	const char *said;

	setenv("LC_ALL", "ja_JP.UTF-8", 1);
	CU_ASSERT_EQUAL(run("help isolate", &said), CLI_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "遮断"));
	setenv("LC_ALL", "C", 1);
}

static void
what_is_wrong(void)
{
	static const struct { const char *words, *named; } rows[] = {
		{ "", "sekisho" }, { "aply", "aply" }, { "help aply", "aply" },
		{ "status --root", "--root" }, { "--root / status", "--root" },
		{ "plan --no-such", "plan" }, { "--json", "sekisho" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *said;

		CU_ASSERT_EQUAL(run(rows[i].words, &said), CLI_USAGE);
		CU_ASSERT_PTR_NOT_NULL(strstr(said, rows[i].named));
	}
}

/* Verbs that ask it say so, and in which folder they looked. */
static void
without_a_daemon(void)
{
	static const char *const asking[] = { "status", "history", "matrix", "confirm" };
	char words[96];
	const char *said;

	for (size_t i = 0; i < sizeof(asking) / sizeof(asking[0]); i++) {
		snprintf(words, sizeof(words), "--root /nowhere/there %s", asking[i]);
		CU_ASSERT_EQUAL(run(words, &said), CLI_UNAVAILABLE);
		CU_ASSERT_PTR_NOT_NULL(strstr(said, "/nowhere/there"));
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "every verb is explained", every_verb_is_explained },
		{ "in Japanese", in_japanese },
		{ "what is wrong", what_is_wrong },
		{ "without a daemon", without_a_daemon },
		CU_TEST_INFO_NULL,
	};

	setenv("LC_ALL", "C", 1);
	return unit_main("cli_main", tests);
}
