/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of policy_diff and by nobody else. */
#ifndef RULES_POLICY_DIFF_INTERNAL_H
#define RULES_POLICY_DIFF_INTERNAL_H

#include "rules/policy_diff.h"

/*
 * Comparisons that one difference may take in all, some tenths of a second: two permits
 * of 10,000 boxes each that share none would take 10^8. Beyond it "changed" is said.
 */
#define DIFF_BUDGET 50000000u

/* So many regions are looked for, each among all others, between two looks at who waits. */
#define DIFF_MEANWHILE 64u

/* A permit of one policy, what it opens between which zones, sorted by pair. */
struct diff_regions {
	struct region *items;
	size_t *pairs;			/* of each */
	size_t n;
};

struct diff_side {
	const struct checked *c;	/* NULL: nothing runs */
	struct diff_regions *permits;
	size_t *partner;		/* the same permit on the other side, or NO_PARTNER */
};

#define NO_PARTNER ((size_t)-1)

struct diff_work {
	struct diff_side old, new;
	const char **zones;		/* names of both; "self" is the last */
	size_t n_zones;
	size_t budget;
	void (*meanwhile)(void *arg);	/* NULL: nobody waits */
	void *arg;
	struct policy_diff *out;
};

/* policy_diff_sides.c: names of all zones, "self" the last. 0 or -ENOMEM. */
int diff_zones(struct diff_work *w);
/* What each permit opens; none has a partner yet. Frees also what is half read. */
int diff_read_side(const struct diff_work *w, struct diff_side *side);
void diff_free_side(struct diff_side *side);

/* policy_diff_match.c: the partners of both sides. 0 or -ENOMEM. */
int diff_match(struct diff_work *w);

/* policy_diff_places.c: zones, segments, networks, bindings, detectors. 0 or -ENOMEM. */
int diff_places(struct diff_work *w);

/* policy_diff_order.c: permits whose changed place matters. 0 or -ENOMEM. */
int diff_order(struct diff_work *w);

/* Append a change; from and to are set from item->pair. 0 or -ENOMEM. */
int diff_add_permit(struct diff_work *w, const struct policy_diff_permit *item);
int diff_add_place(struct diff_work *w, const struct policy_diff_place *item);

/* A change of permit "i" of the new policy in every pair of zones that it opens. */
int diff_add_everywhere(struct diff_work *w, const struct diff_side *side, size_t i,
    const struct policy_diff_permit *item);

#endif /* RULES_POLICY_DIFF_INTERNAL_H */
