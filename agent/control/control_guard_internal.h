/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For control_guard*.c only: what the guard knows, and how it is written down. */
#ifndef AGENT_CONTROL_CONTROL_GUARD_INTERNAL_H
#define AGENT_CONTROL_CONTROL_GUARD_INTERNAL_H

#include "agent/control/control_guard.h"
#include "agent/control/control_internal.h"
#include "agent/control/culprit.h"
#include "agent/control/storm.h"

#include <stdbool.h>
#include <stdint.h>

struct traffic {
	int64_t at_ns;			/* CLOCK_REALTIME */
	uint64_t forwarded, leaks;
};

/* What was done to the table and is not told yet, or not to its end. */
struct incident {
	uint64_t key;
	int64_t noticed_ns, shut_ns;
	int64_t begun_ns;		/* CLOCK_MONOTONIC */
	uint64_t forwarded;		/* as the keeper counted right after it had shut */
	uint32_t changed, gone;
	struct culprit by;
	struct traffic before;
	bool follow;			/* the tap's account is still to come */
};

struct guard {
	struct storm storm;
	struct incident incident;
	struct culprit named;		/* the last one whose name was told, and when */
	int64_t named_ns;		/* CLOCK_MONOTONIC */
	struct traffic second;		/* of the last tick */
	struct traffic leaks;		/* of the last account of the tap */
	uint32_t generation;		/* that was compared or is our own */
	uint64_t compared_us, cost_us;	/* CLOCK_MONOTONIC */
	uint64_t restored_us, follow_us, asked_us, reopened_us;
	int64_t counted_ns, count_cost_ns;	/* the permits' counters, CLOCK_MONOTONIC */
	int reopen_error;		/* why forwarding stays off, as it was told */
	int64_t lost_told_ns;		/* the reading of which it was told what is missing */
	uint64_t keys;
	bool due;			/* compare at the next tick */
};

/*
 * control_guard_tell.c: what became of the incident; changed: the table did not hold what
 * it should. r: not put right.
 */
void guard_tell_incident(struct control *c, bool changed, int r);
/* How much got through; the tap knows a little later. */
void guard_tell_traffic(struct control *c);
/* The tap's account of leaks, all pairs together. */
void guard_sample_leaks(struct control *c, struct traffic *t);

/* control_guard_storm.c: an interval of a storm is over, or all of it. */
void guard_tell_storm(struct control *c, enum storm_step step, uint64_t strikes);

/* control_guard_counts.c: read the permits' counters now and then, for a table made anew. */
void guard_tick_counts(struct control *c);
/* What a table that was put back cannot know. */
void guard_tell_lost_counts(struct control *c);

#endif /* AGENT_CONTROL_CONTROL_GUARD_INTERNAL_H */
