/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts to bytes; the decoder makes facts of them again. */
#include "tests/unit/random_frame.h"

#include <netinet/in.h>
#include <string.h>

#define PAYLOAD 20u

struct frame {
	uint8_t *bytes;
	size_t n;
};

static void
put8(struct frame *f, unsigned int v)
{
	f->bytes[f->n++] = (uint8_t)v;
}

static void
put16(struct frame *f, unsigned int v)
{
	put8(f, v >> 8);
	put8(f, v);
}

static void
put_zeros(struct frame *f, size_t n)
{
	while (n-- > 0)
		put8(f, 0);
}

static void
put_address(struct frame *f, const struct ip_addr *a)
{
	f->n += address_to_bytes(a->family, a->value, f->bytes + f->n);
}

/* A length, in one of 50 a wrong one. */
static void
put_length(struct dice *d, struct frame *f, unsigned int v)
{
	put16(f, dice_chance(d, 2) ? v + dice_below(d, 64) - 32 : v);
}

static size_t
transport_length(const struct facts *f)
{
	if (f->flags & FACT_FRAGMENT_LATER)
		return 24;
	switch (f->protocol) {
	case IPPROTO_TCP:
		return 20 + PAYLOAD;
	case IPPROTO_UDP:
		return 8 + PAYLOAD;
	default:
		return 12 + PAYLOAD;
	}
}

static void
put_transport(struct dice *d, struct frame *out, const struct facts *f)
{
	size_t end = out->n + transport_length(f);

	put16(out, f->sport);
	put16(out, f->dport);
	if (f->protocol == IPPROTO_TCP) {
		put_zeros(out, 8);
		put8(out, dice_chance(d, 2) ? dice_below(d, 256) : 0x50);
		put8(out, f->tcp_flags);
	} else if (f->protocol == IPPROTO_UDP) {
		put_length(d, out, (unsigned int)transport_length(f));
	}
	put_zeros(out, end - out->n);
}

static unsigned int
fragment_field(const struct facts *f)
{
	if (f->flags & FACT_FRAGMENT_FIRST)
		return 0x2000;
	return f->flags & FACT_FRAGMENT_LATER ? 185 : 0x4000;
}

static void
put_ipv4(struct dice *d, struct frame *out, const struct facts *f)
{
	bool options = (f->flags & FACT_IP_OPTIONS) != 0;

	put8(out, options ? 0x46 : 0x45);
	put8(out, 0);
	put_length(d, out, (unsigned int)transport_length(f) + (options ? 24 : 20));
	put16(out, 1);
	put16(out, fragment_field(f));
	put8(out, f->hop_limit);
	put8(out, f->protocol);
	put16(out, 0);
	put_address(out, &f->src);
	put_address(out, &f->dst);
	if (options)
		put_zeros(out, 4);
}

static void
put_ipv6(struct dice *d, struct frame *out, const struct facts *f)
{
	bool fragment = (f->flags & (FACT_FRAGMENT_FIRST | FACT_FRAGMENT_LATER)) != 0;
	bool extension = (f->flags & FACT_EXTENSION) != 0;
	unsigned int length = (unsigned int)transport_length(f);

	if (fragment || extension)
		length += 8;
	put8(out, 0x60);
	put_zeros(out, 3);
	put_length(d, out, length);
	put8(out, fragment ? IPPROTO_FRAGMENT : extension ? IPPROTO_HOPOPTS :
	    f->protocol);
	put8(out, f->hop_limit);
	put_address(out, &f->src);
	put_address(out, &f->dst);
	if (!fragment && !extension)
		return;
	put8(out, f->protocol);
	put8(out, 0);
	put16(out, fragment ? (f->flags & FACT_FRAGMENT_FIRST ? 1 : 185 << 3) : 0x0104);
	put_zeros(out, 4);
}

size_t
random_frame(struct dice *d, const struct facts *f, const uint8_t dst_mac[6],
    uint8_t frame[RANDOM_FRAME_MAX])
{
	struct frame out = { frame, 0 };

	memcpy(frame, dst_mac, 6);
	if (f->flags & FACT_GROUP_MAC)
		frame[0] |= 1;
	memcpy(frame + 6, f->src_mac, 6);
	out.n = 12;
	if (f->flags & FACT_ARP) {
		put16(&out, 0x0806);
		put_zeros(&out, 46);
		return out.n;
	}
	put16(&out, f->src.family == IP_V6 ? 0x86dd : 0x0800);
	if (f->src.family == IP_V6)
		put_ipv6(d, &out, f);
	else
		put_ipv4(d, &out, f);
	put_transport(d, &out, f);
	return out.n;
}
