/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proof of one frame. A flow's entry remembers what the policy said of one
 * direction, so that a later frame costs one look-up; it proves only frames of
 * exactly this 5-tuple between exactly these two interfaces.
 *
 * Packets that a permit holds in their own direction make their entry. Those of
 * the other direction are answers: their entry needs the opener's, and a lone
 * SYN among them is never proven.
 */
#ifndef KERNEL_HELPERS_TAP_FILTER_FLOW_BPF_H
#define KERNEL_HELPERS_TAP_FILTER_FLOW_BPF_H

#include "kernel-helpers/tap_filter_count.bpf.h"
#include "kernel-helpers/tap_filter_policy.bpf.h"
#include "kernel-helpers/tap_filter_recent.bpf.h"
#include "kernel-helpers/tap_ports.h"

/* Where a frame was seen. */
struct place {
	__u64 word;		/* tap_control */
	__u64 hash;		/* recent_hash() */
	__u32 now, renewed;	/* ticks; tap_renewed before the flow was looked at */
	__u32 ingress, egress;	/* interface indexes; egress: of leaving frames only */
	bool leaving;
};

static __always_inline struct tap_flow *
flow_find(const struct packet *p)
{
	struct tap_flow *f;

	if (p->family == 4) {
		f = bpf_map_lookup_elem(&flows4, &p->key.v4);
		KEEP_APART;
	} else {
		f = bpf_map_lookup_elem(&flows6, &p->key.v6);
	}
	return f;
}

static __always_inline const struct tap_class *
class_of_src(__u32 slot, const struct packet *p)
{
	return class_of(slot, p->family, p->key_words);
}

static __always_inline const struct tap_class *
class_of_dst(__u32 slot, const struct packet *p)
{
	const struct tap_class *class;

	if (p->family == 4) {
		class = class_of(slot, 4, &p->key.v4.dst);
		KEEP_APART;
	} else {
		class = class_of(slot, 6, p->key.v6.dst);
	}
	return class;
}

static __noinline struct tap_flow *
flow_find_back(const struct packet *p)
{
	if (p->family == 4) {
		struct tap_flow4 back = {
			.src = p->key.v4.dst, .dst = p->key.v4.src,
			.sport = p->key.v4.dport, .dport = p->key.v4.sport,
			.protocol = p->key.v4.protocol,
		};

		return bpf_map_lookup_elem(&flows4, &back);
	}
	struct tap_flow6 back = {
		.sport = p->key.v6.dport, .dport = p->key.v6.sport,
		.protocol = p->key.v6.protocol,
	};

	__builtin_memcpy(back.src, p->key.v6.dst, 16);
	__builtin_memcpy(back.dst, p->key.v6.src, 16);
	return bpf_map_lookup_elem(&flows6, &back);
}

static __always_inline bool
flow_idle(const struct tap_flow *f, const struct packet *p, const struct place *at)
{
	__u32 most = p->protocol == IPPROTO_UDP ? TAP_IDLE_UDP : TAP_IDLE_TCP;

	/* another processor may have seen it a tick later */
	return (__s32)(at->now - f->seen) > (__s32)most;
}

/* Ports whose packets carry packets: user space reads the inner ones. */
static __always_inline bool
tunnel_port(__u16 port)
{
	return port == 4789 || port == 6081 || port == 2152 || port == 3544;
}

/* First packets of a connection in which user space looks for words, by port. */
static __always_inline __u8
look_at_port(__u16 port)
{
	/* names and leases: all of them */
	if (port == 53 || port == 67 || port == 68 || port == 546 || port == 547)
		return TAP_LOOK_ALL;
	return tap_port_looked_into(port) ? TAP_SHOW_PACKETS : 0;
}

/* Names, leases, TLS and what goes in the clear; that may be on any port of TCP. */
static __always_inline __u8
look_at(const struct packet *p)
{
	__u8 one = look_at_port(p->sport), other = look_at_port(p->dport);
	__u8 least = p->protocol == IPPROTO_TCP ? TAP_SHOW_OPENING : 0;

	if (one < other)
		one = other;
	return one < least ? least : one;
}

