/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets made by dice, on and beside the edges of a policy. */
#include "tests/unit/random_policy.h"

#include <netinet/in.h>
#include <string.h>

/* First, last or one beside it, rarely something between. */
static ip_value
near(struct dice *d, ip_value first, ip_value last, ip_value max)
{
	switch (dice_below(d, 12)) {
	case 0:
		return first == 0 ? 0 : first - 1;
	case 1:
		return last == max ? max : last + 1;
	case 2: case 3: case 4: case 5:
		return last;
	case 6:
		return first + (last - first) / 2;
	}
	return first;
}

static uint16_t
near_port(struct dice *d, uint16_t first, uint16_t last)
{
	return (uint16_t)near(d, first, last, 65535);
}

/* Addresses that no permit should ever let through. */
static struct ip_addr
odd_address(struct dice *d, enum ip_family family)
{
	static const uint32_t v4[] = {
		0, 0x7f000001, 0xa9fe0001, 0xe0000001, 0xefffffff, 0xf0000000, 0xffffffff,
		0x08080808, 0x0a0000ff, 0x0a000000, 0xc0a80001, 0x64400001, 0xac100001,
	};
	static const uint64_t v6[] = {
		0, 0xfe80000000000000, 0xff02000000000000, 0xfec0000000000000,
		0x4000000000000000, 0x2001470000000000, 0xfd00000000000000,
	};

	if (family == IP_V4)
		return (struct ip_addr){ v4[dice_below(d, 13)], IP_V4 };
	return (struct ip_addr){
	    (ip_value)v6[dice_below(d, 7)] << 64 | dice_below(d, 3), IP_V6};
}

static struct ip_addr
near_range(struct dice *d, const struct ip_range *r)
{
	return (struct ip_addr){
	    near(d, r->first, r->last, address_max(r->family)), r->family};
}

static enum ip_family
some_family(struct dice *d)
{
	return dice_chance(d, 60) ? IP_V4 : IP_V6;
}

/* An address that the policy knows in some way. */
static struct ip_addr
known_address(struct dice *d, const struct checked *c, enum ip_family family)
{
	for (int tries = 0; tries < 8; tries++) {
		const struct checked_segment *s =
		    &c->segments[dice_below(d, (unsigned int)c->n_segments)];
		struct ip_addr a = odd_address(d, family);
		unsigned int kind = dice_below(d, 8);

		if (kind < 3 && c->n_owned > 0)
			a = near_range(
			    d, &c->owned[dice_below(d, (unsigned int)c->n_owned)].range);
		else if (kind < 4 && s->n_gateway > 0)
			a = s->gateway[dice_below(d, (unsigned int)s->n_gateway)];
		else if (kind < 6 && c->n_bindings > 0)
			a = c->bindings[dice_below(d, (unsigned int)c->n_bindings)].addr;
		else if (kind < 7 && s->n_networks > 0) {
			struct ip_range r = address_prefix_range(
			    &s->networks[dice_below(d, (unsigned int)s->n_networks)]);

			a = near_range(d, &r);
		}
		if (a.family == family)
			return a;
	}
	return odd_address(d, family);
}

static void
random_service(struct dice *d, struct facts *f)
{
	static const uint8_t protocols[] = {
	    6, 6, 17, 17, 132, 1, 58, 47, 50, 4, 253, 0, 43};
	static const uint16_t ports[] = { 0, 22, 25, 53, 443, 445, 1024, 8080, 65535 };

	f->protocol = protocols[dice_below(d, 13)];
	f->sport = ports[dice_below(d, 9)];
	f->dport = ports[dice_below(d, 9)];
	if (f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6) {
		f->sport = (uint16_t)(dice_below(d, 145) << 8 | dice_below(d, 2));
		f->dport = 0;
	}
}

static void
service_of_box(struct dice *d, const struct service_match *s, struct facts *f)
{
	f->protocol = s->protocol;
	f->sport = near_port(d, s->sport_first, s->sport_last);
	f->dport = near_port(d, s->dport_first, s->dport_last);
	if (s->form == SERVICE_PROTOCOL)
		random_service(d, f);
	if (s->form == SERVICE_PROTOCOL && !s->protocol_any)
		f->protocol = s->protocol;
	if (f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6)
		f->dport = 0;
}

/* On a box, or on the edge of one. */
static void
near_box(struct dice *d, const struct checked *c, struct random_packet *p)
{
	const struct box *b = &c->boxes[dice_below(d, (unsigned int)c->n_boxes)];
	struct facts *f = &p->facts;

	f->src = near_range(d, &b->src);
	f->dst = near_range(d, &b->dst);
	if (b->in == SEGMENT_SELF)
		f->src = known_address(d, c, b->src.family);
	if (b->out == SEGMENT_SELF)
		f->dst = known_address(d, c, b->dst.family);
	service_of_box(d, &b->service, f);
	p->in = b->in;
	p->out = b->out;
}

static uint16_t
owner(const struct checked *c, const struct ip_addr *a)
{
	return checked_is_gateway(c, a) ? SEGMENT_SELF : checked_owner(c, a);
}

static void
between_known(struct dice *d, const struct checked *c, struct random_packet *p)
{
	enum ip_family family = some_family(d);

	p->facts.src = known_address(d, c, family);
	p->facts.dst = known_address(d, c, family);
	random_service(d, &p->facts);
	p->in = owner(c, &p->facts.src);
	p->out = owner(c, &p->facts.dst);
}

static void
turn_round(struct random_packet *p)
{
	struct facts *f = &p->facts;
	struct ip_addr a = f->src;
	uint16_t segment = p->in, port = f->sport;

	f->src = f->dst;
	f->dst = a;
	p->in = p->out;
	p->out = segment;
	if (f->protocol != IPPROTO_ICMP && f->protocol != IPPROTO_ICMPV6) {
		f->sport = f->dport;
		f->dport = port;
	}
}

