/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What control writes into the record, and what the policy in force says about it. A
 * record that the recorder does not take is counted, and told in front of the next one.
 */
#include "agent/control/control_record.h"

#include "agent/clock.h"
#include "agent/control/control_internal.h"
#include "agent/log.h"

#include <stdio.h>
#include <string.h>

void
control_record_rules(struct control *c)
{
	int r;

	if (c->checked == NULL)
		return;
	r = ipc_send(c->setup->record_fd, IPC_RECORD_POLICY, &c->checked->record,
	    sizeof(c->checked->record), -1);
	if (r < 0)
		log_warnx("control: the recorder does not take its rules: %s", strerror(-r));
	control_record_views(c);
}

void
control_record_views(struct control *c)
{
	int r = 0;

	if (c->checked != NULL)
		r = ipc_send(c->setup->view_fd, IPC_RECORD_POLICY, &c->checked->record,
		    sizeof(c->checked->record), -1);
	if (r < 0)
		log_warnx("control: the forwarder does not take its rules: %s", strerror(-r));
}

/* ---- what could not even be handed over ------------------------------------------- */

int
control_record_tell_unsent(struct control *c)
{
	struct record_watch *w = &c->record;
	struct event e = { .kind = EVENT_GAP, .zv = ZV_14_WATCH_GAP, .action = ACTION_GAP,
		.severity = SEVERITY_HIGH, .count = 1, .lost = w->unsent,
		.first_ns = w->unsent_since_ns, .last_ns = clock_ns(CLOCK_REALTIME) };
	int r;

	if (w->unsent == 0)
		return 0;
	snprintf(e.reason, sizeof(e.reason), "%llu records of control could not be handed to "
	    "the recorder", (unsigned long long)w->unsent);
	r = ipc_send(c->setup->record_fd, IPC_RECORD_EVENT, &e, sizeof(e), -1);
	if (r == 0)
		w->unsent = 0;
	return r;
}

static int
hand_over(struct control *c, const struct event *e)
{
	struct record_watch *w = &c->record;
	int r = control_record_tell_unsent(c);

	if (r == 0)
		r = ipc_send(c->setup->record_fd, IPC_RECORD_EVENT, e, sizeof(*e), -1);
	if (r == 0)
		return 0;
	if (w->unsent++ == 0)
		w->unsent_since_ns = clock_ns(CLOCK_REALTIME);
	return r;
}

void
control_record(struct control *c, struct event *e)
{
	int r;

	if (e->count == 0)
		e->count = 1;
	if (e->severity == 0)
		e->severity = e->outcome == 0 ? SEVERITY_NOTICE : SEVERITY_WARNING;
	if (e->last_ns == 0)
		e->last_ns = clock_ns(CLOCK_REALTIME);
	if (e->first_ns == 0)
		e->first_ns = e->last_ns;
	if (e->policy_digest[0] == '\0' && c->checked != NULL)
		snprintf(e->policy_digest, sizeof(e->policy_digest), "%s",
		    c->checked->digest);
	r = hand_over(c, e);
	if (r < 0)
		log_warnx("control: cannot record \"%s\": %s", e->reason, strerror(-r));
}

void
control_record_change(struct control *c, const char *actor, bool success, const char *what)
{
	struct event e = { .kind = EVENT_CHANGE, .outcome = success ? 0 : 1 };

	snprintf(e.actor, sizeof(e.actor), "%s", actor);
	snprintf(e.reason, sizeof(e.reason), "%.*s", (int)sizeof(e.reason) - 1, what);
	control_record(c, &e);
}

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
