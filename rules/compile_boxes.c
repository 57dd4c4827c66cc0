/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boxes to disjoint cubes: see compile_boxes.h. */
#include "rules/compile_boxes.h"

#include "rules/compile_index.h"

#include <errno.h>
#include <stdlib.h>

/* Last second whose nanoseconds fit the kernel's signed clock (ktime_t). */
#define CLOCK_END (INT64_MAX / 1000000000)

int
cube_list_add(struct cube_list *list, const struct cube *c)
{
	if (list->count == list->capacity) {
		size_t room = list->capacity == 0 ? 16 : list->capacity * 2;
		struct cube *grown = reallocarray(list->items, room, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		list->items = grown;
		list->capacity = room;
	}
	list->items[list->count++] = *c;
	return 0;
}

void
cube_list_free(struct cube_list *list)
{
	free(list->items);
	*list = (struct cube_list){ .items = NULL };
}

bool
cube_meets(const struct cube *a, const struct cube *b)
{
	for (int d = 0; d < CUBE_DIMS; d++)
		if (a->first[d] > b->last[d] || b->first[d] > a->last[d])
			return false;
	return true;
}

bool
cube_holds(const struct cube *outer, const struct cube *inner)
{
	for (int d = 0; d < CUBE_DIMS; d++)
		if (outer->first[d] > inner->first[d] || outer->last[d] < inner->last[d])
			return false;
	return true;
}

bool
window_meets(const struct window *a, const struct window *b)
{
	return a->since < b->until && b->since < a->until;
}

bool
window_holds(const struct window *outer, const struct window *inner)
{
	return outer->since <= inner->since && outer->until >= inner->until;
}

bool
window_of(const struct checked_permit *p, struct window *out)
{
	out->since = p->valid_from <= 0 ? INT64_MIN : p->valid_from;
	out->until = p->valid_until >= CLOCK_END ? INT64_MAX : p->valid_until;
	return !p->disabled && out->until > 0 && out->since < CLOCK_END
	    && out->since < out->until;
}

static void
cube_from_box(const struct box *b, const struct window *w, struct cube *c)
{
	const struct service_match *s = &b->service;

	*c = (struct cube){
		.first = {
			[CUBE_PROTOCOL] = s->protocol_any ? 0 : s->protocol,
			[CUBE_SOURCE] = b->src.first,
			[CUBE_DESTINATION] = b->dst.first,
		},
		.last = {
			[CUBE_PROTOCOL] = s->protocol_any ? UINT8_MAX : s->protocol,
			[CUBE_SOURCE] = b->src.last,
			[CUBE_DESTINATION] = b->dst.last,
			[CUBE_SPORT] = UINT16_MAX,
			[CUBE_DPORT] = UINT16_MAX,
		},
		.window = *w,
		.permit = b->permit,
		.family = b->src.family,
	};
	if (s->form == SERVICE_PROTOCOL)
		return;
	c->first[CUBE_SPORT] = s->sport_first;
	c->last[CUBE_SPORT] = s->sport_last;
	if (s->form == SERVICE_ICMP)
		return;
	c->first[CUBE_DPORT] = s->dport_first;
	c->last[CUBE_DPORT] = s->dport_last;
}

static int
gather(const struct checked *c, const uint32_t *boxes, size_t n, struct cube_list *given)
{
	int ret = 0;

	for (size_t i = 0; i < n && ret == 0; i++) {
		const struct box *b = &c->boxes[boxes[i]];
		struct window w;
		struct cube cube;

		if (!window_of(&c->permits[b->permit], &w))
			continue;
		cube_from_box(b, &w, &cube);
		ret = cube_list_add(given, &cube);
	}
	return ret;
}

static bool
one_window(const struct cube_list *list)
{
	for (size_t i = 1; i < list->count; i++)
		if (list->items[i].window.since != list->items[0].window.since
		    || list->items[i].window.until != list->items[0].window.until)
			return false;
	return true;
}

/* Add what is left of cube "at"; its level is in the index from then on. */
static int
add_rest(struct cube_index *x, const struct cube *cube, size_t at, bool levels,
    size_t limit, struct cube_list *out)
{
	size_t before = out->count;
	uint32_t level = 0;
	int ret;

	if (cube_index_covered(x, at))
		return 0;
	if (levels) {
		level = cube_index_level(x, at);
		cube_index_set_level(x, at, level);
	}
	if (cube_index_overlaps(x, at))
		ret = cube_index_cut(x, at, limit - before, out);
	else
		ret = cube_list_add(out, cube);
	if (ret < 0)
		return ret;
	for (size_t i = before; i < out->count; i++)
		out->items[i].level = level;
	return out->count > limit ? -E2BIG : 0;
}

int
boxes_disjoint(const struct checked *c, const uint32_t *boxes, size_t n, size_t limit,
    struct cube_list *out, uint32_t *culprit)
{
	struct cube_list given = { .items = NULL };
	struct cube_index *x = NULL;
	bool levels;
	int ret;

	ret = gather(c, boxes, n, &given);
	if (ret < 0)
		goto out;
	x = cube_index_new(given.items, given.count);
	if (x == NULL) {
		ret = -ENOMEM;
		goto out;
	}
	levels = !one_window(&given);
	for (size_t i = 0; i < given.count && ret == 0; i++) {
		*culprit = given.items[i].permit;
		ret = add_rest(x, &given.items[i], i, levels, limit, out);
	}
out:
	cube_index_free(x);
	cube_list_free(&given);
	return ret;
}
