/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zones, segments, their networks, what refused packets get, MAC bindings, detectors. */
#include "rules/policy_diff_internal.h"

#include <string.h>

static const struct checked_zone *
find_zone(const struct checked *c, const char *name)
{
	for (size_t i = 0; c != NULL && i < c->n_zones; i++)
		if (strcmp(c->zones[i].name, name) == 0)
			return &c->zones[i];
	return NULL;
}

static const struct checked_segment *
find_segment(const struct checked *c, const char *interface)
{
	for (size_t i = 0; c != NULL && i < c->n_segments; i++)
		if (strcmp(c->segments[i].interface, interface) == 0)
			return &c->segments[i];
	return NULL;
}

static bool
has_network(const struct checked_segment *s, const struct ip_prefix *network)
{
	for (size_t i = 0; i < s->n_networks; i++)
		if (s->networks[i].length == network->length &&
		    address_compare(&s->networks[i].base, &network->base) == 0)
			return true;
	return false;
}

/* The networks of a that b does not have. */
static int
add_networks(struct diff_work *w, enum policy_change change, const struct checked_segment *a,
    const struct checked_segment *b, const char *zone)
{
	struct policy_diff_place item = { .change = change, .zone = zone,
	    .interface = a->interface };
	int error = 0;

	for (size_t i = 0; i < a->n_networks && error == 0; i++) {
		item.network = a->networks[i];
		if (!has_network(b, &a->networks[i]))
			error = diff_add_place(w, &item);
	}
	return error;
}

static int
compare_segment(struct diff_work *w, const struct checked_segment *s)
{
	const struct checked_segment *before = find_segment(w->old.c, s->interface);
	struct policy_diff_place item = { .change = POLICY_SEGMENT_ADDED,
	    .zone = w->new.c->zones[s->zone].name, .interface = s->interface };
	int error = 0;

	if (before == NULL)
		return diff_add_place(w, &item);
	if (strcmp(w->old.c->zones[before->zone].name, item.zone) != 0) {
		item.change = POLICY_SEGMENT_MOVED;
		item.other = w->old.c->zones[before->zone].name;
		error = diff_add_place(w, &item);
	}
	if (error == 0)
		error = add_networks(w, POLICY_NETWORK_ADDED, s, before, item.zone);
	return error != 0 ? error :
	    add_networks(w, POLICY_NETWORK_REMOVED, before, s, item.zone);
}

static int
compare_zones(struct diff_work *w)
{
	const struct checked *old = w->old.c, *new = w->new.c;
	int error = 0;

	for (size_t i = 0; i < new->n_zones && error == 0; i++) {
		const struct checked_zone *z = &new->zones[i], *before = find_zone(old, z->name);
		struct policy_diff_place item = { .zone = z->name,
		    .change = before == NULL ? POLICY_ZONE_ADDED : POLICY_ZONE_CHANGED };

		if (before == NULL || before->zone_class != z->zone_class ||
		    strcmp(before->label, z->label) != 0)
			error = diff_add_place(w, &item);
	}
	for (size_t i = 0; old != NULL && i < old->n_zones && error == 0; i++) {
		struct policy_diff_place item = { .zone = old->zones[i].name,
		    .change = POLICY_ZONE_REMOVED };

		if (find_zone(new, old->zones[i].name) == NULL)
			error = diff_add_place(w, &item);
	}
	return error;
}

static int
compare_segments(struct diff_work *w)
{
	const struct checked *old = w->old.c, *new = w->new.c;
	int error = 0;

	for (size_t i = 0; i < new->n_segments && error == 0; i++)
		error = compare_segment(w, &new->segments[i]);
	for (size_t i = 0; old != NULL && i < old->n_segments && error == 0; i++) {
		const struct checked_segment *s = &old->segments[i];
		struct policy_diff_place item = { .change = POLICY_SEGMENT_REMOVED,
		    .zone = old->zones[s->zone].name, .interface = s->interface };

		if (find_segment(new, s->interface) == NULL)
			error = diff_add_place(w, &item);
	}
	return error;
}

