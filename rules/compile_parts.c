/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces to tables: see compile_parts.h. */
#include "rules/compile_parts.h"

#include "rules/ruleset.h"

#include <errno.h>
#include <stdlib.h>

/* A piece of more tuples than this is never spread. */
#define SPREAD_TUPLES	16u

static bool
spans(const struct cube *c, int dim)
{
	return c->first[dim] == 0 && c->last[dim] == UINT16_MAX;
}

static enum form
form_of(const struct cube *c)
{
	bool sport = !spans(c, CUBE_SPORT), dport = !spans(c, CUBE_DPORT);

	if (sport)
		return dport ? FORM_BOTH : FORM_SPORT;
	return dport ? FORM_DPORT : FORM_PROTOCOL;
}

bool
form_looks_at(enum form form, int dim)
{
	if (dim == CUBE_SPORT)
		return form == FORM_SPORT || form == FORM_BOTH;
	if (dim == CUBE_DPORT)
		return form == FORM_DPORT || form == FORM_BOTH;
	return true;
}

size_t
piece_tuples(const struct cube *c)
{
	enum form form = form_of(c);
	size_t tuples = 1;

	for (int d = 0; d < CUBE_DIMS; d++) {
		ip_value width = c->last[d] - c->first[d];

		if (!form_looks_at(form, d))
			continue;
		if (width >= SPREAD_TUPLES
		    || tuples * (size_t)(width + 1) > SPREAD_TUPLES)
			return SIZE_MAX;
		tuples *= (size_t)width + 1;
	}
	return tuples;
}

size_t
pieces_spread(const struct cube_list lists[], size_t n_lists, size_t total)
{
	size_t of[SPREAD_TUPLES + 1] = { 0 }, spread = SPREAD_TUPLES;

	for (size_t l = 0; l < n_lists; l++)
		for (size_t i = 0; i < lists[l].count; i++) {
			size_t tuples = piece_tuples(&lists[l].items[i]);

			for (size_t s = tuples; s <= SPREAD_TUPLES; s++)
				of[s] += tuples;
		}
	while (spread > 1 && of[spread] > total)
		spread /= 2;
	return spread;
}

static int
compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	const struct cube *p = x->cube, *q = y->cube;

	if (p->level != q->level)
		return p->level < q->level ? -1 : 1;
	if (p->window.since != q->window.since)
		return p->window.since < q->window.since ? -1 : 1;
	if (p->window.until != q->window.until)
		return p->window.until > q->window.until ? -1 : 1;
	if (x->exact != y->exact)
		return x->exact ? -1 : 1;
	if (x->form != y->form)
		return x->form < y->form ? -1 : 1;
	if (p->family != q->family)
		return p->family < q->family ? -1 : 1;
	return (p > q) - (p < q);
}

bool
parts_same_table(const struct part *x, const struct part *y)
{
	return x->cube->level == y->cube->level
	    && x->cube->window.since == y->cube->window.since
	    && x->cube->window.until == y->cube->window.until
	    && x->exact == y->exact && x->form == y->form
	    && x->cube->family == y->cube->family;
}

int
parts_make(const struct checked *c, uint32_t pair, const struct cube_list *pieces,
    size_t spread, struct parts *out)
{
	out->items = calloc(pieces->count + 1, sizeof(*out->items));
	if (out->items == NULL)
		return -ENOMEM;
	out->count = pieces->count;
	for (size_t i = 0; i < pieces->count; i++) {
		struct part *part = &out->items[i];

		part->cube = &pieces->items[i];
		part->mark = pair << MARK_PAIR_SHIFT
		    | c->permits[part->cube->permit].number;
		part->form = form_of(part->cube);
		part->exact = piece_tuples(part->cube) <= spread;
	}
	qsort(out->items, out->count, sizeof(*out->items), compare_parts);
	return 0;
}

void
parts_free(struct parts *parts)
{
	free(parts->items);
	*parts = (struct parts){ .items = NULL };
}
