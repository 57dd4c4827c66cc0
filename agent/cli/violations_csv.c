/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/violations_csv.h"

#include "agent/cli/violations_table.h"
#include "rules/utf8.h"
#include "rules/violation_class.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

enum how { WORDS = 0, COUNT, WHEN, CLASS_NAME };

static const struct column {
	enum message_id head;
	const char *path;
	enum how how;
} columns[] = {
	{ MSG_CLI_VIOLATIONS_TIME, "@timestamp", WHEN },
	{ MSG_CLI_VIOLATIONS_CSV_KIND, "sekisho.kind", WORDS },
	{ MSG_CLI_VIOLATIONS_CSV_CLASS, "rule.id", WORDS },
	{ MSG_CLI_VIOLATIONS_CSV_NAME, "rule.id", CLASS_NAME },
	{ MSG_CLI_VIOLATIONS_CSV_ACTION, "event.action", WORDS },
	{ MSG_CLI_VIOLATIONS_CSV_SEVERITY, "event.severity", COUNT },
	{ MSG_CLI_VIOLATIONS_CSV_FROM, "observer.ingress.zone", WORDS },
	{ MSG_CLI_VIOLATIONS_CSV_TO, "observer.egress.zone", WORDS },
	{ MSG_CLI_VIOLATIONS_CSV_SOURCE, "source.ip", WORDS },
	{ MSG_CLI_VIOLATIONS_CSV_SOURCE_PORT, "source.port", COUNT },
	{ MSG_CLI_VIOLATIONS_CSV_SOURCE_MAC, "source.mac", WORDS },
	{ MSG_CLI_VIOLATIONS_CSV_DESTINATION, "destination.ip", WORDS },
	{ MSG_CLI_VIOLATIONS_CSV_DESTINATION_PORT, "destination.port", COUNT },
	{ MSG_CLI_VIOLATIONS_CSV_DESTINATION_MAC, "destination.mac", WORDS },
	{ MSG_CLI_VIOLATIONS_CSV_TRANSPORT, "network.transport", WORDS },
	{ MSG_CLI_VIOLATIONS_CSV_PERMIT, "sekisho.permit", WORDS },
	{ MSG_CLI_VIOLATIONS_CSV_PACKETS, "sekisho.count", COUNT },
	{ MSG_CLI_VIOLATIONS_CSV_FIRST, "event.start", WHEN },
	{ MSG_CLI_VIOLATIONS_CSV_LAST, "event.end", WHEN },
	{ MSG_CLI_VIOLATIONS_CSV_ACTOR, "sekisho.actor", WORDS },
	{ MSG_CLI_VIOLATIONS_CSV_MESSAGE, NULL, WORDS },
	{ MSG_CLI_VIOLATIONS_CSV_SEQUENCE, "event.sequence", COUNT },
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* A cell of a text that may hold anything. */
static void
put_cell(FILE *out, const char *text)
{
	char *clean = strdup(text);
	const char *p = clean;

	if (clean == NULL)
		return;
	utf8_scrub(clean);
	if (clean[0] != '\0' && strchr("=+-@", clean[0]) == NULL &&
	    clean[strcspn(clean, ",\"\r\n")] == '\0') {
		fputs(clean, out);
	} else if (clean[0] != '\0') {
		fputs(strchr("=+-@", clean[0]) != NULL ? "\"'" : "\"", out);
		for (; *p != '\0'; p++) {
			if (*p == '"')
				fputc('"', out);
			fputc(*p, out);
		}
		fputc('"', out);
	}
	free(clean);
}

static void
put_time(FILE *out, const char *stamp)
{
	char text[32];

	put_cell(out, violations_local_time(stamp, text, sizeof(text)));
}

static const char *
class_name(const char *id, enum message_language language)
{
	return violation_class_name(violation_class_parse(id), language);
}

static void
put_column(FILE *out, const struct column *c, const json_t *record,
    enum message_language language)
{
	const char *japanese = violations_text(record, "sekisho.message_ja");

	if (c->path == NULL) {
		put_cell(out, language == MESSAGE_JAPANESE && *japanese != '\0' ? japanese :
		    violations_text(record, "message"));
		return;
	}
	switch (c->how) {
	case WORDS:
		put_cell(out, violations_text(record, c->path));
		break;
	case COUNT:
		if (violations_has(record, c->path))
			fprintf(out, "%" JSON_INTEGER_FORMAT, violations_number(record, c->path));
		break;
	case WHEN:
		put_time(out, violations_text(record, c->path));
		break;
	case CLASS_NAME:
		put_cell(out, class_name(violations_text(record, c->path), language));
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
		put_cell(out, message_format(columns[i].head, language));
	}
	put_end(out);
}

void
violations_csv_print(FILE *out, const json_t *record, enum message_language language)
{
	for (size_t i = 0; i < N_COLUMNS; i++) {
		if (i > 0)
			fputc(',', out);
		put_column(out, &columns[i], record, language);
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
	put_cell(out, message_format(violations_by_word(by), language));
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		fputc(',', out);
		put_cell(out, message_format(heads[i], language));
	}
	put_end(out);
}

void
violations_csv_group(FILE *out, const struct record_group *g, const char *name)
{
	put_cell(out, name != NULL ? name : g->name);
	fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", g->records, g->leaks, g->packets);
	put_time(out, g->first);
	fputc(',', out);
	put_time(out, g->last);
	put_end(out);
}
