/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One look at the daemon that does not wait for it: "status" and "matrix" over one
 * connection, answered whenever they are.
 */
#ifndef AGENT_CLI_TOP_ASK_H
#define AGENT_CLI_TOP_ASK_H

#include "agent/cli/cli.h"

struct top_ask {
	int fd;				/* readable: call top_ask_hear(); -1: nothing is asked */
	json_t *status, *matrix;
	char error[256];		/* why the last one failed */
};

/* Ask. 0, or negative errno with a sentence in error. */
int top_ask_begin(struct top_ask *a, const struct cli *cli);

/*
 * Hear what came: 1: status and matrix are there, until top_ask_end(); 0: not yet;
 * negative errno with a sentence in error.
 */
int top_ask_hear(struct top_ask *a);

/* Hang up, and drop what was heard. */
void top_ask_end(struct top_ask *a);

#endif /* AGENT_CLI_TOP_ASK_H */
