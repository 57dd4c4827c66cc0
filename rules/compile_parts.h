/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disjoint pieces, each with the table that it goes to.
 *
 * A piece goes to the form that looks at no more than it must, so packets
 * without ports are found too. Pieces of single values go to hash maps, which
 * cost a packet the same at any size and change in place; the others to
 * interval maps. A small range is a few single values.
 */
#ifndef RULES_COMPILE_PARTS_H
#define RULES_COMPILE_PARTS_H

#include "rules/compile_boxes.h"

/* Which of the ports a table looks at. */
enum form {
	FORM_DPORT = 0,		/* x4, r4 */
	FORM_PROTOCOL,		/* px4, p4 */
	FORM_SPORT,		/* ix4, i4: source port, or ICMP type and code */
	FORM_BOTH,		/* sx4, s4 */
};

/* What one table holds; the sort order of rules. */
struct part {
	const struct cube *cube;
	uint32_t mark;
	enum form form;
	bool exact;
};

struct parts {
	struct part *items;
	size_t count;
};

bool form_looks_at(enum form form, int dim);

/* How many single tuples a piece holds; SIZE_MAX: more than are ever spread. */
size_t piece_tuples(const struct cube *c);

/*
 * Pieces of up to so many tuples of a leaf are told by single ones, so that "total"
 * is not exceeded. It is the same for large and small changes of a leaf, but where
 * it steps down or up; a single tuple always is one.
 */
size_t pieces_spread(const struct cube_list lists[], size_t n_lists, size_t total);

/* Sorted, parts of one table together; the pieces must outlive them. 0 or -ENOMEM. */
int parts_make(const struct checked *c, uint32_t pair, const struct cube_list *pieces,
    size_t spread, struct parts *out);
void parts_free(struct parts *parts);
bool parts_same_table(const struct part *x, const struct part *y);

#endif /* RULES_COMPILE_PARTS_H */
