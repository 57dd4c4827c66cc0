/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of the checks, as rules/classifier.h numbers them. Who owns an
 * address is in classifier_owner.c, which permit holds a packet in
 * classifier_index.c, what a refused packet is called in classifier_zv.c.
 */
#include "rules/classifier.h"

#include "rules/classifier_index.h"
#include "rules/classifier_owner.h"
#include "rules/classifier_packet.h"
#include "rules/classifier_zv.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct classifier {
	const struct checked *checked;
	struct owner_table *owners;
	struct permit_index *permits;
	struct zv_table *zv;
};

/* One packet before the judge. */
struct trial {
	const struct classifier *c;
	const struct facts *f;
	struct judgement *j;		/* in and out are set; out may be found later */
	int64_t now;
	owner_value src, dst;
	bool out_given;
	bool any;			/* answers and later packets of flows too */
	bool reachable;			/* IP, and j->out is or owns the destination */
};

struct classifier *
classifier_new(const struct checked *checked)
{
	struct classifier *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->checked = checked;
	c->owners = owner_table_new(checked, NULL, 0);
	c->permits = permit_index_new(checked);
	c->zv = zv_table_new(checked);
	if (c->owners == NULL || c->permits == NULL || c->zv == NULL) {
		classifier_free(c);
		errno = ENOMEM;
		return NULL;
	}
	return c;
}

void
classifier_free(struct classifier *c)
{
	if (c == NULL)
		return;
	owner_table_free(c->owners);
	permit_index_free(c->permits);
	zv_table_free(c->zv);
	free(c);
}

int
classifier_set_own(struct classifier *c, const struct ip_addr *own, size_t n)
{
	struct owner_table *owners = owner_table_new(c->checked, own, n);

	if (owners == NULL)
		return -ENOMEM;
	owner_table_free(c->owners);
	c->owners = owners;
	return 0;
}

uint16_t
classifier_owner(const struct classifier *c, const struct ip_addr *a)
{
	return owner_segment(owner_of(c->owners, a));
}

static bool
is_segment(uint16_t s)
{
	return s != SEGMENT_SELF && s != SEGMENT_NONE;
}

/* ---- asking the permits ---------------------------------------------------- */

static uint32_t
first_of(uint32_t a, uint32_t b)
{
	if (a == 0 || b == 0)
		return a | b;
	return a < b ? a : b;
}

static void
merge(struct index_answer *into, const struct index_answer *more)
{
	into->permit = first_of(into->permit, more->permit);
	into->concerned = first_of(into->concerned, more->concerned);
	into->dated = first_of(into->dated, more->dated);
}

static void
ask(const struct trial *t, const struct index_query *q, enum index_depth depth,
    struct index_answer *into)
{
	struct index_answer a;

	permit_index_find(t->c->permits, q, depth, t->now, &a);
	merge(into, &a);
}

static struct index_query
query_same_way(const struct trial *t)
{
	const struct facts *f = t->f;

	return (struct index_query){
		.src = f->src, .dst = f->dst, .in = t->j->in, .out = t->j->out,
		.sport = f->sport, .dport = f->dport, .protocol = f->protocol,
		.has_ports = (f->flags & FACT_HAS_PORTS) != 0,
	};
}

static struct index_query
query_other_way(const struct index_query *q)
{
	struct index_query r = *q;

	r.src = q->dst;
	r.dst = q->src;
	r.in = q->out;
	r.out = q->in;
	r.sport = q->dport;
	r.dport = q->sport;
	return r;
}

/* A packet of a flow that runs: the way it was opened, or back. */
static void
ask_either_way(const struct trial *t, const struct index_query *q, enum index_depth depth,
    struct index_answer *into)
{
	struct index_query other = query_other_way(q);

	ask(t, q, depth, into);
	if (into->permit == 0)
		ask(t, &other, depth, into);
}

/*
 * Permits that explain the packet quoted in an ICMP error. It went from where
 * the error goes to where the error comes from; the gateway itself may speak
 * for any segment.
 */
