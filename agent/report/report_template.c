/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/report/report_template.h"

#include "agent/report/report_words.h"
#include "rules/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

/* Sections inside of sections, and parts. */
#define DEPTH	16
#define NAME	64

struct render {
	FILE *out;
	const struct report_part *parts;
	const struct report_part *part;		/* which errors speak of */
	enum message_language language;
	const json_t *stack[DEPTH];
	size_t depth;
	char *why;
	size_t size;
};

/* A tag: {{ kind name }}; kind 0: a value. */
struct tag {
	char kind, name[NAME];
	const char *begin, *end;		/* with its braces */
};

static int
fail(struct render *r, const char *at, const char *what, const char *name)
{
	unsigned int line = 1;

	for (const char *p = r->part->text; p < at; p++)
		line += *p == '\n';
	snprintf(r->why, r->size, "%s:%u: %s \"%s\"", r->part->name, line, what, name);
	return -EINVAL;
}

/* ---- values ------------------------------------------------------------------------- */

static void
put_text(FILE *out, const char *text, size_t length)
{
	for (size_t i = 0, n; i < length; i += n) {
		uint32_t c = 0;

		n = utf8_decode(text + i, length - i, &c);
		if (n == 0 || (utf8_is_control(c) && c != '\n' && c != '\t'))
			fputs("\xef\xbf\xbd", out);
		else if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else if (c == '\'')
			fputs("&#39;", out);
		else
			fwrite(text + i, 1, n, out);
		if (n == 0)
			n = 1;
	}
}

static const json_t *
member(const json_t *value, const char *path)
{
	while (value != NULL && *path != '\0') {
		char part[NAME];
		size_t n = strcspn(path, ".");

		memcpy(part, path, n);
		part[n] = '\0';
		value = json_object_get(value, part);
		path += path[n] == '.' ? n + 1 : n;
	}
	return value;
}

static const json_t *
look_up(const struct render *r, const char *path)
{
	if (strcmp(path, ".") == 0)
		return r->stack[r->depth - 1];
	for (size_t i = r->depth; i-- > 0;) {
		const json_t *found = member(r->stack[i], path);

		if (found != NULL)
			return found;
	}
	return NULL;
}

static bool
holds(const json_t *value)
{
	if (json_is_array(value))
		return json_array_size(value) > 0;
	if (json_is_string(value))
		return json_string_length(value) > 0;
	if (json_is_integer(value))
		return json_integer_value(value) != 0;
	return json_is_true(value) || json_is_object(value);
}

static int
put_value(struct render *r, const struct tag *t)
{
	const json_t *value = look_up(r, t->name);
	char digits[REPORT_NUMBER];

	if (json_is_string(value))
		put_text(r->out, json_string_value(value), json_string_length(value));
	else if (json_is_integer(value))
		fputs(report_number(json_integer_value(value), digits), r->out);
	else
		return fail(r, t->begin, "no text or number", t->name);
	return 0;
}

static int
put_message(struct render *r, const struct tag *t)
{
	enum message_id id;
	const char *text;

	if (!message_find(t->name, strlen(t->name), &id))
		return fail(r, t->begin, "no message", t->name);
	text = message_format(id, r->language);
	put_text(r->out, text, strlen(text));
	return 0;
}

/* ---- tags ----------------------------------------------------------------------------- */

static const char *
find(const char *at, const char *end, const char *what)
{
	return memmem(at, (size_t)(end - at), what, strlen(what));
}

/* 1: the next tag; 0: there is none any more; negative errno. */
static int
next_tag(struct render *r, const char *at, const char *end, struct tag *t)
{
	const char *close;
	size_t n;

	*t = (struct tag){ .begin = find(at, end, "{{") };
	if (t->begin == NULL)
		return 0;
	close = find(t->begin, end, "}}");
	at = t->begin + 2;
	n = close != NULL ? (size_t)(close - at) : 0;
	if (n > 0 && strchr("#^/:>", *at) != NULL) {
		t->kind = *at++;
		n--;
	}
	if (n == 0 || n >= NAME)
		return fail(r, t->begin, "this is no tag:", "{{");
	memcpy(t->name, at, n);
	t->end = close + 2;
	return 1;
}

