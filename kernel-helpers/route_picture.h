/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the kernel would send packets, and by which rules it picks its tables. */
#ifndef KERNEL_HELPERS_ROUTE_PICTURE_H
#define KERNEL_HELPERS_ROUTE_PICTURE_H

#include "rules/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A gateway between zones has tens; beyond this the rest is told as not looked at. */
#define ROUTE_PICTURE_MOST	16384u
#define ROUTE_PICTURE_RULES	256u

/* One way of one route: a route with several next hops is several entries. */
struct route_entry {
	struct ip_prefix to;
	uint32_t interface;		/* index; 0: none */
	uint32_t table;
};

struct route_rule {
	enum ip_family family;
	uint32_t priority, table;
	uint8_t action;			/* FR_ACT_* */
	bool standard;			/* one of those that every kernel begins with */
};

struct route_picture {
	struct route_entry routes[ROUTE_PICTURE_MOST];
	size_t n;
	struct route_rule rules[ROUTE_PICTURE_RULES];
	size_t n_rules;
	bool cut;
};

/* By a socket of rtnl_open(). 0 or negative errno; then what is there may lack some. */
int route_picture_take(int fd, struct route_picture *p);

/* The parsers, one message each. Pure. */
void route_picture_route(void *picture, uint16_t type, const uint8_t *body, size_t length);
void route_picture_rule(void *picture, uint16_t type, const uint8_t *body, size_t length);

#endif /* KERNEL_HELPERS_ROUTE_PICTURE_H */
