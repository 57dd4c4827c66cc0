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
#include "rules/ruleset_diff_internal.h"

#include "rules/ruleset_compare.h"
#include "rules/ruleset_moved.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* Settling compared it already. */
static bool
is_same(const struct differ *d, size_t i)
{
	return d->same != NULL && d->same[i];
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
		    || (want->interval && !is_same(d, i)
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

/* Has a way into it that runs already; what only new rules look up has none. */
static bool
dispatches(const struct ruleset_set *s)
{
	return s->kind == SET_VERDICT_MAP && !s->interval;
}

/* Something new must be complete before a running rule or element names it, or is too much. */
static bool
must_stage(const struct differ *d)
{
	size_t filled = 0;

	for (size_t i = 0; i < d->target->n_sets; i++) {
		const struct ruleset_set *s = &d->target->sets[i];

		if (runs_set(d, s))
			continue;
		if (s->interval || s->name.version != 0)
			return true;
		if (!dispatches(s) && !s->dynamic)
			filled += s->n_elements;
	}
	for (size_t i = 0; i < d->target->n_chains; i++)
		if (d->target->chains[i].name.version != 0
		    && !runs_chain(d, &d->target->chains[i]))
			return true;
	return filled > LIMIT_FLIP_ELEMENTS;
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
			push_index(d, &d->new_counters, i);
		else if (order > 0)
			push_index(d, &d->old_counters, j);
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

static void
flip_elements(struct differ *d, struct change_list *list)
{
	for (size_t i = 0; i < d->target->n_sets; i++) {
		const struct ruleset_set *want = &d->target->sets[i];
		const struct ruleset_set *have =
		    ruleset_find_set(d->running, &want->name);

		if (have == NULL && dispatches(want))
			push_all_elements(d, list, want);
		else if (have != NULL && !want->dynamic && !want->interval && !is_same(d, i))
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

static bool
looks_up_marks(const struct ruleset_chain *c)
{
	for (size_t i = 0; i < c->n_rules; i++)
		for (unsigned int k = 0; k < c->rules[i].n_stmts; k++)
			if (c->rules[i].stmts[k].kind == STMT_MARK_FROM_MAP)
				return true;
	return false;
}

/* A chain of a shard stays, but a packet in it goes on with the rules it had. */
static bool
gets_other_lookups(const struct differ *d, const struct ruleset_chain *have)
{
	const struct ruleset_chain *want = ruleset_find_chain(d->target, &have->name);

	return want != NULL && looks_up_marks(have) && !chain_rules_equal(want, have);
}

/* Something that a packet on its way may still look at. */
static bool
must_sweep(const struct differ *d)
{
	for (size_t i = 0; i < d->running->n_sets; i++)
		if (ruleset_find_set(d->target, &d->running->sets[i].name) == NULL)
			return true;
	for (size_t i = 0; i < d->running->n_chains; i++)
		if (unwanted(d, &d->running->chains[i])
		    || gets_other_lookups(d, &d->running->chains[i]))
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
		push_step(&d, &change->stage, CHANGE_ADD_TABLE);
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
