/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of one policy file: keys, texts, numbers, and what should have been quoted. */
#include "rules/policy_parse_scan.h"

#include "rules/utf8.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void
flush_comma(struct policy_source *s)
{
	if (!s->comma_waits)
		return;
	s->comma_waits = false;
	s->last = TOKEN_COMMA;
	policy_scan_append_sign(s, ',', s->comma_origin);
}

bool
policy_word_before_value(
    struct policy_scan *x, const char *text, size_t length, bool is_text)
{
	struct policy_source *s = x->s;
	char buf[POLICY_SOURCE_SHOWN];

	if (!policy_scan_in_list(s)) {
		bool goes_on = is_text && s->last == TOKEN_VALUE && s->last_is_text;

		if (s->last == TOKEN_ASSIGN || goes_on)
			return true;
		policy_scan_unexpected(x, text, length);
		return false;
	}

	flush_comma(s);
	if (s->last == TOKEN_VALUE || s->last == TOKEN_CLOSE) {
		diag_add(s->diag, policy_scan_here(x), DIAG_ERROR,
		    MSG_PARSE_COMMA_MISSING, policy_source_shown(text, length, buf));
		policy_scan_append_sign(s, ',', policy_scan_here(x));
	}
	return true;
}

static void
append_value(struct policy_scan *x, const char *text, size_t length, bool same_line)
{
	policy_source_append(x->s, text, length, policy_scan_here(x), !same_line);
	x->s->last = TOKEN_VALUE;
	x->s->last_is_text = *text == '"';
}

/* True when the text holds \x00, which would end it for libconfig. */
static bool
holds_nul(const char *text, size_t length)
{
	for (size_t i = 0; i + 3 < length; i++) {
		if (text[i] != '\\')
			continue;
		if (memcmp(text + i, "\\x00", 4) == 0)
			return true;
		i++;
	}
	return false;
}

void
policy_word_text(struct policy_scan *x)
{
	const char *start = x->at++;
	size_t length;

	while (x->at < x->end && *x->at != '"' && *x->at != '\n')
		x->at += *x->at == '\\' && x->at + 1 < x->end && x->at[1] != '\n' ? 2 : 1;
	if (x->at >= x->end || *x->at != '"') {
		policy_source_fault(x->s, policy_scan_here(x), MSG_PARSE_TEXT_OPEN);
		x->s->unsure = true;
		return;
	}
	length = (size_t)(++x->at - start);
	if (holds_nul(start, length))
		policy_source_fault(x->s, policy_scan_here(x), MSG_PARSE_TEXT_NUL);
	/* Two texts in a row are one, in a group only: see policy_word_before_value(). */
	if (policy_word_before_value(x, start, length, true))
		append_value(x, start, length,
		    !policy_scan_in_list(x->s) && x->s->last == TOKEN_VALUE);
}

