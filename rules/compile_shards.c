/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Splitting by prefixes: see compile_shards.h. */
#include "rules/compile_shards.h"

#include "rules/compile_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a (Fowler, Noll, Vo), 32 bits. */
#define FNV_BASIS	0x811c9dc5u
#define FNV_PRIME	0x01000193u

/* Where a shard would be halved: addresses from "middle" on go to the upper half. */
struct border {
	enum cube_dim dim;
	ip_value first, middle, last;	/* of the prefix that is halved */
	size_t across;
};

static bool
too_large(const struct cube_list *pieces, size_t spread, const struct shard_limits *limits)
{
	size_t boxes = 0, all = 0;

	for (size_t i = 0; i < pieces->count; i++) {
		size_t tuples = piece_tuples(&pieces->items[i]);

		if (tuples <= spread)
			all += tuples;
		else
			boxes++;
	}
	return boxes > limits->boxes || all > limits->tuples;
}

/* The longest prefix that holds all pieces, halved. False when it is one address. */
static bool
find_border(const struct cube_list *pieces, enum cube_dim dim, struct border *b)
{
	ip_value low = pieces->items[0].first[dim], high = pieces->items[0].last[dim];
	ip_value bit = 1;

	for (size_t i = 1; i < pieces->count; i++) {
		const struct cube *c = &pieces->items[i];

		low = c->first[dim] < low ? c->first[dim] : low;
		high = c->last[dim] > high ? c->last[dim] : high;
	}
	if (low == high)
		return false;
	while (((low ^ high) >> 1) >= bit)
		bit <<= 1;
	*b = (struct border){ .dim = dim, .first = low & ~(bit | (bit - 1)) };
	b->middle = b->first | bit;
	b->last = b->first | bit | (bit - 1);
	for (size_t i = 0; i < pieces->count; i++)
		b->across += pieces->items[i].first[dim] < b->middle
		    && pieces->items[i].last[dim] >= b->middle;
	return true;
}

/* Destinations before sources: servers are told one by one, their users by networks. */
static bool
choose_border(const struct cube_list *pieces, unsigned int across, struct border *b)
{
	static const enum cube_dim dims[] = { CUBE_DESTINATION, CUBE_SOURCE };

	for (size_t i = 0; i < 2; i++)
		if (find_border(pieces, dims[i], b)
		    && b->across <= pieces->count / across)
			return true;
	return false;
}

/* Pieces to the halves that they meet; the list becomes empty. */
static int
halve(struct cube_list *pieces, const struct border *b, struct cube_list halves[2])
{
	int ret = 0;

	for (size_t i = 0; i < pieces->count && ret == 0; i++) {
		struct cube low = pieces->items[i], high = low;

		if (low.first[b->dim] < b->middle) {
			if (low.last[b->dim] >= b->middle)
				low.last[b->dim] = b->middle - 1;
			ret = cube_list_add(&halves[0], &low);
		}
		if (ret == 0 && high.last[b->dim] >= b->middle) {
			if (high.first[b->dim] < b->middle)
				high.first[b->dim] = b->middle;
			ret = cube_list_add(&halves[1], &high);
		}
	}
	cube_list_free(pieces);
	return ret;
}

static uint32_t
hash_value(uint32_t hash, ip_value value)
{
	for (size_t i = 0; i < sizeof(value); i++) {
		hash = (hash ^ (uint8_t)value) * FNV_PRIME;
		value >>= 8;
	}
	return hash;
}

/* Told by its prefixes; next number when another one has it. */
static uint32_t
name_shard(const struct shards *shards, const struct shard *s)
{
	uint32_t name = FNV_BASIS;
	size_t i = 0;

	name = hash_value(name, s->first[CUBE_SOURCE]);
	name = hash_value(name, s->last[CUBE_SOURCE]);
	name = hash_value(name, s->first[CUBE_DESTINATION]);
	name = hash_value(name, s->last[CUBE_DESTINATION]);
	while (i < shards->count)
		if (shards->items[i++].name == name) {
			name++;
			i = 0;
		}
	return name;
}

/* Takes the pieces. */
static int
add_shard(struct shards *shards, struct shard *s)
{
	if (shards->count == shards->capacity) {
		size_t room = shards->capacity == 0 ? 16 : shards->capacity * 2;
		struct shard *grown = reallocarray(shards->items, room, sizeof(*grown));

		if (grown == NULL) {
			cube_list_free(&s->pieces);
			return -ENOMEM;
		}
		shards->items = grown;
		shards->capacity = room;
	}
	s->name = name_shard(shards, s);
	shards->items[shards->count++] = *s;
	return 0;
}

struct splitting {
	size_t spread;
	const struct shard_limits *limits;
	struct shards *out;
};

/* Not deeper than the addresses have bits. Takes the pieces of "s". */
static int
split(const struct splitting *k, struct shard *s)
{
	struct cube_list halves[2] = { { .items = NULL } };
	struct border b;
	int ret;

	if (!too_large(&s->pieces, k->spread, k->limits)
	    || !choose_border(&s->pieces, k->limits->across, &b))
		return add_shard(k->out, s);
	ret = halve(&s->pieces, &b, halves);
	for (size_t i = 0; i < 2; i++) {
		struct shard half = *s;

		half.pieces = halves[i];
		half.first[b.dim] = i == 0 ? b.first : b.middle;
		half.last[b.dim] = i == 0 ? b.middle - 1 : b.last;
		if (ret == 0)
			ret = split(k, &half);
		else
			cube_list_free(&half.pieces);
	}
	return ret;
}

int
shards_split(struct cube_list *pieces, enum ip_family family, size_t spread,
    const struct shard_limits *limits, struct shards *out)
{
	const struct splitting k = { .spread = spread, .limits = limits, .out = out };
	struct shard whole = { .pieces = *pieces };

	*out = (struct shards){ .items = NULL };
	*pieces = (struct cube_list){ .items = NULL };
	whole.last[CUBE_SOURCE] = whole.last[CUBE_DESTINATION] = address_max(family);
	return split(&k, &whole);
}

void
shards_free(struct shards *shards)
{
	for (size_t i = 0; i < shards->count; i++)
		cube_list_free(&shards->items[i].pieces);
	free(shards->items);
	*shards = (struct shards){ .items = NULL };
}
