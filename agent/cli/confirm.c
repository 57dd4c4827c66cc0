/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sekisho confirm, sekisho rollback: keep what was applied, or take it back. */
#include "agent/cli/change_request.h"
#include "agent/cli/cli.h"
#include "agent/cli/options.h"

static long long
number_of(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static void
say_confirmed(const struct cli *cli, const json_t *answer)
{
	cli_say(cli, MSG_CLI_CONFIRMED, number_of(answer, "serial"));
	if (json_is_true(json_object_get(answer, "same_session")))
		cli_say(cli, MSG_CLI_CONFIRM_SAME_SESSION);
}

static void
say_rolled_back(const struct cli *cli, const json_t *answer)
{
	long long of = number_of(answer, "of"), serial = number_of(answer, "serial");

	if (of == serial)
		cli_say(cli, MSG_CLI_ROLLED_BACK_TO, serial);
	else
		cli_say(cli, MSG_CLI_ROLLED_BACK, of, serial);
}

/* The verb's one word, a serial; it may be missing. 0, or the exit code. */
static int
take_serial(const struct cli *cli, const char *verb, int n, char **argv, json_t *request)
{
	uint32_t serial;

	if (n == 0)
		return 0;
	if (n > 1)
		return cli_usage(cli, verb, MSG_CLI_BAD_ARGUMENTS);
	if (!change_parse_serial(argv[1], &serial))
		return cli_usage(cli, verb, MSG_CLI_BAD_SERIAL, argv[1]);
	json_object_set_new(request, "serial", json_integer(serial));
	return 0;
}

int
cli_confirm(int argc, char **argv, const struct cli *cli)
{
	const char *reason = NULL;
	const struct option_row rows[] = { { "--reason", &reason, NULL }, { NULL, NULL, NULL } };
	int n = options_take(argc, argv, rows), code;
	json_t *request;

	if (n < 0)
		return cli_usage(cli, "confirm", MSG_CLI_BAD_ARGUMENTS);
	request = change_request(cli, "confirm", reason);
	code = take_serial(cli, "confirm", n, argv, request);
	if (code == 0)
		return cli_exchange(cli, request, -1, say_confirmed);
	json_decref(request);
	return code;
}

int
cli_rollback(int argc, char **argv, const struct cli *cli)
{
	const char *reason = NULL;
	bool force = false;
	const struct option_row rows[] = {
		{ "--reason", &reason, NULL }, { "--force-lockout", NULL, &force },
		{ NULL, NULL, NULL },
	};
	int n = options_take(argc, argv, rows), code;
	json_t *request;

	if (n < 0)
		return cli_usage(cli, "rollback", MSG_CLI_BAD_ARGUMENTS);
	request = change_request(cli, "rollback", reason);
	json_object_set_new(request, "force_lockout", json_boolean(force));
	code = take_serial(cli, "rollback", n, argv, request);
	if (code == 0)
		return cli_exchange(cli, request, -1, say_rolled_back);
	json_decref(request);
	return code;
}
