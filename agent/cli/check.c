/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sekisho check: every finding of one run; --print: the policy written back. */
#include "agent/cli/cli.h"
#include "agent/cli/options.h"
#include "agent/findings.h"

#include "rules/policy_parse.h"
#include "rules/policy_print.h"

#include <stdio.h>
#include <time.h>

static int
print_back(const struct cli *cli, const char *file, struct diag *diag)
{
	struct policy *policy = policy_parse_file(file, diag);
	int code = diag_exit_code(diag);

	if (code == CLI_ERROR || policy == NULL)
		diag_print(diag, stderr, cli->language);
	else
		policy_print(policy, false, stdout);
	policy_free(policy);
	return code == CLI_ERROR ? CLI_ERROR : CLI_OK;
}

static void
print_json(const struct cli *cli, const char *file, struct diag *diag,
    const struct checked *checked)
{
	json_t *findings = findings_json(diag, cli->language);

	cli_print_json(json_pack("{s:s, s:b, s:I, s:I, s:s?, s:I, s:I, s:o}",
	    "file", file, "ok", checked != NULL,
	    "errors", (json_int_t)diag_count(diag, DIAG_ERROR),
	    "warnings", (json_int_t)diag_count(diag, DIAG_WARNING),
	    "digest", checked != NULL ? checked->digest : NULL,
	    "permits", (json_int_t)(checked != NULL ? checked->n_permits : 0),
	    "boxes", (json_int_t)(checked != NULL ? checked->n_boxes : 0),
	    "findings", findings));
}

int
cli_check(int argc, char **argv, const struct cli *cli)
{
	const char *file = cli->paths.policy;
	bool print = false;
	const struct option_row rows[] = {
		{ "-f", &file, NULL }, { "--print", NULL, &print }, { NULL, NULL, NULL },
	};
	struct diag *diag;
	struct checked *checked;
	int code;

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, "check", MSG_CLI_BAD_ARGUMENTS);
	diag = diag_new();
	if (diag == NULL) {
		cli_complain(cli, MSG_CLI_NO_MEMORY);
		return CLI_ERROR;
	}
	if (print) {
		code = print_back(cli, file, diag);
		diag_free(diag);
		return code;
	}
	checked = checked_from_file(file, (int64_t)time(NULL), diag);
	code = diag_exit_code(diag);
	if (checked == NULL)
		code = CLI_ERROR;
	if (cli->json)
		print_json(cli, file, diag, checked);
	else
		diag_print(diag, stdout, cli->language);
	checked_free(checked);
	diag_free(diag);
	return code;
}
