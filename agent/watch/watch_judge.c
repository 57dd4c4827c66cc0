/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/watch_judge.h"

#include "rules/compile.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

/* Frames that concern one wire only: spanning tree, LLDP and the like. */
static bool
is_wire_noise(const struct facts *f, const struct watch_seen *seen)
{
	if (f->unreadable != UNREADABLE_ETHERTYPE)
		return false;
	if (seen->witness == WITNESS_TAP_EGRESS)
		return seen->in == SEGMENT_SELF;
	return (f->flags & FACT_GROUP_MAC) != 0;
}

/* What the gateway answers by itself is no opening: RST, echo reply, ICMP error. */
static bool
cannot_open(const struct facts *f)
{
	uint8_t type = (uint8_t)(f->sport >> 8);

	if (f->unreadable != READABLE || !(f->flags & FACT_HAS_PORTS))
		return false;
	switch (f->protocol) {
	case IPPROTO_TCP:
		return (f->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK | TCP_FLAG_RST |
		    TCP_FLAG_FIN)) != TCP_FLAG_SYN;
	case IPPROTO_ICMP:
		return type != 8 && type != 13 && type != 15 && type != 17;
	case IPPROTO_ICMPV6:
		return type != 128 && type != 139;
	default:
		return false;
	}
}

static void
judge_leaving(const struct classifier *c, const struct facts *f,
    const struct watch_seen *seen, int64_t now, struct judgement *j)
{
	classifier_judge_any(c, f, seen->in, seen->out, now, j);
	if (j->verdict != VERDICT_DENY)
		return;
	/* Back to the wire it came from, to whom it was meant for: crosses nothing. */
	if (seen->in == seen->out && classifier_owner(c, &f->dst) == seen->out)
		j->verdict = VERDICT_LOCAL;
	if (seen->in == SEGMENT_SELF && j->action != ACTION_SPOOFED_SOURCE &&
	    cannot_open(f))
		j->verdict = VERDICT_LOCAL;
}

/* What the gate stopped although the stateless judge sees nothing wrong with it. */
static void
name_by_reason(const char *reason, struct judgement *j)
{
	j->verdict = VERDICT_DENY;
	j->zv = ZV_02_NOT_PERMITTED;
	j->action = ACTION_ATTEMPT;
	if (strcmp(reason, COMPILE_LOG_OPTIONS) == 0) {
		j->action = ACTION_UNCLASSIFIABLE;
	} else if (strcmp(reason, COMPILE_LOG_SOURCE) == 0) {
		j->zv = ZV_03_SPOOFED;
		j->action = ACTION_SPOOFED_SOURCE;
	} else if (strcmp(reason, COMPILE_LOG_MAC) == 0) {
		j->zv = ZV_03_SPOOFED;
		j->action = ACTION_WRONG_MAC;
	} else if (strcmp(reason, COMPILE_LOG_HALF_OPEN) == 0) {
		/* The permit is in force; it is not for want of one. */
		j->permit = 0;
	}
}

static void
judge_stopped(const struct classifier *c, const struct facts *f,
    const struct watch_seen *seen, int64_t now, struct judgement *j)
{
	classifier_judge_any(c, f, seen->in, seen->out, now, j);
	if (j->verdict != VERDICT_DENY)
		classifier_judge(c, f, seen->in, seen->out, now, j);
	if (j->verdict != VERDICT_DENY)
		name_by_reason(seen->gate_reason, j);
}

static void
keep_local(const struct watch_seen *seen, struct judgement *j)
{
	memset(j, 0, sizeof(*j));
	j->verdict = VERDICT_LOCAL;
	j->in = seen->in;
	j->out = seen->out;
}

static void
judge_packet(const struct classifier *c, const struct facts *f,
    const struct watch_seen *seen, int64_t now, struct judgement *j)
{
	if (is_wire_noise(f, seen))
		keep_local(seen, j);
	else if (seen->witness == WITNESS_GATE)
		judge_stopped(c, f, seen, now, j);
	else if (seen->witness == WITNESS_TAP_EGRESS)
		judge_leaving(c, f, seen, now, j);
	else
		classifier_judge_any(c, f, seen->in, SEGMENT_NONE, now, j);
}

