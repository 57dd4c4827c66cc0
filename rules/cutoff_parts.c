/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of what is cut: growing, sorting, joining, comparing. */
#include "rules/cutoff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
cut_parts_free(struct cut_parts *p)
{
	free(p->links);
	free(p->pairs);
	free(p->ranges);
	memset(p, 0, sizeof(*p));
}

bool
cut_parts_empty(const struct cut_parts *p)
{
	return !p->all && p->n_links == 0 && p->n_pairs == 0 && p->n_ranges == 0;
}

/* The list with room for one more; NULL, and *error, when there is none. */
static void *
grow(void *list, size_t n, size_t size, size_t limit, int *error)
{
	void *grown = list;

	*error = n >= limit ? -E2BIG : 0;
	if (*error == 0 && (n & (n - 1)) == 0) {
		grown = reallocarray(list, n == 0 ? 1 : n * 2, size);
		if (grown == NULL)
			*error = -ENOMEM;
	}
	return *error == 0 ? grown : NULL;
}

static void
set_link(struct cut_link *l, const char *name)
{
	memset(l, 0, sizeof(*l));
	memcpy(l->name, name, strnlen(name, LIMIT_INTERFACE_NAME));
}

int
cut_parts_add_link(struct cut_parts *p, const char *name)
{
	int error;
	struct cut_link *grown = grow(p->links, p->n_links, sizeof(*grown),
	    LIMIT_CUTOFF_LINKS, &error);

	if (grown == NULL)
		return error;
	p->links = grown;
	set_link(&grown[p->n_links++], name);
	return 0;
}

int
cut_parts_add_pair(struct cut_parts *p, const char *in, const char *out)
{
	int error;
	struct cut_pair *grown = grow(p->pairs, p->n_pairs, sizeof(*grown),
	    LIMIT_CUTOFF_PAIRS, &error);

	if (grown == NULL)
		return error;
	p->pairs = grown;
	set_link(&grown[p->n_pairs].in, in);
	set_link(&grown[p->n_pairs++].out, out);
	return 0;
}

int
cut_parts_add_range(struct cut_parts *p, const struct ip_range *r)
{
	int error;
	struct ip_range *grown;

	if (r->family == IP_NONE || r->first > r->last ||
	    r->last > address_max(r->family))
		return -EINVAL;
	grown = grow(p->ranges, p->n_ranges, sizeof(*grown), LIMIT_CUTOFF_RANGES, &error);
	if (grown == NULL)
		return error;
	p->ranges = grown;
	grown[p->n_ranges++] = *r;
	return 0;
}

int
cut_parts_add(struct cut_parts *p, const struct cut_parts *more)
{
	int error = 0;

	p->all |= more->all;
	for (size_t i = 0; i < more->n_links && error == 0; i++)
		error = cut_parts_add_link(p, more->links[i].name);
	for (size_t i = 0; i < more->n_pairs && error == 0; i++)
		error = cut_parts_add_pair(p, more->pairs[i].in.name,
		    more->pairs[i].out.name);
	for (size_t i = 0; i < more->n_ranges && error == 0; i++)
		error = cut_parts_add_range(p, &more->ranges[i]);
	return error;
}

/* ---- order ------------------------------------------------------------------- */

static int
compare_links(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct cut_link));
}

static int
compare_pairs(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct cut_pair));
}

static int
compare_ranges(const void *a, const void *b)
{
	return address_range_compare(a, b);
}

/* Sort, and keep one of equals: how many are left. */
static size_t
unique(void *list, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	char *items = list;
	size_t kept = 0;

	if (n == 0)
		return 0;
	qsort(items, n, size, compare);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 ||
		    compare(items + i * size, items + (kept - 1) * size) != 0)
			memmove(items + kept++ * size, items + i * size, size);
	return kept;
}

/* Ranges of one family that meet or touch become one. */
static size_t
join(struct ip_range *r, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		struct ip_range *before = kept == 0 ? NULL : &r[kept - 1];

		if (before != NULL && before->family == r[i].family &&
		    (r[i].first <= before->last || r[i].first - before->last == 1)) {
			if (r[i].last > before->last)
				before->last = r[i].last;
		} else {
			r[kept++] = r[i];
		}
	}
	return kept;
}

void
cut_parts_tidy(struct cut_parts *p)
{
	p->n_links = unique(p->links, p->n_links, sizeof(*p->links), compare_links);
	p->n_pairs = unique(p->pairs, p->n_pairs, sizeof(*p->pairs), compare_pairs);
	p->n_ranges = unique(p->ranges, p->n_ranges, sizeof(*p->ranges), compare_ranges);
	p->n_ranges = join(p->ranges, p->n_ranges);
}

bool
cut_parts_hold(const struct cut_parts *a, const struct cut_parts *b)
{
	if (b->all && !a->all)
		return false;
	for (size_t i = 0; i < b->n_links; i++)
		if (a->n_links == 0 || bsearch(&b->links[i], a->links, a->n_links,
		    sizeof(*a->links), compare_links) == NULL)
			return false;
	for (size_t i = 0; i < b->n_pairs; i++)
		if (a->n_pairs == 0 || bsearch(&b->pairs[i], a->pairs, a->n_pairs,
		    sizeof(*a->pairs), compare_pairs) == NULL)
			return false;
	for (size_t i = 0; i < b->n_ranges; i++) {
		bool found = false;

		for (size_t k = 0; k < a->n_ranges && !found; k++)
			found = address_range_contains(&a->ranges[k], &b->ranges[i]);
		if (!found)
			return false;
	}
	return true;
}

static int
compare_to_range(const void *key, const void *item)
{
	const struct ip_addr *a = key;
	const struct ip_range *r = item;

	if (a->family != r->family)
		return a->family < r->family ? -1 : 1;
	if (a->value < r->first)
		return -1;
	return a->value > r->last ? 1 : 0;
}

bool
cut_ranges_hold(const struct ip_range *ranges, size_t n, const struct ip_addr *a)
{
	return n > 0 && a->family != IP_NONE &&
	    bsearch(a, ranges, n, sizeof(*ranges), compare_to_range) != NULL;
}
