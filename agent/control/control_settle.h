/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a change leaves to do behind its answer: nobody waits for it, but the next change.
 * Whoever dies before it leaves what the next start does (control_start.c).
 */
#ifndef AGENT_CONTROL_CONTROL_SETTLE_H
#define AGENT_CONTROL_CONTROL_SETTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct control;

struct settling {
	uint32_t *marks;		/* of flows that are judged again; NULL: none */
	size_t n_marks;
	bool added;			/* the judging, to a ruleset that has the chains */
	sd_event_source *source;	/* NULL: none yet */
};

/* Do it now: sweep, look for flows once more, let running flows be. */
void control_settle(struct control *c);
/* Do it when who waits for an answer has got it. */
void control_settle_later(struct control *c);
void control_settle_end(struct control *c);

#endif /* AGENT_CONTROL_CONTROL_SETTLE_H */
