/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts what was proven. Of each permit's counter the line of memory is in no cache
 * when there are many flows, and to wait for it costs as much as the rest of the
 * proof; so packets are noted on one side, and counted in rounds. User space adds
 * what is noted (tap_bpf_take()), so nothing is ever missing for long.
 */
#ifndef KERNEL_HELPERS_TAP_FILTER_COUNT_BPF_H
#define KERNEL_HELPERS_TAP_FILTER_COUNT_BPF_H

#include <stdbool.h>

#include "kernel-helpers/tap_filter_maps.bpf.h"

/* counter: as in tap_flow, less 1. */
static __always_inline void
count_at(__u32 counter, __u32 bytes)
{
	__u32 at = (counter >> 1) + bpf_get_smp_processor_id() * 2 * TAP_MAX_COUNTERS;
	__u32 way = counter & 1;
	struct tap_counts *c = bpf_map_lookup_elem(&permitted, &at);

	if (!c)
		return;
	c->packets[way]++;
	c->bytes[way] += bytes;
}

/* A round is full. */
static __noinline int
count_round(const struct tap_pending *w)
{
	for (__u32 i = 0; i < TAP_PENDING; i++) {
		__u64 e = w->entry[i];

		count_at(e >> TAP_PENDING_COUNTER &
		    ((1u << (TAP_PENDING_ROUND - TAP_PENDING_COUNTER)) - 1), (__u32)e);
	}
	return 0;
}

/*
 * Who reads meanwhile goes by n, and takes entries of its round only: an entry is
 * written before n says that it is there, and n ends a round before it is counted.
 */
static __always_inline void
count_pending(__u32 slot, __u32 counter, __u32 bytes)
{
	struct tap_pending *w = bpf_map_lookup_elem(&pending, &slot);
	__u64 n;

	if (!w)
		return;
	n = w->n;
	*(volatile __u64 *)&w->entry[n & (TAP_PENDING - 1)] = bytes |
	    (__u64)counter << TAP_PENDING_COUNTER |
	    (n / TAP_PENDING) << TAP_PENDING_ROUND;
	if ((n & (TAP_PENDING - 1)) != TAP_PENDING - 1) {
		*(volatile __u64 *)&w->n = n + 1;
	} else {
		__sync_fetch_and_add(&w->n, 1);
		count_round(w);
	}
}

static __always_inline void
count_permitted(struct __sk_buff *skb, __u64 word, __u32 counter)
{
	if (tap_in_turn)
		count_pending(word & 1, counter - 1, skb->len);
	else
		count_at(counter - 1, skb->len);
}

static __always_inline void
count_proven(__u32 tap, bool leaving)
{
	struct tap_count *c = bpf_map_lookup_elem(&counts, &tap);

	if (!c)
		return;
	if (leaving)
		c->proven_out++;
	else
		c->proven_in++;
}

#endif /* KERNEL_HELPERS_TAP_FILTER_COUNT_BPF_H */
