/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho matrix: zone x zone as both witnesses saw it. A cell stands for one
 * ordered pair: openings the gate let through, packets it stopped; packets the
 * tap saw permitted, attempts, leaks. An empty cell is a pair kept apart.
 */
#include "agent/cli/cli.h"
#include "agent/cli/columns.h"
#include "agent/cli/cutoff_lines.h"
#include "agent/cli/options.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static long long
count_of(const json_t *cell, const char *witness, const char *key)
{
	return (long long)json_integer_value(
	    json_object_get(json_object_get(cell, witness), key));
}

static const json_t *
find_cell(const json_t *pairs, const char *from, const char *to)
{
	const json_t *cell;
	size_t i;

	json_array_foreach(pairs, i, cell) {
		const char *f = json_string_value(json_object_get(cell, "from"));
		const char *t = json_string_value(json_object_get(cell, "to"));

		if (f != NULL && t != NULL && strcmp(f, from) == 0 && strcmp(t, to) == 0)
			return cell;
	}
	return NULL;
}

static void
print_pair(const struct cli *cli, const json_t *cell, const char *from, const char *to)
{
	char left[128];
	bool differs = json_object_get(cell, "difference") != NULL;

	snprintf(left, sizeof(left), "%s -> %s", from, to);
	columns_print(stdout, left, 27);
	if (cell == NULL) {
		cli_say(cli, MSG_CLI_MATRIX_APART);
		return;
	}
	cli_say(cli, MSG_CLI_MATRIX_CELL, count_of(cell, "gate", "permitted"),
	    count_of(cell, "gate", "stopped"), count_of(cell, "tap", "permitted"),
	    count_of(cell, "tap", "attempts"), count_of(cell, "tap", "leaks"),
	    differs ? " !" : "");
}

static const struct {
	const char *kind;
	enum message_id sentence;
} differences[] = {
	{ "opening-unseen", MSG_CLI_MATRIX_OPENING_UNSEEN },
	{ "stop-unseen", MSG_CLI_MATRIX_STOP_UNSEEN },
	{ "stopped-elsewhere", MSG_CLI_MATRIX_STOPPED_ELSEWHERE },
};

static void
explain_pair(const struct cli *cli, const json_t *cell)
{
	const json_t *difference = json_object_get(cell, "difference");
	const char *kind = json_string_value(json_object_get(difference, "kind"));
	const char *from = json_string_value(json_object_get(cell, "from"));
	const char *to = json_string_value(json_object_get(cell, "to"));

	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		if (kind != NULL && from != NULL && to != NULL &&
		    strcmp(kind, differences[i].kind) == 0)
			cli_say(cli, differences[i].sentence, from, to,
			    count_of(cell, "difference", "packets"));
}

static void
explain(const struct cli *cli, const json_t *answer)
{
	time_t since = (time_t)json_integer_value(
	    json_object_get(answer, "compared_since"));
	const json_t *cell;
	char text[32];
	struct tm tm;
	size_t i;

	if (since == 0 || localtime_r(&since, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) == 0) {
		cli_say(cli, MSG_CLI_MATRIX_NOT_COMPARED);
		return;
	}
	cli_say(cli, MSG_CLI_MATRIX_COMPARED, text);
	json_array_foreach(json_object_get(answer, "pairs"), i, cell)
		explain_pair(cli, cell);
}

static void
print_matrix(const struct cli *cli, const json_t *answer)
{
	const json_t *zones = json_object_get(answer, "zones");
	const json_t *from, *to;
	size_t i, j;

	cutoff_lines_say(cli, json_object_get(answer, "cutoffs"));
	cli_say(cli, MSG_CLI_MATRIX_HEAD);
	json_array_foreach(zones, i, from)
		json_array_foreach(zones, j, to) {
			const char *f = json_string_value(from), *t = json_string_value(to);
			const json_t *cell = find_cell(json_object_get(answer, "pairs"), f, t);

			if (i != j || cell != NULL)
				print_pair(cli, cell, f, t);
		}
	explain(cli, answer);
}

int
cli_matrix(int argc, char **argv, const struct cli *cli)
{
	const struct option_row rows[] = { { NULL, NULL, NULL } };

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, "matrix", MSG_CLI_BAD_ARGUMENTS);
	return cli_exchange(cli, json_pack("{s:s}", "verb", "matrix"), -1, print_matrix);
}
