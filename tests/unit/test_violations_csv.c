/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells of a spreadsheet: quoted as RFC 4180 says, and none is a formula. */
#include "agent/cli/violations_csv.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK "\xef\xbb\xbf"

static char *text;
static size_t size;

static FILE *
begin(void)
{
	free(text);
	text = NULL;
	return open_memstream(&text, &size);
}

static size_t
count(const char *where, char c)
{
	size_t n = 0;

	for (; *where != '\0'; where++)
		n += *where == c;
	return n;
}

static const char *
row_with_actor(const char *actor, bool plain)
{
	struct line_fields f = { .plain = plain };
	FILE *out = begin();

	f.actor = (struct line_text){ .text = actor, .length = (uint32_t)strlen(actor) };
	violations_csv_print(out, &f, MESSAGE_ENGLISH);
	fclose(out);
	return text;
}

static void
heads_and_rows_have_as_many_cells(void)
{
	struct line_fields f = { .plain = true };
	size_t commas;
	FILE *out = begin();

	violations_csv_head(out, MESSAGE_ENGLISH);
	fclose(out);
	commas = count(text, ',');
	CU_ASSERT(commas > 15);
	CU_ASSERT_EQUAL(strncmp(text, MARK, 3), 0);
	CU_ASSERT_STRING_EQUAL(text + size - 2, "\r\n");
	out = begin();
	violations_csv_head(out, MESSAGE_JAPANESE);
	violations_csv_print(out, &f, MESSAGE_JAPANESE);
	fclose(out);
	CU_ASSERT_EQUAL(count(text, ','), 2 * commas);
	CU_ASSERT_EQUAL(count(text, '\n'), 2);
	/* the mark stands once, at the begin */
	CU_ASSERT_PTR_NULL(strstr(text + 3, MARK));
}

static void
cells(void)
{
	static const struct { const char *actor, *cell; } rows[] = {
		{ "yamada", ",yamada,"}, { "a,b", ",\"a,b\"," }, { "say \"hi\"", ",\"say \"\"hi\"\"\"," },
		{ "=1+1", ",\"'=1+1\"," }, { "+81", ",\"'+81\"," }, { "-1", ",\"'-1\"," },
		{ "@x", ",\"'@x\"," }, { "=\"a\",b", ",\"'=\"\"a\"\",b\"," }, { "\"", ",\"\"\"\"," },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT_PTR_NOT_NULL(strstr(row_with_actor(rows[i].actor, true), rows[i].cell));
		CU_ASSERT_PTR_NOT_NULL(strstr(row_with_actor(rows[i].actor, false), rows[i].cell));
	}
	/* what steers would end the row, or hide the sign of a formula */
	row_with_actor("a\r\nb\x1b[2J", false);
	CU_ASSERT_EQUAL(count(text, '\n'), 1);
	CU_ASSERT_PTR_NULL(strchr(text, '\x1b'));
}

static void
groups(void)
{
	char name[] = "=cmd";
	const struct record_group g = { .name = name, .records = 3, .leaks = 1, .packets = 70 };
	FILE *out = begin();

	violations_csv_group_head(out, BY_SOURCE, MESSAGE_ENGLISH);
	violations_csv_group(out, &g, NULL);
	violations_csv_group(out, &g, "other");
	fclose(out);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\r\n\"'=cmd\",3,1,70,"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\r\nother,3,1,70,"));
	CU_ASSERT_EQUAL(count(text, ','), 15);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "heads and rows have as many cells", heads_and_rows_have_as_many_cells },
		{ "cells", cells },
		{ "groups", groups },
		CU_TEST_INFO_NULL,
	};
	int r = unit_main("violations_csv", tests);

	free(text);
	return r;
}
