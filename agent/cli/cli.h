/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sekisho command: one row a verb (cli_verbs[] in cli.c), one file a verb
 * or family of verbs. A verb gets its own arguments (argv[0] is the verb),
 * with the common options (--root, --json, --help) already taken out.
 */
#ifndef AGENT_CLI_CLI_H
#define AGENT_CLI_CLI_H

#include "agent/paths.h"
#include "rules/checked.h"
#include "rules/message.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Exit codes, DESIGN section 8. */
enum cli_exit {
	CLI_OK = 0,
	CLI_ERROR = 1,		/* findings of error severity, or the request failed */
	CLI_WARNING = 2,	/* check: warnings only */
	CLI_DENIED = 3,		/* explain: denied; replay: violations found */
	CLI_USAGE = 64,		/* EX_USAGE of sysexits(3) */
	CLI_UNAVAILABLE = 69,	/* EX_UNAVAILABLE: the daemon does not answer */
};

struct cli {
	struct paths paths;		/* of --root */
	enum message_language language;
	bool json;
};

struct cli_verb {
	const char *word;
	const char *arguments;		/* shown behind the word in --help */
	enum message_id summary;	/* one line */
	enum message_id help;		/* the paragraph that teaches */
	int (*run)(int argc, char **argv, const struct cli *cli);
};

int cli_open(int argc, char **argv, const struct cli *cli);
int cli_init(int argc, char **argv, const struct cli *cli);
int cli_check(int argc, char **argv, const struct cli *cli);
int cli_plan(int argc, char **argv, const struct cli *cli);
int cli_apply(int argc, char **argv, const struct cli *cli);
int cli_confirm(int argc, char **argv, const struct cli *cli);
int cli_rollback(int argc, char **argv, const struct cli *cli);
int cli_log(int argc, char **argv, const struct cli *cli);
int cli_evidence(int argc, char **argv, const struct cli *cli);
int cli_history(int argc, char **argv, const struct cli *cli);
int cli_doctor(int argc, char **argv, const struct cli *cli);
int cli_explain(int argc, char **argv, const struct cli *cli);
int cli_replay(int argc, char **argv, const struct cli *cli);
int cli_status(int argc, char **argv, const struct cli *cli);
int cli_isolate(int argc, char **argv, const struct cli *cli);
int cli_restore(int argc, char **argv, const struct cli *cli);
int cli_matrix(int argc, char **argv, const struct cli *cli);
int cli_model(int argc, char **argv, const struct cli *cli);
int cli_report(int argc, char **argv, const struct cli *cli);
int cli_top(int argc, char **argv, const struct cli *cli);
int cli_violations(int argc, char **argv, const struct cli *cli);

/* Print the message to standard error, after "sekisho: ". */
void cli_complain(const struct cli *cli, enum message_id id, ...);
/* Print the message to standard output, with a newline. */
void cli_say(const struct cli *cli, enum message_id id, ...);
/* Usage error of a verb: what is wrong, then where the help is. Returns CLI_USAGE. */
int cli_usage(const struct cli *cli, const char *verb, enum message_id id, ...);

/* Print a JSON value and a newline to standard output; takes the reference. */
void cli_print_json(json_t *value);

/*
 * Parse and check the policy for a verb; findings that matter go to standard
 * error (errors always, warnings with "warnings"). NULL after having complained.
 */
struct checked *cli_load_policy(const struct cli *cli, const char *file, bool warnings);

/* A connection to the daemon, with SOCK_NONBLOCK or 0; negative errno. The caller closes it. */
int cli_connect(const struct cli *cli, int flags);

/*
 * One request to the daemon (reference taken), with at most one descriptor, and
 * its answer: with --json printed as it is, else told by say(). The exit code:
 * CLI_OK; CLI_ERROR when it was refused or tells of a problem; CLI_UNAVAILABLE.
 */
int cli_exchange(const struct cli *cli, json_t *request, int fd,
    void (*say)(const struct cli *cli, const json_t *answer));

/* Its first half: the answer, NULL after having complained. */
json_t *cli_ask(const struct cli *cli, json_t *request, int fd);

/* The same with a policy: read and checked here, with the caller's rights and lines. */
int cli_hand_policy(const struct cli *cli, const char *verb, const char *file,
    void (*say)(const struct cli *cli, const json_t *answer));

/* The same with more in the request (reference taken), which gets the file's name too. */
int cli_hand_policy_with(const struct cli *cli, json_t *request, const char *file,
    void (*say)(const struct cli *cli, const json_t *answer));

#endif /* AGENT_CLI_CLI_H */
