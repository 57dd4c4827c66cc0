/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_confirm.h"

#include "agent/clock.h"
#include "agent/control/control_forwarding.h"
#include "agent/control/control_internal.h"
#include "agent/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS		1000000000ll
/* Going back that failed is tried again after 1, 2, 4 ... seconds. */
#define RETRY_MAX_SHIFT	6u

static int on_deadline(sd_event_source *s, uint64_t usec, void *arg);

/* at_ns: CLOCK_BOOTTIME, which no change of the date moves. */
static int
set_timer(struct control *c, int64_t at_ns)
{
	struct confirm *k = &c->confirm;
	int r;

	k->timer = sd_event_source_disable_unref(k->timer);
	r = sd_event_add_time(c->event, &k->timer, CLOCK_BOOTTIME, (uint64_t)at_ns / 1000,
	    1000, on_deadline, c);
	/* Before whatever clients want at the same moment. */
	if (r >= 0)
		r = sd_event_source_set_priority(k->timer, SD_EVENT_PRIORITY_IMPORTANT);
	return r < 0 ? r : 0;
}

/* A policy that nobody can go back to is no safety. NULL: it is one. */
static json_t *
try_target(struct control *c, const struct change_request *q)
{
	char why[512] = "";
	int r;

	if (c->serial == 0 || c->versions.boot != c->serial)
		return control_change_refusal(q->language, MSG_CHANGE_NO_TARGET);
	r = control_try_version(c, c->serial, why, sizeof(why));
	return r == 0 ? NULL : control_change_refusal(q->language, MSG_CHANGE_BAD_TARGET,
	    c->serial, why[0] != '\0' ? why : strerror(-r));
}

json_t *
control_confirm_arm(struct control *c, const struct change_request *q, uint32_t serial)
{
	struct confirm *k = &c->confirm;
	struct pending p = { .serial = serial, .target = c->serial,
	    .seconds = q->confirm_seconds };
	json_t *refusal = try_target(c, q);
	int r;

	if (refusal != NULL)
		return refusal;
	snprintf(p.actor, sizeof(p.actor), "%s", q->actor);
	snprintf(p.person, sizeof(p.person), "%s", q->person);
	snprintf(p.reason, sizeof(p.reason), "%s", q->reason);
	r = pending_boot_id(p.boot_id);
	p.deadline_ns = clock_ns(CLOCK_BOOTTIME) + (int64_t)p.seconds * NS;
	if (r == 0)
		r = pending_write(c->versions.state, &p);
	if (r == 0)
		r = set_timer(c, p.deadline_ns);
	if (r < 0) {
		(void)pending_remove(c->versions.state);
		return control_change_refusal(q->language, MSG_CHANGE_NOT_KEPT,
		    c->setup->paths.state, strerror(-r));
	}
	k->pending = p;
	k->connection = q->connection;
	snprintf(k->session, sizeof(k->session), "%s", q->session);
	k->tries = 0;
	return NULL;
}

void
control_confirm_applied(struct control *c)
{
	int r;

	c->confirm.pending.applied = true;
	r = pending_write(c->versions.state, &c->confirm.pending);
	/* A restart then goes back at once rather than at the end: early, never open. */
	if (r < 0)
		log_warnx("control: what is pending cannot be kept: %s", strerror(-r));
}

void
control_confirm_disarm(struct control *c)
{
	struct confirm *k = &c->confirm;
	struct version *w = versions_find(&c->versions, k->pending.serial);

	k->timer = sd_event_source_disable_unref(k->timer);
	if (w != NULL && !w->confirmed && w->result == VERSION_APPLIED) {
		w->result = VERSION_REVERTED;
		(void)versions_save(&c->versions, w);
	}
	/* Should it stay: its target is no more what a start loads, or comes back again. */
	if (pending_remove(c->versions.state) < 0)
		log_warnx("control: what was pending cannot be taken away");
	memset(&k->pending, 0, sizeof(k->pending));
	k->connection = 0;
	k->session[0] = '\0';
	k->stuck = false;
	k->tries = 0;
}

/* NULL: it may be confirmed. */
static json_t *
refuse_confirm(const struct control *c, const struct change_request *q, uint32_t serial)
{
	const struct confirm *k = &c->confirm;
	const struct pending *p = &k->pending;

	if (p->serial == 0)
		return control_change_refusal(q->language, MSG_CONFIRM_NONE, c->serial);
	if (serial != 0 && serial != p->serial)
		return control_change_refusal(q->language, MSG_CONFIRM_WRONG, serial, p->serial);
	if (k->stuck || clock_ns(CLOCK_BOOTTIME) >= p->deadline_ns)
		return control_change_refusal(q->language, MSG_CONFIRM_LATE, p->serial,
		    p->target);
	if (k->connection != 0 && k->connection == q->connection)
		return control_change_refusal(q->language, MSG_CONFIRM_SAME);
	return NULL;
}

