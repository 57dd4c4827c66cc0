/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions about one packet that need no policy. */
#include "rules/classifier_packet.h"

#include <netinet/in.h>

#define TCP_OPEN_MASK (TCP_FLAG_FIN | TCP_FLAG_SYN | TCP_FLAG_RST | TCP_FLAG_ACK)

bool
packet_is_arp(const struct facts *f)
{
	return (f->flags & FACT_ARP) != 0;
}

bool
packet_is_ip(const struct facts *f)
{
	return (f->src.family == IP_V4 || f->src.family == IP_V6) &&
	    f->src.family == f->dst.family;
}

bool
packet_is_lone_syn(const struct facts *f)
{
	return (f->tcp_flags & TCP_OPEN_MASK) == TCP_FLAG_SYN;
}

/* 224.0.0.0/4, 255.255.255.255, ff00::/8. */
bool
packet_to_group(const struct ip_addr *a)
{
	if (a->family == IP_V4)
		return a->value >> 28 == 0xe || a->value == 0xffffffffu;
	return a->value >> 120 == 0xff;
}

/* 169.254.0.0/16, fe80::/10. */
bool
packet_link_local(const struct ip_addr *a)
{
	if (a->family == IP_V4)
		return a->value >> 16 == 0xa9fe;
	return a->value >> 118 == 0xfe80 >> 6;
}

static uint8_t
icmp_type(const struct facts *f)
{
	return (uint8_t)(f->sport >> 8);
}

bool
packet_is_icmp(const struct facts *f)
{
	return f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6;
}

/* ICMP of the other family is nothing that conntrack would open or relate. */
static bool
is_icmp_readable(const struct facts *f)
{
	uint8_t own = f->src.family == IP_V4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	return f->protocol == own && (f->flags & FACT_HAS_PORTS) != 0;
}

/* RFC 4861 section 4: routers drop what has another hop limit. */
bool
packet_is_neighbour_discovery(const struct facts *f)
{
	return f->src.family == IP_V6 && is_icmp_readable(f) && f->hop_limit == 255 &&
	    icmp_type(f) >= 133 && icmp_type(f) <= 137;
}

bool
packet_is_icmp_error(const struct facts *f)
{
	uint8_t type = icmp_type(f);

	if (!is_icmp_readable(f))
		return false;
	if (f->src.family == IP_V4)
		return type == 3 || type == 11 || type == 12;
	return type >= 1 && type <= 4;
}

static bool
icmp_can_open(const struct facts *f)
{
	uint8_t type = icmp_type(f);

	if (!is_icmp_readable(f))
		return false;
	if (f->src.family == IP_V4)
		return type == 8 || type == 13 || type == 15 || type == 17;
	return type == 128 || type == 139;
}

/* The request type that a reply answers; -1 if it is none. */
int
packet_icmp_request(const struct facts *f)
{
	if (!is_icmp_readable(f))
		return -1;
	switch (icmp_type(f)) {
	case 0:
		return f->src.family == IP_V4 ? 8 : -1;
	case 14:
	case 16:
	case 18:
		return f->src.family == IP_V4 ? icmp_type(f) - 1 : -1;
	case 129:
	case 140:
		return f->src.family == IP_V6 ? icmp_type(f) - 1 : -1;
	}
	return -1;
}

bool
packet_can_open(const struct facts *f)
{
	if (f->protocol == IPPROTO_TCP)
		return (f->flags & FACT_HAS_PORTS) != 0 && packet_is_lone_syn(f);
	return packet_is_icmp(f) ? icmp_can_open(f) : true;
}

/*
 * The headers that the gate refuses and the decoder walks (compile_gate.c). AH
 * and the like count as protocols, which only a permit for any protocol holds.
 */
bool
packet_is_extension_alone(const struct facts *f)
{
	if (f->src.family != IP_V6)
		return false;
	switch (f->protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_DSTOPTS:
		return true;
	}
	return false;
}
