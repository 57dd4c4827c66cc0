/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of fields. The numbers are kernel ABI (linux/netfilter/nf_tables.h)
 * and nft's datatype ids (nftables include/datatype.h); they are written out
 * because rules/ needs no kernel header, and tests/unit/test_field.c holds them
 * to it.
 */
#include "rules/field.h"

#include <stddef.h>

enum {
	META_IIF = 4, META_OIF = 5, META_IIFNAME = 6, META_OIFNAME = 7, META_L4PROTO = 16,
	CT_MARK = 3, CT_PROTO_SRC = 11, CT_PROTO_DST = 12, CT_SRC_IP = 19, CT_SRC_IP6 = 21,
	ORIGINAL = 0, REPLY = 1,
	BASE_LINK = 0, BASE_NETWORK = 1, BASE_TRANSPORT = 2,
	NFPROTO_V4 = 2, NFPROTO_V6 = 10,
	TYPE_IPV4 = 7, TYPE_IPV6 = 8, TYPE_ETHER = 9, TYPE_PROTO = 12,
	TYPE_SERVICE = 13, TYPE_MARK = 19, TYPE_IFINDEX = 20, TYPE_IFNAME = 41,
};

#define META(text, type, id, length, host, key) \
	{ text, type, id, length, host, FIELD_FROM_META, key, 0, 0 }
#define PAYLOAD(text, type, id, length, base, offset, guard) \
	{ text, type, id, length, false, FIELD_FROM_PAYLOAD, base, offset, guard }

#define FLOW(text, type, id, length, key, direction) \
	{ text, type, id, length, false, FIELD_FROM_FLOW, key, direction, 0 }

static const struct field_info fields[FIELD_COUNT] = {
	[FIELD_NONE] = { "", "", 0, 0, false, FIELD_FROM_META, 0, 0, 0 },
	[FIELD_IIFNAME] = META("iifname", "ifname", TYPE_IFNAME, 16, false, META_IIFNAME),
	[FIELD_OIFNAME] = META("oifname", "ifname", TYPE_IFNAME, 16, false, META_OIFNAME),
	[FIELD_IIF] = META("iif", "iface_index", TYPE_IFINDEX, 4, true, META_IIF),
	[FIELD_OIF] = META("oif", "iface_index", TYPE_IFINDEX, 4, true, META_OIF),
	[FIELD_ETHER_SADDR] = PAYLOAD("ether saddr", "ether_addr", TYPE_ETHER, 6,
	    BASE_LINK, 6, 0),
	[FIELD_IP_SADDR] = PAYLOAD("ip saddr", "ipv4_addr", TYPE_IPV4, 4,
	    BASE_NETWORK, 12, NFPROTO_V4),
	[FIELD_IP_DADDR] = PAYLOAD("ip daddr", "ipv4_addr", TYPE_IPV4, 4,
	    BASE_NETWORK, 16, NFPROTO_V4),
	[FIELD_IP_PROTOCOL] = PAYLOAD("ip protocol", "inet_proto", TYPE_PROTO, 1,
	    BASE_NETWORK, 9, NFPROTO_V4),
	[FIELD_IP6_SADDR] = PAYLOAD("ip6 saddr", "ipv6_addr", TYPE_IPV6, 16,
	    BASE_NETWORK, 8, NFPROTO_V6),
	[FIELD_IP6_DADDR] = PAYLOAD("ip6 daddr", "ipv6_addr", TYPE_IPV6, 16,
	    BASE_NETWORK, 24, NFPROTO_V6),
	[FIELD_IP6_NEXTHDR] = PAYLOAD("ip6 nexthdr", "inet_proto", TYPE_PROTO, 1,
	    BASE_NETWORK, 6, NFPROTO_V6),
	[FIELD_TH_SPORT] = PAYLOAD("th sport", "inet_service", TYPE_SERVICE, 2,
	    BASE_TRANSPORT, 0, 0),
	[FIELD_TH_DPORT] = PAYLOAD("th dport", "inet_service", TYPE_SERVICE, 2,
	    BASE_TRANSPORT, 2, 0),
	[FIELD_CT_MARK] = { "ct mark", "mark", TYPE_MARK, 4, true, FIELD_FROM_CT,
	    CT_MARK, 0, 0 },
	[FIELD_L4PROTO] = META("meta l4proto", "inet_proto", TYPE_PROTO, 1, false,
	    META_L4PROTO),
	[FIELD_FLOW_SADDR] = FLOW("ct original ip saddr", "ipv4_addr", TYPE_IPV4, 4,
	    CT_SRC_IP, ORIGINAL),
	[FIELD_FLOW_DADDR] = FLOW("ct reply ip saddr", "ipv4_addr", TYPE_IPV4, 4,
	    CT_SRC_IP, REPLY),
	[FIELD_FLOW6_SADDR] = FLOW("ct original ip6 saddr", "ipv6_addr", TYPE_IPV6, 16,
	    CT_SRC_IP6, ORIGINAL),
	[FIELD_FLOW6_DADDR] = FLOW("ct reply ip6 saddr", "ipv6_addr", TYPE_IPV6, 16,
	    CT_SRC_IP6, REPLY),
	[FIELD_FLOW_SPORT] = FLOW("ct original proto-src", "inet_service", TYPE_SERVICE, 2,
	    CT_PROTO_SRC, ORIGINAL),
	[FIELD_FLOW_DPORT] = FLOW("ct reply proto-src", "inet_service", TYPE_SERVICE, 2,
	    CT_PROTO_SRC, REPLY),
	[FIELD_FLOW_ICMP] = FLOW("ct original proto-dst", "inet_service", TYPE_SERVICE, 2,
	    CT_PROTO_DST, ORIGINAL),
};

const struct field_info *
field_info(enum field f)
{
	return &fields[(unsigned int)f < FIELD_COUNT ? f : FIELD_NONE];
}
