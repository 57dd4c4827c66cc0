/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/line_text.h"

#include "rules/utf8.h"

#include <string.h>

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));

static bool
is_special(uint8_t c)
{
	return c < 0x20 || c >= 0x7f || c == '"' || c == '\\';
}

/* Printable ASCII but quote and backslash; most of every text. */
static const char *
skip_plain(const char *p, const char *end)
{
	for (; end - p >= 16; p += 16) {
		bytes16 v;
		words2 found;

		memcpy(&v, p, sizeof(v));
		found = (words2)((bytes16)(v < 0x20) | (bytes16)(v >= 0x7f) |
		    (bytes16)(v == '"') | (bytes16)(v == '\\'));
		if ((found[0] | found[1]) != 0)
			break;
	}
	while (p < end && !is_special((uint8_t)*p))
		p++;
	return p;
}

static int
hex4(const char *p, const char *end)
{
	int n = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			n = n << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			n = n << 4 | (c - 'A' + 10);
		else
			return -1;
	}
	return n;
}

/* Behind the escape at p, NULL for one that is none. NUL and lone surrogates are none. */
static const char *
skip_escape(const char *p, const char *end)
{
	int n;

	if (end - p < 2)
		return NULL;
	if (p[1] != 'u')
		return p[1] != '\0' && strchr("\"\\/bfnrt", p[1]) != NULL ? p + 2 : NULL;
	n = hex4(p + 2, end);
	if (n <= 0 || (n >= 0xdc00 && n <= 0xdfff))
		return NULL;
	p += 6;
	if (n < 0xd800 || n > 0xdbff)
		return p;
	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return NULL;
	n = hex4(p + 2, end);
	return n >= 0xdc00 && n <= 0xdfff ? p + 6 : NULL;
}

static bool
is_tail(char c)
{
	return ((uint8_t)c & 0xc0) == 0x80;
}

/* Behind the characters at p that are not ASCII; NULL: no UTF-8. */
static const char *
skip_wide(const char *p, const char *end, bool *plain)
{
	while (p < end && (uint8_t)*p >= 0x80) {
		uint32_t c;
		size_t n;

		/* U+3000 to U+9FFF: Japanese. None of them too long a form, or a control. */
		if ((uint8_t)*p >= 0xe3 && (uint8_t)*p <= 0xe9 && end - p >= 3 &&
		    is_tail(p[1]) && is_tail(p[2])) {
			p += 3;
			continue;
		}
		n = utf8_decode(p, (size_t)(end - p), &c);
		if (n == 0)
			return NULL;
		if (utf8_is_control(c))
			*plain = false;
		p += n;
	}
	return p;
}

const char *
line_text_scan(const char *p, const char *end, struct line_text *out, bool *plain)
{
	out->text = p;
	out->escaped = false;
	for (;;) {
		p = skip_plain(p, end);
		if (p == end || (uint8_t)*p < 0x20)
			return NULL;
		if (*p == '"')
			break;
		if (*p == '\\') {
			out->escaped = true;
			p = skip_escape(p, end);
		} else if (*p == 0x7f) {
			*plain = false;
			p++;
		} else {
			p = skip_wide(p, end, plain);
		}
		if (p == NULL)
			return NULL;
	}
	out->length = (uint32_t)(p - out->text);
	return p + 1;
}

bool
line_text_is(const struct line_text *t, const char *text)
{
	size_t n = strlen(text);

	return t->length == n && (n == 0 || memcmp(t->text, text, n) == 0);
}

size_t
line_text_copy(const struct line_text *t, char *out, size_t size)
{
	size_t n = t->length < size ? t->length : size - 1;

	if (n > 0)
		memcpy(out, t->text, n);
	out[n] = '\0';
	return n;
}
