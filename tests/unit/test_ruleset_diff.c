/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settle, diff and compare, held to a model of the kernel on random rulesets. */
#include "rules/ruleset_diff.h"
#include "tests/unit/random_ruleset.h"
#include "tests/unit/ruleset_model.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many elements of exact maps a flip may change; random, where rulesets are. */
static size_t flip_elements = LIMIT_FLIP_ELEMENTS;

static void
settle(struct ruleset *target, const struct ruleset *running)
{
	ruleset_settle_within(target, running, flip_elements);
}

static void
expect_taken(struct ruleset *m, const struct change_list *list,
    const struct ruleset *in_use)
{
	const char *why = model_take(m, list, in_use);

	if (why != NULL)
		fprintf(stderr, "refused: %s\n", why);
	CU_ASSERT_PTR_NULL(why);
	CU_ASSERT_TRUE(model_whole(m));
}

static void
expect_equal(const struct ruleset *want, const struct ruleset *have)
{
	struct ruleset_mismatch why;
	bool equal = ruleset_equal(want, have, &why);

	if (!equal)
		fprintf(stderr, "not equal: %s\n", why.text);
	CU_ASSERT_TRUE(equal);
}

/*
 * Interval maps that a flip fills are empty for the data path until its end, so
 * only a rebuild does that: it takes down the base chain first.
 */
static void
expect_intervals_staged(const struct ruleset_change *c)
{
	bool fills = false, rebuilds = false;

	for (size_t i = 0; i < c->flip.count; i++) {
		const struct change *step = &c->flip.items[i];

		if (step->kind == CHANGE_DELETE_CHAIN && step->chain->hook != HOOK_NONE)
			rebuilds = true;
		if (step->kind == CHANGE_ADD_ELEMENTS && step->set->interval)
			fills = true;
	}
	CU_ASSERT_TRUE(rebuilds || !fills);
}

/* Bring "from" (NULL: no table) to "to" by way of the model. */
static void
expect_reached(const struct ruleset *from, struct ruleset *to)
{
	struct ruleset *m = model_new(from);
	struct ruleset_change *c;

	settle(to, from);
	CU_ASSERT_TRUE(model_whole(to));
	c = ruleset_diff(from, to);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	expect_intervals_staged(c);
	expect_taken(m, &c->stage, from);
	expect_taken(m, &c->flip, NULL);
	expect_taken(m, &c->sweep, NULL);
	expect_equal(to, m);
	ruleset_change_free(c);

	/* Once there, nothing is left to do. */
	settle(to, m);
	c = ruleset_diff(m, to);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_TRUE(ruleset_change_empty(c));
	ruleset_change_free(c);
	ruleset_free(m);
}

/* The agent dies behind the stage: the next one goes on to "to", or back. */
static void
expect_crash_survived(const struct ruleset *from, struct ruleset *to)
{
	struct ruleset *staged = model_new(from), *back = model_new(from);
	struct ruleset_change *c;

	settle(to, from);
	c = ruleset_diff(from, to);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	expect_taken(staged, &c->stage, from);
	ruleset_change_free(c);

	/* What was staged is adopted, not staged again. */
	settle(to, staged);
	c = ruleset_diff(staged, to);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->stage.count, 0);
	ruleset_change_free(c);
	expect_reached(staged, to);
	expect_reached(staged, back);
	ruleset_free(staged);
	ruleset_free(back);
}

/*
 * The agent dies behind the flip: the next one finds the policy in force, with
 * leftovers; it goes on to "to", or back.
 */
static void
expect_leftovers_survived(const struct ruleset *from, struct ruleset *to)
{
	struct ruleset *flipped = model_new(from), *back = model_new(from);
	struct ruleset_change *c;

	settle(to, from);
	c = ruleset_diff(from, to);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	expect_taken(flipped, &c->stage, from);
	expect_taken(flipped, &c->flip, NULL);
	ruleset_change_free(c);

	/* The versions in force are the ones wanted, whatever else is there. */
	settle(to, flipped);
	c = ruleset_diff(flipped, to);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->stage.count, 0);
	for (size_t i = 0; i < c->flip.count; i++)
		CU_ASSERT_EQUAL(c->flip.items[i].kind, CHANGE_DELETE_ELEMENTS);
	ruleset_change_free(c);
	expect_reached(flipped, to);
	expect_reached(flipped, back);
	ruleset_free(flipped);
	ruleset_free(back);
}

