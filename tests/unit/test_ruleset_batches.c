/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every step and element of a list once, in its order, and never too many at a time. */
#include "rules/ruleset_batches.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define FLAT_MAX 2048u

/* A list as what it does, one element at a time; a set's making has number SIZE_MAX. */
struct flat {
	struct {
		const struct ruleset_set *set;
		size_t number;
	} items[FLAT_MAX];
	size_t count;
};

static void
flatten(struct flat *f, const struct change_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct change *c = &list->items[i];
		bool all = c->elements == NULL;
		size_t n = c->kind == CHANGE_ADD_SET ? 1 : all ? c->set->n_elements :
		    c->n_elements;

		for (size_t k = 0; k < n && f->count < FLAT_MAX; k++) {
			f->items[f->count].set = c->set;
			f->items[f->count++].number = c->kind == CHANGE_ADD_SET ?
			    SIZE_MAX : all ? k : c->elements[k];
		}
	}
}

static bool
flat_equal(const struct flat *a, const struct flat *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (a->items[i].set != b->items[i].set ||
		    a->items[i].number != b->items[i].number)
			return false;
	return a->count == b->count;
}

static void
add_set(struct ruleset *r, const char *name, size_t count, bool interval)
{
	static const enum field address[] = { FIELD_IP_SADDR };
	struct ruleset_set *s = ruleset_add_set(r, name, interval, SET_MARK_MAP, address, 1,
	    interval);

	for (size_t i = 0; i < count; i++) {
		uint8_t key[4] = { 10, 0, (uint8_t)(i >> 8), (uint8_t)i };

		ruleset_add_element(s, key, interval ? key : NULL);
	}
}

/* Elements of sets that can be cut; an interval set goes whole, whatever its size. */
static size_t
exact_elements(const struct flat *f, size_t from)
{
	size_t n = 0;

	for (size_t i = from; i < f->count; i++)
		n += f->items[i].number != SIZE_MAX && !f->items[i].set->interval;
	return n;
}

static const struct row {
	size_t most;
	size_t exact, some, interval;	/* elements: all of a set, a list of one, all */
	size_t batches;
} rows[] = {
	{ 100, 10, 4, 7, 1 },
	{ 100, 99, 0, 0, 1 },
	{ 100, 101, 0, 0, 2 },
	{ 100, 250, 60, 0, 4 },
	{ 100, 250, 60, 500, 4 },
	{ 1, 5, 5, 3, 11 },
};

static void
expect_row(const struct row *row)
{
	struct ruleset *r = ruleset_new();
	struct flat *wanted = calloc(1, sizeof(*wanted)), *given = calloc(1, sizeof(*given));
	struct change_list list, batch;
	struct ruleset_batches b;
	size_t odd[64], batches = 0;

	CU_ASSERT_FATAL(r != NULL && wanted != NULL && given != NULL);
	add_set(r, "exact", row->exact, false);
	add_set(r, "some", 2 * row->some, false);
	add_set(r, "interval", row->interval, true);
	for (size_t i = 0; i < row->some; i++)
		odd[i] = 2 * i + 1;
	list = (struct change_list){ .count = 4, .items = (struct change[]){
		{ .kind = CHANGE_ADD_SET, .set = &r->sets[0] },
		{ .kind = CHANGE_ADD_ELEMENTS, .set = &r->sets[0] },
		{ .kind = CHANGE_DELETE_ELEMENTS, .set = &r->sets[1], .elements = odd,
		    .n_elements = row->some },
		{ .kind = CHANGE_ADD_ELEMENTS, .set = &r->sets[2] } } };
	flatten(wanted, &list);

	CU_ASSERT_EQUAL_FATAL(ruleset_batches_begin(&b, &list, row->most), 0);
	CU_ASSERT_EQUAL(ruleset_batches_begun(&b), 0);
	for (; ruleset_batches_next(&b, &batch); batches++) {
		size_t before = given->count;

		flatten(given, &batch);
		CU_ASSERT(exact_elements(given, before) <= row->most);
		CU_ASSERT(ruleset_batches_begun(&b) > 0);
	}
	CU_ASSERT_EQUAL(batches, row->batches);
	CU_ASSERT_EQUAL(ruleset_batches_begun(&b), list.count);
	CU_ASSERT_TRUE(flat_equal(wanted, given));
	ruleset_batches_end(&b);
	free(wanted);
	free(given);
	ruleset_free(r);
}

static void
every_element_is_given_once(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_row(&rows[i]);
}

static void
nothing_makes_no_batch(void)
{
	struct change_list none = { .count = 0 }, batch;
	struct ruleset_batches b;

	CU_ASSERT_EQUAL_FATAL(ruleset_batches_begin(&b, &none, 1), 0);
	CU_ASSERT_FALSE(ruleset_batches_next(&b, &batch));
	CU_ASSERT_EQUAL(ruleset_batches_begun(&b), 0);
	ruleset_batches_end(&b);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "every element is given once", every_element_is_given_once },
		{ "nothing makes no batch", nothing_makes_no_batch },
		CU_TEST_INFO_NULL,
	};

	return unit_main("ruleset_batches", tests);
}
