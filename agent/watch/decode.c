/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Link layers: what stands before the IP header. Layouts from
 * www.tcpdump.org/linktypes and IEEE 802.3, 802.1Q.
 */
#include "agent/watch/decode.h"

#include "agent/watch/decode_parts.h"

#include <net/ethernet.h>
#include <pcap/dlt.h>
#include <string.h>

#define TAG_BYTES		4u
#define MAX_TAGS		2u
/* 802.3: up to here the field is a length, an LLC header follows. */
#define LARGEST_8023_LENGTH	1500u
#define ETHERTYPE_8021AD	0x88a8u
#define ETHERTYPE_QINQ_OLD	0x9100u

static void
unreadable(struct facts *f, enum unreadable why)
{
	f->unreadable = (uint8_t)why;
}

static bool
is_tag(uint16_t ethertype)
{
	return ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_8021AD ||
	    ethertype == ETHERTYPE_QINQ_OLD;
}

/* RFC 826 for Ethernet and IPv4: 8 bytes of head, then sha, spa, tha, tpa. */
static void
decode_arp(struct cursor *c, struct facts *f)
{
	const uint8_t *p = cursor_take(c, 8);

	if (p == NULL) {
		unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	f->flags |= FACT_ARP;
	if (read_be16(p) != 1 || read_be16(p + 2) != ETHERTYPE_IP || p[4] != 6 ||
	    p[5] != 4) {
		unreadable(f, UNREADABLE_LENGTH);
		return;
	}
	p = cursor_take(c, 20);
	if (p == NULL) {
		unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	f->src = address_from_bytes(IP_V4, p + 6);
	f->dst = address_from_bytes(IP_V4, p + 16);
}

/* What an EtherType (or a cooked capture's protocol) announces. */
static void
decode_ethertype(struct cursor *c, uint16_t ethertype, struct facts *f)
{
	for (unsigned int tags = 0; is_tag(ethertype); tags++) {
		const uint8_t *p = cursor_take(c, TAG_BYTES);

		f->ethertype = ethertype;
		if (tags == MAX_TAGS || p == NULL) {
			unreadable(f, p == NULL ? UNREADABLE_TRUNCATED :
			    UNREADABLE_VLAN_DEPTH);
			return;
		}
		f->vlan[tags] = (uint16_t)((read_be16(p) & 0x0fffu) + 1u);
		ethertype = read_be16(p + 2);
	}

	f->ethertype = ethertype;
	switch (ethertype) {
	case ETHERTYPE_IP:
		decode_ipv4(c, f);
		break;
	case ETHERTYPE_IPV6:
		decode_ipv6(c, f);
		break;
	case ETHERTYPE_ARP:
		decode_arp(c, f);
		break;
	default:
		unreadable(f, UNREADABLE_ETHERTYPE);
		break;
	}
}

static void
decode_ethernet(struct cursor *c, struct facts *f)
{
	const uint8_t *p = cursor_take(c, ETHER_HDR_LEN);

	if (p == NULL) {
		unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	memcpy(f->dst_mac, p, sizeof(f->dst_mac));
	memcpy(f->src_mac, p + 6, sizeof(f->src_mac));
	f->flags |= FACT_HAS_MAC;
	if (p[0] & 1)
		f->flags |= FACT_GROUP_MAC;
	if (read_be16(p + 12) <= LARGEST_8023_LENGTH) {
		f->ethertype = read_be16(p + 12);
		unreadable(f, UNREADABLE_ETHERTYPE);
		return;
	}
	decode_ethertype(c, read_be16(p + 12), f);
}

/*
 * Linux cooked captures carry the sender's MAC and the kind of packet
 * (1 broadcast, 2 multicast), not the receiver's MAC.
 */
static void
cooked_address(struct facts *f, unsigned int kind, unsigned int length,
    const uint8_t *mac)
{
	if (kind == 1 || kind == 2)
		f->flags |= FACT_GROUP_MAC;
	if (length != sizeof(f->src_mac))
		return;
	memcpy(f->src_mac, mac, sizeof(f->src_mac));
	f->flags |= FACT_HAS_MAC;
}

static void
decode_cooked(struct cursor *c, struct facts *f)
{
	const uint8_t *p = cursor_take(c, 16);

	if (p == NULL) {
		unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	cooked_address(f, read_be16(p), read_be16(p + 4), p + 6);
	decode_ethertype(c, read_be16(p + 14), f);
}

static void
decode_cooked2(struct cursor *c, struct facts *f)
{
	const uint8_t *p = cursor_take(c, 20);

	if (p == NULL) {
		unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	cooked_address(f, p[10], p[11], p + 12);
	decode_ethertype(c, read_be16(p), f);
}

/*
 * BSD loopback: an address family in the byte order of whoever captured
 * (DLT_LOOP: network order). Either order fits in one of the two halves.
 */
static void
decode_loopback(struct cursor *c, struct facts *f)
{
	const uint8_t *p = cursor_take(c, 4);
	uint32_t family;

	if (p == NULL) {
		unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	family = read_be32(p);
	if ((family & 0xffffu) == 0)
		family = (uint32_t)p[1] << 8 | p[0];

	switch (family) {
	case 2:			/* AF_INET everywhere */
		f->ethertype = ETHERTYPE_IP;
		decode_ipv4(c, f);
		break;
	case 10:		/* AF_INET6: Linux, Windows, NetBSD, FreeBSD, macOS */
	case 23:
	case 24:
	case 28:
	case 30:
		f->ethertype = ETHERTYPE_IPV6;
		decode_ipv6(c, f);
		break;
	default:
		unreadable(f, UNREADABLE_ETHERTYPE);
		break;
	}
}

static void
decode_bare(struct cursor *c, enum ip_family only, struct facts *f)
{
	const uint8_t *p = cursor_peek(c, 1);

	if (p != NULL && only != IP_NONE && p[0] >> 4 != (uint8_t)only) {
		unreadable(f, UNREADABLE_VERSION);
		return;
	}
	decode_ip_any(c, f);
}

void
decode_ip_any(struct cursor *c, struct facts *f)
{
	const uint8_t *p = cursor_peek(c, 1);

	if (p == NULL) {
		unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	switch (p[0] >> 4) {
	case 4:
		f->ethertype = ETHERTYPE_IP;
		decode_ipv4(c, f);
		break;
	case 6:
		f->ethertype = ETHERTYPE_IPV6;
		decode_ipv6(c, f);
		break;
	default:
		unreadable(f, UNREADABLE_VERSION);
		break;
	}
}

/* One table: what decode_frame() takes is what decode_knows_link() promises. */
static bool
decode_link(int link_type, struct cursor *c, struct facts *f)
{
	switch (link_type) {
	case DLT_EN10MB:
		decode_ethernet(c, f);
		return true;
	case DLT_RAW:
		decode_bare(c, IP_NONE, f);
		return true;
	case DLT_IPV4:
		decode_bare(c, IP_V4, f);
		return true;
	case DLT_IPV6:
		decode_bare(c, IP_V6, f);
		return true;
	case DLT_NULL:
	case DLT_LOOP:
		decode_loopback(c, f);
		return true;
	case DLT_LINUX_SLL:
		decode_cooked(c, f);
		return true;
	case DLT_LINUX_SLL2:
		decode_cooked2(c, f);
		return true;
	default:
		unreadable(f, UNREADABLE_LINKTYPE);
		return false;
	}
}

bool
decode_knows_link(int link_type)
{
	struct cursor nothing = { NULL, 0, 0 };
	struct facts f = { 0 };

	return decode_link(link_type, &nothing, &f);
}

void
decode_frame(int link_type, const uint8_t *bytes, uint32_t captured, uint32_t length,
    struct facts *f, struct decode_rest *rest)
{
	struct cursor c = { bytes, captured, length < captured ? captured : length };

	if (rest != NULL)
		memset(rest, 0, sizeof(*rest));
	memset(f, 0, sizeof(*f));
	f->length = c.wire;
	decode_link(link_type, &c, f);
}

void
decode_packet(const uint8_t *bytes, uint32_t captured, uint32_t length, struct facts *f,
    struct decode_rest *rest)
{
	struct cursor c = { bytes, captured, length < captured ? captured : length };

	if (rest != NULL)
		memset(rest, 0, sizeof(*rest));
	memset(f, 0, sizeof(*f));
	decode_ip_any(&c, f);
	if (length != DECODE_LENGTH_UNKNOWN)
		f->length = c.wire;
}

bool
decode_inner(struct decode_rest *rest, struct facts *f)
{
	memset(f, 0, sizeof(*f));
	return rest->tunnel != TUNNEL_NONE;
}
