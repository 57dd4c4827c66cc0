/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is this packet cut off? By the segments of one policy, as fast as a packet wants it. */
#ifndef RULES_CUTOFF_JUDGE_H
#define RULES_CUTOFF_JUDGE_H

#include "rules/cutoff.h"

struct cutoff_judge;

/* parts tidy, copied; NULL with errno ENOMEM. */
struct cutoff_judge *cutoff_judge_new(const struct cut_parts *parts,
    const struct checked *checked);
void cutoff_judge_free(struct cutoff_judge *j);		/* accepts NULL */

/*
 * in, out: segment, SEGMENT_SELF or SEGMENT_NONE. Of the gateway's own packets only
 * the other end counts. Accepts NULL: nothing is cut.
 */
bool cutoff_judge_holds(const struct cutoff_judge *j, uint16_t in, uint16_t out,
    const struct ip_addr *src, const struct ip_addr *dst);

/* Is every packet between these two cut, whatever its addresses? Accepts NULL. */
bool cutoff_judge_holds_pair(const struct cutoff_judge *j, uint16_t in, uint16_t out);

const struct cut_parts *cutoff_judge_parts(const struct cutoff_judge *j);

#endif /* RULES_CUTOFF_JUDGE_H */
