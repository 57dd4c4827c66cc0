/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/plan_words.h"

#include "agent/cli/columns.h"
#include "agent/json_text.h"
#include "rules/policy_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_WIDTH 12

static long long
number_of(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static enum policy_change
change_of(const json_t *o)
{
	const char *word = json_text(o, "change");
	int c = 0;

	while (c < POLICY_CHANGE_COUNT &&
	    strcmp(word, policy_change_name((enum policy_change)c)) != 0)
		c++;
	return (enum policy_change)c;
}

static const struct change_row {
	char sign;
	enum message_id words;
} rows[POLICY_CHANGE_COUNT] = {
	[POLICY_ADDED] = { '+', MSG_PLAN_ADDED },
	[POLICY_REMOVED] = { '-', MSG_PLAN_REMOVED },
	[POLICY_WIDENED] = { '>', MSG_PLAN_WIDENED },
	[POLICY_NARROWED] = { '<', MSG_PLAN_NARROWED },
	[POLICY_CHANGED] = { '~', MSG_PLAN_CHANGED },
	[POLICY_RENAMED] = { '~', MSG_PLAN_RENAMED },
	[POLICY_MOVED] = { '~', MSG_PLAN_MOVED_BEHIND },
	[POLICY_LONGER] = { '>', MSG_PLAN_LONGER },
	[POLICY_SHORTER] = { '<', MSG_PLAN_SHORTER },
	[POLICY_OTHER_TIME] = { '~', MSG_PLAN_OTHER_TIME },
	[POLICY_ENABLED] = { '>', MSG_PLAN_ENABLED },
	[POLICY_DISABLED] = { '<', MSG_PLAN_DISABLED },
	[POLICY_REWORDED] = { ' ', MSG_PLAN_REWORDED },
	[POLICY_NOW_DROPS] = { '~', MSG_PLAN_NOW_DROPS },
	[POLICY_NOW_REJECTS] = { '~', MSG_PLAN_NOW_REJECTS },
	[POLICY_ZONE_ADDED] = { '+', MSG_PLAN_ZONE_ADDED },
	[POLICY_ZONE_REMOVED] = { '-', MSG_PLAN_ZONE_REMOVED },
	[POLICY_ZONE_CHANGED] = { '~', MSG_PLAN_ZONE_CHANGED },
	[POLICY_SEGMENT_ADDED] = { '+', MSG_PLAN_SEGMENT_ADDED },
	[POLICY_SEGMENT_REMOVED] = { '-', MSG_PLAN_SEGMENT_REMOVED },
	[POLICY_SEGMENT_MOVED] = { '~', MSG_PLAN_SEGMENT_MOVED },
	[POLICY_NETWORK_ADDED] = { '+', MSG_PLAN_NETWORK_ADDED },
	[POLICY_NETWORK_REMOVED] = { '-', MSG_PLAN_NETWORK_REMOVED },
	[POLICY_BINDINGS_CHANGED] = { '~', MSG_PLAN_BINDINGS_CHANGED },
	[POLICY_DETECT_CHANGED] = { '~', MSG_PLAN_DETECT_CHANGED },
	[POLICY_LIMITS_CHANGED] = { '~', MSG_PLAN_LIMITS_CHANGED },
};

enum message_id
plan_change_words(enum policy_change change, bool before)
{
	return change == POLICY_MOVED && before ? MSG_PLAN_MOVED_BEFORE : rows[change].words;
}

static void
print_words(const struct cli *cli, enum message_id id, const char *a, const char *b,
    const char *c)
{
	char *text = message_text(id, cli->language, a, b, c);

	columns_print(stdout, text != NULL ? text : message_slug(id), 0);
	free(text);
}

/* "     opens 10.0.0.5 -> 10.1.0.9 tcp/443, and 4 more" */
static void
print_regions(const struct cli *cli, const json_t *o, const char *key, const char *count_key,
    enum message_id one, enum message_id many)
{
	long long count = number_of(o, count_key);
	char *text = count == 0 ? NULL : count == 1 ?
	    message_text(one, cli->language, json_text(o, key)) :
	    message_text(many, cli->language, json_text(o, key), count - 1);

	if (text == NULL)
		return;
	fputs("      ", stdout);
	columns_print(stdout, text, 0);
	putchar('\n');
	free(text);
}

static void
print_permit(const struct cli *cli, const json_t *o)
{
	enum policy_change change = change_of(o);
	enum message_id words;

	if (change == POLICY_CHANGE_COUNT)
		return;
	words = plan_change_words(change, json_is_true(json_object_get(o, "before")));
	printf("  %c ", rows[change].sign);
	if (json_text(o, "permit")[0] != '\0') {
		columns_print(stdout, json_text(o, "permit"), ID_WIDTH);
		putchar(' ');
	}
	print_words(cli, words, change == POLICY_RENAMED ? json_text(o, "was") :
	    json_text(o, "other"), "", "");
	if (number_of(o, "line") > 0) {
		fputs("  (", stdout);
		columns_print(stdout, json_text(o, "file"), 0);
		printf(":%lld)", number_of(o, "line"));
	}
	putchar('\n');
	print_regions(cli, o, "opens", "opened", MSG_PLAN_OPENS, MSG_PLAN_OPENS_MANY);
	print_regions(cli, o, "closes", "closed", MSG_PLAN_CLOSES, MSG_PLAN_CLOSES_MANY);
}

static void
print_place(const struct cli *cli, const json_t *o)
{
	enum policy_change change = change_of(o);
	char count[32];

	if (change == POLICY_CHANGE_COUNT)
		return;
	printf("  %c ", rows[change].sign);
	snprintf(count, sizeof(count), "%lld", number_of(o, "count"));
	if (change == POLICY_BINDINGS_CHANGED)
		print_words(cli, rows[change].words, count, "", "");
	else if (change == POLICY_DETECT_CHANGED || change == POLICY_LIMITS_CHANGED)
		print_words(cli, rows[change].words, json_text(o, "other"), "", "");
	else if (change == POLICY_SEGMENT_MOVED)
		print_words(cli, rows[change].words, json_text(o, "interface"),
		    json_text(o, "other"), json_text(o, "zone"));
	else
		print_words(cli, rows[change].words, json_text(o, "zone"),
		    json_text(o, "interface"), json_text(o, "network"));
	putchar('\n');
}

static void
print_pair(const struct cli *cli, const json_t *pair)
{
	const json_t *o;
	size_t i;

	columns_print(stdout, json_text(pair, "from"), 0);
	fputs(" -> ", stdout);
	columns_print(stdout, json_text(pair, "to"), 0);
	putchar('\n');
	json_array_foreach(json_object_get(pair, "permits"), i, o)
		print_permit(cli, o);
}

void
plan_words(const struct cli *cli, const json_t *answer)
{
	const json_t *places = json_object_get(answer, "places");
	const json_t *pairs = json_object_get(answer, "pairs"), *o;
	const json_t *flows = json_object_get(answer, "flows_cut");
	size_t i;

	if (json_array_size(places) > 0)
		cli_say(cli, MSG_PLAN_PLACES);
	json_array_foreach(places, i, o)
		print_place(cli, o);
	json_array_foreach(pairs, i, o)
		print_pair(cli, o);
	if (json_array_size(places) == 0 && json_array_size(pairs) == 0)
		cli_say(cli, MSG_PLAN_NOTHING);
	if (json_is_integer(flows) && json_integer_value(flows) >= 0)
		cli_say(cli, MSG_PLAN_FLOWS, (long long)json_integer_value(flows));
}
