/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/violations_csv.h"

#include "agent/cli/violations_table.h"
#include "rules/utf8.h"
#include "rules/violation_class.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

enum how { WORDS = 0, NUMBER, WHEN, CLASS_NAME, SENTENCE };

#define AT(field) offsetof(struct line_fields, field)

static const struct column {
	enum message_id head;
	enum how how;
	size_t place;			/* in struct line_fields */
} columns[] = {
	{ MSG_CLI_VIOLATIONS_TIME, WHEN, AT(time) },
	{ MSG_CLI_VIOLATIONS_CSV_KIND, WORDS, AT(kind) },
	{ MSG_CLI_VIOLATIONS_CSV_CLASS, WORDS, AT(class) },
	{ MSG_CLI_VIOLATIONS_CSV_NAME, CLASS_NAME, AT(class) },
	{ MSG_CLI_VIOLATIONS_CSV_ACTION, WORDS, AT(action) },
	{ MSG_CLI_VIOLATIONS_CSV_SEVERITY, NUMBER, AT(severity) },
	{ MSG_CLI_VIOLATIONS_CSV_FROM, WORDS, AT(from) },
	{ MSG_CLI_VIOLATIONS_CSV_TO, WORDS, AT(to) },
	{ MSG_CLI_VIOLATIONS_CSV_SOURCE, WORDS, AT(source) },
	{ MSG_CLI_VIOLATIONS_CSV_SOURCE_PORT, NUMBER, AT(source_port) },
	{ MSG_CLI_VIOLATIONS_CSV_SOURCE_MAC, WORDS, AT(source_mac) },
	{ MSG_CLI_VIOLATIONS_CSV_DESTINATION, WORDS, AT(destination) },
	{ MSG_CLI_VIOLATIONS_CSV_DESTINATION_PORT, NUMBER, AT(destination_port) },
	{ MSG_CLI_VIOLATIONS_CSV_DESTINATION_MAC, WORDS, AT(destination_mac) },
	{ MSG_CLI_VIOLATIONS_CSV_TRANSPORT, WORDS, AT(transport) },
	{ MSG_CLI_VIOLATIONS_CSV_PERMIT, WORDS, AT(permit) },
	{ MSG_CLI_VIOLATIONS_CSV_PACKETS, NUMBER, AT(count) },
	{ MSG_CLI_VIOLATIONS_CSV_FIRST, WHEN, AT(start) },
	{ MSG_CLI_VIOLATIONS_CSV_LAST, WHEN, AT(end) },
	{ MSG_CLI_VIOLATIONS_CSV_ACTOR, WORDS, AT(actor) },
	{ MSG_CLI_VIOLATIONS_CSV_MESSAGE, SENTENCE, 0 },
	{ MSG_CLI_VIOLATIONS_CSV_SEQUENCE, NUMBER, AT(sequence) },
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* What a spreadsheet takes for the beginning of a formula. */
static bool
is_formula(const char *text, size_t n)
{
	return n > 0 && strchr("=+-@", text[0]) != NULL;
}

/* A cell of text that holds no control character. */
static void
put_clean(FILE *out, const char *text, size_t n)
{
	const char *quote;

	if (n == 0)
		return;
	if (!is_formula(text, n) && memchr(text, ',', n) == NULL &&
	    memchr(text, '"', n) == NULL) {
		fwrite(text, 1, n, out);
		return;
	}
	fputs(is_formula(text, n) ? "\"'" : "\"", out);
	while ((quote = memchr(text, '"', n)) != NULL) {
		fwrite(text, 1, (size_t)(quote + 1 - text), out);
		fputc('"', out);
		n -= (size_t)(quote + 1 - text);
		text = quote + 1;
	}
	fwrite(text, 1, n, out);
	fputc('"', out);
}

/* A cell of a text that may hold anything. */
static void
put_cell(FILE *out, const char *text, size_t n)
{
	char *clean = strndup(text, n);

	if (clean == NULL)
		return;
	utf8_scrub(clean);
	put_clean(out, clean, strlen(clean));
	free(clean);
}

static void
put_word(FILE *out, const char *text)
{
	put_cell(out, text, strlen(text));
}

/* A text of a line; plain: nothing in the line steers anything. */
static void
put_text(FILE *out, const struct line_text *t, bool plain)
{
	if (plain)
		put_clean(out, t->text, t->length);
	else if (t->length > 0)
		put_cell(out, t->text, t->length);
}

static void
put_time(FILE *out, const char *stamp)
{
	char text[32];

	put_word(out, violations_local_time(stamp, text, sizeof(text)));
}

/* With a NUL behind it; what is longer than any time or class is cut. */
static const char *
short_text(const struct line_text *t, char out[64])
{
	snprintf(out, 64, "%.*s", t->length < 64 ? (int)t->length : 63,
	    t->text != NULL ? t->text : "");
	return out;
}

static void
put_column(FILE *out, const struct column *c, const struct line_fields *f,
    enum message_language language)
{
	/* Offsets of members of the type that the column is. */
	const void *place = (const char *)f + c->place;
	char text[64];

	switch (c->how) {
	case WORDS:
		put_text(out, place, f->plain);
		break;
	case NUMBER:
		if (line_has(f, place))
			fprintf(out, "%" PRIu64, *(const uint64_t *)place);
		break;
	case WHEN:
		put_time(out, short_text(place, text));
		break;
	case CLASS_NAME:
		put_word(out, violation_class_name(
		    violation_class_parse(short_text(place, text)), language));
		break;
	case SENTENCE:
		put_text(out, language == MESSAGE_JAPANESE && f->message_ja.length > 0 ?
		    &f->message_ja : &f->message, f->plain);
		break;
	}
}

static void
put_end(FILE *out)
{
	fputs("\r\n", out);
}

void
violations_csv_head(FILE *out, enum message_language language)
{
	fputs(BYTE_ORDER_MARK, out);
	for (size_t i = 0; i < N_COLUMNS; i++) {
		if (i > 0)
			fputc(',', out);
		put_word(out, message_format(columns[i].head, language));
	}
	put_end(out);
}

void
violations_csv_print(FILE *out, const struct line_fields *f, enum message_language language)
{
	for (size_t i = 0; i < N_COLUMNS; i++) {
		if (i > 0)
			fputc(',', out);
		put_column(out, &columns[i], f, language);
	}
	put_end(out);
}

void
violations_csv_group_head(FILE *out, enum record_by by, enum message_language language)
{
	static const enum message_id heads[] = { MSG_CLI_VIOLATIONS_GROUP_RECORDS,
		MSG_CLI_VIOLATIONS_LEAKS, MSG_CLI_VIOLATIONS_CSV_PACKETS,
		MSG_CLI_VIOLATIONS_CSV_FIRST, MSG_CLI_VIOLATIONS_CSV_LAST };

	fputs(BYTE_ORDER_MARK, out);
	put_word(out, message_format(violations_by_word(by), language));
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		fputc(',', out);
		put_word(out, message_format(heads[i], language));
	}
	put_end(out);
}

void
violations_csv_group(FILE *out, const struct record_group *g, const char *name)
{
	put_word(out, name != NULL ? name : g->name);
	fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", g->records, g->leaks, g->packets);
	put_time(out, g->first);
	fputc(',', out);
	put_time(out, g->last);
	put_end(out);
}
