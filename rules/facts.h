/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What decoding knows of one packet. Plain numbers, no pointer into the
 * packet: facts may be kept, compared and sent to another process.
 */
#ifndef RULES_FACTS_H
#define RULES_FACTS_H

#include "rules/address.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Why a packet could not be read to its transport header. */
enum unreadable {
	READABLE = 0,
	UNREADABLE_ETHERTYPE,		/* not IPv4, IPv6 or ARP */
	UNREADABLE_TRUNCATED,		/* headers reach beyond the packet */
	UNREADABLE_LENGTH,		/* lengths contradict each other */
	UNREADABLE_VERSION,		/* IP version is not what the EtherType says */
	UNREADABLE_VLAN_DEPTH,		/* more tags than FACT_VLANS */
	UNREADABLE_EXTENSION,		/* unknown or too many IPv6 extension headers */
	UNREADABLE_FRAGMENT,		/* its place or length is impossible */
	UNREADABLE_TINY,		/* first fragment without its transport header */
	UNREADABLE_OVERLAP,		/* fragment that overlaps another of its packet */
	UNREADABLE_TUNNEL,		/* the header of a tunnel contradicts itself */
	UNREADABLE_TUNNEL_DEPTH,	/* more tunnels in tunnels than DECODE_LEVELS */
	UNREADABLE_LINKTYPE,		/* capture of a link layer we do not read */
	UNREADABLE_COUNT
};

#define FACT_FRAGMENT_FIRST	0x0001u	/* offset 0, more to come */
#define FACT_FRAGMENT_LATER	0x0002u	/* offset > 0: no ports in it */
#define FACT_IP_OPTIONS		0x0004u	/* IPv4 header longer than 20 bytes */
#define FACT_EXTENSION		0x0008u	/* IPv6 extension header other than fragment */
#define FACT_ROUTING_HEADER	0x0010u	/* IPv6 routing header of any type */
#define FACT_HAS_PORTS		0x0020u	/* sport/dport (or ICMP type/code) were read */
#define FACT_HAS_MAC		0x0040u
#define FACT_ARP		0x0080u	/* src, dst are sender and target protocol addresses */
#define FACT_GROUP_MAC		0x0100u	/* destination MAC is broadcast or multicast */
#define FACT_PORTS_INHERITED	0x0200u	/* a later fragment's, from its first (fragments.h) */
#define FACT_FRAGMENT_LAST	0x0400u	/* a fragment that its packet ends with */
#define FACT_KNOWN		0x07ffu	/* all of them */

#define FACT_VLANS 3u	/* Suricata and Zeek stop there too; 802.1ad needs two */

/* What one packet carries another one in. Zero: it stands on the wire itself. */
enum tunnel {
	TUNNEL_NONE = 0,
	TUNNEL_IPIP,		/* RFC 2003, IPv4 or IPv6 in either: protocols 4 and 41 */
	TUNNEL_GRE,		/* RFC 2784, 2890; with its Ethernet form (0x6558) */
	TUNNEL_ERSPAN,		/* in GRE: types I, II, III */
	TUNNEL_VXLAN,		/* RFC 7348, udp/4789 */
	TUNNEL_GENEVE,		/* RFC 8926, udp/6081 */
	TUNNEL_GTP_U,		/* 3GPP TS 29.281, udp/2152 */
	TUNNEL_TEREDO,		/* RFC 4380, udp/3544 only */
	TUNNEL_COUNT
};

#define TCP_FLAG_FIN 0x01u
#define TCP_FLAG_SYN 0x02u
#define TCP_FLAG_RST 0x04u
#define TCP_FLAG_PSH 0x08u
#define TCP_FLAG_ACK 0x10u
#define TCP_FLAG_URG 0x20u

struct facts {
	struct ip_addr src, dst;	/* family IP_NONE: not IP */
	uint16_t ethertype;		/* after VLAN tags, host order; below 0x600: an 802.2 DSAP */
	uint16_t sport, dport;		/* host order; ICMP: sport = type << 8 | code, dport 0 */
	uint16_t flags;			/* FACT_* */
	uint16_t vlan[FACT_VLANS];	/* outermost first: VLAN id + 1; 0: none */
	uint8_t protocol;		/* transport; with an IPv6 extension chain the last one */
	uint8_t first_header;		/* IPv6 next header of the fixed header; IPv4: protocol */
	uint8_t tcp_flags;		/* TCP_FLAG_* */
	uint8_t hop_limit;
	uint8_t unreadable;		/* enum unreadable */
	uint8_t src_mac[6], dst_mac[6];
	uint8_t tunnel;			/* enum tunnel: what this packet was carried in */
	uint8_t level;			/* 0: on the wire; 1: in a tunnel; 2: in a tunnel in it ... */
	uint32_t length;		/* bytes on the wire */
	/* FACT_FRAGMENT_*: identification, and the stretch of the packet it is, in bytes
	 * behind the headers that every fragment repeats. */
	uint32_t fragment_id, fragment_offset, fragment_bytes;
	/* ICMP errors: the packet quoted in it (family IP_NONE: none readable). */
	struct ip_addr quoted_src, quoted_dst;
	uint16_t quoted_sport, quoted_dport;
	uint8_t quoted_protocol;
};

_Static_assert(sizeof(struct facts) > 128, "facts_clear() counts on it");

/*
 * All zero. In pieces, because as a whole compilers clear 208 bytes with "rep stos",
 * which takes longer than the rest of decoding (30 ns against 3).
 */
static inline void
facts_clear(struct facts *f)
{
	unsigned char *bytes = (unsigned char *)f;

	memset(bytes, 0, 64);
	memset(bytes + 64, 0, 64);
	memset(bytes + 128, 0, sizeof(*f) - 128);
}

const char *unreadable_name(enum unreadable why);
const char *tunnel_name(enum tunnel tunnel);	/* "gre"; TUNNEL_NONE: "" */

#endif /* RULES_FACTS_H */
