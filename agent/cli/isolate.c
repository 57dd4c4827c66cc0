/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho isolate, restore: the emergency cut-off. Who and why is asked for on a terminal;
 * without them the daemon refuses, and writes that down.
 */
#include "agent/cli/cli.h"
#include "agent/cli/cutoff_lines.h"
#include "agent/cli/options.h"
#include "agent/json_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_SIZE 256

/* ---- who and why ---------------------------------------------------------------- */

/* What stands in *value, or an answer from the terminal, or "". */
static void
ask(const struct cli *cli, enum message_id question, const char **value,
    char answer[ANSWER_SIZE])
{
	size_t n;

	if (*value != NULL)
		return;
	*value = answer;
	answer[0] = '\0';
	if (!isatty(STDIN_FILENO))
		return;
	fprintf(stderr, "%s ", message_format(question, cli->language));
	fflush(stderr);
	if (fgets(answer, ANSWER_SIZE, stdin) == NULL)
		answer[0] = '\0';
	n = strcspn(answer, "\r\n");
	answer[n] = '\0';
}

/* ---- isolate -------------------------------------------------------------------- */

static void
say_isolated(const struct cli *cli, const json_t *answer)
{
	const json_t *order = json_object_get(answer, "cutoff");
	const char *warning = json_string_value(json_object_get(answer, "warning"));

	cli_say(cli, MSG_CLI_ISOLATED, (long long)json_integer_value(
	    json_object_get(answer, "id")), json_text(order, "what"),
	    (double)json_integer_value(json_object_get(answer, "took_us")) / 1000.0,
	    (long long)json_integer_value(json_object_get(answer, "flows")));
	if (json_array_size(json_object_get(order, "lines_down")) > 0)
		cutoff_lines_say_down(cli, order);
	if (warning != NULL)
		cli_complain(cli, MSG_CLI_CUTOFF_WARNING, warning);
}

static void
say_list(const struct cli *cli, const json_t *answer)
{
	const json_t *list = json_object_get(answer, "cutoffs");

	if (json_array_size(list) == 0)
		cli_say(cli, MSG_CLI_CUTOFF_NONE);
	cutoff_lines_say(cli, list);
}

struct isolate {
	const char *reason, *person;
	bool list, all, pair, link_down, even_management;
};

/* How many words name what is cut off. */
static int
words_wanted(const struct isolate *i)
{
	return i->all ? 0 : i->pair ? 2 : 1;
}

int
cli_isolate(int argc, char **argv, const struct cli *cli)
{
	struct isolate i = { .reason = NULL };
	const struct option_row rows[] = {
		{ "--reason", &i.reason, NULL }, { "--person", &i.person, NULL },
		{ "--list", NULL, &i.list }, { "--all", NULL, &i.all },
		{ "--pair", NULL, &i.pair }, { "--link-down", NULL, &i.link_down },
		{ "--even-management", NULL, &i.even_management }, { NULL, NULL, NULL },
	};
	int n = options_take(argc, argv, rows);
	char person[ANSWER_SIZE], reason[ANSWER_SIZE];

	if (n == 0 && i.list)
		return cli_exchange(cli, json_pack("{s:s}", "verb", "cutoffs"), -1, say_list);
	if (n < 0 || i.list || (i.all && i.pair) || n != words_wanted(&i))
		return cli_usage(cli, "isolate", MSG_CLI_BAD_ARGUMENTS);
	ask(cli, MSG_CLI_ASK_PERSON, &i.person, person);
	ask(cli, MSG_CLI_ASK_REASON, &i.reason, reason);
	return cli_exchange(cli, json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:s, s:s}",
	    "verb", "isolate", "what", n > 0 ? argv[1] : "", "with", n > 1 ? argv[2] : "",
	    "all", i.all, "link_down", i.link_down, "even_management", i.even_management,
	    "person", i.person, "reason", i.reason), -1, say_isolated);
}

/* ---- restore -------------------------------------------------------------------- */

static void
say_restored(const struct cli *cli, const json_t *answer)
{
	const json_t *list = json_object_get(answer, "restored"), *one;
	size_t i;

	json_array_foreach(list, i, one) {
		const json_t *order = json_object_get(one, "cutoff");
		const char *warning = json_string_value(json_object_get(one, "warning"));

		cli_say(cli, MSG_CLI_RESTORED, (long long)json_integer_value(
		    json_object_get(order, "id")), json_text(order, "what"));
		if (warning != NULL)
			cli_complain(cli, MSG_CLI_CUTOFF_WARNING, warning);
	}
	if (json_array_size(list) == 0)
		cli_say(cli, MSG_CLI_CUTOFF_NONE);
	cutoff_lines_say(cli, json_object_get(answer, "cutoffs"));
}

/* A whole number, 1 or more; 0: it is none. */
static json_int_t
id_of(const char *word)
{
	char *end;
	long long id;

	errno = 0;
	id = strtoll(word, &end, 10);
	return errno != 0 || end == word || *end != '\0' || id < 1 ? 0 : (json_int_t)id;
}

int
cli_restore(int argc, char **argv, const struct cli *cli)
{
	const char *reason = "", *person = "";
	bool all = false;
	const struct option_row rows[] = {
		{ "--reason", &reason, NULL }, { "--person", &person, NULL },
		{ "--all", NULL, &all }, { NULL, NULL, NULL },
	};
	int n = options_take(argc, argv, rows);
	json_t *request;

	if (n < 0 || n > 1 || (all && n > 0) || (n == 1 && id_of(argv[1]) == 0))
		return cli_usage(cli, "restore", MSG_CLI_BAD_ARGUMENTS);
	request = json_pack("{s:s, s:b, s:s, s:s}", "verb", "restore", "all", all,
	    "person", person, "reason", reason);
	if (n == 1)
		json_object_set_new(request, "id", json_integer(id_of(argv[1])));
	return cli_exchange(cli, request, -1, say_restored);
}
