/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our table as it should be. The keeper tells what others do to it as they do it, and has
 * shut off forwarding by then; here the table is put back, compared, and forwarding
 * switched on again, and all of it is written down with the name of who did it. Events can
 * be lost and some changes have none, so there is a slow look too: each second at the
 * number of the generation, each minute at everything.
 */
#include "agent/control/control_guard_internal.h"

#include "agent/clock.h"
#include "agent/control/control_drift.h"
#include "agent/control/control_forwarding.h"
#include "agent/control/control_restore.h"
#include "agent/log.h"
#include "agent/tick.h"

#include "kernel-helpers/forwarded.h"
#include "rules/ruleset_compare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_US			1000000u
#define COMPARE_US		60000000u
/* A compare of a very large table may take at most this part of the time. */
#define COMPARE_SHARE		100u
/* While shut the table is still put back, for the gateway's own sake, but so often only. */
#define SHUT_RESTORE_US		1000000u
/* Forwarding that could not be switched on is tried again so often. */
#define REOPEN_US		2000000u
/* The tap has told its leaks by then: it holds an attempt 0.3 s, and accounts each second. */
#define FOLLOW_US		1500000u
/* A hash that grows right now can tell elements twice: see compare_with_kernel(). */
#define COMPARE_TRIES		3u
#define COMPARE_PAUSE_US	20000u

static uint64_t
now_us(void)
{
	return (uint64_t)clock_ns(CLOCK_MONOTONIC) / 1000;
}

/* ---- the table ----------------------------------------------------------------------- */

static void
learn_generation(struct control *c)
{
	c->guard->generation = c->known.generation;
	c->guard->compared_us = now_us();
}

/*
 * Bring the kernel to what we know it should hold; without that knowledge, to what the
 * policy in force says. *changed: it did not hold it.
 */
static int
repair(struct control *c, bool *changed)
{
	struct nft_refusal refusal = { 0 };
	uint64_t begin = now_us();
	int r;

	*changed = false;
	if (c->known.ruleset == NULL) {
		r = c->checked == NULL ? -ENOENT : control_restore(c, changed);
	} else {
		r = nft_known_restore(c->nft, &c->known, changed, &refusal);
	}
	c->guard->cost_us = now_us() - begin;
	c->guard->restored_us = now_us();
	if (r == 0)
		learn_generation(c);
	else
		log_warnx("control: the table cannot be put right: %s%s%s", strerror(-r),
		    refusal.what[0] != '\0' ? ": " : "", refusal.what);
	return r;
}

/* 1: equal, 0: not, or negative errno. */
static int
is_equal(struct control *c)
{
	struct ruleset_mismatch why;
	struct nft_refusal refusal = { 0 };
	struct ruleset *have = NULL;
	uint32_t generation = 0;
	int r = nft_read_back(c->nft, &have, &generation, &refusal);

	if (r == -EPROTO)
		return 0;
	if (r == 0 && have != NULL && ruleset_equal(c->known.ruleset, have, &why)) {
		c->known.generation = generation;
		control_guard_counted(c, have);
		r = 1;
	}
	ruleset_free(have);
	return r;
}

/* What is not as it should be may let anything through. */
static void
shut(struct control *c)
{
	c->reopen |= c->forwarding;
	control_forwarding_off(c);
}

/* Compare with the kernel now. 1: equal, 0: put right, negative errno: neither. */
static int
compare(struct control *c)
{
	struct guard *g = c->guard;
	uint64_t begin = now_us();
	bool changed = false;
	int r = 0;

	control_settle(c);
	for (unsigned int i = 0; r == 0 && c->known.ruleset != NULL && i < COMPARE_TRIES; i++) {
		usleep(i * COMPARE_PAUSE_US);
		r = is_equal(c);
	}
	g->cost_us = now_us() - begin;
	g->due = false;
	if (r == 1)
		learn_generation(c);
	else if (r == 0) {
		const bool known = c->known.ruleset != NULL;

		/* After a change that the kernel refused nothing is known; what ran runs on. */
		if (known)
			shut(c);
		r = repair(c, &changed);
		if (r == 0 && changed && !known)
			control_record_change(c, "control", true, "the table was put back");
	}
	g->compared_us = now_us();
	return r;
}

