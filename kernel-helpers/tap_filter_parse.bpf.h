/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads one frame as far as a proof needs it. Only what has a single reading:
 * plain Ethernet, IPv4 without options or IPv6 without extension headers, whole,
 * TCP or UDP, lengths that agree. All else is not ours to prove.
 */
#ifndef KERNEL_HELPERS_TAP_FILTER_PARSE_BPF_H
#define KERNEL_HELPERS_TAP_FILTER_PARSE_BPF_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "kernel-helpers/tap_filter.h"

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

struct tap_ether {
	__u8 dst[6], src[6];
	__be16 type;
};

/* Ports and the eight bytes that UDP and TCP have alike in length. */
struct l4_start {
	__be16 sport, dport;
	__be16 udp_length, check;	/* TCP: sequence number */
};

/* Two bytes in front put the rest where its loads are aligned. */
struct frame4 {
	__u16 pad;
	struct tap_ether eth;
	__u8 version_ihl, tos;
	__be16 total;
	__be16 id, fragment;
	__u8 ttl, protocol;
	__be16 check;
	__be32 src, dst;
	struct l4_start l4;
};

struct frame6 {
	__u16 pad;
	struct tap_ether eth;
	__u8 version, flow[3];
	__be16 payload;
	__u8 next, hops;
	__be32 src[4], dst[4];
	struct l4_start l4;
};

struct packet {
	union {
		struct tap_flow4 v4;
		struct tap_flow6 v6;
	} key;
	union {
		__u8 mac[8];	/* of the sender, 0 and 1 behind: no sender is number 0 */
		__u64 mac_number;
	};
	__u16 family;		/* 4, 6 */
	__u16 sport, dport;	/* host order */
	__u8 protocol;
	bool syn, lone_syn;	/* lone: without ACK */
	bool words;		/* something stands behind the headers */
};

/*
 * Keeps the compiler from making one instruction with a variable operand of what
 * two branches do alike: a look-up is inlined only for one map, and a loader
 * without CAP_PERFMON may add only one constant to a pointer at one place.
 */
#define KEEP_APART asm volatile("" ::: "memory")

static __always_inline bool
load(struct __sk_buff *skb, __u32 at, void *to, __u32 size)
{
	return bpf_skb_load_bytes_relative(skb, at, to, size, BPF_HDR_START_MAC) == 0;
}

/* Flags that occur together in a sane segment, opening or not. */
static __always_inline bool
tcp_flags_sane(__u8 flags)
{
	if (flags & TCP_SYN)
		return (flags & (TCP_FIN | TCP_RST)) == 0;
	return (flags & (TCP_ACK | TCP_RST)) != 0 &&
	    (flags & (TCP_FIN | TCP_RST)) != (TCP_FIN | TCP_RST);
}

/* "room": bytes of the IP packet from the transport header on. */
static __always_inline bool
parse_transport(struct __sk_buff *skb, __u32 at, __u32 room, const struct l4_start *l4,
    struct packet *p)
{
	__u8 tcp[2];		/* data offset, flags */
	__u32 size;

	p->sport = bpf_ntohs(l4->sport);
	p->dport = bpf_ntohs(l4->dport);
	p->syn = p->lone_syn = false;
	if (p->protocol == IPPROTO_UDP) {
		size = bpf_ntohs(l4->udp_length);
		p->words = size > 8;
		return size >= 8 && size <= room;
	}
	if (p->protocol != IPPROTO_TCP || room < 20 || !load(skb, at + 12, tcp, 2))
		return false;
	size = (tcp[0] >> 4) * 4;
	p->syn = (tcp[1] & TCP_SYN) != 0;
	p->lone_syn = (tcp[1] & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	p->words = size < room;
	return size >= 20 && size <= room && tcp_flags_sane(tcp[1]);
}

/* A flow whose sender nobody checked yet has the number 0, and so must no sender. */
static __always_inline void
take_mac(const struct tap_ether *eth, struct packet *p)
{
	__builtin_memcpy(p->mac, eth->src, 6);
	p->mac[6] = 0;
	p->mac[7] = 1;
}

static __always_inline bool
parse4(struct __sk_buff *skb, struct packet *p)
{
	struct frame4 f;
	__u32 total;

	if (!load(skb, 0, &f.eth, sizeof(f) - sizeof(f.pad)))
		return false;
	/* cppcheck-suppress uninitvar ; load() has filled it */
	if (f.version_ihl != 0x45 || f.eth.type != bpf_htons(ETH_P_IP) ||
	    (f.fragment & bpf_htons(0xbfff)) != 0 ||
	    (f.eth.dst[0] & 1) != 0)
		return false;
	total = bpf_ntohs(f.total);
	if (total < 28 || total > skb->len - ETH_HLEN)
		return false;
	p->family = 4;
	p->protocol = f.protocol;
	take_mac(&f.eth, p);
	if (!parse_transport(skb, ETH_HLEN + 20, total - 20, &f.l4, p))
		return false;
	p->key.v4.src = f.src;
	p->key.v4.dst = f.dst;
	p->key.v4.sport = f.l4.sport;
	p->key.v4.dport = f.l4.dport;
	p->key.v4.protocol = f.protocol;
	return true;
}

static __always_inline bool
parse6(struct __sk_buff *skb, struct packet *p)
{
	struct frame6 f;
	__u32 payload;

	if (!load(skb, 0, &f.eth, sizeof(f) - sizeof(f.pad)))
		return false;
	/* cppcheck-suppress uninitvar ; load() has filled it */
	if (f.version >> 4 != 6 || f.eth.type != bpf_htons(ETH_P_IPV6) ||
	    (f.eth.dst[0] & 1) != 0)
		return false;
	payload = bpf_ntohs(f.payload);
	if (payload < 8 || payload > skb->len - ETH_HLEN - 40)
		return false;
	p->family = 6;
	p->protocol = f.next;
	take_mac(&f.eth, p);
	if (!parse_transport(skb, ETH_HLEN + 40, payload, &f.l4, p))
		return false;
	__builtin_memcpy(p->key.v6.src, f.src, 16);
	__builtin_memcpy(p->key.v6.dst, f.dst, 16);
	p->key.v6.sport = f.l4.sport;
	p->key.v6.dport = f.l4.dport;
	p->key.v6.protocol = f.next;
	return true;
}

/* False: nothing can be proven of this frame. */
static __always_inline bool
parse(struct __sk_buff *skb, struct packet *p)
{
	if (skb->vlan_present)
		return false;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return parse4(skb, p);
	return skb->protocol == bpf_htons(ETH_P_IPV6) && parse6(skb, p);
}

#endif /* KERNEL_HELPERS_TAP_FILTER_PARSE_BPF_H */
