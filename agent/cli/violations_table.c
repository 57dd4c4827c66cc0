/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/violations_table.h"

#include "agent/cli/columns.h"
#include "rules/violation_class.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Time, class, outcome, zones, count; two blanks between them make 80. */
#define TIME_WIDTH	19
#define CLASS_WIDTH	5
#define OUTCOME_WIDTH	8
#define ZONES_WIDTH	30
#define COUNT_WIDTH	10
#define INDENT		4

/* Of sums: what it is, violations, leaks, packets, the latest; one blank between them. */
#define NAME_WIDTH	39
#define RECORDS_WIDTH	8
#define LEAKS_WIDTH	7
#define PACKETS_WIDTH	11
#define LATEST_WIDTH	11

/* No text of a record is longer: record_json.h. */
#define TEXT_SIZE	4096

static const json_t *
value_at(const json_t *record, const char *path)
{
	while (record != NULL && *path != '\0') {
		char part[32];
		size_t n = strcspn(path, ".");

		if (n >= sizeof(part))
			return NULL;
		memcpy(part, path, n);
		part[n] = '\0';
		record = json_object_get(record, part);
		path += path[n] == '.' ? n + 1 : n;
	}
	return record;
}

const char *
violations_text(const json_t *record, const char *path)
{
	const char *text = json_string_value(value_at(record, path));

	return text != NULL ? text : "";
}

json_int_t
violations_number(const json_t *record, const char *path)
{
	return json_integer_value(value_at(record, path));
}

bool
violations_is(const json_t *record, const char *path)
{
	return json_is_true(value_at(record, path));
}

bool
violations_has(const json_t *record, const char *path)
{
	return value_at(record, path) != NULL;
}

static const char *
text_of(const struct line_text *t, char *out, size_t size)
{
	(void)line_text_copy(t, out, size);
	return out;
}

static void
print_message(FILE *out, enum message_id id, enum message_language language, int width)
{
	char *text = message_text(id, language);

	columns_print(out, text != NULL ? text : message_slug(id), width);
	free(text);
}

