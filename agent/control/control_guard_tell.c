/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Into the record: what was done to our table, by whom, and what got through meanwhile. */
#include "agent/control/control_guard.h"

#include "agent/clock.h"
#include "agent/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void
control_record_drift(struct control *c, const struct drift_note *note)
{
	struct event e = { .kind = EVENT_DRIFT, .outcome = note->repaired ? 0 : 1,
	    .severity = note->severity, .count = note->count != 0 ? note->count : 1,
	    .key = note->key, .phase = (uint8_t)note->phase };

	e.last_ns = note->last_ns != 0 ? note->last_ns : clock_ns(CLOCK_REALTIME);
	e.first_ns = note->first_ns != 0 ? note->first_ns : e.last_ns;
	snprintf(e.actor, sizeof(e.actor), "%s", note->actor != NULL ? note->actor : "unknown");
	snprintf(e.note, sizeof(e.note), "%s", note->command != NULL ? note->command : "");
	snprintf(e.reason, sizeof(e.reason), "%s", note->what);
	log_warnx("control: drift: %s", note->what);
	control_record(c, &e);
}

static double
milliseconds(int64_t ns)
{
	return (double)ns / 1e6;
}

void
guard_tell_incident(struct control *c, bool changed, int r)
{
	const struct incident *i = &c->guard->incident;
	int64_t now = clock_ns(CLOCK_REALTIME);
	char what[256];
	int n;

	n = snprintf(what, sizeof(what), "table inet " RULESET_TABLE " was %s by %s",
	    i->gone > 0 ? "taken away" : changed ? "changed" : "written to", i->by.who);
	if (r < 0)
		snprintf(what + n, sizeof(what) - (size_t)n, "; forwarding is off, and the table "
		    "is not back yet: %s", strerror(-r));
	else if (i->shut_ns == 0)
		snprintf(what + n, sizeof(what) - (size_t)n, " and found by comparing; table back "
		    "and compared after %.1f ms%s", milliseconds(now - i->noticed_ns),
		    c->forwarding ? ", forwarding on" : "");
	else
		snprintf(what + n, sizeof(what) - (size_t)n, "; forwarding off %.2f ms after the "
		    "kernel told it, %s after %.1f ms%s", milliseconds(i->shut_ns),
		    changed ? "table back and compared" : "table compared and unchanged",
		    milliseconds(now - i->noticed_ns), c->forwarding ? ", forwarding on" : "");
	control_record_drift(c, &(struct drift_note){ .what = what, .actor = i->by.who,
	    .command = i->by.command, .repaired = r == 0, .count = i->changed,
	    .severity = i->gone > 0 ? SEVERITY_HIGH : SEVERITY_WARNING, .key = i->key,
	    .phase = PHASE_FIRST, .first_ns = i->noticed_ns, .last_ns = now });
}

void
guard_sample_leaks(struct control *c, struct traffic *t)
{
	json_t *watch = control_ask_json(c, c->setup->watch_fd, IPC_WATCH_STATUS);

	if (watch != NULL) {
		t->leaks = (uint64_t)json_integer_value(json_object_get(watch, "leaks"));
		t->at_ns = clock_ns(CLOCK_REALTIME);
	}
	json_decref(watch);
}

void
guard_tell_traffic(struct control *c)
{
	struct guard *g = c->guard;
	struct incident *i = &g->incident;
	struct traffic after = { 0 };
	char what[256];

	i->follow = false;
	guard_sample_leaks(c, &after);
	snprintf(what, sizeof(what), "while table inet " RULESET_TABLE " was %s by %s: the tap saw "
	    "%" PRIu64 " packets leak since %.1f s before; %" PRIu64 " were forwarded in the %.0f ms "
	    "until forwarding was off, permitted ones included",
	    i->gone > 0 ? "taken away" : "changed", i->by.who,
	    after.leaks > g->leaks.leaks ? after.leaks - g->leaks.leaks : 0,
	    i->noticed_ns > g->leaks.at_ns ? milliseconds(i->noticed_ns - g->leaks.at_ns) / 1000 : 0,
	    i->forwarded > i->before.forwarded ? i->forwarded - i->before.forwarded : 0,
	    milliseconds(i->noticed_ns - i->before.at_ns));
	g->leaks = after;
	control_record_drift(c, &(struct drift_note){ .what = what, .actor = i->by.who,
	    .repaired = true, .count = i->changed, .key = i->key, .phase = PHASE_FINAL,
	    .severity = i->gone > 0 ? SEVERITY_HIGH : SEVERITY_WARNING,
	    .first_ns = i->noticed_ns });
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