/* Index of a tap with that interface; -1. */
static __always_inline int
tap_number(__u32 ifindex)
{
	__u32 *tap = bpf_map_lookup_elem(&tap_of, &ifindex);

	return tap ? (int)*tap - 1 : -1;
}

static __always_inline __u32
tap_ifindex(__u32 tap)
{
	__u32 *ifindex = bpf_map_lookup_elem(&ifindex_of, &tap);

	return ifindex ? *ifindex : 0;
}

/* True: each end is owned by the segment it speaks on, and they differ. */
static __always_inline bool
places_right(const struct place *at, const struct tap_class *src,
    const struct tap_class *dst, struct tap_flow *f)
{
	if (src->tap == 0 || dst->tap == 0 || src->tap == dst->tap)
		return false;
	f->tap_in = (__u16)(src->tap - 1);
	f->tap_out = (__u16)(dst->tap - 1);
	f->ingress = tap_ifindex(src->tap - 1);
	f->egress = tap_ifindex(dst->tap - 1);
	return f->ingress != 0 && f->ingress == at->ingress && f->egress != 0 &&
	    (!at->leaving || f->egress == at->egress);
}

/* Was the flow opened from the other end, by a packet that a permit held? */
static __always_inline bool
opened_there(const struct packet *p, const struct place *at)
{
	const struct tap_flow *back = flow_find_back(p);

	return back && back->may_open && !flow_idle(back, p, at);
}

/* The counter of these packets, as of a permit's own or as answers; 0: not proven. */
static __always_inline __u32
judge_flow(const struct packet *p, const struct place *at, struct question *q,
    struct tap_flow *f)
{
	const struct tap_class *src = q->src;

	q->sport = p->sport;
	q->dport = p->dport;
	q->protocol = p->protocol;
	if (!find(q))
		return 0;
	if (q->best.permit != 0) {
		f->may_open = 1;
		return q->best.counter != 0 ? (q->best.counter - 1) * 2 + 1 : 0;
	}
	q->src = q->dst;
	q->dst = src;
	q->sport = p->dport;
	q->dport = p->sport;
	if (!find(q) || q->best.counter == 0 || !opened_there(p, at))
		return 0;
	return (q->best.counter - 1) * 2 + 2;
}

/* May this address speak from this MAC? */
static __noinline bool
mac_right(const struct packet *p, __u32 tap, __u32 slot)
{
	struct tap_mac key = { .tap = tap, .family = p->family };
	void *table = bpf_map_lookup_elem(&macs, &slot);
	const struct tap_class *class = class_of_src(slot, p);

	if (!class || !table)
		return false;
	if ((class->flags & TAP_CLASS_BOUND) == 0)
		return (class->flags & TAP_CLASS_REGISTERED) == 0;
	if (p->family == 4) {
		__builtin_memcpy(key.address, &p->key.v4.src, 4);
		KEEP_APART;
	} else {
		__builtin_memcpy(key.address, p->key.v6.src, 16);
	}
	__builtin_memcpy(key.mac, p->mac, 6);
	return bpf_map_lookup_elem(table, &key) != NULL;
}

/*
 * Make the entry of packets that have none, or one that counts no more. Who comes
 * in with a wrong MAC opens nothing that an answer could pass by.
 */
static __noinline bool
flow_open(const struct packet *p, const struct place *at)
{
	__u32 slot = at->word & 1;
	struct tap_flow f = { .word = at->word, .seen = at->now };
	struct question q = { .slot = slot };

	if (p->protocol == IPPROTO_UDP &&
	    (tunnel_port(p->sport) || tunnel_port(p->dport)))
		return false;
	q.src = class_of_src(slot, p);
	q.dst = class_of_dst(slot, p);
	if (!q.src || !q.dst || !places_right(at, q.src, q.dst, &f) ||
	    (!at->leaving && !mac_right(p, f.tap_in, slot)))
		return false;
	f.counter = judge_flow(p, at, &q, &f);
	if (f.counter == 0)
		return false;
	f.look = look_at(p);
	if (p->family == 4)
		return bpf_map_update_elem(&flows4, &p->key.v4, &f, BPF_ANY) == 0;
	return bpf_map_update_elem(&flows6, &p->key.v6, &f, BPF_ANY) == 0;
}

