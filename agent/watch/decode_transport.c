/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transport headers: as much of them as the policy language can name. TCP
 * (RFC 9293), UDP (768), UDP-Lite (3828), SCTP (9260), ICMP (792, 4443).
 */
#include "agent/watch/decode_parts.h"

#include <netinet/in.h>

#define TCP_HEADER	20u
#define TCP_FLAGS_END	14u	/* ports, numbers, offset and flags */
#define UDP_HEADER	8u
#define SCTP_HEADER	12u
#define ICMP_HEADER	8u
#define PORTS		4u

static void
unreadable(struct facts *f, enum unreadable why)
{
	f->unreadable = (uint8_t)why;
}

/*
 * "read" bytes of a header that needs "whole" on the wire. NULL with the
 * reason in facts: not captured, or a first fragment too small to hold it.
 */
static const uint8_t *
need(const struct cursor *c, uint32_t read, uint32_t whole, bool first, struct facts *f)
{
	if (whole > c->wire) {
		unreadable(f, first ? UNREADABLE_FRAGMENT : UNREADABLE_TRUNCATED);
		return NULL;
	}
	if (read > c->captured) {
		unreadable(f, UNREADABLE_TRUNCATED);
		return NULL;
	}
	return c->at;
}

static void
take_ports(const uint8_t *p, struct facts *f)
{
	f->sport = read_be16(p);
	f->dport = read_be16(p + 2);
	f->flags |= FACT_HAS_PORTS;
}

static void
decode_tcp(struct cursor *c, struct facts *f, bool first)
{
	const uint8_t *p = need(c, TCP_FLAGS_END, TCP_HEADER, first, f);
	uint32_t size;

	if (p == NULL)
		return;
	take_ports(p, f);
	f->tcp_flags = p[13] & 0x3fu;
	size = (uint32_t)(p[12] >> 4) * 4;
	if (size < TCP_HEADER)
		unreadable(f, UNREADABLE_LENGTH);
	else
		need(c, 0, size, first, f);
}

/* Length 0 is a jumbogram's (RFC 2675) or a GRO packet's over 64 KiB. */
static void
decode_udp(struct cursor *c, struct facts *f, bool first)
{
	const uint8_t *p = need(c, UDP_HEADER, UDP_HEADER, first, f);
	uint32_t size;

	if (p == NULL)
		return;
	take_ports(p, f);
	size = read_be16(p + 4);
	if (size == 0 && c->wire > UINT16_MAX)
		return;
	if (size < UDP_HEADER || (!first && size > c->wire))
		unreadable(f, UNREADABLE_LENGTH);
}

static bool
is_error(uint8_t protocol, uint8_t type)
{
	if (protocol == IPPROTO_ICMPV6)
		return type >= 1 && type <= 4;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static void
decode_icmp(struct cursor *c, enum ip_family family, struct facts *f, bool first)
{
	const uint8_t *p = need(c, PORTS, ICMP_HEADER, first, f);

	if (p == NULL)
		return;
	f->sport = read_be16(p);
	f->flags |= FACT_HAS_PORTS;
	if (is_error(f->protocol, p[0]) && cursor_take(c, ICMP_HEADER) != NULL)
		decode_quoted(c, family, f);
}

void
decode_transport(struct cursor *c, struct facts *f, bool first)
{
	const uint8_t *p;

	switch (f->protocol) {
	case IPPROTO_TCP:
		decode_tcp(c, f, first);
		break;
	case IPPROTO_UDP:
		decode_udp(c, f, first);
		break;
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
		p = need(c, PORTS, f->protocol == IPPROTO_SCTP ? SCTP_HEADER : UDP_HEADER,
		    first, f);
		if (p != NULL)
			take_ports(p, f);
		break;
	case IPPROTO_ICMP:
		if (f->src.family == IP_V4)
			decode_icmp(c, IP_V4, f, first);
		break;
	case IPPROTO_ICMPV6:
		if (f->src.family == IP_V6)
			decode_icmp(c, IP_V6, f, first);
		break;
	default:
		break;
	}
}

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
	f->quoted_src = address_from_bytes(IP_V4, p + 12);
	f->quoted_dst = address_from_bytes(IP_V4, p + 16);
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
	f->quoted_src = address_from_bytes(IP_V6, p + 8);
	f->quoted_dst = address_from_bytes(IP_V6, p + 24);
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
decode_quoted(struct cursor *c, enum ip_family family, struct facts *f)
{
	if (family == IP_V6)
		quoted_ipv6(c, f);
	else
		quoted_ipv4(c, f);
}
