/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ruleset_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
copy_elements(const struct ruleset_set *from, struct ruleset_set *to)
{
	for (size_t i = 0; i < from->n_elements; i++) {
		const struct element *e = &from->elements[i];
		struct element *copy = ruleset_add_element(to,
		    from->first + i * from->key_length,
		    from->interval ? from->last + i * from->key_length : NULL);

		if (copy == NULL)
			return -ENOMEM;
		copy->mark = e->mark;
		copy->origin = e->origin;
		if (e->target != NULL && element_set_target(copy, e->target) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int
copy_set(const struct ruleset_set *from, struct ruleset *r)
{
	struct ruleset_set *to = ruleset_add_set(r, from->name.base, from->name.version,
	    from->kind, from->key, from->n_fields, from->interval);

	if (to == NULL)
		return -ENOMEM;
	to->dynamic = from->dynamic;
	to->counted = from->counted;
	to->size = from->size;
	to->timeout_ms = from->timeout_ms;
	to->origin = from->origin;
	return copy_elements(from, to);
}

static int
copy_chain(const struct ruleset_chain *from, struct ruleset *r)
{
	struct ruleset_chain *to = ruleset_add_chain(r, from->name.base, from->name.version);

	if (to == NULL)
		return -ENOMEM;
	to->hook = from->hook;
	to->priority = from->priority;
	to->policy_drop = from->policy_drop;
	to->origin = from->origin;
	for (size_t i = 0; i < from->n_rules; i++) {
		struct ruleset_rule *rule = ruleset_add_rule(to);

		if (rule == NULL)
			return -ENOMEM;
		*rule = from->rules[i];
	}
	return 0;
}

struct ruleset *
ruleset_part(const struct ruleset *r, ruleset_wants *wants)
{
	struct ruleset *part = ruleset_new();
	int error = part == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < r->n_sets && error == 0; i++)
		if (wants(&r->sets[i].name))
			error = copy_set(&r->sets[i], part);
	for (size_t i = 0; i < r->n_chains && error == 0; i++)
		if (wants(&r->chains[i].name))
			error = copy_chain(&r->chains[i], part);
	if (error != 0) {
		ruleset_free(part);
		errno = ENOMEM;
		return NULL;
	}
	memcpy(part->comment, r->comment, sizeof(part->comment));
	ruleset_sort(part);
	return part;
}

static void
take_out(struct ruleset *r, ruleset_wants *wants)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n_sets; i++)
		if (wants(&r->sets[i].name))
			ruleset_set_clear(&r->sets[i]);
		else
			r->sets[kept++] = r->sets[i];
	r->n_sets = kept;
	kept = 0;
	for (size_t i = 0; i < r->n_chains; i++)
		if (wants(&r->chains[i].name))
			free(r->chains[i].rules);
		else
			r->chains[kept++] = r->chains[i];
	r->n_chains = kept;
}

/* The arrays grow by powers of two (ruleset.c), so they go in through its builders. */
int
ruleset_put_part(struct ruleset *r, const struct ruleset *part, ruleset_wants *wants)
{
	int error = 0;

	take_out(r, wants);
	for (size_t i = 0; i < part->n_sets && error == 0; i++)
		error = copy_set(&part->sets[i], r);
	for (size_t i = 0; i < part->n_chains && error == 0; i++)
		error = copy_chain(&part->chains[i], r);
	ruleset_sort(r);
	return error;
}
