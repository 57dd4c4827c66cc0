/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks each second whether records can be written, and where the policy says
 * log_failure = "close" keeps forwarding off until they can. With "continue" the gate
 * never depends on the record.
 */
#include "agent/control/control_record_watch.h"

#include "agent/clock.h"
#include "agent/control/control_forwarding.h"
#include "agent/control/control_guard.h"
#include "agent/control/control_internal.h"
#include "agent/control/priv.h"
#include "agent/log.h"
#include "agent/record/record_ledger.h"
#include "agent/tick.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TICK_US		1000000u
/* A recorder that works answers in microseconds, whatever the disk does. */
#define LOOK_TIMEOUT_MS	50
/* One that does not is asked more and more rarely: questions fill its queue too. */
#define LOOK_PAUSE_MOST	16u
/* It is started again within a second or two. Longer, and records cannot be written. */
#define SILENT_MOST_NS	(INT64_C(10) * 1000000000)

/* ---- can records be written? -------------------------------------------------------- */

/* Ask the recorder; what is wrong by its own word, "" when nothing, goes to why. */
static bool
ask(struct control *c, char *why, size_t size)
{
	struct record_watch *w = &c->record;
	json_t *account = NULL;
	const char *failing;

	if (ipc_ask(c->setup->record_fd, IPC_RECORD_STATUS, NULL, 0, -1, &c->answer,
	    LOOK_TIMEOUT_MS) < 0 || ipc_json(&c->answer, &account) < 0)
		return false;
	failing = json_string_value(json_object_get(account, "failing"));
	snprintf(why, size, "%s", failing != NULL ? failing : "");
	json_decref(account);
	w->answered_ns = clock_ns(CLOCK_BOOTTIME);
	w->pause = 0;
	return true;
}

/* True when records cannot be written now. */
static bool
is_failing(struct control *c, char *why, size_t size)
{
	struct record_watch *w = &c->record;
	int64_t silent_ns;

	why[0] = '\0';
	if (w->wait > 0) {
		w->wait--;
	} else if (ask(c, why, size)) {
		if (why[0] == '\0' && control_record_tell_unsent(c) < 0)
			snprintf(why, size, "the recorder takes nothing");
		return why[0] != '\0';
	} else {
		w->pause = w->pause == 0 ? 1 : w->pause < LOOK_PAUSE_MOST ? 2 * w->pause : w->pause;
		w->wait = w->pause - 1;
	}
	silent_ns = clock_ns(CLOCK_BOOTTIME) - w->answered_ns;
	snprintf(why, size, "the recorder does not answer for %lld s",
	    (long long)(silent_ns / 1000000000));
	return w->failing || silent_ns > SILENT_MOST_NS;
}

/* ---- forwarding --------------------------------------------------------------------- */

static void
tell_forwarding(struct control *c, bool on, const char *what)
{
	struct event e = { .kind = EVENT_CHANGE, .subject = SUBJECT_FORWARDING,
		.outcome = on ? 0 : 1, .severity = on ? SEVERITY_WARNING : SEVERITY_CRITICAL,
		.serial = c->serial };

	e.last_ns = clock_ns(CLOCK_REALTIME);
	e.first_ns = on ? c->record.since_ns : e.last_ns;
	snprintf(e.actor, sizeof(e.actor), "control");
	snprintf(e.reason, sizeof(e.reason), "%.*s", (int)sizeof(e.reason) - 1, what);
	log_warnx("control: %s", what);
	control_record(c, &e);
}

static void
shut(struct control *c)
{
	struct record_watch *w = &c->record;
	char why[256] = "", what[512];

	if (priv_forwarding(c->setup->keeper_fd, false, why, sizeof(why)) < 0) {
		log_warnx("control: forwarding is not off: %s", why);
		return;
	}
	w->want |= c->forwarding;
	c->forwarding = false;
	w->shut = true;
	snprintf(what, sizeof(what), "forwarding is off: records cannot be written (%s), and the "
	    "policy says log_failure = close", w->why);
	tell_forwarding(c, false, what);
}

