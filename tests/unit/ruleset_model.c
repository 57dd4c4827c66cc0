/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/ruleset_model.h"

#include <stdlib.h>
#include <string.h>

static void
copy_elements(struct ruleset_set *to, const struct ruleset_set *from, size_t i)
{
	const uint8_t *first = from->first + i * from->key_length;
	struct element *e = ruleset_add_element(to, first,
	    from->interval ? from->last + i * from->key_length : NULL);

	e->mark = from->elements[i].mark;
	if (from->elements[i].target != NULL)
		element_set_target(e, from->elements[i].target);
}

static struct ruleset_set *
copy_set(struct ruleset *m, const struct ruleset_set *from)
{
	struct ruleset_set *s = ruleset_add_set(m, from->name.base, from->name.version,
	    from->kind, from->key, from->n_fields, from->interval);

	s->dynamic = from->dynamic;
	s->counted = from->counted;
	s->size = from->size;
	s->timeout_ms = from->timeout_ms;
	return s;
}

static struct ruleset_chain *
copy_chain(struct ruleset *m, const struct ruleset_chain *from)
{
	struct ruleset_chain *c =
	    ruleset_add_chain(m, from->name.base, from->name.version);

	c->hook = from->hook;
	c->priority = from->priority;
	c->policy_drop = from->policy_drop;
	return c;
}

static void
copy_rules(struct ruleset_chain *to, const struct ruleset_chain *from)
{
	for (size_t i = 0; i < from->n_rules; i++)
		*ruleset_add_rule(to) = from->rules[i];
}

struct ruleset *
model_new(const struct ruleset *r)
{
	struct ruleset *m = ruleset_new();

	for (size_t i = 0; r != NULL && i < r->n_counters; i++)
		ruleset_add_counter(m, r->counters[i].name.base);
	for (size_t i = 0; r != NULL && i < r->n_chains; i++)
		copy_rules(copy_chain(m, &r->chains[i]), &r->chains[i]);
	for (size_t i = 0; r != NULL && i < r->n_sets; i++) {
		struct ruleset_set *s = copy_set(m, &r->sets[i]);

		for (size_t e = 0; e < r->sets[i].n_elements; e++)
			copy_elements(s, &r->sets[i], e);
	}
	ruleset_sort(m);
	return m;
}

static bool
target_exists(const struct ruleset *m, const struct stmt *s)
{
	switch (s->kind) {
	case STMT_IN_SET:
	case STMT_VERDICT_MAP:
	case STMT_VERDICT_BY_PAIR:
	case STMT_MARK_FROM_MAP:
	case STMT_COUNT_BY_PERMIT:
	case STMT_UPDATE:
	case STMT_ADD:
	case STMT_REMOVE:
		return ruleset_find_set(m, &s->target) != NULL;
	case STMT_COUNT:
		return ruleset_find_counter(m, s->target.base) != NULL;
	case STMT_JUMP:
	case STMT_GOTO:
		return ruleset_find_chain(m, &s->target) != NULL;
	default:
		return true;
	}
}

static bool
element_target_exists(const struct ruleset *m, const struct ruleset_set *s,
    const struct element *e)
{
	if (s->kind == SET_VERDICT_MAP)
		return e->target != NULL && ruleset_find_chain(m, e->target) != NULL;
	if (s->kind == SET_COUNTER_MAP)
		return e->target != NULL
		       && ruleset_find_counter(m, e->target->base) != NULL;
	return true;
}

static bool
rules_whole(const struct ruleset *m, const struct ruleset_chain *c)
{
	for (size_t i = 0; i < c->n_rules; i++)
		for (unsigned int k = 0; k < c->rules[i].n_stmts; k++)
			if (!target_exists(m, &c->rules[i].stmts[k]))
				return false;
	return true;
}

bool
model_whole(const struct ruleset *m)
{
	for (size_t i = 0; i < m->n_chains; i++)
		if (!rules_whole(m, &m->chains[i]))
			return false;
	for (size_t i = 0; i < m->n_sets; i++)
		for (size_t e = 0; e < m->sets[i].n_elements; e++)
			if (!element_target_exists(m, &m->sets[i],
				&m->sets[i].elements[e]))
				return false;
	return true;
}

/* Where a key stands; the number of elements when it does not. */
static size_t
find_element(const struct ruleset_set *s, const struct ruleset_set *other, size_t i)
{
	size_t at, length = s->key_length;

	for (at = 0; at < s->n_elements; at++)
		if (memcmp(s->first + at * length, other->first + i * length, length)
		    == 0)
			break;
	return at;
}

static const char *
add_elements(struct ruleset *m, const struct change *c)
{
	struct ruleset_set *s = ruleset_find_set(m, &c->set->name);

	if (s == NULL)
		return "elements of a set that does not exist";
	for (size_t i = 0; i < c->n_elements; i++) {
		size_t at = c->elements != NULL ? c->elements[i] : i;

		if (at >= c->set->n_elements)
			return "no such element to add";
		if (find_element(s, c->set, at) < s->n_elements)
			return "an element exists already";
		if (!element_target_exists(m, c->set, &c->set->elements[at]))
			return "an element names what does not exist";
		copy_elements(s, c->set, at);
	}
	return NULL;
}

