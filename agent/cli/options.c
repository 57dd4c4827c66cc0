/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/options.h"

#include <stddef.h>
#include <string.h>

static const struct option_row *
find_row(const struct option_row *rows, const char *word)
{
	for (; rows->word != NULL; rows++)
		if (strcmp(rows->word, word) == 0)
			return rows;
	return NULL;
}

int
options_take(int argc, char **argv, const struct option_row *rows)
{
	bool ended = false;
	int left = 0;

	for (int i = 1; i < argc; i++) {
		const struct option_row *row;

		if (!ended && strcmp(argv[i], "--") == 0) {
			ended = true;
			continue;
		}
		if (ended || argv[i][0] != '-' || argv[i][1] == '\0') {
			argv[++left] = argv[i];
			continue;
		}
		row = find_row(rows, argv[i]);
		if (row == NULL)
			return -1;
		if (row->flag != NULL) {
			*row->flag = true;
		} else {
			if (++i >= argc)
				return -1;
			*row->value = argv[i];
		}
	}
	return left;
}
