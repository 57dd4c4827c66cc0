/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which segment owns which address. Networks nest, so they are walked in order
 * of their first address with a stack of the networks around the current point:
 * the innermost one, the longest prefix, owns what lies between two borders.
 *
 * Three layers: raw (longest prefix alone; where hosts must lie), owned (less
 * what never crosses a gateway; the public one), usable (less the gateway's own
 * addresses; what boxes are made of).
 */
#include "rules/check_internal.h"

#include "rules/limits.h"

#include <errno.h>
#include <stdlib.h>

/* Prefixes of one family around one address: one of each length at most. */
#define NESTING_MAX 129u

/* Written as two halves: there is no 128-bit constant in C. */
#define V6(high, low) ((ip_value)(high) << 64 | (ip_value)(low))

const struct ip_range *
address_never_forwarded(size_t *count)
{
	/*
	 * RFC 6890: this network, loopback, link-local; RFC 5771 multicast and RFC 1112
	 * class E with the limited broadcast. Documentation networks are not in it:
	 * they serve as addresses of lines in examples and labs. IPv6: all that is
	 * neither global unicast 2000::/3, nor fc00::/7 (RFC 4193), nor 64:ff9b::/96
	 * (RFC 6052); so unspecified, loopback, mapped, site-local, link-local,
	 * multicast and unassigned ones.
	 */
	static const struct ip_range never[] = {
		{ 0x00000000u, 0x00ffffffu, IP_V4 },
		{ 0x7f000000u, 0x7fffffffu, IP_V4 },
		{ 0xa9fe0000u, 0xa9feffffu, IP_V4 },
		{ 0xe0000000u, 0xffffffffu, IP_V4 },
		{ V6(0, 0), V6(0x0064ff9affffffffu, UINT64_MAX), IP_V6 },
		{ V6(0x0064ff9b00000000u, 0x100000000u),
		    V6(0x1fffffffffffffffu, UINT64_MAX), IP_V6 },
		{ V6(0x4000000000000000u, 0), V6(0xfbffffffffffffffu, UINT64_MAX), IP_V6 },
		{ V6(0xfe00000000000000u, 0), V6(UINT64_MAX, UINT64_MAX), IP_V6 },
	};

	*count = sizeof(never) / sizeof(never[0]);
	return never;
}

/* One written network, for sorting; "order" keeps the sorting stable. */
struct network {
	struct ip_range range;
	uint16_t segment;
	uint32_t order;
};

static int
compare_networks(const void *pa, const void *pb)
{
	const struct network *a = pa, *b = pb;
	int order = address_range_compare(&a->range, &b->range);

	if (order != 0)
		return order;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* The walk: networks around the current point, innermost last. */
struct walk {
	struct range_set *out;
	const struct network *stack[NESTING_MAX];
	size_t depth;
	ip_value next;			/* first address not given to anybody yet */
	bool spent;			/* next would lie behind the last address */
};

/* Give the innermost network all from next to last. */
static int
give(struct walk *w, ip_value last)
{
	const struct network *n = w->stack[w->depth - 1];
	struct ip_range r = { w->next, last, n->range.family };
	struct owned_range *tail;

	if (w->spent || w->next > last)
		return 0;
	w->next = last + 1;
	w->spent = last == address_max(r.family);

	/* A network inside another one of the same segment makes no border. */
	tail = w->out->count > 0 ? &w->out->items[w->out->count - 1] : NULL;
	if (tail != NULL && tail->segment == n->segment &&
	    tail->range.family == r.family && r.first > 0 &&
	    tail->range.last == r.first - 1) {
		tail->range.last = last;
		return 0;
	}
	return range_set_add(w->out, &r, n->segment);
}

/* Leave the networks that end before the next one begins; NULL: all of them. */
static int
leave(struct walk *w, const struct network *next)
{
	while (w->depth > 0) {
		const struct network *top = w->stack[w->depth - 1];

		if (next != NULL && top->range.family == next->range.family &&
		    top->range.last >= next->range.first)
			return 0;
		if (give(w, top->range.last) != 0)
			return -ENOMEM;
		w->depth--;
	}
	return 0;
}

static int
make_raw(const struct network *networks, size_t n, struct range_set *out)
{
	struct walk w = { .out = out };

	for (size_t i = 0; i < n; i++) {
		const struct network *next = &networks[i];

		if (leave(&w, next) != 0)
			return -ENOMEM;
		if (w.depth > 0 && next->range.first > 0 &&
		    give(&w, next->range.first - 1) != 0)
			return -ENOMEM;
		w.next = next->range.first;
		w.spent = false;
		w.stack[w.depth++] = next;
	}
	return leave(&w, NULL);
}

static bool
same_range(const struct ip_range *a, const struct ip_range *b)
{
	return a->family == b->family && a->first == b->first && a->last == b->last;
}

/* Networks written twice, reported; returns how many stay. */
static size_t
drop_duplicates(struct check *ck, struct network *networks, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		const struct network *before = kept > 0 ? &networks[kept - 1] : NULL;
		struct origin here = ck->network_origins[networks[i].order];
		char text[IP_RANGE_TEXT_SIZE];
		const char *interface;

		if (before == NULL || !same_range(&networks[i].range, &before->range)) {
			networks[kept++] = networks[i];
			continue;
		}
		interface = ck->c->segments[before->segment].interface;
		address_print_range(&networks[i].range, text);
		if (before->segment == networks[i].segment)
			check_warning(
			    ck, here, MSG_CHECK_NETWORK_REPEATED, text, interface);
		else
			check_error(ck, here, MSG_CHECK_NETWORK_TWICE, text, interface,
			    AT(ck->network_origins[before->order]));
	}
	return kept;
}