static const char *
delete_elements(struct ruleset *m, const struct change *c)
{
	struct ruleset_set *s = ruleset_find_set(m, &c->set->name);

	if (s == NULL)
		return "elements of a set that does not exist";
	for (size_t i = 0; i < c->n_elements; i++) {
		size_t at =
		    find_element(s, c->set, c->elements != NULL ? c->elements[i] : i);
		size_t end = s->n_elements - 1, length = s->key_length;

		if (at == s->n_elements)
			return "an element to delete does not exist";
		free(s->elements[at].target);
		s->elements[at] = s->elements[end];
		memmove(s->first + at * length, s->first + end * length, length);
		if (s->interval)
			memmove(s->last + at * length, s->last + end * length, length);
		s->n_elements--;
	}
	return NULL;
}

static const char *
add_rules(struct ruleset *m, const struct change *c)
{
	struct ruleset_chain *chain = ruleset_find_chain(m, &c->chain->name);

	if (chain == NULL)
		return "rules of a chain that does not exist";
	if (chain->n_rules > 0)
		return "rules of a chain that has some";
	if (!rules_whole(m, c->chain))
		return "a rule names what does not exist";
	copy_rules(chain, c->chain);
	return NULL;
}

static const char *
flush_chain(struct ruleset *m, const struct change *c)
{
	struct ruleset_chain *chain = ruleset_find_chain(m, &c->chain->name);

	if (chain == NULL)
		return "a chain to flush does not exist";
	free(chain->rules);
	chain->rules = NULL;
	chain->n_rules = 0;
	return NULL;
}

/* Deleting: take it away, and see whether anything still names it. */
static const char *
delete_object(struct ruleset *m, const struct change *c)
{
	const char *why = NULL;

	if (c->kind == CHANGE_DELETE_SET) {
		struct ruleset_set *s = ruleset_find_set(m, &c->set->name);

		if (s == NULL)
			return "a set to delete does not exist";
		for (size_t i = 0; i < s->n_elements; i++)
			free(s->elements[i].target);
		free(s->elements);
		free(s->first);
		free(s->last);
		*s = m->sets[--m->n_sets];
	} else if (c->kind == CHANGE_DELETE_CHAIN) {
		struct ruleset_chain *chain = ruleset_find_chain(m, &c->chain->name);

		if (chain == NULL)
			return "a chain to delete does not exist";
		if (chain->n_rules > 0)
			why = "a chain to delete has rules";
		free(chain->rules);
		*chain = m->chains[--m->n_chains];
	} else {
		struct ruleset_counter *counter =
		    ruleset_find_counter(m, c->counter->name.base);

		if (counter == NULL)
			return "a counter to delete does not exist";
		*counter = m->counters[--m->n_counters];
	}
	m->sorted = false;
	return why != NULL || model_whole(m) ? why : "something to delete is still named";
}

static const char *
add_object(struct ruleset *m, const struct change *c)
{
	if (c->kind == CHANGE_ADD_COUNTER) {
		if (ruleset_find_counter(m, c->counter->name.base) != NULL)
			return "a counter exists already";
		ruleset_add_counter(m, c->counter->name.base);
	} else if (c->kind == CHANGE_ADD_SET) {
		if (ruleset_find_set(m, &c->set->name) != NULL)
			return "a set exists already";
		copy_set(m, c->set);
	} else {
		if (ruleset_find_chain(m, &c->chain->name) != NULL)
			return "a chain exists already";
		copy_chain(m, c->chain);
	}
	return NULL;
}

static const char *
take(struct ruleset *m, const struct change *c)
{
	switch (c->kind) {
	case CHANGE_ADD_TABLE:
		return NULL;
	case CHANGE_ADD_COUNTER:
	case CHANGE_ADD_SET:
	case CHANGE_ADD_CHAIN:
		return add_object(m, c);
	case CHANGE_ADD_ELEMENTS:
		return add_elements(m, c);
	case CHANGE_ADD_RULES:
		return add_rules(m, c);
	case CHANGE_DELETE_ELEMENTS:
		return delete_elements(m, c);
	case CHANGE_FLUSH_CHAIN:
		return flush_chain(m, c);
	case CHANGE_DELETE_CHAIN:
	case CHANGE_DELETE_SET:
	case CHANGE_DELETE_COUNTER:
		return delete_object(m, c);
	}
	return "no such change";
}

/* While staging, nothing that runs may change. */
static bool
touches(const struct change *c, const struct ruleset *in_use)
{
	if (c->set != NULL && ruleset_find_set(in_use, &c->set->name) != NULL)
		return true;
	return c->chain != NULL && ruleset_find_chain(in_use, &c->chain->name) != NULL;
}

const char *
model_take(struct ruleset *m, const struct change_list *list,
    const struct ruleset *in_use)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *why;

		if (in_use != NULL && touches(&list->items[i], in_use))
			return "the stage touches what runs";
		why = take(m, &list->items[i]);
		if (why != NULL)
			return why;
	}
	ruleset_sort(m);
	return NULL;
}
