/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the control socket refuses goes into the record: at most one record a
 * second, with exact counts, so that whoever knocks without end neither fills the
 * log nor hides in it.
 */
#ifndef AGENT_CONTROL_CONTROL_REFUSALS_H
#define AGENT_CONTROL_CONTROL_REFUSALS_H

#include "agent/control/control_internal.h"

enum refused_for {
	REFUSED_FOR_RIGHTS = 0,	/* the kernel says who it was, and they may not */
	REFUSED_FOR_MALFORMED,	/* no request of ours; put out */
	REFUSED_FOR_FULL,		/* no place left for somebody like that */
	REFUSED_FOR_IDLE,		/* asked nothing for too long; put out */
	REFUSED_FOR_COUNT
};

struct refusals {
	struct control *control;
	sd_event_source *timer;		/* NULL: nothing waits to be told */
	uint64_t told_us;		/* CLOCK_MONOTONIC of the last record; 0: none yet */
	unsigned int counts[REFUSED_FOR_COUNT];	/* since then */
	char actor[64];			/* of the last one, and */
	char what[64];			/* what was asked */
};

/* Write down, now or within the second. what: the verb, or "". */
void control_refused(struct refusals *r, enum refused_for why, const struct requester *who,
    const char *what);

#endif /* AGENT_CONTROL_CONTROL_REFUSALS_H */
