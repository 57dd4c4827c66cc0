/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/headers.h"

#include "agent/watch/decode_parts.h"
#include "agent/watch/inspect.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <pcap/dlt.h>

#define IPV4_LEAST	20u
#define FRAGMENT_HEADER	8u
#define ARP_IPV4	28u	/* RFC 826, of IPv4 over Ethernet */
#define COOKED_HEADER	16u	/* DLT_LINUX_SLL */
#define TAG		4u

/* The IP header at these bytes and nothing behind it; 0: there is none. */
static uint32_t
ip_header(const uint8_t *p, uint32_t captured)
{
	uint32_t n;

	if (captured < IPV4_LEAST)
		return 0;
	if (p[0] >> 4 == 4) {
		n = (p[0] & 0xfu) * 4u;
		return n < IPV4_LEAST ? IPV4_LEAST : n;
	}
	if (p[0] >> 4 != 6 || captured < IPV6_HEADER)
		return 0;
	return IPV6_HEADER + (p[6] == IPPROTO_FRAGMENT ? FRAGMENT_HEADER : 0);
}

static uint32_t
at_most(uint32_t n, uint32_t most)
{
	return n < most ? n : most;
}

/* What an EtherType announces, without what the decoder could not read. */
static uint32_t
network_header(uint16_t ethertype, const uint8_t *p, uint32_t captured)
{
	if (ethertype == ETHERTYPE_IP || ethertype == ETHERTYPE_IPV6)
		return ip_header(p, captured);
	return ethertype == ETHERTYPE_ARP ? ARP_IPV4 : 0;
}

/* From the link header on, where decoding left no payload to go by. */
static uint32_t
plain_headers(int link_type, const struct facts *f, const uint8_t *bytes, uint32_t captured)
{
	uint32_t n = 0;

	if (link_type == INSPECT_BARE_PACKET || link_type == DLT_RAW)
		return at_most(ip_header(bytes, captured), captured);
	if (link_type == DLT_LINUX_SLL)
		n = COOKED_HEADER;
	else if (link_type == DLT_EN10MB)
		n = ETHER_HDR_LEN;
	else
		return 0;
	for (unsigned int i = 0; i < FACT_VLANS && f->vlan[i] != 0; i++)
		n += TAG;
	if (n >= captured)
		return captured;
	return at_most(n + network_header(f->ethertype, bytes + n, captured - n), captured);
}

/* The same of a packet in a tunnel. "ethertype": what the tunnel said it carries. */
static uint32_t
inner_headers(uint16_t ethertype, const struct facts *f, const struct cursor *c)
{
	if (ethertype == DECODE_ETHERNET)
		return plain_headers(DLT_EN10MB, f, c->at, c->captured);
	return at_most(network_header(ethertype, c->at, c->captured), c->captured);
}

uint32_t
headers_length(int link_type, const uint8_t *bytes, uint32_t captured, uint32_t length)
{
	struct decode_rest rest, before;
	struct facts f;
	uint32_t n;

	if (link_type == INSPECT_BARE_PACKET)
		decode_packet(bytes, captured, length, &f, &rest);
	else
		decode_frame(link_type, bytes, captured, length, &f, &rest);
	n = rest.payload.at != NULL ? (uint32_t)(rest.payload.at - bytes) :
	    plain_headers(link_type, &f, bytes, captured);
	for (before = rest; decode_inner(&rest, &f); before = rest) {
		if (rest.payload.at != NULL)
			n = (uint32_t)(rest.payload.at - bytes);
		else if (before.trouble == READABLE && before.payload.at != NULL &&
		    f.unreadable != UNREADABLE_TUNNEL_DEPTH)
			n = (uint32_t)(before.payload.at - bytes) +
			    inner_headers(before.inner, &f, &before.payload);
	}
	return at_most(n, captured);
}
