/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The oracle's addresses and permits: who owns what, which permit holds what. */
#include "tests/unit/oracle_words.h"

#include <netinet/in.h>
#include <stdlib.h>

/* ---- addresses ------------------------------------------------------------- */

bool
oracle_same(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->family == b->family && a->value == b->value;
}

bool
oracle_in_prefix(const struct ip_prefix *p, const struct ip_addr *a)
{
	unsigned int bits = a->family == IP_V4 ? 32 : 128;

	if (p->base.family != a->family)
		return false;
	return p->length == 0 || (p->base.value ^ a->value) >> (bits - p->length) == 0;
}

bool
oracle_is_own(const struct oracle *o, const struct ip_addr *a)
{
	for (size_t i = 0; i < o->n_own; i++)
		if (oracle_same(&o->own[i], a))
			return true;
	return false;
}

bool
oracle_is_never(const struct ip_addr *a)
{
	size_t n;
	const struct ip_range *never = address_never_forwarded(&n);

	for (size_t i = 0; i < n; i++)
		if (never[i].family == a->family && never[i].first <= a->value &&
		    a->value <= never[i].last)
			return true;
	return false;
}

bool
oracle_is_broadcast_of(const struct o_segment *s, const struct ip_addr *a)
{
	for (size_t i = 0; i < s->n_networks; i++) {
		const struct ip_prefix *p = &s->networks[i];

		if (a->family == IP_V4 && p->length <= 30 && oracle_in_prefix(p, a) &&
		    ((uint32_t)a->value << p->length >> p->length) ==
		    (uint32_t)(UINT32_MAX >> p->length))
			return true;
	}
	return false;
}

bool
oracle_is_broadcast(const struct oracle *o, const struct ip_addr *a)
{
	for (size_t i = 0; i < o->n_segments; i++)
		if (oracle_is_broadcast_of(&o->segments[i], a))
			return true;
	return false;
}

uint16_t
oracle_owner(const struct oracle *o, const struct ip_addr *a)
{
	uint16_t owner = SEGMENT_NONE;
	int best = -1;

	if (oracle_is_own(o, a))
		return SEGMENT_SELF;
	if (a->family == IP_NONE || oracle_is_never(a) || oracle_is_broadcast(o, a))
		return SEGMENT_NONE;
	for (size_t s = 0; s < o->n_segments; s++)
		for (size_t i = 0; i < o->segments[s].n_networks; i++) {
			const struct ip_prefix *p = &o->segments[s].networks[i];

			if (oracle_in_prefix(p, a) && (int)p->length > best) {
				best = (int)p->length;
				owner = (uint16_t)s;
			}
		}
	return owner;
}

enum zone_class
oracle_class_of(const struct oracle *o, uint16_t segment)
{
	return is_segment(segment) ? o->classes[o->segments[segment].zone]
				   : ZONE_CLASS_OTHER;
}

/* ---- permits --------------------------------------------------------------- */

static bool name_holds(
    const struct oracle *o, const struct o_name *n, const struct end *e);

static bool
names_hold(const struct oracle *o, const struct o_names *names, const struct end *e)
{
	for (size_t i = 0; i < names->count; i++)
		if (name_holds(o, &names->items[i], e))
			return true;
	return false;
}

bool
oracle_host_holds(const struct o_host *h, const struct ip_addr *a)
{
	for (size_t i = 0; i < h->n_ranges; i++)
		if (h->ranges[i].family == a->family && h->ranges[i].first <= a->value &&
		    a->value <= h->ranges[i].last)
			return true;
	return false;
}

static bool
name_holds(const struct oracle *o, const struct o_name *n, const struct end *e)
{
	if (n->kind == O_SELF)
		return e->segment == SEGMENT_SELF;
	if (!is_segment(e->segment))
		return false;
	switch (n->kind) {
	case O_SELF:
		break;
	case O_ZONE:
		return o->segments[e->segment].zone == n->index;
	case O_HOST:
		return oracle_host_holds(&o->hosts[n->index], &e->a);
	case O_GROUP:
		return names_hold(o, &o->groups[n->index].members, e) &&
		    !names_hold(o, &o->groups[n->index].except, e);
	}
	return false;
}

static bool
in_pairs(const struct o_pair *pairs, size_t n, unsigned int v)
{
	for (size_t i = 0; i < n; i++)
		if (pairs[i].first <= v && v <= pairs[i].last)
			return true;
	return n == 0;
}

static bool
service_holds(const struct o_service *s, const struct talk *t)
{
	bool v6 = t->src.a.family == IP_V6;

	if (t->depth == ADDRESSES_ONLY)
		return true;
	if (s->any)
		return true;
	if (s->protocol != t->protocol)
		return false;
	if ((s->protocol == IPPROTO_ICMP && v6) || (s->protocol == IPPROTO_ICMPV6 && !v6))
		return false;
	if (t->depth == PROTOCOL_ONLY)
		return true;
	if (s->protocol == IPPROTO_ICMPV6 && s->n_types == 0)
		return t->has_ports && (t->sport >> 8 < 133 || t->sport >> 8 > 137);
	if (s->n_types > 0)
		return t->has_ports && in_pairs(s->types, s->n_types, t->sport);
	if (s->n_ports + s->n_sports == 0)
		return true;
	return t->has_ports && in_pairs(s->ports, s->n_ports, t->dport) &&
	    in_pairs(s->sports, s->n_sports, t->sport);
}

