/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/violations_table.h"

#include "agent/cli/columns.h"
#include "rules/violation_class.h"

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

static void
print_message(FILE *out, enum message_id id, enum message_language language, int width)
{
	char *text = message_text(id, language);

	columns_print(out, text != NULL ? text : message_slug(id), width);
	free(text);
}

/* "2026-11-21 12:14:56" in local time; the record's own text when it is none. */
static void
print_time(FILE *out, const char *stamp)
{
	struct tm tm = { 0 };
	char text[32];
	time_t t;

	if (strptime(stamp, "%Y-%m-%dT%H:%M:%S", &tm) == NULL) {
		columns_print(out, stamp, TIME_WIDTH);
		return;
	}
	t = timegm(&tm);
	localtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	columns_print(out, text, TIME_WIDTH);
}

enum message_id
violations_outcome(const json_t *record)
{
	const char *kind = violations_text(record, "sekisho.kind");
	const char *action = violations_text(record, "event.action");

	if (strcmp(kind, "gap") == 0)
		return MSG_CLI_VIOLATIONS_GAP;
	if (strcmp(kind, "change") == 0)
		return MSG_CLI_VIOLATIONS_CHANGE;
	if (strcmp(kind, "life") == 0 || strcmp(kind, "file") == 0 ||
	    strcmp(kind, "checkpoint") == 0 || strcmp(kind, "heartbeat") == 0 ||
	    strcmp(kind, "recovery") == 0 || strcmp(kind, "clock") == 0)
		return MSG_CLI_VIOLATIONS_LIFE;
	for (int a = 0; a < ACTION_COUNT; a++)
		if (violation_only_seen((enum violation_action)a) &&
		    strcmp(action, violation_action_name((enum violation_action)a)) == 0)
			return MSG_CLI_VIOLATIONS_SEEN;
	return strcmp(action, "leak") == 0 ? MSG_CLI_VIOLATIONS_LEAK :
	    MSG_CLI_VIOLATIONS_STOPPED;
}

static void
print_zones(FILE *out, const json_t *record)
{
	const char *from = violations_text(record, "observer.ingress.zone");
	const char *to = violations_text(record, "observer.egress.zone");
	char text[256] = "";

	if (*from != '\0' || *to != '\0')
		snprintf(text, sizeof(text), "%.100s -> %.100s",
		    *from != '\0' ? from : "?", *to != '\0' ? to : "?");
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

void
violations_print_head(FILE *out, enum message_language language)
{
	print_message(out, MSG_CLI_VIOLATIONS_TIME, language, TIME_WIDTH + 2);
	columns_print(out, "ZV", CLASS_WIDTH + 2);
	print_message(out, MSG_CLI_VIOLATIONS_OUTCOME, language, OUTCOME_WIDTH + 2);
	print_message(out, MSG_CLI_VIOLATIONS_ZONES, language, ZONES_WIDTH + 2);
	print_message(out, MSG_CLI_VIOLATIONS_COUNT, language, COUNT_WIDTH);
	fputc('\n', out);
}

void
violations_print(FILE *out, const json_t *record, enum message_language language)
{
	const char *japanese = violations_text(record, "sekisho.message_ja");
	const char *message = violations_text(record, "message");

	print_time(out, violations_text(record, "@timestamp"));
	fputs("  ", out);
	columns_print(out, violations_text(record, "rule.id"), CLASS_WIDTH);
	fputs("  ", out);
	print_message(out, violations_outcome(record), language, OUTCOME_WIDTH);
	fputs("  ", out);
	print_zones(out, record);
	if (strcmp(violations_text(record, "sekisho.kind"), "violation") == 0)
		fprintf(out, "  %*lld", COUNT_WIDTH,
		    (long long)violations_number(record, "sekisho.count"));
	fputc('\n', out);
	print_wrapped(out, language == MESSAGE_JAPANESE && *japanese != '\0' ? japanese :
	    message);
}
