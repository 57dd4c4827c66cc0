/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What others have set up around the gate. Each look is short and only at what may have
 * changed: events of rtnetlink and of nf_tables say when, and every ten seconds all is
 * looked at that has no event. A finding is written down when it comes and when it goes.
 * What is ours by policy is put right: switches, and interfaces of segments that somebody
 * made a port of a bridge. What is others' is told and left alone.
 */
#include "agent/control/control_drift.h"

#include "agent/clock.h"
#include "agent/control/control_internal.h"
#include "agent/control/priv.h"
#include "agent/drift/drift_findings.h"
#include "agent/log.h"
#include "kernel-helpers/rtnl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_US			10000000u
/* Events come in flocks. */
#define SETTLE_US		30000u
/* Looks may take at most a tenth of the time, whoever rings. */
#define LOOK_SHARE		10u
/* Routes and tables of others have events; in case one was lost. */
#define RARELY			6u
#define WATCHER_TIMEOUT_MS	100
#define EVENTS_AT_ONCE		1024u
/* Records of things put right, when somebody plays with a switch. */
#define REPAIRS_A_MINUTE	20u
#define MINUTE_US		60000000u

/* Switches that nobody needs to keep, but whose change is worth a line. */
static const enum sysctl_id told[] = {
	SYSCTL_IPV4_RP_FILTER, SYSCTL_IPV4_LOG_MARTIANS, SYSCTL_IPV4_ICMP_ECHO_IGNORE_BROADCASTS,
	SYSCTL_BRIDGE_CALL_IPTABLES, SYSCTL_BRIDGE_CALL_IP6TABLES,
};

#define N_TOLD (sizeof(told) / sizeof(told[0]))

struct drift {
	sd_event_source *timer;
	struct drift_picture *picture;
	struct drift_list list;
	unsigned int due;		/* DRIFT_PART_* */
	uint64_t next_us;		/* CLOCK_MONOTONIC */
	uint64_t cost_us;		/* of the last look */
	unsigned int looks;
	int values[N_TOLD];		/* INT_MIN: this kernel lacks it */
	bool has_values;
	uint64_t minute_us;
	unsigned int repairs, silent;	/* in this minute; of these not written down */
};

static uint64_t
now_us(void)
{
	return (uint64_t)clock_ns(CLOCK_MONOTONIC) / 1000;
}

static int
look_by_keeper(void *arg, enum drift_look what, struct nft_replies *out)
{
	const struct control *c = arg;

	return priv_look(c->setup->keeper_fd, what, out);
}

/* ---- what is written down ------------------------------------------------------------- */

static uint8_t
severity_of(enum drift_severity severity)
{
	switch (severity) {
	case DRIFT_NOTE:
		return SEVERITY_NOTICE;
	case DRIFT_WARNING:
		return SEVERITY_WARNING;
	case DRIFT_ERROR:
		return SEVERITY_HIGH;
	}
	return SEVERITY_HIGH;
}

static void
tell(struct control *c, const struct drift_finding *f, const char *before, bool repaired)
{
	const struct drift_row *row = drift_row(f->id);
	char *text = message_text(row->what, MESSAGE_ENGLISH, f->subject, f->detail);
	char what[256];

	snprintf(what, sizeof(what), "%s %s%.230s", row->code, before,
	    text != NULL ? text : f->subject);
	free(text);
	control_record_drift(c, &(struct drift_note){ .what = what, .repaired = repaired,
	    .severity = severity_of(row->severity) });
}

/* False: there were too many of these lately; the next that is told has their number. */
static bool
may_tell_repair(struct drift *d)
{
	if (now_us() - d->minute_us > MINUTE_US) {
		d->minute_us = now_us();
		d->repairs = 0;
	}
	if (d->repairs++ < REPAIRS_A_MINUTE)
		return true;
	d->silent++;
	return false;
}

static void
tell_repair(struct control *c, const struct drift_finding *f, bool repaired)
{
	char before[64] = "";

	if (!may_tell_repair(c->drift))
		return;
	if (c->drift->silent > 0)
		snprintf(before, sizeof(before), "(%u more before) ", c->drift->silent);
	c->drift->silent = 0;
	tell(c, f, before, repaired);
}

/* ---- what is put right ---------------------------------------------------------------- */

static bool
is_forward(const struct drift_switch *s)
{
	return s->id == SYSCTL_IPV4_FORWARD || s->id == SYSCTL_IPV6_FORWARD ||
	    s->id == SYSCTL_IF_IPV4_FORWARD;
}

/* True when a switch that is kept stood wrong; the keeper sets all of them at once. */
static bool
set_back(struct control *c)
{
	const struct drift_picture *p = c->drift->picture;
	char why[256] = "";
	bool wrong = false;
	int r = 0;

	for (size_t i = 0; i < p->n_switches; i++)
		wrong |= p->switches[i].kept;
	if (wrong)
		r = priv_forwarding(c->setup->keeper_fd, c->forwarding, why, sizeof(why));
	if (r < 0)
		log_warnx("control: switches cannot be set back: %s", why);
	for (size_t i = 0; i < c->drift->list.n; i++)
		if (c->drift->list.all[i].id == DRIFT_SWITCH)
			tell_repair(c, &c->drift->list.all[i], r == 0);
	return wrong;
}

