/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of changes in parts of a bounded number of elements, for a reader that must not
 * be kept by one large batch. An exact set is cut anywhere; an interval set goes whole,
 * since the kernel copies it for every batch that adds to it (nft_pipapo_clone()).
 */
#ifndef RULES_RULESET_BATCHES_H
#define RULES_RULESET_BATCHES_H

#include "rules/ruleset_diff.h"

struct ruleset_batches {
	const struct change_list *list;	/* borrowed */
	size_t most;			/* elements of one batch */
	size_t item, element;		/* the next to go, and of it the next one */
	size_t *numbers;		/* 0, 1, 2, ... for a change of all elements */
	struct change *batch;
};

/* 0 or -ENOMEM. The caller ends it in any case but that one. */
int ruleset_batches_begin(struct ruleset_batches *b, const struct change_list *list,
    size_t most);
/* The next one, valid until the one after it; false when all have been given. */
bool ruleset_batches_next(struct ruleset_batches *b, struct change_list *out);
/* How many items of the list were given, the last one perhaps in part. */
size_t ruleset_batches_begun(const struct ruleset_batches *b);
void ruleset_batches_end(struct ruleset_batches *b);

#endif /* RULES_RULESET_BATCHES_H */
