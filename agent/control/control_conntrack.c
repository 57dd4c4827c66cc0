/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_conntrack.h"

#include "agent/clock.h"
#include "agent/control/control_internal.h"
#include "kernel-helpers/sysctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FULL		100
/* As long as it is dropping: one record in this time, with the number. */
#define INTERVAL_US	UINT64_C(60000000)
/* It has to fall this far below a level before that is told again. */
#define SLACK		10
#define COLUMNS_MOST	32u

/* Which column of /proc/net/stat/nf_conntrack; COLUMNS_MOST: it has none of that name. */
static unsigned int
column_of(char *head, const char *name)
{
	char *rest, *word = strtok_r(head, " \n", &rest);
	unsigned int n = 0;

	for (; word != NULL && n < COLUMNS_MOST; word = strtok_r(NULL, " \n", &rest), n++)
		if (strcmp(word, name) == 0)
			return n;
	return COLUMNS_MOST;
}

static uint64_t
number_in(char *line, unsigned int column)
{
	char *rest, *word = strtok_r(line, " \n", &rest);

	for (unsigned int n = 0; word != NULL && n < column; n++)
		word = strtok_r(NULL, " \n", &rest);
	return word != NULL ? strtoull(word, NULL, 16) : 0;
}

/* A line for each processor below the names of the columns, in hexadecimal. */
static uint64_t
read_dropped(void)
{
	FILE *f = fopen("/proc/self/net/stat/nf_conntrack", "re");
	unsigned int column = COLUMNS_MOST;
	uint64_t total = 0;
	char line[1024];

	if (f != NULL && fgets(line, sizeof(line), f) != NULL)
		column = column_of(line, "drop");
	while (column < COLUMNS_MOST && fgets(line, sizeof(line), f) != NULL)
		total += number_in(line, column);
	if (f != NULL)
		fclose(f);
	return total;
}

bool
connection_table_read(struct connection_table *t)
{
	*t = (struct connection_table){ .count = 0 };
	if (sysctl_get(SYSCTL_CT_COUNT, &t->count) < 0 ||
	    sysctl_get(SYSCTL_CT_MAX, &t->max) < 0 || t->max <= 0)
		return false;
	t->dropped = read_dropped();
	return true;
}

static int
level_of(const struct connection_table *t, bool dropping)
{
	int percent = (int)((int64_t)t->count * 100 / t->max);

	return dropping ? FULL : percent >= 95 ? 95 : percent >= 80 ? 80 : 0;
}

static void
tell(struct control *c, const struct connection_table *t, int level, uint64_t dropped)
{
	char what[200];

	if (level == FULL)
		snprintf(what, sizeof(what), "the connection table is full, %d of %d entries: "
		    "%" PRIu64 " packets that open connections dropped", t->count, t->max,
		    dropped);
	else
		snprintf(what, sizeof(what), "%sthe connection table holds %d of %d entries",
		    level == 0 ? "is over: " : "", t->count, t->max);
	control_record_drift(c, &(struct drift_note){ .what = what, .repaired = level == 0,
	    .severity = level == FULL ? SEVERITY_HIGH :
	    level == 0 ? SEVERITY_NOTICE : SEVERITY_WARNING });
}

void
control_conntrack_tick(struct control *c)
{
	struct connection_alarm *a = &c->connections;
	uint64_t now = (uint64_t)clock_ns(CLOCK_MONOTONIC) / 1000;
	struct connection_table t;
	bool due, over;
	int level;

	if (!connection_table_read(&t))
		return;
	if (!a->known || t.dropped < a->dropped)
		a->dropped = t.dropped;
	a->known = true;
	level = level_of(&t, t.dropped > a->dropped);
	due = level > a->percent || (level == FULL && now - a->told_us >= INTERVAL_US);
	over = a->percent > 0 && level == 0 &&
	    (int64_t)t.count * 100 / t.max < 80 - SLACK && now - a->told_us >= INTERVAL_US / 12;
	if (!due && !over)
		return;
	tell(c, &t, level, t.dropped - a->dropped);
	*a = (struct connection_alarm){ .percent = level, .known = true,
		.dropped = t.dropped, .told_us = now };
}

json_t *
control_conntrack_json(void)
{
	struct connection_table t;

	(void)connection_table_read(&t);
	return json_pack("{s:i, s:i, s:I}", "count", t.count, "max", t.max, "dropped",
	    (json_int_t)t.dropped);
}
