/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/log_hold.h"

#include "agent/cli/change_request.h"
#include "agent/cli/options.h"
#include "agent/cli/violations_time.h"
#include "agent/record/log_holds.h"
#include "agent/record/log_rotate.h"
#include "agent/record/retention.h"
#include "rules/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VERB "log"
#define NS_PER_SECOND INT64_C(1000000000)
#define LINE_SIZE 256

/* The day of a time, as 20261122; 0: it is none. "until": the last day, included. */
static int32_t
day_of(const char *text, bool until)
{
	int64_t seconds;

	if (text == NULL || !violations_time_parse(text, time(NULL), until, &seconds) ||
	    seconds <= 0 || seconds > INT64_MAX / NS_PER_SECOND)
		return 0;
	return (int32_t)log_rotate_day((seconds - until) * NS_PER_SECOND);
}

static FILE *
open_holds(const struct cli *cli)
{
	char path[PATHS_SIZE + 32];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", cli->paths.log, RETENTION_HOLDS);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? NULL : fdopen(fd, "r");
}

bool
cli_log_hold_days(const struct cli *cli, const char *name, long *from, long *to)
{
	FILE *in = open_holds(cli);
	char line[LINE_SIZE], found[HOLD_NAME_SIZE];
	long a, b;

	*from = *to = 0;
	while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
		/* NOLINTNEXTLINE(cert-err34-c): a number too large is no day */
		if (sscanf(line, " %64s %ld %ld", found, &a, &b) != 3 ||
		    strcmp(found, name) != 0 || retention_between(a, b) < 0)
			continue;
		if (*from == 0 || a < *from)
			*from = a;
		if (b > *to)
			*to = b;
	}
	if (in != NULL)
		fclose(in);
	return *from != 0;
}

static int
list(const struct cli *cli)
{
	FILE *in = open_holds(cli);
	char line[LINE_SIZE];
	bool any = false;

	if (in == NULL && errno != ENOENT) {
		cli_complain(cli, MSG_CLI_LOG_OPEN, cli->paths.log, strerror(errno));
		return CLI_ERROR;
	}
	while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		utf8_scrub(line);
		puts(line);
		any = true;
	}
	if (in != NULL)
		fclose(in);
	if (!any)
		cli_say(cli, MSG_CLI_LOG_HOLDS_NONE);
	return CLI_OK;
}

static void
say_nothing(const struct cli *cli, const json_t *answer)
{
	(void)cli;
	(void)answer;
}

int
cli_log_hold(int argc, char **argv, const struct cli *cli)
{
	const char *name = NULL, *from = NULL, *to = NULL, *reason = NULL;
	bool only_list = false;
	const struct option_row rows[] = {
		{ "--case", &name, NULL }, { "--from", &from, NULL }, { "--to", &to, NULL },
		{ "--reason", &reason, NULL }, { "--list", NULL, &only_list },
		{ NULL, NULL, NULL },
	};
	const int n = options_take(argc, argv, rows);
	const int32_t first = day_of(from, false), last = day_of(to, true);
	json_t *request;
	int code;

	if (n == 0 && only_list)
		return list(cli);
	if (n != 0 || name == NULL || first == 0 || last == 0)
		return cli_usage(cli, VERB, MSG_CLI_LOG_HOLD_WHAT);
	if (!hold_name_good(name))
		return cli_usage(cli, VERB, MSG_HOLD_BAD_CASE);
	request = change_request(cli, "hold", reason);
	json_object_set_new(request, "case", json_string(name));
	json_object_set_new(request, "from", json_integer(first));
	json_object_set_new(request, "to", json_integer(last));
	code = cli_exchange(cli, request, -1, say_nothing);
	if (code == CLI_OK && !cli->json)
		cli_say(cli, MSG_CLI_LOG_HELD, name, first, last);
	return code;
}

int
cli_log_release(int argc, char **argv, const struct cli *cli)
{
	const char *name = NULL, *reason = NULL;
	const struct option_row rows[] = {
		{ "--case", &name, NULL }, { "--reason", &reason, NULL }, { NULL, NULL, NULL },
	};
	json_t *request;
	int code;

	if (options_take(argc, argv, rows) != 0 || name == NULL || !hold_name_good(name))
		return cli_usage(cli, VERB, MSG_HOLD_BAD_CASE);
	request = change_request(cli, "release", reason);
	json_object_set_new(request, "case", json_string(name));
	code = cli_exchange(cli, request, -1, say_nothing);
	if (code == CLI_OK && !cli->json)
		cli_say(cli, MSG_CLI_LOG_RELEASED, name);
	return code;
}
