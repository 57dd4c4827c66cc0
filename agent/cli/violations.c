/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho violations: the record read back. As a table one violation is one row
 * with its latest count; as JSON and with --follow every record is one line. Lines are
 * looked at by line_scan() and parsed in full only when that does not take them, or when
 * all of their members are shown.
 */
#include "agent/cli/cli.h"
#include "agent/cli/violations_ask.h"
#include "agent/cli/violations_csv.h"
#include "agent/cli/violations_rows.h"
#include "agent/cli/violations_table.h"
#include "agent/record/log_reader.h"
#include "rules/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* While following: how often the file is looked at. */
#define FOLLOW_US 200000

/* One run of the command. */
struct run {
	const struct cli *cli;
	struct violations_ask ask;
	struct log_reader *reader;
	struct violations_rows *rows;	/* when they are shown at the end */
	struct record_groups *groups;	/* with --by */
	int code;
};

/* A line and what stands in it. */
struct found {
	const char *line;
	size_t length;
	json_t *record;			/* NULL: line_scan() took it */
	struct line_fields fields;
};

/* False: it is no record. */
static bool
look_at(struct log_reader *r, const char *line, size_t length, struct found *out)
{
	*out = (struct found){ .line = line, .length = length };
	if (line_scan(line, length, &out->fields) && !out->fields.escaped)
		return true;
	out->record = log_reader_parse(r, line, length);
	line_fields_of(out->record, &out->fields);
	return out->record != NULL;
}

/*
 * Outside of strings JSON is ASCII without DEL, so whatever steers a terminal may be
 * written as \uXXXX.
 */
static void
print_json(const char *text, size_t length)
{
	for (size_t i = 0, n; i < length; i += n) {
		uint32_t c = 0;

		n = utf8_decode(text + i, length - i, &c);
		if (n == 0)
			n = 1;
		else if (utf8_is_control(c) && c >= 0x10000)
			printf("\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
			    0xdc00 + (c & 0x3ff));
		else if (utf8_is_control(c) && c >= 0x20)
			printf("\\u%04x", c);
		else if (utf8_is_control(c))
			putchar(' ');	/* a tab between members */
		else
			fwrite(text + i, 1, n, stdout);
	}
	putchar('\n');
}

/* The line as it stands in the file. */
static void
print_line(const struct found *f)
{
	if (f->fields.plain) {
		fwrite(f->line, 1, f->length, stdout);
		putchar('\n');
	} else {
		print_json(f->line, f->length);
	}
}

/* Of what is shown: with all its members, or with texts that mean what they say. */
static json_t *
whole(struct run *run, const struct found *f)
{
	if (f->record != NULL)
		return json_incref(f->record);
	return log_reader_parse(run->reader, f->line, f->length);
}

/* As people read it, or a spreadsheet; what is escaped is parsed, to mean what it says. */
static void
print_found(struct run *run, const struct found *f)
{
	const bool quick = f->record == NULL && !f->fields.message.escaped &&
	    !f->fields.message_ja.escaped;
	json_t *record = NULL;
	struct line_fields fields = f->fields;

	if (run->cli->json) {
		print_line(f);
		return;
	}
	if (!quick) {
		record = whole(run, f);
		line_fields_of(record, &fields);
	}
	if (run->ask.csv)
		violations_csv_print(stdout, &fields, run->cli->language);
	else
		violations_print_fields(stdout, &fields, run->cli->language);
	json_decref(record);
}

/* 0 or -ENOMEM. */
static int
take(struct run *run, const struct found *f)
{
	if (!record_query_match(&run->ask.query, &f->fields))
		return 0;
	if (run->groups != NULL)
		return record_groups_add(run->groups, &run->ask.query, &f->fields);
	if (!record_query_in_time(&run->ask.query, &f->fields))
		return 0;
	if (run->rows != NULL)
		return violations_rows_add(run->rows, &f->fields, f->line, f->length);
	print_found(run, f);
	return 0;
}

