/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho plan: what an apply would change. --nft prints the whole ruleset as
 * nft(8) text and asks nobody; otherwise the daemon compares with the kernel.
 */
#include "agent/cli/cli.h"
#include "agent/cli/options.h"
#include "agent/policy_memfd.h"

#include "rules/compile.h"
#include "rules/ruleset_diff.h"
#include "rules/ruleset_print.h"

#include <stdio.h>
#include <unistd.h>

static int
print_nft(const struct cli *cli, const struct checked *checked)
{
	struct diag *diag = diag_new();
	struct ruleset *ruleset = diag != NULL ? compile(checked, diag) : NULL;

	if (ruleset == NULL) {
		if (diag != NULL)
			diag_print(diag, stderr, cli->language);
		cli_complain(cli, MSG_CLI_NO_COMPILE);
		diag_free(diag);
		return CLI_ERROR;
	}
	ruleset_settle(ruleset, NULL);
	ruleset_print(ruleset, stdout);
	ruleset_free(ruleset);
	diag_free(diag);
	return CLI_OK;
}

static void
print_list(const struct cli *cli, enum message_id id, const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		cli_say(cli, id, json_string_value(item));
}

static void
print_plan(const struct cli *cli, const json_t *answer)
{
	print_list(cli, MSG_CLI_PLAN_ADDED, json_object_get(answer, "permits_added"));
	print_list(cli, MSG_CLI_PLAN_REMOVED, json_object_get(answer, "permits_removed"));
	print_list(cli, MSG_CLI_PLAN_CHANGED, json_object_get(answer, "permits_changed"));
	cli_say(cli, MSG_CLI_PLAN_SUMMARY,
	    (long long)json_integer_value(json_object_get(answer, "elements_added")),
	    (long long)json_integer_value(json_object_get(answer, "elements_removed")),
	    (long long)json_integer_value(json_object_get(answer, "objects_staged")),
	    (long long)json_integer_value(json_object_get(answer, "objects_flipped")));
}

int
cli_plan(int argc, char **argv, const struct cli *cli)
{
	const char *file = cli->paths.policy;
	bool nft = false;
	const struct option_row rows[] = {
		{ "-f", &file, NULL }, { "--nft", NULL, &nft }, { NULL, NULL, NULL },
	};
	struct checked *checked;
	json_t *answer;
	int code = CLI_OK;
	int fd;

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, "plan", MSG_CLI_BAD_ARGUMENTS);
	checked = cli_load_policy(cli, file, true);
	if (checked == NULL)
		return CLI_ERROR;
	if (nft) {
		code = print_nft(cli, checked);
		checked_free(checked);
		return code;
	}
	fd = policy_memfd(checked->policy);
	checked_free(checked);
	answer = cli_request(cli, json_pack("{s:s, s:s}", "verb", "plan", "file", file), fd);
	if (fd >= 0)
		close(fd);
	if (answer == NULL)
		return CLI_UNAVAILABLE;
	code = cli_answer_code(cli, answer);
	if (cli->json)
		cli_print_json(json_incref(answer));
	else if (code == CLI_OK)
		print_plan(cli, answer);
	json_decref(answer);
	return code;
}
