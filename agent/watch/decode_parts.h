/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stages of decoding, for decode*.c only. Each takes the cursor at its own
 * header, fills in facts and hands on; the last one leaves what follows in
 * *rest, which is never NULL here. Only the outermost caller clears facts. The
 * cursor is handed over by value: so it stays in registers.
 */
#ifndef AGENT_WATCH_DECODE_PARTS_H
#define AGENT_WATCH_DECODE_PARTS_H

#include "agent/watch/decode.h"

#define LARGEST_PACKET	65535u
#define IPV6_HEADER	40u

static inline void
decode_unreadable(struct facts *f, enum unreadable why)
{
	f->unreadable = (uint8_t)why;
}

/* Into cleared facts: the padding of an address stays zero, so that facts compare. */
static inline void
decode_address4(const uint8_t *p, struct ip_addr *a)
{
	a->value = read_be32(p);
	a->family = IP_V4;
}

static inline void
decode_address6(const uint8_t *p, struct ip_addr *a)
{
	a->value = (ip_value)read_be64(p) << 64 | read_be64(p + 8);
	a->family = IP_V6;
}

/* ---- decode.c -------------------------------------------------------------- */

void decode_ethernet(struct cursor c, struct facts *f, struct decode_rest *rest);

/* What an EtherType (or a cooked capture's protocol) announces; network: but tags. */
void decode_network(struct cursor c, uint16_t ethertype, struct facts *f,
    struct decode_rest *rest);
void decode_ethertype(struct cursor c, uint16_t ethertype, struct facts *f,
    struct decode_rest *rest);

/* ---- decode_link.c --------------------------------------------------------- */

/* Any link layer but Ethernet. False, and UNREADABLE_LINKTYPE: we do not read it. */
bool decode_other_link(int link_type, struct cursor c, struct facts *f,
    struct decode_rest *rest);

/* By the version nibble, for links that carry bare IP. */
void decode_ip_any(struct cursor c, struct facts *f, struct decode_rest *rest);

/* IEEE 802.2: SNAP leads to an EtherType, anything else stays UNREADABLE_ETHERTYPE. */
void decode_llc(struct cursor c, struct facts *f, struct decode_rest *rest);
void decode_arp(struct cursor c, struct facts *f);

/* ---- decode_ip.c ----------------------------------------------------------- */

void decode_ipv6(struct cursor c, struct facts *f, struct decode_rest *rest);

/*
 * Facts of a fragment: its place, and whether that is possible. payload: its
 * bytes; behind: those that stand before the part that was cut into fragments
 * once the packet is put together again. False: not to be read any further.
 */
bool decode_fragment(struct facts *f, uint32_t offset, bool more, uint32_t payload,
    uint32_t behind);

/* True when "next" is an IPv6 extension header that decoding walks over. */
bool decode_is_extension(uint8_t next);

/* ---- decode_transport.c ---------------------------------------------------- */

/* Every protocol but TCP and UDP; f->protocol decides. */
void decode_other_transport(struct cursor c, struct facts *f, bool first,
    struct decode_rest *rest);

/* Smallest header of a transport protocol; 0 for one that we do not read. */
uint32_t decode_transport_size(uint8_t protocol);

/* ---- decode_quoted.c ------------------------------------------------------- */

/* The packet quoted in an ICMP error: addresses, protocol, ports if they are there. */
void decode_quoted(struct cursor c, enum ip_family family, struct facts *f);

/* ---- decode_tunnel.c ------------------------------------------------------- */

/* Cursor behind the IP headers; f->protocol is 4, 41 or 47. */
void decode_tunnel_ip(struct cursor c, const struct facts *f, struct decode_rest *rest);

/*
 * Cursor behind the UDP header, ended where the datagram ends. One of the ports
 * may be a tunnel's; if none is, *rest is left alone.
 */
void decode_tunnel_udp(struct cursor c, const struct facts *f, struct decode_rest *rest);

#endif /* AGENT_WATCH_DECODE_PARTS_H */
