/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canonical order of a ruleset, and finding objects in it.
 *
 * Sorting must not fail, so it takes no memory of its own: the elements are
 * sorted by the keys their "order" points to, and then the keys are moved
 * along the cycles of that permutation.
 */
#include "rules/ruleset_compare.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

static int
compare_counters(const void *a, const void *b)
{
	return object_name_compare(&((const struct ruleset_counter *)a)->name,
	    &((const struct ruleset_counter *)b)->name);
}

static int
compare_sets(const void *a, const void *b)
{
	return object_name_compare(&((const struct ruleset_set *)a)->name,
	    &((const struct ruleset_set *)b)->name);
}

static int
compare_chains(const void *a, const void *b)
{
	return object_name_compare(&((const struct ruleset_chain *)a)->name,
	    &((const struct ruleset_chain *)b)->name);
}

static int
compare_keys(const struct ruleset_set *s, size_t a, size_t b)
{
	int by_first = memcmp(s->first + a * s->key_length, s->first + b * s->key_length,
	    s->key_length);

	if (by_first != 0 || !s->interval)
		return by_first;
	return memcmp(s->last + a * s->key_length, s->last + b * s->key_length,
	    s->key_length);
}

static int
compare_elements(const void *a, const void *b, void *set)
{
	return compare_keys(set, ((const struct element *)a)->order,
	    ((const struct element *)b)->order);
}

/* First keys of whole 8-byte words, as numbers: most sets are in order, and no call tells it. */
static bool
words_rise(const uint8_t *a, const uint8_t *b, size_t length)
{
	for (size_t at = 0; at + sizeof(uint64_t) <= length; at += sizeof(uint64_t)) {
		uint64_t x, y;

		memcpy(&x, a + at, sizeof(x));
		memcpy(&y, b + at, sizeof(y));
		if (x != y)
			return be64toh(x) < be64toh(y);
	}
	return false;
}

static bool
keys_in_order(const struct ruleset_set *s)
{
	for (size_t i = 1; i < s->n_elements; i++) {
		const uint8_t *b = s->first + i * s->key_length;

		if (!words_rise(b - s->key_length, b, s->key_length)
		    && compare_keys(s, i - 1, i) > 0)
			return false;
	}
	return true;
}

/* Move keys so that key i is the one that stood at order[i]. */
static void
permute_keys(struct ruleset_set *s, uint8_t *keys, size_t start)
{
	uint8_t saved[LIMIT_KEY_BYTES];
	size_t length = s->key_length;
	size_t at = start, from;

	memcpy(saved, keys + start * length, length);
	while ((from = s->elements[at].order) != start) {
		memcpy(keys + at * length, keys + from * length, length);
		at = from;
	}
	memcpy(keys + at * length, saved, length);
}

static void
sort_elements(struct ruleset_set *s)
{
	if (keys_in_order(s))
		return;
	for (size_t i = 0; i < s->n_elements; i++)
		s->elements[i].order = (uint32_t)i;
	qsort_r(s->elements, s->n_elements, sizeof(*s->elements), compare_elements, s);

	for (size_t i = 0; i < s->n_elements; i++) {
		size_t at = i, from;

		if (s->elements[i].order == i)
			continue;
		permute_keys(s, s->first, i);
		if (s->interval)
			permute_keys(s, s->last, i);
		do {
			from = s->elements[at].order;
			s->elements[at].order = (uint32_t)at;
			at = from;
		} while (at != i);
	}
}

static void
sort_objects(void *array, size_t count, size_t member,
    int (*compare)(const void *, const void *))
{
	const char *at = array;

	for (size_t i = 1; i < count; i++)
		if (compare(at + (i - 1) * member, at + i * member) > 0) {
			qsort(array, count, member, compare);
			return;
		}
}

void
ruleset_sort(struct ruleset *r)
{
	for (size_t i = 0; i < r->n_sets; i++)
		sort_elements(&r->sets[i]);
	sort_objects(r->counters, r->n_counters, sizeof(*r->counters), compare_counters);
	sort_objects(r->sets, r->n_sets, sizeof(*r->sets), compare_sets);
	sort_objects(r->chains, r->n_chains, sizeof(*r->chains), compare_chains);
	r->sorted = true;
}

static void *
find(const struct ruleset *r, void *array, size_t count, size_t member, const void *probe,
    int (*compare)(const void *, const void *))
{
	char *at = array;

	if (count == 0)
		return NULL;
	if (r->sorted)
		return bsearch(probe, array, count, member, compare);
	for (size_t i = 0; i < count; i++)
		if (compare(at + i * member, probe) == 0)
			return at + i * member;
	return NULL;
}

struct ruleset_set *
ruleset_find_set(const struct ruleset *r, const struct object_name *n)
{
	struct ruleset_set probe = { .name = *n };

	return find(r, r->sets, r->n_sets, sizeof(probe), &probe, compare_sets);
}

struct ruleset_chain *
ruleset_find_chain(const struct ruleset *r, const struct object_name *n)
{
	struct ruleset_chain probe = { .name = *n };

	return find(r, r->chains, r->n_chains, sizeof(probe), &probe, compare_chains);
}

struct ruleset_counter *
ruleset_find_counter(const struct ruleset *r, const char *base)
{
	struct ruleset_counter probe = { .packets = 0 };

	if (!object_name_set(&probe.name, base, 0))
		return NULL;
	return find(r, r->counters, r->n_counters, sizeof(probe), &probe,
	    compare_counters);
}
