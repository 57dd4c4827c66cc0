/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/record_line.h"

#include "rules/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Append \uXXXX, as a surrogate pair above the basic plane. False: no room. */
static bool
put_escape(char *line, size_t *used, uint32_t c)
{
	size_t room = RECORD_BODY_MAX - *used;
	int n;

	if (c < 0x10000)
		n = snprintf(line + *used, room, "\\u%04x", c);
	else
		n = snprintf(line + *used, room, "\\u%04x\\u%04x",
		    0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
	*used += (size_t)n;
	return (size_t)n < room;
}

bool
record_line(const char *json, char line[RECORD_LINE_MAX], size_t *used)
{
	size_t n = strlen(json);

	*used = 0;
	while (n > 0) {
		uint32_t c = UINT32_MAX;
		size_t length = utf8_decode(json, n, &c);

		if (length == 0)
			return false;
		if (*used + length >= RECORD_BODY_MAX)
			return false;
		if (!utf8_is_control(c)) {
			memcpy(line + *used, json, length);
			*used += length;
		} else if (!put_escape(line, used, c)) {
			return false;
		}
		json += length;
		n -= length;
	}
	if (*used >= RECORD_BODY_MAX)
		return false;
	line[(*used)++] = '\n';
	return true;
}
