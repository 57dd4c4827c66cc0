/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree over cubes, to find those that meet a cube and come before it.
 *
 * Every node knows the smallest cube around its members, the earliest of them
 * and the highest level given so far: a search skips what lies elsewhere, comes
 * later, or cannot raise its result.
 */
#ifndef RULES_COMPILE_INDEX_H
#define RULES_COMPILE_INDEX_H

#include "rules/compile_boxes.h"

struct cube_index;

/* Borrows the cubes; their order in the array is their order in time. NULL: ENOMEM. */
struct cube_index *cube_index_new(const struct cube *cubes, size_t count);
void cube_index_free(struct cube_index *x);	/* accepts NULL */

/* True when one earlier cube holds cube "at" whenever it is in force. */
bool cube_index_covered(const struct cube_index *x, size_t at);

/* True when an earlier cube, always in force with it, meets cube "at". */
bool cube_index_overlaps(const struct cube_index *x, size_t at);

/* The lowest level that cube "at" may have; the earlier ones have theirs. */
uint32_t cube_index_level(const struct cube_index *x, size_t at);
void cube_index_set_level(struct cube_index *x, size_t at, uint32_t level);

/*
 * Cube "at" less every earlier cube that is always in force with it; pieces
 * are added to "out". 0, -ENOMEM or -E2BIG (more than limit on the way).
 */
int cube_index_cut(const struct cube_index *x, size_t at, size_t limit,
    struct cube_list *out);

#endif /* RULES_COMPILE_INDEX_H */