static struct network *
collect_networks(const struct check *ck, size_t *count)
{
	const struct checked *c = ck->c;
	struct network *networks;
	size_t n = 0;

	for (size_t i = 0; i < c->n_segments; i++)
		n += c->segments[i].n_networks;
	networks = calloc(n + 1, sizeof(networks[0]));
	if (networks == NULL)
		return NULL;

	n = 0;
	for (size_t i = 0; i < c->n_segments; i++)
		for (size_t j = 0; j < c->segments[i].n_networks; j++, n++)
			networks[n] = (struct network){
				.range = address_prefix_range(&c->segments[i].networks[j]),
				.segment = (uint16_t)i,
				.order = (uint32_t)n,
			};
	qsort(networks, n, sizeof(networks[0]), compare_networks);
	*count = n;
	return networks;
}

/* What no box may hold although a network covers it. */
static int
collect_cuts(const struct network *networks, size_t n, struct range_set *cuts)
{
	size_t n_never;
	const struct ip_range *never = address_never_forwarded(&n_never);

	for (size_t i = 0; i < n_never; i++)
		if (range_set_add(cuts, &never[i], SEGMENT_NONE) != 0)
			return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct ip_range broadcast = networks[i].range;

		/* Networks of two addresses or one have none (RFC 3021). */
		if (broadcast.family != IP_V4 || broadcast.last - broadcast.first < 3)
			continue;
		broadcast.first = broadcast.last;
		if (range_set_add(cuts, &broadcast, SEGMENT_NONE) != 0)
			return -ENOMEM;
	}
	range_set_normalise(cuts);
	return 0;
}

static void
report_idle_segments(struct check *ck)
{
	bool owns[LIMIT_SEGMENTS] = { false };

	for (size_t i = 0; i < ck->raw.count; i++)
		owns[ck->raw.items[i].segment] = true;
	for (size_t i = 0; i < ck->c->n_segments; i++)
		if (!owns[i] && ck->c->segments[i].n_networks > 0)
			check_warning(ck, ck->c->segments[i].origin,
			    MSG_CHECK_SEGMENT_OWNS_NOTHING, ck->c->segments[i].interface);
}

