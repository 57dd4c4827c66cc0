/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/report/report_events.h"

#include "agent/report/report_words.h"
#include "agent/cli/violations_table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Who made changes: names that people choose for themselves, so there is a limit. */
#define PEOPLE 64u

enum list { CHANGES = 0, CUTOFFS, REFUSED, DRIFT, DISPOSALS, LISTS };

static const char *const list_names[LISTS] = { "changes", "cutoffs", "refused", "drift",
	"disposals" };

struct report_events {
	enum message_language language;
	json_t *rows[LISTS], *people;
	uint64_t count[LISTS], failed[LISTS];
};

struct report_events *
report_events_new(enum message_language language)
{
	struct report_events *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->language = language;
	e->people = json_array();
	for (int i = 0; i < LISTS; i++)
		e->rows[i] = json_array();
	return e;
}

void
report_events_free(struct report_events *e)
{
	if (e == NULL)
		return;
	for (int i = 0; i < LISTS; i++)
		json_decref(e->rows[i]);
	json_decref(e->people);
	free(e);
}

/* LISTS: in none of them. */
static enum list
list_of(const json_t *record)
{
	static const struct {
		const char *kind, *action;	/* action NULL: any */
		enum list list;
	} table[] = {
		{ "drift", NULL, DRIFT },
		{ "disposal", NULL, DISPOSALS },
		{ "change", "request-refused", REFUSED },
		{ "change", "cut-off", CUTOFFS },
		{ "change", "cut-off-restore", CUTOFFS },
		{ "change", "forwarding", CUTOFFS },
		{ "change", "enforcement-open", CUTOFFS },
		{ "change", NULL, CHANGES },
	};
	const char *kind = violations_text(record, "sekisho.kind");
	const char *action = violations_text(record, "event.action");

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(kind, table[i].kind) == 0 &&
		    (table[i].action == NULL || strcmp(action, table[i].action) == 0))
			return table[i].list;
	return LISTS;
}

static void
count_up(json_t *row, const char *key, bool by)
{
	json_object_set_new(row, key,
	    json_integer(json_integer_value(json_object_get(row, key)) + by));
}

/* The row of who made a change; beyond the limit there is one row for all others. */
static json_t *
row_of(struct report_events *e, const char *person, const char *actor)
{
	const size_t n = json_array_size(e->people);
	json_t *row;
	size_t i;

	json_array_foreach(e->people, i, row)
		if (i + 1 == PEOPLE || (strcmp(violations_text(row, "person"), person) == 0 &&
		    strcmp(violations_text(row, "actor"), actor) == 0))
			return row;
	row = json_pack("{s:s, s:s, s:i, s:i, s:i}", "person", n + 1 == PEOPLE ? "…" : person,
	    "actor", n + 1 == PEOPLE ? "" : actor, "changes", 0, "failed", 0, "unexplained", 0);
	return json_array_append_new(e->people, row) < 0 ? NULL : row;
}

/* By the name they gave and the account they used. */
static int
count_person(struct report_events *e, const json_t *record, bool failed)
{
	json_t *row = row_of(e, violations_text(record, "sekisho.person"),
	    violations_text(record, "sekisho.actor"));

	if (row == NULL)
		return -ENOMEM;
	count_up(row, "changes", true);
	count_up(row, "failed", failed);
	count_up(row, "unexplained", violations_text(record, "sekisho.note")[0] == '\0');
	return 0;
}

int
report_events_take(struct report_events *e, const json_t *record)
{
	const enum list list = list_of(record);
	const bool failed =
	    strcmp(violations_text(record, "event.outcome"), "failure") == 0;
	int r = 0;

	if (list == LISTS)
		return 0;
	e->count[list]++;
	e->failed[list] += failed;
	if (list == CHANGES || list == CUTOFFS)
		r = count_person(e, record, failed);
	return r < 0 ? r : report_words_keep(e->rows[list], REPORT_ROWS_EVENTS,
	    report_words_event(record, e->language));
}

json_t *
report_events_json(const struct report_events *e)
{
	json_t *all = json_pack("{s:O, s:b}", "people", e->people, "people_any",
	    json_array_size(e->people) > 0);

	for (int i = 0; i < LISTS && all != NULL; i++)
		if (json_object_set_new(all, list_names[i], json_pack("{s:I, s:I, s:I, s:O}",
		    "count", (json_int_t)e->count[i], "failed", (json_int_t)e->failed[i],
		    "more", (json_int_t)(e->count[i] - json_array_size(e->rows[i])),
		    "rows", e->rows[i])) < 0) {
			json_decref(all);
			all = NULL;
		}
	return all;
}
