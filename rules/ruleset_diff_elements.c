/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes, comes and stays a moment longer of one set's elements. */
#include "rules/ruleset_diff_internal.h"

#include "rules/ruleset_compare.h"
#include "rules/ruleset_moved.h"

#include <stdlib.h>

struct turnover {
	const struct ruleset_set *have, *want;
	struct indices gone, come, late;
	struct ruleset_set *passing;
};

/* Moved to an element of another mark: until the sweep it has that one. */
static void
pass_on(struct differ *d, struct turnover *t, size_t i, const struct element *to)
{
	const struct ruleset_set *s = t->want;
	struct element *e;

	if (t->passing == NULL) {
		struct ruleset *r = ruleset_new(), **grown = reallocarray(
		    d->change->passing, d->change->n_passing + 1, sizeof(*grown));

		if (grown != NULL)
			d->change->passing = grown;
		if (r != NULL && grown != NULL)
			t->passing = ruleset_add_set(r, s->name.base, s->name.version,
			    s->kind, s->key, s->n_fields, s->interval);
		if (t->passing == NULL) {
			ruleset_free(r);
			d->failed = true;
			return;
		}
		grown[d->change->n_passing++] = r;
	}
	e = ruleset_add_element(t->passing, t->have->first + i * s->key_length, NULL);
	if (e == NULL) {
		d->failed = true;
		return;
	}
	e->mark = to->mark;
	e->origin = to->origin;
}

/* Element i of what runs has a key that nobody wants. */
static void
leave(struct differ *d, struct turnover *t, size_t i)
{
	const struct element *to = NULL;

	if (d->moved != NULL && t->have->kind == SET_MARK_MAP)
		to = moved_to(d->moved, t->want, t->have, i);
	if (d->moved != NULL && t->have->kind == SET_COUNTER_MAP)
		to = &t->have->elements[i];	/* with its counter */
	if (to == NULL) {
		push_index(d, &t->gone, i);
	} else if (element_value_equal(to, &t->have->elements[i])) {
		push_index(d, &t->late, i);
	} else {
		push_index(d, &t->gone, i);
		pass_on(d, t, i, to);
	}
}

static void
push_passing(struct differ *d, struct change_list *list, enum change_kind kind,
    const struct ruleset_set *set)
{
	struct indices all = { .items = NULL };
	struct change *c;

	for (size_t i = 0; set != NULL && i < set->n_elements; i++)
		push_index(d, &all, i);
	c = push_some_elements(d, list, kind, set, &all);
	if (c != NULL)
		c->passing = true;
}

static void
push_turnover(struct differ *d, struct change_list *list, const struct turnover *t)
{
	struct change_list *sweep = &d->change->sweep;

	push_some_elements(d, list, CHANGE_DELETE_ELEMENTS, t->have, &t->gone);
	push_some_elements(d, list, CHANGE_ADD_ELEMENTS, t->want, &t->come);
	push_passing(d, list, CHANGE_ADD_ELEMENTS, t->passing);
	push_some_elements(d, sweep, CHANGE_DELETE_ELEMENTS, t->have, &t->late);
	push_passing(d, sweep, CHANGE_DELETE_ELEMENTS, t->passing);
	d->change->elements_added += t->come.count;
	d->change->elements_removed += t->gone.count + t->late.count;
}

void
change_elements(struct differ *d, struct change_list *list,
    const struct ruleset_set *have, const struct ruleset_set *want)
{
	struct turnover t = { .have = have, .want = want };
	size_t i = 0, j = 0;

	while (i < want->n_elements || j < have->n_elements) {
		int order = i == want->n_elements ? 1 : j == have->n_elements ? -1
		    : element_key_compare(want, i, have, j);

		if (order > 0) {
			leave(d, &t, j++);
		} else if (order < 0) {
			push_index(d, &t.come, i++);
		} else {
			if (!element_value_equal(&want->elements[i],
				&have->elements[j])) {
				push_index(d, &t.come, i);
				push_index(d, &t.gone, j);
			}
			i++;
			j++;
		}
		if (d->failed)
			break;
	}
	push_turnover(d, list, &t);
}