/* True once in TAP_SHOW_STATION for each interface and MAC. */
static __noinline bool
station_due(const struct packet *p, const struct place *at)
{
	struct tap_station key = { .ifindex = at->ingress };
	__u32 *shown;

	__builtin_memcpy(key.mac, p->mac, 6);
	shown = bpf_map_lookup_elem(&stations, &key);
	if (shown && at->now - *shown < TAP_SHOW_STATION)
		return false;
	bpf_map_update_elem(&stations, &key, &at->now, BPF_ANY);
	return true;
}

/*
 * A frame that came in from a right MAC, of a proven flow: false when user space
 * wants to see it. With SYN another connection of the same ports begins.
 */
static __always_inline bool
hidden(const struct packet *p, const struct place *at, struct tap_flow *f)
{
	if (p->syn) {
		if (f->shown != 0)
			recent_renew(at->hash);
		f->shown = 0;
		return false;
	}
	if (f->mac != p->mac_number) {
		if (f->mac != 0)
			recent_renew(at->hash);
		f->mac = p->mac_number;
		f->showed = at->now;
		station_due(p, at);
		return false;
	}
	if (f->look == TAP_LOOK_ALL)
		return false;
	/* empty segments use up nothing: there is nothing in them to be looked into */
	if (p->words && f->shown < f->look) {
		f->shown++;
		return false;
	}
	if (at->now - f->showed < TAP_SHOW_STATION)
		return true;
	f->showed = at->now;
	return !station_due(p, at);
}

/* The tables of this moment; false: there are none. */
static __always_inline bool
look_around(struct __sk_buff *skb, bool leaving, struct place *at)
{
	__u64 now;

	at->word = tap_control;
	if (at->word == 0)
		return false;
	now = bpf_ktime_get_coarse_ns();
	if (now >= tap_until_ns[at->word & 1])
		return false;
	at->now = (__u32)(now >> TAP_TICK_SHIFT);
	at->leaving = leaving;
	at->ingress = leaving ? skb->ingress_ifindex : skb->ifindex;
	at->egress = leaving ? skb->ifindex : 0;
	return at->ingress != 0;
}

/* Is nothing left to show of the flow's packets in this tick, from its sender? */
static __always_inline bool
quiet(const struct tap_flow *f, const struct place *at)
{
	return f->look != TAP_LOOK_ALL && f->shown >= f->look &&
	    at->now - f->showed < TAP_SHOW_STATION;
}

/* Of a flow that was proven in this tick, with nothing changed since. */
static __always_inline __u64
when(const struct place *at)
{
	return (__u64)at->renewed << 32 | at->now;
}

static __noinline int
keep_at_hand(const struct packet *p, const struct place *at, const struct tap_flow *f)
{
	const struct tap_recent of = {
		.word = at->word, .when = when(at), .mac = quiet(f, at) ? f->mac : 0,
		.ingress = f->ingress, .egress = f->egress, .counter = f->counter,
		.tap_in = f->tap_in, .tap_out = f->tap_out,
	};

	return tap_in_turn ? recent_put(p, at->hash, &of) : 0;
}

/* Proven in this tick: the same flow, the same policy, the same way. */
static __always_inline bool
is_recent(const struct tap_recent *r, const struct packet *p, const struct place *at)
{
	if (!r || r->word != at->word || r->when != when(at) || r->ingress != at->ingress)
		return false;
	return at->leaving ? r->egress == at->egress : r->mac == p->mac_number;
}

/* What is forwarded is counted where it leaves. */
static __always_inline void
count_frame(struct __sk_buff *skb, const struct place *at, __u32 tap, __u32 counter)
{
	count_proven(tap, at->leaving);
	if (at->leaving)
		count_permitted(skb, at->word, counter);
}

