/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packet path: what a tap or the gate hands over, judged and counted. */
#include "agent/watch/decode.h"
#include "agent/watch/watch_judge.h"
#include "agent/watch/watcher_state.h"

#include <linux/netfilter.h>
#include <net/ethernet.h>
#include <string.h>

/* Datagrams of NFLOG in one round; each holds up to 128 KiB of packets. */
#define GATE_ROUND 64u

static void
count_permitted(struct watcher *w, const struct watch_seen *seen,
    const struct judgement *j)
{
	uint16_t from, to;

	w->ledger.permitted++;
	/* Once each: forwarded packets where they leave, those for us where they came. */
	if (seen->witness != WITNESS_TAP_EGRESS && j->out != SEGMENT_SELF)
		return;
	from = places_at(w->places, watch_policy_place(w->policy, j->in))->zone_number;
	to = places_at(w->places, watch_policy_place(w->policy, j->out))->zone_number;
	w->permitted[from][to]++;
}

/* Segments of one policy; the same interface may be another one in the next. */
static struct watch_seen
seen_by(const struct watch_policy *p, const struct watch_seen *at_tap)
{
	struct watch_seen seen = *at_tap;

	if (seen.in < LIMIT_SEGMENTS)
		seen.in = p->segment_of_tap[seen.in];
	if (seen.out < LIMIT_SEGMENTS)
		seen.out = p->segment_of_tap[seen.out];
	return seen;
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
static void
guess_ingress(const struct watcher *w, const struct watch_policy *p,
    const struct facts *f, struct watch_seen *seen)
{
	bool own_frame = f->src.family == IP_NONE || is_neighbourly(&f->src) ||
	    ((f->flags & FACT_ARP) && tap_set_tier(w->setup->taps) == TAP_TIER_EBPF);

	seen->in = own_frame ? SEGMENT_SELF : classifier_owner(p->classifier, &f->src);
}

/* True: the policy before, still in its grace, lets this packet be. */
static bool
excused(const struct watcher *w, const struct facts *f, const struct watch_seen *at_tap,
    bool by_source, int64_t now_s)
{
	struct watch_seen seen;
	struct judgement j;

	if (w->before == NULL)
		return false;
	seen = seen_by(w->before, at_tap);
	if (by_source)
		guess_ingress(w, w->before, f, &seen);
	if (seen.witness == WITNESS_GATE)
		classifier_judge_any(w->before->classifier, f, seen.in, seen.out, now_s,
		    &j);
	else
		watch_judge(w->before->classifier, f, &seen, now_s, &j);
	return j.verdict != VERDICT_DENY;
}

static void
count_violation(struct watcher *w, const struct facts *f, const struct watch_seen *seen,
    const struct judgement *j, int64_t time_ns)
{
	const struct watch_policy *p = w->policy;
	const char *colon = strchr(seen->gate_reason, ':');
	struct sighting s = {
		.facts = f, .permit = watch_policy_permit(p, j),
		.gate_reason = colon != NULL ? colon + 1 : seen->gate_reason,
		.time_ns = time_ns, .from = watch_policy_place(p, j->in),
		.to = watch_policy_place(p, j->out), .witness = seen->witness,
		.zv = (uint8_t)j->zv, .action = (uint8_t)j->action,
	};
	struct judgement arrival;

	w->ledger.violations++;
	aggregate_add(w->aggregate, &s, w->now_ns);
	if (seen->witness != WITNESS_TAP_EGRESS ||
	    !watch_judge_detour(p->classifier, f, seen, time_ns / 1000000000, &arrival))
		return;
	s.to = watch_policy_place(p, arrival.out);
	s.from = watch_policy_place(p, arrival.in);
	s.zv = (uint8_t)arrival.zv;
	s.action = (uint8_t)arrival.action;
	aggregate_add_crossed(w->aggregate, &s);
}

/* at_tap: segments are still indexes of the tap set, or SEGMENT_SELF, SEGMENT_NONE. */
static void
judge_packet(struct watcher *w, const struct facts *f, const struct watch_seen *at_tap,
    bool by_source, int64_t time_ns)
{
	struct watch_seen seen = seen_by(w->policy, at_tap);
	int64_t now_s = time_ns / 1000000000;
	struct judgement j;

	if (by_source)
		guess_ingress(w, w->policy, f, &seen);
	watch_judge(w->policy->classifier, f, &seen, now_s, &j);
	w->ledger.unreadable += f->unreadable != READABLE;
	switch (j.verdict) {
	case VERDICT_PERMIT:
		count_permitted(w, &seen, &j);
		return;
	case VERDICT_LOCAL:
		w->ledger.local++;
		return;
	case VERDICT_DENY:
		break;
	}
	if (excused(w, f, at_tap, by_source, now_s))
		w->ledger.excused++;
	else
		count_violation(w, f, &seen, &j, time_ns);
}

static uint16_t
true_ingress(int ingress)
{
	if (ingress == TAP_INGRESS_SELF)
		return SEGMENT_SELF;
	return ingress >= 0 && ingress < (int)LIMIT_SEGMENTS ? (uint16_t)ingress :
	    SEGMENT_NONE;
}

static void
on_frame(void *arg, const struct tap_frame *frame)
{
	struct watcher *w = arg;
	struct watch_seen at_tap = { WITNESS_TAP_INGRESS, (uint16_t)frame->interface,
	    SEGMENT_NONE, "" };
	bool by_source = frame->outgoing && frame->ingress == TAP_INGRESS_BY_SOURCE;
	struct facts f;

	if (frame->outgoing && canary_came(&w->canary, (size_t)frame->interface,
	    frame->bytes, frame->captured)) {
		w->ledger.canaries++;
		return;
	}
	w->ledger.frames++;
	decode_frame(frame->link_type, frame->bytes, frame->captured, frame->length, &f,
	    NULL);
	if (frame->outgoing) {
		at_tap.witness = WITNESS_TAP_EGRESS;
		at_tap.in = true_ingress(frame->ingress);
		at_tap.out = (uint16_t)frame->interface;
		/* the gateway's own, not the sender's */
		f.flags &= (uint16_t)~FACT_HAS_MAC;
	}
	judge_packet(w, &f, &at_tap, by_source, frame->time_ns);
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
	struct watch_seen at_tap = { WITNESS_GATE, SEGMENT_SELF, SEGMENT_SELF,
	    p->prefix };
	int64_t time_ns = p->time_ns != 0 ? p->time_ns : watcher_wall();
	struct facts f;

	w->ledger.gate++;
	decode_packet(p->bytes, p->length, DECODE_LENGTH_UNKNOWN, &f, NULL);
	if (p->hook != NF_INET_LOCAL_OUT)
		at_tap.in = tap_of(w, p->in);
	if (p->hook != NF_INET_LOCAL_IN)
		at_tap.out = tap_of(w, p->out);
	if (p->has_mac && p->hook != NF_INET_LOCAL_OUT) {
		memcpy(f.src_mac, p->mac, sizeof(f.src_mac));
		f.flags |= FACT_HAS_MAC;
	}
	judge_packet(w, &f, &at_tap, false, time_ns);
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
