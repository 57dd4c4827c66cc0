/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packet that an ICMP error quotes (RFC 792, 4443): as much of it as is there. */
#include "agent/watch/decode_parts.h"

#include <netinet/in.h>

#define PORTS 4u

/* RFC 792 promises eight bytes of the quoted payload: ports, no more. */
static void
quoted_transport(struct cursor *c, struct facts *f)
{
	const uint8_t *p = cursor_peek(c, PORTS);

	if (p == NULL)
		return;
	switch (f->quoted_protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
		f->quoted_sport = read_be16(p);
		f->quoted_dport = read_be16(p + 2);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		f->quoted_sport = read_be16(p);
		break;
	default:
		break;
	}
}

static void
quoted_ipv4(struct cursor *c, struct facts *f)
{
	const uint8_t *p = cursor_peek(c, 20);
	uint32_t header;

	if (p == NULL || p[0] >> 4 != 4)
		return;
	header = (p[0] & 15u) * 4;
	if (header < 20)
		return;
	decode_address4(p + 12, &f->quoted_src);
	decode_address4(p + 16, &f->quoted_dst);
	f->quoted_protocol = p[9];
	if ((read_be16(p + 6) & 0x1fffu) == 0 && cursor_take(c, header) != NULL)
		quoted_transport(c, f);
}

static void
quoted_ipv6(struct cursor *c, struct facts *f)
{
	const uint8_t *p = cursor_take(c, 40);
	uint32_t size;
	uint8_t next;

	if (p == NULL || p[0] >> 4 != 6)
		return;
	decode_address6(p + 8, &f->quoted_src);
	decode_address6(p + 24, &f->quoted_dst);
	next = f->quoted_protocol = p[6];
	/* Every header takes at least 8 captured bytes, so this ends. */
	while (decode_is_extension(next)) {
		p = cursor_peek(c, 8);
		if (p == NULL)
			return;
		if (next == IPPROTO_FRAGMENT && (read_be16(p + 2) & 0xfff8u) != 0) {
			f->quoted_protocol = p[0];
			return;
		}
		size = next == IPPROTO_FRAGMENT ? 8 : (p[1] + 1u) * 8;
		if (cursor_take(c, size) == NULL)
			return;
		next = f->quoted_protocol = p[0];
	}
	quoted_transport(c, f);
}

void
decode_quoted(struct cursor c, enum ip_family family, struct facts *f)
{
	if (family == IP_V6)
		quoted_ipv6(&c, f);
	else
		quoted_ipv4(&c, f);
}
