/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cut-offs in the ruleset. Every gate has the chains "cutoff", "cutoff-input" and
 * "cutoff-output" and the sets that they look at, all empty: nothing leads to them, so
 * they cost nothing. While something is cut, the head of each base chain jumps there,
 * before what accepts running flows; only the look-ups that are needed stand in them.
 */
#ifndef RULES_CUTOFF_RULESET_H
#define RULES_CUTOFF_RULESET_H

#include "rules/cutoff.h"
#include "rules/ruleset.h"

/*
 * Make the ruleset cut off just these parts (tidy), whatever it cut off before. It may be
 * a whole one or the part below; sorted afterwards. 0; -ENOENT: it is none of ours; -ENOMEM.
 */
int cutoff_write(struct ruleset *r, const struct cut_parts *parts);

/* What a ruleset cuts off, tidy; for one that was read back. 0 or negative errno. */
int cutoff_read(const struct ruleset *r, struct cut_parts *out);

/* Does cutoff_write() look at this object: chains and sets of a gate. */
bool cutoff_concerns(const struct object_name *name);

#endif /* RULES_CUTOFF_RULESET_H */
