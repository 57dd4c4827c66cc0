/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The change from one ruleset to another, as lists of steps.
 *
 * What the kernel wants of the order: a rule's sets and chains exist before
 * it, an element's chain or counter exists before it, and nothing goes while
 * something still names it. What the packet path wants: interval maps are
 * filled before a rule looks them up, nothing that runs changes before the
 * flip, and what a packet on its way may still look up goes after it. Dispatch
 * (verdict map elements) is always of the flip.
 *
 * When an object keeps its name but not its type (after an update of the
 * program, or when somebody changed the table by hand), all of the table is
 * taken down and built again in the flip. Interval maps are then empty for a
 * moment at the end of that commit: new flows wait, nothing passes that may not.
 */
#include "rules/ruleset_diff.h"

#include "rules/ruleset_compare.h"
#include "rules/ruleset_moved.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct indices {
	size_t *items;
	size_t count;
};

struct differ {
	const struct ruleset *running, *target;
	struct ruleset_change *change;
	const bool *same;		/* sets of the target that settling found equal; or NULL */
	bool sweeps;			/* something is left for a sweep */
	struct moved *moved;		/* made when first asked */
	struct indices new_counters, old_counters;
	bool failed;
	struct change nowhere;		/* takes what is written once something failed */
};

static struct change *
push(struct differ *d, struct change_list *list, enum change_kind kind)
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

static void
push_counter(struct differ *d, struct change_list *list, enum change_kind kind,
    const struct ruleset_counter *counter)
{
	push(d, list, kind)->counter = counter;
}

static void
push_set(struct differ *d, struct change_list *list, enum change_kind kind,
    const struct ruleset_set *set)
{
	push(d, list, kind)->set = set;
	if (kind == CHANGE_DELETE_SET && !set->dynamic)
		d->change->elements_removed += set->n_elements;
}

static void
push_chain(struct differ *d, struct change_list *list, enum change_kind kind,
    const struct ruleset_chain *chain)
{
	push(d, list, kind)->chain = chain;
}

static void
push_all_elements(struct differ *d, struct change_list *list,
    const struct ruleset_set *set)
{
	struct change *c;

	if (set->n_elements == 0 || set->dynamic)
		return;
	c = push(d, list, CHANGE_ADD_ELEMENTS);
	c->set = set;
	c->n_elements = set->n_elements;
	d->change->elements_added += set->n_elements;
}

static void
push_rules(struct differ *d, struct change_list *list, const struct ruleset_chain *chain)
{
	if (chain->n_rules > 0)
		push_chain(d, list, CHANGE_ADD_RULES, chain);
}

static void
add_index(struct differ *d, struct indices *x, size_t index)
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

/* The list owns the indices, which are freed with it. NULL: nothing to push, or no memory. */
static struct change *
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
	c = push(d, list, kind);
	c->set = set;
	c->elements = x->items;
	c->n_elements = x->count;
	return c;
}

static bool
runs_set(const struct differ *d, const struct ruleset_set *s)
{
	return ruleset_find_set(d->running, &s->name) != NULL;
}

static bool
runs_chain(const struct differ *d, const struct ruleset_chain *c)
{
	return ruleset_find_chain(d->running, &c->name) != NULL;
}

/* An object that keeps its name cannot become what it should be. */
static bool
must_rebuild(const struct differ *d)
{
	for (size_t i = 0; i < d->target->n_sets; i++) {
		const struct ruleset_set *want = &d->target->sets[i];
		const struct ruleset_set *have =
		    ruleset_find_set(d->running, &want->name);

		if (have == NULL)
			continue;
		if (!set_type_equal(want, have)
		    || (want->interval && (d->same == NULL || !d->same[i])
			&& !set_elements_equal(want, have)))
			return true;
	}
	for (size_t i = 0; i < d->target->n_chains; i++) {
		const struct ruleset_chain *want = &d->target->chains[i];
		const struct ruleset_chain *have =
		    ruleset_find_chain(d->running, &want->name);

		if (have != NULL && !chain_type_equal(want, have))
			return true;
	}
	return false;
}

/* Something new must be complete before a running rule or element names it. */
static bool
must_stage(const struct differ *d)
{
	for (size_t i = 0; i < d->target->n_sets; i++)
		if (d->target->sets[i].interval && !runs_set(d, &d->target->sets[i]))
			return true;
	for (size_t i = 0; i < d->target->n_chains; i++)
		if (d->target->chains[i].name.version != 0
		    && !runs_chain(d, &d->target->chains[i]))
			return true;
	return false;
}

