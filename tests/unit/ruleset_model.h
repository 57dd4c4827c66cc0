/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel for ruleset changes: it takes the steps of a change list one by one,
 * and refuses what nf_tables would refuse.
 */
#ifndef TESTS_RULESET_MODEL_H
#define TESTS_RULESET_MODEL_H

#include "rules/ruleset_diff.h"

/* A copy, sorted; NULL gives an empty ruleset. */
struct ruleset *model_new(const struct ruleset *r);

/*
 * Take every step of a list. NULL, or the first refusal as a static sentence.
 * in_use: interval sets and chains of this ruleset must not be touched (what
 * runs, while a change is staged); NULL for the flip.
 */
const char *model_take(struct ruleset *m, const struct change_list *list,
    const struct ruleset *in_use);

/* True when no set, chain or counter that something names is missing. */
bool model_whole(const struct ruleset *m);

#endif /* TESTS_RULESET_MODEL_H */
