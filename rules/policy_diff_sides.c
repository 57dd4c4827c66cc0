/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two policies to be compared: their zones, and what each permit opens between which. */
#include "rules/policy_diff_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

int
diff_zones(struct diff_work *w)
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

int
diff_read_side(const struct diff_work *w, struct diff_side *side)
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

void
diff_free_side(struct diff_side *side)
{
	for (size_t i = 0; side->permits != NULL && side->c != NULL &&
	    i < side->c->n_permits; i++) {
		free(side->permits[i].items);
		free(side->permits[i].pairs);
	}
	free(side->permits);
	free(side->partner);
}
