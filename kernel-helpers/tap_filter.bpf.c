/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tap's programs: what is permitted beyond doubt is counted here, the rest
 * goes to user space. One-sided: whatever is not proven is handed over.
 *
 * Both ways are seen by tcx programs at the heads of the interface's hooks (Linux
 * 6.6), because a bound packet socket costs every packet, proven or not: about five
 * hundredths of forwarding the way in and more the way out, where it takes a copy of
 * every skb. On the way in the hook comes right behind the packet sockets, before
 * netfilter, bridges and VLAN devices, so it sees what they saw, unless a foreign
 * program puts itself before ours and ends the chain. That hides frames from us,
 * and from a packet socket only on the way out; of a redirected frame the way out
 * tells. The watcher holds arrivals against the interface's own count and sends
 * canaries, so a hook that sees nothing any more is noticed. Without tcx packet
 * sockets do it, with the same proof.
 *
 * A packet ring cannot carry the interface a leaving frame came in by; the
 * event ring does. A packet socket of the way out lets the packet ring take
 * frames whose source is owned by their ingress: user space finds the same.
 */
#include <linux/bpf.h>
#include <linux/if_packet.h>

#include "kernel-helpers/tap_filter_flow.bpf.h"

#define TCX_NEXT (-1)

char tap_license[] SEC("license") = "GPL";

enum fate { PASSED, SENT, FULL, SENT_IN, FULL_IN };

static __always_inline void
count_fate(__u32 ifindex, enum fate fate)
{
	int tap = tap_number(ifindex);
	struct tap_count *c = tap < 0 ? NULL : bpf_map_lookup_elem(&counts, &tap);

	if (!c)
		return;
	if (fate == PASSED)
		c->passed++;
	else if (fate == SENT)
		c->sent++;
	else if (fate == SENT_IN)
		c->sent_in++;
	else if (fate == FULL_IN)
		c->full_in++;
	else
		c->full++;
}

/* "size": of the head; a constant where it is called. False: no room. */
static __always_inline bool
report_head(struct __sk_buff *skb, bool leaving, const __u32 size)
{
	struct tap_event *e = bpf_ringbuf_reserve(&events, sizeof(*e) + size, 0);
	__u32 captured = skb->len, here = skb->ifindex, from = skb->ingress_ifindex;

	/* or the compiler makes one load of two fields: at an offset in a register */
	barrier_var(here);
	barrier_var(from);
	if (!e)
		return false;
	e->time_ns = bpf_ktime_get_ns();
	e->ingress = leaving ? from : here;
	e->egress = leaving ? here : 0;
	e->length = skb->len;
	e->vlan_present = skb->vlan_present;
	e->vlan_tci = (__u16)skb->vlan_tci;
	e->vlan_proto = (__u16)skb->vlan_proto;
	if (captured > size)
		captured = size;
	/* 1..size as the verifier sees it; 0 becomes a load that fails */
	barrier_var(captured);
	captured = ((captured - 1) & (size - 1)) + 1;
	if (bpf_skb_load_bytes(skb, 0, e->head, captured) != 0)
		captured = 0;
	e->captured = captured;
	bpf_ringbuf_submit(e, 0);
	return true;
}

/* False: the event ring has no room. */
static __noinline int
report(struct __sk_buff *skb, bool leaving)
{
	/*
	 * Opaque, or the compiler makes of it another test of the record, which was
	 * given away; the verifier refuses that to a loader without CAP_PERFMON.
	 */
	int sent = skb->len <= TAP_HEAD_SMALL ?
	    report_head(skb, leaving, TAP_HEAD_SMALL) :
	    report_head(skb, leaving, TAP_HEAD_BYTES);

	barrier_var(sent);
	return sent;
}

/* NULL: not IP, or nobody's. */
static __always_inline const struct tap_class *
class_of_source(struct __sk_buff *skb, __u32 slot)
{
	bool four = skb->protocol == bpf_htons(ETH_P_IP);
	__be32 address[4] = { 0 };
	int error;

	if (skb->vlan_present || (!four && skb->protocol != bpf_htons(ETH_P_IPV6)))
		return NULL;
	if (four)
		error = bpf_skb_load_bytes_relative(skb, 12, address, 4,
		    BPF_HDR_START_NET);
	else
		error = bpf_skb_load_bytes_relative(skb, 8, address, 16,
		    BPF_HDR_START_NET);
	return error == 0 ? class_of(slot, four ? 4 : 6, address) : NULL;
}

/* The packet ring loses nothing that user space needs to judge this frame. */
static __always_inline bool
from_owner(struct __sk_buff *skb)
{
	__u64 word = tap_control;
	const struct tap_class *class = word != 0 ? class_of_source(skb, word & 1) : NULL;
	int tap = tap_number(skb->ingress_ifindex);

	return class && tap >= 0 && class->tap == (__u32)tap + 1;
}

/* The way out where there is no tcx. */
SEC("socket")
int
tap_outgoing(struct __sk_buff *skb)
{
	if (skb->pkt_type != PACKET_OUTGOING || prove_copied(skb, true))
		return 0;
	if (!from_owner(skb)) {
		if (report(skb, true)) {
			count_fate(skb->ifindex, SENT);
			return 0;
		}
		count_fate(skb->ifindex, FULL);
	}
	count_fate(skb->ifindex, PASSED);
	return TAP_HEAD_BYTES;
}

/* Changes nothing, ends nothing: whoever comes behind us sees the same frame. */
SEC("tc")
int
tap_leaving(struct __sk_buff *skb)
{
	if (!prove(skb, true))
		count_fate(skb->ifindex, report(skb, true) ? SENT : FULL);
	return TCX_NEXT;
}

/* What is not looked at here: tap_incoming(). */
SEC("tc")
int
tap_entering(struct __sk_buff *skb)
{
	if (skb->pkt_type == PACKET_OTHERHOST)
		return TCX_NEXT;
	if (skb->pkt_type != PACKET_HOST || !prove(skb, false))
		count_fate(skb->ifindex, report(skb, false) ? SENT_IN : FULL_IN);
	return TCX_NEXT;
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
	if (skb->pkt_type == PACKET_HOST && prove_copied(skb, false))
		return 0;
	count_fate(skb->ifindex, PASSED);
	return TAP_HEAD_BYTES;
}
