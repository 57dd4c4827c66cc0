/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signs of one policy file: brackets, commas, comments, @include. */
#include "rules/policy_parse_scan.h"

#include "rules/utf8.h"

#include <stdint.h>
#include <string.h>

struct origin
policy_scan_here(const struct policy_scan *x)
{
	return (struct origin){ .file = x->file->name, .line = x->line };
}

bool
policy_scan_in_list(const struct policy_source *s)
{
	return s->levels[s->depth].open == '(' || s->levels[s->depth].open == '[';
}

bool
policy_scan_looks_at(const struct policy_scan *x, const char *word)
{
	size_t length = strlen(word);

	return (size_t)(x->end - x->at) >= length && memcmp(x->at, word, length) == 0;
}

void
policy_scan_unexpected(struct policy_scan *x, const char *text, size_t length)
{
	char buf[POLICY_SOURCE_SHOWN];

	if (x->s->unsure)
		return;
	policy_source_fault(x->s, policy_scan_here(x), MSG_PARSE_UNEXPECTED,
	    policy_source_shown(text, length, buf));
}

void
policy_scan_append_sign(struct policy_source *s, char sign, struct origin origin)
{
	policy_source_append(s, &sign, 1, origin, false);
}

static void
scan_comment(struct policy_scan *x)
{
	struct origin where = policy_scan_here(x);

	for (x->at += 2; x->at < x->end; x->at++) {
		if (policy_scan_looks_at(x, "*/")) {
			x->at += 2;
			return;
		}
		x->line += *x->at == '\n';
	}
	policy_source_fault(x->s, where, MSG_PARSE_COMMENT_OPEN);
}

static void
skip_line(struct policy_scan *x)
{
	const char *newline = memchr(x->at, '\n', (size_t)(x->end - x->at));

	x->at = newline != NULL ? newline : x->end;
}

/* At what follows @include: its text in quotes. False when it is not that. */
static bool
include_name(struct policy_scan *x, const char **name, size_t *length)
{
	const char *close;

	while (x->at < x->end && (*x->at == ' ' || *x->at == '\t'))
		x->at++;
	if (x->at >= x->end || *x->at != '"')
		return false;
	*name = ++x->at;
	for (close = x->at; close < x->end && *close != '"' && *close != '\n';)
		close++;
	if (close >= x->end || *close != '"' || close == x->at)
		return false;
	*length = (size_t)(close - x->at);
	x->at = close + 1;
	return true;
}

static void
scan_include(struct policy_scan *x, bool fresh)
{
	struct origin where = policy_scan_here(x);
	bool is_include = policy_scan_looks_at(x, "@include");
	const char *name;
	size_t length;

	x->at += is_include ? strlen("@include") : 1;
	if (is_include && !include_name(x, &name, &length)) {
		policy_source_fault(x->s, where, MSG_PARSE_INCLUDE_FORM);
		skip_line(x);
		return;
	}
	if (is_include && fresh)
		policy_source_include(x->s, x->file, name, length, where);
	else
		policy_source_fault(x->s, where, MSG_PARSE_INCLUDE_PLACE);
}

static void
scan_open(struct policy_scan *x, char sign)
{
	struct policy_source *s = x->s;
	struct policy_level *level;

	x->at++;
	policy_word_before_value(x, &sign, 1, false);
	if (s->depth >= LIMIT_NESTING) {
		policy_source_fault(
		    s, policy_scan_here(x), MSG_PARSE_NESTING, LIMIT_NESTING);
		s->stop = true;
		return;
	}
	level = &s->levels[++s->depth];
	level->open = sign;
	level->origin = policy_scan_here(x);
	level->n_keys = 0;
	policy_source_append(s, sign == '{' ? "{" : "(", 1, policy_scan_here(x), true);
	s->last = TOKEN_OPEN;
}

static void
scan_close(struct policy_scan *x, char sign, char opener)
{
	struct policy_source *s = x->s;
	const struct policy_level *level = &s->levels[s->depth];
	char open_text[2] = { level->open }, close_text[2] = { sign };

	x->at++;
	if (s->depth <= x->base) {
		if (!s->unsure)
			policy_source_fault(
			    s, policy_scan_here(x), MSG_PARSE_BRACKET_STRAY, close_text);
		s->last = TOKEN_CLOSE;
		return;
	}
	if (level->open != opener && !s->unsure)
		policy_source_fault(s, policy_scan_here(x), MSG_PARSE_BRACKET_MISMATCH,
		    close_text, open_text, level->origin.line);
	else if (s->last == TOKEN_KEY || s->last == TOKEN_ASSIGN)
		policy_scan_unexpected(x, &sign, 1);

	/* A comma after the last entry: people add and move lines. */
	s->comma_waits = false;
	s->depth--;
	policy_scan_append_sign(s, level->open == '{' ? '}' : ')', policy_scan_here(x));
	s->last = TOKEN_CLOSE;
}

