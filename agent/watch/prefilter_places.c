/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses to classes. Every range that matters is cut into prefixes; these
 * nest or are apart, never overlap. So the addresses whose longest prefix is P
 * lie in exactly the ranges of P and of the prefixes around P, which is what
 * the class of P says. Walked in order, the prefixes around are a stack.
 */
#include "agent/watch/prefilter_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A range of n bits falls into at most 2n - 2 prefixes (RFC 1878 style cutting). */
#define DEEPEST 129

enum piece_kind {
	PIECE_OWNED, PIECE_BOUND, PIECE_OWN, PIECE_CUT, PIECE_SRC, PIECE_DST
};

struct piece {
	struct ip_prefix prefix;
	enum piece_kind kind;
	uint32_t number;	/* OWNED: the segment; SRC, DST: of the range */
};

/* The ranges that all addresses of one prefix lie in. */
struct level {
	struct ip_range range;
	struct tap_class class;
	bool unknown;		/* own addresses, cut ones, and lists that are too long */
	uint32_t number;	/* of the class */
};

/* Largest prefix that begins at "first" and does not reach beyond "last". */
static unsigned int
prefix_length(enum ip_family family, ip_value first, ip_value last)
{
	unsigned int bits = address_bits(family), length = bits;

	while (length > 0) {
		ip_value size = (ip_value)1 << (bits - length);	/* of the present one */

		if ((first & size) != 0 || last - first < size ||
		    last - first - size < size - 1)
			break;
		length--;
	}
	return length;
}

static int
add_range(struct prefilter_list *pieces, const struct ip_range *r, enum piece_kind kind,
    uint32_t number)
{
	ip_value at = r->first;

	for (;;) {
		struct piece piece = { .kind = kind, .number = number };
		int error;

		piece.prefix.base = (struct ip_addr){ at, r->family };
		piece.prefix.length = prefix_length(r->family, at, r->last);
		error = prefilter_add(pieces, sizeof(piece), &piece);
		at = address_prefix_range(&piece.prefix).last;
		if (error != 0 || at >= r->last)
			return error;
		at++;
	}
}

static int
add_addresses(struct prefilter_list *pieces, const struct ip_addr *a, size_t n,
    enum piece_kind kind)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < n; i++) {
		struct ip_range r = address_single(a[i]);

		if (r.family != IP_NONE)
			error = add_range(pieces, &r, kind, 0);
	}
	return error;
}

static int
gather_pieces(struct prefilter *p, struct prefilter_list *pieces)
{
	const struct checked *c = p->from.checked;
	const struct ip_range *src = p->src.items, *dst = p->dst.items;
	const struct cut_parts *cut = p->from.cut == NULL ? NULL :
	    cutoff_judge_parts(p->from.cut);
	int error = 0;

	for (size_t i = 0; error == 0 && i < c->n_owned; i++)
		error = add_range(pieces, &c->owned[i].range, PIECE_OWNED,
		    c->owned[i].segment);
	for (size_t i = 0; error == 0 && i < c->n_bindings; i++)
		error = add_addresses(pieces, &c->bindings[i].addr, 1, PIECE_BOUND);
	for (size_t i = 0; error == 0 && i < c->n_segments; i++)
		error = add_addresses(pieces, c->segments[i].gateway,
		    c->segments[i].n_gateway, PIECE_OWN);
	if (error == 0)
		error = add_addresses(pieces, p->from.own, p->from.n_own, PIECE_OWN);
	for (size_t i = 0; cut != NULL && error == 0 && i < cut->n_ranges; i++)
		error = add_range(pieces, &cut->ranges[i], PIECE_CUT, 0);
	for (size_t i = 0; error == 0 && i < p->src.n; i++)
		error = add_range(pieces, &src[i], PIECE_SRC, (uint32_t)i);
	for (size_t i = 0; error == 0 && i < p->dst.n; i++)
		error = add_range(pieces, &dst[i], PIECE_DST, (uint32_t)i);
	return error;
}

static int
compare_prefixes(const struct ip_prefix *x, const struct ip_prefix *y)
{
	int order = address_compare(&x->base, &y->base);

	if (order != 0)
		return order;
	return (x->length > y->length) - (x->length < y->length);
}

