/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Versions. Sets are settled before chains, because a chain is the same only
 * when the tables it looks up are. A versioned verdict map leads to other chains
 * (a leaf's to those of its shards), so it comes behind those, and before the
 * chains that look it up.
 */
#include "rules/ruleset_compare.h"
#include "rules/ruleset_diff.h"

#include <stdlib.h>
#include <string.h>

/*
 * Objects of all kinds begin with their name, so one search serves them:
 * the first versioned object of this base in a sorted list; count when none.
 */
static size_t
first_version(const void *objects, size_t count, size_t size, const char *base)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t at = low + (high - low) / 2;
		const struct object_name *name =
		    (const void *)((const char *)objects + at * size);
		int order = strcmp(name->base, base);

		if (order < 0 || (order == 0 && name->version == 0))
			low = at + 1;
		else
			high = at;
	}
	return low;
}

/* True when an equal one runs, whose version it gets. */
static bool
settle_set(struct ruleset_set *s, const struct ruleset *running)
{
	uint32_t highest = 0;
	size_t at =
	    first_version(running->sets, running->n_sets, sizeof(*s), s->name.base);

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
	s->name.version = highest == UINT32_MAX ? 1 : highest + 1;
	return false;
}

static void
settle_chain(struct ruleset_chain *c, const struct ruleset *running)
{
	uint32_t highest = 0;
	size_t at =
	    first_version(running->chains, running->n_chains, sizeof(*c), c->name.base);

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
	c->name.version = highest == UINT32_MAX ? 1 : highest + 1;
}

static bool
names_chain(const struct stmt *s)
{
	return s->kind == STMT_GOTO || s->kind == STMT_JUMP;
}

static void
point_to_set(const struct ruleset *r, struct object_name *name)
{
	size_t at = first_version(r->sets, r->n_sets, sizeof(*r->sets), name->base);

	if (name->version != 0 && at < r->n_sets
	    && strcmp(r->sets[at].name.base, name->base) == 0)
		name->version = r->sets[at].name.version;
}

static void
point_to_chain(const struct ruleset *r, struct object_name *name)
{
	size_t at = first_version(r->chains, r->n_chains, sizeof(*r->chains), name->base);

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

				if (s->target.version == 0 || names_chain(s) != chains)
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
settle_sets(struct ruleset *r, const struct ruleset *running, bool leading, bool *same)
{
	bool moved = false;

	for (size_t i = 0; i < r->n_sets; i++) {
		uint32_t before = r->sets[i].name.version;

		if (before == 0 || leads(&r->sets[i]) != leading)
			continue;
		if (settle_set(&r->sets[i], running) && same != NULL)
			same[i] = true;
		moved |= r->sets[i].name.version != before;
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
settle(struct ruleset *target, const struct ruleset *running, bool *same)
{
	static const struct ruleset empty = { .sorted = true };

	if (running == NULL)
		running = &empty;
	settle_sets(target, running, false, same);
	settle_chains(target, running, false);
	settle_sets(target, running, true, same);
	settle_chains(target, running, true);
}

void
ruleset_settle(struct ruleset *target, const struct ruleset *running)
{
	settle(target, running, NULL);
}

struct ruleset_change *
ruleset_settle_diff(struct ruleset *target, const struct ruleset *running)
{
	bool *same = calloc(target->n_sets + 1, sizeof(*same));
	struct ruleset_change *change;

	if (same == NULL)
		return NULL;
	settle(target, running, same);
	change = ruleset_diff_settled(running, target, same);
	free(same);
	return change;
}
