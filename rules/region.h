/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a box opens, as a box in five dimensions: source, destination, protocol and both
 * ports, between two interfaces. Sets of them are compared exactly: whether what one
 * opens is all in the other, however they are cut.
 */
#ifndef RULES_REGION_H
#define RULES_REGION_H

#include "rules/checked.h"

/* ICMP: type << 8 | code stands in place of the source port. */
enum region_dimension {
	REGION_SRC = 0,
	REGION_DST,
	REGION_PROTOCOL,
	REGION_SPORT,
	REGION_DPORT,
	REGION_DIMENSIONS
};

struct region {
	ip_value first[REGION_DIMENSIONS], last[REGION_DIMENSIONS];	/* inclusive */
	enum ip_family family;
	const char *in, *out;		/* interfaces; NULL: the gateway itself */
};

struct region region_of_box(const struct checked *c, const struct box *b);

/* Order for sorting; 0: the same. */
int region_compare(const struct region *a, const struct region *b);

bool region_meet(const struct region *a, const struct region *b);

/*
 * True when the union of n regions holds all of r. *budget is what work it may take, in
 * comparisons. False also when that is used up, or r falls into too many pieces.
 */
bool region_covered(const struct region *r, const struct region *by, size_t n,
    size_t *budget);

/*
 * "10.0.0.0/24 -> 10.1.0.5 tcp/443". Returns out, which must hold REGION_TEXT_SIZE.
 */
#define REGION_TEXT_SIZE 320
const char *region_print(const struct region *r, char *out);

#endif /* RULES_REGION_H */
