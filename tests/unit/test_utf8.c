/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8 to the letter (RFC 3629): every sequence of up to four bytes that matters. */
#include "rules/utf8.h"
#include "tests/unit/unit.h"

#include <string.h>

/* By the rule itself, for the property below. */
static size_t
encode(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* All of them, also one byte short of whole. */
static void
every_character(void)
{
	size_t wrong = 0;

	for (uint32_t c = 0; c < 0x110000; c++) {
		bool surrogate = c >= 0xd800 && c <= 0xdfff;
		char bytes[4] = "";
		size_t n = encode(c, bytes);
		uint32_t got = UINT32_MAX;

		wrong += utf8_decode(bytes, n, &got) != (surrogate ? 0 : n);
		wrong += !surrogate && got != c;
		wrong += n > 1 && utf8_decode(bytes, n - 1, &got) != 0;
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

/* Two bytes: only what encode() makes, so no form is too long. Then longer ones. */
static void
nothing_else_is_one(void)
{
	static const char *const bad[] = { "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf",
		"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff",
		"\xe3\x81x", "\xf0\x9f\x9a\xc0" };
	uint32_t c;
	size_t wrong = 0;

	CU_ASSERT_EQUAL(utf8_decode("", 0, &c), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(utf8_decode(bad[i], strlen(bad[i]), &c), 0);
	for (unsigned int a = 0x80; a < 0x100; a++)
		for (unsigned int b = 0; b < 0x100; b++) {
			const char two[2] = { (char)a, (char)b };
			bool good = a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf;

			wrong += utf8_decode(two, 2, &c) != (good ? 2 : 0);
		}
	CU_ASSERT_EQUAL(wrong, 0);
}

static void
what_changes_the_text_around_it_is_control(void)
{
	static const uint32_t control[] = { 0, 0x1b, '\n', 0x7f, 0x80, 0x9b, 0x9f, 0x200b, 0x200e,
		0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069, 0xfeff };
	static const uint32_t shown[] = { ' ', '~', 0xa0, 0xe9, 0x3000, 0x3042, 0x9050, 0x1f6aa };

	for (size_t i = 0; i < sizeof(control) / sizeof(control[0]); i++)
		CU_ASSERT_TRUE(utf8_is_control(control[i]));
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		CU_ASSERT_FALSE(utf8_is_control(shown[i]));
}

static void
a_cut_is_between_characters(void)
{
	static const char text[] = "a\xe9\x81\xae" "b";
	static const size_t at[] = { 0, 1, 1, 1, 4, 5, 5 };

	for (size_t max = 0; max < sizeof(at) / sizeof(at[0]); max++)
		CU_ASSERT_EQUAL(utf8_cut(text, 5, max), at[max]);
}

static void
what_is_scrubbed_steers_nothing(void)
{
	char text[] = "a\x1b[31m\xff\xe9\x81\xae\xe2\x80\xae" "b\x7f";

	utf8_scrub(text);
	CU_ASSERT_STRING_EQUAL(text, "a?[31m?\xe9\x81\xae???b?");
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "every character", every_character },
		{ "nothing else is one", nothing_else_is_one },
		{ "what changes the text around it is control", what_changes_the_text_around_it_is_control },
		{ "a cut is between characters", a_cut_is_between_characters },
		{ "what is scrubbed steers nothing", what_is_scrubbed_steers_nothing },
		CU_TEST_INFO_NULL,
	};

	return unit_main("utf8", tests);
}
