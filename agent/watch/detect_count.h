/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting within a sliding window, in fixed memory: amounts, and different
 * things. Both keep the window that runs and the one before; of the one before
 * counts as much as still reaches into the last "window" nanoseconds, as if it
 * had been spread evenly. So a burst over a window's edge is seen whole, and a
 * steady trickle counts once.
 *
 * Different things are counted by a bitmap (linear counting: Whang, Vander-Zanden,
 * Taylor 1990): exact but for collisions. Of 25 things 0.3 are missed on average
 * and the estimate corrects for that; the standard error is 1.5 % at 100, 2 % at
 * 1,000 and 5 % at 4,000, where the count ends.
 */
#ifndef AGENT_WATCH_DETECT_COUNT_H
#define AGENT_WATCH_DETECT_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISTINCT_BITS	1024u
#define DISTINCT_MOST	4000u	/* a limit above is taken as this */

/* What so many set bits stand for. */
struct distinct_scale {
	uint32_t of[DISTINCT_BITS + 1];
};

/* Bits of few things, before there is a bitmap of them. */
#define DISTINCT_FEW	15u

/*
 * With its first DISTINCT_CLEAR bytes cleared: nothing counted yet. Most keys have few
 * things for ever, and then the bitmaps are not touched: a scan is sought among ten
 * thousand that are none.
 */
struct distinct {
	int64_t start_ns;
	uint32_t n_now, n_only_before;		/* bits */
	uint16_t few[DISTINCT_FEW];		/* n_now of them, unless "many" */
	bool many;				/* bitmaps hold them */
	uint64_t now[DISTINCT_BITS / 64], before[DISTINCT_BITS / 64];
};

#define DISTINCT_CLEAR	offsetof(struct distinct, now)

struct amount {
	int64_t start_ns;
	uint64_t now, before;
};

void distinct_scale_init(struct distinct_scale *s);

/*
 * One more, by a keyed hash of it; true when it is new in the window that runs.
 * now_ns: never going back; window_ns: > 0.
 */
bool distinct_add(struct distinct *d, uint64_t hash, int64_t now_ns, int64_t window_ns);

/* How many in the last window_ns, at the time of the last distinct_add(). */
uint32_t distinct_count(const struct distinct *d, const struct distinct_scale *s,
    int64_t now_ns, int64_t window_ns);

/* Add, and how much it is in the last window_ns now. Saturates. */
uint64_t amount_add(struct amount *a, uint64_t more, int64_t now_ns, int64_t window_ns);

#endif /* AGENT_WATCH_DETECT_COUNT_H */
