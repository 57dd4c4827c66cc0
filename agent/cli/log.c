/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sekisho log: is the record still what was written, and what vouches for it. */
#include "agent/cli/cli.h"
#include "agent/cli/log_hold.h"
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
#define LINE_SIZE 512u

/* What a verifier is given; read once, used for every try. */
struct wanted {
	uint8_t (*keys)[SEAL_SIZE];
	size_t n_keys;
	struct checkpoint *outside;
	size_t n_outside;
	bool some;		/* of the files only */
};

static void
forget(struct wanted *w)
{
	if (w->keys != NULL)
		sodium_memzero(w->keys, w->n_keys * sizeof(*w->keys));
	free(w->keys);
	free(w->outside);
}

static struct log_verify *
prepare(void *arg)
{
	const struct wanted *w = arg;
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

/* The next line without its end and without blanks around it; false at the end. */
static bool
next_line(FILE *in, char line[LINE_SIZE], char **text)
{
	size_t n;

	if (fgets(line, (int)LINE_SIZE, in) == NULL)
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
take_key(struct wanted *w, const char *text)
{
	uint8_t (*grown)[SEAL_SIZE] = reallocarray(w->keys, w->n_keys + 1, sizeof(*grown));

	if (grown == NULL)
		return false;
	w->keys = grown;
	return seal_key_parse(text, grown[w->n_keys++]);
}

static bool
take_checkpoint(struct wanted *w, const char *text)
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
read_lines(const struct cli *cli, const char *name, struct wanted *w,
    bool (*take)(struct wanted *w, const char *text), enum message_id bad)
{
	const bool standard = strcmp(name, "-") == 0;
	FILE *in = standard ? stdin : fopen(name, "re");
	char line[LINE_SIZE], *text;
	unsigned int number = 0;
	int code = CLI_OK;

	if (in == NULL) {
		cli_complain(cli, MSG_CLI_LOG_OPEN, name, strerror(errno));
		return CLI_ERROR;
	}
	while (code == CLI_OK && next_line(in, line, &text)) {
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

/* ---- the answer ----------------------------------------------------------------- */

/* "FILE:LINE: record N: what is wrong". Names come from the command line and may be odd. */
static void
say_finding(const struct cli *cli, const struct verify_finding *f)
{
	char *text = message_text(log_fault_words(f->fault), cli->language,
	    (unsigned long long)f->other);
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
verify_paths(const struct cli *cli, char **names, int n, struct wanted *w)
{
	struct verify_report report;
	struct log_verify *v;
	const char *folder = n == 0 ? cli->paths.log : names[0];
	int r;

	if (n == 0 || (n == 1 && is_folder(names[0]))) {
		r = log_verify_folder(folder, prepare, w, &report);
		if (r == 0)
			return say_report(cli, &report);
		cli_complain(cli, MSG_CLI_LOG_OPEN, folder, strerror(-r));
		return CLI_ERROR;
	}
	w->some = true;
	v = prepare(w);
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
	struct wanted w = { 0 };
	const char *key = NULL, *checkpoints = NULL;
	const struct option_row rows[] = {
		{ "--key", &key, NULL }, { "--checkpoints", &checkpoints, NULL },
		{ NULL, NULL, NULL },
	};
	int code = CLI_OK, n = options_take(argc, argv, rows);

	if (n < 0)
		return cli_usage(cli, VERB, MSG_CLI_BAD_ARGUMENTS);
	if (key != NULL)
		code = read_lines(cli, key, &w, take_key, MSG_CLI_LOG_BAD_KEY);
	if (code == CLI_OK && checkpoints != NULL)
		code = read_lines(cli, checkpoints, &w, take_checkpoint,
		    MSG_CLI_LOG_BAD_CHECKPOINT);
	if (code == CLI_OK && ((key != NULL && w.n_keys == 0) ||
	    (checkpoints != NULL && w.n_outside == 0))) {
		/* An empty file must not look like a check that was made. */
		cli_complain(cli, MSG_CLI_LOG_NOTHING_IN, key != NULL && w.n_keys == 0 ? key :
		    checkpoints);
		code = CLI_USAGE;
	}
	if (code == CLI_OK)
		code = verify_paths(cli, argv + 1, n, &w);
	forget(&w);
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
	char nothing[LINE_SIZE] = "";

	if (pwrite(fd, nothing, length, 0) != (ssize_t)length || fdatasync(fd) < 0 ||
	    unlink(path) < 0)
		return -errno;
	return 0;
}

static int
run_key(int argc, char **argv, const struct cli *cli)
{
	const struct option_row rows[] = { { NULL, NULL, NULL } };
	char path[PATHS_SIZE + 32], text[LINE_SIZE], *end;
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
	char path[PATHS_SIZE + 32], line[LINE_SIZE], newest[LINE_SIZE] = "", *text;
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
	while (next_line(in, line, &text))
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
