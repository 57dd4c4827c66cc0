/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Equality of rulesets, and the first difference told as a sentence. */
#include "rules/ruleset_compare.h"

#include "rules/ruleset_diff.h"
#include "rules/ruleset_print.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BUFFER (LIMIT_OBJECT_NAME + 16)

int
object_name_compare(const struct object_name *a, const struct object_name *b)
{
	int by_base = strcmp(a->base, b->base);

	if (by_base != 0)
		return by_base;
	return (a->version > b->version) - (a->version < b->version);
}

int
element_key_compare(const struct ruleset_set *a, size_t i, const struct ruleset_set *b,
    size_t j)
{
	int by_first = memcmp(a->first + i * a->key_length, b->first + j * b->key_length,
	    a->key_length);

	if (by_first != 0 || !a->interval)
		return by_first;
	return memcmp(a->last + i * a->key_length, b->last + j * b->key_length,
	    a->key_length);
}

bool
element_value_equal(const struct element *a, const struct element *b)
{
	if (a->target == NULL || b->target == NULL)
		return a->mark == b->mark && a->target == b->target;
	return a->mark == b->mark && object_name_equal(a->target, b->target);
}

bool
set_type_equal(const struct ruleset_set *a, const struct ruleset_set *b)
{
	if (a->kind != b->kind || a->n_fields != b->n_fields || a->interval != b->interval
	    || a->dynamic != b->dynamic || a->counted != b->counted || a->size != b->size
	    || a->timeout_ms != b->timeout_ms || a->gc_ms != b->gc_ms
	    || a->key_length != b->key_length)
		return false;
	/* By type, not by field: a dump knows iifname and oifname only as ifname. */
	for (unsigned int i = 0; i < a->n_fields; i++)
		if (field_info(a->key[i])->type_id != field_info(b->key[i])->type_id)
			return false;
	return true;
}

/* Elements of one block, compared in one go. */
#define BLOCK 64u

/* Of n keys, how many are the same from the first on. */
static size_t
keys_same(const uint8_t *a, const uint8_t *b, size_t n, size_t length)
{
	size_t same = 0;

	if (memcmp(a, b, n * length) == 0)
		return n;
	while (same < n && memcmp(a + same * length, b + same * length, length) == 0)
		same++;
	return same;
}

size_t
elements_same(const struct ruleset_set *a, size_t i, const struct ruleset_set *b, size_t j)
{
	size_t rest = a->n_elements - i < b->n_elements - j
	    ? a->n_elements - i : b->n_elements - j;
	size_t same = 0, length = a->key_length;

	while (same < rest) {
		size_t block = rest - same < BLOCK ? rest - same : BLOCK;
		size_t n = keys_same(a->first + (i + same) * length,
		    b->first + (j + same) * length, block, length);

		if (a->interval)
			n = keys_same(a->last + (i + same) * length,
			    b->last + (j + same) * length, n, length);
		for (size_t k = 0; k < n; k++, same++)
			if (!element_value_equal(&a->elements[i + same],
				&b->elements[j + same]))
				return same;
		if (n < block)
			break;
	}
	return same;
}

size_t
elements_different(const struct ruleset_set *a, const struct ruleset_set *b, size_t enough)
{
	size_t i = 0, j = 0, n = 0;

	while (n < enough) {
		size_t same = elements_same(a, i, b, j);
		int order;

		i += same;
		j += same;
		if (i == a->n_elements || j == b->n_elements)
			return n + (a->n_elements - i) + (b->n_elements - j);
		order = element_key_compare(a, i, b, j);
		i += order <= 0;
		j += order >= 0;
		n += order == 0 ? 2 : 1;
	}
	return n;
}

bool
set_elements_equal(const struct ruleset_set *a, const struct ruleset_set *b)
{
	if (a->dynamic)
		return true;
	return a->n_elements == b->n_elements && elements_same(a, 0, b, 0) == a->n_elements;
}

