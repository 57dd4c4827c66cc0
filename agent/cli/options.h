/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of one verb, as rows: with a value, or a switch. */
#ifndef AGENT_CLI_OPTIONS_H
#define AGENT_CLI_OPTIONS_H

#include <stdbool.h>

struct option_row {
	const char *word;	/* "-f", "--stats"; NULL ends the rows */
	const char **value;	/* the next word goes here */
	bool *flag;		/* or this becomes true */
};

/*
 * Take the options out of argv (argv[0] is the verb); what is left stands in
 * argv[1..n]. Returns n, or -1 for an unknown option or a missing value.
 * "--" ends the options.
 */
int options_take(int argc, char **argv, const struct option_row *rows);

#endif /* AGENT_CLI_OPTIONS_H */
