/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boxes from one address to one address with one service, found by hash. Part
 * of the classifier: only rules/classifier*.c include this.
 */
#ifndef RULES_CLASSIFIER_EXACT_H
#define RULES_CLASSIFIER_EXACT_H

#include "rules/classifier_index.h"

struct exact_index;

/* True when the box belongs here. */
bool exact_takes(const struct box *b);

/* All boxes that exact_takes(). NULL with errno ENOMEM. Borrows the checked policy. */
struct exact_index *exact_index_new(const struct checked *checked);
void exact_index_free(struct exact_index *x);

/* As permit_index_expect(). */
void exact_index_expect(const struct exact_index *x, const struct facts *f);

/* Merge what these boxes say into *a. */
void exact_index_find(const struct exact_index *x, const struct index_query *q,
    enum index_depth depth, int64_t now, struct index_answer *a);

#endif /* RULES_CLASSIFIER_EXACT_H */