/* Local time in a format of strftime(3); false for what is no time. */
static bool
format_local(const char *stamp, const char *format, char *out, size_t size)
{
	struct tm tm = { 0 };
	time_t t;

	if (strptime(stamp, "%Y-%m-%dT%H:%M:%S", &tm) == NULL)
		return false;
	t = timegm(&tm);
	localtime_r(&t, &tm);
/* The format is a constant of the callers. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	return strftime(out, size, format, &tm) > 0;
#pragma GCC diagnostic pop
}

const char *
violations_local_time(const char *stamp, char *out, size_t size)
{
	return format_local(stamp, "%Y-%m-%d %H:%M:%S", out, size) ? out : stamp;
}

static void
print_time(FILE *out, const char *stamp)
{
	char text[32];

	columns_print(out, violations_local_time(stamp, text, sizeof(text)), TIME_WIDTH);
}

static enum message_id
outcome_of(const struct line_fields *f)
{
	static const char *const life[] = { "life", "file", "checkpoint", "heartbeat",
		"recovery", "clock", "disposal" };

	if (line_text_is(&f->kind, "gap"))
		return MSG_CLI_VIOLATIONS_GAP;
	if (line_text_is(&f->kind, "change") || line_text_is(&f->kind, "drift"))
		return MSG_CLI_VIOLATIONS_CHANGE;
	for (size_t i = 0; i < sizeof(life) / sizeof(life[0]); i++)
		if (line_text_is(&f->kind, life[i]))
			return MSG_CLI_VIOLATIONS_LIFE;
	for (int a = 0; a < ACTION_COUNT; a++)
		if (violation_only_seen((enum violation_action)a) &&
		    line_text_is(&f->action, violation_action_name((enum violation_action)a)))
			return MSG_CLI_VIOLATIONS_SEEN;
	return line_text_is(&f->action, "leak") ? MSG_CLI_VIOLATIONS_LEAK :
	    MSG_CLI_VIOLATIONS_STOPPED;
}

enum message_id
violations_outcome(const json_t *record)
{
	struct line_fields f;

	line_fields_of(record, &f);
	return outcome_of(&f);
}

static void
print_zones(FILE *out, const struct line_fields *f)
{
	char from[101], to[101], text[256] = "";

	text_of(&f->from, from, sizeof(from));
	text_of(&f->to, to, sizeof(to));
	if (*from != '\0' || *to != '\0')
		snprintf(text, sizeof(text), "%s -> %s", *from != '\0' ? from : "?",
		    *to != '\0' ? to : "?");
	columns_print(out, text, ZONES_WIDTH);
}

/*
 * Bytes of the text that fit: up to the last blank, or, for text without blanks
 * and between Japanese characters, up to the last character.
 */
static size_t
line_length(const char *text, int room)
{
	size_t used = 0, blank = 0;
	int width = 0;

	while (text[used] != '\0') {
		struct columns_glyph g = columns_glyph(text + used);

		if (width + g.width > room)
			return blank > 0 ? blank : used;
		/* A wide character may begin a line. */
		if (text[used] == ' ' || (g.width == 2 && used > 0))
			blank = used;
		width += g.width;
		used += g.length;
	}
	return used;
}

static void
print_wrapped(FILE *out, const char *text)
{
	while (*text != '\0') {
		size_t n = line_length(text, VIOLATIONS_COLUMNS - INDENT);
		char *line = strndup(text, n > 0 ? n : 1);

		if (line == NULL)
			return;
		fprintf(out, "%*s", INDENT, "");
		columns_print(out, line, 0);
		fputc('\n', out);
		free(line);
		text += n > 0 ? n : 1;
		text += strspn(text, " ");
	}
}

/* "time (JST)" */
static void
print_time_head(FILE *out, enum message_language language, int width)
{
	char text[64];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	snprintf(text, sizeof(text), "%s (%.10s)",
	    message_format(MSG_CLI_VIOLATIONS_TIME, language), tm.tm_zone);
	columns_print(out, text, width);
}

void
violations_print_head(FILE *out, enum message_language language)
{
	print_time_head(out, language, TIME_WIDTH + 2);
	columns_print(out, "ZV", CLASS_WIDTH + 2);
	print_message(out, MSG_CLI_VIOLATIONS_OUTCOME, language, OUTCOME_WIDTH + 2);
	print_message(out, MSG_CLI_VIOLATIONS_ZONES, language, ZONES_WIDTH + 2);
	print_message(out, MSG_CLI_VIOLATIONS_COUNT, language, COUNT_WIDTH);
	fputc('\n', out);
}

void
violations_print_fields(FILE *out, const struct line_fields *f,
    enum message_language language)
{
	const bool japanese = language == MESSAGE_JAPANESE && f->message_ja.length > 0;
	char text[TEXT_SIZE];

	print_time(out, text_of(&f->time, text, sizeof(text)));
	fputs("  ", out);
	columns_print(out, text_of(&f->class, text, sizeof(text)), CLASS_WIDTH);
	fputs("  ", out);
	print_message(out, outcome_of(f), language, OUTCOME_WIDTH);
	fputs("  ", out);
	print_zones(out, f);
	if (line_text_is(&f->kind, "violation"))
		fprintf(out, "  %*" PRIu64, COUNT_WIDTH, f->count);
	fputc('\n', out);
	print_wrapped(out,
	    text_of(japanese ? &f->message_ja : &f->message, text, sizeof(text)));
}

void
violations_print(FILE *out, const json_t *record, enum message_language language)
{
	struct line_fields f;

	line_fields_of(record, &f);
	violations_print_fields(out, &f, language);
}

enum message_id
violations_by_word(enum record_by by)
{
	switch (by) {
	case BY_NOTHING:
	case BY_COUNT:
	case BY_SOURCE:
		break;
	case BY_DESTINATION:
		return MSG_CLI_VIOLATIONS_CSV_DESTINATION;
	case BY_PAIR:
		return MSG_CLI_VIOLATIONS_ZONES;
	case BY_CLASS:
		return MSG_CLI_VIOLATIONS_CSV_CLASS;
	case BY_PERMIT:
		return MSG_CLI_VIOLATIONS_CSV_PERMIT;
	case BY_HOUR:
	case BY_DAY:
		return MSG_CLI_VIOLATIONS_TIME;
	}
	return MSG_CLI_VIOLATIONS_CSV_SOURCE;
}

/* Heads of numbers stand at their right end. */
static void
print_right(FILE *out, enum message_id id, enum message_language language, int width)
{
	const char *text = message_format(id, language);

	fprintf(out, " %*s", width - columns_width(text) > 0 ? width - columns_width(text) : 0,
	    "");
	columns_print(out, text, 0);
}

void
violations_group_head(FILE *out, enum record_by by, enum message_language language)
{
	if (by == BY_HOUR || by == BY_DAY)
		print_time_head(out, language, NAME_WIDTH);
	else
		print_message(out, violations_by_word(by), language, NAME_WIDTH);
	print_right(out, MSG_CLI_VIOLATIONS_GROUP_RECORDS, language, RECORDS_WIDTH);
	print_right(out, MSG_CLI_VIOLATIONS_LEAKS, language, LEAKS_WIDTH);
	print_right(out, MSG_CLI_VIOLATIONS_CSV_PACKETS, language, PACKETS_WIDTH);
	fputc(' ', out);
	print_message(out, MSG_CLI_VIOLATIONS_CSV_LAST, language, LATEST_WIDTH);
	fputc('\n', out);
}

void
violations_group_print(FILE *out, const struct record_group *g, const char *name)
{
	char text[32];

	if (name == NULL)
		name = g->name[0] != '\0' ? g->name : "-";
	columns_print(out, name, NAME_WIDTH);
	fprintf(out, " %*" PRIu64 " %*" PRIu64 " %*" PRIu64 " ", RECORDS_WIDTH, g->records,
	    LEAKS_WIDTH, g->leaks, PACKETS_WIDTH, g->packets);
	columns_print(out, format_local(g->last, "%m-%d %H:%M", text, sizeof(text)) ? text :
	    "", LATEST_WIDTH);
	fputc('\n', out);
}
