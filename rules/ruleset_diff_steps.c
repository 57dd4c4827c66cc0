/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ruleset_diff_internal.h"

#include <stdlib.h>

struct change *
push_step(struct differ *d, struct change_list *list, enum change_kind kind)
{
	if ((list->count & (list->count - 1)) == 0) {
		size_t room = list->count == 0 ? 1 : list->count * 2;
		struct change *grown = reallocarray(list->items, room, sizeof(*grown));

		if (grown == NULL) {
			d->failed = true;
			return &d->nowhere;
		}
		list->items = grown;
	}
	list->items[list->count] = (struct change){ .kind = kind };
	return &list->items[list->count++];
}

void
push_counter(struct differ *d, struct change_list *list, enum change_kind kind,
    const struct ruleset_counter *counter)
{
	push_step(d, list, kind)->counter = counter;
}

void
push_set(struct differ *d, struct change_list *list, enum change_kind kind,
    const struct ruleset_set *set)
{
	push_step(d, list, kind)->set = set;
	if (kind == CHANGE_DELETE_SET && !set->dynamic)
		d->change->elements_removed += set->n_elements;
}

void
push_chain(struct differ *d, struct change_list *list, enum change_kind kind,
    const struct ruleset_chain *chain)
{
	push_step(d, list, kind)->chain = chain;
}

void
push_all_elements(struct differ *d, struct change_list *list,
    const struct ruleset_set *set)
{
	struct change *c;

	if (set->n_elements == 0 || set->dynamic)
		return;
	c = push_step(d, list, CHANGE_ADD_ELEMENTS);
	c->set = set;
	c->n_elements = set->n_elements;
	d->change->elements_added += set->n_elements;
}

void
push_rules(struct differ *d, struct change_list *list, const struct ruleset_chain *chain)
{
	if (chain->n_rules > 0)
		push_chain(d, list, CHANGE_ADD_RULES, chain);
}

void
push_index(struct differ *d, struct indices *x, size_t index)
{
	if ((x->count & (x->count - 1)) == 0) {
		size_t room = x->count == 0 ? 1 : x->count * 2;
		size_t *grown = reallocarray(x->items, room, sizeof(*grown));

		if (grown == NULL) {
			d->failed = true;
			return;
		}
		x->items = grown;
	}
	x->items[x->count++] = index;
}

struct change *
push_some_elements(struct differ *d, struct change_list *list, enum change_kind kind,
    const struct ruleset_set *set, const struct indices *x)
{
	size_t **owned;
	struct change *c;

	if (x->count == 0)
		return NULL;
	owned = reallocarray(list->owned, list->n_owned + 1, sizeof(*owned));
	if (owned == NULL) {
		d->failed = true;
		free(x->items);
		return NULL;
	}
	list->owned = owned;
	owned[list->n_owned++] = x->items;
	c = push_step(d, list, kind);
	c->set = set;
	c->elements = x->items;
	c->n_elements = x->count;
	return c;
}
