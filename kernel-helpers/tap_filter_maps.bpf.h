/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of the tap's eBPF programs. Two slots of each policy table: tap_filter.h. */
#ifndef KERNEL_HELPERS_TAP_FILTER_MAPS_BPF_H
#define KERNEL_HELPERS_TAP_FILTER_MAPS_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "kernel-helpers/tap_filter.h"

/* Written by user space in one store each; read once a frame. */
volatile __u64 tap_control;
/* CLOCK_MONOTONIC: the policy of a slot is not asked from then on. */
volatile __u64 tap_until_ns[2];

/* Grows when a flow with this mark is not what processors have at hand any more. */
volatile __u32 tap_renewed[1 << TAP_RENEWED_BITS];

/*
 * Set before loading. Coefficients of a hash that nobody outside can aim at, and
 * whether our programs run one after the other on each processor, which they do
 * with bottom halves disabled, but not on PREEMPT_RT.
 */
const volatile __u64 tap_secret[9];
const volatile __u8 tap_in_turn;

struct tap_prefixes4 {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TAP_MAX_PREFIXES);
	__type(key, struct tap_prefix4);
	__type(value, __u32);
} prefixes4_0 SEC(".maps"), prefixes4_1 SEC(".maps");

struct tap_prefixes6 {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TAP_MAX_PREFIXES);
	__type(key, struct tap_prefix6);
	__type(value, __u32);
} prefixes6_0 SEC(".maps"), prefixes6_1 SEC(".maps");

struct tap_boxes {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TAP_MAX_BOXES);
	__type(key, struct tap_box_key);
	__type(value, struct tap_box);
} boxes_0 SEC(".maps"), boxes_1 SEC(".maps");

struct tap_macs {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TAP_MAX_MACS);
	__type(key, struct tap_mac);
	__type(value, __u32);
} macs_0 SEC(".maps"), macs_1 SEC(".maps");

#define SLOTS(name, shape)					\
	struct {						\
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);	\
		__uint(max_entries, 2);				\
		__type(key, __u32);				\
		__array(values, struct shape);			\
	} name SEC(".maps") = { .values = { &name##_0, &name##_1 } }

SLOTS(prefixes4, tap_prefixes4);
SLOTS(prefixes6, tap_prefixes6);
SLOTS(boxes, tap_boxes);
SLOTS(macs, tap_macs);

/* Arrays hold both slots one behind the other. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * TAP_MAX_CLASSES);
	__type(key, __u32);
	__type(value, struct tap_class);
} classes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * TAP_MAX_SERVICES);
	__type(key, __u32);
	__type(value, struct tap_services);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct tap_ports);
} ports SEC(".maps");

/*
 * Both slots of each processor in turn; as many as there are processors. A per-CPU
 * map would take two cache lines for each count, which is most of what it costs.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * TAP_MAX_COUNTERS);
	__type(key, __u32);
	__type(value, struct tap_counts);
} permitted SEC(".maps");

/* One of each slot. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct tap_pending);
} pending SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TAP_MAX_FLOWS4);
	__type(key, struct tap_flow4);
	__type(value, struct tap_flow);
} flows4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TAP_MAX_FLOWS6);
	__type(key, struct tap_flow6);
	__type(value, struct tap_flow);
} flows6 SEC(".maps");

/*
 * Of each processor in turn; as many as there are processors. What can be mapped
 * begins on a page (array_map_alloc() in kernel/bpf/arraymap.c), so that an entry
 * is not spread over one cache line more; nobody maps it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1 << TAP_RECENT4_BITS);
	__type(key, __u32);
	__type(value, struct tap_set4);
} recent4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1 << TAP_RECENT6_BITS);
	__type(key, __u32);
	__type(value, struct tap_set6);
} recent6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct tap_station);
	__type(value, __u32);
} stations SEC(".maps");

/* Interface index -> tap + 1, of Ethernet interfaces that have a tap. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TAP_MAX_INTERFACES);
	__type(key, __u32);
	__type(value, __u32);
} tap_of SEC(".maps");

/* And back; 0: the tap is down. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TAP_MAX_INTERFACES);
	__type(key, __u32);
	__type(value, __u32);
} ifindex_of SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TAP_MAX_INTERFACES);
	__type(key, __u32);
	__type(value, struct tap_count);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TAP_EVENT_RING_BYTES);
} events SEC(".maps");

#endif /* KERNEL_HELPERS_TAP_FILTER_MAPS_BPF_H */
