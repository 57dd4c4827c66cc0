/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/violations_ask.h"

#include "agent/cli/options.h"
#include "agent/cli/violations_time.h"
#include "agent/record/record_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOP_MAX 1000000
#define USAGE(cli, ...) cli_usage(cli, "violations", __VA_ARGS__)

struct words {
	const char *since, *until, *class, *address, *severity, *action, *kind, *by, *top;
};

/* 1 to TOP_MAX; 0 when it is none. */
static size_t
parse_top(const char *text)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || n > TOP_MAX)
		return 0;
	return n;
}

static int
take_groups(const struct cli *cli, const struct words *w, struct violations_ask *ask)
{
	if (w->by != NULL) {
		ask->by = record_by_parse(w->by);
		if (ask->by == BY_NOTHING)
			return USAGE(cli, MSG_CLI_VIOLATIONS_BAD_WORD, "--by", w->by,
			    "source destination pair class permit hour day");
	}
	if (w->top != NULL) {
		ask->top = parse_top(w->top);
		if (ask->top == 0)
			return USAGE(cli, MSG_CLI_VIOLATIONS_BAD_WORD, "--top", w->top, "1, 2, 3 ...");
		if (ask->by == BY_NOTHING)
			return USAGE(cli, MSG_CLI_VIOLATIONS_ALONE, "--top", "--by");
	}
	/* Sums have no end as long as records come. */
	if (ask->by != BY_NOTHING && ask->follow)
		return USAGE(cli, MSG_CLI_VIOLATIONS_TOGETHER, "--by", "--follow");
	if (ask->csv && cli->json)
		return USAGE(cli, MSG_CLI_VIOLATIONS_TOGETHER, "--csv", "--json");
	/* Violations are what is counted, unless something else is asked for. */
	if (ask->by != BY_NOTHING && w->kind == NULL && w->action == NULL &&
	    !ask->query.routine)
		ask->query.kinds = 1u << EVENT_VIOLATION;
	return CLI_OK;
}

static int
take_words(const struct cli *cli, const struct words *w, struct violations_ask *ask)
{
	struct record_query *q = &ask->query;

	if (!violations_time_take(w->since, false, q->since))
		return USAGE(cli, MSG_CLI_VIOLATIONS_BAD_TIME, "--since", w->since);
	if (!violations_time_take(w->until, true, q->until))
		return USAGE(cli, MSG_CLI_VIOLATIONS_BAD_TIME, "--until", w->until);
	if (w->class != NULL && !record_query_add_classes(q, w->class))
		return USAGE(cli, MSG_CLI_VIOLATIONS_BAD_CLASS, w->class);
	if (w->address != NULL && !record_query_set_address(q, w->address))
		return USAGE(cli, MSG_CLI_VIOLATIONS_BAD_WORD, "--address", w->address,
		    "10.1.2.3, 10.1.0.0/16, 2001:db8::/32");
	if (w->severity != NULL && !record_query_set_severity(q, w->severity))
		return USAGE(cli, MSG_CLI_VIOLATIONS_BAD_WORD, "--min-severity", w->severity,
		    "notice warning high critical, 0-10");
	if (w->action != NULL && !record_query_add_actions(q, w->action))
		return USAGE(cli, MSG_CLI_VIOLATIONS_BAD_WORD, "--action", w->action,
		    "leak attempt spoofed-source wrong-mac rogue-service tunnel "
		    "unclassifiable gap foreign-station bridging behaviour");
	if (w->kind != NULL && !record_query_add_kinds(q, w->kind))
		return USAGE(cli, MSG_CLI_VIOLATIONS_BAD_WORD, "--kind", w->kind,
		    "violation gap change cutoff drift life file checkpoint heartbeat "
		    "recovery clock");
	return take_groups(cli, w, ask);
}

int
violations_ask_take(const struct cli *cli, int argc, char **argv, struct violations_ask *ask)
{
	struct record_query *q = &ask->query;
	struct words w = { 0 };
	const struct option_row options[] = {
		{ "--since", &w.since, NULL }, { "--until", &w.until, NULL },
		{ "--zone", &q->zone, NULL }, { "--from", &q->from, NULL },
		{ "--to", &q->to, NULL }, { "--class", &w.class, NULL },
		{ "--address", &w.address, NULL }, { "--permit", &q->permit, NULL },
		{ "--min-severity", &w.severity, NULL }, { "--action", &w.action, NULL },
		{ "--kind", &w.kind, NULL }, { "--by", &w.by, NULL },
		{ "--top", &w.top, NULL }, { "--csv", NULL, &ask->csv },
		{ "--follow", NULL, &ask->follow }, { "--all", NULL, &q->routine },
		{ NULL, NULL, NULL },
	};

	memset(ask, 0, sizeof(*ask));
	if (options_take(argc, argv, options) != 0)
		return USAGE(cli, MSG_CLI_BAD_ARGUMENTS);
	/* The records themselves are shown whole, but for what was asked to be left out. */
	if (cli->json && w.by == NULL)
		q->routine = true;
	return take_words(cli, &w, ask);
}
