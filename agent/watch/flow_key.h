/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything a judgement of a plain packet depends on, straight from the bytes:
 * the key of the flow table. Plain is Ethernet II without tags, IPv4 without
 * options and fragments or IPv6 without extension headers, UDP, or TCP in the
 * middle of a connection, lengths in order. All else has no key and is decoded.
 *
 * What has a key decodes to a readable packet without anything in it, and two
 * frames of one key differ for no judge (tests/unit/test_inspect.c).
 */
#ifndef AGENT_WATCH_FLOW_KEY_H
#define AGENT_WATCH_FLOW_KEY_H

#include "agent/watch/cursor.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What is done for every frame: with two places to expand it in, compilers make it a call. */
#define FLOW_IN_LINE static inline __attribute__((always_inline))

/* Where a frame was seen, in the numbers of whoever saw it. */
struct flow_where {
	uint16_t tap, ingress;
	bool outgoing;
};

/*
 * Whole words, no padding, compared as they are. Addresses, ports and the MAC are
 * in the order of the wire; with IPv4 both addresses stand in src[0].
 */
struct flow_key {
	uint64_t service;	/* ports << 32 | tap << 16 | protocol << 8 | FLOW_KEY_* */
	uint64_t origin;	/* source MAC and ingress */
	uint64_t src[2], dst[2];
};
_Static_assert(sizeof(struct flow_key) == 48, "no padding in keys");

#define FLOW_KEY_IPV6		0x01u
#define FLOW_KEY_OUTGOING	0x02u
#define FLOW_KEY_GROUP_MAC	0x04u

static inline uint32_t
flow_key_ports(const struct flow_key *k)
{
	return (uint32_t)(k->service >> 32);
}

static inline uint32_t
flow_load32(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static inline uint64_t
flow_load64(const uint8_t *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

/* Six bytes as the upper ones of a word; eight are read. */
static inline uint64_t
flow_load48(const uint8_t *p)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? flow_load64(p) << 16 :
	    flow_load64(p) & ~(uint64_t)UINT16_MAX;
}

/* Of the IP payload: shortest header, by protocol; 0: such a packet has no key. */
FLOW_IN_LINE uint32_t
flow_key_header(uint8_t protocol)
{
	return protocol == IPPROTO_UDP ? 8 : protocol == IPPROTO_TCP ? 20 : 0;
}

/*
 * p: the transport header, of which flow_key_header() bytes can be read. payload:
 * bytes of it on the wire. SYN, FIN and RST are for those who watch connections.
 */
FLOW_IN_LINE bool
flow_key_transport(const uint8_t *p, uint8_t protocol, uint32_t payload)
{
	uint32_t size;

	if (protocol == IPPROTO_TCP) {
		size = (uint32_t)(p[12] >> 4) * 4;
		return size >= 20 && size <= payload && (p[13] & 0x07u) == 0;
	}
	size = read_be16(p + 4);
	return size >= 8 && size <= payload;
}

/* p: the IP header; captured, wire: bytes from there on. False: not plain. */
FLOW_IN_LINE bool
flow_key_ipv4(const uint8_t *p, uint32_t captured, uint32_t wire, struct flow_key *k)
{
	uint32_t total = read_be16(p + 2), header = flow_key_header(p[9]);

	/* of the fragment word only "do not fragment" may be set */
	if (p[0] != 0x45 || header == 0 || (p[6] & 0xbfu) != 0 || p[7] != 0 ||
	    total < 20 + header || total > wire || captured < 20 + header)
		return false;
	k->src[0] = flow_load64(p + 12);
	k->src[1] = k->dst[0] = k->dst[1] = 0;
	k->service |= (uint64_t)flow_load32(p + 20) << 32 | (uint64_t)p[9] << 8;
	return flow_key_transport(p + 20, p[9], total - 20);
}

static inline bool
flow_key_ipv6(const uint8_t *p, uint32_t captured, uint32_t wire, struct flow_key *k)
{
	uint32_t payload, header;

	if (captured < 48)
		return false;
	payload = read_be16(p + 4);
	header = flow_key_header(p[6]);
	if (p[0] >> 4 != 6 || header == 0 || payload < header || payload > wire - 40 ||
	    captured < 40 + header)
		return false;
	for (size_t i = 0; i < 2; i++) {
		k->src[i] = flow_load64(p + 8 + 8 * i);
		k->dst[i] = flow_load64(p + 24 + 8 * i);
	}
	k->service |= (uint64_t)flow_load32(p + 40) << 32 | (uint64_t)p[6] << 8 |
	    FLOW_KEY_IPV6;
	return flow_key_transport(p + 40, p[6], payload);
}

/* The shortest frame that has a key: Ethernet, IPv4, UDP. */
#define FLOW_KEY_SHORTEST	(ETHER_HDR_LEN + 28u)

/* One Ethernet frame as decode_frame() takes it. False: it has to be decoded. */
FLOW_IN_LINE bool
flow_key_read(const uint8_t *p, uint32_t captured, uint32_t length,
    const struct flow_where *where, struct flow_key *k)
{
	uint32_t wire = length < captured ? captured : length;
	uint16_t ethertype;

	if (captured < FLOW_KEY_SHORTEST)
		return false;
	ethertype = read_be16(p + 12);
	k->origin = flow_load48(p + 6) | where->ingress;
	k->service = (uint64_t)where->tap << 16 | (where->outgoing ? FLOW_KEY_OUTGOING : 0) |
	    ((p[0] & 1u) != 0 ? FLOW_KEY_GROUP_MAC : 0);
	p += ETHER_HDR_LEN;
	captured -= ETHER_HDR_LEN;
	wire -= ETHER_HDR_LEN;
	if (ethertype == ETHERTYPE_IP)
		return flow_key_ipv4(p, captured, wire, k);
	return ethertype == ETHERTYPE_IPV6 && flow_key_ipv6(p, captured, wire, k);
}

/* Of a TCP segment with SYN, FIN or RST: the key of those in between that have none. */
static inline bool
flow_key_of_connection(const uint8_t *bytes, uint32_t captured, uint32_t length,
    const struct flow_where *where, struct flow_key *k)
{
	uint8_t head[ETHER_HDR_LEN + 40 + 20];
	uint32_t n = captured < sizeof(head) ? captured : (uint32_t)sizeof(head);
	uint32_t flags = ETHER_HDR_LEN + 20 + 13;

	if (n <= flags)
		return false;
	memcpy(head, bytes, n);
	if (read_be16(head + 12) == ETHERTYPE_IPV6)
		flags += 20;
	if (n <= flags)
		return false;
	head[flags] &= 0xf8u;
	return flow_key_read(head, n, length < captured ? captured : length, where, k);
}

#endif /* AGENT_WATCH_FLOW_KEY_H */
