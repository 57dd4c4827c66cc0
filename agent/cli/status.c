/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sekisho status: is the gate shut as the policy says, is the tap awake, is it written down. */
#include "agent/cli/cli.h"
#include "agent/cli/options.h"

#include <stdio.h>

static const char *
text_at(const json_t *o, const char *part, const char *key)
{
	const char *t = json_string_value(json_object_get(json_object_get(o, part), key));

	return t != NULL ? t : "-";
}

static long long
number_at(const json_t *o, const char *part, const char *key)
{
	return (long long)json_integer_value(json_object_get(json_object_get(o, part), key));
}

static void
say_taps(const struct cli *cli, const json_t *watch)
{
	const json_t *tap;
	size_t i;

	json_array_foreach(json_object_get(watch, "taps"), i, tap)
		cli_say(cli, MSG_CLI_STATUS_TAP,
		    json_string_value(json_object_get(tap, "interface")),
		    (long long)json_integer_value(json_object_get(tap, "received")),
		    (long long)json_integer_value(json_object_get(tap, "dropped")));
}

static void
say_status(const struct cli *cli, const json_t *s)
{
	cli_say(cli, MSG_CLI_STATUS_POLICY, text_at(s, "policy", "site"),
	    text_at(s, "policy", "file"), text_at(s, "policy", "digest"),
	    number_at(s, "policy", "permits"));
	cli_say(cli, MSG_CLI_STATUS_GATE, text_at(s, "gate", "state"),
	    number_at(s, "gate", "generation"), text_at(s, "gate", "applied_at"),
	    json_is_true(json_object_get(json_object_get(s, "gate"), "forwarding")) ? "on" : "off");
	cli_say(cli, MSG_CLI_STATUS_STOPPED, number_at(s, "gate", "stopped"),
	    number_at(s, "gate", "permitted"), number_at(s, "gate", "reassembly_failed"));
	cli_say(cli, MSG_CLI_STATUS_TIER, text_at(s, "watch", "tier"),
	    text_at(s, "watch", "tier_reason"));
	say_taps(cli, json_object_get(s, "watch"));
	cli_say(cli, MSG_CLI_STATUS_WATCH, number_at(s, "watch", "frames"),
	    number_at(s, "watch", "attempts"), number_at(s, "watch", "leaks"));
	cli_say(cli, MSG_CLI_STATUS_RECORD, text_at(s, "record", "file"),
	    number_at(s, "record", "sequence"), number_at(s, "record", "lost"));
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