/* Has a way into it that runs already; what only new rules look up has none. */
static bool
dispatches(const struct ruleset_set *s)
{
	return s->kind == SET_VERDICT_MAP && !s->interval;
}

/* There is one counter for each permit, so both lists are walked but once. */
static void
compare_counters(struct differ *d)
{
	const struct ruleset *have = d->running, *want = d->target;
	size_t i = 0, j = 0;

	while (i < want->n_counters || j < have->n_counters) {
		int order = i == want->n_counters ? 1 : j == have->n_counters ? -1
		    : strcmp(want->counters[i].name.base, have->counters[j].name.base);

		if (order < 0)
			add_index(d, &d->new_counters, i);
		else if (order > 0)
			add_index(d, &d->old_counters, j);
		i += order <= 0;
		j += order >= 0;
	}
}

/* Everything that does not run yet, dispatch aside. */
static void
add_new(struct differ *d, struct change_list *list)
{
	const struct ruleset *t = d->target;

	for (size_t i = 0; i < d->new_counters.count; i++)
		push_counter(d, list, CHANGE_ADD_COUNTER,
		    &t->counters[d->new_counters.items[i]]);
	for (size_t i = 0; i < t->n_chains; i++)
		if (!runs_chain(d, &t->chains[i]))
			push_chain(d, list, CHANGE_ADD_CHAIN, &t->chains[i]);
	for (size_t i = 0; i < t->n_sets; i++) {
		if (runs_set(d, &t->sets[i]))
			continue;
		push_set(d, list, CHANGE_ADD_SET, &t->sets[i]);
		if (!dispatches(&t->sets[i]))
			push_all_elements(d, list, &t->sets[i]);
	}
	for (size_t i = 0; i < t->n_chains; i++)
		if (!runs_chain(d, &t->chains[i]))
			push_rules(d, list, &t->chains[i]);
}

/* Of one set: what goes, comes and stays a moment longer. */
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

static const struct element *
ask_moved(struct differ *d, const struct turnover *t, size_t i)
{
	if (d->moved == NULL)
		d->moved = moved_new(d->running, d->target);
	d->failed |= d->moved == NULL;
	return d->failed ? NULL : moved_to(d->moved, t->want, t->have, i);
}

