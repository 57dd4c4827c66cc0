/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of the detectors: a keyed table of fixed size. It never grows and
 * never refuses: a new key that finds its bucket full takes the place of the
 * one there that was used longest ago. Keys are hashed with a secret of the
 * process, so nobody outside can aim at one bucket.
 */
#ifndef AGENT_WATCH_DETECT_TABLE_H
#define AGENT_WATCH_DETECT_TABLE_H

#include "agent/watch/flow_hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DETECT_TABLE_WAYS	8u	/* entries of a bucket: their heads are one cache line */

/* What finding and forgetting look at; the entries themselves are far apart. */
struct detect_bucket {
	uint32_t tags[DETECT_TABLE_WAYS];	/* part of the hash, 0: free */
	uint32_t used[DETECT_TABLE_WAYS];	/* last, in ticks of 131 us; wraps */
};
_Static_assert(sizeof(struct detect_bucket) == 64, "one cache line");

struct detect_table {
	struct flow_secret secret;
	struct detect_bucket *buckets;
	uint8_t *slots;			/* key, value */
	size_t key_size, value_at, slot_size;
	size_t clear;			/* bytes of a slot that a new entry needs cleared */
	uint32_t mask;			/* of bucket numbers */
	uint64_t used, evicted;
};

#define DETECT_KEY_MOST	(FLOW_WORDS * sizeof(uint64_t))

/*
 * Room for at least so many entries; the key is compared as bytes, so it must
 * have no padding; at most DETECT_KEY_MOST bytes. 0 or -ENOMEM; what was made is
 * freed by detect_table_free().
 */
int detect_table_init(struct detect_table *t, size_t entries, size_t key_size,
    size_t value_size);
void detect_table_free(struct detect_table *t);	/* accepts a cleared one */

/* The value, aligned for 64-bit numbers; NULL when the key is not there. */
void *detect_table_find(const struct detect_table *t, const void *key);

/* The same, made (cleared, *fresh) when it is not there. now_ns: never going back. */
void *detect_table_put(struct detect_table *t, const void *key, int64_t now_ns,
    bool *fresh);

/* What the functions below look a key up by. */
uint64_t detect_table_hash(const struct detect_table *t, const void *key);
void *detect_table_put_hashed(struct detect_table *t, const void *key, uint64_t hash,
    int64_t now_ns, bool *fresh);

/* Of a new value only so many bytes are cleared: the rest needs it later, or never. */
void detect_table_clear_only(struct detect_table *t, size_t bytes);

/*
 * For a detect_table_put() that waits for nothing: announce the key, do something
 * else, fetch what was announced by its hash, do something else, put.
 */
uint64_t detect_table_announce(const struct detect_table *t, const void *key);
void detect_table_fetch(const struct detect_table *t, uint64_t hash, int64_t now_ns);

size_t detect_table_bytes(const struct detect_table *t);

#endif /* AGENT_WATCH_DETECT_TABLE_H */