json_t *
control_confirm(struct control *c, const struct change_request *q, uint32_t serial)
{
	const struct confirm *k = &c->confirm;
	const uint32_t waits = k->pending.serial;
	bool same = k->session[0] != '\0' && strcmp(k->session, q->session) == 0;
	json_t *refusal = refuse_confirm(c, q, serial);
	char what[256];
	int r = refusal != NULL ? 0 : versions_confirm(&c->versions, waits, (int64_t)time(NULL));

	if (r < 0)
		refusal = control_change_refusal(q->language, MSG_CHANGE_NOT_KEPT,
		    c->setup->paths.state, strerror(-r));
	if (refusal != NULL) {
		control_change_record(c, q, SUBJECT_CONFIRM, false, serial, "",
		    json_string_value(json_object_get(refusal, "error")));
		return refusal;
	}
	control_confirm_disarm(c);
	snprintf(what, sizeof(what), "serial %u was confirmed: it is what a start loads from "
	    "now on%s", waits, same ? " (from the very session that applied it)" : "");
	control_change_record(c, q, SUBJECT_CONFIRM, true, waits, "", what);
	return json_pack("{s:b, s:I, s:b}", "ok", 1, "serial", (json_int_t)waits,
	    "same_session", same);
}

/* Nobody knows what runs, or it is not what should: nothing passes. */
static void
close_up(struct control *c, const struct change_request *q, const char *why)
{
	struct confirm *k = &c->confirm;
	unsigned int shift = k->tries < RETRY_MAX_SHIFT ? k->tries : RETRY_MAX_SHIFT;

	k->stuck = true;
	k->tries++;
	control_forwarding_off(c);
	snprintf(c->problem, sizeof(c->problem), "serial %u was not confirmed and going back "
	    "failed: forwarding is off: %.300s", k->pending.serial, why);
	log_warnx("control: %s", c->problem);
	control_change_record(c, q, SUBJECT_ROLLBACK, false, k->pending.target, "", c->problem);
	if (set_timer(c, clock_ns(CLOCK_BOOTTIME) + (NS << shift)) < 0)
		log_warnx("control: no timer for the next try");
}

int
control_confirm_revert(struct control *c, const struct change_request *q, const char *what)
{
	struct confirm *k = &c->confirm;
	const struct pending p = k->pending;
	char before[65] = "", why[512] = "", told[256];
	uint32_t serial = p.target;
	int r;

	if (c->checked != NULL)
		snprintf(before, sizeof(before), "%s", c->checked->digest);
	k->stuck = false;
	r = control_put_version(c, serial, why, sizeof(why));
	if (r == -ENOENT || r == -EBADMSG) {
		/* Damaged since. Anything that was confirmed is better than what was not. */
		const struct version *w = versions_newest_confirmed(&c->versions, serial);

		serial = w != NULL ? w->serial : 0;
		r = w != NULL ? control_put_version(c, serial, why, sizeof(why)) : r;
	}
	if (r < 0) {
		close_up(c, q, why[0] != '\0' ? why : strerror(-r));
		return r;
	}
	/* A start would look for the damaged one, and nothing could wait to be confirmed. */
	if (serial != p.target && versions_confirm(&c->versions, serial, (int64_t)time(NULL)) < 0)
		log_warnx("control: a start will look for serial %u, which cannot be read",
		    p.target);
	control_confirm_disarm(c);
	snprintf(told, sizeof(told), "%.120s: serial %u is in force again, read back and "
	    "compared; serial %u is not", what, serial, p.serial);
	log_info("control: %s", told);
	control_change_record(c, q, SUBJECT_ROLLBACK, true, serial, before, told);
	return 0;
}

static int
on_deadline(sd_event_source *s, uint64_t usec, void *arg)
{
	struct control *c = arg;
	struct change_request q = { .verb = "rollback", .origin = VERSION_OF_ROLLBACK };
	char what[128];

	(void)s;
	(void)usec;
	if (c->confirm.pending.serial == 0)
		return 0;
	snprintf(q.actor, sizeof(q.actor), "deadline");
	snprintf(q.person, sizeof(q.person), "%s", c->confirm.pending.person);
	snprintf(q.reason, sizeof(q.reason), "%s", c->confirm.pending.reason);
	snprintf(what, sizeof(what), "serial %u was not confirmed within %u s",
	    c->confirm.pending.serial, c->confirm.pending.seconds);
	(void)control_confirm_revert(c, &q, what);
	return 0;
}

int
control_confirm_rearm(struct control *c, const struct pending *p)
{
	c->confirm.pending = *p;
	return set_timer(c, p->deadline_ns);
}
