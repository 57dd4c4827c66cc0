/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings: order, repetition, limits, and what may reach a terminal. */
#include "rules/diag.h"
#include "rules/limits.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
printed(struct diag *d, enum message_language language)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	diag_print(d, f, language);
	fclose(f);
	return text;
}

static struct origin
at(const char *file, unsigned int line)
{
	return (struct origin){ .file = file, .line = line };
}

static void
nothing_found_is_exit_code_0(void)
{
	struct diag *d = diag_new();
	char *text;

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	CU_ASSERT_EQUAL(diag_exit_code(d), 0);
	text = printed(d, MESSAGE_ENGLISH);
	CU_ASSERT_STRING_EQUAL(text, "");
	CU_ASSERT_PTR_NULL(diag_at(d, 0));
	free(text);
	diag_free(d);
	diag_free(NULL);
}

static void
findings_are_sorted_and_said_once(void)
{
	struct diag *d = diag_new();
	char name[] = "b.conf";
	char *text;

	diag_add(d, at(name, 10), DIAG_WARNING, MSG_PARSE_EMPTY, "x");
	CU_ASSERT_EQUAL(diag_exit_code(d), 2);
	diag_add(d, at("b.conf", 9), DIAG_ERROR, MSG_PARSE_EMPTY, "y");
	diag_add(d, at("b.conf", 10), DIAG_ERROR, MSG_PARSE_EMPTY, "z");
	diag_add(d, at("b.conf", 9), DIAG_ERROR, MSG_PARSE_EMPTY, "y");
	diag_add(d, at("a.conf", 100), DIAG_ERROR, MSG_PARSE_EMPTY, "x");
	diag_add(d, at("b.conf", 0), DIAG_ERROR, MSG_PARSE_EMPTY, "x");
	diag_add(d, at(NULL, 0), DIAG_ERROR, MSG_PARSE_MEMORY);
	name[0] = '?'; /* the name was copied */

	CU_ASSERT_EQUAL(diag_count(d, DIAG_ERROR), 6);
	text = printed(d, MESSAGE_ENGLISH);
	CU_ASSERT_STRING_EQUAL(text,
	    "error: not enough memory to read the policy\n"
	    "a.conf:100: error: \"x\" is empty\n"
	    "b.conf: error: \"x\" is empty\n"
	    "b.conf:9: error: \"y\" is empty\n"
	    "b.conf:10: error: \"z\" is empty\n"
	    "b.conf:10: warning: \"x\" is empty\n");
	CU_ASSERT_EQUAL(diag_count(d, DIAG_ERROR), 5);
	CU_ASSERT_EQUAL(diag_count(d, DIAG_WARNING), 1);
	CU_ASSERT_EQUAL(diag_kept(d), 6);
	CU_ASSERT_EQUAL(diag_exit_code(d), 1);
	free(text);

	text = printed(d, MESSAGE_JAPANESE);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "b.conf:9: エラー: 「y」が空です\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "b.conf:10: 警告: 「x」が空です\n"));
	free(text);
	diag_free(d);
}

static void
hostile_text_does_not_reach_the_terminal(void)
{
	struct diag *d = diag_new();
	char *text;

	diag_add(d, at("\x1b]0;x\x07", 1), DIAG_ERROR, MSG_PARSE_EMPTY,
	    "\x1b[2J\r\n\x80\xc2\x9b"
	    "\xe2\x80\xae"
	    "市");
	text = printed(d, MESSAGE_ENGLISH);
	CU_ASSERT_STRING_EQUAL(
	    text, "?]0;x?:1: error: \"?[2J????\?\?\?\?市\" is empty\n");
	free(text);
	diag_free(d);
}

static void
a_flood_is_counted_not_kept(void)
{
	struct diag *d = diag_new();
	char *text;

	for (unsigned int i = 1; i <= LIMIT_FINDINGS + 7; i++)
		diag_add(d, at("p", i), DIAG_ERROR, MSG_PARSE_EMPTY, "x");
	CU_ASSERT_EQUAL(diag_count(d, DIAG_ERROR), LIMIT_FINDINGS + 7);
	CU_ASSERT_EQUAL(diag_kept(d), LIMIT_FINDINGS);
	text = printed(d, MESSAGE_ENGLISH);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n7 more findings are not shown\n"));
	free(text);
	diag_free(d);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "nothing found is exit code 0", nothing_found_is_exit_code_0 },
		{ "findings are sorted and said once",
		    findings_are_sorted_and_said_once },
		{ "hostile text does not reach the terminal",
		    hostile_text_does_not_reach_the_terminal },
		{ "a flood is counted, not kept", a_flood_is_counted_not_kept },
		CU_TEST_INFO_NULL,
	};

	return unit_main("diag", tests);
}
