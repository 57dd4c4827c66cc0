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

/* ---- what each permit opens ---------------------------------------------- */

static size_t
zone_number(const struct diff_work *w, const char *name)
{
	for (size_t i = 0; i + 1 < w->n_zones; i++)
		if (strcmp(w->zones[i], name) == 0)
			return i;
	return w->n_zones - 1;
}

static size_t
zone_of(const struct diff_work *w, const struct checked *c, uint16_t segment)
{
	return segment < c->n_segments ?
	    zone_number(w, c->zones[c->segments[segment].zone].name) : w->n_zones - 1;
}

static int
list_zones(struct diff_work *w)
{
	const struct checked *sides[] = { w->new.c, w->old.c };
	size_t room = w->new.c->n_zones + (w->old.c != NULL ? w->old.c->n_zones : 0) + 1;

	w->zones = calloc(room, sizeof(*w->zones));
	if (w->zones == NULL)
		return -ENOMEM;
	w->n_zones = 1;		/* "self", kept last */
	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; sides[s] != NULL && i < sides[s]->n_zones; i++) {
			const char *name = sides[s]->zones[i].name;

			if (zone_number(w, name) != w->n_zones - 1)
				continue;
			w->zones[w->n_zones - 1] = name;
			w->n_zones++;
		}
	w->zones[w->n_zones - 1] = "self";
	return 0;
}

struct placed_region {
	struct region region;
	size_t pair;
};

static int
by_place(const void *a, const void *b)
{
	const struct placed_region *x = a, *y = b;

	if (x->pair != y->pair)
		return x->pair < y->pair ? -1 : 1;
	return region_compare(&x->region, &y->region);
}

static int
read_permit(const struct diff_work *w, const struct checked *c, const struct checked_permit *p,
    struct diff_regions *out)
{
	struct placed_region *placed = calloc(p->n_boxes + 1, sizeof(*placed));

	out->items = calloc(p->n_boxes + 1, sizeof(*out->items));
	out->pairs = calloc(p->n_boxes + 1, sizeof(*out->pairs));
	if (placed == NULL || out->items == NULL || out->pairs == NULL) {
		free(placed);
		return -ENOMEM;
	}
	for (size_t i = 0; i < p->n_boxes; i++) {
		const struct box *b = &c->boxes[p->first_box + i];

		placed[i].region = region_of_box(c, b);
		placed[i].pair = zone_of(w, c, b->in) * w->n_zones + zone_of(w, c, b->out);
	}
	qsort(placed, p->n_boxes, sizeof(*placed), by_place);
	for (size_t i = 0; i < p->n_boxes; i++) {
		out->items[i] = placed[i].region;
		out->pairs[i] = placed[i].pair;
	}
	out->n = p->n_boxes;
	free(placed);
	return 0;
}

struct sorted_id {
	const char *id;
	size_t permit;
};

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const struct sorted_id *)a)->id, ((const struct sorted_id *)b)->id);
}

static int
read_side(const struct diff_work *w, struct diff_side *side)
{
	size_t n = side->c != NULL ? side->c->n_permits : 0;
	int error = 0;

	side->permits = calloc(n + 1, sizeof(*side->permits));
	side->partner = calloc(n + 1, sizeof(*side->partner));
	if (side->permits == NULL || side->partner == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n && error == 0; i++) {
		side->partner[i] = NO_PARTNER;
		error = read_permit(w, side->c, &side->c->permits[i], &side->permits[i]);
	}
	return error;
}

static void
free_side(struct diff_side *side)
{
	for (size_t i = 0; side->permits != NULL && side->c != NULL &&
	    i < side->c->n_permits; i++) {
		free(side->permits[i].items);
		free(side->permits[i].pairs);
	}
	free(side->permits);
	free(side->partner);
}

/* ---- who is who ------------------------------------------------------------ */

static int
match_ids(struct diff_work *w)
{
	size_t n = w->old.c != NULL ? w->old.c->n_permits : 0;
	struct sorted_id *ids = calloc(n + 1, sizeof(*ids));

	if (ids == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ids[i] = (struct sorted_id){ .id = w->old.c->permits[i].id, .permit = i };
	qsort(ids, n, sizeof(*ids), by_id);
	for (size_t i = 0; n > 0 && i < w->new.c->n_permits; i++) {
		const struct sorted_id key = { .id = w->new.c->permits[i].id };
		const struct sorted_id *found = bsearch(&key, ids, n, sizeof(key), by_id);

		if (found == NULL)
			continue;
		w->new.partner[i] = found->permit;
		w->old.partner[found->permit] = i;
	}
	free(ids);
	return 0;
}

static int
compare_regions(const struct diff_regions *a, const struct diff_regions *b)
{
	int order = (a->n > b->n) - (a->n < b->n);

	for (size_t i = 0; order == 0 && i < a->n; i++)
		order = region_compare(&a->items[i], &b->items[i]);
	return order;
}

struct sorted_regions {
	const struct diff_regions *regions;
	size_t permit;
};

static int
by_regions(const void *a, const void *b)
{
	const struct sorted_regions *x = a, *y = b;

	return compare_regions(x->regions, y->regions);
}

/* One that went and one that came and open the very same: another id was written. */
static int
match_renamed(struct diff_work *w)
{
	size_t n = 0, n_old = w->old.c != NULL ? w->old.c->n_permits : 0;
	struct sorted_regions *gone = calloc(n_old + 1, sizeof(*gone));

	if (gone == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n_old; i++)
		if (w->old.partner[i] == NO_PARTNER && w->old.permits[i].n > 0)
			gone[n++] = (struct sorted_regions){ &w->old.permits[i], i };
	qsort(gone, n, sizeof(*gone), by_regions);
	for (size_t i = 0; n > 0 && i < w->new.c->n_permits; i++) {
		const struct sorted_regions key = { &w->new.permits[i], i };
		const struct sorted_regions *found;

		if (w->new.partner[i] != NO_PARTNER || w->new.permits[i].n == 0)
			continue;
		found = bsearch(&key, gone, n, sizeof(key), by_regions);
		if (found == NULL || w->old.partner[found->permit] != NO_PARTNER)
			continue;
		w->new.partner[i] = found->permit;
		w->old.partner[found->permit] = i;
	}
	free(gone);
	return 0;
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
	error = w.out == NULL ? -ENOMEM : list_zones(&w);
	if (error == 0)
		error = read_side(&w, &w.old);
	if (error == 0)
		error = read_side(&w, &w.new);
	if (error == 0)
		error = match_ids(&w);
	if (error == 0)
		error = match_renamed(&w);
	if (error == 0)
		error = compare_permits(&w);
	if (error == 0)
		error = diff_order(&w);
	if (error == 0)
		error = diff_places(&w);
	if (error == 0 && w.out->n_permits > 0)
		qsort(w.out->permits, w.out->n_permits, sizeof(*w.out->permits), by_pair);
	free_side(&w.old);
	free_side(&w.new);
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