static __always_inline void
place_flow(const struct packet *p, struct place *at)
{
	at->hash = recent_hash(p);
	at->renewed = tap_renewed[recent_mark(at->hash)];
}

/* As the flow's own entry says. */
static __always_inline bool
prove_by_flow(struct __sk_buff *skb, const struct packet *p, const struct place *at)
{
	const bool leaving = at->leaving;
	struct tap_flow *f = flow_find(p);

	if (!f || f->word != at->word || flow_idle(f, p, at)) {
		if (!flow_open(p, at) || !leaving)
			return false;
		f = flow_find(p);
		if (!f)
			return false;
	}
	if (f->counter == 0 || f->ingress != at->ingress ||
	    (leaving && f->egress != at->egress) || (p->lone_syn && !f->may_open))
		return false;
	if (!leaving && f->mac != p->mac_number &&
	    !mac_right(p, f->tap_in, at->word & 1))
		return false;
	if (f->seen != at->now)
		f->seen = at->now;
	if (!leaving && !hidden(p, at, f))
		return false;
	count_frame(skb, at, leaving ? f->tap_out : f->tap_in, f->counter);
	keep_at_hand(p, at, f);
	return true;
}

static __always_inline bool
count_recent(struct __sk_buff *skb, const struct place *at, const struct tap_recent *r)
{
	count_frame(skb, at, at->leaving ? r->tap_out : r->tap_in, r->counter);
	return true;
}

static __always_inline bool
prove_parsed(struct __sk_buff *skb, const struct packet *p, struct place *at)
{
	const struct tap_recent *r = NULL;

	place_flow(p, at);
	/* with SYN another connection begins: its flow forgets what it showed */
	if (tap_in_turn && !p->syn && p->family == 6)
		r = recent6_find(p, at->hash);
	else if (tap_in_turn && !p->syn)
		r = recent4_find(p, at->hash);
	return is_recent(r, p, at) ? count_recent(skb, at, r) : prove_by_flow(skb, p, at);
}

/* Of any frame. From a copy of its headers. */
static __always_inline bool
prove_copied(struct __sk_buff *skb, bool leaving)
{
	struct packet p = { 0 };
	struct place at;

	return look_around(skb, leaving, &at) && parse_copy(skb, &p) &&
	    prove_parsed(skb, &p, &at);
}

/* The same for tc programs: each has one of the two below, out of its way. */
static __always_inline bool
prove_there(struct __sk_buff *skb, bool leaving)
{
	struct packet p = { 0 };
	struct place at;

	return look_around(skb, leaving, &at) && parse_there(skb, &p) &&
	    prove_parsed(skb, &p, &at);
}

static __noinline int
prove_leaving(struct __sk_buff *skb)
{
	return prove_there(skb, true);
}

static __noinline int
prove_entering(struct __sk_buff *skb)
{
	return prove_there(skb, false);
}

/*
 * What nearly every frame is: IPv4, of a flow that is at hand. Apart from all else,
 * so that the code it takes is short and lies in one piece: a forwarded packet finds
 * nothing of it in the processor's first cache.
 */
static __always_inline bool
prove_recent(struct __sk_buff *skb, bool leaving)
{
	const struct tap_recent *r;
	struct packet p;
	struct place at;

	if (!tap_in_turn || !look_around(skb, leaving, &at) || !parse_plain4(skb, &p) ||
	    p.syn)
		return false;
	place_flow(&p, &at);
	r = recent4_find(&p, at.hash);
	return is_recent(r, &p, &at) && count_recent(skb, &at, r);
}

/*
 * True: permitted beyond doubt, counted, and nobody needs to see it. For tc programs;
 * others ask prove_copied().
 */
static __always_inline bool
prove(struct __sk_buff *skb, bool leaving)
{
	return prove_recent(skb, leaving) ||
	    (leaving ? prove_leaving(skb) : prove_entering(skb));
}

#endif /* KERNEL_HELPERS_TAP_FILTER_FLOW_BPF_H */
