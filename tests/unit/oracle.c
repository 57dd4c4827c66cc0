/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See oracle.h. Only the words are parsed beforehand; all else is asked anew. */
#include "tests/unit/oracle_words.h"

#include <netinet/in.h>
#include <string.h>

/* ---- the judgement --------------------------------------------------------- */

struct question {
	const struct oracle *o;
	const struct facts *f;
	uint16_t in, out;
	int64_t now;
	bool any, out_given, reachable;
	struct talk there, back;
};

static bool
has_ports(const struct facts *f)
{
	return (f->flags & FACT_HAS_PORTS) != 0;
}

static bool
opens(const struct facts *f)
{
	unsigned int flags = f->tcp_flags & 0x17;	/* ACK RST SYN FIN */
	bool v6 = f->src.family == IP_V6;

	switch (f->protocol) {
	case IPPROTO_TCP:
		return has_ports(f) && flags == TCP_FLAG_SYN;
	case IPPROTO_ICMP:
		return !v6 && has_ports(f) &&
		       oracle_is_query(IPPROTO_ICMP, f->sport >> 8);
	case IPPROTO_ICMPV6:
		return v6 && has_ports(f) &&
		       oracle_is_query(IPPROTO_ICMPV6, f->sport >> 8);
	}
	return true;
}

static bool
is_error(const struct facts *f)
{
	unsigned int type = f->sport >> 8;

	if (!has_ports(f))
		return false;
	if (f->src.family == IP_V4)
		return f->protocol == IPPROTO_ICMP &&
		       (type == 3 || type == 11 || type == 12);
	return f->protocol == IPPROTO_ICMPV6 && type >= 1 && type <= 4;
}

static struct talk
oracle_turned(const struct talk *t)
{
	struct talk r = *t;

	r.src = t->dst;
	r.dst = t->src;
	r.sport = t->dport;
	r.dport = t->sport;
	return r;
}

/* Talks that would explain the packet as part of a running flow; how many. */
static size_t
explanations(const struct question *q, struct talk out[2])
{
	const struct facts *f = q->f;
	unsigned int type = f->sport >> 8;
	bool v6 = f->src.family == IP_V6, icmp;

	out[0] = q->there;
	out[1] = q->back;
	if (f->flags & FACT_FRAGMENT_LATER) {
		out[0].depth = out[1].depth = PROTOCOL_ONLY;
		return 2;
	}
	if (is_error(f)) {
		out[0] = (struct talk){
			.src = { f->quoted_src, q->out }, .dst = { f->quoted_dst, q->in },
			.protocol = f->quoted_protocol, .sport = f->quoted_sport,
			.dport = f->quoted_dport, .has_ports = true,
		};
		if (q->in == SEGMENT_SELF)
			out[0].dst.segment = oracle_owner(q->o, &f->quoted_dst);
		out[1] = oracle_turned(&out[0]);
		icmp = f->quoted_protocol == IPPROTO_ICMP ||
		    f->quoted_protocol == IPPROTO_ICMPV6;
		if (!q->reachable || !oracle_same(&f->quoted_src, &f->dst) ||
		    f->quoted_dst.family != f->dst.family ||
		    oracle_owner(q->o, &f->quoted_dst) != out[0].dst.segment)
			return 0;
		return icmp ? 1 : 2;
	}
	if (f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6) {
		if (f->protocol != (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP) || !has_ports(f))
			return 0;
		out[0] = q->back;
		out[0].dport = 0;
		if (!v6 && type == 0)
			out[0].sport = 8 << 8 | (f->sport & 255);
		else if (v6 ? type == 129 || type == 140
			    : type == 14 || type == 16 || type == 18)
			out[0].sport = (type - 1) << 8 | (f->sport & 255);
		else
			return 0;
		return 1;
	}
	if (f->protocol == IPPROTO_TCP)
		return (f->tcp_flags & 0x17) == TCP_FLAG_SYN ? 0 : 2;
	out[0] = q->back;
	return 1;
}

static uint32_t
explaining(const struct question *q, enum state want)
{
	struct talk talks[2];
	size_t n = explanations(q, talks);
	uint32_t first = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t p = oracle_first_permit(q->o, &talks[i], q->now, want);

		if (want == IN_FORCE && p != 0)
			return p;
		if (p != 0 && (first == 0 || p < first))
			first = p;
	}
	return first;
}

