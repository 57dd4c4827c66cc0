/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A k-d tree by medians: each node splits its members in the dimension in which
 * their middles lie farthest apart, as a share of the whole dimension. Members
 * of a node are a stretch of "order"; a leaf has at most LEAF_MEMBERS.
 * Invariant: every node's bounds hold the bounds of its children.
 */
#include "rules/compile_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEAF_MEMBERS 4u
#define NO_LEVEL (-1)

struct node {
	struct cube bounds;		/* permit: the earliest member */
	uint32_t begin, end;		/* members: order[begin..end-1] */
	uint32_t right;			/* index of the right child, 0: a leaf */
	uint32_t parent;
	int64_t top_level;		/* highest level among the members, NO_LEVEL */
};

struct cube_index {
	const struct cube *cubes;
	size_t count;
	uint32_t *order;
	uint32_t *home;			/* leaf of each cube */
	int64_t *levels;
	struct node *nodes;		/* a left child stands right behind its parent */
	size_t n_nodes;
};

static ip_value
middle(const struct cube *c, int dim)
{
	return c->first[dim] + (c->last[dim] - c->first[dim]) / 2;
}

static void
set_bounds(struct cube_index *x, struct node *n)
{
	n->bounds = x->cubes[x->order[n->begin]];
	n->bounds.permit = x->order[n->begin];
	for (uint32_t i = n->begin + 1; i < n->end; i++) {
		const struct cube *c = &x->cubes[x->order[i]];

		if (x->order[i] < n->bounds.permit)
			n->bounds.permit = x->order[i];
		for (int d = 0; d < CUBE_DIMS; d++) {
			if (c->first[d] < n->bounds.first[d])
				n->bounds.first[d] = c->first[d];
			if (c->last[d] > n->bounds.last[d])
				n->bounds.last[d] = c->last[d];
		}
	}
}

/* The dimension to split in, or CUBE_DIMS when all middles are the same. */
static int
widest(const struct cube_index *x, const struct node *n)
{
	double best = 0;
	int dim = CUBE_DIMS;

	for (int d = 0; d < CUBE_DIMS; d++) {
		ip_value low = middle(&x->cubes[x->order[n->begin]], d), high = low;
		double whole = UINT16_MAX, share;

		for (uint32_t i = n->begin + 1; i < n->end; i++) {
			ip_value at = middle(&x->cubes[x->order[i]], d);

			low = at < low ? at : low;
			high = at > high ? at : high;
		}
		if (d == CUBE_PROTOCOL)
			whole = UINT8_MAX;
		else if (d == CUBE_SOURCE || d == CUBE_DESTINATION)
			whole = (double)(n->bounds.last[d] - n->bounds.first[d]) + 1;
		share = (double)(high - low) / whole;
		if (share > best) {
			best = share;
			dim = d;
		}
	}
	return dim;
}

static void
swap(uint32_t *a, uint32_t *b)
{
	uint32_t kept = *a;

	*a = *b;
	*b = kept;
}

/*
 * Rearrange order[begin..end-1] so that no middle before "nth" is greater than
 * one from it on (Hoare's selection, three-way).
 */
static void
select_nth(struct cube_index *x, uint32_t begin, uint32_t end, uint32_t nth, int dim)
{
	while (end - begin > 1) {
		ip_value pivot =
		    middle(&x->cubes[x->order[begin + (end - begin) / 2]], dim);
		uint32_t less = begin, at = begin, more = end;

		while (at < more) {
			ip_value value = middle(&x->cubes[x->order[at]], dim);

			if (value < pivot)
				swap(&x->order[at++], &x->order[less++]);
			else if (value > pivot)
				swap(&x->order[at], &x->order[--more]);
			else
				at++;
		}
		if (nth < less)
			end = less;
		else if (nth >= more)
			begin = more;
		else
			return;
	}
}

