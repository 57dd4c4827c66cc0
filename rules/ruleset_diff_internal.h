/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of ruleset_diff share. Not for others. */
#ifndef RULES_RULESET_DIFF_INTERNAL_H
#define RULES_RULESET_DIFF_INTERNAL_H

#include "rules/ruleset_diff.h"

struct moved;

struct differ {
	const struct ruleset *running, *target;
	struct ruleset_change *change;
	struct moved *moved;		/* NULL: nothing is left for a sweep */
	bool failed;
	struct change nowhere;		/* takes what is written once something failed */
};

/* An array of indices that the list owns; freed with it. */
struct indices {
	size_t *items;
	size_t count;
};

/*
 * ruleset_diff_steps.c: append a step to a list. Without memory d->failed is set, and
 * what is written goes to nowhere.
 */
struct change *push_step(struct differ *d, struct change_list *list, enum change_kind kind);
void push_counter(struct differ *d, struct change_list *list, enum change_kind kind,
    const struct ruleset_counter *counter);
void push_set(struct differ *d, struct change_list *list, enum change_kind kind,
    const struct ruleset_set *set);
void push_chain(struct differ *d, struct change_list *list, enum change_kind kind,
    const struct ruleset_chain *chain);
/* All that the set has, all rules of the chain; no step where there is none. */
void push_all_elements(struct differ *d, struct change_list *list,
    const struct ruleset_set *set);
void push_rules(struct differ *d, struct change_list *list,
    const struct ruleset_chain *chain);
/* These of its elements; takes x over. NULL when there is nothing to push, or no memory. */
struct change *push_some_elements(struct differ *d, struct change_list *list,
    enum change_kind kind, const struct ruleset_set *set, const struct indices *x);
void push_index(struct differ *d, struct indices *x, size_t index);

/* ruleset_diff_elements.c: from the one to the other, both sorted and of one type. */
void change_elements(struct differ *d, struct change_list *list,
    const struct ruleset_set *have, const struct ruleset_set *want);

#endif /* RULES_RULESET_DIFF_INTERNAL_H */
