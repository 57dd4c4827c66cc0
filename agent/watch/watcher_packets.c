/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a tap or the gate hands over, brought to the packet path (inspect.h): where
 * a frame was seen, what the policy before excuses, and packets that took a detour.
 */
#include "agent/watch/cursor.h"
#include "agent/watch/decode.h"
#include "agent/watch/flow_table.h"
#include "agent/watch/inspect.h"
#include "agent/watch/watcher_state.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <net/ethernet.h>
#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

/* Datagrams of NFLOG in one round; each holds up to 128 KiB of packets. */
#define GATE_ROUND 64u

/*
 * Rings are read in turn, so an answer can be read before its question. A block is
 * handed over after 10 ms at the latest; the rest is for a reader that lags.
 */
#define PATIENCE_NS 500000000ll

/* After a tag that nobody takes the kernel is asked for VLAN devices, this often at most. */
#define VLANS_SOON_NS 100000000ll

#define TAG_BYTES 4u

/* flow_where of a frame: indexes of the tap set, or SEGMENT_SELF, SEGMENT_NONE, or: */
#define INGRESS_BY_SOURCE 0xfffdu

/* ---- where a frame was seen -------------------------------------------------- */

static uint16_t
segment_of(const struct watch_policy *p, uint16_t tap)
{
	return tap < LIMIT_SEGMENTS ? p->segment_of_tap[tap] : tap;
}

/* Sources that no router passes on: the gateway's own words to its neighbours. */
static bool
is_neighbourly(const struct ip_addr *a)
{
	if (a->value == 0)
		return true;
	return a->family == IP_V6 ? a->value >> 118 == 0xfe80 >> 6 :
	    a->value >> 16 == 0xa9fe;	/* 169.254.0.0/16 */
}

/*
 * "in" of a leaving frame whose ingress nobody noted: the owner of its source.
 * The eBPF filter sends frames without IP here only when the gateway made them.
 */
static uint16_t
guess_ingress(const struct watcher *w, const struct watch_policy *p,
    const struct facts *f)
{
	bool own_frame = f->src.family == IP_NONE || is_neighbourly(&f->src) ||
	    ((f->flags & FACT_ARP) && tap_set_tier(w->setup->taps) >= TAP_TIER_EBPF);

	return own_frame ? SEGMENT_SELF : classifier_owner(p->classifier, &f->src);
}

/* Who takes the outermost tag of a frame: the VLAN devices that are on its interface. */
static enum watch_tag
tag_of(const struct watcher *w, const struct inspect_frame *frame, const struct facts *f)
{
	int at = watch_judge_tag(f);
	const uint8_t *tag;

	if (at < 0 || frame->link_type != DLT_EN10MB)
		return WATCH_TAG_FOREIGN;
	/* decoding has read it, so the bytes are there */
	tag = frame->bytes + (size_t)2 * ETHER_ADDR_LEN + (size_t)at * TAG_BYTES;
	return tap_set_carries_vlan(w->setup->taps, frame->where.tap, read_be16(tag),
	    (uint16_t)(f->vlan[at] - 1)) ? WATCH_TAG_DEVICE : WATCH_TAG_FOREIGN;
}

/* By one policy; the same interface may be another segment in the next. */
static struct watch_seen
seen_by(const struct watcher *w, const struct watch_policy *p,
    const struct inspect_frame *frame, const struct facts *f)
{
	const struct flow_where *at = &frame->where;
	struct watch_seen seen = { WITNESS_TAP_INGRESS, SEGMENT_NONE, SEGMENT_NONE, "",
	    tag_of(w, frame, f) };

	if (frame->gate_reason != NULL) {
		seen.witness = WITNESS_GATE;
		seen.gate_reason = frame->gate_reason;
		seen.in = segment_of(p, at->ingress);
		seen.out = segment_of(p, at->tap);
	} else if (at->outgoing) {
		seen.witness = WITNESS_TAP_EGRESS;
		seen.in = at->ingress == INGRESS_BY_SOURCE ? guess_ingress(w, p, f) :
		    segment_of(p, at->ingress);
		seen.out = segment_of(p, at->tap);
	} else {
		seen.in = segment_of(p, at->tap);
	}
	return seen;
}

