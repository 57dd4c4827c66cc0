/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the ruleset that runs to the one that should, in three steps:
 *
 *   stage  new objects, referenced by nothing that runs;
 *   flip   one generation step: dispatch, rules of unversioned chains, elements
 *          of exact sets. From here on the new policy holds, and only it: what
 *          it revokes is revoked here;
 *   sweep  what the flip left without a way in: leaf chains and sets of the old
 *          ruleset, counters nobody wants, elements that only moved.
 *
 * Exact sets and verdict maps change in place, hash sets follow the generation
 * bit. Interval maps and leaf chains are replaced under a new version; so are exact
 * sets and maps of marks of which more changes than one flip should
 * (LIMIT_FLIP_ELEMENTS).
 *
 * Why the sweep: a packet that is inside an old leaf chain while the generation
 * flips goes on with the old rules, but every set shows it the new elements.
 * What both rulesets permit it must still find in the old tables. So an element
 * of an exact map stays until the sweep when another map of its leaf permits
 * all its packets now (ruleset_moved.h); it gets the mark of that map's element
 * in the flip. A change that replaces and removes no set and no chain, nor gives
 * a chain other maps to look up, needs no sweep.
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
 * where the content is the same, else one above it. "running" NULL: 1. Exact sets and
 * maps of marks: that of "running" where they can change in place, else one above; NULL: none.
 */
void ruleset_settle(struct ruleset *target, const struct ruleset *running);
/* With another number in place of LIMIT_FLIP_ELEMENTS. */
void ruleset_settle_within(struct ruleset *target, const struct ruleset *running,
    size_t flip_elements);

enum change_kind {
	CHANGE_ADD_TABLE = 0,
	CHANGE_ADD_COUNTER, CHANGE_ADD_SET, CHANGE_ADD_ELEMENTS, CHANGE_ADD_CHAIN,
	CHANGE_ADD_RULES,		/* all rules of "chain" */
	CHANGE_DELETE_ELEMENTS,
	CHANGE_FLUSH_CHAIN,		/* delete all its rules */
	CHANGE_DELETE_CHAIN, CHANGE_DELETE_SET, CHANGE_DELETE_COUNTER,
};

/* Pointers borrow from target (adds) or running (deletes); passing: from the change. */
struct change {
	enum change_kind kind;
	const struct ruleset_counter *counter;
	const struct ruleset_set *set;
	const struct ruleset_chain *chain;
	const size_t *elements;		/* indices into set->elements; NULL: all of them */
	size_t n_elements;
	bool passing;			/* added by the flip, deleted by the sweep */
};

struct change_list {
	struct change *items;
	size_t count;
	size_t **owned;			/* the element index arrays */
	size_t n_owned;
};

struct ruleset_change {
	struct change_list stage;	/* may be empty: then the flip alone is atomic */
	size_t staged;			/* of its items, those that were begun (nft_commit_stage()) */
	struct change_list flip;
	struct change_list sweep;	/* may be empty */
	struct ruleset **passing;	/* moved elements under their new marks */
	size_t n_passing;
	size_t elements_added, elements_removed;
};

/*
 * Both settled and sorted; running NULL: no table. Every list is in the order
 * the kernel needs. The caller frees with ruleset_change_free().
 * NULL with errno ENOMEM.
 */
struct ruleset_change *ruleset_diff(const struct ruleset *running,
    const struct ruleset *target);
/* With what settling found equal already: by the target's sets. */
struct ruleset_change *ruleset_diff_settled(const struct ruleset *running,
    const struct ruleset *target, const bool *same);
/* ruleset_settle() and ruleset_diff() in one, which compares no large set twice. */
struct ruleset_change *ruleset_settle_diff(struct ruleset *target,
    const struct ruleset *running);
void ruleset_change_free(struct ruleset_change *c);
bool ruleset_change_empty(const struct ruleset_change *c);

#endif /* RULES_RULESET_DIFF_H */
