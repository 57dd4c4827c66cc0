/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/record_line.h"

#include "rules/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
record_line_begin(struct record_line *l, char text[RECORD_LINE_MAX])
{
	*l = (struct record_line){ .text = text };
	record_line_open(l, NULL, '{');
}

static void
put(struct record_line *l, const char *bytes, size_t n)
{
	/* One byte stays for the newline. */
	if (l->full || n >= RECORD_BODY_MAX - l->used) {
		l->full = true;
		return;
	}
	memcpy(l->text + l->used, bytes, n);
	l->used += n;
}

/* The short forms of RFC 8259 section 7; \uXXXX, a surrogate pair above the basic plane. */
static void
put_escape(struct record_line *l, uint32_t c)
{
	static const char letters[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n',
		['\f'] = 'f', ['\r'] = 'r' };
	char text[sizeof("\\ud800\\udc00")];
	int n;

	if (c < sizeof(letters) && letters[c] != '\0')
		n = snprintf(text, sizeof(text), "\\%c", letters[c]);
	else if (c < 0x10000)
		n = snprintf(text, sizeof(text), "\\u%04x", c);
	else
		n = snprintf(text, sizeof(text), "\\u%04x\\u%04x",
		    0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
	put(l, text, (size_t)n);
}

/* The character at s, escaped where it has to be; how many bytes it has, 0 is no UTF-8. */
static size_t
put_character(struct record_line *l, const char *s, size_t n, bool quoted)
{
	uint32_t c = 0;
	size_t length = utf8_decode(s, n, &c);

	if (length == 0)
		return 0;
	if (utf8_is_control(c)) {
		put_escape(l, c);
		return length;
	}
	if (quoted && (c == '"' || c == '\\'))
		put(l, "\\", 1);
	put(l, s, length);
	return length;
}

/* Quoted: the inside of a string; else JSON text, in which only controls are escaped. */
static void
put_utf8(struct record_line *l, const char *s, size_t n, bool quoted)
{
	size_t length;

	while (n > 0 && !l->full) {
		length = utf8_plain(s, n);
		if (length > 0)
			put(l, s, length);
		else
			length = put_character(l, s, n, quoted);
		if (length == 0) {
			l->error = -EILSEQ;
			return;
		}
		s += length;
		n -= length;
	}
}

/* A member's comma, its key and what follows the colon. */
static void
put_key(struct record_line *l, const char *key, char first)
{
	const size_t n = key != NULL ? strlen(key) : 0;
	char *p = l->text + l->used;

	/* Comma, two quotes, colon, and that character. */
	if (l->full || n + 5 >= RECORD_BODY_MAX - l->used) {
		l->full = true;
		return;
	}
	if (l->comma)
		*p++ = ',';
	l->comma = true;
	if (key != NULL) {
		*p++ = '"';
		p = mempcpy(p, key, n);
		*p++ = '"';
		*p++ = ':';
	}
	*p++ = first;
	l->used = (size_t)(p - l->text);
}

void
record_line_open(struct record_line *l, const char *key, char bracket)
{
	put_key(l, key, bracket);
	l->comma = false;
}

void
record_line_close(struct record_line *l, char bracket)
{
	put(l, &bracket, 1);
	l->comma = true;
}

void
record_line_text(struct record_line *l, const char *key, const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	put_key(l, key, '"');
	put_utf8(l, text, strlen(text), true);
	put(l, "\"", 1);
}

const char *
record_line_decimal(uint64_t number, char out[RECORD_NUMBER_SIZE])
{
	char *digit = &out[RECORD_NUMBER_SIZE - 1];

	*digit = '\0';
	do {
		*--digit = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return digit;
}

void
record_line_word(struct record_line *l, const char *key, const char *word)
{
	if (word == NULL || *word == '\0')
		return;
	put_key(l, key, '"');
	put(l, word, strlen(word));
	put(l, "\"", 1);
}

void
record_line_number(struct record_line *l, const char *key, uint64_t number)
{
	char out[RECORD_NUMBER_SIZE];
	const char *digits = record_line_decimal(number, out);

	put_key(l, key, digits[0]);
	put(l, digits + 1, strlen(digits + 1));
}

void
record_line_keyword(struct record_line *l, const char *key, uint64_t number)
{
	char out[RECORD_NUMBER_SIZE];

	record_line_word(l, key, record_line_decimal(number, out));
}

void
record_line_true(struct record_line *l, const char *key)
{
	put_key(l, key, 't');
	put(l, "rue", 3);
}

void
record_line_members(struct record_line *l, json_t *members)
{
	const char *key;
	json_t *value;

	json_object_foreach(members, key, value) {
		char *json = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

		if (json == NULL) {
			l->error = -ENOMEM;
			return;
		}
		put_key(l, key, json[0]);
		put_utf8(l, json + 1, strlen(json) - 1, false);
		free(json);
	}
}

bool
record_line_end(struct record_line *l)
{
	record_line_close(l, '}');
	if (l->full || l->error < 0)
		return false;
	l->text[l->used++] = '\n';
	return true;
}
