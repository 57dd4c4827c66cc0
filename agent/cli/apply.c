/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho apply: read and check here, with the administrator's own rights and
 * lines; the daemon checks again, commits, reads back and compares.
 */
#include "agent/cli/cli.h"
#include "agent/cli/options.h"

static void
say_applied(const struct cli *cli, const json_t *answer)
{
	bool changed = json_is_true(json_object_get(answer, "changed"));
	long long cut = json_integer_value(json_object_get(answer, "flows_cut"));

	cli_say(cli, changed ? MSG_CLI_APPLIED : MSG_CLI_UNCHANGED,
	    json_string_value(json_object_get(answer, "digest")),
	    (long long)json_integer_value(json_object_get(answer, "generation")));
	if (cut > 0)
		cli_say(cli, MSG_CLI_APPLIED_CUT, cut);
}

int
cli_apply(int argc, char **argv, const struct cli *cli)
{
	const char *file = cli->paths.policy;
	const struct option_row rows[] = { { "-f", &file, NULL }, { NULL, NULL, NULL } };

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, "apply", MSG_CLI_BAD_ARGUMENTS);
	return cli_hand_policy(cli, "apply", file, say_applied);
}
