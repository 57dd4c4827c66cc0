/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of a process that may be taken over: whatever they are, what comes out is fit. */
#include "agent/record/text_clean.h"
#include "rules/utf8.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static void
good_text_stays(void)
{
	char out[64];
	bool cut = false;

	CU_ASSERT_EQUAL(text_clean("\xe9\x81\xae\xe6\x96\xad x", 8, out, sizeof(out), &cut), 8);
	CU_ASSERT_STRING_EQUAL(out, "\xe9\x81\xae\xe6\x96\xad x");
	CU_ASSERT_EQUAL(text_clean("ab\0cd", 5, out, sizeof(out), &cut), 2);
	CU_ASSERT_STRING_EQUAL(out, "ab");
	CU_ASSERT_EQUAL(text_clean("", 0, out, 1, NULL), 0);
	CU_ASSERT_STRING_EQUAL(out, "");
	CU_ASSERT_FALSE(cut);
}

static void
each_bad_byte_is_replaced(void)
{
	char out[64];

	CU_ASSERT_EQUAL(text_clean("a\xff\xe9\x81z", 5, out, sizeof(out), NULL), 11);
	CU_ASSERT_STRING_EQUAL(out, "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
}

/* Room for one byte more each time: never half a character, never beyond the room. */
static void
it_is_cut_between_characters(void)
{
	static const char text[] = "\xe9\x81\xae\xe6\x96\xad";

	for (size_t size = 1; size <= 8; size++) {
		char *out = malloc(size);
		bool cut = false;
		size_t n;

		CU_ASSERT_FATAL(out != NULL);
		n = text_clean(text, 6, out, size, &cut);
		CU_ASSERT_EQUAL(n, size > 6 ? 6 : size > 3 ? 3 : 0);
		CU_ASSERT_EQUAL(strlen(out), n);
		CU_ASSERT_EQUAL(cut, size <= 6);
		free(out);
	}
}

static void
random_bytes_become_a_text(void)
{
	srand(7);
	for (int i = 0; i < 20000; i++) {
		char in[24], out[40];
		size_t n = (size_t)rand() % (sizeof(in) + 1), size = 1 + (size_t)rand() % 40;
		const char *p = out;
		size_t left;

		for (size_t k = 0; k < n; k++)
			in[k] = (char)rand();
		left = text_clean(in, n, out, size, NULL);
		CU_ASSERT_FATAL(left < size && out[left] == '\0');
		while (left > 0) {
			uint32_t c;
			size_t length = utf8_decode(p, left, &c);

			CU_ASSERT_FATAL(length > 0);
			p += length;
			left -= length;
		}
	}
}

static void
ascii_is_what_json_writes_as_one_byte(void)
{
	char out[16];
	bool cut = false;

	CU_ASSERT_EQUAL(text_clean_ascii("mn0.10", 6, out, sizeof(out), &cut), 6);
	CU_ASSERT_STRING_EQUAL(out, "mn0.10");
	CU_ASSERT_FALSE(cut);
	CU_ASSERT_EQUAL(text_clean_ascii("a\"b\\\x1b\x7f\xe9", 7, out, sizeof(out), &cut), 7);
	CU_ASSERT_STRING_EQUAL(out, "a?b????");
	CU_ASSERT_TRUE(cut);
	cut = false;
	CU_ASSERT_EQUAL(text_clean_ascii("abc", 3, out, 3, &cut), 2);
	CU_ASSERT_STRING_EQUAL(out, "ab");
	CU_ASSERT_TRUE(cut);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "good text stays", good_text_stays },
		{ "each bad byte is replaced", each_bad_byte_is_replaced },
		{ "it is cut between characters", it_is_cut_between_characters },
		{ "random bytes become a text", random_bytes_become_a_text },
		{ "ascii is what json writes as one byte", ascii_is_what_json_writes_as_one_byte },
		CU_TEST_INFO_NULL,
	};

	return unit_main("text_clean", tests);
}
