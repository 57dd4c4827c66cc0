/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where did an element of an exact map go? To another map of its leaf, if one
 * element there holds it in every field that map looks at, the map looks at no
 * field that the exact one does not (a packet may lack ports), and its rule is
 * reached, leads the same way and stands at least as long.
 *
 * Maps may be large on both sides: exact ones are searched by key, interval
 * ones by a tree of boxes, and all searches of a change have a common limit.
 */
#include "rules/ruleset_moved.h"

#include "rules/ruleset_compare.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 16u			/* elements below one node of the tree */
#define MAX_VISITS (1u << 24)		/* nodes; some 0.2 s */

/* Smallest boxes around the elements: node n has 2n and 2n + 1 below it. */
struct tree {
	size_t leaves;			/* a power of 2; node "leaves" is block 0 */
	uint8_t *low, *high;		/* one key per node */
};

/* One rule that looks a map up. */
struct lookup {
	const struct ruleset_chain *chain;
	const struct ruleset_set *set;
	const struct object_name *way;	/* where a hit goes */
	int64_t since, until;
	bool plain;			/* nothing else in this rule, nor before it */
	struct tree tree;		/* made when first searched */
};

struct moved {
	struct lookup *items;		/* in the order of chains and rules */
	size_t count;
	struct lookup **by_set;
	size_t visits_left;
};

/* "meta time ...; ct mark set ... map ...; goto ...": the whole rule, or not plain. */
static bool
read_rule(const struct ruleset_rule *rule, struct lookup *out)
{
	const struct stmt *s = rule->stmts, *end = s + rule->n_stmts;

	out->since = INT64_MIN;
	out->until = INT64_MAX;
	if (s < end && s->kind == STMT_TIME) {
		out->since = s->since;
		out->until = s->until;
		s++;
	}
	if (end - s != 2 || s[0].kind != STMT_MARK_FROM_MAP || s[1].kind != STMT_GOTO)
		return false;
	out->way = &s[1].target;
	return true;
}

static const struct object_name *
map_of(const struct ruleset_rule *rule)
{
	for (unsigned int i = 0; i < rule->n_stmts; i++)
		if (rule->stmts[i].kind == STMT_MARK_FROM_MAP)
			return &rule->stmts[i].target;
	return NULL;
}

/* Does another version of this chain run, to be replaced by it, or other rules in it? */
static bool
replaces(const struct ruleset *running, const struct ruleset *target,
    const struct ruleset_chain *chain)
{
	const struct ruleset_chain *have;
	size_t low = 0, high = running->n_chains;

	if (chain->name.version == 0) {
		have = ruleset_find_chain(running, &chain->name);
		return have != NULL && !chain_rules_equal(chain, have);
	}
	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (strcmp(running->chains[at].name.base, chain->name.base) < 0)
			low = at + 1;
		else
			high = at;
	}
	for (; low < running->n_chains; low++) {
		const struct object_name *name = &running->chains[low].name;

		if (strcmp(name->base, chain->name.base) != 0)
			break;
		if (name->version != 0 && ruleset_find_chain(target, name) == NULL)
			return true;
	}
	return false;
}

static void
add_lookups(struct moved *m, const struct ruleset *running,
    const struct ruleset *target, const struct ruleset_chain *chain)
{
	bool plain = chain->n_rules > 0 && map_of(&chain->rules[0]) != NULL
	    && replaces(running, target, chain);

	for (size_t i = 0; i < chain->n_rules; i++) {
		struct lookup l = { .chain = chain };
		const struct object_name *map = map_of(&chain->rules[i]);
		bool leads = read_rule(&chain->rules[i], &l);

		plain = leads && plain;
		l.plain = plain;
		/* A chain that judges running flows again is no second way to a map. */
		if (map == NULL || (!leads && chain->name.version == 0))
			continue;
		l.set = ruleset_find_set(target, map);
		if (l.set != NULL)
			m->items[m->count++] = l;
	}
}

static int
by_set(const void *a, const void *b)
{
	const struct lookup *const *x = a, *const *y = b;

	return ((*x)->set > (*y)->set) - ((*x)->set < (*y)->set);
}

struct moved *
moved_new(const struct ruleset *running, const struct ruleset *target)
{
	struct moved *m = calloc(1, sizeof(*m));
	size_t rules = 0;

	if (m == NULL)
		return NULL;
	for (size_t i = 0; i < target->n_chains; i++)
		rules += target->chains[i].n_rules;
	m->visits_left = MAX_VISITS;
	m->items = calloc(rules + 1, sizeof(*m->items));
	m->by_set = calloc(rules + 1, sizeof(struct lookup *));
	if (m->items == NULL || m->by_set == NULL) {
		moved_free(m);
		return NULL;
	}
	for (size_t i = 0; i < target->n_chains; i++)
		add_lookups(m, running, target, &target->chains[i]);
	for (size_t i = 0; i < m->count; i++)
		m->by_set[i] = &m->items[i];
	qsort(m->by_set, m->count, sizeof(struct lookup *), by_set);
	return m;
}

void
moved_free(struct moved *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->count; i++) {
		free(m->items[i].tree.low);
		free(m->items[i].tree.high);
	}
	free(m->items);
	free(m->by_set);
	free(m);
}

/* The one rule that looks this map up; NULL when it is not just one. */
static struct lookup *
find_lookup(const struct moved *m, const struct ruleset_set *set)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (m->by_set[at]->set < set)
			low = at + 1;
		else
			high = at;
	}
	if (low == m->count || m->by_set[low]->set != set)
		return NULL;
	if (low + 1 < m->count && m->by_set[low + 1]->set == set)
		return NULL;
	return m->by_set[low];
}

