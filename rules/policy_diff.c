/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/policy_diff_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[POLICY_CHANGE_COUNT] = {
	[POLICY_ADDED] = "added", [POLICY_REMOVED] = "removed",
	[POLICY_WIDENED] = "widened", [POLICY_NARROWED] = "narrowed",
	[POLICY_CHANGED] = "changed", [POLICY_RENAMED] = "renamed",
	[POLICY_MOVED] = "moved", [POLICY_LONGER] = "longer", [POLICY_SHORTER] = "shorter",
	[POLICY_OTHER_TIME] = "other-time", [POLICY_ENABLED] = "enabled",
	[POLICY_DISABLED] = "disabled", [POLICY_REWORDED] = "reworded",
	[POLICY_NOW_DROPS] = "now-drops", [POLICY_NOW_REJECTS] = "now-rejects",
	[POLICY_ZONE_ADDED] = "zone-added", [POLICY_ZONE_REMOVED] = "zone-removed",
	[POLICY_ZONE_CHANGED] = "zone-changed", [POLICY_SEGMENT_ADDED] = "segment-added",
	[POLICY_SEGMENT_REMOVED] = "segment-removed", [POLICY_SEGMENT_MOVED] = "segment-moved",
	[POLICY_NETWORK_ADDED] = "network-added", [POLICY_NETWORK_REMOVED] = "network-removed",
	[POLICY_BINDINGS_CHANGED] = "bindings-changed",
	[POLICY_DETECT_CHANGED] = "detect-changed",
	[POLICY_LIMITS_CHANGED] = "limits-changed",
};

const char *
policy_change_name(enum policy_change change)
{
	return change < POLICY_CHANGE_COUNT ? names[change] : "?";
}

/* ---- making lists -------------------------------------------------------- */

int
diff_add_permit(struct diff_work *w, const struct policy_diff_permit *item)
{
	struct policy_diff *d = w->out;
	struct policy_diff_permit *grown;

	/* Room grows by powers of two, so that it is asked for only at those counts. */
	if ((d->n_permits & (d->n_permits - 1)) == 0) {
		grown = reallocarray(d->permits, d->n_permits == 0 ? 1 : d->n_permits * 2,
		    sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		d->permits = grown;
	}
	d->permits[d->n_permits] = *item;
	d->permits[d->n_permits].from = w->zones[item->pair / w->n_zones];
	d->permits[d->n_permits].to = w->zones[item->pair % w->n_zones];
	d->n_permits++;
	return 0;
}

int
diff_add_place(struct diff_work *w, const struct policy_diff_place *item)
{
	struct policy_diff *d = w->out;
	struct policy_diff_place *grown =
	    reallocarray(d->places, d->n_places + 1, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	d->places = grown;
	d->places[d->n_places++] = *item;
	return 0;
}

int
diff_add_everywhere(struct diff_work *w, const struct diff_side *side, size_t i,
    const struct policy_diff_permit *item)
{
	const struct diff_regions *r = &side->permits[i];
	struct policy_diff_permit one = *item;
	int error = 0;

	for (size_t k = 0; k < r->n && error == 0; k++) {
		if (k > 0 && r->pairs[k] == r->pairs[k - 1])
			continue;
		one.pair = r->pairs[k];
		error = diff_add_permit(w, &one);
	}
	return error;
}

static int
by_pair(const void *a, const void *b)
{
	const struct policy_diff_permit *x = a, *y = b;

	if (x->pair != y->pair)
		return x->pair < y->pair ? -1 : 1;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return (x->change > y->change) - (x->change < y->change);
}

/* ---- what they open now ---------------------------------------------------- */

struct stretch {
	const struct region *items;
	size_t n;
};

/* The regions of one pair of zones; they are sorted by pair. */
static struct stretch
stretch_of(const struct diff_regions *r, size_t pair)
{
	struct stretch s = { NULL, 0 };
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->pairs[middle] < pair)
			low = middle + 1;
		else
			high = middle;
	}
	s.items = r->items + low;
	while (low + s.n < r->n && r->pairs[low + s.n] == pair)
		s.n++;
	return s;
}

/*
 * How many of a's regions are neither among b's nor covered by all of them; the first
 * goes to *example. Both are sorted.
 */
static size_t
count_missing(struct diff_work *w, const struct stretch *a, const struct stretch *b,
    struct region *example)
{
	size_t missing = 0, j = 0;

	for (size_t i = 0; i < a->n; i++) {
		int order = -1;

		if (w->meanwhile != NULL && i % DIFF_MEANWHILE == 0)
			w->meanwhile(w->arg);
		while (j < b->n && (order = region_compare(&b->items[j], &a->items[i])) < 0)
			j++;
		if (j < b->n && order == 0)
			continue;
		if (region_covered(&a->items[i], b->items, b->n, &w->budget))
			continue;
		if (missing++ == 0)
			*example = a->items[i];
	}
	return missing;
}