static void
place(void *arg, const struct inspect_frame *frame, struct facts *f,
    struct watch_seen *seen)
{
	struct watcher *w = arg;

	*seen = seen_by(w, w->policy, frame, f);
	/* the device may be a new one */
	if (watch_judge_tag(f) >= 0 && seen->tag == WATCH_TAG_FOREIGN &&
	    watcher_learn_vlans(w, VLANS_SOON_NS))
		seen->tag = tag_of(w, frame, f);
	/* on the way out it is the gateway's own, not the sender's */
	if (seen->witness == WITNESS_TAP_EGRESS)
		f->flags &= (uint16_t)~FACT_HAS_MAC;
}

/* ---- what is special about a live gateway ------------------------------------ */

/*
 * An answer nobody asked for is none by the policy before either, unless that one
 * permits it as an opening: else each reload would let such answers be for a while.
 */
static bool
needs_no_opening(const struct classifier *before, const struct inspected *p,
    const struct watch_seen *seen, int64_t now, const struct judgement *j)
{
	struct judgement unasked;

	return watch_judge_flow(before, p->facts, seen, now, j, &unasked) !=
	    WATCH_FLOW_ANSWERS;
}

/* The policy before, still in its grace, lets this packet be. */
static bool
excused(void *arg, const struct inspected *p)
{
	const struct watcher *w = arg;
	const struct inspected *frame = p->outer != NULL ? p->outer : p;
	int64_t now = p->frame->time_ns / 1000000000;
	struct watch_outer outer;
	struct watch_seen seen;
	struct judgement j;
	struct facts inner;

	if (w->before == NULL)
		return false;
	seen = seen_by(w, w->before, frame->frame, frame->facts);
	if (seen.witness == WITNESS_GATE)
		classifier_judge_any(w->before->classifier, frame->facts, seen.in,
		    seen.out, now, &j);
	else
		(void)watch_judge(w->before->classifier, frame->facts, &seen, now, &j);
	if (j.verdict == VERDICT_PERMIT && cutoff_judge_holds(w->before->cut, j.in, j.out,
	    &frame->facts->src, &frame->facts->dst))
		return false;
	if (p->outer == NULL)
		return j.verdict != VERDICT_DENY && (!p->unasked ||
		    needs_no_opening(w->before->classifier, p, &seen, now, &j));

	outer = (struct watch_outer){ j.in, j.out, j.verdict == VERDICT_PERMIT };
	inner = *p->facts;
	watch_judge_inner(w->before->classifier, &inner, &outer, now, &j);
	return j.verdict != VERDICT_DENY;
}

/* A leaving packet is told of; if it arrived under another name, that did not stop. */
static void
counted(void *arg, const struct inspected *p, const struct sighting *told)
{
	const struct watcher *w = arg;
	const struct watch_policy *policy = w->policy;
	struct sighting s = *told;
	struct judgement arrival;

	if (p->outer != NULL || p->seen->witness != WITNESS_TAP_EGRESS ||
	    !watch_judge_detour(policy->classifier, p->facts, p->seen,
	    p->frame->time_ns / 1000000000, &arrival))
		return;
	s.to = watch_policy_place(policy, arrival.out);
	s.from = watch_policy_place(policy, arrival.in);
	s.zv = (uint8_t)arrival.zv;
	s.action = (uint8_t)arrival.action;
	aggregate_add_crossed(w->aggregate, &s);
}

/* ---- life -------------------------------------------------------------------- */

/* Openings that the kernel's filter proved permitted never come to us. */
static bool
opened(void *arg, const struct watch_opening *o)
{
	const struct watcher *w = arg;

	return tap_set_flow_seen(w->setup->taps, &o->src, &o->dst, o->sport, o->dport,
	    o->protocol);
}

int
watcher_inspect(struct watcher *w)
{
	const struct inspect_setup setup = {
		.places = w->places, .aggregate = w->aggregate, .permitted = w->permitted,
		.flow_entries = FLOW_ENTRIES_LIVE, .patience_ns = PATIENCE_NS,
		.now = INSPECT_PACKET_TIME,
		.hooks = { .arg = w, .place = place, .excused = excused,
		    .counted = counted, .opened = opened },
	};

	w->inspect = inspect_new(&setup);
	return w->inspect != NULL ? 0 : -ENOMEM;
}

