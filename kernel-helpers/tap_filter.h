/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tap's eBPF filter and tap.c must agree on. Included by both sides:
 * only fixed-size numbers.
 */
#ifndef KERNEL_HELPERS_TAP_FILTER_H
#define KERNEL_HELPERS_TAP_FILTER_H

#include <linux/types.h>

#define TAP_HEAD_BYTES		256	/* of a frame, as TAP_SNAPLEN */
#define TAP_MAX_OWNERS		65536	/* prefixes per family */
#define TAP_MAX_INTERFACES	1024
#define TAP_EVENT_RING_BYTES	(16 << 20)

/* Keys of the owner tables (longest prefix match); address in network order. */
struct tap_owner4 {
	__u32 bits;
	__u8 address[4];
};

struct tap_owner6 {
	__u32 bits;
	__u8 address[16];
};

/* A leaving frame whose true ingress is not the owner of its source address. */
struct tap_event {
	__u64 time_ns;		/* CLOCK_MONOTONIC */
	__u32 ingress;		/* interface index; 0: sent by the gateway itself */
	__u32 egress;		/* interface index */
	__u32 length;		/* on the wire, without a tag kept beside the frame */
	__u32 captured;		/* bytes of head */
	__u16 vlan_tci;		/* of the tag kept beside the frame, host order */
	__u16 vlan_proto;	/* its EtherType, network order */
	__u32 vlan_present;
	__u8 head[TAP_HEAD_BYTES];
};

/* Of one interface: frames that took, or found no room in, the event ring. */
struct tap_event_count {
	__u64 sent;
	__u64 full;
};

#endif /* KERNEL_HELPERS_TAP_FILTER_H */
