/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compiler's road: gate (what every policy has), then one leaf chain per
 * segment pair that has boxes or wants its packets rejected.
 */
#include "rules/compile_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What sorting needs to know beside the numbers it sorts. */
struct sorting {
	const struct box *boxes;
};

/* Box numbers sorted by pair, within a pair in the order of the policy. */
static int
compare_boxes(const void *a, const void *b, void *arg)
{
	const struct sorting *sorting = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct box *p = &sorting->boxes[i], *q = &sorting->boxes[j];

	if (p->in != q->in)
		return p->in < q->in ? -1 : 1;
	if (p->out != q->out)
		return p->out < q->out ? -1 : 1;
	return (i > j) - (i < j);
}

static bool
rejects(const struct checked *c, uint16_t in, uint16_t out)
{
	int from = checked_zone_of(c, in), to = checked_zone_of(c, out);

	return from >= 0 && to >= 0 && in != out
	    && c->refusals[(size_t)from * c->n_zones + (size_t)to] == REFUSAL_REJECT;
}

static void
report_limit(const struct checked *c, const struct leaf *leaf, uint32_t culprit,
    struct diag *diag)
{
	const struct checked_permit *p = &c->permits[culprit];
	char name[LEAF_NAME_SIZE];

	name_leaf(c, leaf->in, leaf->out, name);
	diag_add(diag, p->origin, DIAG_ERROR, MSG_COMPILE_LIMIT_BOXES, p->id, name,
	    LIMIT_BOXES);
}

/* Bit (in, out) of the pairs that have a leaf; the gateway itself aside. */
struct made {
	bool *pairs;
	size_t n;
};

static size_t
pair_index(const struct made *made, uint16_t in, uint16_t out)
{
	return (size_t)in * made->n + out;
}

/* One leaf for every pair among the boxes in "order". 0 or -E2BIG. */
static int
compile_box_leaves(struct writer *w, const struct checked *c, const uint32_t *order,
    size_t n, struct made *made, struct diag *diag)
{
	int ret = 0;
	size_t end;

	for (size_t i = 0; i < n && w->error == 0; i = end) {
		const struct box *first = &c->boxes[order[i]];
		struct leaf leaf = { .in = first->in,
			.out = first->out,
			.boxes = order + i };
		uint32_t culprit = first->permit;

		for (end = i + 1; end < n; end++)
			if (c->boxes[order[end]].in != leaf.in
			    || c->boxes[order[end]].out != leaf.out)
				break;
		leaf.n_boxes = end - i;
		leaf.origin = c->permits[first->permit].origin;
		leaf.reject = rejects(c, leaf.in, leaf.out);
		leaf.ends = rejudging_ends(c, w->moment, leaf.boxes, leaf.n_boxes);
		if (leaf.in != SEGMENT_SELF && leaf.out != SEGMENT_SELF)
			made->pairs[pair_index(made, leaf.in, leaf.out)] = true;
		if (compile_leaf(w, c, &leaf, &culprit) < 0) {
			report_limit(c, &leaf, culprit, diag);
			ret = -E2BIG;
		}
	}
	return ret;
}

/* Pairs without any box whose packets are to be rejected, not dropped. */
static void
compile_reject_leaves(struct writer *w, const struct checked *c, const struct made *made)
{
	uint32_t nobody = 0;

	for (size_t in = 0; in < c->n_segments; in++)
		for (size_t out = 0; out < c->n_segments; out++) {
			struct leaf leaf = { .in = (uint16_t)in, .out = (uint16_t)out,
			    .reject = true, .ends = INT64_MAX };

			if (rejects(c, leaf.in, leaf.out)
			    && !made->pairs[pair_index(made, leaf.in, leaf.out)])
				compile_leaf(w, c, &leaf, &nobody);
		}
}

/* Boxes that go into tables: a disabled permit makes none. */
static size_t
order_boxes(const struct checked *c, const struct compile_moment *moment, uint32_t *order)
{
	struct sorting sorting = { .boxes = c->boxes };
	size_t n = 0;

	for (size_t i = 0; i < c->n_boxes; i++) {
		struct window w;

		if (window_of(&c->permits[c->boxes[i].permit], &w)
		    && !permit_ended(&c->permits[c->boxes[i].permit], moment))
			order[n++] = (uint32_t)i;
	}
	qsort_r(order, n, sizeof(*order), compare_boxes, &sorting);
	return n;
}

static int
compile_leaves(struct writer *w, const struct checked *c, struct diag *diag)
{
	uint32_t *order = calloc(c->n_boxes + 1, sizeof(*order));
	struct made made = {
		.pairs = calloc(c->n_segments * c->n_segments + 1, sizeof(*made.pairs)),
		.n = c->n_segments,
	};
	int ret = 0;

	if (order == NULL || made.pairs == NULL) {
		w->error = -ENOMEM;
	} else {
		ret = compile_box_leaves(w, c, order, order_boxes(c, w->moment, order), &made,
		    diag);
		compile_reject_leaves(w, c, &made);
	}
	free(order);
	free(made.pairs);
	return ret;
}

struct ruleset *
compile(const struct checked *checked, struct diag *diag)
{
	return compile_at(checked, NULL, diag);
}

struct ruleset *
compile_at(const struct checked *checked, const struct compile_moment *moment,
    struct diag *diag)
{
	static const struct compile_sizes sizes = { .spread = LIMIT_HASH_TUPLES,
		.shard = { .boxes = LIMIT_SHARD_BOXES, .tuples = LIMIT_HASH_TUPLES,
		    .across = LIMIT_SHARD_ACROSS },
		.prepared = LIMIT_PREPARED_BOXES };

	return compile_sized(checked, moment, &sizes, diag);
}

struct ruleset *
compile_sized(const struct checked *checked, const struct compile_moment *moment,
    const struct compile_sizes *sizes, struct diag *diag)
{
	struct rejudging rejudging;
	struct writer w = { .ruleset = ruleset_new(), .room = LIMIT_BOXES,
		.sizes = sizes, .moment = moment, .rejudging = &rejudging };
	int ret;

	if (w.ruleset == NULL)
		return NULL;
	w.ruleset->made_at = moment != NULL ? moment->now : 0;
	w.error = rejudging_find(&rejudging, checked, moment,
	    checked->n_boxes > sizes->prepared);
	snprintf(w.ruleset->comment, sizeof(w.ruleset->comment), "policy %s",
	    checked->digest);
	compile_gate(&w, checked);
	ret = compile_leaves(&w, checked, diag);
	rejudging_free(&rejudging);
	ruleset_sort(w.ruleset);
	if (ret == 0 && w.error == 0 && moment != NULL && moment->n_revoked > 0)
		w.error = compile_revoke(w.ruleset, checked, moment->revoked,
		    moment->n_revoked);
	if (ret < 0 || w.error != 0) {
		ruleset_free(w.ruleset);
		errno = ret < 0 ? E2BIG : -w.error;
		return NULL;
	}
	return w.ruleset;
}
