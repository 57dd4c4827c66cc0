/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of address ranges with the segment that owns each. All of them are cut
 * from one partition of the address space, so ranges that overlap always have
 * the same segment, and joining them is safe.
 */
#include "rules/check_internal.h"

#include <errno.h>
#include <stdlib.h>

int
check_grow(void **items, size_t *room, size_t count, size_t item_size)
{
	size_t wanted = *room == 0 ? 8 : *room * 2;
	void *bigger;

	if (count < *room)
		return 0;
	bigger = reallocarray(*items, wanted, item_size);
	if (bigger == NULL)
		return -ENOMEM;
	*items = bigger;
	*room = wanted;
	return 0;
}

void
range_set_free(struct range_set *s)
{
	free(s->items);
	*s = (struct range_set){ 0 };
}

int
range_set_add(struct range_set *s, const struct ip_range *r, uint16_t segment)
{
	void *items = s->items;

	if (check_grow(&items, &s->room, s->count, sizeof(s->items[0])) != 0)
		return -ENOMEM;
	s->items = items;
	s->items[s->count++] = (struct owned_range){ .range = *r, .segment = segment };
	return 0;
}

int
range_set_add_set(struct range_set *s, const struct range_set *more)
{
	for (size_t i = 0; i < more->count; i++)
		if (range_set_add(s, &more->items[i].range, more->items[i].segment) != 0)
			return -ENOMEM;
	return 0;
}

int
range_compare(const void *pa, const void *pb)
{
	const struct owned_range *a = pa, *b = pb;

	return address_range_compare(&a->range, &b->range);
}

static int
compare_by_segment(const void *pa, const void *pb)
{
	const struct owned_range *a = pa, *b = pb;

	if (a->segment != b->segment)
		return a->segment < b->segment ? -1 : 1;
	return range_compare(pa, pb);
}

/* Sets are often sorted already, being made from sorted ones. */
static void
sort_items(struct range_set *s, int (*compare)(const void *, const void *))
{
	for (size_t i = 1; i < s->count; i++)
		if (compare(&s->items[i - 1], &s->items[i]) > 0) {
			qsort(s->items, s->count, sizeof(s->items[0]), compare);
			return;
		}
}

void
range_set_sort_by_segment(struct range_set *s)
{
	sort_items(s, compare_by_segment);
}

static bool
is_single(const struct ip_range *r)
{
	return r->first == r->last;
}

/* Whether b, which begins at or behind a, is one range with it. */
static bool
joins(const struct owned_range *a, const struct owned_range *b)
{
	if (a->segment != b->segment || a->range.family != b->range.family)
		return false;
	if (b->range.first <= a->range.last)
		return true;
	return b->range.first - a->range.last == 1 && !is_single(&a->range) &&
	    !is_single(&b->range);
}

void
range_set_normalise(struct range_set *s)
{
	size_t kept = 0;

	if (s->count == 0)
		return;
	sort_items(s, range_compare);
	for (size_t i = 1; i < s->count; i++) {
		struct owned_range *last = &s->items[kept];

		if (!joins(last, &s->items[i]))
			s->items[++kept] = s->items[i];
		else if (s->items[i].range.last > last->range.last)
			last->range.last = s->items[i].range.last;
	}
	s->count = kept + 1;
}

size_t
range_set_seek(const struct range_set *s, enum ip_family family, ip_value value)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ip_range *r = &s->items[middle].range;

		if (r->family < family || (r->family == family && r->last < value))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int
range_set_cut(const struct range_set *s, const struct ip_range *r, struct range_set *out)
{
	struct ip_range common;

	for (size_t i = range_set_seek(s, r->family, r->first); i < s->count; i++) {
		if (!address_range_intersect(&s->items[i].range, r, &common))
			break;
		if (range_set_add(out, &common, s->items[i].segment) != 0)
			return -ENOMEM;
	}
	return 0;
}

bool
range_set_holds(const struct range_set *s, const struct ip_range *r)
{
	size_t i = range_set_seek(s, r->family, r->first);

	return i < s->count && address_range_contains(&s->items[i].range, r);
}

/* Add a less the ranges of b; b's ranges from index j on can touch a. */
static int
subtract_from_one(const struct owned_range *a, const struct range_set *b, size_t j,
    struct range_set *out)
{
	struct ip_range rest = a->range;

	for (; j < b->count; j++) {
		const struct ip_range *cut = &b->items[j].range;
		struct ip_range piece = rest;

		if (cut->family != rest.family || cut->first > rest.last)
			break;
		if (cut->first > rest.first) {
			piece.last = cut->first - 1;
			if (range_set_add(out, &piece, a->segment) != 0)
				return -ENOMEM;
		}
		if (cut->last >= rest.last)
			return 0;
		rest.first = cut->last + 1;
	}
	return range_set_add(out, &rest, a->segment);
}

int
range_set_subtract(const struct range_set *a, const struct range_set *b,
    struct range_set *out)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct ip_range *r = &a->items[i].range;
		size_t j = range_set_seek(b, r->family, r->first);

		if (subtract_from_one(&a->items[i], b, j, out) != 0)
			return -ENOMEM;
	}
	return 0;
}
