/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boxes of one segment pair and family that need ranges, found by bit vectors.
 * Part of the classifier: only rules/classifier*.c include this.
 */
#ifndef RULES_CLASSIFIER_RANGES_H
#define RULES_CLASSIFIER_RANGES_H

#include "rules/classifier_index.h"

#include <stddef.h>

struct range_index;

/*
 * "ids" are indexes of boxes, ascending; taken over when the result is not
 * NULL. NULL with errno ENOMEM. Borrows the checked policy.
 */
struct range_index *range_index_new(
    const struct checked *checked, uint32_t *ids, size_t n);
void range_index_free(struct range_index *x);

/* Merge what these boxes say into *a. */
void range_index_find(const struct range_index *x, const struct index_query *q,
    enum index_depth depth, int64_t now, struct index_answer *a);

#endif /* RULES_CLASSIFIER_RANGES_H */