static void
ask_quoted(const struct trial *t, struct index_answer *into)
{
	const struct facts *f = t->f;
	uint16_t owner = classifier_owner(t->c, &f->quoted_dst);
	struct index_query q = {
		.src = f->quoted_src, .dst = f->quoted_dst, .in = t->j->out,
		.out = t->j->in == SEGMENT_SELF ? owner : t->j->in,
		.sport = f->quoted_sport, .dport = f->quoted_dport,
		.protocol = f->quoted_protocol, .has_ports = true,
	};

	if (!t->reachable || owner != q.out || f->quoted_dst.family != f->dst.family ||
	    f->quoted_src.family != f->dst.family || f->quoted_src.value != f->dst.value)
		return;
	if (q.protocol == IPPROTO_ICMP || q.protocol == IPPROTO_ICMPV6)
		ask(t, &q, INDEX_SERVICE, into);
	else
		ask_either_way(t, &q, INDEX_SERVICE, into);
}

/*
 * Permits that explain the packet as any but the opening one of a flow; "same"
 * is what was asked and answered of it as an opening.
 */
static void
ask_as_answer(const struct trial *t, const struct index_query *q,
    const struct index_answer *same, struct index_answer *into)
{
	const struct facts *f = t->f;
	struct index_query other = query_other_way(q);
	int request = packet_icmp_request(f);

	if (f->flags & FACT_FRAGMENT_LATER) {
		ask_either_way(t, q, INDEX_PROTOCOL, into);
	} else if (packet_is_icmp_error(f)) {
		ask_quoted(t, into);
	} else if (packet_is_icmp(f)) {
		if (request < 0)
			return;
		other.sport = (uint16_t)((unsigned int)request << 8 | (f->sport & 0xff));
		other.dport = 0;
		ask(t, &other, INDEX_SERVICE, into);
	} else if (f->protocol != IPPROTO_TCP) {
		ask(t, &other, INDEX_SERVICE, into);
	} else if (!packet_is_lone_syn(f)) {
		*into = *same;
		if (into->permit == 0)
			ask(t, &other, INDEX_SERVICE, into);
	}
}

/* ---- the checks ------------------------------------------------------------ */

static void
refuse(const struct trial *t, enum violation_class zv, enum violation_action action)
{
	t->j->verdict = VERDICT_DENY;
	t->j->zv = zv;
	t->j->action = action;
}

/* Check 9, given what the permits said of the packet, as an opening and an answer. */
static enum violation_class
class_of_refused(const struct trial *t, const struct index_answer *same,
    const struct index_answer *as_answer)
{
	const struct zv_table *zv = t->c->zv;
	uint16_t in = t->j->in, out = t->j->out;
	struct index_query q = query_same_way(t);
	struct index_answer peers = { 0 };

	if (as_answer->permit != 0 || as_answer->dated != 0)
		return ZV_02_NOT_PERMITTED;
	if (zv_class_of(zv, in) == ZONE_CLASS_INTERNET &&
	    zv_class_of(zv, out) == ZONE_CLASS_LGWAN && zv_file_or_mail(t->f))
		return ZV_09_SANITISER_BYPASS;
	if (is_segment(in) && out != SEGMENT_SELF && in != out &&
	    zv_is_relay(zv, in, &t->f->src)) {
		if (t->reachable)
			ask(t, &q, INDEX_HOSTS, &peers);
		if (peers.permit == 0 && peers.dated == 0)
			return ZV_09_SANITISER_BYPASS;
	}
	if (same->concerned == 0 && zv_asks_outside(zv, t->f, in, t->dst))
		return ZV_08_INTERNET_BOUND;
	return zv_unlisted_crossing(zv, in, out) ? ZV_01_ZONE_CROSSING
						 : ZV_02_NOT_PERMITTED;
}

static void
refuse_unlisted(const struct trial *t, const struct index_answer *same,
    const struct index_answer *as_answer)
{
	enum violation_action action =
	    zv_is_tunnel(t->f->protocol) ? ACTION_TUNNEL : ACTION_ATTEMPT;

	refuse(t, class_of_refused(t, same, as_answer), action);
}