static bool
is_ascii_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_key_character(char c)
{
	return is_ascii_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static void
note_key(struct policy_scan *x, const char *text, size_t length)
{
	struct policy_source *s = x->s;
	struct policy_level *level = &s->levels[s->depth];
	char buf[POLICY_SOURCE_SHOWN];

	for (size_t i = 0; i < level->n_keys; i++) {
		const struct policy_source_key *k = &level->keys[i];

		if (k->length == length &&
		    memcmp(s->text + k->start, text, length) == 0) {
			policy_source_fault(s, policy_scan_here(x), MSG_PARSE_KEY_TWICE,
			    policy_source_shown(text, length, buf), k->origin.file,
			    k->origin.line);
			return;
		}
	}
	if (level->n_keys >= LIMIT_GROUP_KEYS) {
		policy_source_fault(
		    s, policy_scan_here(x), MSG_PARSE_TOO_MANY_KEYS, LIMIT_GROUP_KEYS);
		s->stop = true;
		return;
	}
	if (s->length >= length)
		level->keys[level->n_keys++] = (struct policy_source_key){
			.start = s->length - length,
			.length = length,
			.origin = policy_scan_here(x),
		};
}

static void
scan_key(struct policy_scan *x)
{
	struct policy_source *s = x->s;
	const char *start = x->at;
	size_t length;

	while (x->at < x->end && is_key_character(*x->at))
		x->at++;
	length = (size_t)(x->at - start);
	if (s->last == TOKEN_KEY || s->last == TOKEN_ASSIGN) {
		policy_scan_unexpected(x, start, length);
		return;
	}
	policy_source_append(s, start, length, policy_scan_here(x), true);
	s->last = TOKEN_KEY;
	if (!s->no_memory && !s->stop)
		note_key(x, start, length);
}

/* How many bytes a value without quotes has: up to a blank, sign or comment. */
static size_t
bare_length(const struct policy_scan *x)
{
	struct policy_scan y = *x;
	uint32_t c = 0;

	while (y.at < y.end) {
		size_t n = utf8_decode(y.at, (size_t)(y.end - y.at), &c);

		if (n == 0 || c <= ' ' || c == 0x3000 || policy_scan_looks_at(&y, "//") ||
		    policy_scan_looks_at(&y, "/*"))
			break;
		if (c < 0x80 && strchr(",;()[]{}\"#=", (int)c) != NULL)
			break;
		y.at += n;
	}
	return (size_t)(y.at - x->at);
}

#define NUMBER_TEXT_SIZE 32

/* A whole number, decimal or 0x hexadecimal: out is what libconfig reads as 64 bits. */
static bool
is_integer(struct policy_scan *x, const char *word, char out[NUMBER_TEXT_SIZE])
{
	bool hex = strncasecmp(word, "0x", 2) == 0;
	long long value;
	char *end;

	errno = 0;
	value = strtoll(word, &end, hex ? 16 : 10);
	if (end == word ||
	    (*end != '\0' && strcasecmp(end, "L") != 0 && strcasecmp(end, "LL") != 0))
		return false;
	if (errno == ERANGE) {
		policy_source_fault(
		    x->s, policy_scan_here(x), MSG_PARSE_NUMBER_RANGE, word);
		value = 0;
	}
	snprintf(out, NUMBER_TEXT_SIZE, "%lldL", value);
	return true;
}

/* true, false, a number: out is how libconfig may read it. */
static bool
is_bare_value(
    struct policy_scan *x, const char *text, size_t length, char out[NUMBER_TEXT_SIZE])
{
	char word[NUMBER_TEXT_SIZE];
	char *end;

	if (length >= sizeof(word))
		return false;
	memcpy(word, text, length);
	word[length] = '\0';

	if (strcasecmp(word, "true") == 0 || strcasecmp(word, "false") == 0) {
		snprintf(out, NUMBER_TEXT_SIZE, "%s", word);
		return true;
	}
	if (strspn(word, "+-.0123456789") == 0)
		return false;
	if (is_integer(x, word, out))
		return true;
	/* No key takes a fraction: any will do to be refused by its type. */
	strtod(word, &end);
	snprintf(out, NUMBER_TEXT_SIZE, "0.0");
	return end != word && *end == '\0';
}

/* A word that should have stood in quotes: say so, and read it as if it did. */
static void
append_unquoted(struct policy_scan *x, const char *text, size_t length)
{
	struct policy_source *s = x->s;
	char buf[POLICY_SOURCE_SHOWN];

	diag_add(s->diag, policy_scan_here(x), DIAG_ERROR, MSG_PARSE_UNQUOTED,
	    policy_source_shown(text, length, buf));
	if (memchr(text, '\\', length) != NULL || length + 2 > sizeof(buf))
		s->broken = true;
	snprintf(buf, sizeof(buf), "\"%.*s\"",
	    (int)utf8_cut(text, length, sizeof(buf) - 3), text);
	append_value(x, buf, strlen(buf), false);
}

static void
scan_bare(struct policy_scan *x)
{
	const char *start = x->at;
	size_t length = bare_length(x);
	char number[NUMBER_TEXT_SIZE], buf[POLICY_SOURCE_SHOWN];

	x->at += length;
	while (x->at < x->end && policy_scan_in_list(x->s) &&
	    (*x->at == ' ' || *x->at == '\t'))
		x->at++;
	if (x->at < x->end && policy_scan_in_list(x->s) && *x->at == '=') {
		policy_source_fault(x->s, policy_scan_here(x), MSG_PARSE_KEY_OUTSIDE,
		    policy_source_shown(start, length, buf));
		x->at++;
		return;
	}
	if (!policy_word_before_value(x, start, length, false))
		return;
	if (is_bare_value(x, start, length, number))
		append_value(x, number, strlen(number), false);
	else
		append_unquoted(x, start, length);
}

/* A character that no word begins with; a run of foreign ones is one finding. */
static void
scan_stray(struct policy_scan *x)
{
	char buf[POLICY_SOURCE_SHOWN];
	uint32_t c = 0;
	size_t n = utf8_decode(x->at, (size_t)(x->end - x->at), &c);

	policy_source_fault(x->s, policy_scan_here(x), MSG_PARSE_STRAY,
	    policy_source_shown(x->at, n, buf), (unsigned int)c);
	x->at += n > 0 ? n : 1;
	while (x->at < x->end && (*x->at & 0x80) != 0)
		x->at++;
}

void
policy_word_scan(struct policy_scan *x)
{
	bool value = policy_scan_in_list(x->s) || x->s->last == TOKEN_ASSIGN;

	if (value && bare_length(x) > 0)
		scan_bare(x);
	else if (!value && is_ascii_letter(*x->at))
		scan_key(x);
	else
		scan_stray(x);
}
