/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One JSON text as it stands in a line: nothing is copied, nothing is read beyond the
 * end. What is taken is UTF-8 with proper escapes and no bare control; NUL and lone
 * surrogates are none, as with jansson.
 */
#ifndef AGENT_RECORD_LINE_TEXT_H
#define AGENT_RECORD_LINE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Without its quotes; not NUL terminated. text NULL: no such member. */
struct line_text {
	const char *text;
	uint32_t length;
	bool escaped;		/* holds a backslash: not what it means yet */
};

/*
 * p stands behind the opening quote. Behind the closing one; NULL: it is no such text,
 * and *out means nothing. *plain becomes false when it steers a terminal (rules/utf8.h).
 */
const char *line_text_scan(const char *p, const char *end, struct line_text *out,
    bool *plain);

/* True for the same bytes. A text that is not there equals "". */
bool line_text_is(const struct line_text *t, const char *text);

/* With a NUL behind it; what does not fit is left out. The length of what stands there. */
size_t line_text_copy(const struct line_text *t, char *out, size_t size);

#endif /* AGENT_RECORD_LINE_TEXT_H */
