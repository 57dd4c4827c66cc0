/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between the running ruleset and the next, in the policy's own words. */
#include "agent/control/control_internal.h"

#include "rules/compile.h"
#include "rules/ruleset_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A permit's elements as one number: the sum of a hash over each, so that
 * order and the version of the map they live in do not matter.
 */
struct signature {
	uint32_t permit;		/* its number */
	uint64_t sum;
	char id[LIMIT_NAME + 1];
};

struct signatures {
	struct signature *items;
	size_t count;
};

/* FNV-1a, 64 bits. */
static uint64_t
hash(uint64_t h, const void *bytes, size_t length)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < length; i++)
		h = (h ^ b[i]) * 0x100000001b3u;
	return h;
}

static int
by_permit(const void *a, const void *b)
{
	const struct signature *x = a, *y = b;

	return x->permit < y->permit ? -1 : x->permit > y->permit;
}

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const struct signature *)a)->id, ((const struct signature *)b)->id);
}

static void
add_elements(struct signatures *s, const struct ruleset_set *set)
{
	for (size_t i = 0; i < set->n_elements; i++) {
		struct signature key = { .permit =
		    set->elements[i].mark & MARK_PERMIT_MASK };
		struct signature *found = s->count == 0 ? NULL :
		    bsearch(&key, s->items, s->count, sizeof(key), by_permit);
		uint64_t h = 0xcbf29ce484222325u;

		if (found == NULL)
			continue;
		h = hash(h, set->name.base, strlen(set->name.base));
		h = hash(h, set->first + i * set->key_length, set->key_length);
		if (set->last != NULL)
			h = hash(h, set->last + i * set->key_length, set->key_length);
		found->sum += h;
	}
}

/* One signature a permit, from the map of numbers to counters; sorted by id. */
static int
sign(const struct ruleset *r, struct signatures *s)
{
	const struct object_name name = { .base = "permits" };
	const struct ruleset_set *map = r != NULL ? ruleset_find_set(r, &name) : NULL;

	*s = (struct signatures){ 0 };
	if (map == NULL)
		return 0;
	s->items = calloc(map->n_elements + 1, sizeof(*s->items));
	if (s->items == NULL)
		return -1;
	for (size_t i = 0; i < map->n_elements; i++) {
		const char *permit = control_permit_id(map->elements[i].target);
		struct signature *item = &s->items[s->count];

		if (permit == NULL)
			continue;
		memcpy(&item->permit, map->first + i * map->key_length,
		    sizeof(item->permit));
		snprintf(item->id, sizeof(item->id), "%s", permit);
		s->count++;
	}
	qsort(s->items, s->count, sizeof(*s->items), by_permit);
	for (size_t i = 0; i < r->n_sets; i++)
		if (r->sets[i].kind == SET_MARK_MAP)
			add_elements(s, &r->sets[i]);
	qsort(s->items, s->count, sizeof(*s->items), by_id);
	return 0;
}

static void
compare(const struct signatures *old, const struct signatures *new, json_t *added,
    json_t *removed, json_t *changed)
{
	size_t i = 0, j = 0;

	while (i < old->count || j < new->count) {
		int order = i == old->count ? 1 : j == new->count ? -1 :
		    strcmp(old->items[i].id, new->items[j].id);

		if (order < 0) {
			json_array_append_new(removed, json_string(old->items[i++].id));
		} else if (order > 0) {
			json_array_append_new(added, json_string(new->items[j++].id));
		} else {
			if (old->items[i].sum != new->items[j].sum)
				json_array_append_new(changed, json_string(new->items[j].id));
			i++;
			j++;
		}
	}
}

json_t *
control_plan_json(const struct ruleset *running, struct ruleset *target)
{
	json_t *added = json_array(), *removed = json_array(), *changed = json_array();
	struct signatures old, new;
	struct ruleset_change *change;
	json_t *answer = NULL;

	ruleset_settle(target, running);
	change = ruleset_diff(running, target);
	if (change != NULL && sign(running, &old) == 0 && sign(target, &new) == 0) {
		compare(&old, &new, added, removed, changed);
		answer = json_pack("{s:b, s:b, s:O, s:O, s:O, s:I, s:I, s:I, s:I, s:I}", "ok", 1,
		    "changes", !ruleset_change_empty(change), "permits_added", added,
		    "permits_removed", removed, "permits_changed", changed,
		    "elements_added", (json_int_t)change->elements_added,
		    "elements_removed", (json_int_t)change->elements_removed,
		    "objects_staged", (json_int_t)change->stage.count,
		    "objects_flipped", (json_int_t)change->flip.count,
		    "objects_swept", (json_int_t)change->sweep.count);
		free(old.items);
		free(new.items);
	}
	ruleset_change_free(change);
	json_decref(added);
	json_decref(removed);
	json_decref(changed);
	return answer;
}