/* An ICMP service with no family in common with the addresses makes no permit. */
static bool
permit_holds(const struct oracle *o, const struct o_permit *p, const struct talk *t)
{
	bool v6 = t->src.a.family == IP_V6;

	if (t->src.segment == t->dst.segment)
		return false;
	if (!names_hold(o, &p->from, &t->src) || !names_hold(o, &p->to, &t->dst))
		return false;
	for (size_t i = 0; i < p->n_services; i++) {
		const struct o_service *s = &o->services[p->services[i]];

		if (!s->any && s->protocol == (v6 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
			continue;
		if (service_holds(s, t))
			return true;
	}
	return false;
}

uint32_t
oracle_first_permit(
    const struct oracle *o, const struct talk *t, int64_t now, enum state want)
{
	for (size_t i = 0; i < o->policy->n_permits; i++) {
		const struct o_permit *p = &o->permits[i];
		bool dates = p->from_time <= now && now < p->until_time;
		bool good = false;

		switch (want) {
		case IN_FORCE:
			good = !p->disabled && dates;
			break;
		case NOT_IN_FORCE:
			good = p->disabled || !dates;
			break;
		case NOT_BY_DATE:
			good = !p->disabled && !dates;
			break;
		}
		if (good && permit_holds(o, p, t))
			return (uint32_t)i + 1;
	}
	return 0;
}

/* ---- what a permit reaches --------------------------------------------------- */

static void
add_edge(struct oracle *o, const struct ip_range *r)
{
	o->edges[o->n_edges++] = (struct ip_addr){ r->first, r->family };
	if (r->last < address_max(r->family))
		o->edges[o->n_edges++] = (struct ip_addr){ r->last + 1, r->family };
}

/* Where ownership or membership may change. Between two edges it cannot. */
static bool
find_edges(struct oracle *o)
{
	size_t n_never, n = 2 * o->n_own;
	const struct ip_range *never = address_never_forwarded(&n_never);

	n += 2 * n_never;
	for (size_t i = 0; i < o->n_segments; i++)
		n += 4 * o->segments[i].n_networks;
	for (size_t i = 0; i < o->policy->n_hosts; i++)
		n += 2 * o->hosts[i].n_ranges;
	o->edges = calloc(n + 1, sizeof(o->edges[0]));
	if (o->edges == NULL)
		return false;

	for (size_t i = 0; i < n_never; i++)
		add_edge(o, &never[i]);
	for (size_t i = 0; i < o->n_own; i++) {
		struct ip_range r = address_single(o->own[i]);

		add_edge(o, &r);
	}
	for (size_t i = 0; i < o->n_segments; i++)
		for (size_t k = 0; k < o->segments[i].n_networks; k++) {
			struct ip_range r =
			    address_prefix_range(&o->segments[i].networks[k]);

			add_edge(o, &r);
			r.first = r.last;
			add_edge(o, &r);
		}
	for (size_t i = 0; i < o->policy->n_hosts; i++)
		for (size_t k = 0; k < o->hosts[i].n_ranges; k++)
			add_edge(o, &o->hosts[i].ranges[k]);
	return true;
}

static void
find_reach(const struct oracle *o, struct o_permit *p)
{
	for (size_t i = 0; i < p->n_services; i++) {
		const struct o_service *s = &o->services[p->services[i]];

		if (s->any || s->protocol != IPPROTO_ICMPV6)
			p->families |= 1;
		if (s->any || s->protocol != IPPROTO_ICMP)
			p->families |= 2;
	}
	for (size_t i = 0; i < o->n_edges; i++) {
		struct end e = { o->edges[i], oracle_owner(o, &o->edges[i]) };
		unsigned char family = e.a.family == IP_V4 ? 1 : 2;

		if (!is_segment(e.segment))
			continue;
		if (names_hold(o, &p->from, &e))
			p->from_reach[e.segment] |= family;
		if (names_hold(o, &p->to, &e))
			p->to_reach[e.segment] |= family;
	}
}

struct oracle *
oracle_new(const struct policy *policy, const struct ip_addr *own, size_t n_own)
{
	struct oracle *o = calloc(1, sizeof(*o));
	size_t n = 1;

	for (size_t z = 0; z < policy->n_zones; z++)
		n += policy->zones[z].n_segments;
	o->policy = policy;
	o->classes = calloc(policy->n_zones + 1, sizeof(o->classes[0]));
	o->segments = calloc(n, sizeof(o->segments[0]));
	o->hosts = calloc(policy->n_hosts + 1, sizeof(o->hosts[0]));
	o->groups = calloc(policy->n_groups + 1, sizeof(o->groups[0]));
	o->services = calloc(policy->n_services + 1, sizeof(o->services[0]));
	o->permits = calloc(policy->n_permits + 1, sizeof(o->permits[0]));
	if (!oracle_read_words(o) || !find_edges(o)) {
		oracle_free(o);
		return NULL;
	}
	/* What a permit lists is a matter of the text alone: before these. */
	for (size_t i = 0; i < policy->n_permits; i++)
		find_reach(o, &o->permits[i]);
	for (size_t i = 0; i < n_own; i++)
		o->own[o->n_own++] = own[i];
	return o;
}

void
oracle_free(struct oracle *o)
{
	if (o == NULL)
		return;
	free(o->classes);
	free(o->segments);
	free(o->hosts);
	free(o->groups);
	free(o->services);
	free(o->permits);
	free(o->edges);
	free(o);
}

/* True when both sides of an enabled permit have addresses of these zones. */
bool
oracle_pair_is_listed(const struct oracle *o, unsigned int from, unsigned int to)
{
	for (size_t i = 0; i < o->policy->n_permits; i++) {
		const struct o_permit *p = &o->permits[i];

		for (size_t a = 0; !p->disabled && a < o->n_segments; a++)
			for (size_t b = 0; b < o->n_segments; b++)
				if (a != b && o->segments[a].zone == from &&
				    o->segments[b].zone == to &&
				    (p->from_reach[a] & p->to_reach[b] & p->families) !=
					0)
					return true;
	}
	return false;
}