static int
compare_pair(struct diff_work *w, size_t i, size_t pair)
{
	static const struct diff_regions none = { NULL, NULL, 0 };
	size_t partner = w->new.partner[i];
	struct stretch now = stretch_of(&w->new.permits[i], pair);
	struct stretch before = stretch_of(partner != NO_PARTNER ?
	    &w->old.permits[partner] : &none, pair);
	struct policy_diff_permit item = { .id = w->new.c->permits[i].id, .pair = pair,
	    .order = i, .origin = w->new.c->permits[i].origin };

	item.opened = count_missing(w, &now, &before, &item.opens);
	item.closed = count_missing(w, &before, &now, &item.closes);
	if (item.opened == 0 && item.closed == 0)
		return 0;
	item.change = before.n == 0 ? POLICY_ADDED : now.n == 0 ? POLICY_REMOVED :
	    item.closed == 0 ? POLICY_WIDENED : item.opened == 0 ? POLICY_NARROWED :
	    POLICY_CHANGED;
	return diff_add_permit(w, &item);
}

/* Each pair that either of the two opens, once. */
static int
compare_opened(struct diff_work *w, size_t i)
{
	static const struct diff_regions none = { NULL, NULL, 0 };
	const struct diff_regions *a = &w->new.permits[i];
	const struct diff_regions *b = w->new.partner[i] != NO_PARTNER ?
	    &w->old.permits[w->new.partner[i]] : &none;
	size_t j = 0, k = 0;
	int error = 0;

	while (error == 0 && (j < a->n || k < b->n)) {
		size_t pair = k == b->n || (j < a->n && a->pairs[j] < b->pairs[k]) ?
		    a->pairs[j] : b->pairs[k];

		error = compare_pair(w, i, pair);
		while (j < a->n && a->pairs[j] == pair)
			j++;
		while (k < b->n && b->pairs[k] == pair)
			k++;
	}
	return error;
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Name, time, switch, words. */
static int
compare_rest(struct diff_work *w, size_t i)
{
	const struct checked_permit *a = &w->old.c->permits[w->new.partner[i]];
	const struct checked_permit *b = &w->new.c->permits[i];
	struct policy_diff_permit item = { .id = b->id, .order = i, .origin = b->origin };
	bool longer = b->valid_from < a->valid_from || b->valid_until > a->valid_until;
	bool shorter = b->valid_from > a->valid_from || b->valid_until < a->valid_until;
	int error = 0;

	if (strcmp(a->id, b->id) != 0) {
		item.change = POLICY_RENAMED;
		item.was = a->id;
		error = diff_add_everywhere(w, &w->new, i, &item);
	}
	if (error == 0 && (longer || shorter)) {
		item.change = longer && shorter ? POLICY_OTHER_TIME :
		    longer ? POLICY_LONGER : POLICY_SHORTER;
		error = diff_add_everywhere(w, &w->new, i, &item);
	}
	if (error == 0 && a->disabled != b->disabled) {
		item.change = b->disabled ? POLICY_DISABLED : POLICY_ENABLED;
		error = diff_add_everywhere(w, &w->new, i, &item);
	}
	if (error == 0 && (!same_text(a->purpose, b->purpose) ||
	    !same_text(a->request, b->request) || !same_text(a->approved_by, b->approved_by))) {
		item.change = POLICY_REWORDED;
		error = diff_add_everywhere(w, &w->new, i, &item);
	}
	return error;
}

static int
add_gone(struct diff_work *w, size_t i)
{
	const struct diff_regions *r = &w->old.permits[i];
	struct policy_diff_permit item = { .change = POLICY_REMOVED,
	    .id = w->old.c->permits[i].id, .order = w->new.c->n_permits + i,
	    .origin = w->old.c->permits[i].origin };
	int error = 0;

	for (size_t k = 0; k < r->n && error == 0; k += item.closed) {
		item.closed = stretch_of(r, r->pairs[k]).n;
		item.closes = r->items[k];
		item.pair = r->pairs[k];
		error = diff_add_permit(w, &item);
	}
	return error;
}

static int
compare_permits(struct diff_work *w)
{
	int error = 0;

	for (size_t i = 0; i < w->new.c->n_permits && error == 0; i++) {
		error = compare_opened(w, i);
		if (error == 0 && w->new.partner[i] != NO_PARTNER)
			error = compare_rest(w, i);
	}
	for (size_t i = 0; w->old.c != NULL && i < w->old.c->n_permits && error == 0; i++)
		if (w->old.partner[i] == NO_PARTNER)
			error = add_gone(w, i);
	return error;
}

struct policy_diff *
policy_diff_new(const struct checked *running, const struct checked *next,
    void (*meanwhile)(void *arg), void *arg)
{
	struct diff_work w = { .old.c = running, .new.c = next, .budget = DIFF_BUDGET,
		.meanwhile = meanwhile, .arg = arg };
	int error;

	w.out = calloc(1, sizeof(*w.out));
	error = w.out == NULL ? -ENOMEM : diff_zones(&w);
	if (error == 0)
		error = diff_read_side(&w, &w.old);
	if (error == 0)
		error = diff_read_side(&w, &w.new);
	if (error == 0)
		error = diff_match(&w);
	if (error == 0)
		error = compare_permits(&w);
	if (error == 0)
		error = diff_order(&w);
	if (error == 0)
		error = diff_places(&w);
	if (error == 0 && w.out->n_permits > 0)
		qsort(w.out->permits, w.out->n_permits, sizeof(*w.out->permits), by_pair);
	diff_free_side(&w.old);
	diff_free_side(&w.new);
	free(w.zones);
	if (error == 0)
		return w.out;
	policy_diff_free(w.out);
	errno = ENOMEM;
	return NULL;
}

void
policy_diff_free(struct policy_diff *d)
{
	if (d == NULL)
		return;
	free(d->permits);
	free(d->places);
	free(d);
}
