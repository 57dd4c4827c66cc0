/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/views/view_text.h"

#include "rules/utf8.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void
view_put(struct view_text *t, const char *bytes, size_t n)
{
	if (n > t->size - t->used) {
		t->full = true;
		return;
	}
	memcpy(t->bytes + t->used, bytes, n);
	t->used += n;
}

void
view_putf(struct view_text *t, const char *format, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		t->full = true;
	else
		view_put(t, text, (size_t)n);
}

/* With a backslash in front. */
static const char *const marked[ESCAPE_COUNT] = {
	[ESCAPE_JSON] = "\"\\", [ESCAPE_SD] = "\"\\]", [ESCAPE_CEF_HEADER] = "\\|",
	[ESCAPE_CEF] = "\\=", [ESCAPE_LABEL] = "\"\\", [ESCAPE_ASCII] = "",
};

static void
put_control(struct view_text *t, enum view_escape how, uint32_t c)
{
	if (how == ESCAPE_JSON && c >= 0x10000)
		view_putf(t, "\\u%04x\\u%04x", (unsigned int)(0xd800 + ((c - 0x10000) >> 10)),
		    (unsigned int)(0xdc00 + (c & 0x3ff)));
	else if (how == ESCAPE_JSON)
		view_putf(t, "\\u%04x", (unsigned int)c);
	else if (c == '\n' && (how == ESCAPE_CEF || how == ESCAPE_LABEL))
		view_put(t, "\\n", 2);
	else if (c == '\r' && how == ESCAPE_CEF)
		view_put(t, "\\r", 2);
	else
		view_put(t, "?", 1);
}

static void
put_character(struct view_text *t, enum view_escape how, const char *bytes, size_t n, uint32_t c)
{
	if (utf8_is_control(c)) {
		put_control(t, how, c);
	} else if (how == ESCAPE_ASCII) {
		view_put(t, c > ' ' && c < 0x7f ? bytes : "?", 1);
	} else if (n == 1 && strchr(marked[how], *bytes) != NULL) {
		const char both[2] = { '\\', *bytes };

		view_put(t, both, 2);
	} else {
		view_put(t, bytes, n);
	}
}

void
view_put_escaped(struct view_text *t, enum view_escape how, const char *text, size_t max)
{
	size_t length = utf8_cut(text, strlen(text), max);

	for (size_t i = 0, n; i < length && !t->full; i += n) {
		uint32_t c = 0;

		n = utf8_decode(text + i, length - i, &c);
		if (n == 0) {
			view_put(t, "?", 1);
			n = 1;
		} else {
			put_character(t, how, text + i, n, c);
		}
	}
}
