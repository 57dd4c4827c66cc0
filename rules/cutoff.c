/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/cutoff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the list ---------------------------------------------------------------- */

void
cutoff_free(struct cutoff *c)
{
	cut_parts_free(&c->parts);
	free(c->downed);
	memset(c, 0, sizeof(*c));
}

void
cutoffs_free(struct cutoffs *l)
{
	for (size_t i = 0; i < l->n; i++)
		cutoff_free(&l->items[i]);
	free(l->items);
	memset(l, 0, sizeof(*l));
}

struct cutoff *
cutoffs_add(struct cutoffs *l)
{
	struct cutoff *grown;

	if (l->n >= LIMIT_CUTOFFS || l->last_id == UINT32_MAX) {
		errno = E2BIG;
		return NULL;
	}
	grown = reallocarray(l->items, l->n + 1, sizeof(*grown));
	if (grown == NULL)
		return NULL;
	l->items = grown;
	memset(&grown[l->n], 0, sizeof(*grown));
	grown[l->n].id = ++l->last_id;
	return &grown[l->n++];
}

struct cutoff *
cutoffs_find(const struct cutoffs *l, uint32_t id)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i].id == id)
			return &l->items[i];
	return NULL;
}

void
cutoffs_remove(struct cutoffs *l, uint32_t id)
{
	struct cutoff *c = cutoffs_find(l, id);
	size_t at;

	if (c == NULL)
		return;
	at = (size_t)(c - l->items);
	cutoff_free(c);
	l->n--;
	memmove(c, c + 1, (l->n - at) * sizeof(*c));
}

/* ---- names to parts ---------------------------------------------------------- */

static int
resolve_host(struct cutoff *c, const struct checked *checked)
{
	int error = -ENOENT;

	for (size_t i = 0; i < checked->n_hosts; i++) {
		const struct checked_host *h = &checked->hosts[i];

		if (strcmp(h->name, c->what[0]) != 0)
			continue;
		error = 0;
		for (size_t k = 0; k < h->n_ranges && error == 0; k++)
			error = cut_parts_add_range(&c->parts, &h->ranges[k]);
		break;
	}
	return error;
}

static int
resolve_zone(struct cutoff *c, const struct checked *checked)
{
	int zone = checked_zone_by_name(checked, c->what[0]), error = 0;

	if (zone < 0)
		return -ENOENT;
	for (size_t i = 0; i < checked->n_segments && error == 0; i++)
		if (checked->segments[i].zone == (unsigned int)zone)
			error = cut_parts_add_link(&c->parts,
			    checked->segments[i].interface);
	return error;
}

static int
resolve_pair(struct cutoff *c, const struct checked *checked)
{
	int a = checked_zone_by_name(checked, c->what[0]);
	int b = checked_zone_by_name(checked, c->what[1]);
	int error = 0;

	if (a < 0 || b < 0)
		return -ENOENT;
	for (size_t i = 0; i < checked->n_segments; i++)
		for (size_t k = 0; k < checked->n_segments && error == 0; k++) {
			const struct checked_segment *x = &checked->segments[i];
			const struct checked_segment *y = &checked->segments[k];

			if (i == k || x->zone != (unsigned int)a ||
			    y->zone != (unsigned int)b)
				continue;
			error = cut_parts_add_pair(&c->parts, x->interface, y->interface);
			if (error == 0)
				error = cut_parts_add_pair(&c->parts, y->interface,
				    x->interface);
		}
	return error;
}

static int
resolve_address(struct cutoff *c)
{
	struct ip_range range;

	if (address_parse_range(c->what[0], &range) != ADDRESS_OK)
		return -EINVAL;
	return cut_parts_add_range(&c->parts, &range);
}

int
cutoff_resolve(struct cutoff *c, const struct checked *checked)
{
	int error = 0;

	switch (c->kind) {
	case CUTOFF_NONE:
	case CUTOFF_KIND_COUNT:
		error = -EINVAL;
		break;
	case CUTOFF_HOST:
		error = checked == NULL ? -ENOENT : resolve_host(c, checked);
		break;
	case CUTOFF_ADDRESS:
		error = resolve_address(c);
		break;
	case CUTOFF_ZONE:
		error = checked == NULL ? -ENOENT : resolve_zone(c, checked);
		break;
	case CUTOFF_PAIR:
		error = checked == NULL ? -ENOENT : resolve_pair(c, checked);
		break;
	case CUTOFF_ALL:
		c->parts.all = true;
		break;
	case CUTOFF_FOUND:
		break;
	}
	cut_parts_tidy(&c->parts);
	return error;
}

