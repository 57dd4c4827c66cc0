/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/log_wanted.h"

#include "agent/record/seal.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
log_wanted_forget(struct log_wanted *w)
{
	if (w->keys != NULL)
		sodium_memzero(w->keys, w->n_keys * sizeof(*w->keys));
	free(w->keys);
	free(w->outside);
}

struct log_verify *
log_wanted_prepare(void *arg)
{
	const struct log_wanted *w = arg;
	struct log_verify *v = log_verify_new();
	int r = v == NULL ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && i < w->n_keys; i++)
		r = log_verify_add_key(v, w->keys[i]);
	for (size_t i = 0; r == 0 && i < w->n_outside; i++)
		r = log_verify_add_checkpoint(v, &w->outside[i]);
	if (r == 0) {
		if (w->some)
			log_verify_some(v);
		return v;
	}
	log_verify_free(v);
	return NULL;
}

bool
log_next_line(FILE *in, char line[LOG_LINE_SIZE], char **text)
{
	size_t n;

	if (fgets(line, (int)LOG_LINE_SIZE, in) == NULL)
		return false;
	*text = line + strspn(line, " \t");
	n = strlen(*text);
	while (n > 0 && strchr(" \t\r\n", (*text)[n - 1]) != NULL)
		(*text)[--n] = '\0';
	return true;
}

static bool
is_comment(const char *text)
{
	return *text == '\0' || *text == '#';
}

static bool
take_key(struct log_wanted *w, const char *text)
{
	uint8_t (*grown)[SEAL_SIZE] = reallocarray(w->keys, w->n_keys + 1, sizeof(*grown));

	if (grown == NULL)
		return false;
	w->keys = grown;
	return seal_key_parse(text, grown[w->n_keys++]);
}

static bool
take_checkpoint(struct log_wanted *w, const char *text)
{
	struct checkpoint *grown =
	    reallocarray(w->outside, w->n_outside + 1, sizeof(*grown));

	if (grown == NULL)
		return false;
	w->outside = grown;
	return checkpoint_parse(text, strlen(text), &grown[w->n_outside++]);
}

/* Every line of a file, "-": standard input. CLI_OK, or the exit code after complaining. */
static int
read_lines(const struct cli *cli, const char *name, struct log_wanted *w,
    bool (*take)(struct log_wanted *w, const char *text), enum message_id bad)
{
	const bool standard = strcmp(name, "-") == 0;
	FILE *in = standard ? stdin : fopen(name, "re");
	char line[LOG_LINE_SIZE], *text;
	unsigned int number = 0;
	int code = CLI_OK;

	if (in == NULL) {
		cli_complain(cli, MSG_CLI_LOG_OPEN, name, strerror(errno));
		return CLI_ERROR;
	}
	while (code == CLI_OK && log_next_line(in, line, &text)) {
		number++;
		if (is_comment(text) || take(w, text))
			continue;
		cli_complain(cli, bad, name, number);
		code = CLI_USAGE;
	}
	sodium_memzero(line, sizeof(line));
	if (!standard)
		fclose(in);
	return code;
}

int
log_wanted_read(const struct cli *cli, const char *key, const char *checkpoints,
    struct log_wanted *w)
{
	int code = CLI_OK;

	memset(w, 0, sizeof(*w));
	if (key != NULL)
		code = read_lines(cli, key, w, take_key, MSG_CLI_LOG_BAD_KEY);
	if (code == CLI_OK && checkpoints != NULL)
		code = read_lines(cli, checkpoints, w, take_checkpoint,
		    MSG_CLI_LOG_BAD_CHECKPOINT);
	if (code != CLI_OK || ((key == NULL || w->n_keys > 0) &&
	    (checkpoints == NULL || w->n_outside > 0)))
		return code;
	/* An empty file must not look like a check that was made. */
	cli_complain(cli, MSG_CLI_LOG_NOTHING_IN, key != NULL && w->n_keys == 0 ? key :
	    checkpoints);
	return CLI_USAGE;
}
