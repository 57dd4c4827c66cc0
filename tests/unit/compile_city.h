/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A checked policy by hand, for the tests of the compiler. */
#ifndef TESTS_COMPILE_CITY_H
#define TESTS_COMPILE_CITY_H

#include "rules/checked.h"

#define CITY_SEGMENTS 4u	/* each a zone of its own; the last is called "self" */
#define CITY_PERMITS 12u
#define CITY_BOXES 40u

/* Everything points into this struct. */
struct city {
	struct checked checked;
	struct checked_zone zones[CITY_SEGMENTS];
	struct checked_segment segments[CITY_SEGMENTS];
	struct checked_permit permits[CITY_PERMITS];
	char ids[CITY_PERMITS][8];
	struct box boxes[CITY_BOXES];
	enum refusal refusals[CITY_SEGMENTS * CITY_SEGMENTS];
	uint16_t pair_numbers[CITY_SEGMENTS * CITY_SEGMENTS];
};

/* No permits yet; the pair (in, out) has the number 1 + in * CITY_SEGMENTS + out. */
void city_init(struct city *c);

/* One more permit, T000, T001, ..., numbered from 100, on lines from 10. */
struct checked_permit *city_permit(struct city *c);

/* A box of the last permit: everything from segment 0 to 1, until narrowed. */
struct box *city_box(struct city *c, enum ip_family family);

#endif /* TESTS_COMPILE_CITY_H */
