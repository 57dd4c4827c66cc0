/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Into the record: what was done to our table, by whom, and what got through meanwhile. */
#include "agent/control/control_guard_internal.h"

#include "agent/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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