static void
release(void *arg, const char *interface, const char *bridge)
{
	struct control *c = arg;
	struct drift_finding f = { .id = DRIFT_BRIDGE };
	int r = priv_release(c->setup->keeper_fd, interface);

	snprintf(f.subject, sizeof(f.subject), "%s", interface);
	snprintf(f.detail, sizeof(f.detail), "%s", bridge);
	if (r < 0)
		log_warnx("control: %s cannot be taken out of %s: %s", interface, bridge,
		    strerror(-r));
	tell_repair(c, &f, r == 0);
}

/* Put right what is ours. What was looked at again afterwards is in the picture. */
static void
put_right(struct control *c, const struct drift_eyes *eyes)
{
	struct drift *d = c->drift;
	size_t bridged = 0;

	for (size_t i = 0; i < d->list.n; i++)
		bridged += d->list.all[i].id == DRIFT_BRIDGE;
	if (bridged > 0)
		drift_bridged(d->picture, c->checked, release, c);
	if (set_back(c) || bridged > 0) {
		drift_picture_take(d->picture, eyes, c->checked,
		    DRIFT_PART_SWITCHES | DRIFT_PART_LINKS);
		d->list.n = d->list.more = 0;
		drift_findings(d->picture, c->checked, &d->list);
	}
}

/* ---- a look --------------------------------------------------------------------------- */

/* A number of the watcher's account; 0 for what is none. */
static uint32_t
number_at(const json_t *watch, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(watch, key));

	return n > 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
}

/* The tap's own programs; false when they cannot be known right now. */
static bool
own_programs(struct control *c, uint32_t own[2])
{
	json_t *watch = NULL;
	bool known;

	/* One that is just being started again is not waited for: there is a next look. */
	if (ipc_ask(c->setup->watch_fd, IPC_WATCH_STATUS, NULL, 0, -1, &c->answer,
	    WATCHER_TIMEOUT_MS) == 0)
		(void)ipc_json(&c->answer, &watch);
	own[0] = number_at(watch, "entering_program");
	own[1] = number_at(watch, "leaving_program");
	known = watch != NULL;
	json_decref(watch);
	return known;
}

static void
take(struct control *c, struct drift_eyes *eyes, unsigned int parts)
{
	struct drift_picture *p = c->drift->picture;
	uint32_t before[2] = { 0, 0 }, after[2] = { 0, 0 };
	bool known = (parts & DRIFT_PART_PROGRAMS) != 0 && own_programs(c, before);
	uint64_t begin;

	/* Where it is not known which program is ours, none can be called somebody else's. */
	if (known)
		memcpy(p->own_programs, before, sizeof(before));
	else
		parts &= ~DRIFT_PART_PROGRAMS;
	begin = now_us();
	drift_picture_take(p, eyes, c->checked, parts);
	c->drift->cost_us = now_us() - begin;
	if (known && (!own_programs(c, after) || memcmp(before, after, sizeof(after)) != 0)) {
		p->n_tcx = 0;
		c->drift->due |= DRIFT_PART_PROGRAMS;
	}
}

static void
tell_values(struct control *c)
{
	struct drift *d = c->drift;

	for (size_t i = 0; i < N_TOLD; i++) {
		int now = 0;
		char what[160];

		if (sysctl_get(told[i], &now) < 0)
			now = -1;
		if (d->has_values && now != d->values[i] && may_tell_repair(d)) {
			snprintf(what, sizeof(what), "somebody set %s from %d to %d; it is left so",
			    sysctl_name(told[i]), d->values[i], now);
			control_record_drift(c, &(struct drift_note){ .what = what,
			    .severity = SEVERITY_WARNING });
		}
		d->values[i] = now;
	}
	d->has_values = true;
}

static void
tell_news(struct control *c, const struct drift_list *before)
{
	const struct drift_list *now = &c->drift->list;

	for (size_t i = 0; i < now->n; i++)
		if (drift_find(before, &now->all[i]) == NULL)
			tell(c, &now->all[i], "", false);
	for (size_t i = 0; i < before->n; i++)
		if (drift_find(now, &before->all[i]) == NULL)
			tell(c, &before->all[i], "is over: ", true);
}

static void
look(struct control *c, unsigned int parts)
{
	static struct drift_list before;
	struct drift *d = c->drift;
	struct drift_eyes eyes = { .rtnl_fd = c->setup->rtnl_fd, .look = look_by_keeper, .arg = c,
	    .forwarding = c->forwarding };
	uint64_t pause;

	if (c->checked == NULL)
		return;
	before = d->list;
	d->due &= ~parts;
	take(c, &eyes, parts);
	d->list.n = d->list.more = 0;
	drift_findings(d->picture, c->checked, &d->list);
	put_right(c, &eyes);
	tell_news(c, &before);
	if ((parts & DRIFT_PART_SWITCHES) != 0)
		tell_values(c);
	pause = d->cost_us * LOOK_SHARE;
	pause = pause < LOOK_US ? pause : LOOK_US;
	d->next_us = now_us() + (pause > SETTLE_US ? pause : SETTLE_US);
}