bool
chain_type_equal(const struct ruleset_chain *a, const struct ruleset_chain *b)
{
	if (a->hook != b->hook)
		return false;
	return a->hook == HOOK_NONE
	    || (a->priority == b->priority && a->policy_drop == b->policy_drop);
}

bool
stmt_equal(const struct stmt *a, const struct stmt *b)
{
	if (a->kind != b->kind || a->invert != b->invert || a->n_fields != b->n_fields
	    || a->number != b->number || a->burst != b->burst || a->family != b->family
	    || a->since != b->since || a->until != b->until)
		return false;
	return memcmp(a->key, b->key, a->n_fields * sizeof(a->key[0])) == 0
	    && object_name_equal(&a->target, &b->target) && strcmp(a->name, b->name) == 0;
}

bool
rule_equal(const struct ruleset_rule *a, const struct ruleset_rule *b)
{
	if (a->n_stmts != b->n_stmts)
		return false;
	for (unsigned int i = 0; i < a->n_stmts; i++)
		if (!stmt_equal(&a->stmts[i], &b->stmts[i]))
			return false;
	return true;
}

bool
chain_rules_equal(const struct ruleset_chain *a, const struct ruleset_chain *b)
{
	if (a->n_rules != b->n_rules)
		return false;
	for (size_t i = 0; i < a->n_rules; i++)
		if (!rule_equal(&a->rules[i], &b->rules[i]))
			return false;
	return true;
}

/* Returns false, so that a comparison can end with it. */
static bool __attribute__((format(printf, 3, 4)))
differ(struct ruleset_mismatch *why, const struct origin *origin, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (why != NULL) {
		vsnprintf(why->text, sizeof(why->text), format, ap);
		if (origin != NULL)
			why->origin = *origin;
	}
	va_end(ap);
	return false;
}

/* Text of a rule, for the sentence; cut where the buffer ends. */
static void
rule_text(const struct ruleset_rule *rule, char *buf, size_t size)
{
	FILE *out = fmemopen(buf, size, "w");

	buf[0] = '\0';
	if (out == NULL)
		return;
	ruleset_print_rule(rule, out);
	fclose(out);
	buf[size - 1] = '\0';
}

static void
key_text(const struct ruleset_set *s, size_t i, char *buf, size_t size)
{
	FILE *out = fmemopen(buf, size, "w");
	const uint8_t *first = s->first + i * s->key_length;

	buf[0] = '\0';
	if (out == NULL)
		return;
	ruleset_print_key(s, first, s->interval ? s->last + i * s->key_length : NULL,
	    out);
	fclose(out);
	buf[size - 1] = '\0';
}

static bool
tell_elements(const struct ruleset_set *want, const struct ruleset_set *have,
    struct ruleset_mismatch *why)
{
	char name[NAME_BUFFER], key[192];
	size_t i = 0, j = 0;
	int order;

	object_name_text(&want->name, name);
	while (i < want->n_elements || j < have->n_elements) {
		if (i == want->n_elements)
			order = 1;
		else if (j == have->n_elements)
			order = -1;
		else
			order = element_key_compare(want, i, have, j);
		if (order < 0) {
			key_text(want, i, key, sizeof(key));
			return differ(why, &want->elements[i].origin,
			    "element %s of %s is missing", key, name);
		}
		if (order > 0) {
			key_text(have, j, key, sizeof(key));
			return differ(why, &want->origin, "element %s of %s is foreign",
			    key, name);
		}
		if (!element_value_equal(&want->elements[i], &have->elements[j])) {
			key_text(want, i, key, sizeof(key));
			return differ(why, &want->elements[i].origin,
			    "element %s of %s has another value", key, name);
		}
		i++;
		j++;
	}
	return true;
}

static bool
sets_equal(const struct ruleset_set *want, const struct ruleset_set *have,
    struct ruleset_mismatch *why)
{
	char name[NAME_BUFFER];

	if (!set_type_equal(want, have))
		return differ(why, &want->origin, "set %s has another type",
		    object_name_text(&want->name, name));
	return set_elements_equal(want, have) || tell_elements(want, have, why);
}