/* Outer prefixes before those in them. */
static int
compare_pieces(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	int order = compare_prefixes(&x->prefix, &y->prefix);

	if (order == 0 && x->kind != y->kind)
		order = x->kind < y->kind ? -1 : 1;
	return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

static void
put_number(struct level *l, uint32_t *list, uint32_t *n, uint32_t number)
{
	if (*n == TAP_LIST)
		l->unknown = true;
	else
		list[(*n)++] = number;
}

static void
apply(const struct prefilter *p, struct level *l, const struct piece *piece)
{
	struct tap_class *class = &l->class;
	const struct checked *c = p->from.checked;

	switch (piece->kind) {
	case PIECE_OWNED:
		class->tap = (uint32_t)(p->from.tap_of_segment[piece->number] + 1);
		if (c->segments[piece->number].registered_only)
			class->flags |= TAP_CLASS_REGISTERED;
		break;
	case PIECE_BOUND:
		class->flags |= TAP_CLASS_BOUND;
		break;
	case PIECE_OWN:
	case PIECE_CUT:
		l->unknown = true;
		break;
	case PIECE_SRC:
		put_number(l, class->src, &class->n_src, piece->number);
		break;
	case PIECE_DST:
		put_number(l, class->dst, &class->n_dst, piece->number);
		break;
	}
}

/* Classes met already; open addressing, 0 is free. */
struct met {
	uint32_t *slots;
	size_t size;		/* a power of two */
};

static uint64_t
hash_class(const struct tap_class *c)
{
	const unsigned char *bytes = (const unsigned char *)c;
	uint64_t h = 14695981039346656037u;	/* FNV-1a */

	for (size_t i = 0; i < sizeof(*c); i++)
		h = (h ^ bytes[i]) * 1099511628211u;
	return h ^ h >> 29;
}

/* The number of the class; TAP_CLASS_UNKNOWN when there are too many. 0 or -ENOMEM. */
static int
number_class(struct prefilter *p, struct met *met, struct level *l)
{
	const struct tap_class *classes = p->classes.items;
	size_t at = hash_class(&l->class) & (met->size - 1);

	l->number = TAP_CLASS_UNKNOWN;
	if (l->unknown || l->class.tap == 0)
		return 0;
	for (; met->slots[at] != 0; at = (at + 1) & (met->size - 1)) {
		if (memcmp(&classes[met->slots[at]], &l->class, sizeof(l->class)) != 0)
			continue;
		l->number = met->slots[at];
		return 0;
	}
	if (p->classes.n == TAP_MAX_CLASSES)
		return 0;
	l->number = met->slots[at] = (uint32_t)p->classes.n;
	return prefilter_add(&p->classes, sizeof(l->class), &l->class);
}

/* One prefix with all its pieces, inside the levels around it. */
static int
put_prefix(struct prefilter *p, struct met *met, struct level *levels, size_t *depth,
    const struct piece *pieces, size_t n)
{
	struct tap_policy_prefix entry = { .prefix = pieces[0].prefix };
	const struct ip_range range = address_prefix_range(&entry.prefix);
	struct level *l;
	bool same;
	int error;

	while (*depth > 0 && !address_range_contains(&levels[*depth - 1].range, &range))
		(*depth)--;
	l = &levels[*depth];
	memset(l, 0, sizeof(*l));
	if (*depth > 0)
		*l = levels[*depth - 1];
	l->range = range;
	for (size_t i = 0; i < n; i++)
		apply(p, l, &pieces[i]);
	error = number_class(p, met, l);
	same = *depth > 0 && l->number == levels[*depth - 1].number;
	(*depth)++;
	if (error != 0 || same || (*depth == 1 && l->number == TAP_CLASS_UNKNOWN))
		return error;
	entry.number = l->number;
	return prefilter_add(&p->prefixes, sizeof(entry), &entry);
}

static int
walk(struct prefilter *p, const struct prefilter_list *pieces, struct met *met)
{
	const struct piece *items = pieces->items;
	struct level *levels = calloc(DEEPEST + 1, sizeof(*levels));
	size_t depth = 0;
	int error = levels == NULL ? -ENOMEM : 0;

	for (size_t i = 0, n; error == 0 && i < pieces->n; i += n) {
		for (n = 1; i + n < pieces->n; n++)
			if (compare_prefixes(&items[i].prefix, &items[i + n].prefix) != 0)
				break;
		error = put_prefix(p, met, levels, &depth, &items[i], n);
	}
	free(levels);
	return error;
}

static int
gather_macs(struct prefilter *p)
{
	const struct checked *c = p->from.checked;
	int error = 0;

	for (size_t i = 0; error == 0 && i < c->n_bindings; i++) {
		const struct mac_binding *b = &c->bindings[i];
		int tap = b->segment < c->n_segments ?
		    p->from.tap_of_segment[b->segment] : -1;
		struct tap_mac mac = { .tap = (uint32_t)tap,
			.family = (uint16_t)b->addr.family };

		if (tap < 0)
			continue;
		address_to_bytes(b->addr.family, b->addr.value, mac.address);
		memcpy(mac.mac, b->mac, sizeof(mac.mac));
		error = prefilter_add(&p->macs, sizeof(mac), &mac);
	}
	return error;
}

int
prefilter_make_places(struct prefilter *p)
{
	const struct tap_class unknown = { 0 };
	struct prefilter_list pieces = { 0 };
	struct met met = { .size = 1024 };
	int error = prefilter_add(&p->classes, sizeof(unknown), &unknown);

	if (error == 0)
		error = gather_pieces(p, &pieces);
	prefilter_unique(&pieces, sizeof(struct piece), compare_pieces);
	while (met.size < 2 * (pieces.n + 1))
		met.size *= 2;
	met.slots = calloc(met.size, sizeof(*met.slots));
	if (met.slots == NULL)
		error = -ENOMEM;
	if (error == 0)
		error = walk(p, &pieces, &met);
	if (error == 0)
		error = gather_macs(p);
	free(met.slots);
	free(pieces.items);
	return error;
}