/* ---- VLAN tags --------------------------------------------------------------- */

int
watch_judge_tag(const struct facts *f)
{
	for (unsigned int i = 0; i < FACT_VLANS && f->vlan[i] != 0; i++)
		if (f->vlan[i] != 1)	/* id + 1 */
			return (int)i;
	return -1;
}

bool
watch_judge(const struct classifier *c, const struct facts *f,
    const struct watch_seen *seen, int64_t now, struct judgement *j)
{
	bool tagged = watch_judge_tag(f) >= 0;
	bool ip = f->src.family != IP_NONE && !(f->flags & FACT_ARP);

	if (tagged && seen->tag == WATCH_TAG_DEVICE) {
		keep_local(seen, j);
		return false;
	}
	judge_packet(c, f, seen, now, j);
	if (!tagged || seen->tag != WATCH_TAG_FOREIGN || !ip ||
	    j->verdict == VERDICT_DENY)
		return false;
	j->verdict = VERDICT_DENY;
	j->zv = ZV_03_SPOOFED;
	j->action = ACTION_SPOOFED_SOURCE;
	j->permit = 0;
	return true;
}

/* ---- more than one tap ------------------------------------------------------- */

bool
watch_judge_detour(const struct classifier *c, const struct facts *f,
    const struct watch_seen *seen, int64_t now, struct judgement *arrival)
{
	const struct watch_seen came = {
		WITNESS_TAP_INGRESS, seen->in, SEGMENT_NONE, "", seen->tag,
	};

	if (seen->in == SEGMENT_SELF || seen->in == SEGMENT_NONE ||
	    classifier_owner(c, &f->dst) == seen->out)
		return false;
	(void)watch_judge(c, f, &came, now, arrival);
	return arrival->verdict == VERDICT_DENY;
}

/* ---- flows ------------------------------------------------------------------- */

static bool
is_icmp(const struct facts *f)
{
	return f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6;
}

/* Request that an ICMP type answers (RFC 792, 950; RFC 4443, 4620); -1: none. */
static int
request_of(const struct facts *f)
{
	unsigned int type = f->sport >> 8;

	if (f->protocol == IPPROTO_ICMPV6)
		return type == 129 || type == 140 ? (int)type - 1 : -1;
	if (type == 0)
		return 8;
	return type == 14 || type == 16 || type == 18 ? (int)type - 1 : -1;
}

/* Protocols and packets of which one alone does not show that it was asked for. */
static bool
needs_memory(const struct facts *f)
{
	if (f->src.family == IP_NONE || (f->flags & FACT_ARP) ||
	    f->protocol == IPPROTO_TCP)
		return false;
	if ((f->flags & FACT_FRAGMENT_LATER) && !(f->flags & FACT_HAS_PORTS))
		return false;
	/* what else of ICMP is permitted asks for something, or quotes a packet */
	return !is_icmp(f) || request_of(f) >= 0 || !cannot_open(f);
}

enum watch_flow
watch_judge_flow(const struct classifier *c, const struct facts *f,
    const struct watch_seen *seen, int64_t now, const struct judgement *j,
    struct judgement *unasked)
{
	if (j->verdict != VERDICT_PERMIT || !needs_memory(f))
		return WATCH_FLOW_NONE;
	if (j->opens)
		return WATCH_FLOW_OPENS;
	classifier_judge(c, f, seen->in, seen->out, now, unasked);
	if (unasked->verdict == VERDICT_PERMIT)
		return WATCH_FLOW_OPENS;
	if (unasked->verdict == VERDICT_LOCAL ||
	    (seen->in == SEGMENT_SELF && cannot_open(f)))
		return WATCH_FLOW_NONE;
	return WATCH_FLOW_ANSWERS;
}

struct watch_opening
watch_opening_of(const struct facts *f)
{
	bool ports = (f->flags & FACT_HAS_PORTS) != 0;

	return (struct watch_opening){
		.src = f->src, .dst = f->dst, .sport = ports ? f->sport : 0,
		.dport = ports ? f->dport : 0, .protocol = f->protocol,
	};
}

