/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of a verb, and the folders that --root may name. */
#include "agent/cli/options.h"
#include "agent/paths.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#define MAX_WORDS 8

/* One command line; the words left, joined by blanks, the value of -f and of --on. */
static const struct {
	const char *argv[MAX_WORDS];
	int expected;
	const char *left, *file;
	bool on;
} rows[] = {
	{ { "verb" }, 0, "", "default", false },
	{ { "verb", "-f", "x" }, 0, "", "x", false },
	{ { "verb", "-f", "-x" }, 0, "", "-x", false },
	{ { "verb", "-f", "x", "-f", "y" }, 0, "", "y", false },
	{ { "verb", "a", "--on", "b", "-f", "x", "c" }, 3, "a b c", "x", true },
	{ { "verb", "-" }, 1, "-", "default", false },
	{ { "verb", "" }, 1, "", "default", false },
	{ { "verb", "--", "--on", "-f" }, 2, "--on -f", "default", false },
	{ { "verb", "--", "--" }, 1, "--", "default", false },
	{ { "verb", "-f" }, -1, NULL, NULL, false },
	{ { "verb", "--off" }, -1, NULL, NULL, false },
	{ { "verb", "-fx" }, -1, NULL, NULL, false },
	{ { "verb", "--o" }, -1, NULL, NULL, false },
};

static void
test_take(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *file = "default";
		bool on = false;
		const struct option_row options[] = {
			{ "-f", &file, NULL }, { "--on", NULL, &on }, { NULL, NULL, NULL },
		};
		char words[MAX_WORDS][16], *argv[MAX_WORDS + 1] = { NULL }, left[64] = "";
		int argc = 0, n;

		for (; argc < MAX_WORDS && rows[i].argv[argc] != NULL; argc++) {
			strcpy(words[argc], rows[i].argv[argc]);
			argv[argc] = words[argc];
		}
		n = options_take(argc, argv, options);
		CU_ASSERT_EQUAL(n, rows[i].expected);
		if (n < 0)
			continue;
		for (int w = 1; w <= n; w++) {
			strcat(left, argv[w]);
			strcat(left, w < n ? " " : "");
		}
		CU_ASSERT_STRING_EQUAL(left, rows[i].left);
		CU_ASSERT_STRING_EQUAL(file, rows[i].file);
		CU_ASSERT_EQUAL(on, rows[i].on);
	}
}

static void
test_paths(void)
{
	char name[200];
	struct paths p;

	CU_ASSERT_EQUAL(paths_init(&p, NULL), 0);
	CU_ASSERT_STRING_EQUAL(p.socket, "/run/sekisho/control.sock");
	CU_ASSERT_STRING_EQUAL(p.violations, "/var/log/sekisho/violations.jsonl");
	CU_ASSERT_EQUAL(paths_init(&p, "/tmp/r"), 0);
	CU_ASSERT_STRING_EQUAL(p.policy, "/etc/sekisho/policy.conf");
	CU_ASSERT_STRING_EQUAL(p.state, "/tmp/r/lib");
	CU_ASSERT_STRING_EQUAL(p.socket, "/tmp/r/run/control.sock");
	CU_ASSERT_EQUAL(paths_init(&p, ""), -EINVAL);
	CU_ASSERT_EQUAL(paths_init(&p, "/"), -EINVAL);
	CU_ASSERT_EQUAL(paths_init(&p, "//"), -EINVAL);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	CU_ASSERT_EQUAL(paths_init(&p, name), -ENAMETOOLONG);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "options are taken out", test_take },
		{ "folders under a root", test_paths },
		CU_TEST_INFO_NULL,
	};

	return unit_main("options", tests);
}
