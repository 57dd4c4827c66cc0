/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building and freeing the ruleset, and names of its objects.
 *
 * Arrays of objects grow when their count is a power of two, so they need no
 * capacity beside it; elements come by the hundred thousand and have one.
 */
#include "rules/ruleset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The array with room for one more member, that one zeroed; NULL with errno
 * ENOMEM and the array as it was.
 */
static void *
grow(void *array, size_t count, size_t member)
{
	char *grown = array;

	if ((count & (count - 1)) == 0)
		grown = reallocarray(array, count == 0 ? 1 : count * 2, member);
	if (grown != NULL)
		memset(grown + count * member, 0, member);
	return grown;
}

struct ruleset *
ruleset_new(void)
{
	return calloc(1, sizeof(struct ruleset));
}

void
ruleset_set_clear(struct ruleset_set *s)
{
	for (size_t i = 0; i < s->n_elements; i++)
		free(s->elements[i].target);
	free(s->elements);
	free(s->first);
	free(s->last);
}

void
ruleset_free(struct ruleset *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n_sets; i++)
		ruleset_set_clear(&r->sets[i]);
	for (size_t i = 0; i < r->n_chains; i++)
		free(r->chains[i].rules);
	free(r->counters);
	free(r->sets);
	free(r->chains);
	free(r);
}

bool
object_name_set(struct object_name *n, const char *base, uint32_t version)
{
	size_t length = strlen(base);

	if (length > LIMIT_OBJECT_NAME)
		return false;
	memset(n, 0, sizeof(*n));
	memcpy(n->base, base, length);
	n->version = version;
	return true;
}

struct ruleset_counter *
ruleset_add_counter(struct ruleset *r, const char *base)
{
	struct object_name name;
	struct ruleset_counter *grown;

	if (!object_name_set(&name, base, 0)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	grown = grow(r->counters, r->n_counters, sizeof(*grown));
	if (grown == NULL)
		return NULL;
	r->counters = grown;
	r->sorted = false;
	grown[r->n_counters].name = name;
	return &grown[r->n_counters++];
}

struct ruleset_set *
ruleset_add_set(struct ruleset *r, const char *base, uint32_t version, enum set_kind kind,
    const enum field *key, unsigned int n_fields, bool interval)
{
	struct object_name name;
	struct ruleset_set *grown, *s;

	if (n_fields == 0 || n_fields > LIMIT_KEY_FIELDS
	    || !object_name_set(&name, base, version)) {
		errno = EINVAL;
		return NULL;
	}
	grown = grow(r->sets, r->n_sets, sizeof(*grown));
	if (grown == NULL)
		return NULL;
	r->sets = grown;
	r->sorted = false;
	s = &grown[r->n_sets++];
	s->name = name;
	s->kind = kind;
	memcpy(s->key, key, n_fields * sizeof(*key));
	s->n_fields = n_fields;
	s->key_length = ruleset_key_length(key, n_fields);
	s->interval = interval;
	return s;
}

struct ruleset_chain *
ruleset_add_chain(struct ruleset *r, const char *base, uint32_t version)
{
	struct object_name name;
	struct ruleset_chain *grown;

	if (!object_name_set(&name, base, version)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	grown = grow(r->chains, r->n_chains, sizeof(*grown));
	if (grown == NULL)
		return NULL;
	r->chains = grown;
	r->sorted = false;
	grown[r->n_chains].name = name;
	return &grown[r->n_chains++];
}

struct ruleset_rule *
ruleset_add_rule(struct ruleset_chain *c)
{
	struct ruleset_rule *grown = grow(c->rules, c->n_rules, sizeof(*grown));

	if (grown == NULL)
		return NULL;
	c->rules = grown;
	return &grown[c->n_rules++];
}

struct stmt *
ruleset_add_stmt(struct ruleset_rule *r, enum stmt_kind kind)
{
	struct stmt *s;

	if (r->n_stmts == RULE_MAX_STMTS) {
		errno = E2BIG;
		return NULL;
	}
	s = &r->stmts[r->n_stmts++];
	s->kind = kind;
	return s;
}

int
ruleset_reserve_elements(struct ruleset_set *s, size_t n)
{
	size_t room = s->n_elements + n;
	struct element *elements;
	uint8_t *keys;

	if (room <= s->capacity)
		return 0;
	elements = reallocarray(s->elements, room, sizeof(*elements));
	if (elements == NULL)
		return -ENOMEM;
	s->elements = elements;
	keys = reallocarray(s->first, room, s->key_length);
	if (keys == NULL)
		return -ENOMEM;
	s->first = keys;
	if (s->interval) {
		keys = reallocarray(s->last, room, s->key_length);
		if (keys == NULL)
			return -ENOMEM;
		s->last = keys;
	}
	s->capacity = room;
	return 0;
}

struct element *
ruleset_add_element(struct ruleset_set *s, const uint8_t *key_first,
    const uint8_t *key_last)
{
	size_t at = s->n_elements;
	struct element *e;

	if (at == s->capacity && ruleset_reserve_elements(s, at < 8 ? 8 : at) < 0) {
		errno = ENOMEM;
		return NULL;
	}
	memcpy(s->first + at * s->key_length, key_first, s->key_length);
	if (s->interval)
		memcpy(s->last + at * s->key_length,
		    key_last != NULL ? key_last : key_first, s->key_length);
	e = &s->elements[at];
	memset(e, 0, sizeof(*e));
	s->n_elements++;
	return e;
}

int
element_set_target(struct element *e, const struct object_name *target)
{
	struct object_name *copy = malloc(sizeof(*copy));

	if (copy == NULL)
		return -ENOMEM;
	*copy = *target;
	free(e->target);
	e->target = copy;
	return 0;
}

unsigned int
ruleset_key_length(const enum field *key, unsigned int n_fields)
{
	unsigned int length = 0;

	for (unsigned int i = 0; i < n_fields; i++)
		length += (field_info(key[i])->length + 3u) & ~3u;
	return length;
}

const char *
object_name_text(const struct object_name *n, char *buf)
{
	size_t size = LIMIT_OBJECT_NAME + 16;

	if (n->version == 0)
		snprintf(buf, size, "%s", n->base);
	else
		snprintf(buf, size, "%s.%u", n->base, n->version);
	return buf;
}

/* The number after the last '.', as object_name_text() writes it; 0: not one. */
static uint32_t
version_of(const char *digits)
{
	unsigned long long value;
	char *end;

	if (digits[0] < '1' || digits[0] > '9' || strlen(digits) > 10)
		return 0;
	value = strtoull(digits, &end, 10);
	return *end == '\0' && value <= UINT32_MAX ? (uint32_t)value : 0;
}

bool
object_name_parse(const char *text, struct object_name *out)
{
	const char *dot = strrchr(text, '.');
	uint32_t version = dot != NULL ? version_of(dot + 1) : 0;
	size_t length = version != 0 ? (size_t)(dot - text) : strlen(text);

	if (length > LIMIT_OBJECT_NAME)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(out->base, text, length);
	out->version = version;
	return true;
}

bool
object_name_equal(const struct object_name *a, const struct object_name *b)
{
	return a->version == b->version && strcmp(a->base, b->base) == 0;
}
