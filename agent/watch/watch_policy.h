/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One policy as the watcher holds it: model, judge, and the places of its segments. */
#ifndef AGENT_WATCH_WATCH_POLICY_H
#define AGENT_WATCH_WATCH_POLICY_H

#include "agent/watch/places.h"
#include "kernel-helpers/tap.h"
#include "rules/classifier.h"
#include "rules/cutoff_judge.h"
#include "rules/limits.h"

#include <stddef.h>

struct watch_policy {
	struct checked *checked;
	struct classifier *classifier;
	uint16_t place[LIMIT_SEGMENTS];		/* by segment */
	uint16_t segment_of_tap[LIMIT_SEGMENTS];	/* by interface of the tap set */
	struct ip_addr *own;			/* the gateway's, as they were given */
	size_t n_own;
	struct cutoff_judge *cut;		/* NULL: nothing is cut off */
	int64_t cut_since_ns;			/* CLOCK_REALTIME, of frames */
};

/*
 * Parse, check and build from printed text. What is cut off may stand behind it, with a
 * NUL between them (rules/cutoff_text.h). taps: NULL when nothing is tapped.
 * NULL with errno and a sentence in why; -ENOSPC of places_learn() included.
 */
struct watch_policy *watch_policy_new(const char *text, size_t length,
    const struct ip_addr *own, size_t n_own, struct places *places,
    const struct tap_set *taps, char *why, size_t why_size);

/* The same around a checked policy, which is taken over (freed on failure too). */
struct watch_policy *watch_policy_of(struct checked *checked, const struct ip_addr *own,
    size_t n_own, struct places *places, const struct tap_set *taps);

void watch_policy_free(struct watch_policy *p);	/* accepts NULL */

/* From since_ns on (of frames, CLOCK_REALTIME) these are cut off. 0 or -ENOMEM. */
int watch_policy_cut(struct watch_policy *p, const struct cut_parts *parts,
    int64_t since_ns);

/* The place of a segment, SEGMENT_SELF or SEGMENT_NONE. */
uint16_t watch_policy_place(const struct watch_policy *p, uint16_t segment);

/* The id of a judgement's permit; "" for none. */
const char *watch_policy_permit(const struct watch_policy *p, const struct judgement *j);

/*
 * Give the taps' filter this policy as it is in force now; *until_ns
 * (CLOCK_MONOTONIC) is when it has to be given anew. What the policy before
 * counted goes to leaving(). 0 or negative errno: then the filter has none.
 */
int watch_policy_set_filter(const struct watch_policy *p, struct tap_set *taps,
    tap_on_permitted *leaving, void *arg, int64_t *until_ns);

#endif /* AGENT_WATCH_WATCH_POLICY_H */
