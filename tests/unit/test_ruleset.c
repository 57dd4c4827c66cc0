/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ruleset.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum field pair_key[] = { FIELD_IIFNAME, FIELD_OIFNAME };
static const enum field port_key[] = { FIELD_IP_SADDR, FIELD_IP_PROTOCOL,
	FIELD_TH_DPORT };

static const struct name_row {
	const char *text, *base;
	uint32_t version;
} names[] = {
	{ "pairs", "pairs", 0 },
	{ "mn0-lg0.1", "mn0-lg0", 1 },
	{ "mn0-lg0-r4.4294967295", "mn0-lg0-r4", 4294967295u },
	{ "a.b.7", "a.b", 7 },
	/* not what we write: the dot belongs to the name */
	{ "eth0.", "eth0.", 0 },
	{ "eth0.0", "eth0.0", 0 },
	{ "eth0.07", "eth0.07", 0 },
	{ "eth0.7x", "eth0.7x", 0 },
	{ "eth0.4294967296", "eth0.4294967296", 0 },
	{ "eth0.99999999999999999999", "eth0.99999999999999999999", 0 },
};

static void
names_go_both_ways(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct object_name n;
		char buf[LIMIT_OBJECT_NAME + 16];

		CU_ASSERT_TRUE(object_name_parse(names[i].text, &n));
		CU_ASSERT_STRING_EQUAL(n.base, names[i].base);
		CU_ASSERT_EQUAL(n.version, names[i].version);
		CU_ASSERT_STRING_EQUAL(object_name_text(&n, buf), names[i].text);
	}
}

static void
names_too_long_are_refused(void)
{
	char text[LIMIT_OBJECT_NAME + 8];
	struct ruleset *r = ruleset_new();
	struct object_name n;

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	memset(text, 'a', sizeof(text));
	text[LIMIT_OBJECT_NAME] = '\0';
	CU_ASSERT_TRUE(object_name_parse(text, &n));
	CU_ASSERT_PTR_NOT_NULL(ruleset_add_chain(r, text, 0));
	memcpy(text + LIMIT_OBJECT_NAME, ".12", 4);
	CU_ASSERT_TRUE(object_name_parse(text, &n));
	memcpy(text + LIMIT_OBJECT_NAME, "a", 2);
	CU_ASSERT_FALSE(object_name_parse(text, &n));
	CU_ASSERT_PTR_NULL(ruleset_add_chain(r, text, 0));
	CU_ASSERT_PTR_NULL(ruleset_add_counter(r, text));
	CU_ASSERT_PTR_NULL(ruleset_add_set(r, text, 0, SET_PLAIN, pair_key, 2, false));
	CU_ASSERT_EQUAL(r->n_chains, 1);
	ruleset_free(r);
}

static void
fields_of_a_key_stand_at_four_bytes(void)
{
	CU_ASSERT_EQUAL(ruleset_key_length(pair_key, 2), 32);
	CU_ASSERT_EQUAL(ruleset_key_length(port_key, 3), 12);
	CU_ASSERT_EQUAL(ruleset_key_length(port_key, 0), 0);
}

static void
a_rule_has_room_for_so_many_statements(void)
{
	struct ruleset_rule rule = { .n_stmts = 0 };

	for (unsigned int i = 0; i < RULE_MAX_STMTS; i++)
		CU_ASSERT_PTR_NOT_NULL(ruleset_add_stmt(&rule, STMT_DROP));
	errno = 0;
	CU_ASSERT_PTR_NULL(ruleset_add_stmt(&rule, STMT_DROP));
	CU_ASSERT_EQUAL(errno, E2BIG);
	CU_ASSERT_EQUAL(rule.n_stmts, RULE_MAX_STMTS);
}

static void
keys_of_too_many_fields_are_refused(void)
{
	struct ruleset *r = ruleset_new();
	enum field six[6] = { FIELD_IIF, FIELD_IIF, FIELD_IIF, FIELD_IIF, FIELD_IIF,
		FIELD_IIF };

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	CU_ASSERT_PTR_NULL(ruleset_add_set(r, "s", 0, SET_PLAIN, six, 6, false));
	CU_ASSERT_PTR_NULL(ruleset_add_set(r, "s", 0, SET_PLAIN, six, 0, false));
	CU_ASSERT_EQUAL(r->n_sets, 0);
	ruleset_free(r);
}

#define N_ELEMENTS 3000u

