/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When two objects of rulesets are the same. Shared by compare, settle and diff. */
#ifndef RULES_RULESET_COMPARE_H
#define RULES_RULESET_COMPARE_H

#include "rules/ruleset.h"

/* Order of names in a sorted ruleset: as strcmp(3). */
int object_name_compare(const struct object_name *a, const struct object_name *b);

/* As memcmp(3) on first, then last, of elements i of a and j of b; same key type. */
int element_key_compare(const struct ruleset_set *a, size_t i,
    const struct ruleset_set *b, size_t j);
/* The values alone: mark or target. */
bool element_value_equal(const struct element *a, const struct element *b);

/* How many elements from i of a and j of b on are the same in key and value; of one type. */
size_t elements_same(const struct ruleset_set *a, size_t i, const struct ruleset_set *b,
    size_t j);
/*
 * How many elements of sorted sets of one type are in one of them alone, another value
 * counting twice; anything from "enough" on when there are as many.
 */
size_t elements_different(const struct ruleset_set *a, const struct ruleset_set *b,
    size_t enough);

/* Everything but name and elements. */
bool set_type_equal(const struct ruleset_set *a, const struct ruleset_set *b);
/* Elements of sorted sets of one type; contents of dynamic sets do not count. */
bool set_elements_equal(const struct ruleset_set *a, const struct ruleset_set *b);

/* Hook, priority and policy. */
bool chain_type_equal(const struct ruleset_chain *a, const struct ruleset_chain *b);
bool chain_rules_equal(const struct ruleset_chain *a, const struct ruleset_chain *b);
bool stmt_equal(const struct stmt *a, const struct stmt *b);
bool rule_equal(const struct ruleset_rule *a, const struct ruleset_rule *b);

#endif /* RULES_RULESET_COMPARE_H */