/* Build the subtree of order[begin..end-1]; returns its index. */
static uint32_t
build(struct cube_index *x, uint32_t begin, uint32_t end, uint32_t parent)
{
	uint32_t me = (uint32_t)x->n_nodes++;
	struct node *n = &x->nodes[me];
	int dim;

	*n = (struct node){ .begin = begin, .end = end, .parent = parent,
	    .top_level = NO_LEVEL };
	set_bounds(x, n);
	if (end - begin <= LEAF_MEMBERS) {
		for (uint32_t i = begin; i < end; i++)
			x->home[x->order[i]] = me;
		return me;
	}
	dim = widest(x, n);
	if (dim < CUBE_DIMS)
		select_nth(x, begin, end, begin + (end - begin) / 2, dim);
	build(x, begin, begin + (end - begin) / 2, me);
	n->right = build(x, begin + (end - begin) / 2, end, me);
	return me;
}

struct cube_index *
cube_index_new(const struct cube *cubes, size_t count)
{
	struct cube_index *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->cubes = cubes;
	x->count = count;
	x->order = calloc(count + 1, sizeof(*x->order));
	x->home = calloc(count + 1, sizeof(*x->home));
	x->levels = calloc(count + 1, sizeof(*x->levels));
	/* Leaves hold at least half of LEAF_MEMBERS; inner nodes are one fewer. */
	x->nodes = calloc(count + 1, sizeof(*x->nodes));
	if (x->order == NULL || x->home == NULL || x->levels == NULL
	    || x->nodes == NULL) {
		cube_index_free(x);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		x->order[i] = (uint32_t)i;
		x->levels[i] = NO_LEVEL;
	}
	if (count > 0)
		build(x, 0, (uint32_t)count, 0);
	return x;
}

void
cube_index_free(struct cube_index *x)
{
	if (x == NULL)
		return;
	free(x->order);
	free(x->home);
	free(x->levels);
	free(x->nodes);
	free(x);
}

/* Both come before cube "at" and are in force whenever it is. */
static bool
rules_over(const struct cube_index *x, size_t earlier, size_t at)
{
	return earlier < at
	    && window_holds(&x->cubes[earlier].window, &x->cubes[at].window);
}

typedef bool (*relation)(const struct cube *a, const struct cube *b);

/* True when an earlier cube, in force whenever "at" is, stands in "related" to it. */
static bool
search(const struct cube_index *x, uint32_t node, size_t at, relation related)
{
	const struct node *n = &x->nodes[node];
	const struct cube *c = &x->cubes[at];

	if (n->bounds.permit >= at || !related(&n->bounds, c))
		return false;
	if (n->right != 0)
		return search(x, node + 1, at, related)
		    || search(x, n->right, at, related);
	for (uint32_t i = n->begin; i < n->end; i++)
		if (rules_over(x, x->order[i], at) && related(&x->cubes[x->order[i]], c))
			return true;
	return false;
}

bool
cube_index_covered(const struct cube_index *x, size_t at)
{
	return search(x, 0, at, cube_holds);
}

bool
cube_index_overlaps(const struct cube_index *x, size_t at)
{
	return search(x, 0, at, cube_meets);
}

/* Raise *level above every earlier cube below "node" that contends with "at". */
static void
raise_level(const struct cube_index *x, uint32_t node, size_t at, int64_t *level)
{
	const struct node *n = &x->nodes[node];
	const struct cube *c = &x->cubes[at];

	if (n->top_level < *level || n->bounds.permit >= at || !cube_meets(&n->bounds, c))
		return;
	if (n->right != 0) {
		raise_level(x, node + 1, at, level);
		raise_level(x, n->right, at, level);
		return;
	}
	for (uint32_t i = n->begin; i < n->end; i++) {
		const struct cube *other = &x->cubes[x->order[i]];

		if (x->order[i] < at && x->levels[x->order[i]] >= *level
		    && cube_meets(other, c) && window_meets(&other->window, &c->window)
		    && !window_holds(&other->window, &c->window))
			*level = x->levels[x->order[i]] + 1;
	}
}

