/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What somebody kept elsewhere to check the record by: keys, signed checkpoints. */
#ifndef AGENT_CLI_LOG_WANTED_H
#define AGENT_CLI_LOG_WANTED_H

#include "agent/cli/cli.h"
#include "agent/record/log_verify.h"

#include <stdbool.h>
#include <stdio.h>

#define LOG_LINE_SIZE 512u

/* What a verifier is given; read once, used for every try. */
struct log_wanted {
	uint8_t (*keys)[SEAL_SIZE];
	size_t n_keys;
	struct checkpoint *outside;
	size_t n_outside;
	bool some;		/* of the files only */
};

/*
 * From files of one a line, "-" for standard input, NULL for none. CLI_OK or the exit code
 * after complaining; log_wanted_forget() in any case.
 */
int log_wanted_read(const struct cli *cli, const char *key, const char *checkpoints,
    struct log_wanted *w);
/* A verifier that has all of it; NULL: no memory. The argument is a struct log_wanted. */
struct log_verify *log_wanted_prepare(void *arg);
/* Keys are overwritten. */
void log_wanted_forget(struct log_wanted *w);

/* The next line without its end and without blanks around it; false at the end. */
bool log_next_line(FILE *in, char line[LOG_LINE_SIZE], char **text);

#endif /* AGENT_CLI_LOG_WANTED_H */
