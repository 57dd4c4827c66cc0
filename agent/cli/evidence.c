/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sekisho evidence: what is known of a case, in one folder or tar file; and its check. */
#include "agent/clock.h"
#include "agent/cli/change_request.h"
#include "agent/cli/cli.h"
#include "agent/cli/log_hold.h"
#include "agent/cli/options.h"
#include "agent/cli/violations_time.h"
#include "agent/evidence/evidence_case.h"
#include "agent/evidence/evidence_check.h"
#include "agent/evidence/fact_sheet.h"
#include "agent/version.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VERB "evidence"
#define KEY_DIGITS 16u
#define TAR_END ".tar"
#define PARTIAL_END ".partial"

struct wanted {
	const char *name, *from, *to, *key, *language, *out, *verify;
};

/* ---- what is asked for ----------------------------------------------------------- */

/* The days of a hold, in the same words as a person would give them. */
static void
take_hold(const struct cli *cli, struct evidence_case *c)
{
	long from, to;
	char day[32];

	if (!cli_log_hold_days(cli, c->name, &from, &to))
		return;
	snprintf(day, sizeof(day), "%ld-%02ld-%02ld", from / 10000, from / 100 % 100, from % 100);
	(void)violations_time_take(day, false, c->since);
	snprintf(day, sizeof(day), "%ld-%02ld-%02ld", to / 10000, to / 100 % 100, to % 100);
	(void)violations_time_take(day, true, c->until);
}

static int
take_words(const struct cli *cli, const struct wanted *w, struct evidence_case *c)
{
	if (w->name == NULL || w->out == NULL || w->verify != NULL)
		return cli_usage(cli, VERB, MSG_CLI_EVIDENCE_WHAT);
	if (!hold_name_good(w->name))
		return cli_usage(cli, VERB, MSG_HOLD_BAD_CASE);
	snprintf(c->name, sizeof(c->name), "%.*s", (int)sizeof(c->name) - 1, w->name);
	if (!violations_time_take(w->from, false, c->since))
		return cli_usage(cli, VERB, MSG_CLI_VIOLATIONS_BAD_TIME, "--from", w->from);
	if (!violations_time_take(w->to, true, c->until))
		return cli_usage(cli, VERB, MSG_CLI_VIOLATIONS_BAD_TIME, "--to", w->to);
	if (w->key != NULL) {
		c->has_key = strlen(w->key) == KEY_DIGITS &&
		    strspn(w->key, "0123456789abcdef") == KEY_DIGITS;
		c->key = strtoull(w->key, NULL, 16);
		if (!c->has_key)
			return cli_usage(cli, VERB, MSG_CLI_EVIDENCE_BAD_KEY, w->key);
	}
	if (w->language != NULL && strcmp(w->language, "ja") != 0 &&
	    strcmp(w->language, "en") != 0)
		return cli_usage(cli, VERB, MSG_CLI_BAD_ARGUMENTS);
	if (w->from == NULL && w->to == NULL && w->key == NULL)
		take_hold(cli, c);
	if (c->since[0] == '\0' && c->until[0] == '\0' && !c->has_key)
		return cli_usage(cli, VERB, MSG_CLI_EVIDENCE_WHAT);
	(void)gethostname(c->host, sizeof(c->host) - 1);
	return CLI_OK;
}

/* ---- making it ------------------------------------------------------------------- */

static json_t *
case_json(const struct evidence_case *c)
{
	char key[KEY_DIGITS + 1] = "";

	if (c->has_key)
		snprintf(key, sizeof(key), "%016llx", (unsigned long long)c->key);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:b,s:s,"
	    "s:b}",
	    "case", c->name, "from", c->since, "to", c->until, "key", key, "version",
	    SEKISHO_VERSION, "records", (json_int_t)c->records,
	    "first_sequence", (json_int_t)c->first_sequence,
	    "last_sequence", (json_int_t)c->last_sequence,
	    "violations", (json_int_t)c->n_rows,
	    "packets_crossed", (json_int_t)c->packets_crossed,
	    "packets_stopped", (json_int_t)c->packets_stopped,
	    "gaps", (json_int_t)c->n_gaps, "changes", (json_int_t)c->n_measures,
	    "packets_kept", (json_int_t)c->packets_kept,
	    "policies", (json_int_t)c->policies,
	    "policies_named", (json_int_t)c->n_versions,
	    "chain_holds", c->verify.faults == 0, "clock", c->clock, "packets_readable",
	    c->packets_error == 0);
}

static int
put_json(struct bundle *b, const struct evidence_case *c)
{
	json_t *o = case_json(c);
	char *text = o != NULL ? json_dumps(o, JSON_INDENT(1)) : NULL;
	int r = text == NULL ? -ENOMEM : bundle_put(b, "case.json", text, strlen(text));

	json_decref(o);
	free(text);
	return r;
}