static bool
has_replaced_exact(const struct ruleset *r, enum set_kind kind)
{
	for (size_t i = 0; i < r->n_sets; i++)
		if (r->sets[i].kind == kind && !r->sets[i].interval
		    && r->sets[i].name.version != 0)
			return true;
	return false;
}

static void
random_changes_are_taken_and_reach_their_target(void)
{
	struct dice d = { .state = 0x5e15405e15 }, room = { .state = 0x5eca9 };
	struct ruleset *running = NULL;
	unsigned int maps = 0, sets = 0;

	for (unsigned int i = 0; i < 1500; i++) {
		struct ruleset *target = random_ruleset(&d);

		flip_elements = roll(&room, 2) == 0 ? LIMIT_FLIP_ELEMENTS : roll(&room, 8);
		if (running != NULL) {
			expect_crash_survived(running, target);
			expect_leftovers_survived(running, target);
		}
		expect_reached(running, target);
		maps += has_replaced_exact(target, SET_MARK_MAP);
		sets += has_replaced_exact(target, SET_PLAIN);
		ruleset_free(running);
		running = target;
		if (roll(&d, 50) == 0) {
			ruleset_free(running);
			running = NULL;
		}
	}
	ruleset_free(running);
	flip_elements = LIMIT_FLIP_ELEMENTS;
	CU_ASSERT(maps > 300);
	CU_ASSERT(sets > 50);
}

/* One change to "base", and how many steps it may take. */
static void
change_exact(struct ruleset *r)
{
	struct object_name n = { .base = "l0-x4" };

	ruleset_find_set(r, &n)->elements[0].mark = 77;
}

static void
change_interval(struct ruleset *r)
{
	struct object_name n = { .base = "l0-r4", .version = 1 };

	ruleset_find_set(r, &n)->elements[0].mark = 77;
}

static void
change_static_rules(struct ruleset *r)
{
	struct object_name n = { .base = "refuse" };

	ruleset_add_stmt(&ruleset_find_chain(r, &n)->rules[0], STMT_DROP);
}

static void
change_type(struct ruleset *r)
{
	struct object_name n = { .base = "forward" };

	ruleset_find_chain(r, &n)->priority = -10;
}

static void
change_dynamic(struct ruleset *r)
{
	static const uint8_t key[4] = { 1, 2, 3, 4 };
	struct object_name n = { .base = "violations" };

	ruleset_add_element(ruleset_find_set(r, &n), key, NULL);
}

static struct ruleset *
leaf_ruleset(void)
{
	static const uint8_t key[8] = { 10 };
	struct dice d = { .state = 1 };
	struct ruleset *r;
	struct object_name exact = { .base = "l0-x4" }, interval = { "l0-r4", 1 };

	/* Roll on until leaf 0 has both kinds of maps. */
	for (;;) {
		r = random_ruleset(&d);
		if (ruleset_find_set(r, &exact) != NULL
		    && ruleset_find_set(r, &interval) != NULL)
			break;
		ruleset_free(r);
	}
	if (ruleset_find_set(r, &exact)->n_elements == 0)
		ruleset_add_element(ruleset_find_set(r, &exact), key, NULL);
	if (ruleset_find_set(r, &interval)->n_elements == 0)
		ruleset_add_element(ruleset_find_set(r, &interval), key, key);
	ruleset_sort(r);
	return r;
}

static const struct change_row {
	void (*change)(struct ruleset *r);
	bool stages;
	size_t flips;		/* steps of the flip */
	size_t removed, added;
} changes[] = {
	{ change_exact, false, 2, 1, 1 },		/* delete, add */
	{ change_static_rules, false, 2, 0, 0 },	/* flush, rules */
	{ change_dynamic, false, 0, 0, 0 },
};

static void
small_changes_take_few_steps(void)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct ruleset *running = leaf_ruleset(), *target = leaf_ruleset();
		struct ruleset_change *c;

		changes[i].change(target);
		settle(target, running);
		c = ruleset_diff(running, target);
		CU_ASSERT_PTR_NOT_NULL_FATAL(c);
		CU_ASSERT_EQUAL(c->stage.count > 0, changes[i].stages);
		CU_ASSERT_EQUAL(c->flip.count, changes[i].flips);
		CU_ASSERT_EQUAL(c->sweep.count, 0);
		CU_ASSERT_EQUAL(c->elements_removed, changes[i].removed);
		CU_ASSERT_EQUAL(c->elements_added, changes[i].added);
		ruleset_change_free(c);
		ruleset_free(running);
		ruleset_free(target);
	}
}

