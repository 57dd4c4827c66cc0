/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each processor has at hand of the flows it sees: one cache line in place
 * of a look-up in the flows' table, written when a frame comes in and still
 * there when it leaves. It holds for the tick it was written in, so the flow's
 * own entry is looked up once a tick, which keeps it from being evicted. Nothing
 * of a flow is out of date here: another policy has another control word, and
 * what else changes a flow (recent_renew()) makes all processors look again.
 * Flows whose hashes choose the same set have a line each in it, a few of them.
 */
#ifndef KERNEL_HELPERS_TAP_FILTER_RECENT_BPF_H
#define KERNEL_HELPERS_TAP_FILTER_RECENT_BPF_H

#include "kernel-helpers/tap_filter_maps.bpf.h"
#include "kernel-helpers/tap_filter_parse.bpf.h"

/*
 * Multiply-shift of 32-bit words by secret 64-bit coefficients: no two keys meet
 * more often than by chance (Dietzfelbinger, "Universal Hashing and k-wise
 * Independent Random Variables via Integer Arithmetic without Primes", 1996). The
 * mixture behind it is for addresses in a row, which crowd under some coefficients;
 * who meets whom in all 64 bits is not changed by it (flow_mix() in flow_hash.h).
 * The protocol is left to the comparison.
 */
static __always_inline __u64
recent_hash(const struct packet *p)
{
	__u64 sum = p->key_words[0] * tap_secret[0] + p->key_words[1] * tap_secret[1] +
	    p->key_words[2] * tap_secret[2];

	if (p->family == 6) {
#pragma unroll
		for (int i = 3; i < 9; i++)
			sum += p->key_words[i] * tap_secret[i];
	}
	return (sum ^ sum >> 32) * 0xd6e8feb86659fd93u;
}

/* The lower of the good bits: those of the top choose the set, and whom it gives up. */
static __always_inline __u32
recent_mark(__u64 hash)
{
	return hash >> 32 & ((1 << TAP_RENEWED_BITS) - 1);
}

static __always_inline __u32
recent_hand(__u64 hash)
{
	return hash >> (32 + TAP_RENEWED_BITS) & (TAP_RECENT_WAYS - 1);
}

/* The flow changed: no processor goes on with what it has at hand of it. */
static __always_inline void
recent_renew(__u64 hash)
{
	__sync_fetch_and_add(&tap_renewed[recent_mark(hash)], 1);
}

static __always_inline struct tap_set4 *
recent4_at(__u64 hash)
{
	__u32 at = (__u32)(hash >> (64 - TAP_RECENT4_BITS)) +
	    (bpf_get_smp_processor_id() << TAP_RECENT4_BITS);

	return bpf_map_lookup_elem(&recent4, &at);
}

static __always_inline struct tap_set6 *
recent6_at(__u64 hash)
{
	__u32 at = (__u32)(hash >> (64 - TAP_RECENT6_BITS)) +
	    (bpf_get_smp_processor_id() << TAP_RECENT6_BITS);

	return bpf_map_lookup_elem(&recent6, &at);
}

/* Word by word: what an array is walked for does not stay in registers. */
static __always_inline bool
is_key4(const __u64 *key, const struct packet *p)
{
	return ((key[0] ^ p->key_longs[0]) | (key[1] ^ p->key_longs[1])) == 0;
}

static __always_inline bool
is_key6(const __u64 *key, const struct packet *p)
{
	return is_key4(key, p) &&
	    ((key[2] ^ p->key_longs[2]) | (key[3] ^ p->key_longs[3]) |
	    (key[4] ^ p->key_longs[4])) == 0;
}

/* NULL: this processor has nothing at hand of the flow. */
static __always_inline const struct tap_recent *
recent4_find(const struct packet *p, __u64 hash)
{
	const struct tap_set4 *s = recent4_at(hash);

	if (!s)
		return NULL;
#pragma unroll
	for (int i = 0; i < TAP_RECENT_WAYS; i++)
		if (is_key4(s->way[i].key, p))
			return &s->way[i].of;
	return NULL;
}

static __always_inline const struct tap_recent *
recent6_find(const struct packet *p, __u64 hash)
{
	const struct tap_set6 *s = recent6_at(hash);

	if (!s)
		return NULL;
#pragma unroll
	for (int i = 0; i < TAP_RECENT_WAYS; i++)
		if (is_key6(s->way[i].key, p))
			return &s->way[i].of;
	return NULL;
}

static __always_inline bool
is_stale(const struct tap_recent *r, const struct tap_recent *of)
{
	return r->when != of->when || r->word != of->word;
}

/* The flow's own way of the set, else one that proves nothing any more, else any. */
static __always_inline __u32
recent4_way(const struct tap_set4 *s, const struct packet *p, __u64 hash,
    const struct tap_recent *of)
{
	__u32 at = recent_hand(hash);

#pragma unroll
	for (int i = 0; i < TAP_RECENT_WAYS; i++)
		if (is_stale(&s->way[i].of, of))
			at = i;
#pragma unroll
	for (int i = 0; i < TAP_RECENT_WAYS; i++)
		if (is_key4(s->way[i].key, p))
			at = i;
	return at & (TAP_RECENT_WAYS - 1);
}

static __always_inline __u32
recent6_way(const struct tap_set6 *s, const struct packet *p, __u64 hash,
    const struct tap_recent *of)
{
	__u32 at = recent_hand(hash);

#pragma unroll
	for (int i = 0; i < TAP_RECENT_WAYS; i++)
		if (is_stale(&s->way[i].of, of))
			at = i;
#pragma unroll
	for (int i = 0; i < TAP_RECENT_WAYS; i++)
		if (is_key6(s->way[i].key, p))
			at = i;
	return at & (TAP_RECENT_WAYS - 1);
}

static __always_inline int
recent_put(const struct packet *p, __u64 hash, const struct tap_recent *of)
{
	if (p->family == 4) {
		struct tap_set4 *s = recent4_at(hash);
		struct tap_recent4 *r;

		if (!s)
			return 0;
		r = &s->way[recent4_way(s, p, hash, of)];
		r->key[0] = p->key_longs[0];
		r->key[1] = p->key_longs[1];
		r->of = *of;
		KEEP_APART;
		return 0;
	}
	struct tap_set6 *s = recent6_at(hash);
	struct tap_recent6 *r;

	if (!s)
		return 0;
	r = &s->way[recent6_way(s, p, hash, of)];
	__builtin_memcpy(r->key, p->key_longs, sizeof(r->key));
	r->of = *of;
	return 0;
}

#endif /* KERNEL_HELPERS_TAP_FILTER_RECENT_BPF_H */
