/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One text of a line: taken as jansson takes it, and nothing beyond its end is touched. */
#include "agent/record/line_text.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In memory of exactly that size, for the sanitizer. The length taken, -1: none. */
static long
scan(const char *bytes, size_t n, bool *plain, bool *escaped)
{
	struct line_text t;
	char *copy = malloc(n + (n == 0));
	const char *behind;
	long taken = -1;

	CU_ASSERT_FATAL(copy != NULL);
	memcpy(copy, bytes, n);
	*plain = true;
	behind = line_text_scan(copy, copy + n, &t, plain);
	if (behind != NULL) {
		CU_ASSERT_PTR_EQUAL(t.text, copy);
		CU_ASSERT_EQUAL(behind[-1], '"');
		CU_ASSERT_EQUAL(t.length + 1, (size_t)(behind - copy));
		taken = (long)t.length;
		*escaped = t.escaped;
	}
	free(copy);
	return taken;
}

static void
taken(const char *text, bool plain, bool escaped)
{
	bool p, e = false;
	char line[256];
	size_t n = strlen(text);

	snprintf(line, sizeof(line), "%s\",", text);
	CU_ASSERT_EQUAL(scan(line, n + 2, &p, &e), (long)n);
	CU_ASSERT_EQUAL(p, plain);
	CU_ASSERT_EQUAL(e, escaped);
	/* Without its end there is none, wherever it stops. */
	for (size_t i = 0; i <= n; i++)
		CU_ASSERT_EQUAL(scan(line, i, &p, &e), -1);
}

static void
left(const char *bytes, size_t n)
{
	bool p, e;

	CU_ASSERT_EQUAL(scan(bytes, n, &p, &e), -1);
}

static void
texts_are_taken(void)
{
	taken("", true, false);
	taken("mn0", true, false);
	taken("sixteen bytes !! and then some more, and then some", true, false);
	taken("\xe9\x81\xae\xe6\x96\xad \xc3\xa9 \xf0\x9f\x9a\xaa", true, false);
	taken("a\\\\b\\n\\u3042\\ud83d\\udeaa\\/", true, true);
}

static void
what_steers_a_terminal_is_not_plain(void)
{
	taken("a\x7f", false, false);
	taken("\xc2\x9b" "31m", false, false);		/* CSI */
	taken("\xe2\x80\xae" "txt", false, false);	/* right to left from here on */
}

#define LEFT(text) left(text, sizeof(text) - 1)

static void
what_is_none_is_left(void)
{
	LEFT("a\x1b[31m\"");
	LEFT("a\0b\"");
	LEFT("a\nb\"");
	LEFT("\\u0000\"");
	LEFT("\\x41\"");
	LEFT("\\\0\"");
	LEFT("\\u12\"");
	LEFT("\\u12g4\"");
	LEFT("\\ud83d\"");		/* half a pair */
	LEFT("\\ud83dx\\udeaa\"");
	LEFT("\\ud83d\\u0041\"");
	LEFT("\\udeaa\"");
	LEFT("\x80\"");
	LEFT("\xc0\xaf\"");		/* too long a form */
	LEFT("\xe0\x80\xaf\"");
	LEFT("\xed\xa0\x80\"");		/* a surrogate */
	LEFT("\xf4\x90\x80\x80\"");	/* beyond the last character */
	LEFT("\xe3\x81\"");
	LEFT("\xff\"");
}

/* At every place of a stride of 16, each byte: taken only where jansson takes it too. */
static void
every_byte_at_every_place(void)
{
	char line[48], whole[64];

	for (size_t at = 0; at < 40; at++)
		for (unsigned int c = 0; c < 256; c++) {
			bool p, e = false;
			long n;
			json_t *j;

			memset(line, 'a', 40);
			line[at] = (char)c;
			line[40] = '"';
			n = scan(line, 41, &p, &e);
			if (n < 0)
				continue;
			whole[0] = '"';
			memcpy(whole + 1, line, (size_t)n + 1);
			j = json_loadb(whole, (size_t)n + 2, JSON_DECODE_ANY, NULL);
			CU_ASSERT(json_is_string(j));
			if (!e)
				CU_ASSERT(json_string_length(j) == (size_t)n);
			json_decref(j);
		}
}

static void
texts_are_compared_as_bytes(void)
{
	const struct line_text t = { .text = "denied\"", .length = 6 }, none = { 0 };

	CU_ASSERT_TRUE(line_text_is(&t, "denied"));
	CU_ASSERT_FALSE(line_text_is(&t, "denie"));
	CU_ASSERT_FALSE(line_text_is(&t, "denied\""));
	CU_ASSERT_FALSE(line_text_is(&t, "Denied"));
	CU_ASSERT_FALSE(line_text_is(&t, ""));
	CU_ASSERT_TRUE(line_text_is(&none, ""));
	CU_ASSERT_FALSE(line_text_is(&none, "x"));
}

static void
a_copy_never_goes_beyond_its_room(void)
{
	const struct line_text t = { .text = "denied\"", .length = 6 }, none = { 0 };
	char out[8];

	for (size_t size = 1; size <= sizeof(out); size++) {
		size_t n = size > 6 ? 6 : size - 1;

		memset(out, 'x', sizeof(out));
		CU_ASSERT_EQUAL(line_text_copy(&t, out, size), n);
		CU_ASSERT_EQUAL(strlen(out), n);
		CU_ASSERT_EQUAL(memcmp(out, "denied", n), 0);
		for (size_t i = n + 1; i < sizeof(out); i++)
			CU_ASSERT_EQUAL(out[i], 'x');
	}
	CU_ASSERT_EQUAL(line_text_copy(&none, out, sizeof(out)), 0);
	CU_ASSERT_STRING_EQUAL(out, "");
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "texts are taken", texts_are_taken },
		{ "what steers a terminal is not plain", what_steers_a_terminal_is_not_plain },
		{ "what is none is left", what_is_none_is_left },
		{ "every byte at every place", every_byte_at_every_place },
		{ "texts are compared as bytes", texts_are_compared_as_bytes },
		{ "a copy never goes beyond its room", a_copy_never_goes_beyond_its_room },
		CU_TEST_INFO_NULL,
	};

	return unit_main("line_text", tests);
}
