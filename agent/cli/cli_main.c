/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which verb, and the common options in front of, between and behind its words. */
#include "agent/cli/cli_main.h"

#include "agent/cli/cli.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_verb verbs[] = {
	{ "init", "--model MODEL --interfaces ZONE=IFACE,... [-o FILE]", MSG_CLI_INIT,
	  MSG_CLI_INIT_HELP, cli_init },
	{ "check", "[-f FILE] [--print]", MSG_CLI_CHECK, MSG_CLI_CHECK_HELP, cli_check },
	{ "plan", "[-f FILE] [--against OLD | --nft]", MSG_CLI_PLAN, MSG_CLI_PLAN_HELP, cli_plan },
	{ "apply", "[-f FILE] [--confirm SECONDS] [--reason TEXT] [--force-lockout]",
	  MSG_CLI_APPLY, MSG_CLI_APPLY_HELP, cli_apply },
	{ "confirm", "[SERIAL]", MSG_CLI_CONFIRM, MSG_CLI_CONFIRM_HELP, cli_confirm },
	{ "rollback", "[--reason TEXT] [--force-lockout] [SERIAL]",
	  MSG_CLI_ROLLBACK, MSG_CLI_ROLLBACK_HELP, cli_rollback },
	{ "history", "", MSG_CLI_HISTORY, MSG_CLI_HISTORY_HELP, cli_history },
	{ "open", "--reason TEXT --person NAME", MSG_CLI_OPEN, MSG_CLI_OPEN_HELP, cli_open },
	{ "status", "", MSG_CLI_STATUS, MSG_CLI_STATUS_HELP, cli_status },
	{ "isolate", "HOST|ADDRESS|ZONE | --pair A B | --all  [--link-down] --person NAME "
	  "--reason TEXT | --list", MSG_CLI_ISOLATE, MSG_CLI_ISOLATE_HELP, cli_isolate },
	{ "restore", "[ID | --all]", MSG_CLI_RESTORE, MSG_CLI_RESTORE_HELP, cli_restore },
	{ "matrix", "", MSG_CLI_MATRIX, MSG_CLI_MATRIX_HELP, cli_matrix },
	{ "top", "[--interval SECONDS] [--once]", MSG_CLI_TOP, MSG_CLI_TOP_HELP, cli_top },
	{ "doctor", "[-f FILE]", MSG_CLI_DOCTOR, MSG_CLI_DOCTOR_HELP, cli_doctor },
	{ "explain", "[-f FILE] --in IFACE [--mac MAC] SRC DST PROTO[/DPORT]",
	  MSG_CLI_EXPLAIN, MSG_CLI_EXPLAIN_HELP, cli_explain },
	{ "replay", "[-f FILE] --tap ZONE [--stats] [--sample N] [--reader own|libpcap] CAPTURE",
	  MSG_CLI_REPLAY, MSG_CLI_REPLAY_HELP, cli_replay },
	{ "violations", "[--since T] [--until T] [--zone Z] [--class ZV] [...] [--by WHAT [--top N]]\n"
	  "                   [--csv | --json] [--all] [--follow]",
	  MSG_CLI_VIOLATIONS, MSG_CLI_VIOLATIONS_HELP, cli_violations },
	{ "report", "[--from T] [--to T] [--lang ja|en] [--key FILE] [--checkpoints FILE] [--no-verify] "
	    "[-o FILE]",
	  MSG_CLI_REPORT, MSG_CLI_REPORT_HELP, cli_report },
	{ "log", "verify [--checkpoints FILE] [--key FILE|-] [DIR | FILE...] | checkpoint | key\n"
	  "            | hold --case ID --from TIME --to TIME [--reason TEXT] | hold --list\n"
	  "            | release --case ID [--reason TEXT]",
	  MSG_CLI_LOG, MSG_CLI_LOG_HELP, cli_log },
	{ "evidence", "--case ID [--from TIME --to TIME] [--key KEY] [--lang ja|en] -o DIR|FILE.tar\n"
	  "                 | --verify DIR", MSG_CLI_EVIDENCE, MSG_CLI_EVIDENCE_HELP, cli_evidence },
	{ "model", "[-f FILE]", MSG_CLI_MODEL, MSG_CLI_MODEL_HELP, cli_model },
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void
say_line(FILE *out, const struct cli *cli, enum message_id id)
{
	fputs(message_format(id, cli->language), out);
	fputc('\n', out);
}

static void
help(FILE *out, const struct cli *cli)
{
	say_line(out, cli, MSG_CLI_USAGE);
	for (size_t i = 0; i < N_VERBS; i++)
		fprintf(out, "  %-11s %s\n", verbs[i].word,
		    message_format(verbs[i].summary, cli->language));
	say_line(out, cli, MSG_CLI_USAGE_END);
}

static void
help_verb(const struct cli *cli, const struct cli_verb *v)
{
	printf("sekisho %s%s%s\n\n", v->word, v->arguments[0] != '\0' ? " " : "", v->arguments);
	say_line(stdout, cli, v->help);
}

static const struct cli_verb *
find_verb(const char *word)
{
	for (size_t i = 0; i < N_VERBS; i++)
		if (strcmp(verbs[i].word, word) == 0)
			return &verbs[i];
	return NULL;
}

struct common {
	const char *root;
	bool want_help, bad;
};

/* Take the common option at argv[i] out; how many words it was, 0 for none. */
static int
take_common(struct cli *cli, struct common *common, int argc, char **argv, int i)
{
	if (strcmp(argv[i], "--json") == 0) {
		cli->json = true;
		return 1;
	}
	if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
		common->want_help = true;
		return 1;
	}
	if (strcmp(argv[i], "--root") == 0) {
		common->bad = i + 1 >= argc;
		common->root = common->bad ? NULL : argv[i + 1];
		return 2;
	}
	return 0;
}

int
cli_main(int argc, char **argv)
{
	struct cli cli = { .language = message_language_of_locale() };
	struct common common = { 0 };
	const struct cli_verb *verb;
	int n = 0;

	(void)setlocale(LC_ALL, "");
	for (int i = 1; i < argc;) {
		int taken = take_common(&cli, &common, argc, argv, i);

		if (taken == 0)
			argv[n++] = argv[i++];
		i += taken;
	}
	argv[n < argc ? n : argc - 1] = NULL;
	if (common.bad || paths_init(&cli.paths, common.root) < 0)
		return cli_usage(&cli, NULL, MSG_CLI_BAD_ROOT);
	if (n == 0) {
		help(common.want_help ? stdout : stderr, &cli);
		return common.want_help ? CLI_OK : CLI_USAGE;
	}
	if (strcmp(argv[0], "help") == 0 && n > 1) {
		argv++;
		common.want_help = true;
	}
	verb = find_verb(argv[0]);
	if (verb == NULL && strcmp(argv[0], "help") == 0) {
		help(stdout, &cli);
		return CLI_OK;
	}
	if (verb == NULL)
		return cli_usage(&cli, NULL, MSG_CLI_UNKNOWN_VERB, argv[0]);
	if (common.want_help) {
		help_verb(&cli, verb);
		return CLI_OK;
	}
	return verb->run(n, argv, &cli);
}
