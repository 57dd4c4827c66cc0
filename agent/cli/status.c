/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sekisho status: is the gate shut as the policy says, is the tap awake, is it written down. */
#include "agent/cli/cli.h"
#include "agent/cli/cutoff_lines.h"
#include "agent/cli/options.h"
#include "agent/json_text.h"

#include <stdio.h>
#include <string.h>

static const char *
text_at(const json_t *o, const char *part, const char *key)
{
	return json_text_or(json_object_get(o, part), key, "-");
}

static long long
number_at(const json_t *o, const char *part, const char *key)
{
	return (long long)json_integer_value(json_object_get(json_object_get(o, part), key));
}

static long long
number_of(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static const char *
text_of(const json_t *o, const char *key)
{
	return json_text_or(o, key, "-");
}

/* How much of the watching is done in the kernel, and why not more. */
static void
say_tier(const struct cli *cli, const json_t *watch)
{
	const json_t *ledger = json_object_get(watch, "ledger");
	const char *reason = json_string_value(json_object_get(watch, "tier_reason"));

	cli_say(cli, MSG_CLI_STATUS_TIER, text_of(watch, "tier"),
	    number_at(ledger, "filter", "proven"), number_at(ledger, "filter", "seen"));
	if (reason != NULL && reason[0] != '\0')
		cli_say(cli, MSG_CLI_STATUS_TIER_REASON, reason);
}

static void
say_taps(const struct cli *cli, const json_t *watch)
{
	const json_t *taps = json_object_get(watch, "taps"), *tap;
	size_t i;

	if (json_array_size(taps) > 0)
		cli_say(cli, MSG_CLI_STATUS_TAP_HEAD);
	json_array_foreach(taps, i, tap) {
		const json_t *driver = json_object_get(tap, "driver");

		cli_say(cli, MSG_CLI_STATUS_TAP, text_of(tap, "interface"),
		    number_of(tap, "seen"), number_of(tap, "proven"),
		    number_of(tap, "delivered"), number_of(tap, "dropped") +
		    number_of(tap, "unread") + number_of(driver, "lost"),
		    text_at(tap, "canary", "state"),
		    json_is_true(json_object_get(tap, "deaf")) ? "deaf" :
		    text_of(tap, "state"));
	}
}

/* What goes into each layer beside what came out of it. */
static void
say_ledgers(const struct cli *cli, const json_t *watch)
{
	const json_t *l = json_object_get(watch, "ledger"), *fault;
	size_t i;

	if (l == NULL)
		return;
	cli_say(cli, MSG_CLI_STATUS_LEDGER_FILTER, number_at(l, "filter", "seen"),
	    number_at(l, "filter", "proven"), number_at(l, "filter", "received"));
	cli_say(cli, MSG_CLI_STATUS_LEDGER_RING, number_at(l, "ring", "received"),
	    number_at(l, "ring", "delivered"), number_at(l, "decode", "canaries"),
	    number_at(l, "ring", "dropped"),
	    number_at(l, "ring", "unread"), number_at(l, "ring", "waiting"));
	cli_say(cli, MSG_CLI_STATUS_LEDGER_JUDGE, number_at(l, "decode", "frames"),
	    number_at(l, "decode", "gate"), number_at(l, "judge", "permitted"),
	    number_at(l, "judge", "local"), number_at(l, "judge", "excused"),
	    number_at(l, "judge", "violations"), number_at(l, "judge", "held"));
	cli_say(cli, MSG_CLI_STATUS_LEDGER_TABLE, number_at(l, "judge", "violations"),
	    number_at(l, "tunnels", "violations"),
	    number_at(l, "aggregate", "detections"), number_at(l, "aggregate", "open"),
	    number_at(l, "aggregate", "closed"), number_at(l, "aggregate", "overflowed"));
	cli_say(cli, MSG_CLI_STATUS_LEDGER_RECORD, number_at(l, "record", "offered"),
	    number_at(l, "record", "sent"), number_at(l, "record", "deferred"));
	cli_say(cli, MSG_CLI_STATUS_LEDGER_PACKETS, number_at(l, "packets", "wanted"),
	    number_at(l, "packets", "sent"), number_at(l, "packets", "limited"),
	    number_at(l, "packets", "refused"));
	cli_say(cli, MSG_CLI_STATUS_LEDGER_LOST, number_at(l, "driver", "lost"),
	    number_at(l, "softnet", "dropped"), number_at(l, "softnet", "squeezed"),
	    number_at(watch, "gate", "lost"));
	json_array_foreach(json_object_get(watch, "faults"), i, fault)
		cli_say(cli, MSG_CLI_STATUS_UNBALANCED, json_string_value(fault));
}

/* What holds each of them, were it taken over; 0 is what this kernel lacks. */
static void
say_processes(const struct cli *cli, const json_t *processes)
{
	const json_t *p;
	size_t i;

	if (json_array_size(processes) > 0)
		cli_say(cli, MSG_CLI_STATUS_PROCESSES);
	json_array_foreach(processes, i, p)
		cli_say(cli, MSG_CLI_STATUS_PROCESS, text_of(p, "name"),
		    number_of(p, "pid"), number_of(p, "uid"),
		    (unsigned long long)number_of(p, "capabilities"),
		    json_is_true(json_object_get(p, "seccomp")) ? "listed" : "any",
		    number_of(p, "landlock"), number_of(p, "restarts"));
}

/* The file beside what runs, and what waits to be confirmed. */
static void
say_change(const struct cli *cli, const json_t *s)
{
	const char *file = text_at(s, "policy", "policy_file");

	if (strcmp(file, "differs") == 0)
		cli_say(cli, MSG_CLI_STATUS_FILE_DIFFERS);
	else if (strcmp(file, "unreadable") == 0)
		cli_say(cli, MSG_CLI_STATUS_FILE_UNREADABLE);
	if (json_is_object(json_object_get(s, "pending")))
		cli_say(cli, MSG_CLI_STATUS_PENDING, number_at(s, "pending", "serial"),
		    number_at(s, "pending", "seconds_left"),
		    number_at(s, "pending", "target"));
}

/* A change is at work, and what follows is older than it. */
static void
say_busy(const struct cli *cli, const json_t *busy)
{
	if (busy == NULL)
		return;
	cli_say(cli, MSG_CLI_STATUS_BUSY, text_of(busy, "verb"), text_of(busy, "actor"),
	    number_of(busy, "milliseconds") / 1000);
	if (json_is_integer(json_object_get(busy, "numbers_age")))
		cli_say(cli, MSG_CLI_STATUS_BUSY_NUMBERS, number_of(busy, "numbers_age"));
	else
		cli_say(cli, MSG_CLI_STATUS_BUSY_NO_NUMBERS);
}

static void
say_connections(const struct cli *cli, const json_t *table)
{
	if (number_of(table, "max") > 0)
		cli_say(cli, MSG_CLI_STATUS_CONNECTIONS, number_of(table, "count"),
		    number_of(table, "max"), number_of(table, "dropped"));
}

/* What stands beside the record as evidence. */
static void
say_packets(const struct cli *cli, const json_t *p)
{
	if (p != NULL)
		cli_say(cli, MSG_CLI_STATUS_RECORD_PACKETS, number_of(p, "written"),
		    number_of(p, "not_kept") + number_of(p, "not_sent"),
		    number_of(p, "bytes"), number_of(p, "files"), number_of(p, "files_gone"));
}

static void
say_status(const struct cli *cli, const json_t *s)
{
	const json_t *warning;
	size_t i;

	cutoff_lines_say(cli, json_object_get(s, "cutoffs"));
	cli_say(cli, MSG_CLI_STATUS_POLICY, text_at(s, "policy", "site"),
	    text_at(s, "policy", "file"), text_at(s, "policy", "digest"),
	    number_at(s, "policy", "permits"));
	say_change(cli, s);
	say_busy(cli, json_object_get(s, "busy"));
	cli_say(cli, MSG_CLI_STATUS_GATE, text_at(s, "gate", "state"),
	    number_at(s, "gate", "generation"),
	    json_is_true(json_object_get(json_object_get(s, "gate"), "forwarding")) ? "on" :
	    "off", text_at(s, "gate", "applied_at"));
	cli_say(cli, MSG_CLI_STATUS_STOPPED, number_at(s, "gate", "stopped"),
	    number_at(s, "gate", "permitted"), number_at(s, "gate", "reassembly_failed"));
	say_connections(cli, json_object_get(json_object_get(s, "gate"), "connections"));
	say_tier(cli, json_object_get(s, "watch"));
	say_taps(cli, json_object_get(s, "watch"));
	cli_say(cli, MSG_CLI_STATUS_WATCH, number_at(s, "watch", "frames"),
	    number_at(s, "watch", "attempts"), number_at(s, "watch", "leaks"),
	    number_at(s, "watch", "beside"));
	say_ledgers(cli, json_object_get(s, "watch"));
	cli_say(cli, MSG_CLI_STATUS_RECORD, text_at(s, "record", "file"),
	    number_at(s, "record", "sequence"), number_at(s, "record", "lost"));
	say_packets(cli, json_object_get(json_object_get(s, "record"), "packets"));
	if (json_is_true(json_object_get(json_object_get(s, "record"), "key_waits")))
		cli_say(cli, MSG_CLI_STATUS_RECORD_KEY);
	say_processes(cli, json_object_get(s, "processes"));
	json_array_foreach(json_object_get(s, "warnings"), i, warning)
		if (json_string_value(warning) != NULL)
			cli_say(cli, MSG_CLI_STATUS_WARNING, json_string_value(warning));
	if (json_string_value(json_object_get(s, "problem")) != NULL)
		cli_say(cli, MSG_CLI_STATUS_PROBLEM,
		    json_string_value(json_object_get(s, "problem")));
}

int
cli_status(int argc, char **argv, const struct cli *cli)
{
	const struct option_row rows[] = { { NULL, NULL, NULL } };

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, "status", MSG_CLI_BAD_ARGUMENTS);
	return cli_exchange(cli, json_pack("{s:s}", "verb", "status"), -1, say_status);
}
