/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When our table is changed again and again, putting it back again and again helps the
 * one who does it: between two repairs packets get through, and the gate burns its
 * processor. So after a few strikes in short succession it stays shut, for a time that
 * grows while the strikes go on, and opens when it was quiet that long. Pure.
 */
#ifndef AGENT_CONTROL_STORM_H
#define AGENT_CONTROL_STORM_H

#include <stdbool.h>
#include <stdint.h>

/* An administrator who tries things, or a tool that runs twice, stays below it. */
#define STORM_STRIKES		8u
#define STORM_WINDOW_US		4000000u
/* Quiet that is asked for: at first, and at most. */
#define STORM_QUIET_US		2000000u
#define STORM_QUIET_MOST_US	300000000u
/* After so long without a strike it begins with the first again. */
#define STORM_FORGET_US		600000000u

enum storm_step {
	STORM_CALM = 0,		/* not shut */
	STORM_WAIT,		/* shut; nothing new */
	STORM_ALARM,		/* shut, and an interval with strikes is over: tell */
	STORM_OVER,		/* it was quiet: open again */
};

/* All zero at first. Times are those of one clock that never goes back. */
struct storm {
	uint64_t strikes[STORM_STRIKES];	/* when, oldest first; 0: none */
	uint64_t last;				/* strike */
	uint64_t quiet;				/* asked for; 0: the first */
	uint64_t interval;			/* the present one's begin */
	uint64_t in_interval, in_all;		/* strikes, of this storm */
	bool shut;
};

/* n strikes at once. True when the gate must stay shut now; "shut" says if it did before. */
bool storm_strike(struct storm *s, uint64_t now, uint32_t n);

/* Call it now and then. *strikes: of the interval that ended, or of the whole storm. */
enum storm_step storm_tick(struct storm *s, uint64_t now, uint64_t *strikes);

#endif /* AGENT_CONTROL_STORM_H */
