/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building rows: cut a dimension at every edge of a box, then go from cut to
 * cut with the set of boxes that reach into the present interval.
 */
#include "rules/classifier_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Words that the rows of one dimension may take if all were full (16 MiB). Above,
 * neighbouring intervals share a row.
 */
#define ROW_WORDS_MAX	(2u << 20)
#define INTERVALS_MIN	64u

#define SERVICE_KEY_MAX	0xffffffu

/* One end of a box in one dimension. */
struct edge {
	ip_value at;
	uint32_t bit;
};

/* What building one dimension needs. */
struct edges {
	struct edge *first, *last;	/* sorted by "at" */
	ip_value *cuts;
	size_t n_cuts;
	uint64_t *row;			/* boxes that reach into the present interval */
	ip_value max;
};

static void
service_span(const struct service_match *s, ip_value *first, ip_value *last)
{
	*first = 0;
	*last = SERVICE_KEY_MAX;
	if (s->protocol_any)
		return;
	switch (s->form) {
	case SERVICE_PROTOCOL:
		*first = rows_service_key(s->protocol, 0);
		*last = rows_service_key(s->protocol, 65535);
		break;
	case SERVICE_PORTS:
		*first = rows_service_key(s->protocol, s->dport_first);
		*last = rows_service_key(s->protocol, s->dport_last);
		break;
	case SERVICE_ICMP:
		*first = rows_service_key(s->protocol, s->sport_first);
		*last = rows_service_key(s->protocol, s->sport_last);
		break;
	}
}

static void
span_of(const struct box *b, int dimension, ip_value *first, ip_value *last)
{
	switch (dimension) {
	case ROWS_SOURCE:
		*first = b->src.first;
		*last = b->src.last;
		break;
	case ROWS_DESTINATION:
		*first = b->dst.first;
		*last = b->dst.last;
		break;
	case ROWS_SERVICE:
		service_span(&b->service, first, last);
		break;
	}
}

