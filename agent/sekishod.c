/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sekishod: the daemon. -n checks the policy, --early shuts the gateway; both stop there. */
#include "agent/early.h"
#include "agent/keeper/keeper.h"
#include "agent/log.h"
#include "agent/privilege.h"
#include "agent/version.h"
#include "rules/checked.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct arguments {
	const char *policy, *root;
	bool check_only, early, foreground, help, version;
};

static const char usage[] =
	"sekishod [-f FILE] [-n] [--foreground] [--root DIR]\n"
	"sekishod --early [-f FILE]\n"
	"  -f FILE       policy (/etc/sekisho/policy.conf)\n"
	"  -n            check the policy, print what is wrong with it, and exit\n"
	"  --early       shut the gateway until a policy is in force, and exit;\n"
	"                -f: who may reach it meanwhile (" EARLY_CONF ")\n"
	"  --foreground  stay in the foreground (under systemd or a test)\n"
	"  --root DIR    state, log and run folders under DIR (tests, rehearsals)\n";

static int
parse(int argc, char **argv, struct arguments *a)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (strcmp(word, "-f") == 0 && i + 1 < argc)
			a->policy = argv[++i];
		else if (strcmp(word, "--root") == 0 && i + 1 < argc)
			a->root = argv[++i];
		else if (strcmp(word, "-n") == 0)
			a->check_only = true;
		else if (strcmp(word, "--early") == 0)
			a->early = true;
		else if (strcmp(word, "--foreground") == 0)
			a->foreground = true;
		else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
			a->help = true;
		else if (strcmp(word, "--version") == 0)
			a->version = true;
		else
			return -EINVAL;
	}
	return 0;
}

static int
check_only(const char *policy)
{
	struct diag *diag = diag_new();
	int code;

	if (diag == NULL)
		return EXIT_FAILURE;
	checked_free(checked_from_file(policy, (int64_t)time(NULL), diag));
	diag_print(diag, stdout, message_language_of_locale());
	code = diag_exit_code(diag);
	diag_free(diag);
	return code;
}

static int
run(const struct arguments *a, const struct paths *paths, const char *policy)
{
	const struct keeper_options options = { .paths = *paths, .policy = policy };

	if (a->root != NULL && mkdir(a->root, 0755) < 0 && errno != EEXIST) {
		log_warn("cannot make %s", a->root);
		return EXIT_FAILURE;
	}
	/* The folder stays: paths may be relative to it, also at a later SIGHUP. */
	if (!a->foreground && daemon(1, 1) < 0) {
		log_warn("cannot go to the background");
		return EXIT_FAILURE;
	}
	return keeper_run(&options);
}

int
main(int argc, char **argv)
{
	struct arguments a = { 0 };
	struct paths paths;

	if (parse(argc, argv, &a) < 0) {
		fputs(usage, stderr);
		return 64;	/* EX_USAGE */
	}
	if (a.help || a.version) {
		fputs(a.help ? usage : "sekishod " SEKISHO_VERSION "\n", stdout);
		return EXIT_SUCCESS;
	}
	if (paths_init(&paths, a.root) < 0) {
		log_warnx("--root: the path is too long, empty or /");
		return EXIT_FAILURE;
	}
	if (a.check_only)
		return check_only(a.policy != NULL ? a.policy : paths.policy);
	if (a.early && geteuid() == 0)
		return early_run(a.policy != NULL ? a.policy : EARLY_CONF);
	if (a.early || !privilege_suffices()) {
		log_warnx("root is needed to start (the processes give it up)");
		return EXIT_FAILURE;
	}
	return run(&a, &paths, a.policy != NULL ? a.policy : paths.policy);
}
