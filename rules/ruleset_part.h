/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A few objects of a large ruleset, to change them without touching the rest. */
#ifndef RULES_RULESET_PART_H
#define RULES_RULESET_PART_H

#include "rules/ruleset.h"

typedef bool ruleset_wants(const struct object_name *name);

/* Copies of the sets and chains that are wanted, sorted. NULL: ENOMEM. */
struct ruleset *ruleset_part(const struct ruleset *r, ruleset_wants *wants);

/*
 * Replace what is wanted in r by what stands in the part, which may lack some and have
 * others; r is sorted then. 0, or -ENOMEM with r of no use any more.
 */
int ruleset_put_part(struct ruleset *r, const struct ruleset *part, ruleset_wants *wants);

/* What the counters of r stood at when "counted" was read, of the same names. Both sorted. */
void ruleset_take_counts(struct ruleset *r, const struct ruleset *counted);

#endif /* RULES_RULESET_PART_H */