/* Others may have reasons of their own to keep it off: then they switch it on. */
static void
open_again(struct control *c)
{
	struct record_watch *w = &c->record;
	char why[256] = "", what[512];

	w->shut = false;
	if (!w->want || c->checked == NULL || c->gone || c->confirm.stuck ||
	    control_guard_holds(c) || !control_table_stands(c))
		return;
	if (priv_forwarding(c->setup->keeper_fd, true, why, sizeof(why)) < 0) {
		log_warnx("control: forwarding stays off: %s", why);
		return;
	}
	w->want = false;
	c->forwarding = true;
	snprintf(what, sizeof(what), "forwarding is on again: it was off for %lld s because "
	    "records could not be written (%s)",
	    (long long)((clock_ns(CLOCK_REALTIME) - w->since_ns) / 1000000000), w->why);
	tell_forwarding(c, true, what);
}

static void
look(struct control *c)
{
	struct record_watch *w = &c->record;
	const bool before = w->failing;
	char why[sizeof(w->why)];

	w->failing = is_failing(c, why, sizeof(why));
	if (w->failing)
		snprintf(w->why, sizeof(w->why), "%s", why);
	if (w->failing && !before) {
		w->since_ns = clock_ns(CLOCK_REALTIME);
		log_warnx("control: records cannot be written: %s", w->why);
	} else if (!w->failing && before) {
		log_warnx("control: records can be written again");
	}
}

bool
control_record_closes(const struct control *c)
{
	return c->record.failing && c->checked != NULL && c->checked->record.close;
}

int
control_forward(struct control *c, char *why, size_t size)
{
	/* Nothing was looked at yet when this is the start. */
	if (c->checked != NULL && c->checked->record.close)
		look(c);
	if (!control_record_closes(c))
		return priv_forwarding(c->setup->keeper_fd, true, why, size);
	c->record.want = true;
	if (!c->record.shut)
		shut(c);
	snprintf(why, size, "records cannot be written: %.200s", c->record.why);
	return -EBUSY;
}

static uint64_t
tick(void *arg)
{
	struct control *c = arg;

	look(c);
	if (++c->record.ticks % RECORD_LEDGER_S == 0)
		control_tell_ledger(c);
	if (control_record_closes(c) && !c->record.shut)
		shut(c);
	else if (!control_record_closes(c) && (c->record.shut || c->record.want))
		open_again(c);
	return TICK_US;
}

int
control_record_watch(struct control *c)
{
	c->record.answered_ns = clock_ns(CLOCK_BOOTTIME);
	return tick_begin(c->event, &(struct tick){ .first_us = TICK_US, .act = tick,
	    .arg = c });
}

void
control_record_restarted(struct control *c)
{
	c->record.wait = c->record.pause = 0;
	control_record_rules(c);
}

/* ---- for the status ------------------------------------------------------------------ */

json_t *
control_record_problem(const struct control *c)
{
	if (!c->record.failing)
		return NULL;
	return json_sprintf("records cannot be written: %s%s", c->record.why,
	    c->record.shut ? "; forwarding is off for it" : "");
}

static void
warn(json_t *list, json_t *sentence)
{
	if (sentence != NULL)
		json_array_append_new(list, sentence);
}

static void
warn_of_views(json_t *list, const json_t *views)
{
	const json_t *view;
	size_t i;

	json_array_foreach(views, i, view) {
		const char *name = json_string_value(json_object_get(view, "name"));
		const char *error = json_string_value(json_object_get(view, "error"));

		if (name != NULL && error != NULL && *error != '\0')
			warn(list, json_sprintf("the view \"%s\" of the record takes nothing "
			    "for %d s: %s", name, (int)json_integer_value(json_object_get(view,
			    "seconds")), error));
	}
}

json_t *
control_record_warnings(const json_t *record, const json_t *views)
{
	const json_t *clock = json_object_get(record, "clock");
	const json_int_t mark = json_integer_value(json_object_get(record, "mark"));
	json_t *list = json_array();

	if (list != NULL && clock != NULL && !json_is_true(json_object_get(clock, "synchronised")))
		warn(list, json_string(json_object_get(clock, "unknown") != NULL ?
		    "whether the time of day is synchronised cannot be found out" :
		    "the time of day is not synchronised: nothing keeps the clock of this "
		    "gateway right"));
	if (list != NULL && mark > 0)
		warn(list, json_sprintf("%d percent of the disk of the record are used, over the "
		    "mark of %d", (int)json_integer_value(json_object_get(record,
		    "used_percent")), (int)mark));
	if (list != NULL)
		warn_of_views(list, views);
	return list;
}
