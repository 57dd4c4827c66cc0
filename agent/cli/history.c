/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sekisho history: the kept policies, the newest first. */
#include "agent/cli/cli.h"
#include "agent/cli/columns.h"
#include "agent/cli/options.h"
#include "agent/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Serial, time, state, who, digest; two blanks between them make 79. */
#define SERIAL_WIDTH	6
#define TIME_WIDTH	19
#define STATE_WIDTH	14
#define WHO_WIDTH	20
#define DIGEST_WIDTH	12

static bool
is(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

/* One word for what became of it; the one that runs first of all. */
static enum message_id
state_of(const json_t *o)
{
	const char *result = json_text(o, "result");

	if (is(o, "waits"))
		return MSG_CLI_HISTORY_WAITS;
	if (is(o, "running"))
		return MSG_CLI_HISTORY_RUNS;
	if (strcmp(result, "failed") == 0)
		return MSG_CLI_HISTORY_FAILED;
	if (strcmp(result, "reverted") == 0)
		return MSG_CLI_HISTORY_REVERTED;
	if (strcmp(result, "interrupted") == 0 || strcmp(result, "applying") == 0)
		return MSG_CLI_HISTORY_INTERRUPTED;
	return is(o, "confirmed") ? MSG_CLI_HISTORY_CONFIRMED : MSG_CLI_HISTORY_APPLIED;
}

static void
print_message(const struct cli *cli, enum message_id id, int width)
{
	columns_print(stdout, message_format(id, cli->language), width);
}

static void
print_time(json_int_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[32] = "-";

	if (localtime_r(&t, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	columns_print(stdout, text, TIME_WIDTH);
}

/* "uid 0 (tanaka)"; a start or a signal has no uid. */
static void
print_who(const json_t *o)
{
	const json_t *uid = json_object_get(o, "uid");
	const char *person = json_text(o, "person");
	char text[96];

	if (!json_is_integer(uid))
		snprintf(text, sizeof(text), "%.80s", json_text(o, "origin"));
	else
		snprintf(text, sizeof(text), person[0] != '\0' ? "uid %lld (%.64s)" :
		    "uid %lld%.64s", (long long)json_integer_value(uid), person);
	columns_print(stdout, text, WHO_WIDTH);
}

static void
print_gap(void)
{
	fputs("  ", stdout);
}

/* The second line: what for, and from where. */
static void
print_why(const struct cli *cli, const json_t *o)
{
	const char *reason = json_text(o, "reason"), *file = json_text(o, "file");
	json_int_t of = json_integer_value(json_object_get(o, "of"));

	printf("%*s", SERIAL_WIDTH + 2, "");
	if (of != 0) {
		char *text = message_text(MSG_CLI_HISTORY_OF, cli->language, (long long)of);

		columns_print(stdout, text != NULL ? text : "", 0);
		free(text);
		print_gap();
	}
	columns_print(stdout, file, 0);
	if (reason[0] != '\0') {
		fputs(": ", stdout);
		columns_print(stdout, reason, 0);
	}
	putchar('\n');
}

static void
print_version(const struct cli *cli, const json_t *o)
{
	printf("%*lld%s", SERIAL_WIDTH - 1,
	    (long long)json_integer_value(json_object_get(o, "serial")),
	    is(o, "boot") ? "*" : " ");
	print_gap();
	print_time(json_integer_value(json_object_get(o, "at")));
	print_gap();
	print_message(cli, state_of(o), STATE_WIDTH);
	print_gap();
	print_who(o);
	print_gap();
	columns_print(stdout, json_text(o, "digest"), DIGEST_WIDTH);
	putchar('\n');
	print_why(cli, o);
}

static void
say_history(const struct cli *cli, const json_t *answer)
{
	const json_t *o;
	json_int_t damaged = json_integer_value(json_object_get(answer, "damaged"));
	size_t i;

	print_message(cli, MSG_CLI_HISTORY_SERIAL, SERIAL_WIDTH);
	print_gap();
	print_message(cli, MSG_CLI_HISTORY_TIME, TIME_WIDTH);
	print_gap();
	print_message(cli, MSG_CLI_HISTORY_STATE, STATE_WIDTH);
	print_gap();
	print_message(cli, MSG_CLI_HISTORY_WHO, WHO_WIDTH);
	print_gap();
	print_message(cli, MSG_CLI_HISTORY_DIGEST, 0);
	putchar('\n');
	json_array_foreach(json_object_get(answer, "versions"), i, o)
		print_version(cli, o);
	cli_say(cli, MSG_CLI_HISTORY_BOOT);
	if (damaged > 0)
		cli_say(cli, MSG_CLI_HISTORY_DAMAGED, (long long)damaged);
}

int
cli_history(int argc, char **argv, const struct cli *cli)
{
	const struct option_row rows[] = { { NULL, NULL, NULL } };

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, "history", MSG_CLI_BAD_ARGUMENTS);
	return cli_exchange(cli, json_pack("{s:s}", "verb", "history"), -1, say_history);
}