static void
scan_comma(struct policy_scan *x)
{
	struct policy_source *s = x->s;

	x->at++;
	if (!policy_scan_in_list(s)) {
		if (s->last != TOKEN_VALUE && s->last != TOKEN_CLOSE)
			policy_scan_unexpected(x, ",", 1);
		policy_scan_append_sign(s, ',', policy_scan_here(x));
		s->last = TOKEN_COMMA;
		return;
	}
	/* Between two included files both may have written it. */
	if (s->comma_waits && s->comma_origin.file != x->file->name)
		return;
	if (s->comma_waits || (s->last != TOKEN_VALUE && s->last != TOKEN_CLOSE)) {
		diag_add(
		    s->diag, policy_scan_here(x), DIAG_ERROR, MSG_PARSE_COMMA_NOTHING);
		return;
	}
	s->comma_waits = true;
	s->comma_origin = policy_scan_here(x);
}

static void
scan_semicolon(struct policy_scan *x)
{
	struct policy_source *s = x->s;

	x->at++;
	if (policy_scan_in_list(s) ||
	    (s->last != TOKEN_VALUE && s->last != TOKEN_CLOSE)) {
		policy_scan_unexpected(x, ";", 1);
		return;
	}
	policy_scan_append_sign(s, ';', policy_scan_here(x));
	s->last = TOKEN_SEMICOLON;
}

static void
scan_assign(struct policy_scan *x)
{
	struct policy_source *s = x->s;

	if (s->last != TOKEN_KEY)
		policy_scan_unexpected(x, x->at, 1);
	x->at++;
	policy_scan_append_sign(s, '=', policy_scan_here(x));
	s->last = TOKEN_ASSIGN;
}

static void
scan_one(struct policy_scan *x)
{
	bool fresh = x->fresh;
	char c = *x->at;

	if (c == '\n' || strchr(" \t\r\f\v", c) != NULL) {
		x->fresh = c == '\n' || fresh;
		x->line += c == '\n';
		x->at++;
		return;
	}
	x->fresh = false;
	if (c == '#' || policy_scan_looks_at(x, "//"))
		skip_line(x);
	else if (policy_scan_looks_at(x, "/*"))
		scan_comment(x);
	else if (c == '@')
		scan_include(x, fresh);
	else if (c == '"')
		policy_word_text(x);
	else if (c == '{' || c == '(' || c == '[')
		scan_open(x, c);
	else if (c == '}' || c == ')' || c == ']')
		scan_close(x, c, c == '}' ? '{' : c == ')' ? '(' : '[');
	else if (c == ',')
		scan_comma(x);
	else if (c == ';')
		scan_semicolon(x);
	else if (c == '=' || c == ':')
		scan_assign(x);
	else
		policy_word_scan(x);
}

/* The whole file is UTF-8 without NUL; the first place where it is not is told. */
static bool
check_bytes(struct policy_source *s, const struct policy_file *file)
{
	struct origin where = { .file = file->name, .line = 1 };
	uint32_t c = 0;

	for (size_t i = 0, n; i < file->length; i += n) {
		n = utf8_decode(file->text + i, file->length - i, &c);
		if (n == 0) {
			policy_source_fault(s, where, MSG_PARSE_NOT_UTF8,
			    (unsigned int)(uint8_t)file->text[i]);
			return false;
		}
		if (c == 0) {
			policy_source_fault(s, where, MSG_PARSE_NUL);
			return false;
		}
		where.line += c == '\n';
	}
	return true;
}

/* What a file begins it must end: a finding must not send its reader to another file. */
static void
check_end(struct policy_source *s, unsigned int base)
{
	const struct policy_level *level = &s->levels[s->depth];
	char shown[POLICY_SOURCE_SHOWN];

	if (s->unsure) {
		s->depth = base;
		return;
	}
	if ((s->last == TOKEN_KEY || s->last == TOKEN_ASSIGN) && level->n_keys > 0) {
		const struct policy_source_key *k = &level->keys[level->n_keys - 1];

		policy_source_fault(s, k->origin, MSG_PARSE_KEY_VALUE,
		    policy_source_shown(s->text + k->start, k->length, shown));
	}
	for (; s->depth > base; s->depth--) {
		char open_text[2] = { s->levels[s->depth].open };

		policy_source_fault(
		    s, s->levels[s->depth].origin, MSG_PARSE_BRACKET_OPEN, open_text);
	}
}

void
policy_scan(struct policy_source *s, const struct policy_file *file)
{
	struct policy_scan x = {
		.s = s,
		.file = file,
		.at = file->text,
		.end = file->text + file->length,
		.line = 1,
		.base = s->depth,
		.fresh = true,
	};

	if (file->length == 0 || !check_bytes(s, file))
		return;
	/* A byte order mark, as editors on office PCs write it. */
	if (policy_scan_looks_at(&x, "\xef\xbb\xbf"))
		x.at += 3;
	while (x.at < x.end && !s->stop && !s->no_memory)
		scan_one(&x);

	if (!s->stop)
		check_end(s, x.base);
}
