/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boxes of one segment pair and family, made disjoint, first permit first.
 *
 * All forms of services are one space of five dimensions (protocol, source,
 * destination, source port or ICMP type and code, destination port): a service
 * that does not look at a dimension spans all of it. From each box everything
 * is cut away that an earlier permit takes whenever the box is in force; what
 * is left is told in the narrowest table form that holds it.
 *
 * Permits of different validity windows cannot be cut from each other where
 * the earlier one is not always in force while the later one is. There the
 * later one goes to a higher level, and levels are looked up in order:
 *
 *	level(B) > level(A)  for A before B, A and B meet, their windows meet,
 *			     and A's window does not hold B's
 *
 * Within one level, pieces that meet have windows that do not, so the order of
 * the tables of a level does not matter.
 */
#ifndef RULES_COMPILE_BOXES_H
#define RULES_COMPILE_BOXES_H

#include "rules/address.h"
#include "rules/checked.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Cutting goes dimension by dimension in this order. Protocol is first, so a
 * piece that spans many protocols always spans all ports.
 */
enum cube_dim {
	CUBE_PROTOCOL = 0, CUBE_SOURCE, CUBE_DESTINATION, CUBE_SPORT, CUBE_DPORT,
	CUBE_DIMS
};

/* When a permit is in force: since inclusive, until exclusive. */
struct window {
	int64_t since, until;		/* INT64_MIN, INT64_MAX: no bound */
};

struct cube {
	ip_value first[CUBE_DIMS], last[CUBE_DIMS];	/* inclusive */
	struct window window;
	uint32_t permit;		/* index into permits */
	uint32_t level;
	enum ip_family family;
};

struct cube_list {
	struct cube *items;
	size_t count, capacity;
};

/* 0 or -ENOMEM. */
int cube_list_add(struct cube_list *list, const struct cube *c);
void cube_list_free(struct cube_list *list);

/* True when they have a point in common; windows aside. */
bool cube_meets(const struct cube *a, const struct cube *b);
/* True when "outer" has every point of "inner"; windows aside. */
bool cube_holds(const struct cube *outer, const struct cube *inner);

bool window_meets(const struct window *a, const struct window *b);
bool window_holds(const struct window *outer, const struct window *inner);
/*
 * The window of a permit as the kernel's clock can tell it (nanoseconds in 63
 * bits: 1970 to 2262). False when it is never in force.
 */
bool window_of(const struct checked_permit *p, struct window *out);

/*
 * Cut and level the boxes c->boxes[boxes[0..n-1]], all of one family, in
 * ascending order; boxes of permits that are never in force are left out. The
 * pieces are added to "out". 0, -ENOMEM, or -E2BIG when there would be more
 * than "limit" pieces; *culprit is then the permit that went over.
 */
int boxes_disjoint(const struct checked *c, const uint32_t *boxes, size_t n, size_t limit,
    struct cube_list *out, uint32_t *culprit);

#endif /* RULES_COMPILE_BOXES_H */
