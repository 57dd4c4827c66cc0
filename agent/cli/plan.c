/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho plan: what an apply would change. --nft prints the whole ruleset as
 * nft(8) text and asks nobody; otherwise the daemon compares with the kernel.
 */
#include "agent/cli/cli.h"
#include "agent/cli/options.h"
#include "agent/cli/plan_words.h"
#include "agent/plan_json.h"

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
print_plan(const struct cli *cli, const json_t *answer)
{
	plan_words(cli, answer);
	cli_say(cli, MSG_CLI_PLAN_SUMMARY,
	    (long long)json_integer_value(json_object_get(answer, "elements_added")),
	    (long long)json_integer_value(json_object_get(answer, "elements_removed")),
	    (long long)json_integer_value(json_object_get(answer, "objects_staged")),
	    (long long)json_integer_value(json_object_get(answer, "objects_flipped")));
}

/* Two files, no daemon: what the one would change where the other runs. */
static int
plan_against(const struct cli *cli, const char *old, const char *new)
{
	struct checked *running = cli_load_policy(cli, old, false);
	struct checked *next = running != NULL ? cli_load_policy(cli, new, true) : NULL;
	json_t *o = json_pack("{s:b}", "ok", 1);
	int code = next == NULL || plan_json(o, running, next, NULL, NULL) < 0 ? CLI_ERROR : CLI_OK;

	if (code == CLI_OK && cli->json)
		cli_print_json(json_incref(o));
	else if (code == CLI_OK)
		plan_words(cli, o);
	json_decref(o);
	checked_free(next);
	checked_free(running);
	return code;
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
	const char *file = cli->paths.policy, *against = NULL, *at = NULL;
	int64_t now = (int64_t)time(NULL);
	bool nft = false;
	const struct option_row rows[] = {
		{ "-f", &file, NULL }, { "--against", &against, NULL },
		{ "--nft", NULL, &nft }, { "--at", &at, NULL }, { NULL, NULL, NULL },
	};
	struct checked *checked;
	int code;

	if (options_take(argc, argv, rows) != 0 || (nft && against != NULL) ||
	    (at != NULL && !parse_time(at, &now)))
		return cli_usage(cli, "plan", MSG_CLI_BAD_ARGUMENTS);
	if (against != NULL)
		return plan_against(cli, against, file);
	if (!nft)
		return cli_hand_policy(cli, "plan", file, print_plan);
	checked = cli_load_policy(cli, file, true);
	code = checked != NULL ? print_nft(cli, checked, now) : CLI_ERROR;
	checked_free(checked);
	return code;
}
