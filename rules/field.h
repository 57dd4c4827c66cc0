/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet and metadata fields that rules and set keys use: nft(8) spelling,
 * nft datatype and how the kernel loads it. One table serves the printer, the
 * encoder and the decoder. Source: linux/netfilter/nf_tables.h, nft datatypes.
 */
#ifndef RULES_FIELD_H
#define RULES_FIELD_H

#include <stdbool.h>
#include <stdint.h>

enum field {
	FIELD_NONE = 0,
	FIELD_IIFNAME, FIELD_OIFNAME, FIELD_IIF, FIELD_OIF,
	FIELD_ETHER_SADDR,
	FIELD_IP_SADDR, FIELD_IP_DADDR, FIELD_IP_PROTOCOL,
	FIELD_IP6_SADDR, FIELD_IP6_DADDR, FIELD_IP6_NEXTHDR,
	FIELD_TH_SPORT, FIELD_TH_DPORT,
	FIELD_CT_MARK,
	FIELD_L4PROTO,
	/*
	 * What a flow opened with, as the leaves saw it, in whichever direction this
	 * packet goes. The far end is that of the answers: where the flow goes to behind
	 * a translation, if there is one. ICMP has its type and code in the port of the
	 * question's far end (struct nf_conntrack_tuple).
	 */
	FIELD_FLOW_SADDR, FIELD_FLOW_DADDR,
	FIELD_FLOW6_SADDR, FIELD_FLOW6_DADDR,
	FIELD_FLOW_SPORT, FIELD_FLOW_DPORT, FIELD_FLOW_ICMP,
	FIELD_COUNT
};

enum field_source {
	FIELD_FROM_META = 0, FIELD_FROM_PAYLOAD, FIELD_FROM_CT,
	FIELD_FROM_FLOW,	/* a connection's tuple: one of its directions */
};

struct field_info {
	const char *text;	/* "ip saddr" */
	const char *type;	/* "ipv4_addr" */
	uint32_t type_id;	/* nft datatype number: 7 for ipv4_addr */
	uint8_t length;		/* bytes, unpadded */
	bool host_order;	/* in registers; never a range then */
	enum field_source source;
	uint32_t key;		/* NFT_META_*, NFT_CT_* or NFT_PAYLOAD_* base */
	uint32_t offset;	/* payload; flow: direction, 0 original, 1 reply */
	uint8_t nfproto;	/* needs this guard: NFPROTO_IPV4, _IPV6; 0: none */
};

const struct field_info *field_info(enum field f);

#endif /* RULES_FIELD_H */
