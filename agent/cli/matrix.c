/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho matrix: zone x zone as both witnesses saw it. A cell stands for one
 * ordered pair: openings the gate let through, packets it stopped; packets the
 * tap saw permitted, attempts, leaks. An empty cell is a pair kept apart.
 */
#include "agent/cli/cli.h"
#include "agent/cli/columns.h"
#include "agent/cli/options.h"

#include <stdio.h>
#include <string.h>

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

	snprintf(left, sizeof(left), "%s -> %s", from, to);
	columns_print(stdout, left, 30);
	if (cell == NULL) {
		cli_say(cli, MSG_CLI_MATRIX_APART);
		return;
	}
	cli_say(cli, MSG_CLI_MATRIX_CELL, count_of(cell, "gate", "permitted"),
	    count_of(cell, "gate", "stopped"), count_of(cell, "tap", "permitted"),
	    count_of(cell, "tap", "attempts"), count_of(cell, "tap", "leaks"));
}

static void
print_matrix(const struct cli *cli, const json_t *answer)
{
	const json_t *zones = json_object_get(answer, "zones");
	const json_t *from, *to;
	size_t i, j;

	cli_say(cli, MSG_CLI_MATRIX_HEAD);
	json_array_foreach(zones, i, from)
		json_array_foreach(zones, j, to) {
			const char *f = json_string_value(from), *t = json_string_value(to);
			const json_t *cell = find_cell(json_object_get(answer, "pairs"), f, t);

			if (i != j || cell != NULL)
				print_pair(cli, cell, f, t);
		}
}

int
cli_matrix(int argc, char **argv, const struct cli *cli)
{
	const struct option_row rows[] = { { NULL, NULL, NULL } };

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, "matrix", MSG_CLI_BAD_ARGUMENTS);
	return cli_exchange(cli, json_pack("{s:s}", "verb", "matrix"), -1, print_matrix);
}
