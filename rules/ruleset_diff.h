/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the ruleset that runs to the one that should: which objects to stage
 * (batch A: new, referenced by nothing that runs), which to flip (batch B: one
 * generation step), which to drop with the flip.
 *
 * Exact sets and verdict maps change in place within B, hash sets follow the
 * generation bit. Interval maps and leaf chains are replaced under a new
 * version. Base and other unversioned chains get all their rules replaced in B.
 */
#ifndef RULES_RULESET_DIFF_H
#define RULES_RULESET_DIFF_H

#include "rules/ruleset.h"

/* Why two rulesets are not the same: first difference, as a sentence. */
struct ruleset_mismatch {
	char text[512];
	struct origin origin;		/* of the wanted object, if it has one */
};

/*
 * Compare contents: counters' values, handles, origins, comments of objects
 * and contents of dynamic sets do not count; versions do. Both must be sorted.
 */
bool ruleset_equal(const struct ruleset *want, const struct ruleset *have,
    struct ruleset_mismatch *why);

/*
 * Give the versioned objects of "target" their versions: that of "running"
 * where the content is the same, else one above it. "running" NULL: 1.
 */
void ruleset_settle(struct ruleset *target, const struct ruleset *running);

enum change_kind {
	CHANGE_ADD_TABLE = 0,
	CHANGE_ADD_COUNTER, CHANGE_ADD_SET, CHANGE_ADD_ELEMENTS, CHANGE_ADD_CHAIN,
	CHANGE_ADD_RULES,		/* all rules of "chain" */
	CHANGE_DELETE_ELEMENTS,
	CHANGE_FLUSH_CHAIN,		/* delete all its rules */
	CHANGE_DELETE_CHAIN, CHANGE_DELETE_SET, CHANGE_DELETE_COUNTER,
};

/* Pointers borrow from target (adds) or running (deletes). */
struct change {
	enum change_kind kind;
	const struct ruleset_counter *counter;
	const struct ruleset_set *set;
	const struct ruleset_chain *chain;
	const size_t *elements;		/* indices into set->elements; NULL: all of them */
	size_t n_elements;
};

struct change_list {
	struct change *items;
	size_t count;
	size_t **owned;			/* the element index arrays */
	size_t n_owned;
};

struct ruleset_change {
	struct change_list stage;	/* may be empty: then the flip alone is atomic */
	struct change_list flip;
	size_t elements_added, elements_removed;
};

/*
 * Both settled and sorted; running NULL: no table. Every list is in the order
 * the kernel needs. The caller frees with ruleset_change_free().
 * NULL with errno ENOMEM.
 */
struct ruleset_change *ruleset_diff(const struct ruleset *running,
    const struct ruleset *target);
void ruleset_change_free(struct ruleset_change *c);
bool ruleset_change_empty(const struct ruleset_change *c);

#endif /* RULES_RULESET_DIFF_H */
