/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Permits to boxes: every source range with every destination range of the same
 * family and another segment, with every service. Both sides are walked as runs
 * of one segment and family, so that what makes no box costs nothing, and boxes
 * are counted before any is made.
 */
#include "rules/check_internal.h"

#include "rules/limits.h"

#include <errno.h>
#include <stdlib.h>

/* Address families as a mask. */
#define HAS_V4 1u
#define HAS_V6 2u

/* A stretch of one side: same segment, same family. */
struct run {
	const struct owned_range *items;
	size_t count;
};

/* Everything that the expansion of one permit needs. */
struct expansion {
	struct check *ck;
	size_t permit;
	const struct range_set *from, *to;
	const struct match_set *services;
	size_t pairs, inside;		/* address pairs; those of one segment */
	uint16_t inside_segment;	/* one such segment */
	size_t boxes;
};

/* The run that begins at index i; false behind the last. */
static bool
run_at(const struct range_set *s, size_t i, struct run *run)
{
	size_t end = i + 1;

	if (i >= s->count)
		return false;
	while (end < s->count && s->items[end].segment == s->items[i].segment &&
	    s->items[end].range.family == s->items[i].range.family)
		end++;
	run->items = &s->items[i];
	run->count = end - i;
	return true;
}

static bool
service_fits(const struct service_match *m, enum ip_family family)
{
	return m->family == IP_NONE || m->family == family;
}

static size_t
count_services(const struct match_set *services, enum ip_family family)
{
	size_t n = 0;

	for (size_t i = 0; i < services->count; i++)
		n += service_fits(&services->items[i], family);
	return n;
}

static void
count_runs(struct expansion *x, const struct run *src, const struct run *dst)
{
	enum ip_family family = src->items[0].range.family;
	size_t pairs = src->count * dst->count;

	if (family != dst->items[0].range.family)
		return;
	if (src->items[0].segment != dst->items[0].segment) {
		x->pairs += pairs;
		x->boxes += pairs * count_services(x->services, family);
	} else if (src->items[0].segment != SEGMENT_SELF) {
		x->pairs += pairs;
		x->inside += pairs;
		x->inside_segment = src->items[0].segment;
	}
}

static void
emit_runs(struct expansion *x, const struct run *src, const struct run *dst)
{
	struct checked *c = x->ck->c;
	enum ip_family family = src->items[0].range.family;

	if (family != dst->items[0].range.family ||
	    src->items[0].segment == dst->items[0].segment)
		return;
	for (size_t s = 0; s < src->count; s++)
		for (size_t d = 0; d < dst->count; d++)
			for (size_t m = 0; m < x->services->count; m++) {
				if (!service_fits(&x->services->items[m], family))
					continue;
				c->boxes[c->n_boxes++] = (struct box){
					.src = src->items[s].range,
					.dst = dst->items[d].range,
					.service = x->services->items[m],
					.permit = (uint32_t)x->permit,
					.in = src->items[s].segment,
					.out = dst->items[d].segment,
				};
			}
}

static void
for_each_pair_of_runs(struct expansion *x,
    void (*act)(struct expansion *, const struct run *, const struct run *))
{
	struct run src, dst;

	for (size_t i = 0; run_at(x->from, i, &src); i += src.count)
		for (size_t j = 0; run_at(x->to, j, &dst); j += dst.count)
			act(x, &src, &dst);
}

static int
reserve_boxes(struct check *ck, size_t more)
{
	size_t wanted = ck->boxes_room * 2;
	struct box *bigger;

	if (ck->c->n_boxes + more <= ck->boxes_room)
		return 0;
	if (wanted < ck->c->n_boxes + more)
		wanted = ck->c->n_boxes + more;
	bigger = reallocarray(ck->c->boxes, wanted, sizeof(ck->c->boxes[0]));
	if (bigger == NULL)
		return -ENOMEM;
	ck->c->boxes = bigger;
	ck->boxes_room = wanted;
	return 0;
}

/* The gateway as one side: whatever address of either family is its own. */
static int
add_self(struct endpoint *e)
{
	static const enum ip_family families[] = { IP_V4, IP_V6 };

	for (size_t i = 0; e->self && i < 2; i++) {
		struct ip_range all = { 0, address_max(families[i]), families[i] };

		if (range_set_add(&e->set, &all, SEGMENT_SELF) != 0)
			return -ENOMEM;
	}
	range_set_sort_by_segment(&e->set);
	return 0;
}

static unsigned int
families_of(const struct range_set *s)
{
	unsigned int mask = 0;

	for (size_t i = 0; i < s->count; i++)
		mask |= s->items[i].range.family == IP_V4 ? HAS_V4 : HAS_V6;
	return mask;
}

/* False, reported, when addresses and services have no family in common. */
static bool
families_meet(struct expansion *x)
{
	const struct checked_permit *p = &x->ck->c->permits[x->permit];
	unsigned int common = families_of(x->from) & families_of(x->to);

	if (common == 0) {
		check_error(x->ck, p->origin, MSG_CHECK_PERMIT_NO_FAMILY, p->id);
		return false;
	}
	if ((common & HAS_V4 && count_services(x->services, IP_V4) > 0) ||
	    (common & HAS_V6 && count_services(x->services, IP_V6) > 0))
		return true;
	check_error(x->ck, p->origin, MSG_CHECK_PERMIT_SERVICE_FAMILY, p->id,
	    common == HAS_V4 ? "IPv4" : "IPv6");
	return false;
}

static void
report_inside(struct expansion *x)
{
	const struct checked_permit *p = &x->ck->c->permits[x->permit];
	const char *interface;

	if (x->inside == 0)
		return;
	interface = x->ck->c->segments[x->inside_segment].interface;
	if (x->inside == x->pairs)
		check_warning(
		    x->ck, p->origin, MSG_CHECK_PERMIT_INSIDE, p->id, interface);
	else
		check_warning(x->ck, p->origin, MSG_CHECK_PERMIT_PARTLY_INSIDE, p->id,
		    x->inside, x->pairs, interface);
}

/* False when the policy has too many boxes; reported for the first permit over. */
static bool
within_limit(struct expansion *x)
{
	struct check *ck = x->ck;
	const struct checked_permit *p = &ck->c->permits[x->permit];

	if (ck->boxes_full)
		return false;
	if (x->boxes <= LIMIT_BOXES - ck->c->n_boxes)
		return true;
	ck->boxes_full = true;
	check_error(ck, p->origin, MSG_CHECK_LIMIT_BOXES, p->id,
	    ck->c->n_boxes + x->boxes, LIMIT_BOXES);
	return false;
}

int
check_expand(struct check *ck, size_t i, struct endpoint *from, struct endpoint *to,
    struct match_set *services)
{
	struct checked_permit *p = &ck->c->permits[i];
	struct expansion x = {
		.ck = ck,
		.permit = i,
		.from = &from->set,
		.to = &to->set,
		.services = services,
	};

	if (from->self && to->self && from->set.count == 0 && to->set.count == 0) {
		check_error(ck, p->origin, MSG_CHECK_PERMIT_SELF_ONLY, p->id);
		return 0;
	}
	if (add_self(from) != 0 || add_self(to) != 0)
		return -ENOMEM;
	if (!families_meet(&x))
		return 0;

	for_each_pair_of_runs(&x, count_runs);
	report_inside(&x);
	if (!within_limit(&x))
		return 0;
	if (reserve_boxes(ck, x.boxes) != 0)
		return -ENOMEM;
	for_each_pair_of_runs(&x, emit_runs);
	p->n_boxes = ck->c->n_boxes - p->first_box;
	return 0;
}
