/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every box is in one of two structures: single addresses with a single service
 * in a hash table, all others in one bit-vector index per pair of segments and
 * family. A query asks both; the lower permit number wins.
 */
#include "rules/classifier_index.h"

#include "rules/classifier_exact.h"
#include "rules/classifier_ranges.h"

#include <errno.h>
#include <stdlib.h>

/* The boxes of one pair and family while they are gathered. */
struct pair_boxes {
	uint32_t *ids;
	size_t count, room;
};

struct permit_index {
	const struct checked *checked;
	struct exact_index *exact;
	size_t side;			/* segments and the gateway itself */
	struct range_index **ranges;	/* side x side x 2, NULL: no such boxes */
};

bool
index_service_holds(const struct service_match *s, const struct index_query *q,
    enum index_depth depth)
{
	if (depth == INDEX_HOSTS)
		return true;
	if (s->family != IP_NONE && s->family != q->src.family)
		return false;
	if (!s->protocol_any && s->protocol != q->protocol)
		return false;
	if (depth == INDEX_PROTOCOL || s->form == SERVICE_PROTOCOL)
		return true;
	if (!q->has_ports || q->sport < s->sport_first || q->sport > s->sport_last)
		return false;
	return s->form == SERVICE_ICMP ||
	    (q->dport >= s->dport_first && q->dport <= s->dport_last);
}

bool
index_note(const struct checked_permit *permits, uint32_t i, int64_t now,
    struct index_answer *a)
{
	const struct checked_permit *p = &permits[i];

	if (checked_permit_in_force(p, now)) {
		if (a->permit == 0 || a->permit > i + 1)
			a->permit = i + 1;
		return true;
	}
	if (a->concerned == 0 || a->concerned > i + 1)
		a->concerned = i + 1;
	if (!p->disabled && (a->dated == 0 || a->dated > i + 1))
		a->dated = i + 1;
	return false;
}

/* SIZE_MAX for a pair that no permit can name. */
static size_t
pair_cell(const struct permit_index *x, uint16_t in, uint16_t out, enum ip_family family)
{
	size_t row = in == SEGMENT_SELF ? x->side - 1 : in;
	size_t column = out == SEGMENT_SELF ? x->side - 1 : out;

	if (row >= x->side || column >= x->side || family == IP_NONE)
		return SIZE_MAX;
	return (row * x->side + column) * 2 + (family == IP_V6);
}

static int
pair_add(struct pair_boxes *p, uint32_t id)
{
	if (p->count == p->room) {
		size_t room = p->room == 0 ? 8 : p->room * 2;
		uint32_t *ids = realloc(p->ids, room * sizeof(*ids));

		if (ids == NULL)
			return -ENOMEM;
		p->ids = ids;
		p->room = room;
	}
	p->ids[p->count++] = id;
	return 0;
}

static int
gather_pairs(const struct permit_index *x, struct pair_boxes *pairs)
{
	const struct checked *c = x->checked;

	for (size_t i = 0; i < c->n_boxes; i++) {
		const struct box *b = &c->boxes[i];
		size_t cell = pair_cell(x, b->in, b->out, b->src.family);

		if (exact_takes(b) || cell == SIZE_MAX ||
		    (b->service.family != IP_NONE && b->service.family != b->src.family))
			continue;
		if (pair_add(&pairs[cell], (uint32_t)i) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int
build_pairs(struct permit_index *x, struct pair_boxes *pairs)
{
	if (gather_pairs(x, pairs) != 0)
		return -ENOMEM;
	for (size_t i = 0; i < x->side * x->side * 2; i++) {
		if (pairs[i].count == 0)
			continue;
		x->ranges[i] = range_index_new(x->checked, pairs[i].ids, pairs[i].count);
		if (x->ranges[i] == NULL)
			return -ENOMEM;
		pairs[i].ids = NULL;
	}
	return 0;
}

static int
build_ranges(struct permit_index *x)
{
	size_t n = x->side * x->side * 2;
	struct pair_boxes *pairs = calloc(n, sizeof(*pairs));
	int ret;

	x->ranges = calloc(n, sizeof(x->ranges[0]));
	if (pairs == NULL || x->ranges == NULL) {
		free(pairs);
		return -ENOMEM;
	}
	ret = build_pairs(x, pairs);
	for (size_t i = 0; i < n; i++)
		free(pairs[i].ids);
	free(pairs);
	return ret;
}

struct permit_index *
permit_index_new(const struct checked *checked)
{
	struct permit_index *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->checked = checked;
	x->side = checked->n_segments + 1;
	x->exact = exact_index_new(checked);
	if (x->exact == NULL || build_ranges(x) != 0) {
		permit_index_free(x);
		errno = ENOMEM;
		return NULL;
	}
	return x;
}

void
permit_index_free(struct permit_index *x)
{
	if (x == NULL)
		return;
	for (size_t i = 0; x->ranges != NULL && i < x->side * x->side * 2; i++)
		range_index_free(x->ranges[i]);
	free(x->ranges);
	exact_index_free(x->exact);
	free(x);
}

void
permit_index_find(const struct permit_index *x, const struct index_query *q,
    enum index_depth depth, int64_t now, struct index_answer *a)
{
	size_t cell = pair_cell(x, q->in, q->out, q->src.family);

	*a = (struct index_answer){ 0 };
	if (cell == SIZE_MAX)
		return;
	if (q->in != SEGMENT_SELF && q->out != SEGMENT_SELF)
		exact_index_find(x->exact, q, depth, now, a);
	if (x->ranges[cell] != NULL)
		range_index_find(x->ranges[cell], q, depth, now, a);
}

void
permit_index_expect(const struct permit_index *x, const struct facts *f)
{
	exact_index_expect(x->exact, f);
}
