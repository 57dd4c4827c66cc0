/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho replay: a capture file before the watcher's judge. As text, the
 * violations as the record would show them; with --json every judgement, one
 * line each; with --stats only the totals.
 */
#include "agent/cli/cli.h"
#include "agent/cli/options.h"
#include "agent/cli/replay_words.h"
#include "agent/cli/violations_table.h"
#include "agent/clock.h"
#include "agent/record/record_json.h"
#include "agent/version.h"
#include "agent/watch/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct printing {
	const struct cli *cli;
	uint64_t sequence;
	struct replay_progress progress;
};

static void
show_progress(void *arg, uint64_t packets, uint64_t read, uint64_t size)
{
	struct printing *p = arg;

	replay_progress_show(&p->progress, packets, read, size, clock_ns(CLOCK_MONOTONIC));
}

static void
print_judged(void *arg, const struct replay_judged *j)
{
	(void)arg;
	replay_print_json(j, stdout);
}

/* The very line the recorder would write, shown as "sekisho violations" shows it. */
static void
print_violation(void *arg, const struct event *e)
{
	struct printing *p = arg;
	const struct record_context context = { .sequence = ++p->sequence,
	    .created_ns = e->last_ns, .boot = "", .hostname = "", .version = SEKISHO_VERSION,
	    .sender = "replay" };
	char line[RECORD_LINE_MAX];
	size_t length;
	json_t *record;

	replay_progress_clear(&p->progress);
	if (record_json_line(e, &context, line, &length) < 0)
		return;
	record = json_loadb(line, length, 0, NULL);
	if (p->sequence == 1)
		violations_print_head(stdout, p->cli->language);
	violations_print(stdout, record, p->cli->language);
	json_decref(record);
}

static uint64_t
unreadable_total(const struct replay_stats *s)
{
	uint64_t n = 0;

	for (int i = READABLE + 1; i < UNREADABLE_COUNT; i++)
		n += s->unreadable[i];
	return n;
}

static void
print_stats_json(const struct replay_stats *s, uint64_t sample)
{
	json_t *classes = json_object(), *unreadable = json_object();

	for (int c = ZV_NONE + 1; c < ZV_COUNT; c++)
		if (s->by_class[c] != 0)
			json_object_set_new(classes, violation_class_id((enum violation_class)c),
			    json_integer((json_int_t)s->by_class[c]));
	for (int i = READABLE + 1; i < UNREADABLE_COUNT; i++)
		if (s->unreadable[i] != 0)
			json_object_set_new(unreadable, unreadable_name((enum unreadable)i),
			    json_integer((json_int_t)s->unreadable[i]));
	cli_print_json(json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:s, s:b, s:s}",
	    "sample", (json_int_t)(sample > 1 ? sample : 1),
	    "passed_over", (json_int_t)s->passed_over, "packets", (json_int_t)s->packets, "bytes", (json_int_t)s->bytes,
	    "permitted", (json_int_t)s->permitted, "local", (json_int_t)s->local,
	    "violations", (json_int_t)s->violations, "leaks", (json_int_t)s->leaks,
	    "classes", classes, "unreadable", unreadable,
	    "reader", capture_reader_name(s->reader), "cut", s->cut, "damage", s->damage));
}

/* Below the violations one line; a table when only the totals are asked for. */
static void
print_stats(const struct cli *cli, const struct replay_options *o, bool only_stats,
    const struct replay_stats *s)
{
	if (only_stats) {
		replay_print_table(stdout, cli->language, s, o->sample);
	} else {
		if (o->sample > 1)
			replay_print_sampled(stdout, cli->language, s, o->sample);
		cli_say(cli, MSG_CLI_REPLAY_STATS, (unsigned long long)s->packets,
		    (unsigned long long)s->permitted, (unsigned long long)s->local,
		    (unsigned long long)s->violations,
		    (unsigned long long)unreadable_total(s));
	}
	if (s->damage[0] != '\0')
		cli_complain(cli, MSG_CLI_REPLAY_FAILED, o->capture, s->damage);
	else if (s->cut)
		cli_complain(cli, MSG_CLI_REPLAY_CUT, o->capture);
}

/* Most sentences of the reader begin with the file's name already. */
static void
complain(const struct cli *cli, const char *capture, const char *why)
{
	size_t n = strlen(capture);

	if (strncmp(why, capture, n) == 0 && strncmp(why + n, ": ", 2) == 0)
		why += n + 2;
	cli_complain(cli, MSG_CLI_REPLAY_FAILED, capture, why);
}

static int
replay(const struct cli *cli, const struct checked *checked, const struct replay_options *asked,
    bool only_stats)
{
	struct replay_options options = *asked, *o = &options;
	struct printing printing = { .cli = cli, .progress = { .language = cli->language } };
	struct replay_stats stats = { 0 };
	char why[256] = "";
	int code;

	o->now = REPLAY_PACKET_TIME;
	o->arg = &printing;
	o->progress = show_progress;
	printing.progress.began_ns = clock_ns(CLOCK_MONOTONIC);
	/* Judgements that pass by on the same terminal are progress enough. */
	if (isatty(STDERR_FILENO) && (only_stats || !cli->json || !isatty(STDOUT_FILENO)))
		printing.progress.out = stderr;
	if (cli->json && !only_stats)
		o->judged = print_judged;
	else if (!only_stats)
		o->violation = print_violation;
	code = replay_run(checked, o, &stats, why, sizeof(why));
	replay_progress_clear(&printing.progress);
	if (code == -ENOENT && o->tap != NULL && checked_zone_by_name(checked, o->tap) < 0 &&
	    checked_segment_by_interface(checked, o->tap) < 0) {
		cli_complain(cli, MSG_CLI_NO_ZONE, o->tap, checked->site_name);
		return CLI_ERROR;
	}
	if (code < 0) {
		complain(cli, o->capture, why[0] != '\0' ? why : strerror(-code));
		return CLI_ERROR;
	}
	if (cli->json && only_stats)
		print_stats_json(&stats, o->sample);
	else if (!cli->json)
		print_stats(cli, o, only_stats, &stats);
	return code;
}

/* 0 when the text is no whole number from 1 on. */
static uint64_t
parse_sample(const char *text)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 ? n : 0;
}

int
cli_replay(int argc, char **argv, const struct cli *cli)
{
	const char *file = cli->paths.policy, *reader = "auto";
	const char *sample = NULL;
	struct replay_options o = { 0 };
	bool only_stats = false;
	const struct option_row rows[] = {
		{ "-f", &file, NULL }, { "--tap", &o.tap, NULL }, { "--reader", &reader, NULL },
		{ "--sample", &sample, NULL }, { "--stats", NULL, &only_stats },
		{ NULL, NULL, NULL },
	};
	struct checked *checked;
	int code;

	if (options_take(argc, argv, rows) != 1 || capture_reader_parse(reader) < 0)
		return cli_usage(cli, "replay", MSG_CLI_BAD_ARGUMENTS);
	o.sample = sample != NULL ? parse_sample(sample) : 1;
	if (o.sample == 0)
		return cli_usage(cli, "replay", MSG_CLI_REPLAY_BAD_SAMPLE, sample);
	o.capture = argv[1];
	o.reader = (enum capture_reader)capture_reader_parse(reader);
	checked = cli_load_policy(cli, file, false);
	if (checked == NULL)
		return CLI_ERROR;
	code = replay(cli, checked, &o, only_stats);
	checked_free(checked);
	return code;
}
