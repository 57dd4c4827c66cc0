/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is plain, beside a definition that looks at one character at a time. */
#include "rules/utf8.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH 24u

static size_t
plain_slowly(const char *text, size_t length)
{
	size_t used = 0, n;
	uint32_t c;

	while (used < length) {
		n = utf8_decode(text + used, length - used, &c);
		if (n == 0 || c == '"' || c == '\\' ||
		    !((c >= ' ' && c <= '~') || (c >= 0x3000 && c <= 0x9fff)))
			break;
		used += n;
	}
	return used;
}

static void
compare(const char *text, size_t length)
{
	CU_ASSERT_EQUAL(utf8_plain(text, length), plain_slowly(text, length));
}

/* Each byte at each place of a text of each length, between letters and between kanji. */
static void
every_byte_at_every_place(void)
{
	static const char *const around[] = { "abcdefghijklmnopqrstuvwx",
		"関所関所関所関所", "a関b所 関c所d関所xyz--" };
	char text[LENGTH];

	for (size_t a = 0; a < sizeof(around) / sizeof(around[0]); a++)
		for (size_t at = 0; at < LENGTH; at++)
			for (int byte = 0; byte < 256; byte++) {
				memcpy(text, around[a], LENGTH);
				text[at] = (char)byte;
				for (size_t length = at; length <= LENGTH; length++)
					compare(text, length);
			}
}

static void
random_bytes(void)
{
	static const char often[] = "\xe3\xe9\x80\xbf\xe2\xea a\"\\\x7f\x1f";
	char text[LENGTH];

	srandom(1);
	for (int i = 0; i < 200000; i++) {
		for (size_t n = 0; n < LENGTH; n++)
			text[n] = random() % 3 == 0 ? (char)random() :
			    often[(size_t)random() % (sizeof(often) - 1)];
		compare(text, (size_t)random() % (LENGTH + 1));
	}
}

/* Nothing that is plain steers anything; what is a control is as the table says. */
static void
controls_are_never_plain(void)
{
	char text[4];

	for (uint32_t c = 0x3000; c <= 0x9fff; c++) {
		text[0] = (char)(0xe0 | c >> 12);
		text[1] = (char)(0x80 | (c >> 6 & 0x3f));
		text[2] = (char)(0x80 | (c & 0x3f));
		CU_ASSERT_EQUAL(utf8_plain(text, 3), 3);
		CU_ASSERT_FALSE(utf8_is_control(c));
	}
	CU_ASSERT_TRUE(utf8_is_control(0x206f));
	CU_ASSERT_FALSE(utf8_is_control(0x2070));
	CU_ASSERT_FALSE(utf8_is_control(0xfefe));
	CU_ASSERT_TRUE(utf8_is_control(0xfeff));
	CU_ASSERT_TRUE(utf8_is_control(0x202e));
	CU_ASSERT_TRUE(utf8_is_control(0xe007f));
	CU_ASSERT_EQUAL(utf8_plain("", 0), 0);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "every byte at every place", every_byte_at_every_place },
		{ "random bytes", random_bytes },
		{ "controls are never plain", controls_are_never_plain },
		CU_TEST_INFO_NULL,
	};

	return unit_main("utf8_plain", tests);
}