static int
put_sheets(struct bundle *b, const struct evidence_case *c, const char *language)
{
	static const struct {
		const char *name, *word;
		enum message_language language;
	} sheets[] = {
		{ "fact-sheet.ja.html", "ja", MESSAGE_JAPANESE },
		{ "fact-sheet.en.html", "en", MESSAGE_ENGLISH },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++) {
		size_t length = 0;
		char *html;

		if (language != NULL && strcmp(language, sheets[i].word) != 0)
			continue;
		r = fact_sheet(c, sheets[i].language, clock_ns(CLOCK_REALTIME), &html, &length);
		if (r == 0)
			r = bundle_put(b, sheets[i].name, html, length);
		free(html);
	}
	return r;
}

/* "sum" NULL: a checkpoint in the log. The answer; NULL after complaining. */
static json_t *
ask(const struct cli *cli, const struct evidence_case *c, const char *sum)
{
	json_t *request = change_request(cli, "evidence", "");

	json_object_set_new(request, "case", json_string(c->name));
	if (sum != NULL)
		json_object_set_new(request, "sum", json_string(sum));
	return cli_ask(cli, request, -1);
}

/*
 * The recorder's word under the manifest, through control, which writes down that evidence
 * was taken. Without the daemon the bundle is as good as its chain.
 */
static int
sign(const struct cli *cli, struct bundle *b, struct evidence_case *c, const uint8_t sum[32])
{
	char digits[65];
	json_t *answer;
	const char *line, *error;
	int r = 0;

	sodium_bin2hex(digits, sizeof(digits), sum, 32);
	answer = ask(cli, c, digits);
	line = json_string_value(json_object_get(answer, "signature"));
	error = json_string_value(json_object_get(answer, "error"));
	if (line != NULL) {
		snprintf(c->signature, sizeof(c->signature), "%s\n", line);
		r = bundle_put(b, EVIDENCE_SIGNATURE, c->signature, strlen(c->signature));
		if (r == 0 && !cli->json)
			cli_say(cli, MSG_CLI_EVIDENCE_SIGNED, line);
	} else {
		cli_complain(cli, MSG_CLI_EVIDENCE_NOT_SIGNED, error != NULL ? error : "-");
	}
	json_decref(answer);
	return r;
}

/* Everything into the folder. CLI_OK or the exit code after complaining. */
static int
fill(const struct cli *cli, const struct wanted *w, struct evidence_case *c, struct bundle *b)
{
	uint8_t sum[32];
	json_t *answer = ask(cli, c, NULL);
	const bool running = answer != NULL;
	int r = evidence_records(c, cli->paths.log, b);

	json_decref(answer);

	if (r == -ENOENT) {
		cli_complain(cli, MSG_CLI_EVIDENCE_NONE);
		return CLI_ERROR;
	}
	if (r == 0)
		r = evidence_packets(c, cli->paths.log, b);
	if (r == 0)
		r = evidence_policy(c, cli->paths.state, b);
	if (r == 0)
		r = put_json(b, c);
	if (r == 0)
		r = put_sheets(b, c, w->language);
	if (r == 0)
		r = bundle_manifest(b, sum);
	if (r == 0)
		r = running ? sign(cli, b, c, sum) : 0;
	if (r == 0)
		return CLI_OK;
	cli_complain(cli, MSG_CLI_EVIDENCE_FAILED, cli->paths.log, strerror(-r));
	return CLI_ERROR;
}

static bool
is_tar(const char *name)
{
	const size_t n = strlen(name);

	return n > strlen(TAR_END) && strcmp(name + n - strlen(TAR_END), TAR_END) == 0;
}

/* "x/NAME.tar" -> "evidence-NAME" */
static void
folder_in_tar(const char *path, char out[256])
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	snprintf(out, 256, "%.*s", (int)(strlen(name) - strlen(TAR_END) < 200 ?
	    strlen(name) - strlen(TAR_END) : 200), name);
}

static int
make(const struct cli *cli, const struct wanted *w, struct evidence_case *c)
{
	const bool tar = is_tar(w->out);
	char path[PATHS_SIZE], folder[256];
	struct bundle *b;
	int code, r;

	if ((size_t)snprintf(path, sizeof(path), "%s%s", w->out, tar ? PARTIAL_END : "") >=
	    sizeof(path))
		return cli_usage(cli, VERB, MSG_CLI_BAD_ARGUMENTS);
	b = bundle_new(path);
	if (b == NULL) {
		cli_complain(cli, MSG_CLI_EVIDENCE_FAILED, path, strerror(errno));
		return CLI_ERROR;
	}
	code = fill(cli, w, c, b);
	if (code == CLI_OK && tar) {
		folder_in_tar(w->out, folder);
		r = bundle_tar(b, w->out, folder);
		if (r < 0) {
			cli_complain(cli, MSG_CLI_EVIDENCE_FAILED, w->out, strerror(-r));
			code = CLI_ERROR;
		}
	}
	/* Half a bundle would be taken for a whole one. */
	if (tar || code != CLI_OK)
		bundle_remove(b, path);
	bundle_free(b);
	return code;
}

