/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The headers that nearly every packet has: IPv4 (RFC 791), TCP (RFC 9293), UDP
 * (RFC 768). Inline, because a call and the cursor's way through memory cost
 * more than what is done here; all that is rarer is called.
 */
#ifndef AGENT_WATCH_DECODE_FAST_H
#define AGENT_WATCH_DECODE_FAST_H

#include "agent/watch/decode_parts.h"

#include <netinet/in.h>

#define IPV4_HEADER		20u
#define TCP_HEADER		20u
#define TCP_FLAGS_END		14u	/* ports, numbers, offset and flags */
#define UDP_HEADER		8u

#define PORT_GTP_U		2152u
#define PORT_TEREDO		3544u
#define PORT_VXLAN		4789u
#define PORT_GENEVE		6081u

/* A hint is not enough: with two places to expand it in, compilers make it a call. */
#define FAST static inline __attribute__((always_inline))

/*
 * "read" bytes of a header that needs "whole" on the wire. NULL with the
 * reason in facts: not captured, or a first fragment too small to hold it.
 */
FAST const uint8_t *
decode_need(const struct cursor *c, uint32_t read, uint32_t whole, bool first,
    struct facts *f)
{
	if (whole > c->wire) {
		decode_unreadable(f, first ? UNREADABLE_TINY : UNREADABLE_TRUNCATED);
		return NULL;
	}
	if (read > c->captured) {
		decode_unreadable(f, UNREADABLE_TRUNCATED);
		return NULL;
	}
	return c->at;
}

FAST void
decode_ports(const uint8_t *p, struct facts *f)
{
	f->sport = read_be16(p);
	f->dport = read_be16(p + 2);
	f->flags |= FACT_HAS_PORTS;
}

FAST void
decode_tcp(struct cursor c, struct facts *f, bool first, struct decode_rest *rest)
{
	const uint8_t *p = decode_need(&c, TCP_FLAGS_END, TCP_HEADER, first, f);
	uint32_t size;

	if (p == NULL)
		return;
	decode_ports(p, f);
	f->tcp_flags = p[13] & 0x3fu;
	size = (uint32_t)(p[12] >> 4) * 4;
	if (size < TCP_HEADER) {
		decode_unreadable(f, UNREADABLE_LENGTH);
		return;
	}
	if (decode_need(&c, 0, size, first, f) == NULL)
		return;
	cursor_skip(&c, size);
	rest->payload = c;
}

FAST bool
decode_is_tunnel_port(const struct facts *f)
{
	return f->dport == PORT_VXLAN || f->dport == PORT_GENEVE || f->dport == PORT_GTP_U ||
	    f->dport == PORT_TEREDO || f->sport == PORT_TEREDO;
}

/* Length 0 is a jumbogram's (RFC 2675) or a GRO packet's over 64 KiB. */
FAST void
decode_udp(struct cursor c, struct facts *f, bool first, struct decode_rest *rest)
{
	const uint8_t *p = decode_need(&c, UDP_HEADER, UDP_HEADER, first, f);
	uint32_t size;

	if (p == NULL)
		return;
	decode_ports(p, f);
	size = read_be16(p + 4);
	if (size == 0 && c.wire > UINT16_MAX)
		size = c.wire;
	if (size < UDP_HEADER || (!first && size > c.wire)) {
		decode_unreadable(f, UNREADABLE_LENGTH);
		return;
	}
	cursor_limit(&c, size);
	cursor_skip(&c, UDP_HEADER);
	rest->payload = c;
	if (decode_is_tunnel_port(f))
		decode_tunnel_udp(c, f, rest);
}

/*
 * Transport header of f->protocol. "first" says that the packet is a first
 * fragment: what does not fit into it then is UNREADABLE_TINY (RFC 7112).
 */
FAST void
decode_transport(struct cursor c, struct facts *f, bool first, struct decode_rest *rest)
{
	if (f->protocol == IPPROTO_TCP)
		decode_tcp(c, f, first, rest);
	else if (f->protocol == IPPROTO_UDP)
		decode_udp(c, f, first, rest);
	else
		decode_other_transport(c, f, first, rest);
}

/*
 * Length in the header, or of the frame for a GRO packet over 64 KiB (length 0);
 * of such a one without a frame nobody knows more than what is there.
 */
FAST uint32_t
decode_ipv4_total(const struct cursor *c, const uint8_t *p)
{
	uint32_t total = read_be16(p + 2);

	if (total != 0 || c->wire <= LARGEST_PACKET)
		return total;
	return c->wire == DECODE_LENGTH_UNKNOWN ? c->captured : c->wire;
}

FAST void
decode_ipv4(struct cursor c, struct facts *f, struct decode_rest *rest)
{
	const uint8_t *p = cursor_peek(&c, IPV4_HEADER);
	uint32_t header, total, place;

	if (p == NULL) {
		decode_unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	if (p[0] >> 4 != 4) {
		decode_unreadable(f, UNREADABLE_VERSION);
		return;
	}
	header = (p[0] & 15u) * 4;
	total = decode_ipv4_total(&c, p);
	place = read_be16(p + 6) & 0x3fffu;
	decode_address4(p + 12, &f->src);
	decode_address4(p + 16, &f->dst);
	f->protocol = f->first_header = p[9];
	f->hop_limit = p[8];
	if (f->length == 0)
		f->length = total;
	if (header < IPV4_HEADER || total < header || total > c.wire) {
		decode_unreadable(f, UNREADABLE_LENGTH);
		return;
	}
	if (header > IPV4_HEADER)
		f->flags |= FACT_IP_OPTIONS;
	cursor_limit(&c, total);
	if (cursor_take(&c, header) == NULL) {
		decode_unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	if (place != 0) {
		f->fragment_id = read_be16(p + 4);
		if (!decode_fragment(f, (place & 0x1fffu) * 8, (place & 0x2000u) != 0,
		    total - header, header))
			return;
	}
	decode_transport(c, f, place != 0, rest);
}

#endif /* AGENT_WATCH_DECODE_FAST_H */
