/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Columns of a terminal: wide characters, cuts between them, and no escape sequence. */
#include "agent/cli/columns.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *text;
	int columns, width;
	const char *printed;
} rows[] = {
	{ "", 0, 0, "" },
	{ "", 0, 3, "   " },
	{ "abc", 3, 0, "abc" },
	{ "abc", 3, 5, "abc  " },
	{ "abc", 3, 2, "ab" },
	{ "関所", 4, 0, "関所" },
	{ "関所", 4, 6, "関所  " },
	/* Half of a wide character is no character: a blank fills its place. */
	{ "関所", 4, 3, "関 " },
	{ "関所", 4, 1, " " },
	{ "ｾｷｼｮ", 4, 4, "ｾｷｼｮ" },
	/* A combining sound mark stays with its letter. */
	{ "か\xe3\x82\x99x", 3, 2, "か\xe3\x82\x99" },
	{ "a\033[31mb", 7, 0, "a?[31mb" },
	{ "a\nb\tc\177", 6, 0, "a?b?c?" },
	/* U+009B, the one-character form of ESC [. */
	{ "\xc2\x9b" "31m", 4, 0, "?31m" },
	{ "\xff\xfe", 2, 0, "??" },
	/* Cut off in the middle of a character; overlong; a surrogate. */
	{ "a\xe9\x96", 3, 0, "a??" },
	{ "\xc0\xaf", 2, 0, "??" },
	{ "\xed\xa0\x80", 3, 0, "???" },
};

static void
test_columns(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = NULL;
		size_t length = 0;
		FILE *out = open_memstream(&text, &length);

		CU_ASSERT_PTR_NOT_NULL_FATAL(out);
		columns_print(out, rows[i].text, rows[i].width);
		fclose(out);
		CU_ASSERT_STRING_EQUAL(text, rows[i].printed);
		CU_ASSERT_EQUAL(columns_width(rows[i].text), rows[i].columns);
		free(text);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "width, cut and padding", test_columns },
		CU_TEST_INFO_NULL,
	};

	return unit_main("columns", tests);
}