/* Elements in random order; each mark says what its key was. */
static void
fill(struct ruleset_set *s)
{
	for (uint32_t i = 0; i < N_ELEMENTS; i++) {
		uint32_t value = (i * 7919u) % N_ELEMENTS;
		uint8_t first[12] = { 10, 0, (uint8_t)(value >> 8), (uint8_t)value, 6 };
		uint8_t last[12];
		struct element *e;

		memcpy(last, first, sizeof(last));
		last[8] = 1;
		e = ruleset_add_element(s, first, s->interval ? last : NULL);
		CU_ASSERT_PTR_NOT_NULL_FATAL(e);
		e->mark = value;
	}
}

static void
expect_filled(const struct ruleset_set *s)
{
	for (uint32_t i = 0; i < N_ELEMENTS; i++) {
		const uint8_t *key = s->first + (size_t)i * s->key_length;

		CU_ASSERT_EQUAL(s->elements[i].mark, i);
		CU_ASSERT_EQUAL((uint32_t)key[2] << 8 | key[3], i);
		if (s->interval)
			CU_ASSERT_EQUAL(s->last[(size_t)i * s->key_length + 8], 1);
	}
}

static void
sorting_keeps_keys_and_values_together(void)
{
	struct ruleset *r = ruleset_new();
	struct ruleset_set *s;

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	s = ruleset_add_set(r, "exact", 0, SET_MARK_MAP, port_key, 3, false);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(ruleset_reserve_elements(s, 100), 0);
	fill(s);
	CU_ASSERT_PTR_NULL(s->last);
	s = ruleset_add_set(r, "interval", 1, SET_MARK_MAP, port_key, 3, true);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	fill(s);
	for (int again = 0; again < 2; again++) {
		ruleset_sort(r);
		expect_filled(&r->sets[0]);
		expect_filled(&r->sets[1]);
	}
	ruleset_free(r);
}

static void
objects_are_found_sorted_or_not(void)
{
	struct ruleset *r = ruleset_new();

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	for (unsigned int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%u", i * 37 % 100);
		ruleset_add_counter(r, name);
		ruleset_add_chain(r, name, i % 3);
		ruleset_add_set(r, name, i % 2, SET_PLAIN, pair_key, 2, false);
	}
	for (int sorted = 0; sorted < 2; sorted++) {
		for (unsigned int i = 0; i < 100; i++) {
			struct object_name n = { .version = i % 3 };

			snprintf(n.base, sizeof(n.base), "n%u", i * 37 % 100);
			CU_ASSERT_PTR_NOT_NULL(ruleset_find_chain(r, &n));
			CU_ASSERT_PTR_NOT_NULL(ruleset_find_counter(r, n.base));
			n.version = i % 2;
			CU_ASSERT_PTR_NOT_NULL(ruleset_find_set(r, &n));
			n.version = 9;
			CU_ASSERT_PTR_NULL(ruleset_find_set(r, &n));
			CU_ASSERT_PTR_NULL(ruleset_find_chain(r, &n));
		}
		CU_ASSERT_PTR_NULL(ruleset_find_counter(r, "n100"));
		ruleset_sort(r);
	}
	CU_ASSERT_TRUE(r->sorted);
	ruleset_add_counter(r, "new");
	CU_ASSERT_FALSE(r->sorted);
	ruleset_free(r);
}

static void
an_empty_ruleset_is_sorted_and_freed(void)
{
	struct ruleset *r = ruleset_new();
	struct object_name n = { .base = "x" };

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	ruleset_sort(r);
	CU_ASSERT_PTR_NULL(ruleset_find_set(r, &n));
	ruleset_free(r);
	ruleset_free(NULL);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "names go both ways", names_go_both_ways },
		{ "names too long are refused", names_too_long_are_refused },
		{ "fields of a key stand at four bytes",
		    fields_of_a_key_stand_at_four_bytes },
		{ "a rule has room for so many statements",
		    a_rule_has_room_for_so_many_statements },
		{ "keys of too many fields are refused",
		    keys_of_too_many_fields_are_refused },
		{ "sorting keeps keys and values together",
		    sorting_keeps_keys_and_values_together },
		{ "objects are found sorted or not", objects_are_found_sorted_or_not },
		{ "an empty ruleset is sorted and freed",
		    an_empty_ruleset_is_sorted_and_freed },
		CU_TEST_INFO_NULL,
	};

	return unit_main("ruleset", tests);
}
