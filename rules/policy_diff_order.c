/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first permit that holds a packet is the one whose counter and whose mark it gets, so
 * the order of two matters where both open the same; elsewhere it does not.
 */
#include "rules/policy_diff_internal.h"

#include <errno.h>
#include <stdlib.h>

/* The places, in the old policy, of the permits that are in both, in the new order. */
struct sequence {
	size_t *old, *new;
	bool *stays;			/* in a longest ascending subsequence */
	size_t n;
};

static void
free_sequence(struct sequence *s)
{
	free(s->old);
	free(s->new);
	free(s->stays);
}

static int
list_common(const struct diff_work *w, struct sequence *s)
{
	size_t n = w->new.c->n_permits;

	s->old = calloc(n + 1, sizeof(*s->old));
	s->new = calloc(n + 1, sizeof(*s->new));
	s->stays = calloc(n + 1, sizeof(*s->stays));
	if (s->old == NULL || s->new == NULL || s->stays == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (w->new.partner[i] == NO_PARTNER)
			continue;
		s->old[s->n] = w->new.partner[i];
		s->new[s->n++] = i;
	}
	return 0;
}

/* Fredman's way with piles: those of a longest ascending subsequence stay. */
static int
find_stays(struct sequence *s)
{
	size_t *tops = calloc(s->n + 1, sizeof(*tops));
	size_t *under = calloc(s->n + 1, sizeof(*under));
	size_t piles = 0, at;

	if (tops == NULL || under == NULL) {
		free(tops);
		free(under);
		return -ENOMEM;
	}
	for (size_t i = 0; i < s->n; i++) {
		size_t low = 0, high = piles;

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (s->old[tops[middle]] < s->old[i])
				low = middle + 1;
			else
				high = middle;
		}
		under[i] = low > 0 ? tops[low - 1] : s->n;
		tops[low] = i;
		piles += low == piles;
	}
	for (at = piles > 0 ? tops[piles - 1] : s->n; at < s->n; at = under[at])
		s->stays[at] = true;
	free(tops);
	free(under);
	return 0;
}

static bool
overlap(struct diff_work *w, const struct diff_regions *a, const struct diff_regions *b,
    size_t *pair)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < b->n; j++) {
			if (w->budget == 0)
				return false;
			w->budget--;
			*pair = a->pairs[i];
			if (region_meet(&a->items[i], &b->items[j]))
				return true;
		}
	return false;
}

/* The first that m jumped over and that opens some of the same. */
static int
add_moved(struct diff_work *w, const struct sequence *s, size_t m)
{
	const struct checked_permit *p = w->new.c->permits;
	struct policy_diff_permit item = { .change = POLICY_MOVED, .id = p[s->new[m]].id,
	    .order = s->new[m], .origin = p[s->new[m]].origin };

	for (size_t o = 0; o < s->n; o++) {
		bool before = m < o;

		if (o == m || before == (s->old[m] < s->old[o]) ||
		    (!s->stays[o] && o < m))
			continue;
		if (!overlap(w, &w->new.permits[s->new[m]], &w->new.permits[s->new[o]],
		    &item.pair))
			continue;
		item.other = p[s->new[o]].id;
		item.before_other = before;
		return diff_add_permit(w, &item);
	}
	return 0;
}

int
diff_order(struct diff_work *w)
{
	struct sequence s = { 0 };
	int error = list_common(w, &s);

	if (error == 0)
		error = find_stays(&s);
	for (size_t i = 0; error == 0 && i < s.n; i++)
		if (!s.stays[i])
			error = add_moved(w, &s, i);
	free_sequence(&s);
	return error;
}
