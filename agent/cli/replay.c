/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho replay: a capture file before the watcher's judge. As text, the
 * violations as the record would show them; with --json every judgement, one
 * line each; with --stats only the totals.
 */
#include "agent/cli/cli.h"
#include "agent/cli/options.h"
#include "agent/cli/violations_table.h"
#include "agent/record/record_json.h"
#include "agent/version.h"
#include "agent/watch/replay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct printing {
	const struct cli *cli;
	uint64_t sequence;
};

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
print_stats_json(const struct replay_stats *s)
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
	cli_print_json(json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:s, s:b, s:s}",
	    "packets", (json_int_t)s->packets, "bytes", (json_int_t)s->bytes,
	    "permitted", (json_int_t)s->permitted, "local", (json_int_t)s->local,
	    "violations", (json_int_t)s->violations, "leaks", (json_int_t)s->leaks,
	    "classes", classes, "unreadable", unreadable,
	    "reader", capture_reader_name(s->reader), "cut", s->cut, "damage", s->damage));
}

static void
print_stats(const struct cli *cli, const char *capture, const struct replay_stats *s)
{
	cli_say(cli, MSG_CLI_REPLAY_STATS, (unsigned long long)s->packets,
	    (unsigned long long)s->permitted, (unsigned long long)s->local,
	    (unsigned long long)s->violations, (unsigned long long)unreadable_total(s));
	if (s->damage[0] != '\0')
		cli_complain(cli, MSG_CLI_REPLAY_FAILED, capture, s->damage);
	else if (s->cut)
		cli_complain(cli, MSG_CLI_REPLAY_CUT, capture);
}

static int
replay(const struct cli *cli, const struct checked *checked, const struct replay_options *asked,
    bool only_stats)
{
	struct replay_options options = *asked, *o = &options;
	struct printing printing = { .cli = cli };
	struct replay_stats stats = { 0 };
	char why[256] = "";
	int code;

	o->now = REPLAY_PACKET_TIME;
	o->arg = &printing;
	if (cli->json && !only_stats)
		o->judged = print_judged;
	else if (!only_stats)
		o->violation = print_violation;
	code = replay_run(checked, o, &stats, why, sizeof(why));
	if (code == -ENOENT && o->tap != NULL && checked_zone_by_name(checked, o->tap) < 0 &&
	    checked_segment_by_interface(checked, o->tap) < 0) {
		cli_complain(cli, MSG_CLI_NO_ZONE, o->tap, checked->site_name);
		return CLI_ERROR;
	}
	if (code < 0) {
		cli_complain(cli, MSG_CLI_REPLAY_FAILED, o->capture,
		    why[0] != '\0' ? why : strerror(-code));
		return CLI_ERROR;
	}
	if (cli->json && only_stats)
		print_stats_json(&stats);
	else if (!cli->json)
		print_stats(cli, o->capture, &stats);
	return code;
}

int
cli_replay(int argc, char **argv, const struct cli *cli)
{
	const char *file = cli->paths.policy, *reader = "auto";
	struct replay_options o = { 0 };
	bool only_stats = false;
	const struct option_row rows[] = {
		{ "-f", &file, NULL }, { "--tap", &o.tap, NULL }, { "--reader", &reader, NULL },
		{ "--stats", NULL, &only_stats }, { NULL, NULL, NULL },
	};
	struct checked *checked;
	int code;

	if (options_take(argc, argv, rows) != 1 || capture_reader_parse(reader) < 0)
		return cli_usage(cli, "replay", MSG_CLI_BAD_ARGUMENTS);
	o.capture = argv[1];
	o.reader = (enum capture_reader)capture_reader_parse(reader);
	checked = cli_load_policy(cli, file, false);
	if (checked == NULL)
		return CLI_ERROR;
	code = replay(cli, checked, &o, only_stats);
	checked_free(checked);
	return code;
}
