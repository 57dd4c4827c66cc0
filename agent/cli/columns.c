/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Own widths, not wcwidth(3): they must be right in the C locale too. */
#include "agent/cli/columns.h"

#include "rules/utf8.h"

#include <string.h>

struct span {
	uint32_t first, last;
};

/* East Asian Wide and Fullwidth, Unicode Standard Annex 11, as far as assigned blocks go. */
static const struct span wide[] = {
	{ 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0x33ff }, { 0x3400, 0x4dbf },
	{ 0x4e00, 0x9fff }, { 0xa000, 0xa4cf }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
	{ 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f },
	{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

/* Combining marks that Japanese and Latin text uses; variation selectors. */
static const struct span none[] = {
	{ 0x0300, 0x036f }, { 0x3099, 0x309a }, { 0xfe00, 0xfe0f },
};

static bool
in_spans(const struct span *spans, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= spans[i].first && c <= spans[i].last)
			return true;
	return false;
}

static int
char_width(uint32_t c)
{
	if (in_spans(none, sizeof(none) / sizeof(none[0]), c))
		return 0;
	return in_spans(wide, sizeof(wide) / sizeof(wide[0]), c) ? 2 : 1;
}

struct columns_glyph
columns_glyph(const char *text)
{
	uint32_t c = 0;
	size_t n;
	bool bad;

	if (*text >= ' ' && *text <= '~')
		return (struct columns_glyph){ .character = (uint8_t)*text, .length = 1,
		    .width = 1 };
	/* the longest sequence; the length of all behind it would make a long text slow */
	n = utf8_decode(text, strnlen(text, 4), &c);
	bad = n == 0 || utf8_is_control(c);
	return (struct columns_glyph){ .character = bad ? '?' : c, .length = n > 0 ? n : 1,
	    .bad = bad, .width = bad ? 1 : char_width(c) };
}

int
columns_width(const char *text)
{
	int width = 0;

	while (*text != '\0') {
		struct columns_glyph g = columns_glyph(text);

		width += g.width;
		text += g.length;
	}
	return width;
}

/* Printable ASCII at the beginning of text, at most so many: one column and byte each. */
static size_t
ascii_run(const char *text, size_t most)
{
	size_t n = 0;

	while (n < most && text[n] >= ' ' && text[n] <= '~')
		n++;
	return n;
}

void
columns_print(FILE *out, const char *text, int width)
{
	int used = 0;

	while (*text != '\0') {
		size_t run = ascii_run(text, width > 0 ? (size_t)(width - used) : SIZE_MAX);
		struct columns_glyph g;

		fwrite(text, 1, run, out);
		text += run;
		used += (int)run;
		if (*text == '\0')
			break;
		g = columns_glyph(text);
		if (width > 0 && used + g.width > width)
			break;
		if (g.bad)
			fputc('?', out);
		else
			fwrite(text, 1, g.length, out);
		used += g.width;
		text += g.length;
	}
	for (; used < width; used++)
		fputc(' ', out);
}
