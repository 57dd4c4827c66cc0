/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/random_frame.h"

#include <netinet/in.h>
#include <string.h>

struct writer {
	uint8_t *at;
};

static void
put(struct writer *w, const void *bytes, size_t n)
{
	memcpy(w->at, bytes, n);
	w->at += n;
}

static void
put8(struct writer *w, unsigned int value)
{
	*w->at++ = (uint8_t)value;
}

static void
put16(struct writer *w, unsigned int value)
{
	put8(w, value >> 8);
	put8(w, value & 0xff);
}

static void
put_address(struct writer *w, const struct ip_addr *a)
{
	for (unsigned int bits = address_bits(a->family); bits > 0; bits -= 8)
		put8(w, (unsigned int)(a->value >> (bits - 8)) & 0xff);
}

/* Returns its length. */
static unsigned int
put_transport(struct writer *w, const struct facts *f)
{
	const uint8_t *begin = w->at;

	switch (f->protocol) {
	case IPPROTO_TCP:
		put16(w, f->sport);
		put16(w, f->dport);
		put(w, "\0\0\0\1\0\0\0\2\x50", 9);
		put8(w, f->tcp_flags);
		put(w, "\0\0\0\0\0\0", 6);
		break;
	case IPPROTO_ICMP: case IPPROTO_ICMPV6:
		put16(w, f->sport);
		put(w, "\0\0\0\0\0\0", 6);
		break;
	default:
		put16(w, f->sport);
		put16(w, f->dport);
		put16(w, 12);
		put(w, "\0\0data", 6);
		break;
	}
	return (unsigned int)(w->at - begin);
}

static void
put_ipv4(struct writer *w, const struct facts *f)
{
	uint8_t *header = w->at, *end;
	bool options = (f->flags & FACT_IP_OPTIONS) != 0;

	put8(w, options ? 0x46 : 0x45);
	put(w, "\0\0\0\0\7", 5);
	put16(w, f->flags & FACT_FRAGMENT_FIRST ? 0x2000 :
	    f->flags & FACT_FRAGMENT_LATER ? 0x0010 : 0x4000);
	put8(w, f->hop_limit);
	put8(w, f->protocol);
	put16(w, 0);
	put_address(w, &f->src);
	put_address(w, &f->dst);
	if (options)
		put(w, "\x94\4\0\0", 4);
	put_transport(w, f);
	end = w->at;
	w->at = header + 2;
	put16(w, (unsigned int)(end - header));
	w->at = end;
}

static void
put_ipv6(struct writer *w, const struct facts *f)
{
	uint8_t *header = w->at, *end;
	bool extension = (f->flags & FACT_EXTENSION) != 0;

	put(w, "\x60\0\0\0\0\0", 6);
	put8(w, extension ? IPPROTO_DSTOPTS : f->protocol);
	put8(w, f->hop_limit);
	put_address(w, &f->src);
	put_address(w, &f->dst);
	if (extension) {
		put8(w, f->protocol);
		put(w, "\0\1\4\0\0\0\0", 7);
	}
	put_transport(w, f);
	end = w->at;
	w->at = header + 4;
	put16(w, (unsigned int)(end - header) - 40);
	w->at = end;
}

static void
put_frame(const struct facts *facts, bool tagged, struct random_frame *f)
{
	struct writer w = { f->bytes };
	bool v6 = facts->src.family == IP_V6;

	memset(f, 0, sizeof(*f));
	put8(&w, facts->flags & FACT_GROUP_MAC ? 3 : 2);
	put(&w, "\0\0\0\0\1", 5);
	put(&w, facts->src_mac, 6);
	if (tagged)
		put(&w, "\x81\0\0\x05", 4);
	put16(&w, facts->flags & FACT_ARP ? 0x0806 : v6 ? 0x86dd : 0x0800);
	if (v6)
		put_ipv6(&w, facts);
	else if (facts->src.family == IP_V4)
		put_ipv4(&w, facts);
	f->captured = f->length = (uint32_t)(w.at - f->bytes);
}

void
random_frame_plain(const struct facts *facts, struct random_frame *f)
{
	put_frame(facts, false, f);
}

void
random_frame(struct dice *d, const struct random_packet *p, struct random_frame *f)
{
	struct facts facts = p->facts;

	if (facts.dst.family != facts.src.family)
		facts.dst.family = facts.src.family;
	put_frame(&facts, dice_chance(d, 3), f);
	f->in = p->in;
	f->out = p->out;
	if (dice_chance(d, 30))		/* padding, as of short frames */
		f->captured = f->length += dice_below(d, 20);
	if (dice_chance(d, 5))
		f->length += dice_below(d, 2000);
	if (dice_chance(d, 3))
		f->captured = dice_below(d, f->captured + 1);
	if (dice_chance(d, 5) && f->captured > 0)
		f->bytes[dice_below(d, f->captured)] ^= (uint8_t)(1u << dice_below(d, 8));
}