/* The tag that closes a section. */
static int
find_close(struct render *r, const struct tag *open, const char *end, struct tag *close)
{
	const char *at = open->end;
	int level = 1, e;

	while ((e = next_tag(r, at, end, close)) > 0) {
		at = close->end;
		if (strcmp(close->name, open->name) != 0)
			continue;
		level += close->kind == '#' || close->kind == '^' ? 1 : 0;
		level -= close->kind == '/' ? 1 : 0;
		if (level == 0)
			return 0;
	}
	return e < 0 ? e : fail(r, open->begin, "never closed:", open->name);
}

static int render(struct render *r, const char *at, const char *end);

static int
render_with(struct render *r, const json_t *value, const char *at, const char *end)
{
	int e;

	if (r->depth == DEPTH)
		return fail(r, at, "too deep", "");
	r->stack[r->depth++] = value;
	e = render(r, at, end);
	r->depth--;
	return e;
}

static int
put_section(struct render *r, const struct tag *open, const struct tag *close)
{
	const json_t *value = look_up(r, open->name), *element;
	size_t i;
	int e = 0;

	if (open->kind == '^')
		return holds(value) ? 0 : render(r, open->end, close->begin);
	if (!holds(value))
		return 0;
	if (json_is_object(value))
		return render_with(r, value, open->end, close->begin);
	if (!json_is_array(value))
		return render(r, open->end, close->begin);
	json_array_foreach(value, i, element) {
		e = render_with(r, element, open->end, close->begin);
		if (e < 0)
			break;
	}
	return e;
}

static int
put_part(struct render *r, const struct tag *t)
{
	const struct report_part *p = r->parts, *outer = r->part;
	int e;

	while (p->name != NULL && strcmp(p->name, t->name) != 0)
		p++;
	if (p->name == NULL || p == outer)
		return fail(r, t->begin, "no part", t->name);
	r->part = p;
	e = render_with(r, r->stack[r->depth - 1], p->text, p->text + p->length);
	r->part = outer;
	return e;
}

/* One tag; *at goes behind it, or behind the section that it opens. */
static int
put_tag(struct render *r, const struct tag *t, const char *end, const char **at)
{
	struct tag close;
	int e;

	*at = t->end;
	switch (t->kind) {
	case 0:
		return put_value(r, t);
	case ':':
		return put_message(r, t);
	case '>':
		return put_part(r, t);
	case '/':
		return fail(r, t->begin, "nothing to close:", t->name);
	default:
		break;
	}
	e = find_close(r, t, end, &close);
	*at = e < 0 ? end : close.end;
	return e < 0 ? e : put_section(r, t, &close);
}

static int
render(struct render *r, const char *at, const char *end)
{
	struct tag t;
	int e;

	while ((e = next_tag(r, at, end, &t)) > 0) {
		fwrite(at, 1, (size_t)(t.begin - at), r->out);
		e = put_tag(r, &t, end, &at);
		if (e < 0)
			return e;
	}
	if (e == 0)
		fwrite(at, 1, (size_t)(end - at), r->out);
	return e;
}

int
report_render(FILE *out, const struct report_part *parts, const char *part,
    const json_t *root, enum message_language language, char *why, size_t size)
{
	struct render r = { .out = out, .parts = parts, .language = language, .why = why,
		.size = size };
	int e;

	why[0] = '\0';
	for (r.part = parts; strcmp(r.part->name, part) != 0; r.part++)
		continue;
	e = render_with(&r, root, r.part->text, r.part->text + r.part->length);
	return e < 0 ? e : ferror(out) ? -EIO : 0;
}
