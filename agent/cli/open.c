/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sekisho open: give up the gate, after being asked twice. */
#include "agent/cli/change_request.h"
#include "agent/cli/cli.h"
#include "agent/cli/options.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The answer must be this word, letter by letter. */
static bool
answers(const char *word)
{
	char line[HOST_NAME_MAX + 8];

	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return strcmp(line, word) == 0;
}

static void
say_opened(const struct cli *cli, const json_t *answer)
{
	(void)answer;
	cli_say(cli, MSG_CLI_OPENED);
}

int
cli_open(int argc, char **argv, const struct cli *cli)
{
	const char *reason = NULL, *person = NULL;
	const struct option_row rows[] = {
		{ "--reason", &reason, NULL }, { "--person", &person, NULL },
		{ NULL, NULL, NULL },
	};
	char host[HOST_NAME_MAX + 1] = "";
	json_t *request;

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, "open", MSG_CLI_BAD_ARGUMENTS);
	if (reason == NULL || reason[0] == '\0' || person == NULL || person[0] == '\0')
		return cli_usage(cli, "open", MSG_CLI_OPEN_WHO);
	(void)gethostname(host, sizeof(host) - 1);
	cli_say(cli, MSG_CLI_OPEN_FIRST);
	if (!answers("open")) {
		cli_complain(cli, MSG_CLI_OPEN_NOT);
		return CLI_ERROR;
	}
	cli_say(cli, MSG_CLI_OPEN_SECOND, host);
	if (!answers(host)) {
		cli_complain(cli, MSG_CLI_OPEN_NOT);
		return CLI_ERROR;
	}
	request = change_request(cli, "open", reason);
	/* Not who is logged in, but who answers for it. */
	if (json_object_set_new(request, "person", json_string(person)) < 0) {
		json_decref(request);
		return cli_usage(cli, "open", MSG_CLI_OPEN_WHO);
	}
	return cli_exchange(cli, request, -1, say_opened);
}
