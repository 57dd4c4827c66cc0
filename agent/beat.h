/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sign of life of a process: a page that it shares with the keeper and with
 * nobody else. Its event loop counts up in it; the keeper looks whether the number
 * changes. A page, not a message: it needs no room in a queue and no turn in a
 * loop. Whatever stands in it, the keeper only compares it.
 */
#ifndef AGENT_BEAT_H
#define AGENT_BEAT_H

#include <stdatomic.h>
#include <stdint.h>

struct beat {
	_Atomic uint64_t count;
	_Atomic int32_t landlock;	/* what privilege_become() returned */
};

/* Shared with children that are forked later; NULL with errno. */
struct beat *beat_new(void);
/* Out of this process's sight; NULL is fine. */
void beat_forget(struct beat *b);

/* From the loop of the process, at least once a second. NULL is fine. */
void beat_strike(struct beat *b);

#endif /* AGENT_BEAT_H */
