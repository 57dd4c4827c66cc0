/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the permits' counters stood at a few seconds ago. Nobody can ask a table that was
 * taken away; the one that is put back goes on from here, so that hits, which are kept for
 * 13 months as evidence, lack no more than these seconds, and a record says so.
 */
#include "agent/control/control_guard_internal.h"

#include "agent/clock.h"
#include "agent/control/control_internal.h"

#include "kernel-helpers/nft_account.h"
#include "rules/ruleset_part.h"

#include <stdio.h>
#include <string.h>

#define COUNT_NS	5000000000ll
/* Reading the counters of a very large policy may take at most this part of the time. */
#define COUNT_SHARE	100

/* How many counters stand lower than when they were last read: both sorted. */
static size_t
set_back(const struct ruleset *before, const struct ruleset *now)
{
	size_t n = 0, j = 0;

	for (size_t i = 0; i < before->n_counters; i++) {
		int order = -1;

		while (j < now->n_counters && (order = strcmp(now->counters[j].name.base,
		    before->counters[i].name.base)) < 0)
			j++;
		n += j < now->n_counters && order == 0 &&
		    now->counters[j].packets < before->counters[i].packets;
	}
	return n;
}

static void
tell_set_back(struct control *c, size_t n, int64_t before_ns)
{
	char what[256];

	snprintf(what, sizeof(what), "%zu counters of table inet " RULESET_TABLE " were set back: "
	    "hits of permits in the %.1f s before this are not counted", n,
	    (double)before_ns / 1e9);
	control_record_drift(c, &(struct drift_note){ .what = what, .severity = SEVERITY_HIGH });
}

void
control_guard_counted(struct control *c, const struct ruleset *counters)
{
	struct guard *g = c->guard;
	const int64_t now = clock_ns(CLOCK_MONOTONIC);
	size_t n;

	if (g == NULL || c->known.ruleset == NULL || counters->n_counters == 0)
		return;
	n = set_back(c->known.ruleset, counters);
	if (n > 0) {
		/* What they had counted until then is kept before it is forgotten here. */
		control_hits_keep(c, c->known.ruleset);
		tell_set_back(c, n, now - g->counted_ns);
	}
	ruleset_take_counts(c->known.ruleset, counters);
	g->counted_ns = now;
}

void
guard_tell_lost_counts(struct control *c)
{
	struct guard *g = c->guard;
	const struct incident *i = &g->incident;
	char what[256];

	/* Who takes it away again and again is told each time; this, once a reading. */
	if (g->lost_told_ns == g->counted_ns)
		return;
	g->lost_told_ns = g->counted_ns;
	snprintf(what, sizeof(what), "the counters of the permits went with table inet "
	    RULESET_TABLE " and go on from what they were %.1f s before: hits since then may be "
	    "missing", (double)(i->begun_ns - g->counted_ns) / 1e9);
	control_record_drift(c, &(struct drift_note){ .what = what, .actor = i->by.who,
	    .command = i->by.command, .repaired = true, .severity = SEVERITY_WARNING,
	    .key = i->key, .phase = PHASE_UPDATE, .first_ns = i->noticed_ns });
}

void
guard_tick_counts(struct control *c)
{
	struct guard *g = c->guard;
	struct ruleset *counters = NULL;
	const int64_t begin = clock_ns(CLOCK_MONOTONIC);
	int64_t pause = g->count_cost_ns * COUNT_SHARE;

	pause = pause > COUNT_NS ? pause : COUNT_NS;
	if (c->known.ruleset == NULL || begin - g->counted_ns < pause)
		return;
	if (nft_account_counters(c->nft, &counters) == 0)
		control_guard_counted(c, counters);
	ruleset_free(counters);
	g->count_cost_ns = clock_ns(CLOCK_MONOTONIC) - begin;
}