static void
interval_maps_are_replaced_with_their_leaf(void)
{
	struct ruleset *running = leaf_ruleset(), *target = leaf_ruleset();
	struct object_name map = { "l0-r4", 2 }, leaf = { "l0", 2 };
	struct ruleset_change *c;

	change_interval(target);
	settle(target, running);
	CU_ASSERT_PTR_NOT_NULL(ruleset_find_set(target, &map));
	CU_ASSERT_PTR_NOT_NULL(ruleset_find_chain(target, &leaf));
	c = ruleset_diff(running, target);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->stage.count, 4);	/* chain, set, elements, rules */
	CU_ASSERT_EQUAL(c->flip.count, 2);	/* dispatch out and in */
	CU_ASSERT_EQUAL(c->sweep.count, 3);	/* flush, set, chain */
	ruleset_change_free(c);
	ruleset_free(running);
	ruleset_free(target);
}

static size_t
elements_of_exact_maps(const struct change_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].set != NULL && list->items[i].set->kind == SET_MARK_MAP
		    && list->items[i].elements != NULL)
			n += list->items[i].n_elements;
	return n;
}

/* "l0-x4" with so many keys that begin with this octet, all of one mark. */
static struct ruleset *
large_ruleset(uint8_t octet, uint32_t count)
{
	struct object_name exact = { .base = "l0-x4" };
	struct ruleset *r = leaf_ruleset();

	for (uint32_t i = 0; i < count; i++) {
		uint8_t key[8] = { octet, 1, (uint8_t)(i >> 8), (uint8_t)i,
			(uint8_t)(i >> 16) };

		ruleset_add_element(ruleset_find_set(r, &exact), key, NULL)->mark = 5;
	}
	ruleset_sort(r);
	return r;
}

/* What is too much for one flip is filled before it; what is not changes where it is. */
static void
a_large_exact_change_is_staged(void)
{
	static const struct {
		uint8_t octet;
		uint32_t count, version;
	} rows[] = {
		{ 10, LIMIT_FLIP_ELEMENTS, 0 },		/* begun so, whatever its size */
		{ 11, LIMIT_FLIP_ELEMENTS, 1 },		/* twice as many changes */
		{ 11, LIMIT_FLIP_ELEMENTS - 100, 1 },
		{ 11, LIMIT_FLIP_ELEMENTS, 1 },
		{ 12, LIMIT_FLIP_ELEMENTS / 2 + 1, 2 },
		{ 12, 0, 2 },
	};
	struct ruleset *running = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct object_name name = { .base = "l0-x4", .version = rows[i].version };
		struct ruleset *target = large_ruleset(rows[i].octet, rows[i].count);
		struct ruleset_change *c;

		expect_reached(running, target);
		CU_ASSERT_PTR_NOT_NULL(ruleset_find_set(target, &name));
		c = ruleset_diff(running, target);
		CU_ASSERT_PTR_NOT_NULL_FATAL(c);
		CU_ASSERT(elements_of_exact_maps(&c->flip) <= LIMIT_FLIP_ELEMENTS);
		CU_ASSERT(elements_of_exact_maps(&c->sweep) <= LIMIT_FLIP_ELEMENTS);
		ruleset_change_free(c);
		ruleset_free(running);
		running = target;
	}
	ruleset_free(running);
}

/* As a shard: a chain that keeps its name, with one rule for each of so many maps. */
static void
add_bearer(struct ruleset *r, unsigned int maps, uint32_t count)
{
	static const enum field address[] = { FIELD_IP_SADDR };
	struct ruleset_chain *c = ruleset_add_chain(r, "shard", 0);

	for (unsigned int m = 0; m < maps; m++) {
		struct ruleset_rule *rule = ruleset_add_rule(c);
		struct ruleset_set *s;
		char name[32];

		snprintf(name, sizeof(name), "shard%u-x4", m);
		object_name_set(&ruleset_add_stmt(rule, STMT_MARK_FROM_MAP)->target, name, 0);
		object_name_set(&ruleset_add_stmt(rule, STMT_GOTO)->target, "permit", 0);
		s = ruleset_add_set(r, name, 0, SET_MARK_MAP, address, 1, false);
		for (uint32_t i = 0; i < count; i++) {
			uint8_t key[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
				(uint8_t)i };

			ruleset_add_element(s, key, NULL)->mark = 5;
		}
	}
	ruleset_sort(r);
}

