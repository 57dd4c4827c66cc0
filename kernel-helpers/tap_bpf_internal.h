/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tap_bpf.c and tap_bpf_policy.c share. */
#ifndef KERNEL_HELPERS_TAP_BPF_INTERNAL_H
#define KERNEL_HELPERS_TAP_BPF_INTERNAL_H

#include "kernel-helpers/tap_bpf.h"

struct tap_filter;	/* the generated skeleton */

/* Keys that stand in one hash or trie of one slot, in the order of its table. */
struct tap_kept {
	void *keys;
	uint32_t n;
};

/* tap_bpf_policy.c's, in the order they are emptied and filled. */
enum tap_table {
	TAP_TABLE_PREFIXES4,
	TAP_TABLE_PREFIXES6,
	TAP_TABLE_BOXES,
	TAP_TABLE_MACS,
	TAP_TABLE_COUNT
};

struct tap_slot {
	struct tap_kept kept[TAP_TABLE_COUNT];
	struct tap_counter *counters;
	size_t n_counters;
	struct tap_counts *taken;	/* of each counter, handed out already */
	struct tap_counts *now;		/* and counted, while it is being handed out */
};

struct tap_bpf {
	struct tap_filter *filter;
	struct ring_buffer *ring;
	int processors;			/* possible ones: values of a per-CPU element */
	struct tap_slot slots[2];
	uint32_t slot;			/* of the policy in force, or that was last */
	uint64_t generation;
	/* the kernel's, of the programs at tcx hooks, by which others see them; 0: not there */
	uint32_t leaving_number, entering_number;
	uint64_t *each;			/* room for one per-CPU element */
	struct tap_pending *noted;	/* and for one of these */
	/* of the dispatch under way */
	void (*event)(void *arg, const struct tap_event *e);
	void *arg;
	int taken, max;
};

#define TAP_NUMBERS_MOST 7	/* 64-bit numbers of one per-CPU element */

/* Sum of one element of a per-CPU array of n numbers. */
void tap_bpf_sum(const struct tap_bpf *b, int map, uint32_t at, uint64_t *sum, size_t n);

void tap_bpf_slot_free(struct tap_slot *s);

#endif /* KERNEL_HELPERS_TAP_BPF_INTERNAL_H */
