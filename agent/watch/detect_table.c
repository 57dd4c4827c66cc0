/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/detect_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_UP(n) (((n) + 7u) & ~(size_t)7u)
#define NOT_THERE SIZE_MAX
#define CACHE_LINE 64u
/* 2^17 ns: fine enough for a flood, and a week until it wraps. */
#define TICK_SHIFT 17

int
detect_table_init(struct detect_table *t, size_t entries, size_t key_size,
    size_t value_size)
{
	size_t buckets = 1;

	memset(t, 0, sizeof(*t));
	while (buckets * DETECT_TABLE_WAYS < entries)
		buckets *= 2;
	t->key_size = key_size;
	t->value_at = ROUND_UP(key_size);
	t->slot_size = t->value_at + ROUND_UP(value_size);
	t->mask = (uint32_t)(buckets - 1);
	t->buckets = aligned_alloc(CACHE_LINE, buckets * sizeof(t->buckets[0]));
	t->slots = calloc(buckets * DETECT_TABLE_WAYS, t->slot_size);
	if (t->buckets == NULL || t->slots == NULL || sodium_init() < 0)
		return -ENOMEM;
	memset(t->buckets, 0, buckets * sizeof(t->buckets[0]));
	crypto_shorthash_keygen(t->secret);
	return 0;
}

void
detect_table_free(struct detect_table *t)
{
	free(t->buckets);
	free(t->slots);
	memset(t, 0, sizeof(*t));
}

static uint64_t
hash_of(const struct detect_table *t, const void *key)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t hash;

	_Static_assert(sizeof(hash) == sizeof(out), "SipHash gives 64 bits");
	crypto_shorthash(out, key, t->key_size, t->secret);
	memcpy(&hash, out, sizeof(hash));
	return hash;
}

static uint32_t
tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1u;
}

static size_t
bucket_of(const struct detect_table *t, uint64_t hash)
{
	return (uint32_t)hash & t->mask;
}

static uint8_t *
slot_at(const struct detect_table *t, size_t bucket, size_t way)
{
	return t->slots + (bucket * DETECT_TABLE_WAYS + way) * t->slot_size;
}

/* The way of its bucket, or NOT_THERE. */
static size_t
find(const struct detect_table *t, const void *key, uint64_t hash)
{
	size_t bucket = bucket_of(t, hash);
	const struct detect_bucket *b = &t->buckets[bucket];
	uint32_t tag = tag_of(hash);

	for (size_t way = 0; way < DETECT_TABLE_WAYS; way++)
		if (b->tags[way] == tag &&
		    memcmp(slot_at(t, bucket, way), key, t->key_size) == 0)
			return way;
	return NOT_THERE;
}

/* A free way of the bucket, else the one used longest ago. */
static size_t
make_room(struct detect_table *t, const struct detect_bucket *b, uint32_t tick)
{
	size_t oldest = 0;

	for (size_t way = 0; way < DETECT_TABLE_WAYS; way++) {
		if (b->tags[way] == 0) {
			t->used++;
			return way;
		}
		if (tick - b->used[way] > tick - b->used[oldest])
			oldest = way;
	}
	t->evicted++;
	return oldest;
}

void *
detect_table_find(const struct detect_table *t, const void *key)
{
	uint64_t hash = hash_of(t, key);
	size_t way = find(t, key, hash);

	return way == NOT_THERE ? NULL : slot_at(t, bucket_of(t, hash), way) + t->value_at;
}

void *
detect_table_put(struct detect_table *t, const void *key, int64_t now_ns, bool *fresh)
{
	uint64_t hash = hash_of(t, key);
	size_t bucket = bucket_of(t, hash), way = find(t, key, hash);
	struct detect_bucket *b = &t->buckets[bucket];
	uint32_t tick = (uint32_t)((uint64_t)now_ns >> TICK_SHIFT);
	uint8_t *slot;

	*fresh = way == NOT_THERE;
	if (*fresh)
		way = make_room(t, b, tick);
	slot = slot_at(t, bucket, way);
	b->used[way] = tick;
	if (*fresh) {
		b->tags[way] = tag_of(hash);
		memcpy(slot, key, t->key_size);
		memset(slot + t->value_at, 0, t->slot_size - t->value_at);
	}
	return slot + t->value_at;
}

size_t
detect_table_bytes(const struct detect_table *t)
{
	return ((size_t)t->mask + 1) *
	    (sizeof(t->buckets[0]) + DETECT_TABLE_WAYS * t->slot_size);
}