static bool
chains_equal(const struct ruleset_chain *want, const struct ruleset_chain *have,
    struct ruleset_mismatch *why)
{
	char name[NAME_BUFFER], text[352];

	object_name_text(&want->name, name);
	if (!chain_type_equal(want, have))
		return differ(why, &want->origin,
		    "chain %s has another hook, priority or policy", name);
	for (size_t i = 0; i < want->n_rules; i++) {
		if (i < have->n_rules && rule_equal(&want->rules[i], &have->rules[i]))
			continue;
		rule_text(&want->rules[i], text, sizeof(text));
		return differ(why, &want->rules[i].origin,
		    "rule %zu of chain %s is not \"%s\"", i + 1, name, text);
	}
	if (have->n_rules > want->n_rules) {
		rule_text(&have->rules[want->n_rules], text, sizeof(text));
		return differ(why, &want->origin,
		    "rule %zu of chain %s is foreign: \"%s\"", want->n_rules + 1, name,
		    text);
	}
	return true;
}

/* What a list of objects is to the comparison below. */
struct kind {
	const char *word;
	size_t size;
	const struct origin *(*origin)(const void *object);
	bool (*equal)(const void *want, const void *have, struct ruleset_mismatch *why);
};

static const struct origin *
counter_origin(const void *object)
{
	return &((const struct ruleset_counter *)object)->origin;
}

static bool
equal_counters(const void *want, const void *have, struct ruleset_mismatch *why)
{
	(void)want;
	(void)have;
	(void)why;
	return true;
}

static const struct origin *
set_origin(const void *object)
{
	return &((const struct ruleset_set *)object)->origin;
}

static bool
equal_sets(const void *want, const void *have, struct ruleset_mismatch *why)
{
	return sets_equal(want, have, why);
}

static const struct origin *
chain_origin(const void *object)
{
	return &((const struct ruleset_chain *)object)->origin;
}

static bool
equal_chains(const void *want, const void *have, struct ruleset_mismatch *why)
{
	return chains_equal(want, have, why);
}

_Static_assert(offsetof(struct ruleset_counter, name) == 0
    && offsetof(struct ruleset_set, name) == 0
    && offsetof(struct ruleset_chain, name) == 0, "every object begins with its name");

/* Two sorted lists of one kind of objects. */
static bool
lists_equal(const struct kind *kind, const void *want, size_t n_want, const void *have,
    size_t n_have, struct ruleset_mismatch *why)
{
	const char *w = want, *h = have;
	char name[NAME_BUFFER];

	while (n_want > 0 || n_have > 0) {
		const struct object_name *a = (const void *)w, *b = (const void *)h;
		int order;

		if (n_want == 0 || n_have == 0)
			order = n_want == 0 ? 1 : -1;
		else
			order = object_name_compare(a, b);
		if (order < 0)
			return differ(why, kind->origin(w), "%s %s is missing",
			    kind->word, object_name_text(a, name));
		if (order > 0)
			return differ(why, NULL, "%s %s is foreign", kind->word,
			    object_name_text(b, name));
		if (!kind->equal(w, h, why))
			return false;
		w += kind->size;
		h += kind->size;
		n_want--;
		n_have--;
	}
	return true;
}

bool
ruleset_equal(const struct ruleset *want, const struct ruleset *have,
    struct ruleset_mismatch *why)
{
	static const struct kind counters = { "counter", sizeof(struct ruleset_counter),
	    counter_origin, equal_counters };
	static const struct kind sets = { "set", sizeof(struct ruleset_set), set_origin,
	    equal_sets };
	static const struct kind chains = { "chain", sizeof(struct ruleset_chain),
	    chain_origin, equal_chains };

	if (why != NULL)
		memset(why, 0, sizeof(*why));
	return lists_equal(&chains, want->chains, want->n_chains, have->chains,
	           have->n_chains, why)
	    && lists_equal(&sets, want->sets, want->n_sets, have->sets, have->n_sets, why)
	    && lists_equal(&counters, want->counters, want->n_counters, have->counters,
	           have->n_counters, why);
}
