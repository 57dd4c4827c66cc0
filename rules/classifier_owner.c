/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every address that begins a new stretch of ownership is sorted into one list
 * per family; a stretch has one value. IPv6 searches that list. IPv4 unfolds it
 * into tables of 16, 8 and 8 bits, so that a packet costs at most three loads.
 */
#include "rules/classifier_owner.h"

#include <errno.h>
#include <stdlib.h>

/* In a cell of the IPv4 tables: the rest is the number of a table of 256 cells. */
#define CELL_TABLE	0x80000000u
#define CELL_ROOT	65536u
#define CELL_BLOCK	256u

/* The stretch from here to before the next one. The first begins at 0. */
struct stretch {
	ip_value first;
	owner_value value;
};

struct stretches {
	struct stretch *items;
	size_t count, room;
	enum ip_family family;
};

struct cells {
	uint32_t *items;
	size_t count, room;
};

struct owner_table {
	struct stretches v4, v6;
	struct cells cells;		/* IPv4: the root, then blocks */
	struct ip_addr *own;		/* sorted */
	size_t n_own;
};

static int
compare_values(ip_value a, ip_value b)
{
	return (a > b) - (a < b);
}

static int
compare_stretches(const void *a, const void *b)
{
	const struct stretch *x = a, *y = b;

	return compare_values(x->first, y->first);
}

static int
compare_addresses(const void *a, const void *b)
{
	return address_compare(a, b);
}

static int
add_start(struct stretches *s, ip_value first)
{
	if (s->count == s->room) {
		size_t room = s->room == 0 ? 64 : s->room * 2;
		struct stretch *items = realloc(s->items, room * sizeof(*items));

		if (items == NULL)
			return -ENOMEM;
		s->items = items;
		s->room = room;
	}
	s->items[s->count++] = (struct stretch){ .first = first };
	return 0;
}

static int
add_range(struct stretches *s, const struct ip_range *r)
{
	if (r->family != s->family)
		return 0;
	if (add_start(s, r->first) != 0)
		return -ENOMEM;
	return r->last < address_max(r->family) ? add_start(s, r->last + 1) : 0;
}

static int
add_single(struct stretches *s, const struct ip_addr *a)
{
	struct ip_range r = address_single(*a);

	return add_range(s, &r);
}

/* RFC 3021: a network of 31 or 32 bits has none. */
static bool
directed_broadcast(const struct ip_prefix *p, struct ip_addr *out)
{
	if (p->base.family != IP_V4 || p->length > 30)
		return false;
	*out = (struct ip_addr){ address_prefix_range(p).last, IP_V4 };
	return true;
}

static int
add_broadcasts(struct stretches *s, const struct checked *c)
{
	struct ip_addr a;

	for (size_t i = 0; i < c->n_segments; i++) {
		const struct checked_segment *seg = &c->segments[i];

		for (size_t k = 0; k < seg->n_networks; k++)
			if (directed_broadcast(&seg->networks[k], &a) &&
			    add_single(s, &a) != 0)
				return -ENOMEM;
	}
	return 0;
}