/* ---- when ----------------------------------------------------------------------------- */

static void
plan(struct drift *d)
{
	uint64_t now = now_us();
	uint64_t at = d->due == 0 ? now + LOOK_US : now + SETTLE_US;

	if (at < d->next_us)
		at = d->next_us;
	(void)sd_event_source_set_time(d->timer, at);
	(void)sd_event_source_set_enabled(d->timer, SD_EVENT_ONESHOT);
}

static int
on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
	struct control *c = arg;
	struct drift *d = c->drift;
	unsigned int parts = d->due;

	(void)s;
	(void)usec;
	if (parts == 0)
		parts = d->looks++ % RARELY == 0 ? DRIFT_PART_ALL :
		    DRIFT_PART_ALL & ~(DRIFT_PART_ROUTES | DRIFT_PART_TABLES);
	look(c, parts);
	plan(d);
	return 0;
}

static unsigned int
parts_of(unsigned int events)
{
	return ((events & RTNL_LINKS) != 0 ?
	    DRIFT_PART_LINKS | DRIFT_PART_TC | DRIFT_PART_PROGRAMS | DRIFT_PART_SWITCHES : 0) |
	    ((events & RTNL_ROUTES) != 0 ? DRIFT_PART_ROUTES : 0) |
	    ((events & RTNL_TC) != 0 ? DRIFT_PART_TC : 0) |
	    ((events & RTNL_SWITCHES) != 0 ? DRIFT_PART_SWITCHES : 0);
}

/* Forwarding that somebody switched on waits for no timer. */
static void
shut_at_once(struct control *c)
{
	static struct drift_picture p;
	struct drift_eyes eyes = { .forwarding = false };

	if (c->forwarding)
		return;
	drift_picture_take(&p, &eyes, c->checked, DRIFT_PART_SWITCHES);
	for (size_t i = 0; i < p.n_switches; i++)
		if (is_forward(&p.switches[i])) {
			look(c, DRIFT_PART_SWITCHES);
			return;
		}
}

static int
on_event(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	struct control *c = arg;
	unsigned int what = rtnl_read_events(fd, EVENTS_AT_ONCE);

	(void)s;
	(void)events;
	if (what == 0 || c->checked == NULL)
		return 0;
	if ((what & RTNL_SWITCHES) != 0)
		shut_at_once(c);
	c->drift->due |= parts_of(what);
	plan(c->drift);
	return 0;
}

void
control_drift_tables_changed(struct control *c)
{
	if (c->drift == NULL)
		return;
	c->drift->due |= DRIFT_PART_TABLES;
	plan(c->drift);
}

int
control_drift(struct control *c)
{
	struct drift *d = calloc(1, sizeof(*d));
	sd_event_source *io = NULL;
	int r;

	c->drift = d;
	if (d == NULL || (d->picture = drift_picture_new()) == NULL)
		return -ENOMEM;
	d->due = DRIFT_PART_ALL;
	r = sd_event_add_time_relative(c->event, &d->timer, CLOCK_MONOTONIC, SETTLE_US, 0,
	    on_timer, c);
	if (r >= 0)
		r = sd_event_add_io(c->event, &io, c->setup->rtnl_events_fd, EPOLLIN, on_event, c);
	/* What the keeper tells of our table comes first. */
	if (r >= 0)
		r = sd_event_source_set_priority(io, SD_EVENT_PRIORITY_NORMAL + 10);
	if (r >= 0)
		r = sd_event_source_set_priority(d->timer, SD_EVENT_PRIORITY_NORMAL + 10);
	if (r >= 0)
		r = sd_event_source_set_floating(io, true);
	sd_event_source_unref(io);
	return r < 0 ? r : 0;
}

void
control_drift_end(struct control *c)
{
	if (c->drift == NULL)
		return;
	sd_event_source_unref(c->drift->timer);
	drift_picture_free(c->drift->picture);
	free(c->drift);
	c->drift = NULL;
}

/* ---- what is told --------------------------------------------------------------------- */

const struct drift_list *
control_drift_look(struct control *c)
{
	if (c->drift == NULL)
		return NULL;
	look(c, DRIFT_PART_ALL);
	return &c->drift->list;
}

json_t *
control_drift_json(const struct control *c, enum message_language language)
{
	return c->drift == NULL ? json_array() : drift_json(&c->drift->list, language);
}

bool
control_drift_problem(const struct control *c, char *out, size_t size)
{
	const struct drift_list *list = c->drift != NULL ? &c->drift->list : NULL;

	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const struct drift_row *row = drift_row(list->all[i].id);
		char *text;

		if (row->severity != DRIFT_ERROR)
			continue;
		text = message_text(row->what, MESSAGE_ENGLISH, list->all[i].subject,
		    list->all[i].detail);
		snprintf(out, size, "%s %s", row->code, text != NULL ? text : "");
		free(text);
		return true;
	}
	return false;
}