static bool
is_relay(const struct question *q)
{
	if (oracle_class_of(q->o, q->in) == ZONE_CLASS_RELAY)
		return true;
	for (size_t i = 0; i < q->o->policy->n_hosts; i++)
		if (q->o->hosts[i].relay &&
		    oracle_host_holds(&q->o->hosts[i], &q->f->src))
			return true;
	return false;
}

static bool
file_or_mail(const struct facts *f)
{
	static const unsigned int ports[] = {
		20, 21, 22, 25, 69, 110, 137, 138, 139, 143, 445, 465, 548, 587, 873, 989,
		990, 993, 995, 2049,
	};

	if (!has_ports(f) || (f->protocol != IPPROTO_TCP && f->protocol != IPPROTO_UDP))
		return false;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (f->dport == ports[i])
			return true;
	return false;
}

static bool
has_role(const struct o_host *h, const struct policy_host *words, const char *role,
    const struct ip_addr *a)
{
	for (size_t i = 0; i < words->roles.count; i++)
		if (strcmp(words->roles.items[i].text, role) == 0)
			return oracle_host_holds(h, a);
	return false;
}

/* "dns", "ntp" or NULL: what a host is asked for on this port. */
static const char *
asked_for(const struct facts *f)
{
	bool tcp = f->protocol == IPPROTO_TCP, udp = f->protocol == IPPROTO_UDP;

	if (!has_ports(f))
		return NULL;
	if ((tcp || udp) && (f->dport == 53 || f->dport == 853))
		return "dns";
	return udp && f->dport == 123 ? "ntp" : NULL;
}

static bool
asks_outside(const struct question *q)
{
	const struct oracle *o = q->o;
	const struct ip_addr *dst = &q->f->dst;
	enum zone_class from = oracle_class_of(o, q->in);
	const char *role = asked_for(q->f);
	uint16_t owner = oracle_owner(o, dst);

	if (role == NULL || (from != ZONE_CLASS_MYNUMBER && from != ZONE_CLASS_LGWAN))
		return false;
	if (oracle_is_own(o, dst) || oracle_is_never(dst) || oracle_is_broadcast(o, dst))
		return false;
	if (is_segment(owner) && o->segments[owner].zone == o->segments[q->in].zone)
		return false;
	for (size_t i = 0; i < o->policy->n_hosts; i++)
		if (has_role(&o->hosts[i], &o->policy->hosts[i], role, dst))
			return false;
	return true;
}

static enum violation_class
class_of_refused(const struct question *q, bool to_nowhere)
{
	const struct oracle *o = q->o;
	struct talk hosts = q->there;
	unsigned int from, to;

	if (!to_nowhere &&
	    (explaining(q, IN_FORCE) != 0 || explaining(q, NOT_BY_DATE) != 0))
		return ZV_02_NOT_PERMITTED;
	if (oracle_class_of(o, q->in) == ZONE_CLASS_INTERNET &&
	    oracle_class_of(o, q->out) == ZONE_CLASS_LGWAN && file_or_mail(q->f))
		return ZV_09_SANITISER_BYPASS;
	hosts.depth = ADDRESSES_ONLY;
	if (is_segment(q->in) && q->out != SEGMENT_SELF && q->in != q->out &&
	    is_relay(q) &&
	    (!q->reachable ||
		(oracle_first_permit(o, &hosts, q->now, IN_FORCE) == 0 &&
		    oracle_first_permit(o, &hosts, q->now, NOT_BY_DATE) == 0)))
		return ZV_09_SANITISER_BYPASS;
	if (asks_outside(q) && (to_nowhere ||
	    oracle_first_permit(o, &q->there, q->now, NOT_IN_FORCE) == 0))
		return ZV_08_INTERNET_BOUND;
	if (!is_segment(q->in) || !is_segment(q->out))
		return ZV_02_NOT_PERMITTED;
	from = o->segments[q->in].zone;
	to = o->segments[q->out].zone;
	if (from != to && !oracle_pair_is_listed(o, from, to))
		return ZV_01_ZONE_CROSSING;
	return ZV_02_NOT_PERMITTED;
}