/* Element i of what runs has a key that nobody wants. */
static void
leave(struct differ *d, struct turnover *t, size_t i)
{
	const struct element *to = NULL;

	if (d->sweeps && t->have->kind == SET_MARK_MAP)
		to = ask_moved(d, t, i);
	if (d->sweeps && t->have->kind == SET_COUNTER_MAP)
		to = &t->have->elements[i];	/* with its counter */
	if (to == NULL) {
		add_index(d, &t->gone, i);
	} else if (element_value_equal(to, &t->have->elements[i])) {
		add_index(d, &t->late, i);
	} else {
		add_index(d, &t->gone, i);
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
		add_index(d, &all, i);
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

/* Both sets sorted and of one type. */
static void
change_elements(struct differ *d, struct change_list *list,
    const struct ruleset_set *have, const struct ruleset_set *want)
{
	struct turnover t = { .have = have, .want = want };
	size_t i = 0, j = 0;

	while (!d->failed) {
		size_t same = elements_same(want, i, have, j);
		int order;

		i += same;
		j += same;
		if (i == want->n_elements && j == have->n_elements)
			break;
		order = i == want->n_elements ? 1 : j == have->n_elements ? -1
		    : element_key_compare(want, i, have, j);
		if (order > 0) {
			leave(d, &t, j++);
		} else if (order < 0) {
			add_index(d, &t.come, i++);
		} else {	/* another value */
			add_index(d, &t.come, i++);
			add_index(d, &t.gone, j++);
		}
	}
	push_turnover(d, list, &t);
}

static void
flip_elements(struct differ *d, struct change_list *list)
{
	for (size_t i = 0; i < d->target->n_sets; i++) {
		const struct ruleset_set *want = &d->target->sets[i];
		const struct ruleset_set *have =
		    ruleset_find_set(d->running, &want->name);

		if (have == NULL && dispatches(want))
			push_all_elements(d, list, want);
		else if (have != NULL && !want->dynamic && !want->interval)
			change_elements(d, list, have, want);
	}
}

static void
flip_rules(struct differ *d, struct change_list *list)
{
	for (size_t i = 0; i < d->target->n_chains; i++) {
		const struct ruleset_chain *want = &d->target->chains[i];
		const struct ruleset_chain *have =
		    ruleset_find_chain(d->running, &want->name);

		if (have == NULL || chain_rules_equal(want, have))
			continue;
		if (have->n_rules > 0)
			push_chain(d, list, CHANGE_FLUSH_CHAIN, have);
		push_rules(d, list, want);
	}
}

/* Packets come into base chains by themselves: those never wait for the sweep. */
static void
remove_hooks(struct differ *d, struct change_list *list)
{
	for (size_t i = 0; i < d->running->n_chains; i++) {
		const struct ruleset_chain *c = &d->running->chains[i];

		if (c->hook == HOOK_NONE
		    || ruleset_find_chain(d->target, &c->name) != NULL)
			continue;
		if (c->n_rules > 0)
			push_chain(d, list, CHANGE_FLUSH_CHAIN, c);
		push_chain(d, list, CHANGE_DELETE_CHAIN, c);
	}
}

static bool
unwanted(const struct differ *d, const struct ruleset_chain *c)
{
	return c->hook == HOOK_NONE && ruleset_find_chain(d->target, &c->name) == NULL;
}

/* Something that a packet on its way may still look at. */
static bool
must_sweep(const struct differ *d)
{
	for (size_t i = 0; i < d->running->n_sets; i++)
		if (ruleset_find_set(d->target, &d->running->sets[i].name) == NULL)
			return true;
	for (size_t i = 0; i < d->running->n_chains; i++)
		if (unwanted(d, &d->running->chains[i]))
			return true;
	return false;
}

/* What nobody wants: rules first, so that nothing names the rest any more. */
static void
remove_old(struct differ *d, struct change_list *list)
{
	const struct ruleset *r = d->running, *t = d->target;

	for (size_t i = 0; i < r->n_chains; i++)
		if (r->chains[i].n_rules > 0 && unwanted(d, &r->chains[i]))
			push_chain(d, list, CHANGE_FLUSH_CHAIN, &r->chains[i]);
	for (size_t i = 0; i < r->n_sets; i++)
		if (ruleset_find_set(t, &r->sets[i].name) == NULL)
			push_set(d, list, CHANGE_DELETE_SET, &r->sets[i]);
	for (size_t i = 0; i < r->n_chains; i++)
		if (unwanted(d, &r->chains[i]))
			push_chain(d, list, CHANGE_DELETE_CHAIN, &r->chains[i]);
	for (size_t i = 0; i < d->old_counters.count; i++)
		push_counter(d, list, CHANGE_DELETE_COUNTER,
		    &r->counters[d->old_counters.items[i]]);
}

/* Counters that are still wanted stay, and go on counting. */
static void
rebuild(struct differ *d, struct change_list *list)
{
	static const struct ruleset nothing = { .sorted = true };
	const struct ruleset *running = d->running, *target = d->target;
	struct ruleset counters = { .counters = running->counters,
		.n_counters = running->n_counters, .sorted = running->sorted };
	struct ruleset wanted = { .counters = target->counters,
		.n_counters = target->n_counters, .sorted = target->sorted };

	d->target = &wanted;
	remove_hooks(d, list);
	remove_old(d, list);
	d->target = target;
	d->running = &counters;
	add_new(d, list);
	d->running = &nothing;
	flip_elements(d, list);
	d->running = running;
}

static void
turn_over(struct differ *d, struct ruleset_change *change)
{
	d->sweeps = must_sweep(d);
	flip_elements(d, &change->flip);
	flip_rules(d, &change->flip);
	remove_hooks(d, &change->flip);
	remove_old(d, d->sweeps ? &change->sweep : &change->flip);
	moved_free(d->moved);
}

struct ruleset_change *
ruleset_diff(const struct ruleset *running, const struct ruleset *target)
{
	return ruleset_diff_settled(running, target, NULL);
}

struct ruleset_change *
ruleset_diff_settled(const struct ruleset *running, const struct ruleset *target,
    const bool *same)
{
	static const struct ruleset nothing = { .sorted = true };
	struct ruleset_change *change = calloc(1, sizeof(*change));
	struct differ d = { .running = running != NULL ? running : &nothing,
		.target = target, .change = change, .same = same };

	if (change == NULL)
		return NULL;
	if (running == NULL)
		push(&d, &change->stage, CHANGE_ADD_TABLE);
	compare_counters(&d);
	if (must_rebuild(&d)) {
		rebuild(&d, &change->flip);
	} else {
		add_new(&d,
		    running == NULL || must_stage(&d) ? &change->stage : &change->flip);
		turn_over(&d, change);
	}
	free(d.new_counters.items);
	free(d.old_counters.items);
	if (d.failed) {
		ruleset_change_free(change);
		errno = ENOMEM;
		return NULL;
	}
	return change;
}