int
watcher_inspect_policy(struct watcher *w, const struct watch_policy *p)
{
	const struct inspect_policy policy = { p->checked, p->classifier, p->place,
	    w->own_mac, p->cut, p->cut_since_ns };

	memset(w->own_mac, 0, sizeof(w->own_mac));
	for (size_t i = 0; i < tap_set_count(w->setup->taps) && i < LIMIT_SEGMENTS; i++) {
		uint16_t segment = p->segment_of_tap[i];

		if (segment < LIMIT_SEGMENTS)
			(void)tap_set_mac(w->setup->taps, i, w->own_mac[segment].mac);
	}
	return inspect_set_policy(w->inspect, &policy);
}

void
watcher_seed(struct watcher *w)
{
	const struct watcher_seed *seed = w->setup->seed;

	inspect_seed(w->inspect, seed->openings, seed->openings != NULL ? seed->n : 0,
	    watcher_wall(), w->now_ns);
}

void
watcher_seed_forget(struct watcher *w)
{
	free(w->setup->seed->openings);
	w->setup->seed->openings = NULL;
}

void
watcher_sweep_packets(struct watcher *w, bool last)
{
	if (last)
		inspect_finish(w->inspect);
	else
		inspect_sweep(w->inspect, watcher_wall(), w->now_ns);
}

/* ---- what comes in ----------------------------------------------------------- */

static uint16_t
true_ingress(int ingress)
{
	if (ingress == TAP_INGRESS_SELF)
		return SEGMENT_SELF;
	if (ingress == TAP_INGRESS_BY_SOURCE)
		return INGRESS_BY_SOURCE;
	return ingress >= 0 && ingress < (int)LIMIT_SEGMENTS ? (uint16_t)ingress :
	    SEGMENT_NONE;
}

static void
on_frame(void *arg, const struct tap_frame *frame)
{
	struct watcher *w = arg;
	const struct inspect_frame f = {
		.bytes = frame->bytes, .captured = frame->captured,
		.length = frame->length, .link_type = frame->link_type,
		.where = { .tap = (uint16_t)frame->interface, .outgoing = frame->outgoing,
		    .ingress = frame->outgoing ? true_ingress(frame->ingress) : 0 },
		.time_ns = frame->time_ns, .clock_ns = w->now_ns,
	};

	if (frame->outgoing && canary_came(&w->canary, (size_t)frame->interface,
	    frame->bytes, frame->captured)) {
		w->ledger.canaries++;
		return;
	}
	inspect_frames(w->inspect, &f, 1);
}

static uint16_t
tap_of(const struct watcher *w, uint32_t ifindex)
{
	int tap = tap_set_find(w->setup->taps, ifindex);

	return tap < 0 ? SEGMENT_NONE : (uint16_t)tap;
}

static void
on_stopped(void *arg, const struct nflog_packet *p)
{
	struct watcher *w = arg;
	const struct inspect_frame f = {
		.bytes = p->bytes, .captured = p->length, .length = DECODE_LENGTH_UNKNOWN,
		.link_type = INSPECT_BARE_PACKET,
		.where = {
			.ingress = p->hook != NF_INET_LOCAL_OUT ? tap_of(w, p->in) :
			    SEGMENT_SELF,
			.tap = p->hook != NF_INET_LOCAL_IN ? tap_of(w, p->out) :
			    SEGMENT_SELF,
		},
		.time_ns = p->time_ns != 0 ? p->time_ns : watcher_wall(),
		.clock_ns = w->now_ns, .gate_reason = p->prefix,
		.mac = p->has_mac && p->hook != NF_INET_LOCAL_OUT ? p->mac : NULL,
	};

	inspect_frames(w->inspect, &f, 1);
}

int
watcher_read_taps(struct watcher *w, int max)
{
	w->now_ns = watcher_clock();
	return tap_set_dispatch(w->setup->taps, max, on_frame, w);
}

int
watcher_read_gate(struct watcher *w)
{
	w->now_ns = watcher_clock();
	return nflog_receive(w->setup->nflog_fd, w->nflog_buffer, GATE_ROUND, &w->nflog,
	    on_stopped, w);
}
