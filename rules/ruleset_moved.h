/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elements that leave an exact map while another map of the same leaf goes on
 * permitting all of their packets: they moved, and may stay a moment longer.
 */
#ifndef RULES_RULESET_MOVED_H
#define RULES_RULESET_MOVED_H

#include "rules/ruleset.h"

struct moved;

/*
 * Looks at chains of openings alone that "target" replaces by another version, or that get
 * other rules. Both sorted and settled, and borrowed until moved_free(). NULL: ENOMEM.
 */
struct moved *moved_new(const struct ruleset *running, const struct ruleset *target);
void moved_free(struct moved *m);	/* accepts NULL */

/*
 * Element i of "have" is gone from "want", the same map of the target. The
 * element of the target that permits all its packets, whenever "want" is looked
 * up; the first in the order of rules. NULL when there is none for certain.
 */
const struct element *moved_to(struct moved *m, const struct ruleset_set *want,
    const struct ruleset_set *have, size_t i);

#endif /* RULES_RULESET_MOVED_H */
