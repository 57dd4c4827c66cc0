/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/prefilter.h"

#include "agent/watch/prefilter_parts.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS	1000000000ll
/* Longest tick of a kernel (HZ = 100): so much bpf_ktime_get_coarse_ns() may lag. */
#define COARSE_NS	10000000ll

int
prefilter_add(struct prefilter_list *l, size_t size, const void *item)
{
	if (l->n == l->room) {
		size_t room = l->room == 0 ? 64 : l->room * 2;
		void *items = realloc(l->items, room * size);

		if (items == NULL)
			return -ENOMEM;
		l->items = items;
		l->room = room;
	}
	memcpy((char *)l->items + l->n * size, item, size);
	l->n++;
	return 0;
}

void
prefilter_unique(struct prefilter_list *l, size_t size,
    int (*compare)(const void *, const void *))
{
	char *items = l->items;
	size_t kept = 1;

	if (l->n == 0)
		return;
	qsort(items, l->n, size, compare);
	for (size_t i = 1; i < l->n; i++) {
		if (compare(items + i * size, items + (kept - 1) * size) == 0)
			continue;
		memmove(items + kept * size, items + i * size, size);
		kept++;
	}
	l->n = kept;
}

uint32_t
prefilter_number(const struct prefilter_list *l, size_t size, const void *item,
    int (*compare)(const void *, const void *))
{
	const char *found = bsearch(item, l->items, l->n, size, compare);

	return (uint32_t)((size_t)(found - (const char *)l->items) / size);
}

int
prefilter_compare_ranges(const void *a, const void *b)
{
	return address_range_compare(a, b);
}

/* Of a service only what TCP and UDP packets are asked for. */
int
prefilter_compare_matches(const void *a, const void *b)
{
	const struct service_match *x = a, *y = b;
	int one[] = { x->protocol_any, x->protocol_any ? 0 : x->protocol,
		x->sport_first, x->sport_last, x->dport_first, x->dport_last };
	int other[] = { y->protocol_any, y->protocol_any ? 0 : y->protocol,
		y->sport_first, y->sport_last, y->dport_first, y->dport_last };

	for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++)
		if (one[i] != other[i])
			return one[i] < other[i] ? -1 : 1;
	return 0;
}

static bool
tapped(const struct prefilter *p, uint16_t segment)
{
	return segment < p->from.checked->n_segments &&
	    p->from.tap_of_segment[segment] >= 0;
}

/* Can a TCP or UDP packet between two taps lie in it? */
static bool
concerns_us(const struct prefilter *p, const struct box *b)
{
	const struct service_match *s = &b->service;

	/* The answers to what it permits go the other way. */
	if (cutoff_judge_holds_pair(p->from.cut, b->in, b->out) ||
	    cutoff_judge_holds_pair(p->from.cut, b->out, b->in))
		return false;
	return tapped(p, b->in) && tapped(p, b->out) && s->form != SERVICE_ICMP &&
	    (s->protocol_any || s->protocol == IPPROTO_TCP || s->protocol == IPPROTO_UDP);
}

struct service_match
prefilter_match(const struct box *b)
{
	struct service_match m = b->service;

	if (m.form != SERVICE_PORTS) {
		m.sport_first = m.dport_first = 0;
		m.sport_last = m.dport_last = UINT16_MAX;
	}
	return m;
}

static int
gather_box(struct prefilter *p, const struct box *b)
{
	const struct service_match match = prefilter_match(b);
	int error = prefilter_add(&p->boxes, sizeof(b), &b);

	if (error == 0)
		error = prefilter_add(&p->src, sizeof(b->src), &b->src);
	if (error == 0)
		error = prefilter_add(&p->dst, sizeof(b->dst), &b->dst);
	if (error == 0)
		error = prefilter_add(&p->matches, sizeof(match), &match);
	return error;
}

