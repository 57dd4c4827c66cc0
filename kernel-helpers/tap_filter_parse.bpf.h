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

/* As far as what UDP or TCP say of their own length, and TCP's flags. */
struct l4_start {
	__be16 sport, dport;
	__be16 udp_length, check;	/* TCP: sequence number */
	__be32 acknowledged;		/* from here on of TCP only */
	__u8 offset, flags;
};

#define UDP_BYTES	8u
#define L4_BYTES	14u	/* of the header above: its structure ends in a hole */

struct start4 {
	__u8 version_ihl, tos;
	__be16 total;
	__be16 id, fragment;
	__u8 ttl, protocol;
	__be16 check;
	__be32 src, dst;
	struct l4_start l4;
};

struct start6 {
	__u8 version, flow[3];
	__be16 payload;
	__u8 next, hops;
	__be32 src[4], dst[4];
	struct l4_start l4;
};

/* Room for a copy. Two bytes in front put the rest where its loads are aligned. */
struct frame {
	__u16 pad;
	struct tap_ether eth;
	union {
		struct start4 v4;
		struct start6 v6;
	};
};

struct packet {
	union {
		union {
			struct tap_flow4 v4;
			struct tap_flow6 v6;
		} key;
		__u32 key_words[10];
		__u64 key_longs[5];
	};
	union {
		__u8 mac[8];	/* of the sender, 0 and 1 behind: no sender is number 0 */
		__u64 mac_number;
		struct { __u32 first; __u16 last, behind; } mac_words;
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
parse_transport(__u32 room, const struct l4_start *l4, struct packet *p)
{
	__u32 size;

	p->sport = bpf_ntohs(l4->sport);
	p->dport = bpf_ntohs(l4->dport);
	p->syn = p->lone_syn = false;
	if (p->protocol == IPPROTO_UDP) {
		size = bpf_ntohs(l4->udp_length);
		p->words = size > UDP_BYTES;
		return size >= UDP_BYTES && size <= room;
	}
	if (p->protocol != IPPROTO_TCP || room < 20)
		return false;
	size = (l4->offset >> 4) * 4;
	p->syn = (l4->flags & TCP_SYN) != 0;
	p->lone_syn = (l4->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	p->words = size < room;
	return size >= 20 && size <= room && tcp_flags_sane(l4->flags);
}

/* A flow whose sender nobody checked yet has the number 0, and so must no sender. */
static __always_inline void
take_mac(const struct tap_ether *eth, struct packet *p)
{
	p->mac_words.first = *(const __u32 *)(const void *)eth->src;
	p->mac_words.last = *(const __u16 *)(const void *)&eth->src[4];
	p->mac_words.behind = bpf_htons(1);
	barrier_var(p->mac_number);	/* one number from here on, not three */
}

static __always_inline bool
parse4(__u32 length, const struct tap_ether *eth, const struct start4 *ip,
    struct packet *p)
{
	__u32 total;

	if (ip->version_ihl != 0x45 || eth->type != bpf_htons(ETH_P_IP) ||
	    (ip->fragment & bpf_htons(0xbfff)) != 0 || (eth->dst[0] & 1) != 0)
		return false;
	total = bpf_ntohs(ip->total);
	if (total < 20 + UDP_BYTES || total > length - ETH_HLEN)
		return false;
	p->family = 4;
	p->protocol = ip->protocol;
	take_mac(eth, p);
	if (!parse_transport(total - 20, &ip->l4, p))
		return false;
	p->key.v4.src = ip->src;
	p->key.v4.dst = ip->dst;
	p->key.v4.sport = ip->l4.sport;
	p->key.v4.dport = ip->l4.dport;
	p->key.v4.protocol = ip->protocol;
	return true;
}

static __always_inline bool
parse6(__u32 length, const struct tap_ether *eth, const struct start6 *ip,
    struct packet *p)
{
	__u32 payload;

	if (ip->version >> 4 != 6 || eth->type != bpf_htons(ETH_P_IPV6) ||
	    (eth->dst[0] & 1) != 0)
		return false;
	payload = bpf_ntohs(ip->payload);
	if (payload < UDP_BYTES || payload > length - ETH_HLEN - 40)
		return false;
	p->family = 6;
	p->protocol = ip->next;
	take_mac(eth, p);
	if (!parse_transport(payload, &ip->l4, p))
		return false;
	__builtin_memcpy(p->key.v6.src, ip->src, 16);
	__builtin_memcpy(p->key.v6.dst, ip->dst, 16);
	p->key.v6.sport = ip->l4.sport;
	p->key.v6.dport = ip->l4.dport;
	p->key.v6.protocol = ip->next;
	return true;
}

/*
 * In one copy where it can be. A frame that is shorter than a copy with TCP's
 * flags has no room for a TCP header: parse_transport() asks first.
 */
static __always_inline bool
load_start(struct __sk_buff *skb, struct frame *f, __u32 to_l4)
{
	if (skb->len >= to_l4 + L4_BYTES)
		return load(skb, 0, &f->eth, to_l4 + L4_BYTES);
	return load(skb, 0, &f->eth, to_l4 + UDP_BYTES);
}

/* False: nothing can be proven of this frame. The copy has a stack of its own. */
static __noinline bool
parse_copy(struct __sk_buff *skb, struct packet *p)
{
	struct frame f = { 0 };

	if (skb->vlan_present)
		return false;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return load_start(skb, &f, ETH_HLEN + 20) &&
		    parse4(skb->len, &f.eth, &f.v4, p);
	return skb->protocol == bpf_htons(ETH_P_IPV6) &&
	    load_start(skb, &f, ETH_HLEN + 40) && parse6(skb->len, &f.eth, &f.v6, p);
}

/*
 * IPv4 of a frame that may be read where it stands: tc programs may. Its headers are
 * in one piece unless a driver left them in fragments of the buffer.
 */
static __always_inline bool
parse_plain4(struct __sk_buff *skb, struct packet *p)
{
	const char *data = (const char *)(long)skb->data;
	const char *end = (const char *)(long)skb->data_end;

	return !skb->vlan_present && skb->protocol == bpf_htons(ETH_P_IP) &&
	    data + ETH_HLEN + sizeof(struct start4) <= end &&
	    parse4(skb->len, (const void *)data, (const void *)(data + ETH_HLEN), p);
}

/* The same, of any frame. */
static __always_inline bool
parse_there(struct __sk_buff *skb, struct packet *p)
{
	const char *data = (const char *)(long)skb->data;
	const char *end = (const char *)(long)skb->data_end;

	if (skb->protocol == bpf_htons(ETH_P_IP) &&
	    data + ETH_HLEN + sizeof(struct start4) <= end)
		return parse_plain4(skb, p);
	if (!skb->vlan_present && skb->protocol == bpf_htons(ETH_P_IPV6) &&
	    data + ETH_HLEN + sizeof(struct start6) <= end)
		return parse6(skb->len, (const void *)data,
		    (const void *)(data + ETH_HLEN), p);
	return parse_copy(skb, p);
}

#endif /* KERNEL_HELPERS_TAP_FILTER_PARSE_BPF_H */