struct watch_opening
watch_opening_answered(const struct facts *f)
{
	struct watch_opening o = watch_opening_of(f);
	uint16_t sport = o.sport;

	o.src = f->dst;
	o.dst = f->src;
	if (is_icmp(f)) {
		int request = request_of(f);

		o.sport = (uint16_t)(request < 0 ? sport :
		    (unsigned int)request << 8 | (sport & 0xffu));
	} else {
		o.sport = o.dport;
		o.dport = sport;
	}
	return o;
}

static bool
has_ports(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP: case IPPROTO_UDP: case IPPROTO_UDPLITE: case IPPROTO_SCTP:
	case IPPROTO_ICMP: case IPPROTO_ICMPV6:
		return true;
	}
	return false;
}

bool
watch_opening_permitted(const struct classifier *c, const struct watch_opening *o,
    int64_t now)
{
	const struct facts f = {
		.src = o->src, .dst = o->dst, .sport = o->sport, .dport = o->dport,
		.ethertype = o->src.family == IP_V4 ? ETHERTYPE_IP : ETHERTYPE_IPV6,
		.protocol = o->protocol, .first_header = o->protocol, .hop_limit = 64,
		.tcp_flags = o->protocol == IPPROTO_TCP ? TCP_FLAG_SYN : 0,
		.flags = has_ports(o->protocol) ? FACT_HAS_PORTS : 0,
	};
	struct judgement j;

	classifier_judge(c, &f, classifier_owner(c, &o->src), SEGMENT_NONE, now, &j);
	return j.verdict == VERDICT_PERMIT;
}

/* ---- tunnels ----------------------------------------------------------------- */

/* A payload on the port of a tunnel over UDP that is none; see watch_judge_inner(). */
static bool
is_no_tunnel(const struct facts *f)
{
	if (f->unreadable != UNREADABLE_TUNNEL)
		return false;
	switch ((enum tunnel)f->tunnel) {
	case TUNNEL_VXLAN: case TUNNEL_GENEVE: case TUNNEL_GTP_U: case TUNNEL_TEREDO:
		return true;
	case TUNNEL_NONE: case TUNNEL_IPIP: case TUNNEL_GRE: case TUNNEL_ERSPAN:
	case TUNNEL_COUNT:
		break;
	}
	return false;
}

bool
watch_judge_inner(const struct classifier *c, struct facts *f,
    const struct watch_outer *outer, int64_t now, struct judgement *j)
{
	uint16_t src = classifier_owner(c, &f->src), dst = classifier_owner(c, &f->dst);
	bool ip = f->src.family != IP_NONE;
	struct watch_seen seen = { WITNESS_TAP_INGRESS, outer->in, SEGMENT_NONE, "",
	    WATCH_TAG_UNKNOWN };

	f->flags &= (uint16_t)~FACT_HAS_MAC;
	*j = (struct judgement){ .in = outer->in, .out = outer->out };
	if (ip && f->unreadable == READABLE && src == SEGMENT_NONE &&
	    dst == SEGMENT_NONE) {
		j->verdict = outer->permitted ? VERDICT_PERMIT : VERDICT_DENY;
		return false;
	}
	if (outer->permitted && is_no_tunnel(f)) {
		j->verdict = VERDICT_PERMIT;
		return false;
	}
	if (is_wire_noise(f, &seen)) {
		j->verdict = VERDICT_LOCAL;
		return true;
	}
	if (src < SEGMENT_SELF)
		j->in = src;
	if (dst < SEGMENT_SELF)
		j->out = dst;
	classifier_judge_any(c, f, j->in, j->in == j->out ? SEGMENT_NONE : j->out, now,
	    j);
	if (j->verdict != VERDICT_DENY)
		return true;
	if (!outer->permitted && (f->unreadable != READABLE ||
	    (j->in == outer->in && j->out == outer->out)))
		return false;
	if (j->action != ACTION_UNCLASSIFIABLE)
		j->action = ACTION_TUNNEL;
	return true;
}
