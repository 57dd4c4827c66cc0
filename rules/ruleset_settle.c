/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Versions. Sets are settled before chains, because a chain is the same only
 * when the tables it looks up are. A versioned verdict map leads to other chains
 * (a leaf's to those of its shards), so it comes behind those, and before the
 * chains that look it up.
 *
 * An exact set, or map of marks, has no version as long as it can change in place. Where so
 * much of it changes that the flip, one batch that nothing of nf_tables gets into, would
 * take long (LIMIT_FLIP_ELEMENTS), it gets one, and is filled before the flip like an
 * interval map; it keeps that version until so much changes again.
 */
#include "rules/ruleset_compare.h"
#include "rules/ruleset_diff.h"

#include <stdlib.h>
#include <string.h>

/* Changed elements are little when they are at most one in so many. */
#define LITTLE 16u

/*
 * Objects of all kinds begin with their name, so one search serves them:
 * the first object of this base and at least this version in a sorted list;
 * count when none.
 */
static size_t
first_version(const void *objects, size_t count, size_t size, const char *base,
    uint32_t version)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t at = low + (high - low) / 2;
		const struct object_name *name =
		    (const void *)((const char *)objects + at * size);
		int order = strcmp(name->base, base);

		if (order < 0 || (order == 0 && name->version < version))
			low = at + 1;
		else
			high = at;
	}
	return low;
}

static uint32_t
version_above(uint32_t highest)
{
	return highest == UINT32_MAX ? 1 : highest + 1;
}

/* True when an equal one runs, whose version it gets. */
static bool
settle_set(struct ruleset_set *s, const struct ruleset *running)
{
	uint32_t highest = 0;
	size_t at =
	    first_version(running->sets, running->n_sets, sizeof(*s), s->name.base, 1);

	for (; at < running->n_sets; at++) {
		const struct ruleset_set *old = &running->sets[at];

		if (strcmp(old->name.base, s->name.base) != 0)
			break;
		if (set_type_equal(s, old) && set_elements_equal(s, old)) {
			s->name.version = old->name.version;
			return true;
		}
		highest = old->name.version;
	}
	s->name.version = version_above(highest);
	return false;
}

/* Changes in place while it can; versions of it are made here alone. */
static bool
is_exact(const struct ruleset_set *s)
{
	return (s->kind == SET_MARK_MAP || s->kind == SET_PLAIN) && !s->interval
	    && !s->dynamic;
}

/*
 * Changes that are little beside the whole are cheaper than filling another one, also when
 * the flip has too many already; they come to a part of all elements, however many sets.
 */
static bool
is_little(size_t changes, const struct ruleset_set *s)
{
	return changes <= s->n_elements / LITTLE;
}

/*
 * An exact one gets the version of what runs with the fewest differences, when *room, the
 * elements that the flip may still change, holds them. True when there are none.
 */
static bool
settle_exact(struct ruleset_set *s, const struct ruleset *running, size_t *room)
{
	uint32_t highest = 0, nearest = 0;
	size_t fewest = SIZE_MAX;
	size_t at =
	    first_version(running->sets, running->n_sets, sizeof(*s), s->name.base, 0);
	bool runs = false;

	for (; at < running->n_sets; at++) {
		const struct ruleset_set *old = &running->sets[at];
		size_t n;

		if (strcmp(old->name.base, s->name.base) != 0)
			break;
		runs = true;
		highest = old->name.version;
		n = set_type_equal(s, old) ? elements_different(s, old, fewest) : SIZE_MAX;
		if (n < fewest) {
			fewest = n;
			nearest = old->name.version;
		}
	}
	if (runs && (fewest == SIZE_MAX || (fewest > *room && !is_little(fewest, s)))) {
		s->name.version = version_above(highest);
		return false;
	}
	s->name.version = nearest;
	if (runs)
		*room -= fewest < *room ? fewest : *room;
	return runs && fewest == 0;
}

static void
settle_chain(struct ruleset_chain *c, const struct ruleset *running)
{
	uint32_t highest = 0;
	size_t at =
	    first_version(running->chains, running->n_chains, sizeof(*c), c->name.base, 1);

	for (; at < running->n_chains; at++) {
		const struct ruleset_chain *old = &running->chains[at];

		if (strcmp(old->name.base, c->name.base) != 0)
			break;
		if (chain_type_equal(c, old) && chain_rules_equal(c, old)) {
			c->name.version = old->name.version;
			return;
		}
		highest = old->name.version;
	}
	c->name.version = version_above(highest);
}

static bool
names_chain(const struct stmt *s)
{
	return s->kind == STMT_GOTO || s->kind == STMT_JUMP;
}