static int
compare_values(const void *a, const void *b)
{
	const ip_value *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int
compare_edges(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static void
edges_free(struct edges *e)
{
	free(e->first);
	free(e->last);
	free(e->cuts);
	free(e->row);
}

/* Leave out some cuts when the rows would take too much. True when it was so. */
static bool
thin_cuts(struct edges *e, size_t row_words)
{
	size_t most = ROW_WORDS_MAX / row_words, step, kept = 0;

	if (most < INTERVALS_MIN)
		most = INTERVALS_MIN;
	if (e->n_cuts <= most)
		return false;
	step = (e->n_cuts + most - 1) / most;
	for (size_t i = 0; i < e->n_cuts; i += step)
		e->cuts[kept++] = e->cuts[i];
	e->n_cuts = kept;
	return true;
}

static void
sort_cuts(struct edges *e)
{
	size_t kept = 1;

	qsort(e->cuts, e->n_cuts, sizeof(e->cuts[0]), compare_values);
	for (size_t i = 1; i < e->n_cuts; i++)
		if (e->cuts[i] != e->cuts[kept - 1])
			e->cuts[kept++] = e->cuts[i];
	e->n_cuts = kept;
}

static int
edges_gather(struct edges *e, struct range_index *x, int dimension)
{
	size_t n = x->n;

	e->first = calloc(n, sizeof(e->first[0]));
	e->last = calloc(n, sizeof(e->last[0]));
	e->cuts = calloc(2 * n + 1, sizeof(e->cuts[0]));
	e->row = calloc(x->row_words, sizeof(e->row[0]));
	if (e->first == NULL || e->last == NULL || e->cuts == NULL || e->row == NULL)
		return -ENOMEM;

	e->n_cuts = 1;			/* the first interval begins at 0 */
	for (size_t i = 0; i < n; i++) {
		const struct box *b = &x->checked->boxes[x->ids[i]];
		struct edge *first = &e->first[i], *last = &e->last[i];

		span_of(b, dimension, &first->at, &last->at);
		first->bit = last->bit = (uint32_t)i;
		e->cuts[e->n_cuts++] = first->at;
		if (last->at < e->max)
			e->cuts[e->n_cuts++] = last->at + 1;
	}
	qsort(e->first, n, sizeof(e->first[0]), compare_edges);
	qsort(e->last, n, sizeof(e->last[0]), compare_edges);
	sort_cuts(e);
	x->thinned |= thin_cuts(e, x->row_words);
	return 0;
}

static int
words_reserve(struct row_dimension *d, size_t n)
{
	size_t room = (d->n_words + n) * 2;
	uint64_t *words;

	if (d->n_words + n <= d->room)
		return 0;
	words = realloc(d->words, room * sizeof(*words));
	if (words == NULL)
		return -ENOMEM;
	d->words = words;
	d->room = room;
	return 0;
}

static int
emit_row(struct row_dimension *d, const struct range_index *x, const uint64_t *row)
{
	uint64_t *summary;

	if (words_reserve(d, x->summary_words + x->row_words) != 0)
		return -ENOMEM;
	summary = d->words + d->n_words;
	memset(summary, 0, x->summary_words * sizeof(*summary));
	d->n_words += x->summary_words;
	for (size_t i = 0; i < x->row_words; i++) {
		if (row[i] == 0)
			continue;
		summary[i / 64] |= UINT64_C(1) << i % 64;
		d->words[d->n_words++] = row[i];
	}
	return 0;
}

/* The k-th interval begins here, and its row comes next. */
static void
set_interval(struct row_dimension *d, size_t k, ip_value first)
{
	if (d->wide != NULL)
		d->wide[k] = (struct row_wide){ first, (uint32_t)d->n_words };
	else
		d->narrow[k] = (struct row_narrow){(uint32_t)first, (uint32_t)d->n_words};
}

/* From cut to cut: boxes that begin before the next one come in, those that ended go. */
static int
emit_rows(struct row_dimension *d, const struct range_index *x, struct edges *e)
{
	size_t in = 0, gone = 0;

	for (size_t k = 0; k < e->n_cuts; k++) {
		ip_value last = k + 1 < e->n_cuts ? e->cuts[k + 1] - 1 : e->max;

		for (; in < x->n && e->first[in].at <= last; in++)
			e->row[e->first[in].bit / 64] |= UINT64_C(1)
							 << e->first[in].bit % 64;
		set_interval(d, k, e->cuts[k]);
		if (emit_row(d, x, e->row) != 0)
			return -ENOMEM;
		for (; gone < x->n && e->last[gone].at <= last; gone++)
			e->row[e->last[gone].bit / 64] &=
			    ~(UINT64_C(1) << e->last[gone].bit % 64);
	}
	return 0;
}

static int
fill_dimension(struct row_dimension *d, const struct range_index *x, struct edges *e)
{
	d->n = e->n_cuts;
	if (e->max > UINT32_MAX)
		d->wide = calloc(d->n, sizeof(d->wide[0]));
	else
		d->narrow = calloc(d->n, sizeof(d->narrow[0]));
	if (d->wide == NULL && d->narrow == NULL)
		return -ENOMEM;
	return emit_rows(d, x, e);
}

static int
build_dimension(struct range_index *x, int dimension)
{
	enum ip_family family = x->checked->boxes[x->ids[0]].src.family;
	struct edges e = {
		.max = dimension == ROWS_SERVICE ? SERVICE_KEY_MAX : address_max(family),
	};
	int ret = edges_gather(&e, x, dimension);

	if (ret == 0)
		ret = fill_dimension(&x->dims[dimension], x, &e);
	edges_free(&e);
	return ret;
}

int
rows_build(struct range_index *x)
{
	for (int i = 0; i < ROWS_DIMENSIONS; i++)
		if (build_dimension(x, i) != 0)
			return -ENOMEM;
	return 0;
}

void
rows_free(struct range_index *x)
{
	for (int i = 0; i < ROWS_DIMENSIONS; i++) {
		free(x->dims[i].wide);
		free(x->dims[i].narrow);
		free(x->dims[i].words);
	}
}