static void
refuse(const struct question *q, bool to_nowhere, struct judgement *j)
{
	static const unsigned int tunnels[] = { 4, 41, 47, 50, 97, 115, 137 };

	j->zv = class_of_refused(q, to_nowhere);
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++)
		if (q->f->protocol == tunnels[i])
			j->action = ACTION_TUNNEL;
}

static bool
is_multicast(const struct ip_addr *a)
{
	if (a->family == IP_V4)
		return (a->value >= 0xe0000000u && a->value <= 0xefffffffu) ||
		    a->value == 0xffffffffu;
	return a->family == IP_V6 && a->value >> 120 == 0xff;
}

static bool
is_link_local(const struct ip_addr *a)
{
	if (a->family == IP_V4)
		return a->value >= 0xa9fe0000u && a->value <= 0xa9feffffu;
	return a->family == IP_V6 && a->value >> 120 == 0xfe &&
	    (a->value >> 112 & 0xc0) == 0x80;
}

static bool
is_local(const struct question *q)
{
	const struct facts *f = q->f;
	unsigned int type = f->sport >> 8;

	if (q->out_given && is_segment(q->out) && q->in != q->out &&
	    q->in != SEGMENT_SELF)
		return false;
	if ((f->flags & FACT_ARP) || (f->flags & FACT_GROUP_MAC) || is_multicast(&f->dst))
		return true;
	if (is_segment(q->in) && oracle_is_broadcast_of(&q->o->segments[q->in], &f->dst))
		return true;
	if (q->in == SEGMENT_SELF && oracle_is_broadcast(q->o, &f->dst))
		return true;
	if (f->src.family == IP_V6 && f->protocol == IPPROTO_ICMPV6 && has_ports(f) &&
	    type >= 133 && type <= 137 && f->hop_limit == 255)
		return true;
	if (is_link_local(&f->dst) && q->out != SEGMENT_SELF)
		return true;
	if (q->in != SEGMENT_SELF)
		return false;
	return q->out == SEGMENT_SELF;
}

static bool
source_is_right(const struct question *q)
{
	const struct ip_addr *src = &q->f->src;

	if (q->in == SEGMENT_NONE)
		return false;
	if (q->in == SEGMENT_SELF && q->o->n_own == 0)
		return !oracle_is_never(src) && !oracle_is_broadcast(q->o, src);
	if (oracle_owner(q->o, src) == q->in)
		return true;
	if (q->in == SEGMENT_SELF || !q->any || oracle_is_own(q->o, src) ||
	    oracle_is_never(src) || oracle_is_broadcast(q->o, src))
		return false;
	return is_error(q->f) && explaining(q, IN_FORCE) != 0;
}

/* Right when no host binds the address, or one that does has this MAC. */
static bool
mac_is_right(const struct question *q)
{
	bool bound = false;

	if ((q->f->flags & FACT_HAS_MAC) == 0 || q->in == SEGMENT_SELF)
		return true;
	for (size_t i = 0; i < q->o->policy->n_hosts; i++) {
		const struct o_host *h = &q->o->hosts[i];
		bool match = true;

		if (!h->has_mac || !oracle_host_holds(h, &q->f->src))
			continue;
		bound = true;
		for (size_t k = 0; k < 6; k++)
			match &= h->mac[k] == q->f->src_mac[k];
		if (match)
			return true;
	}
	return !bound;
}

static bool
headers_are_plain(const struct question *q)
{
	const struct facts *f = q->f;
	static const unsigned int headers[] = { 0, 43, 44, 60 };

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (f->src.family == IP_V6 && f->protocol == headers[i])
			return false;
	if ((f->flags & FACT_IP_OPTIONS) || (f->flags & FACT_ROUTING_HEADER))
		return false;
	if ((f->flags & FACT_EXTENSION) == 0)
		return true;
	if (!q->any)
		return false;
	return f->protocol != IPPROTO_TCP || (f->tcp_flags & 0x17) != TCP_FLAG_SYN;
}