/* ---- its check ------------------------------------------------------------------- */

static int
say_checked(const struct cli *cli, const struct evidence_checked *k)
{
	const struct verify_report *v = &k->chain;
	const bool good = k->bad_files == 0 && v->faults == 0 && k->made_up == 0 &&
	    k->signature != SIGNATURE_BAD;
	static const char *const signatures[] = { "none", "bad", "foreign", "good" };

	if (cli->json) {
		cli_print_json(json_pack("{s:b,s:I,s:I,s:s,s:I,s:I,s:I,s:s}", "ok", good,
		    "files", (json_int_t)k->files, "bad_files", (json_int_t)k->bad_files,
		    "bad_file", k->bad_file, "records", (json_int_t)v->records,
		    "faults", (json_int_t)v->faults, "made_up", (json_int_t)k->made_up,
		    "signature", signatures[k->signature]));
		return good ? CLI_OK : CLI_ERROR;
	}
	if (k->bad_files > 0)
		cli_say(cli, MSG_CLI_EVIDENCE_BAD_SUM, k->bad_file);
	cli_say(cli, MSG_CLI_EVIDENCE_CHAIN, (unsigned long long)v->records,
	    (unsigned long long)v->first, (unsigned long long)v->last,
	    (unsigned long long)v->checkpoints, (unsigned long long)v->faults);
	if (k->made_up > 0)
		cli_say(cli, MSG_CLI_EVIDENCE_MADE_UP, (unsigned long long)k->made_up);
	if (k->signature == SIGNATURE_BAD)
		cli_say(cli, MSG_CLI_EVIDENCE_BAD_SIGNATURE);
	else if (k->signature == SIGNATURE_FOREIGN)
		cli_say(cli, MSG_CLI_EVIDENCE_SIGNED_BY, (unsigned long long)k->signed_by.file);
	else if (k->signature == SIGNATURE_GOOD)
		cli_say(cli, MSG_CLI_EVIDENCE_SIGNED, k->signed_by.text);
	else
		cli_say(cli, MSG_CLI_EVIDENCE_NOT_SIGNED, "-");
	if (good)
		cli_say(cli, MSG_CLI_EVIDENCE_GOOD);
	return good ? CLI_OK : CLI_ERROR;
}

static int
verify(const struct cli *cli, const char *path)
{
	struct evidence_checked k;
	int r = evidence_check(path, &k);

	if (r == 0)
		return say_checked(cli, &k);
	cli_complain(cli, MSG_CLI_LOG_OPEN, path, strerror(-r));
	return CLI_ERROR;
}

/* A bundle without them is as good as its chain, but nobody should find out later. */
static void
say_missing(const struct cli *cli, const struct evidence_case *c)
{
	if (c->packets_error != 0)
		cli_complain(cli, MSG_CLI_EVIDENCE_NO_PACKETS, strerror(c->packets_error));
	if (c->policies < c->n_versions)
		cli_complain(cli, MSG_CLI_EVIDENCE_NO_POLICY,
		    (unsigned long long)(c->n_versions - c->policies),
		    (unsigned long long)c->n_versions);
}

int
cli_evidence(int argc, char **argv, const struct cli *cli)
{
	struct wanted w = { 0 };
	const struct option_row rows[] = {
		{ "--case", &w.name, NULL }, { "--from", &w.from, NULL }, { "--to", &w.to, NULL },
		{ "--key", &w.key, NULL }, { "--lang", &w.language, NULL },
		{ "-o", &w.out, NULL }, { "--verify", &w.verify, NULL }, { NULL, NULL, NULL },
	};
	struct evidence_case *c;
	int code;

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, VERB, MSG_CLI_BAD_ARGUMENTS);
	if (w.verify != NULL && w.name == NULL && w.out == NULL)
		return verify(cli, w.verify);
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		cli_complain(cli, MSG_CLI_NO_MEMORY);
		return CLI_ERROR;
	}
	code = take_words(cli, &w, c);
	if (code == CLI_OK)
		code = make(cli, &w, c);
	if (code == CLI_OK)
		say_missing(cli, c);
	if (code == CLI_OK && cli->json)
		cli_print_json(case_json(c));
	else if (code == CLI_OK)
		cli_say(cli, MSG_CLI_EVIDENCE_MADE, w.out, (unsigned long long)c->records,
		    (unsigned long long)c->n_rows, (unsigned long long)c->packets_kept,
		    (unsigned long long)c->files);
	evidence_case_free(c);
	free(c);
	return code;
}