/* Forwarding as it was before we shut it. 0: it is on, or was off; negative errno. */
static int
reopen(struct control *c)
{
	char why[256] = "";
	int r;

	if (!c->reopen || c->confirm.stuck)
		return 0;
	r = control_forward(c, why, sizeof(why));
	if (r < 0) {
		if (r != c->guard->reopen_error)
			log_warnx("control: forwarding stays off: %s", why);
		c->guard->reopen_error = r;
		return r;
	}
	c->guard->reopen_error = 0;
	c->forwarding = true;
	c->gone = false;
	c->problem[0] = '\0';
	c->reopen = c->unwatched;
	if (c->unwatched)
		(void)control_watch_again(c);
	return 0;
}

/* What kept it off may be over: a moment without descriptors, say. */
static void
tick_reopen(struct control *c)
{
	struct guard *g = c->guard;

	/* What the record closed it opens again itself. */
	if (!c->reopen || c->gone || c->checked == NULL || c->known.ruleset == NULL ||
	    control_record_closes(c) || now_us() - g->reopened_us < REOPEN_US)
		return;
	g->reopened_us = now_us();
	(void)reopen(c);
}

/* ---- events -------------------------------------------------------------------------- */

static void
begin_incident(struct control *c, const struct ipc_nft_seen *seen)
{
	struct guard *g = c->guard;
	struct incident *i = &g->incident;

	/* Before it is over another one may begin: its account is that of both. */
	if (i->follow)
		guard_tell_traffic(c);
	*i = (struct incident){ .key = ++g->keys, .noticed_ns = seen->noticed_ns,
	    .shut_ns = seen->shut_ns, .forwarded = seen->forwarded, .changed = seen->changed,
	    .gone = seen->gone, .before = g->second, .follow = seen->changed > 0,
	    .begun_ns = clock_ns(CLOCK_MONOTONIC) };
	culprit_describe(seen->pid, seen->name, &i->by);
	if (seen->pid != 0) {
		g->named = i->by;
		g->named_ns = i->begun_ns;
	}
	g->follow_us = now_us() + FOLLOW_US;
}

static void
not_put_back(struct control *c, int r)
{
	c->gone = true;
	snprintf(c->problem, sizeof(c->problem), "the table was taken away or changed, and cannot "
	    "be put back: %s; forwarding is off", strerror(-r));
}

static void
put_right(struct control *c)
{
	bool changed = false;
	int r = repair(c, &changed);

	if (r < 0) {
		not_put_back(c, r);
	} else {
		if (changed)
			control_record_change(c, "control", true, "the table was put back");
		(void)reopen(c);
	}
	guard_tell_incident(c, changed, r);
	if (r == 0 && changed && c->guard->incident.gone > 0)
		guard_tell_lost_counts(c);
}

/* Somebody's writes to our table: put it right at once, unless it goes on and on. */
static void
react(struct control *c, const struct ipc_nft_seen *seen)
{
	struct guard *g = c->guard;
	bool shut = g->storm.shut;

	if (storm_strike(&g->storm, now_us(), seen->changed)) {
		g->incident.gone += seen->gone;
		if (!shut)
			guard_tell_storm(c, STORM_ALARM, g->storm.in_all);
		return;
	}
	begin_incident(c, seen);
	put_right(c);
}

/* Neither a policy is in force nor the gate of the boot: nobody knows what there should be. */
static bool
knows_nothing(const struct control *c)
{
	return c->checked == NULL && c->known.ruleset == NULL;
}