/* Nothing that a permit could hold. */
static void
refuse_unasked(const struct trial *t)
{
	const struct index_answer nothing = { 0 };

	refuse_unlisted(t, &nothing, &nothing);
}

static bool
crosses(const struct trial *t)
{
	return t->out_given && is_segment(t->j->out) && t->j->in != t->j->out &&
	    t->j->in != SEGMENT_SELF;
}

/* True for the directed broadcast of a network of the sender's own segment. */
static bool
is_own_broadcast(const struct trial *t)
{
	const struct checked_segment *seg;

	if ((t->dst & OWNER_BROADCAST) == 0)
		return false;
	if (!is_segment(t->j->in))
		return t->j->in == SEGMENT_SELF;

	seg = &t->c->checked->segments[t->j->in];
	for (size_t i = 0; i < seg->n_networks; i++)
		if (seg->networks[i].base.family == IP_V4 &&
		    seg->networks[i].length <= 30 &&
		    address_prefix_range(&seg->networks[i]).last == t->f->dst.value)
			return true;
	return false;
}

/* Check 2. */
static bool
is_local(const struct trial *t)
{
	const struct facts *f = t->f;
	uint16_t in = t->j->in, out = t->j->out;

	if (crosses(t))
		return false;
	if ((f->flags & (FACT_ARP | FACT_GROUP_MAC)) != 0 || packet_to_group(&f->dst) ||
	    is_own_broadcast(t) || packet_is_neighbour_discovery(f))
		return true;
	if (packet_link_local(&f->dst) && out != SEGMENT_SELF)
		return true;
	return in == SEGMENT_SELF && (out == SEGMENT_SELF ||
	    (!t->out_given && owner_segment(t->dst) == SEGMENT_SELF));
}

/* Check 3. */
static bool
source_is_right(const struct trial *t)
{
	const owner_value never = OWNER_FORBIDDEN | OWNER_BROADCAST;
	uint16_t in = t->j->in;
	struct index_answer quoted = { 0 };

	if (in == SEGMENT_SELF)
		return owner_knows_self(t->c->owners) ?
		    owner_segment(t->src) == SEGMENT_SELF : (t->src & never) == 0;
	if (!is_segment(in))
		return false;
	if (owner_segment(t->src) == in)
		return true;
	if (!t->any || !packet_is_icmp_error(t->f) || (t->src & never) != 0 ||
	    owner_segment(t->src) == SEGMENT_SELF)
		return false;
	ask_quoted(t, &quoted);
	return quoted.permit != 0;
}

/* Check 5. An address may be bound to more than one MAC, as a pair of routers is. */
static bool
mac_is_right(const struct trial *t)
{
	const struct checked *c = t->c->checked;
	const struct ip_addr *a = &t->f->src;
	size_t low = 0, high = c->n_bindings;

	if ((t->src & OWNER_BOUND) == 0 || (t->f->flags & FACT_HAS_MAC) == 0 ||
	    t->j->in == SEGMENT_SELF)
		return true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ip_addr *b = &c->bindings[middle].addr;

		if (b->family < a->family ||
		    (b->family == a->family && b->value < a->value))
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < c->n_bindings && c->bindings[low].addr.family == a->family &&
	    c->bindings[low].addr.value == a->value; low++)
		if (memcmp(c->bindings[low].mac, t->f->src_mac, 6) == 0)
			return true;
	return false;
}

/* Check 6. */
static bool
headers_are_plain(const struct trial *t)
{
	unsigned int flags = t->f->flags;

	if (flags & (FACT_IP_OPTIONS | FACT_ROUTING_HEADER) ||
	    packet_is_extension_alone(t->f))
		return false;
	if ((flags & FACT_EXTENSION) == 0)
		return true;
	return t->any && !(t->f->protocol == IPPROTO_TCP && packet_is_lone_syn(t->f));
}

