/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/columns.h"
#include "agent/cli/violations_table.h"
#include "rules/utf8.h"
#include "tests/unit/unit.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *
leak(const char *zone, const char *message)
{
	json_t *r =
	    json_pack("{s:s,s:s,s:{s:s},s:{s:s},s:{s:{s:s},s:{s:s}},s:{s:s,s:I,s:s}}",
		"@timestamp", "2026-11-21T03:14:56.999999999Z", "message", message,
		"event", "action", "leak", "rule", "id", "ZV-01", "observer", "ingress",
		"zone", zone, "egress", "zone", "internet", "sekisho", "kind",
		"violation", "count", (json_int_t)17, "message_ja", message);

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	return r;
}

/* The printed text; the caller frees it. Takes the record. */
static char *
printed(json_t *record, enum message_language language)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	if (record != NULL)
		violations_print(f, record, language);
	else
		violations_print_head(f, language);
	fclose(f);
	json_decref(record);
	return text;
}

/* Every line fits, holds no control character, and is UTF-8. */
static void
check_lines(char *text)
{
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		size_t n = strlen(line);

		CU_ASSERT_TRUE(columns_width(line) <= VIOLATIONS_COLUMNS);
		for (size_t i = 0, step; i < n; i += step) {
			uint32_t c;

			step = utf8_decode(line + i, n - i, &c);
			CU_ASSERT_NOT_EQUAL_FATAL(step, 0);
			CU_ASSERT_FALSE(utf8_is_control(c));
		}
	}
	free(text);
}

static void
a_leak_is_two_lines(void)
{
	char *text;

	setenv("TZ", "Asia/Tokyo", 1);
	text = printed(leak("mynumber", "it crossed"), MESSAGE_ENGLISH);
	CU_ASSERT_STRING_EQUAL(text, "2026-11-21 12:14:56  ZV-01  LEAK      mynumber -> "
				     "internet                    17\n"
				     "    it crossed\n");
	free(text);
	text = printed(leak("mynumber", "越境"), MESSAGE_JAPANESE);
	CU_ASSERT_STRING_EQUAL(text, "2026-11-21 12:14:56  ZV-01  漏えい    mynumber -> "
				     "internet                    17\n"
				     "    越境\n");
	free(text);
}

static void
columns_stand_below_their_heads(void)
{
	for (int language = MESSAGE_ENGLISH; language <= MESSAGE_JAPANESE; language++) {
		char *head = printed(NULL, (enum message_language)language);
		char *zv = strstr(head, "ZV");

		CU_ASSERT_PTR_NOT_NULL_FATAL(zv);
		*zv = '\0';
		CU_ASSERT_EQUAL(columns_width(head), 21);
		*zv = 'Z';
		check_lines(head);
	}
}

static void
hostile_and_long_texts_fit(void)
{
	static const char *const texts[] = {
	    "",
	    "\x1b]0;owned\x07\n\r\t",
	    "\xc2\x9b"
	    "31m",
	    "\xe2\x80\xae"
	    "gnp",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaa",
	    "ゾーン間直接通信ゾーン間直接通信ゾーン間直接通信ゾーン間直接通信ゾーン間直接"
	    "通信ゾーン間直接通信",
	    "a long sentence of many words that must be broken somewhere between two of "
	    "them, not "
	    "inside of one, and goes on over a third line because nobody stops it from "
	    "going on",
	    "\xe3\x81\x8b\xe3\x82\x99",
	    "%s%n%x",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		check_lines(printed(leak(texts[i], texts[i]), MESSAGE_ENGLISH));
		check_lines(printed(leak(texts[i], texts[i]), MESSAGE_JAPANESE));
	}
}

static void
records_without_fields_are_shown_as_they_are(void)
{
	check_lines(printed(json_object(), MESSAGE_ENGLISH));
	check_lines(printed(
	    json_pack("{s:i,s:[],s:s}", "@timestamp", 7, "sekisho", "message", "x"),
	    MESSAGE_JAPANESE));
}

static void
paths_lead_through_objects(void)
{
	json_t *r = leak("mynumber", "m");

	CU_ASSERT_STRING_EQUAL(violations_text(r, "observer.ingress.zone"), "mynumber");
	CU_ASSERT_STRING_EQUAL(violations_text(r, "observer.ingress.nothing"), "");
	CU_ASSERT_STRING_EQUAL(violations_text(r, "message.deeper"), "");
	CU_ASSERT_STRING_EQUAL(violations_text(r, "sekisho.count"), "");
	CU_ASSERT_EQUAL(violations_number(r, "sekisho.count"), 17);
	CU_ASSERT_EQUAL(
	    violations_number(r, "a_part_that_is_longer_than_any_name_of_ours"), 0);
	json_decref(r);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a leak is two lines", a_leak_is_two_lines },
		{ "columns stand below their heads", columns_stand_below_their_heads },
		{ "hostile and long texts fit", hostile_and_long_texts_fit },
		{ "records without fields are shown as they are",
		    records_without_fields_are_shown_as_they_are },
		{ "paths lead through objects", paths_lead_through_objects },
		CU_TEST_INFO_NULL,
	};

	return unit_main("violations_table", tests);
}
