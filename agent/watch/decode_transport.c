/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transport headers beside TCP and UDP: as much of them as the policy language
 * can name. UDP-Lite (RFC 3828), SCTP (9260), ICMP (792, 4443).
 */
#include "agent/watch/decode_fast.h"
#include "agent/watch/decode_parts.h"

#include <netinet/in.h>

#define SCTP_HEADER	12u
#define ICMP_HEADER	8u
#define PORTS		4u

uint32_t
decode_transport_size(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return TCP_HEADER;
	case IPPROTO_SCTP:
		return SCTP_HEADER;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return UDP_HEADER;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return ICMP_HEADER;
	default:
		return 0;
	}
}

static bool
is_error(uint8_t protocol, uint8_t type)
{
	if (protocol == IPPROTO_ICMPV6)
		return type >= 1 && type <= 4;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static void
decode_icmp(struct cursor c, enum ip_family family, struct facts *f, bool first,
    struct decode_rest *rest)
{
	const uint8_t *p = decode_need(&c, PORTS, ICMP_HEADER, first, f);

	if (p == NULL)
		return;
	f->sport = read_be16(p);
	f->flags |= FACT_HAS_PORTS;
	cursor_skip(&c, ICMP_HEADER);
	rest->payload = c;
	if (is_error(f->protocol, p[0]))
		decode_quoted(c, family, f);
}

/* Ports first, then things that nobody asks for. */
static void
decode_ported(struct cursor c, struct facts *f, bool first, struct decode_rest *rest)
{
	uint32_t size = decode_transport_size(f->protocol);
	const uint8_t *p = decode_need(&c, PORTS, size, first, f);

	if (p == NULL)
		return;
	decode_ports(p, f);
	cursor_skip(&c, size);
	rest->payload = c;
}

void
decode_other_transport(struct cursor c, struct facts *f, bool first,
    struct decode_rest *rest)
{
	switch (f->protocol) {
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
		decode_ported(c, f, first, rest);
		break;
	case IPPROTO_ICMP:
		if (f->src.family == IP_V4)
			decode_icmp(c, IP_V4, f, first, rest);
		break;
	case IPPROTO_ICMPV6:
		if (f->src.family == IP_V6)
			decode_icmp(c, IP_V6, f, first, rest);
		break;
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
	case IPPROTO_GRE:
		decode_tunnel_ip(c, f, rest);
		break;
	default:
		rest->payload = c;
		break;
	}
}
