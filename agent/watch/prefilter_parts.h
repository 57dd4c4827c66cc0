/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The prefilter from inside, for prefilter*.c only. */
#ifndef AGENT_WATCH_PREFILTER_PARTS_H
#define AGENT_WATCH_PREFILTER_PARTS_H

#include "agent/watch/prefilter.h"

#include <stdbool.h>

/* A list that grows; elements of one size. */
struct prefilter_list {
	void *items;
	size_t n, room;
};

/* 0 or -ENOMEM. */
int prefilter_add(struct prefilter_list *l, size_t size, const void *item);

/* Sort, and keep one of equals. */
void prefilter_unique(struct prefilter_list *l, size_t size,
    int (*compare)(const void *, const void *));

struct prefilter {
	struct prefilter_source from;
	struct tap_policy policy;
	struct prefilter_list boxes;	/* const struct box *: of which packets can be ours */
	struct prefilter_list src, dst;	/* struct ip_range: of boxes, sorted */
	struct prefilter_list matches;	/* struct service_match: of boxes, sorted */
	struct prefilter_list prefixes;	/* struct tap_policy_prefix */
	struct prefilter_list classes;	/* struct tap_class */
	struct prefilter_list services;	/* struct tap_services */
	struct prefilter_list keys, values;	/* struct tap_box_key, tap_box */
	struct prefilter_list macs;	/* struct tap_mac */
	struct prefilter_list counters;	/* struct tap_counter */
	struct tap_ports ports[2];
	size_t left_out;
};

/* Number of an element of a sorted list of different ones. */
uint32_t prefilter_number(const struct prefilter_list *l, size_t size, const void *item,
    int (*compare)(const void *, const void *));

/* What the box's service asks of a packet; all ports where it looks at none. */
struct service_match prefilter_match(const struct box *b);

int prefilter_compare_ranges(const void *a, const void *b);
int prefilter_compare_matches(const void *a, const void *b);

/* prefilter_places.c, prefilter_services.c, prefilter_boxes.c: 0 or negative errno. */
int prefilter_make_places(struct prefilter *p);		/* prefixes, classes, macs */
int prefilter_make_services(struct prefilter *p);	/* services, ports */
int prefilter_make_boxes(struct prefilter *p);		/* keys, values, counters */

#endif /* AGENT_WATCH_PREFILTER_PARTS_H */
