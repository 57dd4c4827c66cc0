/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho apply: read and check here, with the administrator's own rights and
 * lines; the daemon checks again, commits, reads back and compares.
 */
#include "agent/cli/cli.h"
#include "agent/cli/options.h"

#include "agent/policy_memfd.h"

#include <unistd.h>

static void
say_applied(const struct cli *cli, const json_t *answer)
{
	bool changed = json_is_true(json_object_get(answer, "changed"));

	cli_say(cli, changed ? MSG_CLI_APPLIED : MSG_CLI_UNCHANGED,
	    json_string_value(json_object_get(answer, "digest")),
	    (long long)json_integer_value(json_object_get(answer, "generation")));
}

int
cli_apply(int argc, char **argv, const struct cli *cli)
{
	const char *file = cli->paths.policy;
	const struct option_row rows[] = { { "-f", &file, NULL }, { NULL, NULL, NULL } };
	struct checked *checked;
	json_t *answer;
	int code, fd;

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, "apply", MSG_CLI_BAD_ARGUMENTS);
	checked = cli_load_policy(cli, file, true);
	if (checked == NULL)
		return CLI_ERROR;
	fd = policy_memfd(checked->policy);
	checked_free(checked);
	answer = cli_request(cli, json_pack("{s:s, s:s}", "verb", "apply", "file", file), fd);
	if (fd >= 0)
		close(fd);
	if (answer == NULL)
		return CLI_UNAVAILABLE;
	code = cli_answer_code(cli, answer);
	if (cli->json)
		cli_print_json(json_incref(answer));
	else if (code == CLI_OK)
		say_applied(cli, answer);
	json_decref(answer);
	return code;
}
