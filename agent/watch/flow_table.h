/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decisions that still hold: a plain packet whose key is here was judged before,
 * and the judge would say the same again. Only permitted and local packets are
 * kept; a violation is judged and counted each time.
 *
 * Bounded memory: a live table never grows (entries = most); one for a capture begins
 * small, so that few flows stay in the processor's cache, and doubles up to its limit
 * when half of it is taken. A bucket is one cache line of 16 slots,
 * each a tag and the number of an entry; entries lie densely in the order in which
 * flows came, half a cache line each: with many flows most of the time is spent on
 * waiting for them. What is longer of an IPv6 key stands beside. A full bucket gives up a decision that no longer
 * holds, else one that was not asked for lately (CLOCK).
 *
 * A decision holds inside one window: one policy, between two moments at which some
 * permit begins or ends, and one tick of FLOW_TICK_SECONDS. Whatever changes one of
 * these opens another window, and every entry is as good as gone. Inside a window
 * the judge's answer depends on the key alone, so nothing else needs to be compared.
 *
 * Stage: in front of decode; filled behind judge.
 */
#ifndef AGENT_WATCH_FLOW_TABLE_H
#define AGENT_WATCH_FLOW_TABLE_H

#include "agent/watch/flow_hash.h"
#include "agent/watch/flow_key.h"
#include "rules/checked.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <stddef.h>
#include <stdint.h>

#define FLOW_ENTRIES_LIVE	(1u << 18)
#define FLOW_ENTRIES_MAX	(1u << 21)
#define FLOW_BUCKET_SLOTS	16u

/*
 * Every flow is judged anew this often. Also the step in which ages of openings are
 * counted (openings.h), so that a packet that was not judged changes none of them.
 */
#define FLOW_TICK_SECONDS	30
#define FLOW_TICK_NS		(FLOW_TICK_SECONDS * 1000000000ll)

/*
 * First packets that detectors look into, before a flow is decided by the table: on
 * the ports of what they know, and on any other of TCP.
 */
#define FLOW_LOOKED_INTO	8u
#define FLOW_LOOKED_INTO_TCP	3u

struct flow_decision {
	uint32_t permit;	/* as the judge said it */
	uint16_t in, out;
	uint16_t counter;	/* the caller's */
	uint8_t verdict;	/* VERDICT_PERMIT or VERDICT_LOCAL */
};

#define FLOW_PERMIT_BITS	27u
#define FLOW_WINDOW_BITS	16u
#define FLOW_WAYS_MOST		((1u << 16) - 1)

struct flow_entry {
	uint64_t service, origin, src;	/* of the key; all of it for IPv4 */
	uint32_t permit : FLOW_PERMIT_BITS;
	uint32_t left : 4;	/* packets that go the slow way first */
	uint32_t used : 1;	/* since the hand of the clock passed */
	uint16_t way;		/* the rest of the decision: flow_table.ways */
	uint16_t window;
};
_Static_assert(sizeof(struct flow_entry) == 32, "two entries in a cache line");

/* The rest of an IPv6 key, by the number of its entry. */
struct flow_tail {
	uint64_t src, dst[2], unused;
};

/* What few decisions differ in. */
struct flow_way {
	uint16_t in, out, counter;
	uint8_t verdict;
};

struct flow_table_ledger {
	uint64_t kept, evicted;
};

/* From inside: the lookup must be in line. Use the functions below. */
struct flow_table {
	struct flow_secret secret;
	uint32_t *slots;	/* buckets * FLOW_BUCKET_SLOTS: tag and entry */
	struct flow_entry *entries;
	struct flow_tail *tails;
	struct flow_way *ways;	/* from 1 */
	uint16_t *way_index;	/* hash table of their numbers; 0: free */
	uint32_t n_ways;
	unsigned int shift;	/* of a hash, to the number of its bucket */
	uint32_t n_entries, n_taken, most;
	bool may_grow;
	uint32_t window;	/* 0: none yet */
	/* Of the window, in ns: where it begins, and how long it is (0: nothing is in it). */
	uint64_t wall_from, wall_span;
	uint64_t clock_from, clock_span;
	int64_t *moments;	/* at which permits begin and end: ns, sorted */
	size_t n_moments;
	struct flow_table_ledger ledger;
};

/*
 * entries, and how many they may become: rounded up to powers of two, at most
 * FLOW_ENTRIES_MAX. NULL with errno ENOMEM.
 */
struct flow_table *flow_table_new(size_t entries, size_t most);
void flow_table_free(struct flow_table *t);	/* accepts NULL */

/* Zeroed pages that cost nothing until they are touched. NULL: no memory. */
void *flow_pages_new(size_t bytes);
void flow_pages_free(void *p, size_t bytes);	/* accepts NULL */

/* Another policy, or the same seen otherwise: nothing kept holds. 0 or -ENOMEM. */
int flow_table_set_policy(struct flow_table *t, const struct checked *checked);

/* Slow half of flow_table_now(). */
void flow_table_open_window(struct flow_table *t, int64_t wall_ns, int64_t clock_ns);

/*
 * To be called before packets of another time are looked up. wall: as of which
 * permits are judged; clock: for ages. Both may jump.
 */
static inline void
flow_table_now(struct flow_table *t, int64_t wall_ns, int64_t clock_ns)
{
	if (__builtin_expect((uint64_t)wall_ns - t->wall_from >= t->wall_span ||
	    (uint64_t)clock_ns - t->clock_from >= t->clock_span, 0))
		flow_table_open_window(t, wall_ns, clock_ns);
}

#define FLOW_INDEX_BITS	21u
#define FLOW_INDEX_MASK	((1u << FLOW_INDEX_BITS) - 1)

