/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Socket filters of the tap. Each interface has two packet sockets, one per
 * direction, so that direction is known and not guessed.
 *
 * On the way out a frame still carries the interface it came in by. When that
 * is the one that owns its source address, the frame goes to the packet ring,
 * which cannot carry the number but need not: user space finds the same owner.
 * Every other frame goes to the event ring with the number beside its head.
 * One-sided: whatever is not proven takes the event ring, and when that is
 * full, the packet ring. Nothing is passed over.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "kernel-helpers/tap_filter.h"

#define IPV4_SOURCE 12
#define IPV6_SOURCE 8

char tap_license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TAP_MAX_OWNERS);
	__type(key, struct tap_owner4);
	__type(value, __u32);
} owners4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TAP_MAX_OWNERS);
	__type(key, struct tap_owner6);
	__type(value, __u32);
} owners6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TAP_EVENT_RING_BYTES);
} events SEC(".maps");

/* Interface index -> counts; the keys are there before the filter runs. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TAP_MAX_INTERFACES);
	__type(key, __u32);
	__type(value, struct tap_event_count);
} counts SEC(".maps");

static bool
owned4(struct __sk_buff *skb, __u32 ingress)
{
	struct tap_owner4 key;
	__u8 version;
	__u32 *owner;

	if (bpf_skb_load_bytes_relative(skb, 0, &version, 1, BPF_HDR_START_NET) != 0 ||
	    version >> 4 != 4)
		return false;
	if (bpf_skb_load_bytes_relative(skb, IPV4_SOURCE, key.address,
	    sizeof(key.address), BPF_HDR_START_NET) != 0)
		return false;
	key.bits = 32;
	owner = bpf_map_lookup_elem(&owners4, &key);
	return owner && *owner == ingress;
}

static bool
owned6(struct __sk_buff *skb, __u32 ingress)
{
	struct tap_owner6 key;
	__u8 version;
	__u32 *owner;

	if (bpf_skb_load_bytes_relative(skb, 0, &version, 1, BPF_HDR_START_NET) != 0 ||
	    version >> 4 != 6)
		return false;
	if (bpf_skb_load_bytes_relative(skb, IPV6_SOURCE, key.address,
	    sizeof(key.address), BPF_HDR_START_NET) != 0)
		return false;
	key.bits = 128;
	owner = bpf_map_lookup_elem(&owners6, &key);
	return owner && *owner == ingress;
}

/* The packet ring loses nothing that user space needs to judge this frame. */
static bool
proven(struct __sk_buff *skb)
{
	__u32 ingress = skb->ingress_ifindex;

	if (skb->vlan_present)
		return false;
	switch (bpf_ntohs((__u16)skb->protocol)) {
	case ETH_P_IP:
		return ingress != 0 && owned4(skb, ingress);
	case ETH_P_IPV6:
		return ingress != 0 && owned6(skb, ingress);
	default:
		/* the gateway's own ARP and the like; bridged frames are not */
		return ingress == 0;
	}
}

/* False: the event ring has no room. */
static bool
report(struct __sk_buff *skb)
{
	__u32 egress = skb->ifindex, captured = skb->len, sent = 1;
	struct tap_event_count *count = bpf_map_lookup_elem(&counts, &egress);
	struct tap_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		if (count)
			__sync_fetch_and_add(&count->full, 1);
		return false;
	}
	e->time_ns = bpf_ktime_get_ns();
	e->ingress = skb->ingress_ifindex;
	e->egress = egress;
	e->length = skb->len;
	e->vlan_present = skb->vlan_present;
	e->vlan_tci = (__u16)skb->vlan_tci;
	e->vlan_proto = (__u16)skb->vlan_proto;
	if (captured > TAP_HEAD_BYTES)
		captured = TAP_HEAD_BYTES;
	/* 1..TAP_HEAD_BYTES as the verifier sees it; 0 becomes a load that fails */
	barrier_var(captured);
	captured = ((captured - 1) & (TAP_HEAD_BYTES - 1)) + 1;
	if (bpf_skb_load_bytes(skb, 0, e->head, captured) != 0)
		captured = 0;
	e->captured = captured;
	bpf_ringbuf_submit(e, 0);
	if (count)
		__sync_fetch_and_add(&count->sent, 1);
	/*
	 * Opaque, or the compiler makes of it another test of "e", which was given
	 * away; the verifier refuses that to a loader without CAP_PERFMON.
	 */
	barrier_var(sent);
	return sent;
}

SEC("socket")
int
tap_outgoing(struct __sk_buff *skb)
{
	if (skb->pkt_type != PACKET_OUTGOING)
		return 0;
	return proven(skb) || !report(skb) ? TAP_HEAD_BYTES : 0;
}

/*
 * Frames to other stations show only while somebody else makes the interface
 * promiscuous; the gateway does not forward them, and a bridge that does shows
 * them on the way out.
 */
SEC("socket")
int
tap_incoming(struct __sk_buff *skb)
{
	if (skb->pkt_type == PACKET_OUTGOING || skb->pkt_type == PACKET_OTHERHOST)
		return 0;
	return TAP_HEAD_BYTES;
}
