/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to what compile_rejudge.c wrote: while a change takes something away, running
 * flows of the marks concerned are led there from the head of every base chain. It comes
 * and goes beside a ruleset that stays what it is.
 */
#include "rules/compile_internal.h"
#include "rules/ruleset_part.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_REVOKED	"revoked"
#define PAIRS_MAX	65536u	/* numbers that half a mark holds */

static const char *const bases[] = { "forward", "input", "output" };
#define N_BASES (sizeof(bases) / sizeof(bases[0]))

static bool
has_chain(const struct ruleset *r, const char *base)
{
	struct object_name name = { .version = 0 };

	return object_name_set(&name, base, 0) && ruleset_find_chain(r, &name) != NULL;
}

/* Leaf of each pair's number: in << 16 | out, plus 1; the caller frees. */
static uint32_t *
find_leaves(const struct checked *c)
{
	uint32_t *leaves = calloc(PAIRS_MAX, sizeof(*leaves));

	for (size_t in = 0; leaves != NULL && in < c->n_segments; in++)
		for (size_t out = 0; out < c->n_segments; out++)
			leaves[checked_pair_number(c, (uint16_t)in, (uint16_t)out)] =
			    ((uint32_t)in << 16 | (uint32_t)out) + 1;
	return leaves;
}

/* Where a mark is judged. A pair that opens nothing has no flows: refused at once. */
static int
way_of(const struct ruleset *r, const struct checked *c, uint32_t pair, uint32_t leaf,
    char chain[REJUDGE_NAME_SIZE])
{
	char name[LEAF_NAME_SIZE], flow[sizeof(CHAIN_FLOW_PREFIX) + LEAF_NAME_SIZE];

	snprintf(chain, REJUDGE_NAME_SIZE, pair == 0 ? CHAIN_REJUDGE_SELF :
	    COMPILE_COUNTER_REVOKED);
	if (pair != 0 && leaf != 0) {
		name_leaf(c, (uint16_t)((leaf - 1) >> 16), (uint16_t)(leaf - 1), name);
		snprintf(flow, sizeof(flow), CHAIN_FLOW_PREFIX "%s", name);
		if (has_chain(r, flow))
			snprintf(chain, REJUDGE_NAME_SIZE, CHAIN_REJUDGE_PREFIX "%s", name);
	}
	return has_chain(r, chain) ? 0 : -ENOENT;
}

static void
write_mark(struct writer *w, uint32_t mark, const char *chain)
{
	uint8_t key[sizeof(mark)];

	memcpy(key, &mark, sizeof(key));
	write_element_target(w, key, chain, 0);
}

/* Into a ruleset of its own, beside the one that has the chains of the leaves. */
static void
write_marks(struct writer *w, const struct ruleset *r, const struct checked *c,
    const uint32_t *marks, size_t n)
{
	static const enum field mark_key[] = { FIELD_CT_MARK };
	uint32_t *leaves = find_leaves(c);

	if (leaves == NULL) {
		w->error = -ENOMEM;
		return;
	}
	write_set(w, COMPILE_SET_REVOKED, 0, SET_VERDICT_MAP, mark_key, 1, false);
	for (size_t i = 0; i < n && w->error == 0; i++) {
		uint32_t pair = marks[i] >> MARK_PAIR_SHIFT;
		char chain[REJUDGE_NAME_SIZE];

		w->error = way_of(r, c, pair, leaves[pair], chain);
		write_mark(w, marks[i], chain);
		if (c->half_open != 0 && pair != 0)
			write_mark(w, marks[i] | MARK_HALF_OPEN, chain);
	}
	write_chain(w, CHAIN_REVOKED, 0, (struct origin){ .file = NULL });
	write_rule(w);
	write_keyed(w, STMT_VERDICT_MAP, mark_key, 1, COMPILE_SET_REVOKED, 0);
	free(leaves);
}

static bool
leads_there(const struct ruleset_rule *rule)
{
	return rule->n_stmts == 2 && rule->stmts[1].kind == STMT_JUMP
	    && strcmp(rule->stmts[1].target.base, CHAIN_REVOKED) == 0;
}

/* Before all rules for running flows, behind loopback and what is cut off. */
static int
insert_way(struct ruleset_chain *base)
{
	struct writer w = { .chain = base };
	struct ruleset_rule rule;
	size_t at = 0;

	if (base == NULL)
		return -ENOENT;
	write_rule(&w);
	write_number(&w, STMT_CT_STATE, CT_STATE_ESTABLISHED | CT_STATE_RELATED);
	write_target(&w, STMT_JUMP, CHAIN_REVOKED, 0);
	if (w.error != 0)
		return w.error;
	w.rule->origin = (struct origin){ .file = NULL };
	rule = *w.rule;
	while (base->rules[at].stmts[0].kind != STMT_CT_STATE)
		at++;
	memmove(&base->rules[at + 1], &base->rules[at],
	    (base->n_rules - 1 - at) * sizeof(rule));
	base->rules[at] = rule;
	return 0;
}

static struct ruleset_chain *
base_chain(const struct ruleset *r, size_t i)
{
	struct object_name name = { .version = 0 };

	return object_name_set(&name, bases[i], 0) ? ruleset_find_chain(r, &name) : NULL;
}

static bool
is_revoked(const struct object_name *name)
{
	return name->version == 0 && (strcmp(name->base, COMPILE_SET_REVOKED) == 0
	    || strcmp(name->base, CHAIN_REVOKED) == 0);
}

bool
compile_revoke_concerns(const struct object_name *name)
{
	for (size_t i = 0; i < N_BASES; i++)
		if (strcmp(name->base, bases[i]) == 0)
			return true;
	return is_revoked(name);
}

int
compile_revoke(struct ruleset *r, const struct checked *checked, const uint32_t *marks,
    size_t n)
{
	struct writer w = { .ruleset = ruleset_new() };
	int error;

	if (w.ruleset == NULL)
		return -ENOMEM;
	ruleset_sort(r);
	write_marks(&w, r, checked, marks, n);
	error = w.error;
	for (size_t i = 0; i < N_BASES && error == 0; i++)
		error = insert_way(base_chain(r, i));
	if (error == 0)
		error = ruleset_put_part(r, w.ruleset, is_revoked);
	ruleset_free(w.ruleset);
	return error;
}

int
compile_unrevoke(struct ruleset *r)
{
	static const struct ruleset nothing = { .sorted = true };

	for (size_t i = 0; i < N_BASES; i++) {
		struct ruleset_chain *base = base_chain(r, i);
		size_t kept = 0;

		for (size_t k = 0; base != NULL && k < base->n_rules; k++)
			if (!leads_there(&base->rules[k]))
				base->rules[kept++] = base->rules[k];
		if (base != NULL)
			base->n_rules = kept;
	}
	return ruleset_put_part(r, &nothing, is_revoked);
}
