/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_refusals.h"

#include "agent/log.h"

#include <stdio.h>
#include <string.h>

#define PAUSE_US 1000000

static const char *const words[REFUSED_FOR_COUNT] = {
	[REFUSED_FOR_RIGHTS] = "without the right",
	[REFUSED_FOR_MALFORMED] = "malformed",
	[REFUSED_FOR_FULL] = "turned away",
	[REFUSED_FOR_IDLE] = "put out as idle",
};

/* "request refused: apply by uid 65534 (1 without the right, 30 turned away)" */
static void
describe(const struct refusals *r, char *out, size_t size)
{
	int n = snprintf(out, size, "request refused: %s%sby %s (", r->what,
	    r->what[0] != '\0' ? " " : "", r->actor);
	const char *comma = "";

	for (int why = 0; why < REFUSED_FOR_COUNT; why++) {
		if (r->counts[why] == 0 || n < 0 || (size_t)n >= size)
			continue;
		n += snprintf(out + n, size - (size_t)n, "%s%u %s", comma, r->counts[why],
		    words[why]);
		comma = ", ";
	}
	if (n > 0 && (size_t)n < size)
		snprintf(out + n, size - (size_t)n, ")");
}

static void
tell(struct refusals *r)
{
	struct event e = { .kind = EVENT_CHANGE, .subject = SUBJECT_REQUEST, .outcome = 1 };

	describe(r, e.reason, sizeof(e.reason));
	snprintf(e.actor, sizeof(e.actor), "%s", r->actor);
	control_record(r->control, &e);
	memset(r->counts, 0, sizeof(r->counts));
	(void)sd_event_now(r->control->event, CLOCK_MONOTONIC, &r->told_us);
}

static int
on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	struct refusals *r = arg;

	(void)s;
	(void)usec;
	r->timer = sd_event_source_unref(r->timer);
	tell(r);
	return 0;
}

void
control_refused(struct refusals *r, enum refused_for why, const struct requester *who,
    const char *what)
{
	uint64_t now = 0;
	int error;

	r->counts[why]++;
	if (r->timer != NULL)
		return;
	snprintf(r->actor, sizeof(r->actor), "%s", who->name);
	snprintf(r->what, sizeof(r->what), "%.32s", what);
	(void)sd_event_now(r->control->event, CLOCK_MONOTONIC, &now);
	if (r->told_us == 0 || now - r->told_us >= PAUSE_US) {
		tell(r);
		return;
	}
	error = sd_event_add_time(r->control->event, &r->timer, CLOCK_MONOTONIC,
	    r->told_us + PAUSE_US, 0, on_time, r);
	if (error < 0) {
		r->timer = NULL;
		log_warnx("control: refusals are not recorded: %s", strerror(-error));
	}
}
