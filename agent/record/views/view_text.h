/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of bounded size for the formats of the views, and their ways to escape. What
 * does not fit is left out whole, and told: half an escape would be a hole.
 */
#ifndef AGENT_RECORD_VIEWS_VIEW_TEXT_H
#define AGENT_RECORD_VIEWS_VIEW_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct view_text {
	char *bytes;
	size_t size, used;
	bool full;			/* something did not fit */
};

void view_put(struct view_text *t, const char *bytes, size_t n);
void view_putf(struct view_text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

enum view_escape {
	ESCAPE_JSON = 0,	/* RFC 8259; what steers a terminal as \uXXXX */
	ESCAPE_SD,		/* RFC 5424, 6.3.3: " \ and ] */
	ESCAPE_CEF_HEADER,	/* \ and | */
	ESCAPE_CEF,		/* value of an extension: \ and =, lines as \n */
	ESCAPE_LABEL,		/* Prometheus: " \ and lines as \n */
	ESCAPE_ASCII,		/* RFC 5424, PRINTUSASCII: all else '?' */
	ESCAPE_COUNT
};

/*
 * At most max bytes of the text, cut at a character, escaped. Where the format has no
 * escape for a character that steers a terminal or ends a line, it becomes '?'; bytes
 * that are no UTF-8 do everywhere.
 */
void view_put_escaped(struct view_text *t, enum view_escape how, const char *text, size_t max);

#endif /* AGENT_RECORD_VIEWS_VIEW_TEXT_H */