static bool
same_binding(const struct mac_binding *a, const struct mac_binding *b)
{
	return address_compare(&a->addr, &b->addr) == 0 &&
	    memcmp(a->mac, b->mac, sizeof(a->mac)) == 0;
}

/* Both lists are sorted by address. */
static int
compare_bindings(struct diff_work *w)
{
	const struct checked *old = w->old.c, *new = w->new.c;
	struct policy_diff_place item = { .change = POLICY_BINDINGS_CHANGED };
	size_t n_old = old != NULL ? old->n_bindings : 0, i = 0, j = 0;

	while (i < n_old || j < new->n_bindings) {
		int order = i == n_old ? 1 : j == new->n_bindings ? -1 :
		    address_compare(&old->bindings[i].addr, &new->bindings[j].addr);

		item.count += order != 0 ||
		    !same_binding(&old->bindings[i], &new->bindings[j]);
		i += order <= 0;
		j += order >= 0;
	}
	return item.count > 0 ? diff_add_place(w, &item) : 0;
}

static int
compare_detectors(struct diff_work *w)
{
	const struct checked_detector *a, *b;
	const char *name, *again;
	int error = 0;

	for (size_t i = 0; w->old.c != NULL && error == 0; i++) {
		struct policy_diff_place item = { .change = POLICY_DETECT_CHANGED };

		a = checked_detector_at(&w->old.c->detect, i, &again);
		b = checked_detector_at(&w->new.c->detect, i, &name);
		if (a == NULL || b == NULL)
			break;
		item.other = name;
		if (a->on != b->on || a->severity != b->severity ||
		    a->seconds != b->seconds || a->limit != b->limit)
			error = diff_add_place(w, &item);
	}
	return error;
}

static int
compare_limits(struct diff_work *w)
{
	const struct checked *old = w->old.c, *new = w->new.c;
	struct policy_diff_place item = { .change = POLICY_LIMITS_CHANGED,
	    .other = new->half_open != 0 ? new->policy->limits.half_open : "-" };
	uint32_t n = old != NULL ? old->half_open : 0;
	uint32_t seconds = old != NULL ? old->half_open_seconds : 0;

	return n != new->half_open || seconds != new->half_open_seconds ?
	    diff_add_place(w, &item) : 0;
}

static enum refusal
refusal_of(const struct checked *c, const char *from, const char *to)
{
	const struct checked_zone *a = find_zone(c, from), *b = find_zone(c, to);

	return a == NULL || b == NULL ? REFUSAL_DROP :
	    c->refusals[(size_t)(a - c->zones) * c->n_zones + (size_t)(b - c->zones)];
}

/* "self", the last, has none. */
static int
compare_refusals(struct diff_work *w)
{
	int error = 0;

	for (size_t i = 0; i + 1 < w->n_zones && error == 0; i++)
		for (size_t j = 0; j + 1 < w->n_zones && error == 0; j++) {
			enum refusal now = refusal_of(w->new.c, w->zones[i], w->zones[j]);
			struct policy_diff_permit item = { .id = "",
			    .pair = i * w->n_zones + j, .order = (size_t)-1,
			    .change = now == REFUSAL_DROP ? POLICY_NOW_DROPS :
			    POLICY_NOW_REJECTS };

			if (now != refusal_of(w->old.c, w->zones[i], w->zones[j]))
				error = diff_add_permit(w, &item);
		}
	return error;
}

int
diff_places(struct diff_work *w)
{
	int error = compare_zones(w);

	if (error == 0)
		error = compare_segments(w);
	if (error == 0)
		error = compare_bindings(w);
	if (error == 0)
		error = compare_limits(w);
	if (error == 0)
		error = compare_detectors(w);
	return error != 0 ? error : compare_refusals(w);
}