static uint8_t
reply_type(uint8_t protocol, uint8_t type)
{
	if (protocol == IPPROTO_ICMPV6)
		return (uint8_t)(type + 1);
	return type == 8 ? 0 : (uint8_t)(type + 1);
}

/* An ICMP error that answers the packet so far. */
static void
make_error(struct dice *d, const struct checked *c, struct random_packet *p)
{
	static const uint8_t v4[] = { 3, 11, 12, 5 }, v6[] = { 1, 2, 3, 4 };
	struct facts *f = &p->facts, q = p->facts;
	bool is_v6 = f->src.family == IP_V6;
	uint8_t type = is_v6 ? v6[dice_below(d, 4)] : v4[dice_below(d, 4)];

	turn_round(p);
	f->quoted_src = q.src;
	f->quoted_dst = q.dst;
	f->quoted_protocol = q.protocol;
	f->quoted_sport = q.sport;
	f->quoted_dport = q.dport;
	f->protocol = is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	f->sport = (uint16_t)(type << 8 | dice_below(d, 4));
	f->dport = 0;
	if (dice_chance(d, 30))
		f->src = known_address(d, c, f->src.family);
	if (dice_chance(d, 10))
		p->in = SEGMENT_SELF;
	if (dice_chance(d, 10))
		f->quoted_src = known_address(d, c, f->src.family);
	if (dice_chance(d, 5))
		f->quoted_dst.family = IP_NONE;
}

static void
random_flags(struct dice *d, struct facts *f)
{
	static const uint16_t flags[] = {
	    FACT_IP_OPTIONS,
	    FACT_EXTENSION,
	    FACT_EXTENSION | FACT_ROUTING_HEADER,
	    FACT_ARP,
	    FACT_GROUP_MAC,
	    FACT_FRAGMENT_FIRST,
	    FACT_FRAGMENT_LATER,
	    FACT_FRAGMENT_LATER,
	};
	static const uint8_t tcp[] = {0x02, 0x02, 0x02, 0x02, 0x10, 0x12, 0x18, 0x04,
	    0x14, 0x01, 0x03, 0x06, 0x00, 0x29, 0xc2, 0x3f};

	f->flags = FACT_HAS_PORTS;
	if (dice_chance(d, 15))
		f->flags |= flags[dice_below(d, 8)];
	if ((f->flags & FACT_FRAGMENT_LATER) != 0 || dice_chance(d, 2))
		f->flags &= (uint16_t)~FACT_HAS_PORTS;
	if (f->protocol == IPPROTO_TCP)
		f->tcp_flags = tcp[dice_below(d, 16)];
	f->hop_limit = dice_chance(d, 20) ? 255 : 64;
	if (dice_chance(d, 1))
		f->unreadable = (uint8_t)(1 + dice_below(d, UNREADABLE_COUNT - 1));
}

static void
random_mac(struct dice *d, struct facts *f)
{
	if (dice_chance(d, 40))
		return;
	f->flags |= FACT_HAS_MAC;
	memcpy(f->src_mac, "\x02\x00\x00\x00", 4);
	f->src_mac[4] = (uint8_t)(f->src.value >> 8);
	f->src_mac[5] = (uint8_t)f->src.value;
	if (dice_chance(d, 10))
		f->src_mac[dice_below(d, 6)] ^= 0x10;
}

static void
random_sides(struct dice *d, const struct checked *c, struct random_packet *p)
{
	static const uint16_t sides[] = { SEGMENT_SELF, SEGMENT_NONE };
	unsigned int n = (unsigned int)c->n_segments;

	if (dice_chance(d, 5))
		p->in = dice_chance(d, 50) ? sides[dice_below(d, 2)]
					   : (uint16_t)dice_below(d, n);
	if (dice_chance(d, 40))
		p->out = SEGMENT_NONE;
	else if (dice_chance(d, 8))
		p->out = dice_chance(d, 30) ? SEGMENT_SELF : (uint16_t)dice_below(d, n);
}

/* A question for names or the time, or what is nearly one. */
static void
make_question(struct dice *d, struct facts *f)
{
	static const uint16_t ports[] = { 53, 53, 853, 123, 123, 5353, 54, 443 };
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_UDP, IPPROTO_TCP,
	    IPPROTO_SCTP };

	f->protocol = protocols[dice_below(d, 4)];
	f->dport = ports[dice_below(d, 8)];
}

void
random_packet(struct dice *d, const struct checked *c, struct random_packet *p)
{
	struct facts *f = &p->facts;

	memset(p, 0, sizeof(*p));
	if (c->n_boxes > 0 && dice_chance(d, 80))
		near_box(d, c, p);
	else
		between_known(d, c, p);
	if (dice_chance(d, 3))
		f->dst = known_address(d, c, f->dst.family);
	if (dice_chance(d, 2))
		f->src = known_address(d, c, f->src.family);

	if (dice_chance(d, 25)) {
		if ((f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6) &&
		    dice_chance(d, 80))
			f->sport =
			    (uint16_t)(reply_type(f->protocol, (uint8_t)(f->sport >> 8))
					   << 8 |
				       (f->sport & 255));
		turn_round(p);
	}
	if (dice_chance(d, 12))
		make_error(d, c, p);
	if (dice_chance(d, 12))
		make_question(d, f);
	random_flags(d, f);
	random_mac(d, f);
	random_sides(d, c, p);
	if (dice_chance(d, 1))
		f->dst.family = f->dst.family == IP_V4 ? IP_V6 : IP_NONE;
	p->now = RANDOM_NOW + (int)dice_below(d, 5) - 2 + (dice_chance(d, 20) ? 60 : 0);
}