/* Read on to the end. Takes note of bad lines; false when reading failed. */
static bool
read_on(struct run *run)
{
	const struct cli *cli = run->cli;
	const char *line;
	size_t length;
	int e;

	while ((e = log_reader_next_line(run->reader, &line, &length)) > 0) {
		struct found f;
		int taken;

		if (e == LOG_READ_BAD || !look_at(run->reader, line, length, &f)) {
			cli_complain(cli, MSG_CLI_VIOLATIONS_BAD_LINE,
			    log_reader_file(run->reader), log_reader_line(run->reader),
			    log_reader_error(run->reader));
			run->code = CLI_ERROR;
			continue;
		}
		taken = take(run, &f);
		json_decref(f.record);
		if (taken < 0) {
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
print_head(const struct run *run)
{
	const enum message_language language = run->cli->language;
	const struct violations_ask *ask = &run->ask;

	if (run->cli->json)
		return;
	if (ask->csv && ask->by != BY_NOTHING)
		violations_csv_group_head(stdout, ask->by, language);
	else if (ask->csv)
		violations_csv_head(stdout, language);
	else if (ask->by != BY_NOTHING)
		violations_group_head(stdout, ask->by, language);
	else
		violations_print_head(stdout, language);
}

static void
print_rows(struct run *run)
{
	const size_t count = violations_rows_count(run->rows);

	if (count == 0 && !run->ask.csv) {
		cli_say(run->cli, MSG_CLI_VIOLATIONS_NONE);
		return;
	}
	print_head(run);
	for (size_t i = 0; i < count; i++) {
		struct found f;
		size_t length;
		const char *line = violations_rows_line(run->rows, i, &length);

		if (look_at(run->reader, line, length, &f))
			print_found(run, &f);
		json_decref(f.record);
	}
}

/* One line of JSON. */
static void
print_sum(const struct record_group *g, const char *key, const char *by)
{
	json_t *sum = json_pack("{s:s, s:s*, s:I, s:I, s:I, s:s, s:s}", "sum", key, by, g->name,
	    "records", (json_int_t)g->records, "leaks", (json_int_t)g->leaks, "packets",
	    (json_int_t)g->packets, "first", g->first, "last", g->last);
	char *text = json_dumps(sum, JSON_COMPACT);

	/* A group may be named by bytes of a foreign line. */
	if (text != NULL)
		print_json(text, strlen(text));
	free(text);
	json_decref(sum);
}

/* key: "group", or which sum it is. */
static void
print_group(const struct run *run, const struct record_group *g, const char *key,
    enum message_id id)
{
	const char *name = id == MSG_CLI_VIOLATIONS ? NULL :
	    message_format(id, run->cli->language);

	if (run->ask.csv)
		violations_csv_group(stdout, g, name);
	else if (!run->cli->json)
		violations_group_print(stdout, g, name);
	else
		print_sum(g, key, record_by_name(run->ask.by));
}

static void
print_groups(struct run *run)
{
	const struct record_group *groups;
	struct record_group others, total;
	size_t n = record_groups_finish(run->groups, run->ask.top, &groups, &others, &total);

	if (n == 0 && !run->ask.csv && !run->cli->json) {
		cli_say(run->cli, MSG_CLI_VIOLATIONS_NONE);
		return;
	}
	print_head(run);
	for (size_t i = 0; i < n; i++)
		print_group(run, &groups[i], "group", MSG_CLI_VIOLATIONS);
	if (others.records > 0 || others.packets > 0)
		print_group(run, &others, "others", MSG_CLI_VIOLATIONS_OTHERS);
	print_group(run, &total, "total", MSG_CLI_VIOLATIONS_TOTAL);
}

static int
list(struct run *run)
{
	const bool now = run->ask.follow || run->cli->json;
	bool good;

	if (run->ask.by != BY_NOTHING)
		run->groups = record_groups_new(run->ask.by);
	else if (!now)
		run->rows = violations_rows_new();
	else
		print_head(run);
	if (run->groups == NULL && run->rows == NULL && (!now || run->ask.by != BY_NOTHING)) {
		cli_complain(run->cli, MSG_CLI_NO_MEMORY);
		return CLI_ERROR;
	}
	good = read_on(run);
	if (good && run->groups != NULL)
		print_groups(run);
	else if (good && run->rows != NULL)
		print_rows(run);
	if (log_reader_skipped(run->reader) > 0) {
		cli_complain(run->cli, MSG_CLI_VIOLATIONS_SKIPPED,
		    log_reader_skipped(run->reader));
		run->code = CLI_ERROR;
	}
	/* Ends with the terminal, a signal, or a reader of ours that went away. */
	while (run->ask.follow && good && fflush(stdout) == 0) {
		usleep(FOLLOW_US);
		good = read_on(run);
	}
	return good ? run->code : CLI_ERROR;
}

int
cli_violations(int argc, char **argv, const struct cli *cli)
{
	struct run run = { .cli = cli, .code = CLI_OK };
	int code = violations_ask_take(cli, argc, argv, &run.ask);

	if (code != CLI_OK)
		return code;
	run.reader = log_reader_open(cli->paths.log);
	if (run.reader == NULL) {
		cli_complain(
		    cli, MSG_CLI_VIOLATIONS_NO_LOG, cli->paths.log, strerror(errno));
		return CLI_ERROR;
	}
	code = list(&run);
	record_groups_free(run.groups);
	violations_rows_free(run.rows);
	log_reader_close(run.reader);
	return code;
}
