/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Link layers beside Ethernet, and what stands on a link that is not IP. Layouts
 * from www.tcpdump.org/linktypes, IEEE 802.2 and RFC 1042.
 */
#include "agent/watch/decode_parts.h"

#include <net/ethernet.h>
#include <pcap/dlt.h>
#include <string.h>

#define LLC_HEADER	3u
#define SNAP_HEADER	8u	/* AA AA 03, organization, type */
/* Linux' if_ether.h: ETH_P_802_2, as a cooked capture says "an 802.2 header follows". */
#define COOKED_8022	4u

/* RFC 826 for Ethernet and IPv4: 8 bytes of head, then sha, spa, tha, tpa. */
void
decode_arp(struct cursor c, struct facts *f)
{
	const uint8_t *p = cursor_take(&c, 8);

	if (p == NULL) {
		decode_unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	f->flags |= FACT_ARP;
	if (read_be16(p) != 1 || read_be16(p + 2) != ETHERTYPE_IP || p[4] != 6 ||
	    p[5] != 4) {
		decode_unreadable(f, UNREADABLE_LENGTH);
		return;
	}
	p = cursor_take(&c, 20);
	if (p == NULL) {
		decode_unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	decode_address4(p + 6, &f->src);
	decode_address4(p + 16, &f->dst);
}

/* An organization whose SNAP types are EtherTypes: RFC 1042, or 802.1H's tunnel. */
static bool
is_snap(const uint8_t *p)
{
	static const uint8_t rfc1042[] = { 0xaa, 0xaa, 3, 0, 0, 0 };
	static const uint8_t tunnel[] = { 0xaa, 0xaa, 3, 0, 0, 0xf8 };

	return memcmp(p, rfc1042, sizeof(rfc1042)) == 0 ||
	    memcmp(p, tunnel, sizeof(tunnel)) == 0;
}

void
decode_llc(struct cursor c, struct facts *f, struct decode_rest *rest)
{
	const uint8_t *p = cursor_peek(&c, LLC_HEADER);

	if (p == NULL) {
		decode_unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	f->ethertype = p[0];
	decode_unreadable(f, UNREADABLE_ETHERTYPE);
	p = cursor_peek(&c, SNAP_HEADER);
	if (p == NULL || !is_snap(p))
		return;

	cursor_skip(&c, SNAP_HEADER);
	decode_unreadable(f, READABLE);
	decode_network(c, read_be16(p + 6), f, rest);
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
cooked_protocol(struct cursor c, uint16_t protocol, struct facts *f,
    struct decode_rest *rest)
{
	if (protocol == COOKED_8022)
		decode_llc(c, f, rest);
	else
		decode_ethertype(c, protocol, f, rest);
}

static void
decode_cooked(struct cursor c, struct facts *f, struct decode_rest *rest)
{
	const uint8_t *p = cursor_take(&c, 16);

	if (p == NULL) {
		decode_unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	cooked_address(f, read_be16(p), read_be16(p + 4), p + 6);
	cooked_protocol(c, read_be16(p + 14), f, rest);
}

static void
decode_cooked2(struct cursor c, struct facts *f, struct decode_rest *rest)
{
	const uint8_t *p = cursor_take(&c, 20);

	if (p == NULL) {
		decode_unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	cooked_address(f, p[10], p[11], p + 12);
	cooked_protocol(c, read_be16(p), f, rest);
}

/*
 * BSD loopback: an address family in the byte order of whoever captured
 * (DLT_LOOP: network order). Either order fits in one of the two halves.
 */
static void
decode_loopback(struct cursor c, struct facts *f, struct decode_rest *rest)
{
	const uint8_t *p = cursor_take(&c, 4);
	uint32_t family;

	if (p == NULL) {
		decode_unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	family = read_be32(p);
	if ((family & 0xffffu) == 0)
		family = (uint32_t)p[1] << 8 | p[0];

	switch (family) {
	case 2:			/* AF_INET everywhere */
		decode_ethertype(c, ETHERTYPE_IP, f, rest);
		break;
	case 10:		/* AF_INET6: Linux, Windows, NetBSD, FreeBSD, macOS */
	case 23:
	case 24:
	case 28:
	case 30:
		decode_ethertype(c, ETHERTYPE_IPV6, f, rest);
		break;
	default:
		decode_unreadable(f, UNREADABLE_ETHERTYPE);
		break;
	}
}

static void
decode_bare(struct cursor c, enum ip_family only, struct facts *f,
    struct decode_rest *rest)
{
	const uint8_t *p = cursor_peek(&c, 1);

	if (p != NULL && only != IP_NONE && p[0] >> 4 != (uint8_t)only) {
		decode_unreadable(f, UNREADABLE_VERSION);
		return;
	}
	decode_ip_any(c, f, rest);
}

void
decode_ip_any(struct cursor c, struct facts *f, struct decode_rest *rest)
{
	const uint8_t *p = cursor_peek(&c, 1);

	if (p == NULL) {
		decode_unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	switch (p[0] >> 4) {
	case 4:
		decode_ethertype(c, ETHERTYPE_IP, f, rest);
		break;
	case 6:
		decode_ethertype(c, ETHERTYPE_IPV6, f, rest);
		break;
	default:
		decode_unreadable(f, UNREADABLE_VERSION);
		break;
	}
}

/* One table: what decode_frame() takes is what decode_knows_link() promises. */
bool
decode_other_link(int link_type, struct cursor c, struct facts *f,
    struct decode_rest *rest)
{
	switch (link_type) {
	case DLT_RAW:
		decode_bare(c, IP_NONE, f, rest);
		return true;
	case DLT_IPV4:
		decode_bare(c, IP_V4, f, rest);
		return true;
	case DLT_IPV6:
		decode_bare(c, IP_V6, f, rest);
		return true;
	case DLT_NULL:
	case DLT_LOOP:
		decode_loopback(c, f, rest);
		return true;
	case DLT_LINUX_SLL:
		decode_cooked(c, f, rest);
		return true;
	case DLT_LINUX_SLL2:
		decode_cooked2(c, f, rest);
		return true;
	default:
		decode_unreadable(f, UNREADABLE_LINKTYPE);
		return false;
	}
}