uint32_t
cube_index_level(const struct cube_index *x, size_t at)
{
	int64_t level = 0;

	raise_level(x, 0, at, &level);
	return (uint32_t)level;
}

void
cube_index_set_level(struct cube_index *x, size_t at, uint32_t level)
{
	uint32_t node = x->home[at];

	x->levels[at] = level;
	while (x->nodes[node].top_level < level) {
		x->nodes[node].top_level = level;
		if (node == 0)
			return;
		node = x->nodes[node].parent;
	}
}

/* What of "c" lies outside "hole", which it meets, is added to "out". */
static int
cut_away(const struct cube *c, const struct cube *hole, struct cube_list *out)
{
	struct cube rest = *c;

	for (int d = 0; d < CUBE_DIMS; d++) {
		struct cube piece = rest;

		if (rest.first[d] < hole->first[d]) {
			piece.last[d] = hole->first[d] - 1;
			if (cube_list_add(out, &piece) < 0)
				return -ENOMEM;
			rest.first[d] = hole->first[d];
		}
		piece = rest;
		if (rest.last[d] > hole->last[d]) {
			piece.first[d] = hole->last[d] + 1;
			if (cube_list_add(out, &piece) < 0)
				return -ENOMEM;
			rest.last[d] = hole->last[d];
		}
	}
	return 0;
}

/* Each of "pieces" less one hole; "pieces" is replaced. */
static int
cut_all(struct cube_list *pieces, const struct cube *hole)
{
	struct cube_list left = { .items = NULL };
	int ret = 0;

	for (size_t i = 0; i < pieces->count && ret == 0; i++)
		if (cube_meets(&pieces->items[i], hole))
			ret = cut_away(&pieces->items[i], hole, &left);
		else
			ret = cube_list_add(&left, &pieces->items[i]);
	cube_list_free(pieces);
	*pieces = left;
	return ret;
}

struct cutting {
	const struct cube_index *x;
	size_t at, limit;
};

/*
 * Cut everything below "node" out of "pieces". Pieces outside of the node's
 * bounds stand aside, so that a piece is only ever held against what is near it.
 */
static int
cut_below(const struct cutting *k, uint32_t node, struct cube_list *pieces)
{
	const struct node *n = &k->x->nodes[node];
	struct cube_list near = { .items = NULL };
	size_t aside = 0;
	int ret = 0;

	if (n->bounds.permit >= k->at)
		return 0;
	for (size_t i = 0; i < pieces->count && ret == 0; i++)
		if (cube_meets(&n->bounds, &pieces->items[i]))
			ret = cube_list_add(&near, &pieces->items[i]);
		else
			pieces->items[aside++] = pieces->items[i];
	pieces->count = aside;

	if (ret == 0 && near.count > 0 && n->right != 0) {
		ret = cut_below(k, node + 1, &near);
		if (ret == 0)
			ret = cut_below(k, n->right, &near);
	} else if (ret == 0 && near.count > 0) {
		for (uint32_t i = n->begin; i < n->end && ret == 0; i++)
			if (rules_over(k->x, k->x->order[i], k->at))
				ret = cut_all(&near, &k->x->cubes[k->x->order[i]]);
	}
	if (ret == 0 && near.count + pieces->count > k->limit)
		ret = -E2BIG;
	for (size_t i = 0; i < near.count && ret == 0; i++)
		ret = cube_list_add(pieces, &near.items[i]);
	cube_list_free(&near);
	return ret;
}

int
cube_index_cut(const struct cube_index *x, size_t at, size_t limit, struct cube_list *out)
{
	struct cutting k = { .x = x, .at = at, .limit = limit };
	struct cube_list pieces = { .items = NULL };
	int ret = cube_list_add(&pieces, &x->cubes[at]);

	if (ret == 0)
		ret = cut_below(&k, 0, &pieces);
	for (size_t i = 0; i < pieces.count && ret == 0; i++)
		ret = cube_list_add(out, &pieces.items[i]);
	cube_list_free(&pieces);
	return ret;
}
