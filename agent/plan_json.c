/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/plan_json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void
put_text(json_t *o, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		json_object_set_new(o, key, json_string(text));
}

static void
put_regions(json_t *o, const char *count_key, const char *key, size_t count,
    const struct region *example)
{
	char text[REGION_TEXT_SIZE];

	if (count == 0)
		return;
	json_object_set_new(o, count_key, json_integer((json_int_t)count));
	json_object_set_new(o, key, json_string(region_print(example, text)));
}

static json_t *
permit_json(const struct policy_diff_permit *p)
{
	json_t *o = json_pack("{s:s}", "change", policy_change_name(p->change));

	put_text(o, "permit", p->id);
	put_text(o, "was", p->was);
	put_text(o, "other", p->other);
	if (p->other != NULL)
		json_object_set_new(o, "before", json_boolean(p->before_other));
	put_regions(o, "opened", "opens", p->opened, &p->opens);
	put_regions(o, "closed", "closes", p->closed, &p->closes);
	put_text(o, "file", p->origin.file);
	if (p->origin.line > 0)
		json_object_set_new(o, "line", json_integer(p->origin.line));
	return o;
}

static json_t *
pairs_json(const struct policy_diff *d)
{
	json_t *pairs = json_array(), *permits = NULL;

	for (size_t i = 0; i < d->n_permits; i++) {
		const struct policy_diff_permit *p = &d->permits[i];

		if (i == 0 || p->pair != d->permits[i - 1].pair) {
			permits = json_array();
			json_array_append_new(pairs, json_pack("{s:s, s:s, s:o}", "from",
			    p->from, "to", p->to, "permits", permits));
		}
		json_array_append_new(permits, permit_json(p));
	}
	return pairs;
}

static json_t *
place_json(const struct policy_diff_place *p)
{
	json_t *o = json_pack("{s:s}", "change", policy_change_name(p->change));
	char text[IP_RANGE_TEXT_SIZE];
	struct ip_range range;

	put_text(o, "zone", p->zone);
	put_text(o, "interface", p->interface);
	put_text(o, "other", p->other);
	if (p->network.base.family != IP_NONE) {
		range = address_prefix_range(&p->network);
		put_text(o, "network", address_print_range(&range, text));
	}
	if (p->count > 0)
		json_object_set_new(o, "count", json_integer((json_int_t)p->count));
	return o;
}

int
plan_json(json_t *o, const struct checked *running, const struct checked *next,
    void (*meanwhile)(void *arg), void *arg)
{
	struct policy_diff *d = policy_diff_new(running, next, meanwhile, arg);
	json_t *places = json_array();
	int r;

	if (d == NULL) {
		json_decref(places);
		return -ENOMEM;
	}
	for (size_t i = 0; i < d->n_places; i++)
		json_array_append_new(places, place_json(&d->places[i]));
	r = json_object_set_new(o, "pairs", pairs_json(d)) |
	    json_object_set_new(o, "places", places);
	policy_diff_free(d);
	return r == 0 ? 0 : -ENOMEM;
}
