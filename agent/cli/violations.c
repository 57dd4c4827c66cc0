/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho violations: the record read back. As a table one violation is one row
 * with its latest count; as JSON and with --follow every record is one line.
 */
#include "agent/cli/cli.h"
#include "agent/cli/options.h"
#include "agent/cli/violations_table.h"
#include "agent/record/log_reader.h"
#include "agent/record/record_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* While following: how often the file is looked at. */
#define FOLLOW_US 200000

#define NS_PER_SECOND ((int64_t)1000000000)

struct query {
	const char *since, *zone, *class;
	bool follow, all;
	char after[RECORD_TIME_SIZE];	/* of --since, as records write times; "": all */
};

/* Rows of the table, each a record; "open" finds the row of a running violation. */
struct rows {
	json_t *list;			/* array */
	json_t *open;			/* object: key -> index */
};

/* "90", "30m", "2h", "7d" ago. -1 when it is no age. */
static int64_t
parse_age(const char *text)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'\0', 1}, {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || errno != 0 || n < 0 || n > 1000000000 ||
	    (*end != '\0' && end[1] != '\0'))
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (*end == units[i].unit)
			return n * units[i].seconds;
	return -1;
}

/* A date or time, local unless it says otherwise. -1 when it is none. */
static int64_t
parse_time(const char *text)
{
	static const struct {
		const char *format;
		bool zoned;
	} forms[] = {
		{ "%Y-%m-%dT%H:%M:%S%z", true }, { "%Y-%m-%dT%H:%M%z", true },
		{ "%Y-%m-%dT%H:%M:%S", false }, { "%Y-%m-%dT%H:%M", false },
		{ "%Y-%m-%d %H:%M:%S", false }, { "%Y-%m-%d %H:%M", false },
		{ "%Y-%m-%d", false },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { .tm_isdst = -1 };
/* The format is a row of the table above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		const char *end = strptime(text, forms[i].format, &tm);
#pragma GCC diagnostic pop
		long offset = tm.tm_gmtoff;

		if (end != NULL && *end == '\0')
			return forms[i].zoned ? timegm(&tm) - offset : mktime(&tm);
	}
	return -1;
}

static bool
parse_since(struct query *q)
{
	int64_t seconds;

	if (q->since == NULL)
		return true;
	seconds = parse_time(q->since);
	if (seconds < 0) {
		int64_t age = parse_age(q->since), now = time(NULL);

		if (age < 0)
			return false;
		seconds = age < now ? now - age : 0;
	}
	if (seconds > INT64_MAX / NS_PER_SECOND)
		return false;
	record_time(seconds * NS_PER_SECOND, q->after);
	return true;
}

/* The daemon's own course: nothing that happened to the zones. */
static bool
is_routine(const json_t *record)
{
	static const char *const kinds[] = { "life", "file", "checkpoint", "heartbeat" };
	const char *kind = violations_text(record, "sekisho.kind");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return strcmp(violations_text(record, "event.kind"), "alert") != 0;
	return false;
}

static bool
wanted(const struct query *q, const json_t *record, bool json)
{
	if (!q->all && !json && is_routine(record))
		return false;
	/* Times of the record are UTC in one fixed form: they compare as text. */
	if (*q->after != '\0' &&
	    strcmp(violations_text(record, "@timestamp"), q->after) < 0)
		return false;
	if (q->class != NULL && strcmp(violations_text(record, "rule.id"), q->class) != 0)
		return false;
	return q->zone == NULL ||
	    strcmp(violations_text(record, "observer.ingress.zone"), q->zone) == 0 ||
	    strcmp(violations_text(record, "observer.egress.zone"), q->zone) == 0;
}

/* Takes the record. A final one ends its violation: the key may come again. */
static int
keep_row(struct rows *rows, json_t *record)
{
	const char *key = violations_text(record, "sekisho.key");
	const char *phase = violations_text(record, "sekisho.agg");
	const json_t *place = json_object_get(rows->open, key);
	int r = 0;

	if (*key != '\0' && place != NULL && strcmp(phase, "first") != 0) {
		size_t i = (size_t)json_integer_value(place);

		if (strcmp(phase, "final") == 0)
			json_object_del(rows->open, key);
		return json_array_set_new(rows->list, i, record);
	}
	if (*key != '\0' && strcmp(phase, "final") != 0)
		r = json_object_set_new(rows->open, key,
		    json_integer((json_int_t)json_array_size(rows->list)));
	if (json_array_append_new(rows->list, record) < 0)
		r = -1;
	return r;
}

static void
print_now(const struct cli *cli, json_t *record)
{
	if (cli->json) {
		json_dumpf(record, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		violations_print(stdout, record, cli->language);
	}
	json_decref(record);
}

/* Read on to the end. Takes note of bad lines in *code; false when reading failed. */
static bool
read_on(const struct cli *cli, const struct query *q, struct log_reader *r,
    struct rows *rows, int *code)
{
	json_t *record;
	int e;

	while ((e = log_reader_next(r, &record)) > 0) {
		if (e == LOG_READ_BAD) {
			cli_complain(cli, MSG_CLI_VIOLATIONS_BAD_LINE, log_reader_file(r),
			    log_reader_line(r), log_reader_error(r));
			*code = CLI_ERROR;
		} else if (!wanted(q, record, cli->json)) {
			json_decref(record);
		} else if (q->follow || cli->json) {
			print_now(cli, record);
		} else if (keep_row(rows, record) < 0) {
			cli_complain(cli, MSG_CLI_NO_MEMORY);
			return false;
		}
	}
	if (e < 0)
		cli_complain(
		    cli, MSG_CLI_VIOLATIONS_NO_LOG, cli->paths.log, strerror(-e));
	return e == LOG_READ_END;
}

static void
print_rows(const struct cli *cli, const struct rows *rows)
{
	const json_t *record;
	size_t i;

	if (json_array_size(rows->list) == 0) {
		cli_say(cli, MSG_CLI_VIOLATIONS_NONE);
		return;
	}
	violations_print_head(stdout, cli->language);
	json_array_foreach(rows->list, i, record)
		violations_print(stdout, record, cli->language);
}

static int
list(const struct cli *cli, const struct query *q, struct log_reader *r)
{
	struct rows rows = { .list = json_array(), .open = json_object() };
	int code = CLI_OK;
	bool good;

	if (q->follow && !cli->json)
		violations_print_head(stdout, cli->language);
	good = read_on(cli, q, r, &rows, &code);
	if (!q->follow && !cli->json && good)
		print_rows(cli, &rows);
	if (log_reader_skipped(r) > 0)
		cli_complain(cli, MSG_CLI_VIOLATIONS_SKIPPED, log_reader_skipped(r));
	/* Ends with the terminal, a signal, or a reader of ours that went away. */
	while (q->follow && good && fflush(stdout) == 0) {
		usleep(FOLLOW_US);
		good = read_on(cli, q, r, &rows, &code);
	}
	json_decref(rows.list);
	json_decref(rows.open);
	return good ? code : CLI_ERROR;
}

int
cli_violations(int argc, char **argv, const struct cli *cli)
{
	struct query q = { 0 };
	const struct option_row options[] = {
		{ "--since", &q.since, NULL }, { "--zone", &q.zone, NULL },
		{ "--class", &q.class, NULL }, { "--follow", NULL, &q.follow },
		{ "--all", NULL, &q.all }, { NULL, NULL, NULL },
	};
	struct log_reader *r;
	int code;

	if (options_take(argc, argv, options) != 0)
		return cli_usage(cli, "violations", MSG_CLI_BAD_ARGUMENTS);
	if (!parse_since(&q))
		return cli_usage(
		    cli, "violations", MSG_CLI_VIOLATIONS_BAD_SINCE, q.since);
	if (q.class != NULL && violation_class_parse(q.class) == ZV_NONE)
		return cli_usage(
		    cli, "violations", MSG_CLI_VIOLATIONS_BAD_CLASS, q.class);
	r = log_reader_open(cli->paths.log);
	if (r == NULL) {
		cli_complain(
		    cli, MSG_CLI_VIOLATIONS_NO_LOG, cli->paths.log, strerror(errno));
		return CLI_ERROR;
	}
	code = list(cli, &q, r);
	log_reader_close(r);
	return code;
}
