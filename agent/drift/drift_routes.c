/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/drift/drift_routes.h"

#include <linux/rtnetlink.h>
#include <stdio.h>

/* Networks times routes: some tens of milliseconds. A gateway has a thousandth of it. */
#define WORK_MOST 4000000u

static bool
same_or_inside(const struct ip_prefix *outer, const struct ip_prefix *inner)
{
	struct ip_range o = address_prefix_range(outer), i = address_prefix_range(inner);

	return outer->base.family == inner->base.family && outer->length <= inner->length &&
	    address_range_contains(&o, &i);
}

static bool
never_forwarded(const struct ip_prefix *to)
{
	struct ip_range r = address_prefix_range(to);
	size_t n;
	const struct ip_range *never = address_never_forwarded(&n);

	for (size_t i = 0; i < n; i++)
		if (never[i].family == r.family && address_range_contains(&never[i], &r))
			return true;
	return false;
}

/* The segment with the narrowest network around it; -1: in none. */
static int
segment_around(const struct checked *c, const struct ip_prefix *to)
{
	unsigned int longest = 0;
	int segment = -1;

	for (size_t i = 0; i < c->n_segments; i++)
		for (size_t n = 0; n < c->segments[i].n_networks; n++) {
			const struct ip_prefix *w = &c->segments[i].networks[n];

			if (same_or_inside(w, to) && (segment < 0 || w->length >= longest)) {
				longest = w->length;
				segment = (int)i;
			}
		}
	return segment;
}

static int
segment_of_way(const struct drift_picture *p, const struct checked *c, uint32_t interface)
{
	const struct link_entry *l = link_picture_by_index(&p->links, interface);

	return l == NULL ? -1 : checked_segment_by_interface(c, l->name);
}

static void
wrong_way(const struct checked *c, const struct ip_prefix *to, int should, int is,
    struct drift_list *out)
{
	struct ip_range range = address_prefix_range(to);
	char text[IP_RANGE_TEXT_SIZE], detail[64];

	snprintf(detail, sizeof(detail), "%s, not %s", c->segments[is].interface,
	    c->segments[should].interface);
	drift_add(out, DRIFT_ROUTE, address_print_range(&range, text), detail);
}

/* A route inside a network must lead to the segment that owns it. */
static void
find_inside(const struct drift_picture *p, const struct checked *c, struct drift_list *out)
{
	for (size_t i = 0; i < p->routes.n; i++) {
		const struct route_entry *r = &p->routes.routes[i];
		int is = segment_of_way(p, c, r->interface), should;

		if (is < 0 || r->table == RT_TABLE_LOCAL || never_forwarded(&r->to))
			continue;
		should = segment_around(c, &r->to);
		if (should >= 0 && should != is)
			wrong_way(c, &r->to, should, is, out);
	}
}

/* And a network without a route of its own is reached by a wider one. */
static void
find_around(const struct drift_picture *p, const struct checked *c, int segment,
    const struct ip_prefix *network, struct drift_list *out)
{
	const struct route_entry *best = NULL;
	int is;

	for (size_t i = 0; i < p->routes.n; i++) {
		const struct route_entry *r = &p->routes.routes[i];

		if (r->table == RT_TABLE_MAIN && same_or_inside(&r->to, network) &&
		    (best == NULL || r->to.length > best->to.length))
			best = r;
	}
	is = best == NULL ? -1 : segment_of_way(p, c, best->interface);
	if (is >= 0 && is != segment)
		wrong_way(c, network, segment, is, out);
}

static size_t
count_networks(const struct checked *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_segments; i++)
		n += c->segments[i].n_networks;
	return n;
}

static void
find_rules(const struct drift_picture *p, struct drift_list *out)
{
	for (size_t i = 0; i < p->routes.n_rules; i++) {
		const struct route_rule *r = &p->routes.rules[i];
		char subject[64], detail[64];

		if (r->standard)
			continue;
		snprintf(subject, sizeof(subject), "IPv%d %u", (int)r->family, r->priority);
		snprintf(detail, sizeof(detail), "%u", r->table);
		drift_add(out, DRIFT_RULE, subject, detail);
	}
}

void
drift_find_routes(const struct drift_picture *p, const struct checked *c, struct drift_list *out)
{
	find_rules(p, out);
	if (count_networks(c) * p->routes.n > WORK_MOST) {
		drift_add(out, DRIFT_NOT_SEEN, "routes", "-");
		return;
	}
	find_inside(p, c, out);
	for (size_t i = 0; i < c->n_segments; i++)
		for (size_t n = 0; n < c->segments[i].n_networks; n++)
			find_around(p, c, (int)i, &c->segments[i].networks[n], out);
}
