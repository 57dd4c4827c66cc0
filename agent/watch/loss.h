/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One kind of loss at one place, on its way into the record: at once when it
 * begins, then at growing intervals while it goes on. Every record tells what
 * came since the one before, with its own interval: the sum over all is exact.
 * Pure.
 */
#ifndef AGENT_WATCH_LOSS_H
#define AGENT_WATCH_LOSS_H

#include <stdbool.h>
#include <stdint.h>

/* In the order of the way of a frame. */
enum loss_layer {
	LOSS_DRIVER = 0,	/* the interface had no room */
	LOSS_SOFTNET,		/* a processor's backlog was full */
	LOSS_RING,		/* the watcher did not read in time */
	LOSS_UNREAD,		/* still in a ring when it was closed */
	LOSS_UNSURE,		/* not lost: judged without their true ingress */
	LOSS_GATE,		/* messages of the gate */
	LOSS_LAYERS
};

#define LOSS_FIRST_NS	1000000000ll	/* CLOCK_MONOTONIC between two records; */
#define LOSS_MOST_NS	60000000000ll	/* ten times that each, up to here */

struct loss {
	uint64_t total;			/* since the start */
	uint64_t untold;		/* of these: in no record yet */
	int64_t first_ns, last_ns;	/* CLOCK_REALTIME: interval of the untold ones */
	int64_t next_ns, step_ns;	/* CLOCK_MONOTONIC: no record before next */
};

/*
 * The counter stands at "total" now, at wall_ns; at before_ns (CLOCK_REALTIME)
 * it was looked at last. A counter that went back began anew.
 */
void loss_count(struct loss *l, uint64_t total, int64_t before_ns, int64_t wall_ns);

/* True: it is time for a record of l->untold. */
bool loss_is_due(const struct loss *l, int64_t now_ns);

/* The record was written. */
void loss_told(struct loss *l, int64_t now_ns);

/* What the record says: "frames lost in the capture ring"; English. */
const char *loss_sentence(enum loss_layer layer);
const char *loss_layer_name(enum loss_layer layer);

#endif /* AGENT_WATCH_LOSS_H */
