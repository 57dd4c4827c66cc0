/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tick: what an event loop does again and again, as long as it turns. A pause is counted
 * from the turn before it: one that took too long is followed by one at once, and never by
 * a burst of all that came too late.
 */
#ifndef AGENT_TICK_H
#define AGENT_TICK_H

#include <stdint.h>
#include <systemd/sd-event.h>

struct tick {
	uint64_t first_us;		/* from now to the first one */
	uint64_t accuracy_us;		/* may be as much too late; 0: the loop's own, 250 ms */
	int64_t priority;		/* SD_EVENT_PRIORITY_*; 0: normal */
	uint64_t (*act)(void *arg);	/* how long until the next one; 0: never again */
	void *arg;			/* borrowed, for as long as the loop lives */
};

/* The loop owns it from here on, *tick is copied. 0 or negative errno. */
int tick_begin(sd_event *loop, const struct tick *tick);

#endif /* AGENT_TICK_H */