static bool
is_global(const struct ip_addr *a)
{
	static const char *const not [] = {
	    "0.0.0.0/8",
	    "10.0.0.0/8",
	    "100.64.0.0/10",
	    "127.0.0.0/8",
	    "169.254.0.0/16",
	    "172.16.0.0/12",
	    "192.168.0.0/16",
	    "224.0.0.0/3",
	};
	struct ip_prefix p;

	if (a->family == IP_V6)
		return a->value >> 124 == 2 || a->value >> 124 == 3;
	for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++)
		if (address_parse_prefix(not [i], &p) == ADDRESS_OK &&
		    oracle_in_prefix(&p, a))
			return false;
	return true;
}

static void
judge_destination(const struct question *q, struct judgement *j)
{
	enum zone_class from = oracle_class_of(q->o, q->in);

	if ((from == ZONE_CLASS_MYNUMBER || from == ZONE_CLASS_LGWAN) &&
	    is_global(&q->f->dst))
		j->zv = ZV_08_INTERNET_BOUND;
	else
		refuse(q, true, j);
}

static void
judge_permits(const struct question *q, struct judgement *j)
{
	uint32_t in_force = oracle_first_permit(q->o, &q->there, q->now, IN_FORCE);
	uint32_t answer = explaining(q, IN_FORCE), other;

	if (in_force != 0 && opens(q->f)) {
		j->verdict = VERDICT_PERMIT;
		j->permit = in_force;
	} else if (q->any && answer != 0) {
		j->verdict = VERDICT_PERMIT;
		j->permit = answer;
	} else if (q->any && q->in == SEGMENT_SELF && is_error(q->f)) {
		j->verdict = VERDICT_LOCAL;
	} else {
		refuse(q, false, j);
		if (in_force != 0)
			return;
		j->permit = oracle_first_permit(q->o, &q->there, q->now, NOT_IN_FORCE);
		other = q->any ? explaining(q, NOT_IN_FORCE) : 0;
		if (other != 0 && (j->permit == 0 || other < j->permit))
			j->permit = other;
	}
}

static void
judge_ip(const struct question *q, struct judgement *j)
{
	bool link_local = is_link_local(&q->f->src) && is_link_local(&q->f->dst);

	if (!source_is_right(q)) {
		if (link_local && q->out == SEGMENT_SELF) {
			refuse(q, true, j);
			return;
		}
		j->zv = ZV_03_SPOOFED;
		j->action = ACTION_SPOOFED_SOURCE;
	} else if (!q->out_given && is_segment(q->in) && q->in == q->out) {
		j->verdict = VERDICT_LOCAL;
	} else if (!mac_is_right(q)) {
		j->zv = ZV_03_SPOOFED;
		j->action = ACTION_WRONG_MAC;
	} else if (!headers_are_plain(q)) {
		j->zv = ZV_02_NOT_PERMITTED;
		j->action = ACTION_UNCLASSIFIABLE;
	} else if (!q->reachable) {
		judge_destination(q, j);
	} else {
		judge_permits(q, j);
	}
}

void
oracle_judge(const struct oracle *o, const struct facts *f, uint16_t in, uint16_t out,
    int64_t now, bool any, struct judgement *j)
{
	struct question q = {
		.o = o, .f = f, .in = in, .out = out, .now = now, .any = any,
		.out_given = out != SEGMENT_NONE,
	};
	bool arp = (f->flags & FACT_ARP) != 0;

	if (!q.out_given)
		q.out = oracle_owner(o, &f->dst);
	q.reachable = !arp && (q.out == SEGMENT_SELF ||
	    (is_segment(q.out) && oracle_owner(o, &f->dst) == q.out));
	q.there = (struct talk){
	    .src = {f->src, q.in},
	    .dst = {f->dst, q.out},
	    .protocol = f->protocol,
	    .sport = f->sport,
	    .dport = f->dport,
	    .has_ports = has_ports(f),
	};
	q.back = oracle_turned(&q.there);

	*j = (struct judgement){ .in = in, .out = q.out };
	if (f->unreadable != READABLE || (!arp && (f->src.family == IP_NONE ||
	    f->src.family != f->dst.family))) {
		j->zv = ZV_02_NOT_PERMITTED;
		j->action = ACTION_UNCLASSIFIABLE;
		j->out = out;
	} else if (is_local(&q)) {
		j->verdict = VERDICT_LOCAL;
	} else if (arp) {
		refuse(&q, true, j);
	} else {
		judge_ip(&q, j);
	}
}
