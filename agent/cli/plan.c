/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho plan: what an apply would change. --nft prints the whole ruleset as
 * nft(8) text and asks nobody; otherwise the daemon compares with the kernel.
 */
#include "agent/cli/cli.h"
#include "agent/cli/options.h"

#include "rules/compile.h"
#include "rules/ruleset_diff.h"
#include "rules/ruleset_print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* As text, or with --json as one string. 0 or CLI_ERROR. */
static int
print_ruleset(const struct cli *cli, const struct ruleset *ruleset)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = cli->json ? open_memstream(&text, &length) : stdout;

	if (out == NULL) {
		cli_complain(cli, MSG_CLI_NO_MEMORY);
		return CLI_ERROR;
	}
	ruleset_print(ruleset, out);
	if (!cli->json)
		return CLI_OK;
	fclose(out);
	cli_print_json(json_pack("{s:b, s:s}", "ok", 1, "nft", text));
	free(text);
	return CLI_OK;
}

static int
print_nft(const struct cli *cli, const struct checked *checked, int64_t now)
{
	const struct compile_moment moment = { .now = now,
		.horizon = now + LIMIT_HORIZON_SECONDS };
	struct diag *diag = diag_new();
	struct ruleset *ruleset = diag != NULL ?
	    compile_at(checked, &moment, diag) : NULL;
	int code = CLI_ERROR;

	if (ruleset == NULL) {
		if (diag != NULL)
			diag_print(diag, stderr, cli->language);
		cli_complain(cli, MSG_CLI_NO_COMPILE);
	} else {
		ruleset_settle(ruleset, NULL);
		code = print_ruleset(cli, ruleset);
	}
	ruleset_free(ruleset);
	diag_free(diag);
	return code;
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
	long long cut = json_integer_value(json_object_get(answer, "flows_cut"));

	print_list(cli, MSG_CLI_PLAN_ADDED, json_object_get(answer, "permits_added"));
	print_list(cli, MSG_CLI_PLAN_REMOVED, json_object_get(answer, "permits_removed"));
	print_list(cli, MSG_CLI_PLAN_CHANGED, json_object_get(answer, "permits_changed"));
	cli_say(cli, MSG_CLI_PLAN_SUMMARY,
	    (long long)json_integer_value(json_object_get(answer, "elements_added")),
	    (long long)json_integer_value(json_object_get(answer, "elements_removed")),
	    (long long)json_integer_value(json_object_get(answer, "objects_staged")),
	    (long long)json_integer_value(json_object_get(answer, "objects_flipped")));
	if (cut >= 0)
		cli_say(cli, MSG_CLI_PLAN_CUT, cut);
}

/* Seconds since the epoch. */
static bool
parse_time(const char *text, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
	    *out <= INT64_MAX - LIMIT_HORIZON_SECONDS;
}

int
cli_plan(int argc, char **argv, const struct cli *cli)
{
	const char *file = cli->paths.policy, *at = NULL;
	int64_t now = (int64_t)time(NULL);
	bool nft = false;
	const struct option_row rows[] = {
		{ "-f", &file, NULL }, { "--nft", NULL, &nft }, { "--at", &at, NULL },
		{ NULL, NULL, NULL },
	};
	struct checked *checked;
	int code;

	if (options_take(argc, argv, rows) != 0 || (at != NULL && !parse_time(at, &now)))
		return cli_usage(cli, "plan", MSG_CLI_BAD_ARGUMENTS);
	if (!nft)
		return cli_hand_policy(cli, "plan", file, print_plan);
	checked = cli_load_policy(cli, file, true);
	code = checked != NULL ? print_nft(cli, checked, now) : CLI_ERROR;
	checked_free(checked);
	return code;
}
