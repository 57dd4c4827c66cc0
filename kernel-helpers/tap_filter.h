/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tap's eBPF programs and their loader must agree on. Included by
 * both sides: only fixed-size numbers.
 *
 * A policy stands in one of two slots of every table. The control word says
 * which one counts: 0 for none, else its generation * 2 + slot. A flow that was
 * proven under another word is proven anew.
 */
#ifndef KERNEL_HELPERS_TAP_FILTER_H
#define KERNEL_HELPERS_TAP_FILTER_H

#include <linux/types.h>

#define TAP_HEAD_BYTES		512	/* of a frame: TAP_SNAPLEN */
#define TAP_HEAD_SMALL		128	/* frames up to this take a smaller event */
#define TAP_MAX_INTERFACES	1024
#define TAP_EVENT_RING_BYTES	(32 << 20)

/* Each of one slot, but flows: they are shared. */
#define TAP_MAX_PREFIXES	(1 << 18)	/* per family */
#define TAP_MAX_CLASSES		(1 << 16)
#define TAP_MAX_SERVICES	(1 << 12)
#define TAP_MAX_BOXES		(1 << 18)
#define TAP_MAX_MACS		(1 << 18)
#define TAP_MAX_COUNTERS	(1 << 15)
#define TAP_MAX_FLOWS4		(1 << 18)
#define TAP_MAX_FLOWS6		(1 << 16)

/* Sets of flows that each processor has at hand, and marks of changed ones. */
#define TAP_RECENT4_BITS	12
#define TAP_RECENT6_BITS	10
#define TAP_RECENT_WAYS		4	/* flows in a set */
#define TAP_RENEWED_BITS	10

/* Ranges that one address, and services that one port may stand in. */
#define TAP_LIST		8

/* One tick: 2^30 ns, about a second. */
#define TAP_TICK_SHIFT		30
#define TAP_IDLE_UDP		168	/* ticks: 180 s, as conntrack's assured streams */
#define TAP_IDLE_TCP		6929	/* 7,440 s: RFC 5382 REQ-5 */
#define TAP_SHOW_STATION	56	/* 60 s: a station is shown to user space again */
/* First packets with content that are shown, beside those that make the entry. */
#define TAP_SHOW_PACKETS	8	/* on a port that is looked into */
#define TAP_SHOW_OPENING	2	/* on any other of TCP: who speaks first, and what */
#define TAP_LOOK_ALL		255

/* Keys of the address tables (longest prefix match); address in network order. */
struct tap_prefix4 {
	__u32 bits;
	__u8 address[4];
};

struct tap_prefix6 {
	__u32 bits;
	__u8 address[16];
};

#define TAP_CLASS_UNKNOWN	0	/* in tables of classes: nothing is proven */
#define TAP_CLASS_BOUND		0x1	/* the source address has MAC bindings */
#define TAP_CLASS_REGISTERED	0x2	/* only bound stations belong there */

/* All addresses that no box tells apart. The lists hold numbers of ranges. */
struct tap_class {
	__u32 tap;		/* of the segment that owns them, + 1 */
	__u32 flags;
	__u32 n_src, n_dst;	/* ranges of sources and of destinations of boxes */
	__u32 src[TAP_LIST], dst[TAP_LIST];
};

/* A service of a box, where its destination port matches. */
struct tap_service {
	__u32 number;
	__u16 sport_first, sport_last;
};

/* All destination ports that no service tells apart. */
struct tap_services {
	__u32 n;
	__u32 known;		/* 0: TAP_CLASS_UNKNOWN */
	struct tap_service service[TAP_LIST];
};

/* Port -> index into the services; one table for each protocol. */
struct tap_ports {
	__u16 services[65536];
};

#define TAP_PORT_TABLE(slot, udp)	((slot) * 2 + (udp))

struct tap_box_key {
	__u32 src, dst, service;
};

struct tap_box {
	__u32 permit;		/* index + 1 in the policy; the least holds a packet */
	__u32 counter;		/* + 1; 0: nobody counts it, so it is not proven */
};

