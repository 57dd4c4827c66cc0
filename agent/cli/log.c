/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sekisho log: is the record still what was written, and what vouches for it. */
#include "agent/cli/cli.h"
#include "agent/cli/log_hold.h"
#include "agent/cli/log_wanted.h"
#include "agent/cli/log_words.h"
#include "agent/cli/options.h"
#include "agent/record/log_names.h"
#include "agent/record/log_verify_files.h"
#include "agent/record/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERB "log"

/* ---- the answer ----------------------------------------------------------------- */

/* "FILE:LINE: record N: what is wrong". Names come from the command line and may be odd. */
static void
say_finding(const struct cli *cli, const struct verify_finding *f)
{
	char *text = log_fault_text(f, cli->language);
	const char *p = f->file;

	for (; *p != '\0'; p++)
		putchar((unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p);
	if (f->line != 0)
		printf(":%llu", (unsigned long long)f->line);
	printf(": ");
	cli_say(cli, MSG_LOG_VERIFY_AT, (unsigned long long)f->sequence,
	    text != NULL ? text : verify_fault_name(f->fault));
	free(text);
}

static json_t *
finding_json(const struct verify_finding *f)
{
	json_t *file = json_string(f->file);

	return json_pack("{s:s,s:o,s:I,s:I,s:I}", "fault", verify_fault_name(f->fault),
	    "file", file != NULL ? file : json_string("?"), "line", (json_int_t)f->line,
	    "sequence", (json_int_t)f->sequence, "other", (json_int_t)f->other);
}

static json_t *
report_json(const struct verify_report *r)
{
	json_t *findings = json_array();

	for (size_t i = 0; i < r->n_findings; i++)
		json_array_append_new(findings, finding_json(&r->findings[i]));
	return json_pack("{s:b,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}",
	    "ok", r->faults == 0, "macs_checked", r->records > 0 && r->macs == r->records,
	    "faults", (json_int_t)r->faults, "files", (json_int_t)r->files,
	    "records", (json_int_t)r->records, "bytes", (json_int_t)r->bytes,
	    "first", (json_int_t)r->first, "last", (json_int_t)r->last,
	    "macs", (json_int_t)r->macs, "checkpoints", (json_int_t)r->checkpoints,
	    "outside", (json_int_t)r->outside, "outside_older", (json_int_t)r->outside_older,
	    "disposed", (json_int_t)r->disposed, "findings", findings);
}

static int
say_report(const struct cli *cli, const struct verify_report *r)
{
	if (cli->json) {
		cli_print_json(report_json(r));
		return r->faults == 0 ? CLI_OK : CLI_ERROR;
	}
	for (size_t i = 0; i < r->n_findings; i++)
		say_finding(cli, &r->findings[i]);
	if (r->faults > r->n_findings)
		cli_say(cli, MSG_LOG_VERIFY_MORE,
		    (unsigned long long)(r->faults - r->n_findings));
	cli_say(cli, MSG_LOG_VERIFY_READ, (unsigned long long)r->files,
	    (unsigned long long)r->records, (unsigned long long)r->first,
	    (unsigned long long)r->last, (unsigned long long)r->checkpoints);
	if (r->outside + r->outside_older > 0)
		cli_say(cli, MSG_LOG_VERIFY_OUTSIDE_COUNT, (unsigned long long)r->outside,
		    (unsigned long long)r->outside_older);
	if (r->disposed > 0)
		cli_say(cli, MSG_LOG_VERIFY_DISPOSED, (unsigned long long)r->disposed);
	if (r->faults > 0)
		cli_say(cli, MSG_LOG_VERIFY_BAD, (unsigned long long)r->faults);
	else
		cli_say(cli, r->macs == r->records ? MSG_LOG_VERIFY_GOOD :
		    MSG_LOG_VERIFY_CHAIN);
	return r->faults == 0 ? CLI_OK : CLI_ERROR;
}

/* ---- the verbs ------------------------------------------------------------------ */

static bool
is_folder(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 && S_ISDIR(st.st_mode);
}

static int
verify_paths(const struct cli *cli, char **names, int n, struct log_wanted *w)
{
	struct verify_report report;
	struct log_verify *v;
	const char *folder = n == 0 ? cli->paths.log : names[0];
	int r;

	if (n == 0 || (n == 1 && is_folder(names[0]))) {
		r = log_verify_folder(folder, log_wanted_prepare, w, &report);
		if (r == 0)
			return say_report(cli, &report);
		cli_complain(cli, MSG_CLI_LOG_OPEN, folder, strerror(-r));
		return CLI_ERROR;
	}
	w->some = true;
	v = log_wanted_prepare(w);
	if (v == NULL) {
		cli_complain(cli, MSG_CLI_NO_MEMORY);
		return CLI_ERROR;
	}
	for (int i = 0; i < n; i++)
		log_verify_file(v, AT_FDCWD, names[i]);
	log_verify_finish(v, &report);
	log_verify_free(v);
	return say_report(cli, &report);
}

static int
run_verify(int argc, char **argv, const struct cli *cli)
{
	struct log_wanted w = { 0 };
	const char *key = NULL, *checkpoints = NULL;
	const struct option_row rows[] = {
		{ "--key", &key, NULL }, { "--checkpoints", &checkpoints, NULL },
		{ NULL, NULL, NULL },
	};
	int code, n = options_take(argc, argv, rows);

	if (n < 0)
		return cli_usage(cli, VERB, MSG_CLI_BAD_ARGUMENTS);
	code = log_wanted_read(cli, key, checkpoints, &w);
	if (code == CLI_OK)
		code = verify_paths(cli, argv + 1, n, &w);
	log_wanted_forget(&w);
	return code;
}

static int
open_log_file(const struct cli *cli, const char *name, int flags, char path[PATHS_SIZE + 32])
{
	int fd;

	snprintf(path, PATHS_SIZE + 32, "%s/%s", cli->paths.log, name);
	fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Overwritten where it stands, then removed: it must not be found again on this machine. */
static int
wipe(int fd, const char *path, size_t length)
{
	char nothing[LOG_LINE_SIZE] = "";

	if (pwrite(fd, nothing, length, 0) != (ssize_t)length || fdatasync(fd) < 0 ||
	    unlink(path) < 0)
		return -errno;
	return 0;
}

static int
run_key(int argc, char **argv, const struct cli *cli)
{
	const struct option_row rows[] = { { NULL, NULL, NULL } };
	char path[PATHS_SIZE + 32], text[LOG_LINE_SIZE], *end;
	uint8_t key[SEAL_SIZE];
	ssize_t n;
	int fd, r;

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, VERB, MSG_CLI_BAD_ARGUMENTS);
	fd = open_log_file(cli, SEAL_KEY_NAME, O_RDWR, path);
	if (fd < 0) {
		cli_complain(cli, fd == -ENOENT ? MSG_CLI_LOG_KEY_GONE : MSG_CLI_LOG_OPEN, path,
		    strerror(-fd));
		return CLI_ERROR;
	}
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	end = strchr(text, '\n');
	if (end != NULL)
		*end = '\0';
	if (seal_key_init() < 0 || n <= 0 || !seal_key_parse(text, key)) {
		cli_complain(cli, MSG_CLI_LOG_KEY_DAMAGED, path);
		close(fd);
		return CLI_ERROR;
	}
	cli_say(cli, MSG_CLI_LOG_KEY_WRITE_DOWN);
	/* Shown whole before it is wiped: a pipe that broke keeps it. */
	r = printf("\n%s\n", text) < 0 || fflush(stdout) != 0 ? -EPIPE :
	    wipe(fd, path, (size_t)n);
	close(fd);
	sodium_memzero(key, sizeof(key));
	sodium_memzero(text, sizeof(text));
	if (r == 0)
		return CLI_OK;
	cli_complain(cli, MSG_CLI_LOG_KEY_STAYS, path, strerror(-r));
	return CLI_ERROR;
}

/* The newest checkpoint, for paper or mail. */
static int
run_checkpoint(int argc, char **argv, const struct cli *cli)
{
	const struct option_row rows[] = { { NULL, NULL, NULL } };
	char path[PATHS_SIZE + 32], line[LOG_LINE_SIZE], newest[LOG_LINE_SIZE] = "", *text;
	struct checkpoint c;
	FILE *in;
	int fd;

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, VERB, MSG_CLI_BAD_ARGUMENTS);
	fd = open_log_file(cli, LOG_CHECKPOINTS_NAME, O_RDONLY, path);
	in = fd < 0 ? NULL : fdopen(fd, "r");
	if (in == NULL) {
		cli_complain(cli, MSG_CLI_LOG_OPEN, path, strerror(fd < 0 ? -fd : errno));
		return CLI_ERROR;
	}
	while (log_next_line(in, line, &text))
		if (checkpoint_parse(text, strlen(text), &c))
			memcpy(newest, c.text, sizeof(c.text));
	fclose(in);
	if (newest[0] == '\0') {
		cli_complain(cli, MSG_CLI_LOG_NOTHING_IN, path);
		return CLI_ERROR;
	}
	puts(newest);
	return CLI_OK;
}

int
cli_log(int argc, char **argv, const struct cli *cli)
{
	static const struct {
		const char *word;
		int (*run)(int argc, char **argv, const struct cli *cli);
	} verbs[] = {
		{ "verify", run_verify }, { "key", run_key }, { "checkpoint", run_checkpoint },
		{ "hold", cli_log_hold }, { "release", cli_log_release },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].word) == 0)
			return verbs[i].run(argc - 1, argv + 1, cli);
	return cli_usage(cli, VERB, MSG_CLI_BAD_ARGUMENTS);
}