int
check_owned(struct check *ck)
{
	struct range_set cuts = { 0 }, owned = { 0 };
	struct network *networks;
	size_t n;
	int ret;

	networks = collect_networks(ck, &n);
	if (networks == NULL)
		return -ENOMEM;
	n = drop_duplicates(ck, networks, n);

	ret = make_raw(networks, n, &ck->raw);
	if (ret == 0)
		ret = collect_cuts(networks, n, &cuts);
	if (ret == 0)
		ret = range_set_subtract(&ck->raw, &cuts, &owned);
	if (ret == 0)
		report_idle_segments(ck);
	ck->c->owned = owned.items;
	ck->c->n_owned = owned.count;
	range_set_free(&cuts);
	free(networks);
	return ret;
}

bool
check_is_broadcast(const struct check *ck, const struct ip_range *r)
{
	if (r->family != IP_V4 || r->first != r->last)
		return false;
	for (size_t i = 0; i < ck->c->n_segments; i++)
		for (size_t j = 0; j < ck->c->segments[i].n_networks; j++) {
			const struct ip_prefix *p = &ck->c->segments[i].networks[j];
			struct ip_range network = address_prefix_range(p);

			if (p->base.family == IP_V4 && p->length <= 30 &&
			    network.last == r->first)
				return true;
		}
	return false;
}

/* Parse, place and keep one own address; what is wrong is left out. */
static int
add_gateway(struct check *ck, size_t segment, const struct policy_word *word,
    struct range_set *all)
{
	struct checked_segment *seg = &ck->c->segments[segment];
	struct ip_addr a;
	struct ip_range r;
	size_t at;

	if (address_parse(word->text, &a) != ADDRESS_OK) {
		check_error(ck, word->origin, MSG_CHECK_GATEWAY_BAD, word->text);
		return 0;
	}
	r = address_single(a);
	at = range_set_seek(&ck->raw, a.family, a.value);
	if (at == ck->raw.count || !address_range_holds(&ck->raw.items[at].range, &a) ||
	    ck->raw.items[at].segment != segment || check_is_broadcast(ck, &r)) {
		check_error(ck, word->origin, MSG_CHECK_GATEWAY_OUTSIDE, word->text,
		    seg->interface);
		return 0;
	}
	for (size_t i = 0; i < seg->n_gateway; i++) {
		if (seg->gateway[i].family != a.family ||
		    seg->gateway[i].value != a.value)
			continue;
		check_error(ck, word->origin, MSG_CHECK_GATEWAY_TWICE, word->text);
		return 0;
	}
	seg->gateway[seg->n_gateway++] = a;
	return range_set_add(all, &r, SEGMENT_SELF);
}

static int
make_zone_sets(struct check *ck)
{
	ck->zone_sets = calloc(ck->c->n_zones + 1, sizeof(ck->zone_sets[0]));
	if (ck->zone_sets == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < ck->usable.count; i++) {
		const struct owned_range *o = &ck->usable.items[i];
		unsigned int zone = ck->c->segments[o->segment].zone;

		if (range_set_add(&ck->zone_sets[zone], &o->range, o->segment) != 0)
			return -ENOMEM;
	}
	return 0;
}

int
check_gateways(struct check *ck)
{
	const struct range_set owned = { ck->c->owned, ck->c->n_owned, 0 };
	struct range_set all = { 0 };
	size_t segment = 0;
	int ret = 0;

	for (size_t z = 0; z < ck->policy->n_zones; z++)
		for (size_t s = 0; s < ck->policy->zones[z].n_segments; s++, segment++) {
			const struct policy_words *w =
			    &ck->policy->zones[z].segments[s].gateway;
			struct checked_segment *seg = &ck->c->segments[segment];

			seg->gateway = calloc(w->count + 1, sizeof(seg->gateway[0]));
			if (seg->gateway == NULL)
				ret = -ENOMEM;
			for (size_t i = 0; ret == 0 && i < w->count; i++)
				ret = add_gateway(ck, segment, &w->items[i], &all);
		}
	range_set_normalise(&all);
	if (ret == 0)
		ret = range_set_subtract(&owned, &all, &ck->usable);
	if (ret == 0)
		ret = make_zone_sets(ck);
	range_set_free(&all);
	return ret;
}

int
check_cut(const struct check *ck, const struct ip_range *r, struct range_set *out)
{
	return range_set_cut(&ck->usable, r, out);
}
