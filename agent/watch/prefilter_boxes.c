/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boxes as keys of three numbers, each with the first permit that has it. */
#include "agent/watch/prefilter_parts.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	struct tap_box_key key;
	struct tap_counter counter;
};

static int
compare_keys(const struct tap_box_key *x, const struct tap_box_key *y)
{
	if (x->src != y->src)
		return x->src < y->src ? -1 : 1;
	if (x->dst != y->dst)
		return x->dst < y->dst ? -1 : 1;
	return (x->service > y->service) - (x->service < y->service);
}

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = compare_keys(&x->key, &y->key);

	if (order != 0)
		return order;
	return (x->counter.permit > y->counter.permit) -
	    (x->counter.permit < y->counter.permit);
}

static int
compare_counters(const void *a, const void *b)
{
	const struct tap_counter *x = a, *y = b;

	if (x->permit != y->permit)
		return x->permit < y->permit ? -1 : 1;
	if (x->in != y->in)
		return x->in < y->in ? -1 : 1;
	return (x->out > y->out) - (x->out < y->out);
}

static int
gather(struct prefilter *p, struct prefilter_list *entries)
{
	const struct box *const *boxes = p->boxes.items;
	int error = 0;

	for (size_t i = 0; error == 0 && i < p->boxes.n; i++) {
		const struct box *b = boxes[i];
		const struct service_match match = prefilter_match(b);
		struct entry e = {
			.counter = { p->from.tap_of_segment[b->in],
			    p->from.tap_of_segment[b->out], b->permit + 1 },
		};

		e.key.src = prefilter_number(&p->src, sizeof(b->src), &b->src,
		    prefilter_compare_ranges);
		e.key.dst = prefilter_number(&p->dst, sizeof(b->dst), &b->dst,
		    prefilter_compare_ranges);
		e.key.service = prefilter_number(&p->matches, sizeof(match), &match,
		    prefilter_compare_matches);
		error = prefilter_add(entries, sizeof(e), &e);
		if (error == 0)
			error = prefilter_add(&p->counters, sizeof(e.counter),
			    &e.counter);
	}
	if (entries->n > 0)
		qsort(entries->items, entries->n, sizeof(struct entry), compare_entries);
	prefilter_unique(&p->counters, sizeof(struct tap_counter), compare_counters);
	return error;
}

/* Permits behind the last counter are found, and so hide none, but not proven. */
static uint32_t
counter_of(const struct prefilter *p, const struct tap_counter *c)
{
	uint32_t number = prefilter_number(&p->counters, sizeof(*c), c, compare_counters);

	return number < TAP_MAX_COUNTERS ? number + 1 : 0;
}

int
prefilter_make_boxes(struct prefilter *p)
{
	struct prefilter_list entries = { 0 };
	int error = gather(p, &entries);
	const struct entry *e = entries.items;

	for (size_t i = 0; error == 0 && i < entries.n; i++) {
		struct tap_box box = { .permit = e[i].counter.permit };

		if (i > 0 && compare_keys(&e[i].key, &e[i - 1].key) == 0)
			continue;
		box.counter = counter_of(p, &e[i].counter);
		error = prefilter_add(&p->keys, sizeof(e[i].key), &e[i].key);
		if (error == 0)
			error = prefilter_add(&p->values, sizeof(box), &box);
	}
	if (p->counters.n > TAP_MAX_COUNTERS)
		p->counters.n = TAP_MAX_COUNTERS;
	free(entries.items);
	return error;
}
