/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/record_line.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* What a line says with one text in it, up to and without its newline. */
static void
check_text(const char *text, const char *want)
{
	char line[RECORD_LINE_MAX];
	struct record_line l;

	record_line_begin(&l, line);
	record_line_text(&l, "t", text);
	CU_ASSERT_TRUE_FATAL(record_line_end(&l));
	CU_ASSERT_EQUAL(line[l.used - 1], '\n');
	line[l.used - 1] = '\0';
	CU_ASSERT_STRING_EQUAL(line, want);
}

static void
texts_are_escaped(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "plain", "{\"t\":\"plain\"}" },
		{ "", "{}" },
		{ NULL, "{}" },
		{ "a\"b\\c", "{\"t\":\"a\\\"b\\\\c\"}" },
		{ "\b\t\n\f\r", "{\"t\":\"\\b\\t\\n\\f\\r\"}" },
		{ "\x1b[1m\x7f", "{\"t\":\"\\u001b[1m\\u007f\"}" },
		{ "総務課", "{\"t\":\"総務課\"}" },
		/* A right-to-left override, C1, and a tag beyond the basic plane. */
		{ "\xe2\x80\xae", "{\"t\":\"\\u202e\"}" },
		{ "\xc2\x9b", "{\"t\":\"\\u009b\"}" },
		{ "\xf3\xa0\x81\x81", "{\"t\":\"\\udb40\\udc41\"}" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_text(cases[i].text, cases[i].want);
}

static void
members_stand_in_their_order(void)
{
	char line[RECORD_LINE_MAX];
	struct record_line l;
	json_t *members = json_pack("{s:i,s:[s,n]}", "x", -1, "y", "\"\x1b");

	record_line_begin(&l, line);
	record_line_number(&l, "max", UINT64_MAX);
	record_line_number(&l, "zero", 0);
	record_line_keyword(&l, "word", 42);
	record_line_open(&l, "empty", '{');
	record_line_close(&l, '}');
	record_line_open(&l, "list", '[');
	record_line_text(&l, NULL, "a");
	record_line_text(&l, NULL, "b");
	record_line_close(&l, ']');
	record_line_true(&l, "yes");
	record_line_members(&l, members);
	record_line_members(&l, NULL);
	CU_ASSERT_TRUE_FATAL(record_line_end(&l));
	line[l.used] = '\0';
	CU_ASSERT_STRING_EQUAL(line, "{\"max\":18446744073709551615,\"zero\":0,"
	    "\"word\":\"42\",\"empty\":{},\"list\":[\"a\",\"b\"],\"yes\":true,"
	    "\"x\":-1,\"y\":[\"\\\"\\u001B\",null]}\n");
	json_decref(members);
}

/* Lines of every length around the limit: whole, or refused, never cut. */
static void
what_does_not_fit_is_refused(void)
{
	char line[RECORD_LINE_MAX], text[RECORD_LINE_MAX];
	const size_t around = sizeof("{\"t\":\"\"}\n") - 1;

	for (size_t n = RECORD_BODY_MAX - around - 4; n < RECORD_BODY_MAX - around + 4; n++) {
		struct record_line l;
		bool fits;

		memset(text, 'x', n);
		text[n] = '\0';
		record_line_begin(&l, line);
		record_line_text(&l, "t", text);
		fits = record_line_end(&l);
		CU_ASSERT_EQUAL(fits, n + around <= RECORD_BODY_MAX);
		CU_ASSERT_EQUAL(l.full, !fits);
		if (fits)
			CU_ASSERT_EQUAL(l.used, n + around);
	}
}

/* An escape at the very end is whole or not there. */
static void
an_escape_is_never_cut(void)
{
	char line[RECORD_LINE_MAX], text[RECORD_LINE_MAX];

	for (size_t n = RECORD_BODY_MAX - 24; n < RECORD_BODY_MAX; n++) {
		struct record_line l;

		memset(text, 'x', n);
		memcpy(text + n - 3, "\xe2\x80\xae", 4);
		record_line_begin(&l, line);
		record_line_text(&l, "t", text);
		if (record_line_end(&l))
			CU_ASSERT_EQUAL(memcmp(line + l.used - 9, "\\u202e\"}\n", 9), 0);
		CU_ASSERT_TRUE(l.used <= RECORD_BODY_MAX);
	}
}

static void
what_is_not_utf8_is_an_error(void)
{
	static const char *const texts[] = { "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char line[RECORD_LINE_MAX];
		struct record_line l;

		record_line_begin(&l, line);
		record_line_text(&l, "t", texts[i]);
		CU_ASSERT_FALSE(record_line_end(&l));
		CU_ASSERT_EQUAL(l.error, -EILSEQ);
		CU_ASSERT_FALSE(l.full);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "texts are escaped", texts_are_escaped },
		{ "members stand in their order", members_stand_in_their_order },
		{ "what does not fit is refused", what_does_not_fit_is_refused },
		{ "an escape is never cut", an_escape_is_never_cut },
		{ "what is not UTF-8 is an error", what_is_not_utf8_is_an_error },
		CU_TEST_INFO_NULL,
	};

	return unit_main("record_line", tests);
}
