/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/detect_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_UP(n) (((n) + 7u) & ~(size_t)7u)
#define NOT_THERE SIZE_MAX

int
detect_table_init(struct detect_table *t, size_t entries, size_t key_size,
    size_t value_size)
{
	size_t buckets = 1;

	memset(t, 0, sizeof(*t));
	while (buckets * DETECT_TABLE_WAYS < entries)
		buckets *= 2;
	t->key_size = key_size;
	t->value_at = sizeof(int64_t) + ROUND_UP(key_size);
	t->slot_size = t->value_at + ROUND_UP(value_size);
	t->mask = (uint32_t)(buckets - 1);
	t->tags = calloc(buckets * DETECT_TABLE_WAYS, sizeof(t->tags[0]));
	t->slots = calloc(buckets * DETECT_TABLE_WAYS, t->slot_size);
	if (t->tags == NULL || t->slots == NULL || sodium_init() < 0)
		return -ENOMEM;
	crypto_shorthash_keygen(t->secret);
	return 0;
}

void
detect_table_free(struct detect_table *t)
{
	free(t->tags);
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

static uint8_t *
slot_at(const struct detect_table *t, size_t i)
{
	return t->slots + i * t->slot_size;
}

static size_t
bucket_of(const struct detect_table *t, uint64_t hash)
{
	return (size_t)((uint32_t)hash & t->mask) * DETECT_TABLE_WAYS;
}

static size_t
find(const struct detect_table *t, const void *key, uint64_t hash)
{
	size_t first = bucket_of(t, hash);
	uint32_t tag = tag_of(hash);

	for (size_t i = first; i < first + DETECT_TABLE_WAYS; i++)
		if (t->tags[i] == tag && memcmp(slot_at(t, i) + sizeof(int64_t), key,
		    t->key_size) == 0)
			return i;
	return NOT_THERE;
}

static int64_t
last_use(const struct detect_table *t, size_t i)
{
	int64_t used;

	memcpy(&used, slot_at(t, i), sizeof(used));
	return used;
}

/* A free slot of the bucket, else the one used longest ago. */
static size_t
make_room(struct detect_table *t, size_t first)
{
	size_t oldest = first;

	for (size_t i = first; i < first + DETECT_TABLE_WAYS; i++) {
		if (t->tags[i] == 0) {
			t->used++;
			return i;
		}
		if (last_use(t, i) < last_use(t, oldest))
			oldest = i;
	}
	t->evicted++;
	return oldest;
}

void *
detect_table_find(const struct detect_table *t, const void *key)
{
	size_t i = find(t, key, hash_of(t, key));

	return i == NOT_THERE ? NULL : slot_at(t, i) + t->value_at;
}

void *
detect_table_put(struct detect_table *t, const void *key, int64_t now_ns, bool *fresh)
{
	uint64_t hash = hash_of(t, key);
	size_t i = find(t, key, hash);
	uint8_t *slot;

	*fresh = i == NOT_THERE;
	if (*fresh)
		i = make_room(t, bucket_of(t, hash));
	slot = slot_at(t, i);
	memcpy(slot, &now_ns, sizeof(now_ns));
	if (*fresh) {
		t->tags[i] = tag_of(hash);
		memcpy(slot + sizeof(now_ns), key, t->key_size);
		memset(slot + t->value_at, 0, t->slot_size - t->value_at);
	}
	return slot + t->value_at;
}

size_t
detect_table_bytes(const struct detect_table *t)
{
	return ((size_t)t->mask + 1) * DETECT_TABLE_WAYS *
	    (t->slot_size + sizeof(t->tags[0]));
}