void
control_guard_seen(struct control *c, const struct ipc_message *m)
{
	/* A copy: *m is scratch that the next question overwrites. */
	struct ipc_nft_seen seen = m->payload.seen;
	struct guard *g = c->guard;

	if (m->length != sizeof(seen) || g == NULL)
		return;
	if (seen.shut) {
		c->reopen |= c->forwarding;
		c->forwarding = false;
	}
	g->generation = seen.generation;
	if (seen.transactions > seen.changed || seen.lost)
		control_drift_tables_changed(c);
	if (knows_nothing(c))
		return;
	if (seen.changed > 0)
		react(c, &seen);
	if (seen.lost) {
		control_record_drift(c, &(struct drift_note){ .what = "events of nf_tables were "
		    "lost: everything is compared", .repaired = true,
		    .severity = SEVERITY_NOTICE });
		g->due = true;
	}
}

/* ---- the slow look ------------------------------------------------------------------- */

static void
tick_storm(struct control *c)
{
	uint64_t strikes;
	enum storm_step step = storm_tick(&c->guard->storm, now_us(), &strikes);

	switch (step) {
	case STORM_CALM:
		break;
	case STORM_WAIT:
	case STORM_ALARM:
		if (step == STORM_ALARM)
			guard_tell_storm(c, step, strikes);
		if (now_us() - c->guard->restored_us >= SHUT_RESTORE_US) {
			bool changed;

			(void)repair(c, &changed);
		}
		break;
	case STORM_OVER:
		put_right(c);
		guard_tell_storm(c, step, strikes);
		break;
	}
}

int
control_guard_verify(struct control *c)
{
	struct guard *g = c->guard;
	struct ipc_nft_seen seen = { .changed = 1, .noticed_ns = clock_ns(CLOCK_REALTIME) };
	const bool known = c->known.ruleset != NULL;
	int r = compare(c);

	if (r >= 0) {
		(void)reopen(c);
		g->generation = c->known.generation;
	}
	if ((r == 0 && known) || (r < 0 && !c->gone)) {
		(void)forwarded_packets(&seen.forwarded);
		begin_incident(c, &seen);
		guard_tell_incident(c, true, r);
	}
	if (r < 0)
		not_put_back(c, r);
	return r;
}

/* A change that no event told of, or one whose event was lost. */
static void
tick_compare(struct control *c)
{
	struct guard *g = c->guard;
	uint32_t generation = 0;
	uint64_t pause = g->cost_us * COMPARE_SHARE;
	bool due = g->due || c->gone;

	if (nft_generation(c->nft, &generation) == 0 && generation != g->generation &&
	    generation != c->known.generation)
		due = true;
	pause = pause > COMPARE_US ? pause : COMPARE_US;
	if (knows_nothing(c) || (!due && now_us() - g->compared_us < pause))
		return;
	(void)control_guard_verify(c);
}

static void
sample(struct control *c)
{
	struct guard *g = c->guard;

	g->second.at_ns = clock_ns(CLOCK_REALTIME);
	(void)forwarded_packets(&g->second.forwarded);
	if (g->incident.follow && now_us() >= g->follow_us) {
		guard_tell_traffic(c);
		g->asked_us = now_us();
	} else if (!g->incident.follow && now_us() - g->asked_us >= 10 * (uint64_t)TICK_US) {
		guard_sample_leaks(c, &g->leaks);
		g->asked_us = now_us();
	}
}

static uint64_t
tick(void *arg)
{
	struct control *c = arg;

	sample(c);
	control_conntrack_tick(c);
	tick_storm(c);
	if (!c->guard->storm.shut) {
		tick_compare(c);
		tick_reopen(c);
		guard_tick_counts(c);
	}
	return TICK_US;
}

int
control_guard(struct control *c)
{
	c->guard = calloc(1, sizeof(*c->guard));
	if (c->guard == NULL)
		return -ENOMEM;
	c->guard->keys = (uint64_t)clock_ns(CLOCK_REALTIME);
	c->guard->compared_us = now_us();
	c->guard->counted_ns = clock_ns(CLOCK_MONOTONIC);
	return tick_begin(c->event, &(struct tick){ .first_us = TICK_US, .act = tick,
	    .arg = c });
}

void
control_guard_end(struct control *c)
{
	free(c->guard);
	c->guard = NULL;
}
