/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often each permit was used, month by month: what the gate's named counters grew by,
 * kept for 16 months so that last month's report still sees 13 back. Counters
 * survive a reload, but neither a restart of the machine nor a table made anew: the last
 * value of each is kept beside the sums. One text, a line a permit.
 *
 * A counter counts openings: packets of running flows take the short way past it.
 */
#ifndef AGENT_HITS_H
#define AGENT_HITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HITS_FILE	"hits"
#define HITS_MONTHS	16u
#define HITS_PERMITS	65535u		/* numbers of permits end there */
#define HITS_NAME	64u
#define HITS_BOOT	40u
/* What all permits at their longest can take. */
#define HITS_BYTES	((size_t)32 << 20)

struct hits_permit {
	char id[HITS_NAME];
	uint32_t since;			/* first day it was seen, 20261122 */
	uint32_t last;			/* last day with a hit; 0: none yet */
	uint64_t counter;		/* of the kernel, at the last look */
	uint64_t months[HITS_MONTHS];	/* openings; [0] is the month of struct hits */
	bool seen;			/* by the look that runs */
};

struct hits {
	uint32_t since;			/* first day that was counted; 0: none */
	uint32_t day;			/* of the last look */
	char boot[HITS_BOOT];		/* in which boot that was */
	struct hits_permit *permits;	/* sorted by id, but for: */
	size_t n, room;
	size_t sorted;			/* what a look added stands behind so many */
};

void hits_free(struct hits *h);		/* ready to be used again */

/* What hits_print() made; 0, -EBADMSG for anything else, -ENOMEM. */
int hits_parse(struct hits *h, const char *text, size_t length);
/* malloc(3)ed; NULL: no memory. */
char *hits_print(const struct hits *h, size_t *length);

/*
 * A look at the counters on a day: begin, each permit's counter, end. Permits that
 * were not seen and had no hit in any month that is kept are forgotten at the end. A day
 * before the last one (the clock went back) counts to the last one.
 */
void hits_begin(struct hits *h, uint32_t day, const char *boot);
int hits_take(struct hits *h, const char *id, uint64_t counter);
void hits_end(struct hits *h);

const struct hits_permit *hits_find(const struct hits *h, const char *id);

/* Which column holds the month of a day; HITS_MONTHS or more: none does. */
uint32_t hits_month(const struct hits *h, uint32_t day);

#endif /* AGENT_HITS_H */