static int
gather_starts(struct stretches *s, const struct owner_table *t, const struct checked *c)
{
	size_t n;
	const struct ip_range *never = address_never_forwarded(&n);

	if (add_start(s, 0) != 0 || add_broadcasts(s, c) != 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (add_range(s, &never[i]) != 0)
			return -ENOMEM;
	for (size_t i = 0; i < c->n_owned; i++)
		if (add_range(s, &c->owned[i].range) != 0)
			return -ENOMEM;
	for (size_t i = 0; i < c->n_bindings; i++)
		if (add_single(s, &c->bindings[i].addr) != 0)
			return -ENOMEM;
	for (size_t i = 0; i < t->n_own; i++)
		if (add_single(s, &t->own[i]) != 0)
			return -ENOMEM;
	return 0;
}

static void
sort_unique(struct stretches *s)
{
	size_t kept = 1;

	if (s->items == NULL)
		return;
	qsort(s->items, s->count, sizeof(s->items[0]), compare_stretches);
	for (size_t i = 1; i < s->count; i++)
		if (s->items[i].first != s->items[kept - 1].first)
			s->items[kept++] = s->items[i];
	s->count = kept;
}

/* The range begins and ends at stretches that add_range() made. */
static void
set_values(struct stretches *s, const struct ip_range *r, owner_value clear,
    owner_value set)
{
	struct stretch key = { .first = r->first };
	struct stretch *at, *end = s->items + s->count;

	if (r->family != s->family)
		return;
	at = bsearch(&key, s->items, s->count, sizeof(key), compare_stretches);
	for (; at != NULL && at < end && at->first <= r->last; at++)
		at->value = (at->value & ~clear) | set;
}

static void
set_single(
    struct stretches *s, const struct ip_addr *a, owner_value clear, owner_value set)
{
	struct ip_range r = address_single(*a);

	set_values(s, &r, clear, set);
}

static void
fill_values(struct stretches *s, const struct owner_table *t, const struct checked *c)
{
	size_t n;
	const struct ip_range *never = address_never_forwarded(&n);
	struct ip_addr a;

	for (size_t i = 0; i < s->count; i++)
		s->items[i].value = SEGMENT_NONE;
	for (size_t i = 0; i < c->n_owned; i++)
		set_values(
		    s, &c->owned[i].range, OWNER_SEGMENT_MASK, c->owned[i].segment);
	for (size_t i = 0; i < n; i++)
		set_values(s, &never[i], 0, OWNER_FORBIDDEN);
	for (size_t i = 0; i < c->n_bindings; i++)
		set_single(s, &c->bindings[i].addr, 0, OWNER_BOUND);
	for (size_t i = 0; i < c->n_segments; i++)
		for (size_t k = 0; k < c->segments[i].n_networks; k++)
			if (directed_broadcast(&c->segments[i].networks[k], &a))
				set_single(s, &a, 0, OWNER_BROADCAST);
	for (size_t i = 0; i < t->n_own; i++)
		set_single(s, &t->own[i], OWNER_SEGMENT_MASK, SEGMENT_SELF);
}

static int
make_stretches(struct stretches *s, enum ip_family family, const struct owner_table *t,
    const struct checked *c)
{
	s->family = family;
	if (gather_starts(s, t, c) != 0)
		return -ENOMEM;
	sort_unique(s);
	fill_values(s, t, c);
	return 0;
}

/* The last stretch that begins at or before v. */
static size_t
stretch_of(const struct stretches *s, ip_value v)
{
	size_t base = 0;

	for (size_t n = s->count; n > 1; ) {
		size_t half = n / 2;

		base = s->items[base + half].first <= v ? base + half : base;
		n -= half;
	}
	return base;
}

/* Room for n more cells; their index, SIZE_MAX without memory. */
static size_t
add_cells(struct cells *c, size_t n)
{
	size_t at = c->count;

	if (c->count + n > c->room) {
		size_t room = (c->count + n) * 2;
		uint32_t *items = realloc(c->items, room * sizeof(*items));

		if (items == NULL)
			return SIZE_MAX;
		c->items = items;
		c->room = room;
	}
	c->count += n;
	return at;
}

/*
 * Fill n cells from index "at", each standing for 1 << shift addresses from
 * "first" on; cells that need a finer look get a block of their own.
 */
static int
fill_cells(struct owner_table *t, size_t at, size_t n, unsigned int shift, ip_value first)
{
	for (size_t i = 0; i < n; i++, first += (ip_value)1 << shift) {
		ip_value last = first + ((ip_value)1 << shift) - 1;
		size_t k = stretch_of(&t->v4, first);
		size_t block;

		if (shift == 0 || k + 1 == t->v4.count || t->v4.items[k + 1].first > last) {
			t->cells.items[at + i] = t->v4.items[k].value;
			continue;
		}
		block = add_cells(&t->cells, CELL_BLOCK);
		if (block == SIZE_MAX)
			return -ENOMEM;
		t->cells.items[at + i] =
		    CELL_TABLE | (uint32_t)((block - CELL_ROOT) / CELL_BLOCK);
		if (fill_cells(t, block, CELL_BLOCK, shift - 8, first) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int
gather_own(struct owner_table *t, const struct checked *c, const struct ip_addr *own,
    size_t n_own)
{
	size_t room = n_own;

	for (size_t i = 0; i < c->n_segments; i++)
		room += c->segments[i].n_gateway;
	t->own = calloc(room + 1, sizeof(t->own[0]));
	if (t->own == NULL)
		return -ENOMEM;

	for (size_t i = 0; i < n_own; i++)
		t->own[t->n_own++] = own[i];
	for (size_t i = 0; i < c->n_segments; i++)
		for (size_t k = 0; k < c->segments[i].n_gateway; k++)
			t->own[t->n_own++] = c->segments[i].gateway[k];
	qsort(t->own, t->n_own, sizeof(t->own[0]), compare_addresses);
	return 0;
}

struct owner_table *
owner_table_new(const struct checked *checked, const struct ip_addr *own, size_t n_own)
{
	struct owner_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	if (gather_own(t, checked, own, n_own) != 0 ||
	    make_stretches(&t->v4, IP_V4, t, checked) != 0 ||
	    make_stretches(&t->v6, IP_V6, t, checked) != 0 ||
	    add_cells(&t->cells, CELL_ROOT) == SIZE_MAX ||
	    fill_cells(t, 0, CELL_ROOT, 16, 0) != 0) {
		owner_table_free(t);
		errno = ENOMEM;
		return NULL;
	}
	return t;
}

void
owner_table_free(struct owner_table *t)
{
	if (t == NULL)
		return;
	free(t->v4.items);
	free(t->v6.items);
	free(t->cells.items);
	free(t->own);
	free(t);
}

static owner_value
owner_of_v4(const struct owner_table *t, uint32_t a)
{
	const uint32_t *blocks = t->cells.items + CELL_ROOT;
	uint32_t cell = t->cells.items[a >> 16];

	if (cell & CELL_TABLE)
		cell = blocks[(cell & ~CELL_TABLE) * CELL_BLOCK + ((a >> 8) & 0xff)];
	if (cell & CELL_TABLE)
		cell = blocks[(cell & ~CELL_TABLE) * CELL_BLOCK + (a & 0xff)];
	return cell;
}

owner_value
owner_of(const struct owner_table *t, const struct ip_addr *a)
{
	switch (a->family) {
	case IP_V4:
		return owner_of_v4(t, (uint32_t)a->value);
	case IP_V6:
		return t->v6.items[stretch_of(&t->v6, a->value)].value;
	case IP_NONE:
		break;
	}
	return SEGMENT_NONE;
}

bool
owner_knows_self(const struct owner_table *t)
{
	return t->n_own > 0;
}