/* Never 0, so that no used slot is. */
static inline uint32_t
flow_tag(uint64_t hash)
{
	/* the bits below those of a bucket in the largest table */
	uint32_t tag = (uint32_t)(hash >> 36) << FLOW_INDEX_BITS;

	return tag != 0 ? tag : 1u << FLOW_INDEX_BITS;
}

static inline uint32_t *
flow_table_bucket(const struct flow_table *t, uint64_t hash)
{
	return &t->slots[(hash >> t->shift) * FLOW_BUCKET_SLOTS];
}

/* Slots of a bucket that have the tag, as bits. Without a branch: none can be foretold. */
#ifdef __SSE2__
_Static_assert(FLOW_BUCKET_SLOTS == 16, "a bucket is four lanes");

/* All ones where the slot of the lane has the tag. */
static inline __m128i
flow_lane_tagged(const uint32_t *slot, uint32_t tag)
{
	__m128i lane = _mm_load_si128((const __m128i *)(const void *)slot);

	return _mm_cmpeq_epi32(_mm_andnot_si128(_mm_set1_epi32((int)FLOW_INDEX_MASK), lane),
	    _mm_set1_epi32((int)tag));
}

static inline unsigned int
flow_table_tagged(const uint32_t *slot, uint32_t tag)
{
	__m128i low = _mm_packs_epi32(flow_lane_tagged(slot, tag),
	    flow_lane_tagged(slot + 4, tag));
	__m128i high = _mm_packs_epi32(flow_lane_tagged(slot + 8, tag),
	    flow_lane_tagged(slot + 12, tag));

	return (unsigned int)_mm_movemask_epi8(_mm_packs_epi16(low, high));
}
#else
static inline unsigned int
flow_table_tagged(const uint32_t *slot, uint32_t tag)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < FLOW_BUCKET_SLOTS; i++)
		found |= (unsigned int)((slot[i] & ~FLOW_INDEX_MASK) == tag) << i;
	return found;
}
#endif

/*
 * For a lookup that waits for nothing: fetch the bucket, some packets later ask for
 * the likely entry and fetch it, some packets later look it up with that as "likely".
 * The first of the bucket with the right tag; never NULL, and any entry does.
 */
static inline struct flow_entry *
flow_table_likely(const struct flow_table *t, uint64_t hash)
{
	const uint32_t *slot = flow_table_bucket(t, hash);
	unsigned int tagged = flow_table_tagged(slot, flow_tag(hash));
	/* when there is none, an empty slot or a wrong one does no harm */
	unsigned int first = (unsigned int)__builtin_ctz(tagged | 1u << 15);

	return &t->entries[slot[first] & FLOW_INDEX_MASK];
}

FLOW_IN_LINE bool
flow_entry_is(const struct flow_table *t, const struct flow_entry *e,
    const struct flow_key *k)
{
	const struct flow_tail *tail;

	if (((e->service ^ k->service) | (e->origin ^ k->origin) |
	    (e->src ^ k->src[0])) != 0)
		return false;
	if ((k->service & FLOW_KEY_IPV6) == 0)
		return true;
	tail = &t->tails[e - t->entries];
	return ((tail->src ^ k->src[1]) | (tail->dst[0] ^ k->dst[0]) |
	    (tail->dst[1] ^ k->dst[1])) == 0;
}

/* The entry of the key, whether it still holds or not; NULL. */
static inline struct flow_entry *
flow_table_entry(const struct flow_table *t, const struct flow_key *k, uint64_t hash)
{
	const uint32_t *slot = flow_table_bucket(t, hash);
	unsigned int tagged = flow_table_tagged(slot, flow_tag(hash));

	for (; tagged != 0; tagged &= tagged - 1) {
		struct flow_entry *e =
		    &t->entries[slot[__builtin_ctz(tagged)] & FLOW_INDEX_MASK];

		if (flow_entry_is(t, e, k))
			return e;
	}
	return NULL;
}

/* Would flow_table_find() say true now? Changes nothing. */
static inline bool
flow_table_would_find(const struct flow_table *t, const struct flow_key *k, uint64_t hash,
    const struct flow_entry *likely)
{
	const struct flow_entry *e = flow_entry_is(t, likely, k) ? likely :
	    flow_table_entry(t, k, hash);

	return e != NULL && e->window == t->window && e->left == 0;
}

/*
 * What was decided of this key in the present window; false: judge it. likely: of
 * flow_table_likely(), or any entry.
 */
FLOW_IN_LINE bool
flow_table_find(const struct flow_table *t, const struct flow_key *k, uint64_t hash,
    struct flow_entry *likely, struct flow_decision *d)
{
	struct flow_entry *e = flow_entry_is(t, likely, k) ? likely :
	    flow_table_entry(t, k, hash);
	const struct flow_way *way;

	if (e == NULL || e->window != t->window)
		return false;
	if (e->left != 0) {
		e->left--;
		return false;
	}
	if (e->used == 0)
		e->used = 1;
	way = &t->ways[e->way];
	*d = (struct flow_decision){
		.permit = (uint32_t)e->permit, .in = way->in, .out = way->out,
		.counter = way->counter, .verdict = way->verdict,
	};
	return true;
}

/*
 * Keep what the judge said in the present window. Does nothing for the ports that
 * detectors must see each packet of (flow_table.c lists them).
 */
void flow_table_keep(struct flow_table *t, const struct flow_key *k, uint64_t hash,
    const struct flow_decision *d);

/* Another connection begins on the same ports: its first packets are looked into too. */
void flow_table_begin(struct flow_table *t, const struct flow_key *k, uint64_t hash);

#endif /* AGENT_WATCH_FLOW_TABLE_H */
