/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each processor has at hand of the flows it sees: one cache line in place
 * of a look-up in the flows' table, written when a frame comes in and still
 * there when it leaves. It holds for the tick it was written in, so the flow's
 * own entry is looked up once a tick, which keeps it from being evicted. Nothing
 * of a flow is out of date here: another policy has another control word, and
 * what else changes a flow (recent_renew()) makes all processors look again.
 */
#ifndef KERNEL_HELPERS_TAP_FILTER_RECENT_BPF_H
#define KERNEL_HELPERS_TAP_FILTER_RECENT_BPF_H

#include "kernel-helpers/tap_filter_maps.bpf.h"
#include "kernel-helpers/tap_filter_parse.bpf.h"

/*
 * Multiply-shift of 32-bit words by secret 64-bit coefficients: no two keys meet
 * more often than by chance (Dietzfelbinger, "Universal Hashing and k-wise
 * Independent Random Variables via Integer Arithmetic without Primes", 1996).
 * The protocol is left to the comparison.
 */
static __always_inline __u64
recent_hash(const struct packet *p)
{
	__u64 sum = p->key_words[0] * tap_secret[0] + p->key_words[1] * tap_secret[1] +
	    p->key_words[2] * tap_secret[2];

	if (p->family == 4)
		return sum;
#pragma unroll
	for (int i = 3; i < 9; i++)
		sum += p->key_words[i] * tap_secret[i];
	return sum;
}

/* The lower of the good bits: those of the top choose the place in the table. */
static __always_inline __u32
recent_mark(__u64 hash)
{
	return hash >> 32 & ((1 << TAP_RENEWED_BITS) - 1);
}

/* The flow changed: no processor goes on with what it has at hand of it. */
static __always_inline void
recent_renew(__u64 hash)
{
	__sync_fetch_and_add(&tap_renewed[recent_mark(hash)], 1);
}

static __always_inline struct tap_recent4 *
recent4_at(__u64 hash)
{
	__u32 at = (__u32)(hash >> (64 - TAP_RECENT4_BITS)) +
	    (bpf_get_smp_processor_id() << TAP_RECENT4_BITS);

	return bpf_map_lookup_elem(&recent4, &at);
}

static __always_inline struct tap_recent6 *
recent6_at(__u64 hash)
{
	__u32 at = (__u32)(hash >> (64 - TAP_RECENT6_BITS)) +
	    (bpf_get_smp_processor_id() << TAP_RECENT6_BITS);

	return bpf_map_lookup_elem(&recent6, &at);
}

/* NULL: this processor has nothing at hand of the flow. */
static __always_inline const struct tap_recent *
recent_find(const struct packet *p, __u64 hash)
{
	if (p->family == 4) {
		const struct tap_recent4 *r = recent4_at(hash);

		if (!r || r->key[0] != p->key_longs[0] || r->key[1] != p->key_longs[1])
			return NULL;
		KEEP_APART;
		return &r->of;
	}
	const struct tap_recent6 *r = recent6_at(hash);

	if (!r || r->key[0] != p->key_longs[0] || r->key[1] != p->key_longs[1] ||
	    r->key[2] != p->key_longs[2] || r->key[3] != p->key_longs[3] ||
	    r->key[4] != p->key_longs[4])
		return NULL;
	return &r->of;
}

static __always_inline int
recent_put(const struct packet *p, __u64 hash, const struct tap_recent *of)
{
	if (p->family == 4) {
		struct tap_recent4 *r = recent4_at(hash);

		if (!r)
			return 0;
		r->key[0] = p->key_longs[0];
		r->key[1] = p->key_longs[1];
		r->of = *of;
		KEEP_APART;
		return 0;
	}
	struct tap_recent6 *r = recent6_at(hash);

	if (!r)
		return 0;
	__builtin_memcpy(r->key, p->key_longs, sizeof(r->key));
	r->of = *of;
	return 0;
}

#endif /* KERNEL_HELPERS_TAP_FILTER_RECENT_BPF_H */
