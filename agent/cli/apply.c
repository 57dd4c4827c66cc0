/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho apply: read and check here, with the administrator's own rights and
 * lines; the daemon checks again, commits, reads back and compares.
 */
#include "agent/cli/change_request.h"
#include "agent/cli/cli.h"
#include "agent/cli/options.h"

#include <stdlib.h>

static void
say_applied(const struct cli *cli, const json_t *answer)
{
	bool changed = json_is_true(json_object_get(answer, "changed"));
	long long cut = json_integer_value(json_object_get(answer, "flows_cut"));
	const json_t *pending = json_object_get(answer, "pending");

	cli_say(cli, changed ? MSG_CLI_APPLIED : MSG_CLI_UNCHANGED,
	    json_string_value(json_object_get(answer, "digest")),
	    (long long)json_integer_value(json_object_get(answer, "generation")));
	if (cut > 0)
		cli_say(cli, MSG_CLI_APPLIED_CUT, cut);
	if (json_is_object(pending))
		cli_say(cli, MSG_CLI_APPLY_PENDING,
		    (long long)json_integer_value(json_object_get(pending, "serial")),
		    (long long)json_integer_value(json_object_get(pending, "seconds_left")),
		    (long long)json_integer_value(json_object_get(pending, "target")));
}

/* The daemon holds the limits; here only what is no number at all. */
static bool
parse_seconds(const char *text, json_t *request)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0')
		return false;
	return json_object_set_new(request, "confirm", json_integer(n)) == 0;
}

int
cli_apply(int argc, char **argv, const struct cli *cli)
{
	const char *file = cli->paths.policy, *seconds = NULL, *reason = NULL;
	bool force = false;
	const struct option_row rows[] = {
		{ "-f", &file, NULL }, { "--confirm", &seconds, NULL },
		{ "--reason", &reason, NULL }, { "--force-lockout", NULL, &force },
		{ NULL, NULL, NULL },
	};
	json_t *request;

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, "apply", MSG_CLI_BAD_ARGUMENTS);
	request = change_request(cli, "apply", reason);
	if (seconds != NULL && !parse_seconds(seconds, request)) {
		json_decref(request);
		return cli_usage(cli, "apply", MSG_CLI_BAD_SECONDS, seconds);
	}
	json_object_set_new(request, "force_lockout", json_boolean(force));
	return cli_hand_policy_with(cli, request, file, say_applied);
}