/* May name another version than it does. */
static bool
can_move(const struct stmt *s)
{
	return s->target.version != 0 || s->kind == STMT_MARK_FROM_MAP
	    || s->kind == STMT_IN_SET;
}

/* There is one of each base in a whole ruleset. */
static void
point_to_set(const struct ruleset *r, struct object_name *name)
{
	size_t at = first_version(r->sets, r->n_sets, sizeof(*r->sets), name->base, 0);

	if (at < r->n_sets && strcmp(r->sets[at].name.base, name->base) == 0)
		name->version = r->sets[at].name.version;
}

static void
point_to_chain(const struct ruleset *r, struct object_name *name)
{
	size_t at =
	    first_version(r->chains, r->n_chains, sizeof(*r->chains), name->base, 1);

	if (name->version != 0 && at < r->n_chains
	    && strcmp(r->chains[at].name.base, name->base) == 0)
		name->version = r->chains[at].name.version;
}

/* Let every rule name the version that its set or chain has now. */
static void
point_rules(struct ruleset *r, bool chains)
{
	for (size_t c = 0; c < r->n_chains; c++)
		for (size_t i = 0; i < r->chains[c].n_rules; i++) {
			struct ruleset_rule *rule = &r->chains[c].rules[i];

			for (unsigned int k = 0; k < rule->n_stmts; k++) {
				struct stmt *s = &rule->stmts[k];

				if (!can_move(s) || names_chain(s) != chains)
					continue;
				if (chains)
					point_to_chain(r, &s->target);
				else
					point_to_set(r, &s->target);
			}
		}
}

static void
point_elements(struct ruleset *r)
{
	for (size_t i = 0; i < r->n_sets; i++) {
		struct ruleset_set *s = &r->sets[i];

		if (s->kind != SET_VERDICT_MAP)
			continue;
		for (size_t e = 0; e < s->n_elements; e++)
			if (s->elements[e].target != NULL)
				point_to_chain(r, s->elements[e].target);
	}
}

static bool
leads(const struct ruleset_set *s)
{
	return s->kind == SET_VERDICT_MAP;
}

static void
settle_sets(struct ruleset *r, const struct ruleset *running, bool leading, size_t room,
    bool *same)
{
	bool moved = false;

	for (size_t i = 0; i < r->n_sets; i++) {
		struct ruleset_set *s = &r->sets[i];
		uint32_t before = s->name.version;
		bool found;

		if ((before == 0 && !is_exact(s)) || leads(s) != leading)
			continue;
		found = is_exact(s) ? settle_exact(s, running, &room)
		    : settle_set(s, running);
		if (same != NULL)
			same[i] |= found;
		moved |= s->name.version != before;
	}
	if (moved)
		point_rules(r, false);
}

static bool
is_led(const struct ruleset_chain *c)
{
	for (size_t i = 0; i < c->n_rules; i++)
		for (unsigned int k = 0; k < c->rules[i].n_stmts; k++)
			if (c->rules[i].stmts[k].kind == STMT_VERDICT_MAP
			    && c->rules[i].stmts[k].target.version != 0)
				return true;
	return false;
}

static void
settle_chains(struct ruleset *r, const struct ruleset *running, bool led)
{
	bool moved = false;

	for (size_t i = 0; i < r->n_chains; i++) {
		uint32_t before = r->chains[i].name.version;

		if (before == 0 || is_led(&r->chains[i]) != led)
			continue;
		settle_chain(&r->chains[i], running);
		moved |= r->chains[i].name.version != before;
	}
	if (moved) {
		point_rules(r, true);
		point_elements(r);
	}
}

static void
settle(struct ruleset *target, const struct ruleset *running, size_t room, bool *same)
{
	static const struct ruleset empty = { .sorted = true };

	if (running == NULL)
		running = &empty;
	settle_sets(target, running, false, room, same);
	settle_chains(target, running, false);
	settle_sets(target, running, true, 0, same);
	settle_chains(target, running, true);
}

void
ruleset_settle(struct ruleset *target, const struct ruleset *running)
{
	settle(target, running, LIMIT_FLIP_ELEMENTS, NULL);
}

void
ruleset_settle_within(struct ruleset *target, const struct ruleset *running,
    size_t flip_elements)
{
	settle(target, running, flip_elements, NULL);
}

struct ruleset_change *
ruleset_settle_diff(struct ruleset *target, const struct ruleset *running)
{
	bool *same = calloc(target->n_sets + 1, sizeof(*same));
	struct ruleset_change *change;

	if (same == NULL)
		return NULL;
	settle(target, running, LIMIT_FLIP_ELEMENTS, same);
	change = ruleset_diff_settled(running, target, same);
	free(same);
	return change;
}
