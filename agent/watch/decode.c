/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways in, and Ethernet (IEEE 802.3, 802.1Q, 802.1ad): what stands before
 * the IP header of nearly every frame.
 */
#include "agent/watch/decode.h"

#include "agent/watch/decode_fast.h"
#include "agent/watch/decode_parts.h"

#include <net/ethernet.h>
#include <pcap/dlt.h>
#include <string.h>

#define TAG_BYTES		4u
/* 802.3: up to here the field is a length, an 802.2 header follows. */
#define LARGEST_8023_LENGTH	1500u
#define SMALLEST_ETHERTYPE	0x0600u
#define ETHERTYPE_8021AD	0x88a8u
#define ETHERTYPE_QINQ_OLD	0x9100u

static bool
is_tag(uint16_t ethertype)
{
	return ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_8021AD ||
	    ethertype == ETHERTYPE_QINQ_OLD;
}

void
decode_network(struct cursor c, uint16_t ethertype, struct facts *f,
    struct decode_rest *rest)
{
	f->ethertype = ethertype;
	switch (ethertype) {
	case ETHERTYPE_IP:
		decode_ipv4(c, f, rest);
		break;
	case ETHERTYPE_IPV6:
		decode_ipv6(c, f, rest);
		break;
	case ETHERTYPE_ARP:
		decode_arp(c, f);
		break;
	default:
		decode_unreadable(f, UNREADABLE_ETHERTYPE);
		break;
	}
}

/* A type-or-length field behind which no tag stands. */
static void
decode_untagged(struct cursor c, uint16_t type, struct facts *f, struct decode_rest *rest)
{
	if (type > LARGEST_8023_LENGTH) {
		decode_network(c, type, f, rest);
		return;
	}
	cursor_limit(&c, type);
	decode_llc(c, f, rest);
}

static void
decode_tagged(struct cursor c, uint16_t type, struct facts *f, struct decode_rest *rest)
{
	for (unsigned int tags = 0; is_tag(type); tags++) {
		const uint8_t *p = cursor_take(&c, TAG_BYTES);

		f->ethertype = type;
		if (p == NULL) {
			decode_unreadable(f, UNREADABLE_TRUNCATED);
			return;
		}
		if (tags == FACT_VLANS) {
			decode_unreadable(f, UNREADABLE_VLAN_DEPTH);
			return;
		}
		f->vlan[tags] = (uint16_t)((read_be16(p) & 0x0fffu) + 1u);
		type = read_be16(p + 2);
	}
	decode_untagged(c, type, f, rest);
}

void
decode_ethertype(struct cursor c, uint16_t ethertype, struct facts *f,
    struct decode_rest *rest)
{
	if (ethertype < SMALLEST_ETHERTYPE)
		decode_network(c, ethertype, f, rest);
	else
		decode_tagged(c, ethertype, f, rest);
}

static inline void
decode_frame_of_ethernet(struct cursor c, struct facts *f, struct decode_rest *rest)
{
	const uint8_t *p = cursor_take(&c, ETHER_HDR_LEN);
	uint16_t type;

	if (p == NULL) {
		decode_unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	memcpy(f->dst_mac, p, sizeof(f->dst_mac));
	memcpy(f->src_mac, p + 6, sizeof(f->src_mac));
	f->flags |= FACT_HAS_MAC;
	if (p[0] & 1)
		f->flags |= FACT_GROUP_MAC;
	type = read_be16(p + 12);
	if (type == ETHERTYPE_IP) {
		f->ethertype = type;
		decode_ipv4(c, f, rest);
	} else {
		decode_tagged(c, type, f, rest);
	}
}

void
decode_ethernet(struct cursor c, struct facts *f, struct decode_rest *rest)
{
	decode_frame_of_ethernet(c, f, rest);
}

bool
decode_knows_link(int link_type)
{
	struct cursor nothing = { NULL, 0, 0 };
	struct decode_rest rest;
	struct facts f = { 0 };

	return link_type == DLT_EN10MB || decode_other_link(link_type, nothing, &f, &rest);
}

void
decode_frame(int link_type, const uint8_t *bytes, uint32_t captured, uint32_t length,
    struct facts *f, struct decode_rest *rest)
{
	struct cursor c = { bytes, captured, length < captured ? captured : length };
	struct decode_rest unasked;

	if (rest == NULL)
		rest = &unasked;
	memset(rest, 0, sizeof(*rest));
	facts_clear(f);
	f->length = c.wire;
	if (link_type == DLT_EN10MB)
		decode_frame_of_ethernet(c, f, rest);
	else
		decode_other_link(link_type, c, f, rest);
}

void
decode_packet(const uint8_t *bytes, uint32_t captured, uint32_t length, struct facts *f,
    struct decode_rest *rest)
{
	struct cursor c = { bytes, captured, length < captured ? captured : length };
	struct decode_rest unasked;

	if (rest == NULL)
		rest = &unasked;
	memset(rest, 0, sizeof(*rest));
	facts_clear(f);
	decode_ip_any(c, f, rest);
	if (length != DECODE_LENGTH_UNKNOWN)
		f->length = length < captured ? captured : length;
}

/* What a tunnel carries, its own header being sound. */
static void
enter(const struct decode_rest *at, struct facts *f, struct decode_rest *rest)
{
	struct cursor c = at->payload;

	if (at->inner == DECODE_ETHERNET)
		f->length = c.wire;
	/* The fragment ends before the inner packet does; how far that goes, its
	 * own header says. */
	if (at->cut && c.wire < LARGEST_PACKET)
		c.wire = LARGEST_PACKET;
	if (at->inner == DECODE_ETHERNET)
		decode_ethernet(c, f, rest);
	else
		decode_ethertype(c, at->inner, f, rest);
	if (f->length == 0)
		f->length = at->payload.wire;
}

bool
decode_inner(struct decode_rest *rest, struct facts *f)
{
	const struct decode_rest at = *rest;

	memset(rest, 0, sizeof(*rest));
	facts_clear(f);
	if (at.tunnel == TUNNEL_NONE)
		return false;

	f->tunnel = at.tunnel;
	f->level = rest->level =
	    (uint8_t)(at.level < DECODE_LEVELS ? at.level + 1u : DECODE_LEVELS);
	if (at.level >= DECODE_LEVELS)
		decode_unreadable(f, UNREADABLE_TUNNEL_DEPTH);
	else if (at.trouble != READABLE)
		decode_unreadable(f, (enum unreadable)at.trouble);
	else
		enter(&at, f, rest);
	return true;
}
