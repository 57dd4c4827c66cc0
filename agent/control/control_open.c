/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up the gate on purpose, the last resort of people at a console who cannot get at
 * the gateway. It takes the policy out of force: the table goes, so that everybody reaches
 * the gateway itself, and forwarding goes off first, so that nothing crosses it. Zones that
 * the law keeps apart are never joined by a word of command, whoever says it.
 *
 * It lasts until the next apply, rollback or start, and is told every hour until then.
 */
#include "agent/control/control_internal.h"
#include "agent/control/control_open.h"
#include "agent/control/control_restore.h"
#include "agent/control/priv.h"
#include "agent/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ALARM_US	3600000000ull
#define GIVEN_UP	"nothing is forwarded, everybody reaches the gateway"

static void
tell(struct control *c, const struct change_request *q, const char *what)
{
	struct event e = { .kind = EVENT_CHANGE, .subject = SUBJECT_OPEN,
	    .severity = SEVERITY_HIGH };

	snprintf(e.actor, sizeof(e.actor), "%s", q->actor);
	snprintf(e.person, sizeof(e.person), "%s", q->person);
	snprintf(e.note, sizeof(e.note), "%s", q->reason);
	snprintf(e.reason, sizeof(e.reason), "%s", what);
	log_warnx("control: %s", what);
	control_record(c, &e);
}

static int
on_alarm(sd_event_source *s, uint64_t usec, void *arg)
{
	struct control *c = arg;

	(void)usec;
	if (c->checked != NULL)
		return sd_event_source_set_enabled(s, SD_EVENT_OFF);
	tell(c, &c->opened_by, "the gate is still given up: " GIVEN_UP);
	return sd_event_source_set_time_relative(s, ALARM_US);
}

static int
plan_alarm(struct control *c, const struct change_request *q)
{
	int r;

	c->opened_by = *q;
	c->opened = sd_event_source_disable_unref(c->opened);
	r = sd_event_add_time_relative(c->event, &c->opened, CLOCK_MONOTONIC, ALARM_US, 0,
	    on_alarm, c);
	if (r >= 0)
		r = sd_event_source_set_enabled(c->opened, SD_EVENT_ON);
	return r < 0 ? r : 0;
}

/* Forwarding first: without it the table may go. */
static int
take_away(struct control *c, char *why, size_t size)
{
	struct nft_refusal refusal = { 0 };
	uint32_t generation = 0;
	int r = priv_forwarding(c->setup->keeper_fd, false, why, size);

	if (r < 0)
		return r;
	c->forwarding = c->record.want = c->reopen = false;
	/* Nobody puts back what is no longer in force. */
	nft_known_forget(&c->known);
	r = nft_generation(c->nft, &generation);
	if (r == 0)
		r = nft_remove_at(c->nft, &generation, &refusal);
	if (r < 0 && r != -ENOENT)
		snprintf(why, size, "the table stays: %s", strerror(-r));
	return r == -ENOENT ? 0 : r;
}

json_t *
control_open(struct control *c, struct change_request *q)
{
	char why[256] = "";
	json_t *refusal = control_change_begin(c, q);
	bool changed;
	int r;

	if (refusal != NULL)
		return refusal;
	if (q->reason[0] == '\0') {
		control_change_end(c, q);
		return control_change_refusal(q->language, MSG_OPEN_REASON);
	}
	r = take_away(c, why, sizeof(why));
	if (r < 0) {
		/* What was in force is so again, forwarding included. */
		if (control_restore(c, &changed) == 0 && changed)
			control_record_change(c, "control", true, "the table was put back");
		control_change_record(c, q, SUBJECT_OPEN, false, c->serial, "", why);
		control_change_end(c, q);
		return control_change_refusal(q->language, MSG_OPEN_FAILED, why);
	}
	checked_free(c->checked);
	c->checked = NULL;
	tell(c, q, "the gate was given up: " GIVEN_UP);
	snprintf(c->problem, sizeof(c->problem), "the gate is given up: " GIVEN_UP
	    " (%.63s %.63s: %.127s)", q->actor, q->person, q->reason);
	if (plan_alarm(c, q) < 0)
		log_warnx("control: nobody will be told every hour that the gate is given up");
	control_change_end(c, q);
	return json_pack("{s:b}", "ok", 1);
}
