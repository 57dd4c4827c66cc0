/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8 decoding, one character at a time, nothing trusted. */
#include "rules/utf8.h"

#include <endian.h>
#include <string.h>

/* Length by the first byte, its payload bits, and the least character that needs it. */
static const struct form {
	uint8_t mask, lead;
	uint32_t least;
} forms[] = {
	{ 0x80, 0x00, 0 },
	{ 0xe0, 0xc0, 0x80 },
	{ 0xf0, 0xe0, 0x800 },
	{ 0xf8, 0xf0, 0x10000 },
};

size_t
utf8_decode(const char *text, size_t length, uint32_t *character)
{
	uint8_t first;
	uint32_t c;
	size_t n = 0;

	if (length == 0)
		return 0;
	first = (uint8_t)text[0];
	if (first < 0x80) {
		*character = first;
		return 1;
	}
	while (n < 4 && (first & forms[n].mask) != forms[n].lead)
		n++;
	if (n == 4 || n >= length)
		return 0;

	c = first & (uint8_t)~forms[n].mask;
	for (size_t i = 1; i <= n; i++) {
		if (((uint8_t)text[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | ((uint8_t)text[i] & 0x3f);
	}
	if (c < forms[n].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*character = c;
	return n + 1;
}

bool
utf8_is_control(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} controls[] = {
		{ 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x61c, 0x61c },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
	};

	if ((c >= 0x20 && c < 0x7f) || (c >= 0x2070 && c < 0xfeff))
		return false;
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
		if (c >= controls[i].first && c <= controls[i].last)
			return true;
	return false;
}

#define EACH(byte) ((uint64_t)(byte) * 0x0101010101010101u)

/* The high bit of each byte that is zero; above the first one also of others. */
static uint64_t
zeros(uint64_t bytes)
{
	return (bytes - EACH(0x01)) & ~bytes & EACH(0x80);
}

/* Of eight bytes the plain ASCII ones at the beginning. */
static size_t
plain_of_eight(const char *text)
{
	uint64_t bytes, odd;

	memcpy(&bytes, text, sizeof(bytes));
	bytes = le64toh(bytes);
	odd = (bytes & EACH(0x80)) | ((bytes - EACH(0x20)) & ~bytes & EACH(0x80)) |
	    zeros(bytes ^ EACH('"')) | zeros(bytes ^ EACH('\\')) | zeros(bytes ^ EACH(0x7f));
	return odd == 0 ? sizeof(bytes) : (size_t)__builtin_ctzll(odd) / 8;
}

static bool
is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

/* U+3000 to U+9FFF: these leads have no forms that are too long, and no surrogates. */
static bool
is_plain_wide(const char *text)
{
	return (uint8_t)text[0] >= 0xe3 && (uint8_t)text[0] <= 0xe9 &&
	    ((uint8_t)text[1] & 0xc0) == 0x80 && ((uint8_t)text[2] & 0xc0) == 0x80;
}

size_t
utf8_plain(const char *text, size_t length)
{
	size_t n = 0;

	while (length - n >= 8) {
		const size_t more = is_plain_wide(text + n) ? 3 : plain_of_eight(text + n);

		if (more == 0)
			return n;
		n += more;
	}
	while (n < length) {
		if (is_plain(text[n]))
			n++;
		else if (length - n >= 3 && is_plain_wide(text + n))
			n += 3;
		else
			break;
	}
	return n;
}

size_t
utf8_cut(const char *text, size_t length, size_t max)
{
	size_t used = 0, n;
	uint32_t c;

	while (used < length) {
		n = utf8_decode(text + used, length - used, &c);
		if (n == 0)
			n = 1;
		if (used + n > max)
			break;
		used += n;
	}
	return used;
}

void
utf8_scrub(char *text)
{
	size_t length = strlen(text);
	uint32_t c;

	for (size_t i = 0, n; i < length; i += n) {
		n = utf8_decode(text + i, length - i, &c);
		if (n == 0) {
			n = 1;
			text[i] = '?';
		} else if (utf8_is_control(c)) {
			memset(text + i, '?', n);
		}
	}
}