/* Nothing replaces such a chain, so nothing but their size has its new maps filled before. */
static void
large_new_maps_of_a_chain_that_runs_are_staged(void)
{
	static const struct {
		unsigned int maps;
		uint32_t count;
		bool stages;
	} rows[] = {
		{ 1, 100, false }, { 1, LIMIT_FLIP_ELEMENTS, false },
		{ 1, LIMIT_FLIP_ELEMENTS + 1, true }, { 3, LIMIT_FLIP_ELEMENTS / 2, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ruleset *running = leaf_ruleset(), *target = leaf_ruleset();
		struct ruleset_change *c;

		add_bearer(running, 0, 0);
		add_bearer(target, rows[i].maps, rows[i].count);
		settle(target, running);
		c = ruleset_diff(running, target);
		CU_ASSERT_PTR_NOT_NULL_FATAL(c);
		CU_ASSERT_EQUAL(c->stage.count > 0, rows[i].stages);
		ruleset_change_free(c);
		/* The model is slow with many elements. */
		if (rows[i].count <= 100)
			expect_reached(running, target);
		ruleset_free(running);
		ruleset_free(target);
	}
}

static void
another_type_rebuilds_in_the_flip(void)
{
	struct ruleset *running = leaf_ruleset(), *target = leaf_ruleset();
	struct ruleset_change *c;

	change_type(target);
	settle(target, running);
	c = ruleset_diff(running, target);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->stage.count, 0);
	for (size_t i = 0; i < c->flip.count; i++)	/* counters go on counting */
		CU_ASSERT_NOT_EQUAL(c->flip.items[i].kind, CHANGE_DELETE_COUNTER);
	ruleset_change_free(c);
	expect_reached(running, target);
	ruleset_free(running);
	ruleset_free(target);
}

/* Nobody settled it, so its name is taken: never add to a filled interval map. */
static void
an_interval_map_of_a_taken_name_rebuilds(void)
{
	struct ruleset *running = leaf_ruleset(), *target = leaf_ruleset();
	struct ruleset *m = model_new(running);
	struct ruleset_change *c;

	change_interval(target);
	c = ruleset_diff(running, target);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	expect_intervals_staged(c);
	expect_taken(m, &c->stage, running);
	expect_taken(m, &c->flip, NULL);
	CU_ASSERT_EQUAL(c->sweep.count, 0);
	expect_equal(target, m);
	ruleset_change_free(c);
	ruleset_free(m);
	ruleset_free(running);
	ruleset_free(target);
}

static void
the_first_difference_is_told(void)
{
	static const struct {
		void (*change)(struct ruleset *r);
		const char *text;
	} rows[] = {
		{ change_exact, "of l0-x4 has another value" },
		{ change_interval, "of l0-r4.1 has another value" },
		{ change_static_rules, "rule 1 of chain refuse is not" },
		{ change_type, "chain forward has another hook, priority or policy" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ruleset *a = leaf_ruleset(), *b = leaf_ruleset();
		struct ruleset_mismatch why;

		CU_ASSERT_TRUE(ruleset_equal(a, b, &why));
		CU_ASSERT_STRING_EQUAL(why.text, "");
		rows[i].change(b);
		CU_ASSERT_FALSE(ruleset_equal(a, b, &why));
		CU_ASSERT_PTR_NOT_NULL(strstr(why.text, rows[i].text));
		CU_ASSERT_FALSE(ruleset_equal(a, b, NULL));
		ruleset_free(a);
		ruleset_free(b);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "random changes are taken and reach their target",
		    random_changes_are_taken_and_reach_their_target },
		{ "small changes take few steps", small_changes_take_few_steps },
		{ "interval maps are replaced with their leaf",
		    interval_maps_are_replaced_with_their_leaf },
		{ "a large exact change is staged", a_large_exact_change_is_staged },
		{ "large new maps of a chain that runs are staged",
		    large_new_maps_of_a_chain_that_runs_are_staged },
		{ "another type rebuilds in the flip",
		    another_type_rebuilds_in_the_flip },
		{ "an interval map of a taken name rebuilds",
		    an_interval_map_of_a_taken_name_rebuilds },
		{ "the first difference is told", the_first_difference_is_told },
		CU_TEST_INFO_NULL,
	};

	return unit_main("ruleset_diff", tests);
}