/* Check 7. */
static void
refuse_destination(const struct trial *t)
{
	if (zv_is_closed(t->c->zv, t->j->in) && zv_is_global(&t->f->dst))
		refuse(t, ZV_08_INTERNET_BOUND, ACTION_ATTEMPT);
	else
		refuse_unasked(t);
}

static void
permit(const struct trial *t, uint32_t number)
{
	t->j->verdict = VERDICT_PERMIT;
	t->j->permit = number;
}

/* Checks 8 and 9. */
static void
judge_by_permits(const struct trial *t)
{
	struct index_query q = query_same_way(t);
	struct index_answer same = { 0 }, as_answer = { 0 };

	ask(t, &q, INDEX_SERVICE, &same);
	if (same.permit != 0 && packet_can_open(t->f)) {
		/* the only check that one who may answer passes and an opening does not */
		t->j->opens = (t->f->flags & FACT_EXTENSION) == 0;
		permit(t, same.permit);
		return;
	}
	ask_as_answer(t, &q, &same, &as_answer);
	if (t->any && as_answer.permit != 0) {
		permit(t, as_answer.permit);
		return;
	}
	if (t->any && t->j->in == SEGMENT_SELF && packet_is_icmp_error(t->f)) {
		t->j->verdict = VERDICT_LOCAL;
		return;
	}
	if (same.permit == 0)
		t->j->permit = !t->any ? same.concerned :
		    first_of(same.concerned, as_answer.concerned);
	refuse_unlisted(t, &same, &as_answer);
}

static void
judge_ip(struct trial *t)
{
	struct judgement *j = t->j;

	if (!source_is_right(t)) {
		if (j->out == SEGMENT_SELF && packet_link_local(&t->f->src) &&
		    packet_link_local(&t->f->dst))
			refuse_unasked(t);
		else
			refuse(t, ZV_03_SPOOFED, ACTION_SPOOFED_SOURCE);
		return;
	}
	if (!t->out_given && is_segment(j->in) && owner_segment(t->dst) == j->in) {
		j->verdict = VERDICT_LOCAL;
		return;
	}
	if (!mac_is_right(t)) {
		refuse(t, ZV_03_SPOOFED, ACTION_WRONG_MAC);
		return;
	}
	if (!headers_are_plain(t)) {
		refuse(t, ZV_02_NOT_PERMITTED, ACTION_UNCLASSIFIABLE);
		return;
	}
	if (t->reachable)
		judge_by_permits(t);
	else
		refuse_destination(t);
}

static void
judge(const struct classifier *c, const struct facts *f, uint16_t in, uint16_t out,
    int64_t now, bool any, struct judgement *j)
{
	struct trial t = { .c = c, .f = f, .j = j, .now = now, .any = any };

	*j = (struct judgement){ .in = in, .out = out };
	if (f->unreadable != READABLE || (!packet_is_ip(f) && !packet_is_arp(f))) {
		refuse(&t, ZV_02_NOT_PERMITTED, ACTION_UNCLASSIFIABLE);
		return;
	}
	t.src = owner_of(c->owners, &f->src);
	t.dst = owner_of(c->owners, &f->dst);
	t.out_given = out != SEGMENT_NONE;
	if (!t.out_given)
		j->out = owner_segment(t.dst);
	t.reachable = !packet_is_arp(f) && (j->out == SEGMENT_SELF ||
	    (is_segment(j->out) && owner_segment(t.dst) == j->out));

	if (is_local(&t))
		j->verdict = VERDICT_LOCAL;
	else if (packet_is_arp(f))
		refuse_unasked(&t);
	else
		judge_ip(&t);
}

void
classifier_judge(const struct classifier *c, const struct facts *f, uint16_t in,
    uint16_t out, int64_t now, struct judgement *j)
{
	judge(c, f, in, out, now, false, j);
}

void
classifier_judge_any(const struct classifier *c, const struct facts *f, uint16_t in,
    uint16_t out, int64_t now, struct judgement *j)
{
	judge(c, f, in, out, now, true, j);
}

void
classifier_expect(const struct classifier *c, const struct facts *f)
{
	permit_index_expect(c->permits, f);
}
