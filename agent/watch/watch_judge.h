/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From facts and the witness that saw them to a verdict: which question to ask
 * the classifier, and what each witness may say beyond it. Pure.
 */
#ifndef AGENT_WATCH_WATCH_JUDGE_H
#define AGENT_WATCH_WATCH_JUDGE_H

#include "agent/record/event.h"
#include "rules/classifier.h"

#include <stdbool.h>

/*
 * The outermost VLAN tag of a frame, by the interface that it was seen on. Tags of
 * VLAN 0 carry a priority only and are no tags here.
 */
enum watch_tag {
	WATCH_TAG_FOREIGN = 0,	/* no VLAN device of the interface takes it */
	WATCH_TAG_DEVICE,	/* one does, and sees the frame without the tag */
	WATCH_TAG_UNKNOWN,	/* a capture does not say: tags change nothing */
};

struct watch_seen {
	uint8_t witness;	/* one of WITNESS_* */
	uint16_t in;		/* segment it came from; leaving: the true one */
	uint16_t out;		/* WITNESS_TAP_INGRESS: SEGMENT_NONE, not known yet */
	const char *gate_reason;	/* WITNESS_GATE: COMPILE_LOG_*; else "" */
	enum watch_tag tag;	/* asked only of frames that have one */
};

/*
 * In j; VERDICT_DENY is a violation. now: seconds since the epoch.
 *
 * A tagged frame, WATCH_TAG_DEVICE: VERDICT_LOCAL, whatever is in it. It is the
 * business of the VLAN device, whose own tap judges it if it is a segment.
 * WATCH_TAG_FOREIGN: it comes or leaves by a way that is no segment, so IP in it
 * that would be permitted or local is ZV-03 spoofed-source. What is refused anyway
 * stays what it is; so does what is local without being IP (ARP, spanning tree).
 *
 * True when that tag alone is why it is refused.
 */
bool watch_judge(const struct classifier *c, const struct facts *f,
    const struct watch_seen *seen, int64_t now, struct judgement *j);

/* Which of f->vlan[] is the tag of enum watch_tag; negative: the frame has none. */
int watch_judge_tag(const struct facts *f);

/*
 * True when a leaving packet left by another way than its destination says:
 * then *arrival is how the ingress tap judged it, if that was a violation.
 */
bool watch_judge_detour(const struct classifier *c, const struct facts *f,
    const struct watch_seen *seen, int64_t now, struct judgement *arrival);

/* What a permitted packet has to do with flows that somebody must remember. */
enum watch_flow {
	WATCH_FLOW_NONE = 0,	/* judged for good: nothing to remember or to ask */
	WATCH_FLOW_OPENS,	/* it may begin a flow, and answers to it are permitted */
	WATCH_FLOW_ANSWERS,	/* permitted only if it belongs to a flow that was opened */
};

/*
 * j: what watch_judge() said, VERDICT_PERMIT. For WATCH_FLOW_ANSWERS *unasked is
 * what the packet is when no such opening was seen. Stateless for:
 *   TCP              a packet that is no lone SYN opens nothing: the other end resets it
 *   ICMP errors      they were judged by the packet they quote
 *   later fragments  whose first one is not known: they make no whole packet
 *   what the gateway answers by itself (echo reply)
 */
enum watch_flow watch_judge_flow(const struct classifier *c, const struct facts *f,
    const struct watch_seen *seen, int64_t now, const struct judgement *j,
    struct judgement *unasked);

/* Addresses and service of an opening, as the packet that opens has them. */
struct watch_opening {
	struct ip_addr src, dst;
	uint16_t sport, dport;	/* as in struct facts; 0 without ports */
	uint8_t protocol;
};

/* The opening that this packet is, and the one it answers if it is an answer. */
struct watch_opening watch_opening_of(const struct facts *f);
struct watch_opening watch_opening_answered(const struct facts *f);

/*
 * Does a permit in force hold this opening, between the owners of its ends? No other
 * makes an answer permitted, so of openings that are only heard of no other counts.
 */
bool watch_opening_permitted(const struct classifier *c, const struct watch_opening *o,
    int64_t now);

/* The packet that carries another one in it, and what was said of it. */
struct watch_outer {
	uint16_t in, out;	/* segments, as judged */
	bool permitted;		/* so the administrator wants this tunnel */
};

/*
 * A packet inside a tunnel: where it would go once it is unpacked.
 *   in    the segment that owns its source, else where the outer one came from
 *   out   the segment that owns its destination, else where the outer one goes
 * and it is judged as any packet of a flow from there to there; the class is the
 * classifier's, the action ACTION_TUNNEL, or ACTION_UNCLASSIFIABLE where it cannot
 * be read. MAC facts are taken off first: no bridge of ours has seen that sender.
 * Both ends in one segment: VERDICT_LOCAL.
 *
 * False: it needs no record of its own, and *j is VERDICT_PERMIT or VERDICT_DENY by
 * the outer packet. So it is
 *   - where neither end belongs to a segment or to the gateway: it concerns none of
 *     our zones. A permitted outer packet excuses it, a refused one is told itself
 *   - in a refused packet, when it goes the same way or cannot be read: the outer
 *     packet's record says all there is to say
 */
bool watch_judge_inner(const struct classifier *c, struct facts *f,
    const struct watch_outer *outer, int64_t now, struct judgement *j);

#endif /* AGENT_WATCH_WATCH_JUDGE_H */
