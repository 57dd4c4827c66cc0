/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small rulesets of our shape, at random: much alike, so that changes overlap. */
#ifndef TESTS_RANDOM_RULESET_H
#define TESTS_RANDOM_RULESET_H

#include "rules/ruleset.h"

/* Maps have sources 10.0.0.0 to .4; of host i the ports i << 8 and one above. */
#define RANDOM_HOSTS	5
/* When lookups that are not always in force are. */
#define RANDOM_SINCE	100
#define RANDOM_UNTIL	200

/* xorshift64: the same rulesets in every run. */
struct dice {
	uint64_t state;
};

uint32_t roll(struct dice *d, uint32_t sides);

/*
 * Leaf chains "l0" to "l3", each with some of the maps "l0-x4", "-px4" (exact;
 * with and without port), "-r4", "-p4" (interval), with "-t" at the end when not
 * always in force; "pairs" leads to them by the key "e0" to "e3". Sorted, not
 * settled.
 */
struct ruleset *random_ruleset(struct dice *d);

#endif /* TESTS_RANDOM_RULESET_H */
