/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sekisho report: the monthly report to the committee, one HTML file without a script. */
#include "agent/cli/log_wanted.h"
#include "agent/cli/options.h"
#include "agent/report/report_build.h"
#include "agent/report/report_template.h"
#include "agent/cli/violations_time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VERB "report"

struct words {
	const char *from, *to, *language, *file, *key, *checkpoints;
	bool no_verify;
};

static int
take_period(const struct cli *cli, const struct words *w, struct report_period *p)
{
	const int64_t now = (int64_t)time(NULL);
	int64_t from, to;

	if (w->from == NULL && w->to == NULL) {
		report_period_last_month(p, now);
		return CLI_OK;
	}
	if (w->from == NULL || !violations_time_parse(w->from, now, false, &from))
		return cli_usage(cli, VERB, MSG_CLI_VIOLATIONS_BAD_TIME, "--from",
		    w->from != NULL ? w->from : "");
	if (w->to == NULL)
		to = now;
	else if (!violations_time_parse(w->to, now, true, &to))
		return cli_usage(cli, VERB, MSG_CLI_VIOLATIONS_BAD_TIME, "--to", w->to);
	if (!report_period_set(p, from, to))
		return cli_usage(cli, VERB, MSG_CLI_REPORT_PERIOD, REPORT_DAYS_MOST);
	return CLI_OK;
}

static int
take_language(const struct cli *cli, const char *word, enum message_language *language)
{
	*language = cli->language;
	if (word == NULL)
		return CLI_OK;
	*language = strcmp(word, "ja") == 0 ? MESSAGE_JAPANESE : MESSAGE_ENGLISH;
	if (strcmp(word, "ja") == 0 || strcmp(word, "en") == 0)
		return CLI_OK;
	return cli_usage(cli, VERB, MSG_CLI_VIOLATIONS_BAD_WORD, "--lang", word, "ja en");
}

static int
write_page(const struct cli *cli, FILE *out, const json_t *root, enum message_language l)
{
	char why[160];

	if (cli->json) {
		if (json_dumpf(root, out, JSON_INDENT(1)) == 0 && fputc('\n', out) != EOF)
			return CLI_OK;
	} else if (report_render(out, report_parts(), "page", root, l, why, sizeof(why)) == 0) {
		return CLI_OK;
	} else if (why[0] != '\0') {
		cli_complain(cli, MSG_CLI_REPORT_TEMPLATE, why);
		return CLI_ERROR;
	}
	cli_complain(cli, MSG_CLI_REPORT_FILE, "-", strerror(errno));
	return CLI_ERROR;
}

/* Never over a file that is there: somebody may have signed it. */
static int
write_file(const struct cli *cli, const char *file, const json_t *root,
    enum message_language l)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640), code;
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool good;

	if (out == NULL) {
		cli_complain(cli, MSG_CLI_REPORT_FILE, file, strerror(errno));
		if (fd >= 0)
			close(fd);
		return CLI_ERROR;
	}
	code = write_page(cli, out, root, l);
	good = code != CLI_OK || (fflush(out) == 0 && fsync(fd) == 0);
	if (!good)
		cli_complain(cli, MSG_CLI_REPORT_FILE, file, strerror(errno));
	fclose(out);
	if (code == CLI_OK && good)
		return CLI_OK;
	unlink(file);
	return CLI_ERROR;
}

static int
make(const struct cli *cli, const struct words *w, const struct report_request *q)
{
	bool whole = true;
	json_t *root = report_build(cli, q, &whole);
	int code;

	if (root == NULL)
		return CLI_ERROR;
	code = w->file != NULL ? write_file(cli, w->file, root, q->language) :
	    write_page(cli, stdout, root, q->language);
	json_decref(root);
	return code == CLI_OK && !whole ? CLI_ERROR : code;
}

int
cli_report(int argc, char **argv, const struct cli *cli)
{
	struct words w = { 0 };
	const struct option_row rows[] = {
		{ "--from", &w.from, NULL }, { "--to", &w.to, NULL },
		{ "--lang", &w.language, NULL }, { "-o", &w.file, NULL },
		{ "--key", &w.key, NULL }, { "--checkpoints", &w.checkpoints, NULL },
		{ "--no-verify", NULL, &w.no_verify }, { NULL, NULL, NULL },
	};
	struct log_wanted wanted;
	struct report_request q = { .wanted = &wanted };
	int code;

	if (options_take(argc, argv, rows) != 0 ||
	    (w.no_verify && (w.key != NULL || w.checkpoints != NULL)))
		return cli_usage(cli, VERB, MSG_CLI_BAD_ARGUMENTS);
	q.verify = !w.no_verify;
	code = take_period(cli, &w, &q.period);
	if (code == CLI_OK)
		code = take_language(cli, w.language, &q.language);
	if (code != CLI_OK)
		return code;
	code = log_wanted_read(cli, w.key, w.checkpoints, &wanted);
	if (code == CLI_OK)
		code = make(cli, &w, &q);
	log_wanted_forget(&wanted);
	return code;
}