/* Where a source address may speak from. */
struct tap_mac {
	__u32 tap;
	__u8 address[16];	/* IPv4: the first four, the rest 0 */
	__u8 mac[6];
	__u16 family;		/* 4, 6 */
};

/* Of one counter: the packets as the permit says, and the answers. */
struct tap_counts {
	__u64 packets[2], bytes[2];
};

/* One direction of a flow, as its packets say it, in network order. */
struct tap_flow4 {
	__be32 src, dst;
	__be16 sport, dport;
	__u32 protocol;
};

struct tap_flow6 {
	__be32 src[4], dst[4];
	__be16 sport, dport;
	__u32 protocol;
};

/* What was proven of its packets. */
struct tap_flow {
	__u64 word;		/* control word it was proven under */
	__u64 mac;		/* of the sender, checked; 0: not yet */
	__u32 ingress, egress;	/* interface indexes */
	__u32 counter;		/* (index * 2 + answers) + 1; 0: not proven */
	__u32 seen;		/* ticks */
	__u32 showed;		/* ticks: when the sender's station was looked up */
	__u16 tap_in, tap_out;
	__u8 may_open;		/* a permit holds them as openings; 0: answers */
	__u8 shown, look;	/* first packets shown; how many are to be */
	__u8 zero;
};

/*
 * What a processor has at hand of a flow, for the tick it looked in. No other one
 * reads or writes it. Zero proves nothing: no control word is 0.
 */
struct tap_recent {
	__u64 word;		/* as in tap_flow */
	__u64 when;		/* ticks, and above them tap_renewed of the flow's mark */
	__u64 mac;		/* of the sender, nothing to show of it; 0: ask the flow */
	__u32 ingress, egress, counter;
	__u16 tap_in, tap_out;
};

/* One and two cache lines; the key as the flow's table has it. */
struct tap_recent4 {
	__u64 key[2];
	struct tap_recent of;
	__u64 zero;
};

struct tap_recent6 {
	__u64 key[5];
	struct tap_recent of;
	__u64 zero[6];
};

/* Whose hashes choose the same. */
struct tap_set4 {
	struct tap_recent4 way[TAP_RECENT_WAYS];
};

struct tap_set6 {
	struct tap_recent6 way[TAP_RECENT_WAYS];
};

/*
 * Packets of one slot on one processor that its counters have not got yet. They get
 * all of a full round at once: each of them is a line of memory that no cache has,
 * and the processor waits for many of those in the time of one.
 */
#define TAP_PENDING		32u	/* packets in a round: a power of two */
#define TAP_PENDING_COUNTER	32	/* bits of an entry; below: bytes */
#define TAP_PENDING_ROUND	50
#define TAP_PENDING_ROUND_MASK	0x3fffu

struct tap_pending {
	__u64 n;		/* of all rounds; those of full rounds are counted */
	__u64 entry[TAP_PENDING];	/* counter as in tap_flow, less 1; its round */
};

/* An end of a frame that came in: when it was last shown to user space. */
struct tap_station {
	__u32 ifindex;
	__u8 mac[6];
	__u16 zero;
};

/*
 * A frame at a tcx hook that is not proven, or a leaving one at a packet socket
 * that would not carry its ingress. The head is as long as the record; its
 * first "captured" bytes are the frame's.
 */
struct tap_event {
	__u64 time_ns;		/* CLOCK_MONOTONIC */
	__u32 ingress;		/* interface index; 0: sent by the gateway itself */
	__u32 egress;		/* interface index; 0: it came in */
	__u32 length;		/* on the wire, without a tag kept beside the frame */
	__u32 captured;		/* bytes of head */
	__u16 vlan_tci;		/* of the tag kept beside the frame, host order */
	__u16 vlan_proto;	/* its EtherType, network order */
	__u32 vlan_present;
	__u8 head[];
};

/* Of one tap, on one processor. */
struct tap_count {
	__u64 proven_in, proven_out;	/* frames not handed over */
	__u64 passed;		/* frames handed to the packet sockets' rings */
	__u64 sent, sent_in;	/* frames handed to the event ring: left, came in */
	__u64 full, full_in;	/* frames the event ring had no room for */
};

#endif /* KERNEL_HELPERS_TAP_FILTER_H */
