/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running numbers, from the kernel itself. The map "permits" holds number ->
 * counter permit_ID, the map "flows" pair number -> chain that names both
 * interfaces. What stays keeps its number, so that its flows and counters stay
 * its own; what is new never gets that of one whose flows still run.
 */
#include "agent/control/control_internal.h"

#include "rules/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *
control_permit_id(const struct object_name *counter)
{
	const size_t n = strlen(COMPILE_COUNTER_PERMIT);

	if (counter == NULL || strncmp(counter->base, COMPILE_COUNTER_PERMIT, n) != 0)
		return NULL;
	return counter->base + n;
}

struct running_permit {
	const char *id;			/* in the running ruleset */
	uint32_t number;
};

struct running_pair {
	const char *in, *out;		/* in the running ruleset */
	uint32_t number;
};

struct running_numbers {
	struct running_permit *permits;	/* sorted by id */
	size_t n_permits;
	struct running_pair *pairs;	/* sorted by both names */
	size_t n_pairs;
	bool permit_busy[UINT16_MAX + 1], pair_busy[UINT16_MAX + 1];
};

static const struct ruleset_set *
map_of(const struct ruleset *running, const char *base)
{
	struct object_name name;

	object_name_set(&name, base, 0);
	return ruleset_find_set(running, &name);
}

static uint32_t
key_at(const struct ruleset_set *map, size_t i)
{
	uint32_t key;

	memcpy(&key, map->first + i * map->key_length, sizeof(key));
	return key;
}

static int
by_id(const void *a, const void *b)
{
	const struct running_permit *x = a, *y = b;

	return strcmp(x->id, y->id);
}

static int
list_permits(const struct ruleset *running, struct running_numbers *out)
{
	const struct ruleset_set *map = map_of(running, "permits");

	if (map == NULL)
		return 0;
	out->permits = calloc(map->n_elements + 1, sizeof(*out->permits));
	if (out->permits == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < map->n_elements; i++) {
		struct running_permit p = { .number = key_at(map, i),
			.id = control_permit_id(map->elements[i].target) };

		if (p.number <= UINT16_MAX)
			out->permit_busy[p.number] = true;
		if (p.id != NULL)
			out->permits[out->n_permits++] = p;
	}
	qsort(out->permits, out->n_permits, sizeof(*out->permits), by_id);
	return 0;
}

static int
by_names(const void *a, const void *b)
{
	const struct running_pair *x = a, *y = b;
	int order = strcmp(x->in, y->in);

	return order != 0 ? order : strcmp(x->out, y->out);
}

/* The two interfaces that the chain of a pair lets on; false when it is none. */
static bool
read_pair(const struct ruleset *running, const struct object_name *target,
    struct running_pair *out)
{
	const struct ruleset_chain *chain =
	    target != NULL ? ruleset_find_chain(running, target) : NULL;

	size_t first = 0;

	/* Where one of its permits ends soon, a look at the clock stands first. */
	if (chain != NULL && chain->n_rules > 0
	    && chain->rules[0].stmts[0].kind == STMT_TIME)
		first = 1;
	if (chain == NULL || chain->n_rules < first + 2
	    || chain->rules[first].stmts[0].kind != STMT_IFNAME
	    || chain->rules[first + 1].stmts[0].kind != STMT_IFNAME)
		return false;
	out->in = chain->rules[first].stmts[0].name;
	out->out = chain->rules[first + 1].stmts[0].name;
	return true;
}

static int
list_pairs(const struct ruleset *running, struct running_numbers *out)
{
	const struct ruleset_set *map = map_of(running, "flows");

	if (map == NULL)
		return 0;
	out->pairs = calloc(map->n_elements + 1, sizeof(*out->pairs));
	if (out->pairs == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < map->n_elements; i++) {
		struct running_pair p = { .number = key_at(map, i) >> MARK_PAIR_SHIFT };
		const struct object_name *chain = map->elements[i].target;

		/* The same pair again, its number with MARK_HALF_OPEN. */
		if (chain != NULL && strncmp(chain->base, COMPILE_CHAIN_HANDSHAKE,
		    strlen(COMPILE_CHAIN_HANDSHAKE)) == 0)
			continue;

		out->pair_busy[p.number] = true;
		if (read_pair(running, map->elements[i].target, &p))
			out->pairs[out->n_pairs++] = p;
	}
	qsort(out->pairs, out->n_pairs, sizeof(*out->pairs), by_names);
	return 0;
}

/* Flows that a change could not end yet carry numbers that no map has any more. */
static void
list_revoked(const struct ruleset *running, struct running_numbers *out)
{
	const struct ruleset_set *map = map_of(running, COMPILE_SET_REVOKED);

	for (size_t i = 0; map != NULL && i < map->n_elements; i++) {
		out->permit_busy[key_at(map, i) & MARK_PERMIT_MASK] = true;
		out->pair_busy[key_at(map, i) >> MARK_PAIR_SHIFT] = true;
	}
}

static uint32_t
permit_number(void *arg, const char *id)
{
	const struct running_numbers *numbers = arg;
	const struct running_permit key = { .id = id };
	const struct running_permit *found = numbers->n_permits == 0 ? NULL :
	    bsearch(&key, numbers->permits, numbers->n_permits, sizeof(key), by_id);

	return found != NULL ? found->number : 0;
}

static bool
permit_is_busy(void *arg, uint32_t number)
{
	const struct running_numbers *numbers = arg;

	return number <= UINT16_MAX && numbers->permit_busy[number];
}

static uint32_t
pair_number(void *arg, const char *in, const char *out)
{
	const struct running_numbers *numbers = arg;
	const struct running_pair key = { .in = in, .out = out };
	const struct running_pair *found = numbers->n_pairs == 0 ? NULL :
	    bsearch(&key, numbers->pairs, numbers->n_pairs, sizeof(key), by_names);

	return found != NULL ? found->number : 0;
}

static bool
pair_is_busy(void *arg, uint32_t number)
{
	const struct running_numbers *numbers = arg;

	return number <= UINT16_MAX && numbers->pair_busy[number];
}

int
control_keep_numbers(const struct ruleset *running, struct checked *checked)
{
	struct running_numbers *numbers = calloc(1, sizeof(*numbers));
	int r = numbers == NULL ? -ENOMEM : 0;

	if (r == 0 && running != NULL)
		r = list_permits(running, numbers);
	if (r == 0 && running != NULL)
		r = list_pairs(running, numbers);
	if (r == 0 && running != NULL)
		list_revoked(running, numbers);
	if (r == 0) {
		checked_renumber_avoiding(checked, permit_number, permit_is_busy, numbers);
		checked_renumber_pairs(checked, pair_number, pair_is_busy, numbers);
	}
	if (numbers != NULL) {
		free(numbers->permits);
		free(numbers->pairs);
	}
	free(numbers);
	return r;
}