/* Boxes of permits in force, whole permits, as long as they have room. */
static int
gather_boxes(struct prefilter *p)
{
	const struct checked *c = p->from.checked;
	int error = 0;

	for (size_t i = 0; error == 0 && i < c->n_permits; i++) {
		const struct checked_permit *permit = &c->permits[i];

		if (!checked_permit_in_force(permit, p->from.now_s))
			continue;
		if (p->left_out > 0 || p->boxes.n + permit->n_boxes > TAP_MAX_BOXES) {
			p->left_out++;
			continue;
		}
		for (size_t k = 0; error == 0 && k < permit->n_boxes; k++) {
			const struct box *b = &c->boxes[permit->first_box + k];

			if (concerns_us(p, b))
				error = gather_box(p, b);
		}
	}
	prefilter_unique(&p->src, sizeof(struct ip_range), prefilter_compare_ranges);
	prefilter_unique(&p->dst, sizeof(struct ip_range), prefilter_compare_ranges);
	prefilter_unique(&p->matches, sizeof(struct service_match),
	    prefilter_compare_matches);
	return error;
}

void
prefilter_set_time(struct prefilter_source *from, int64_t wall_ns, int64_t clock_ns)
{
	int64_t part = wall_ns % SECOND_NS;

	if (part < 0)
		part += SECOND_NS;
	from->now_s = (wall_ns - part) / SECOND_NS;
	from->now_ns = clock_ns - part - COARSE_NS;
}

/* CLOCK_MONOTONIC of the next moment at which other permits are in force. */
static int64_t
next_change(const struct prefilter *p)
{
	const struct checked *c = p->from.checked;
	int64_t next = INT64_MAX, left;

	for (size_t i = 0; i < c->n_permits; i++) {
		int64_t edges[] = { c->permits[i].valid_from, c->permits[i].valid_until };

		for (size_t k = 0; k < 2 && !c->permits[i].disabled; k++)
			if (edges[k] > p->from.now_s && edges[k] < next)
				next = edges[k];
	}
	left = next - p->from.now_s;
	if (left > (INT64_MAX - p->from.now_ns) / SECOND_NS)
		return INT64_MAX;
	return p->from.now_ns + left * SECOND_NS;
}

static void
set_policy(struct prefilter *p)
{
	struct tap_policy *t = &p->policy;

	t->prefixes = p->prefixes.items;
	t->n_prefixes = p->prefixes.n;
	t->classes = p->classes.items;
	t->n_classes = p->classes.n;
	t->services = p->services.items;
	t->n_services = p->services.n;
	t->ports[0] = &p->ports[0];
	t->ports[1] = &p->ports[1];
	t->box_keys = p->keys.items;
	t->boxes = p->values.items;
	t->n_boxes = p->keys.n;
	t->macs = p->macs.items;
	t->n_macs = p->macs.n;
	t->counters = p->counters.items;
	t->n_counters = p->counters.n;
	t->until_ns = next_change(p);
}

struct prefilter *
prefilter_new(const struct prefilter_source *from)
{
	struct prefilter *p = calloc(1, sizeof(*p));
	int error = -ENOMEM;

	if (p != NULL) {
		p->from = *from;
		error = gather_boxes(p);
	}
	if (error == 0)
		error = prefilter_make_places(p);
	if (error == 0)
		error = prefilter_make_services(p);
	if (error == 0)
		error = prefilter_make_boxes(p);
	if (error != 0) {
		prefilter_free(p);
		errno = -error;
		return NULL;
	}
	set_policy(p);
	/* what was borrowed for the making */
	memset(&p->from, 0, sizeof(p->from));
	return p;
}

void
prefilter_free(struct prefilter *p)
{
	if (p == NULL)
		return;
	free(p->boxes.items);
	free(p->src.items);
	free(p->dst.items);
	free(p->matches.items);
	free(p->prefixes.items);
	free(p->classes.items);
	free(p->services.items);
	free(p->keys.items);
	free(p->values.items);
	free(p->macs.items);
	free(p->counters.items);
	free(p);
}

const struct tap_policy *
prefilter_policy(const struct prefilter *p)
{
	return &p->policy;
}

size_t
prefilter_left_out(const struct prefilter *p)
{
	return p->left_out;
}
