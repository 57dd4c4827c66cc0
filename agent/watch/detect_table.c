/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/detect_table.h"

#include "agent/watch/flow_table.h"
#include "agent/watch/lanes.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_UP(n) (((n) + 7u) & ~(size_t)7u)
#define NOT_THERE SIZE_MAX
#define CACHE_LINE 64u
_Static_assert(DETECT_TABLE_WAYS == 2 * LANES, "tagged() looks at all");
/* 2^17 ns: fine enough for a flood, and a week until it wraps. */
#define TICK_SHIFT 17

static size_t
slots_bytes(const struct detect_table *t)
{
	return ((size_t)t->mask + 1) * DETECT_TABLE_WAYS * t->slot_size;
}

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
	t->slot_size = t->clear = t->value_at + ROUND_UP(value_size);
	/* what is about a cache line or more begins on one */
	if (t->slot_size > CACHE_LINE / 2)
		t->slot_size = (t->slot_size + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
	t->mask = (uint32_t)(buckets - 1);
	t->buckets = aligned_alloc(CACHE_LINE, buckets * sizeof(t->buckets[0]));
	t->slots = flow_pages_new(slots_bytes(t));
	if (t->buckets == NULL || t->slots == NULL || sodium_init() < 0)
		return -ENOMEM;
	memset(t->buckets, 0, buckets * sizeof(t->buckets[0]));
	randombytes_buf(&t->secret, sizeof(t->secret));
	return 0;
}

void
detect_table_free(struct detect_table *t)
{
	free(t->buckets);
	flow_pages_free(t->slots, slots_bytes(t));
	memset(t, 0, sizeof(*t));
}

static uint64_t
hash_of_short(const struct detect_table *t, const void *key)
{
	uint64_t words[FLOW_WORDS] = { 0 };

	memcpy(words, key, t->key_size);
	return flow_mark_words(&t->secret, words);
}

/* The longest key is the usual one, and its words are taken where they are. */
uint64_t
detect_table_hash(const struct detect_table *t, const void *key)
{
	uint64_t words[FLOW_WORDS];

	if (t->key_size != sizeof(words))
		return hash_of_short(t, key);
	memcpy(words, key, sizeof(words));
	return flow_mark_words(&t->secret, words);
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

/* The ways with this tag, as bits. Without a branch: none can be foretold. */
static inline unsigned int
tagged(const struct detect_bucket *b, uint32_t tag)
{
	return lanes_equal(b->tags, tag) | lanes_equal(b->tags + LANES, tag) << LANES;
}

static bool
is_key(const struct detect_table *t, const uint8_t *slot, const void *key)
{
	uint64_t a[FLOW_WORDS], b[FLOW_WORDS], differ = 0;

	if (t->key_size != sizeof(a))
		return memcmp(slot, key, t->key_size) == 0;
	memcpy(a, slot, sizeof(a));
	memcpy(b, key, sizeof(b));
	for (size_t i = 0; i < FLOW_WORDS; i++)
		differ |= a[i] ^ b[i];
	return differ == 0;
}

/* The way of its bucket, or NOT_THERE. */
static size_t
find(const struct detect_table *t, const void *key, uint64_t hash)
{
	size_t bucket = bucket_of(t, hash);
	unsigned int ways = tagged(&t->buckets[bucket], tag_of(hash));

	for (; ways != 0; ways &= ways - 1) {
		size_t way = (size_t)__builtin_ctz(ways);

		if (is_key(t, slot_at(t, bucket, way), key))
			return way;
	}
	return NOT_THERE;
}

/* A free way of the bucket, else the one used longest ago. */
static size_t
free_way(const struct detect_bucket *b, uint32_t tick)
{
	unsigned int empty = tagged(b, 0);
	size_t oldest = 0;

	if (empty != 0)
		return (size_t)__builtin_ctz(empty);
	for (size_t way = 1; way < DETECT_TABLE_WAYS; way++)
		if (tick - b->used[way] > tick - b->used[oldest])
			oldest = way;
	return oldest;
}

static uint32_t
tick_of(int64_t now_ns)
{
	return (uint32_t)((uint64_t)now_ns >> TICK_SHIFT);
}

void *
detect_table_find(const struct detect_table *t, const void *key)
{
	uint64_t hash = detect_table_hash(t, key);
	size_t way = find(t, key, hash);

	return way == NOT_THERE ? NULL : slot_at(t, bucket_of(t, hash), way) + t->value_at;
}

void *
detect_table_put(struct detect_table *t, const void *key, int64_t now_ns, bool *fresh)
{
	return detect_table_put_hashed(t, key, detect_table_hash(t, key), now_ns, fresh);
}

void *
detect_table_put_hashed(struct detect_table *t, const void *key, uint64_t hash,
    int64_t now_ns, bool *fresh)
{
	size_t bucket = bucket_of(t, hash), way = find(t, key, hash);
	struct detect_bucket *b = &t->buckets[bucket];
	uint32_t tick = tick_of(now_ns);
	uint8_t *slot;

	*fresh = way == NOT_THERE;
	if (*fresh) {
		way = free_way(b, tick);
		t->used += b->tags[way] == 0;
		t->evicted += b->tags[way] != 0;
	}
	slot = slot_at(t, bucket, way);
	b->used[way] = tick;
	if (*fresh) {
		b->tags[way] = tag_of(hash);
		memcpy(slot, key, t->key_size);
		memset(slot + t->value_at, 0, t->clear - t->value_at);
	}
	return slot + t->value_at;
}

void
detect_table_clear_only(struct detect_table *t, size_t bytes)
{
	t->clear = t->value_at + ROUND_UP(bytes);
}

uint64_t
detect_table_announce(const struct detect_table *t, const void *key)
{
	uint64_t hash = detect_table_hash(t, key);

	__builtin_prefetch(&t->buckets[bucket_of(t, hash)], 1);
	return hash;
}

void
detect_table_fetch(const struct detect_table *t, uint64_t hash, int64_t now_ns)
{
	size_t bucket = bucket_of(t, hash), way;
	const struct detect_bucket *b = &t->buckets[bucket];
	unsigned int ways = tagged(b, tag_of(hash));
	const uint8_t *slot;

	way = ways != 0 ? (size_t)__builtin_ctz(ways) : free_way(b, tick_of(now_ns));
	slot = slot_at(t, bucket, way);
	for (size_t at = 0; at < t->clear; at += CACHE_LINE)
		__builtin_prefetch(slot + at, 1);
}

size_t
detect_table_bytes(const struct detect_table *t)
{
	return ((size_t)t->mask + 1) * sizeof(t->buckets[0]) + slots_bytes(t);
}
