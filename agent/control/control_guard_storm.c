/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A storm: somebody changes our table again and again (storm.h), and it is no more put
 * back as they do it, but held shut until they leave it alone.
 */
#include "agent/control/control_guard_internal.h"

#include "agent/clock.h"

#include <inttypes.h>
#include <stdio.h>

bool
control_guard_holds(const struct control *c)
{
	return c->guard != NULL && c->guard->storm.shut;
}

/* The last of a storm may have come without a name; the one a moment before says who it is. */
#define STORM_NAMED_NS	10000000000ll

static const struct culprit *
who_storms(const struct guard *g)
{
	bool named = g->named_ns != 0 && clock_ns(CLOCK_MONOTONIC) - g->named_ns < STORM_NAMED_NS;

	return named ? &g->named : &g->incident.by;
}

void
guard_tell_storm(struct control *c, enum storm_step step, uint64_t strikes)
{
	struct guard *g = c->guard;
	const struct culprit *by = who_storms(g);
	char what[256];

	if (step == STORM_OVER)
		snprintf(what, sizeof(what), "table inet " RULESET_TABLE " is left alone again: it was "
		    "changed %" PRIu64 " times, forwarding was off all the while", strikes);
	else
		snprintf(what, sizeof(what), "table inet " RULESET_TABLE " is changed again and again, "
		    "%" PRIu64 " times now, last by %s: forwarding stays off until it is left alone "
		    "for %" PRIu64 " s", strikes, by->who, g->storm.quiet / 1000000);
	snprintf(c->problem, sizeof(c->problem), "%s", step == STORM_OVER ? "" : what);
	control_record_drift(c, &(struct drift_note){ .what = what, .actor = by->who,
	    .command = by->command, .repaired = step == STORM_OVER,
	    .severity = step == STORM_OVER ? SEVERITY_WARNING : SEVERITY_CRITICAL,
	    .count = strikes, .key = g->incident.key,
	    .phase = step == STORM_OVER ? PHASE_FINAL : PHASE_UPDATE });
}