/* Is low <= key <= high in every field? Padding is zero, so it may be compared. */
static bool
holds(const struct ruleset_set *s, const uint8_t *low, const uint8_t *high,
    const uint8_t *key)
{
	size_t at = 0;

	for (unsigned int f = 0; f < s->n_fields; f++) {
		size_t length = ruleset_key_length(&s->key[f], 1);

		if (memcmp(low + at, key + at, length) > 0
		    || memcmp(high + at, key + at, length) < 0)
			return false;
		at += length;
	}
	return true;
}

static void
widen(const struct ruleset_set *s, uint8_t *low, uint8_t *high, const uint8_t *first,
    const uint8_t *last)
{
	size_t at = 0;

	for (unsigned int f = 0; f < s->n_fields; f++) {
		size_t length = ruleset_key_length(&s->key[f], 1);

		if (memcmp(first + at, low + at, length) < 0)
			memcpy(low + at, first + at, length);
		if (memcmp(last + at, high + at, length) > 0)
			memcpy(high + at, last + at, length);
		at += length;
	}
}

/* Empty nodes begin above where they end: they hold nothing. */
static bool
make_tree(struct tree *t, const struct ruleset_set *s)
{
	size_t blocks = (s->n_elements + BLOCK - 1) / BLOCK, length = s->key_length;
	size_t leaves = 1;

	while (leaves < blocks)
		leaves *= 2;
	t->low = malloc(2 * leaves * length);
	t->high = calloc(2 * leaves, length);
	if (t->low == NULL || t->high == NULL)
		return false;
	memset(t->low, 0xff, 2 * leaves * length);
	for (size_t i = 0; i < s->n_elements; i++) {
		size_t node = leaves + i / BLOCK;

		widen(s, t->low + node * length, t->high + node * length,
		    s->first + i * length, s->last + i * length);
	}
	for (size_t node = 2 * leaves - 1; node > 1; node--)
		widen(s, t->low + node / 2 * length, t->high + node / 2 * length,
		    t->low + node * length, t->high + node * length);
	t->leaves = leaves;
	return true;
}

static const struct element *
search_tree(struct moved *m, const struct tree *t, const struct ruleset_set *s,
    size_t node, const uint8_t *key)
{
	size_t length = s->key_length, i = (node - t->leaves) * BLOCK;
	const struct element *found;

	if (m->visits_left == 0)
		return NULL;
	m->visits_left--;
	if (!holds(s, t->low + node * length, t->high + node * length, key))
		return NULL;
	if (node < t->leaves) {
		found = search_tree(m, t, s, 2 * node, key);
		return found != NULL ? found : search_tree(m, t, s, 2 * node + 1, key);
	}
	for (size_t end = i + BLOCK; i < end && i < s->n_elements; i++)
		if (holds(s, s->first + i * length, s->last + i * length, key))
			return &s->elements[i];
	return NULL;
}

static const struct element *
search_exact(const struct ruleset_set *s, const uint8_t *key)
{
	size_t low = 0, high = s->n_elements;

	while (low < high) {
		size_t at = low + (high - low) / 2;
		int order = memcmp(s->first + at * s->key_length, key, s->key_length);

		if (order == 0)
			return &s->elements[at];
		if (order < 0)
			low = at + 1;
		else
			high = at;
	}
	return NULL;
}

static const struct element *
search(struct moved *m, struct lookup *l, const uint8_t *key)
{
	if (!l->set->interval)
		return search_exact(l->set, key);
	if (l->set->n_elements == 0)
		return NULL;
	if (l->tree.leaves == 0 && l->tree.low == NULL && !make_tree(&l->tree, l->set))
		return NULL;
	return l->tree.leaves == 0 ? NULL : search_tree(m, &l->tree, l->set, 1, key);
}

/* The key of "from" as "to" would have it; false when "to" looks at more. */
static bool
project(const struct ruleset_set *from, const uint8_t *key, const struct ruleset_set *to,
    uint8_t out[LIMIT_KEY_BYTES])
{
	size_t at = 0;

	for (unsigned int t = 0; t < to->n_fields; t++) {
		size_t length = ruleset_key_length(&to->key[t], 1);
		unsigned int f = 0;

		while (f < from->n_fields && from->key[f] != to->key[t])
			f++;
		if (f == from->n_fields)
			return false;
		memcpy(out + at, key + ruleset_key_length(from->key, f), length);
		at += length;
	}
	return true;
}

const struct element *
moved_to(struct moved *m, const struct ruleset_set *want, const struct ruleset_set *have,
    size_t i)
{
	const uint8_t *key = have->first + i * have->key_length;
	const struct lookup *from = find_lookup(m, want);
	struct lookup *l;

	if (from == NULL || !from->plain)
		return NULL;
	for (l = m->items + (from - m->items); l > m->items; l--)
		if (l[-1].chain != from->chain)
			break;
	for (; l < m->items + m->count && l->chain == from->chain && l->plain; l++) {
		uint8_t projected[LIMIT_KEY_BYTES];
		const struct element *to;

		if (l == from || l->since > from->since || l->until < from->until
		    || !object_name_equal(l->way, from->way)
		    || !project(want, key, l->set, projected))
			continue;
		to = search(m, l, projected);
		if (to != NULL)
			return to;
	}
	return NULL;
}