static bool
is_management(const struct checked *checked, unsigned int zone)
{
	return checked->zones[zone].zone_class == ZONE_CLASS_MGMT;
}

int
cutoffs_union(const struct cutoffs *l, const struct checked *checked,
    struct cut_parts *out)
{
	int error = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < l->n && error == 0; i++) {
		struct cutoff now = l->items[i];

		/* As it was so far, and as its names mean in this policy. */
		memset(&now.parts, 0, sizeof(now.parts));
		error = cutoff_resolve(&now, checked);
		if (error == -ENOENT)
			error = 0;
		if (error == 0)
			error = cut_parts_add(out, &now.parts);
		cut_parts_free(&now.parts);
		if (error == 0)
			error = cut_parts_add(out, &l->items[i].parts);
	}
	if (out->all && checked != NULL)
		for (size_t i = 0; i < checked->n_segments && error == 0; i++)
			if (!is_management(checked, checked->segments[i].zone))
				error = cut_parts_add_link(out,
				    checked->segments[i].interface);
	cut_parts_tidy(out);
	if (error != 0)
		cut_parts_free(out);
	return error;
}

static bool
is_single(const struct ip_range *r)
{
	return r->first == r->last;
}

bool
cutoff_hits_management(const struct cutoff *c, const struct checked *checked)
{
	if (checked == NULL)
		return false;
	for (size_t i = 0; i < c->parts.n_links; i++) {
		int s = checked_segment_by_interface(checked, c->parts.links[i].name);

		if (s >= 0 && is_management(checked, checked->segments[s].zone))
			return true;
	}
	for (size_t i = 0; i < c->parts.n_ranges; i++)
		for (size_t k = 0; k < checked->n_owned; k++) {
			const struct owned_range *o = &checked->owned[k];
			struct ip_range common;

			if (!is_single(&c->parts.ranges[i]) &&
			    is_management(checked, checked->segments[o->segment].zone) &&
			    address_range_intersect(&c->parts.ranges[i], &o->range, &common))
				return true;
		}
	return false;
}

/* ---- words ------------------------------------------------------------------- */

static const char *const kind_names[] = {
	[CUTOFF_NONE] = "none", [CUTOFF_HOST] = "host", [CUTOFF_ADDRESS] = "address",
	[CUTOFF_ZONE] = "zone", [CUTOFF_PAIR] = "pair", [CUTOFF_ALL] = "all",
	[CUTOFF_FOUND] = "found",
};

_Static_assert(sizeof(kind_names) / sizeof(kind_names[0]) == CUTOFF_KIND_COUNT,
    "every kind has a name");

const char *
cutoff_kind_name(enum cutoff_kind kind)
{
	return kind < CUTOFF_KIND_COUNT ? kind_names[kind] : kind_names[CUTOFF_NONE];
}

enum cutoff_kind
cutoff_kind_parse(const char *word)
{
	for (unsigned int i = 1; i < CUTOFF_KIND_COUNT; i++)
		if (strcmp(word, kind_names[i]) == 0)
			return (enum cutoff_kind)i;
	return CUTOFF_NONE;
}

const char *
cutoff_text(const struct cutoff *c, char buf[CUTOFF_TEXT_SIZE])
{
	switch (c->kind) {
	case CUTOFF_PAIR:
		snprintf(buf, CUTOFF_TEXT_SIZE, "%s - %s", c->what[0], c->what[1]);
		return buf;
	case CUTOFF_ALL:
		snprintf(buf, CUTOFF_TEXT_SIZE, "all");
		return buf;
	case CUTOFF_FOUND:
		snprintf(buf, CUTOFF_TEXT_SIZE, "found in the kernel");
		return buf;
	case CUTOFF_NONE:
	case CUTOFF_HOST:
	case CUTOFF_ADDRESS:
	case CUTOFF_ZONE:
	case CUTOFF_KIND_COUNT:
		break;
	}
	snprintf(buf, CUTOFF_TEXT_SIZE, "%s", c->what[0]);
	return buf;
}
