/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The numbers of rules/field.c are the kernel's. */
#include "rules/field.h"
#include "tests/unit/unit.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <stddef.h>
#include <string.h>

static const struct row {
	enum field field;
	const char *text;
	enum field_source source;
	uint32_t key, offset;
	unsigned int length, nfproto;
} rows[] = {
	{ FIELD_IIFNAME, "iifname", FIELD_FROM_META, NFT_META_IIFNAME, 0, 16, 0 },
	{ FIELD_OIFNAME, "oifname", FIELD_FROM_META, NFT_META_OIFNAME, 0, 16, 0 },
	{ FIELD_IIF, "iif", FIELD_FROM_META, NFT_META_IIF, 0, 4, 0 },
	{ FIELD_OIF, "oif", FIELD_FROM_META, NFT_META_OIF, 0, 4, 0 },
	{ FIELD_ETHER_SADDR, "ether saddr", FIELD_FROM_PAYLOAD, NFT_PAYLOAD_LL_HEADER, 6,
	    6, 0 },
	{ FIELD_IP_SADDR, "ip saddr", FIELD_FROM_PAYLOAD, NFT_PAYLOAD_NETWORK_HEADER, 12,
	    4, NFPROTO_IPV4 },
	{ FIELD_IP_DADDR, "ip daddr", FIELD_FROM_PAYLOAD, NFT_PAYLOAD_NETWORK_HEADER, 16,
	    4, NFPROTO_IPV4 },
	{ FIELD_IP_PROTOCOL, "ip protocol", FIELD_FROM_PAYLOAD,
	    NFT_PAYLOAD_NETWORK_HEADER, 9, 1, NFPROTO_IPV4 },
	{ FIELD_IP6_SADDR, "ip6 saddr", FIELD_FROM_PAYLOAD, NFT_PAYLOAD_NETWORK_HEADER, 8,
	    16, NFPROTO_IPV6 },
	{ FIELD_IP6_DADDR, "ip6 daddr", FIELD_FROM_PAYLOAD, NFT_PAYLOAD_NETWORK_HEADER,
	    24, 16, NFPROTO_IPV6 },
	{ FIELD_IP6_NEXTHDR, "ip6 nexthdr", FIELD_FROM_PAYLOAD,
	    NFT_PAYLOAD_NETWORK_HEADER, 6, 1, NFPROTO_IPV6 },
	{ FIELD_TH_SPORT, "th sport", FIELD_FROM_PAYLOAD, NFT_PAYLOAD_TRANSPORT_HEADER, 0,
	    2, 0 },
	{ FIELD_TH_DPORT, "th dport", FIELD_FROM_PAYLOAD, NFT_PAYLOAD_TRANSPORT_HEADER, 2,
	    2, 0 },
	{ FIELD_CT_MARK, "ct mark", FIELD_FROM_CT, NFT_CT_MARK, 0, 4, 0 },
	{ FIELD_L4PROTO, "meta l4proto", FIELD_FROM_META, NFT_META_L4PROTO, 0, 1, 0 },
	{ FIELD_FLOW_SADDR, "ct original ip saddr", FIELD_FROM_FLOW, NFT_CT_SRC_IP,
	    IP_CT_DIR_ORIGINAL, 4, 0 },
	{ FIELD_FLOW_DADDR, "ct reply ip saddr", FIELD_FROM_FLOW, NFT_CT_SRC_IP,
	    IP_CT_DIR_REPLY, 4, 0 },
	{ FIELD_FLOW6_SADDR, "ct original ip6 saddr", FIELD_FROM_FLOW, NFT_CT_SRC_IP6,
	    IP_CT_DIR_ORIGINAL, 16, 0 },
	{ FIELD_FLOW6_DADDR, "ct reply ip6 saddr", FIELD_FROM_FLOW, NFT_CT_SRC_IP6,
	    IP_CT_DIR_REPLY, 16, 0 },
	{ FIELD_FLOW_SPORT, "ct original proto-src", FIELD_FROM_FLOW, NFT_CT_PROTO_SRC,
	    IP_CT_DIR_ORIGINAL, 2, 0 },
	{ FIELD_FLOW_DPORT, "ct reply proto-src", FIELD_FROM_FLOW, NFT_CT_PROTO_SRC,
	    IP_CT_DIR_REPLY, 2, 0 },
	{ FIELD_FLOW_ICMP, "ct original proto-dst", FIELD_FROM_FLOW, NFT_CT_PROTO_DST,
	    IP_CT_DIR_ORIGINAL, 2, 0 },
};

static void
fields_are_loaded_as_the_kernel_numbers_them(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct field_info *info = field_info(rows[i].field);

		CU_ASSERT_STRING_EQUAL(info->text, rows[i].text);
		CU_ASSERT_EQUAL(info->source, rows[i].source);
		CU_ASSERT_EQUAL(info->key, rows[i].key);
		CU_ASSERT_EQUAL(info->offset, rows[i].offset);
		CU_ASSERT_EQUAL(info->length, rows[i].length);
		CU_ASSERT_EQUAL(info->nfproto, rows[i].nfproto);
	}
	CU_ASSERT_EQUAL(sizeof(rows) / sizeof(rows[0]), FIELD_COUNT - 1);
}

/* nft packs the types of a concatenation at 6 bits each, the first one highest. */
static uint32_t
packed(const enum field *key, size_t n)
{
	uint32_t type = 0;

	for (size_t i = 0; i < n; i++)
		type = type << 6 | field_info(key[i])->type_id;
	return type;
}

static void
types_are_those_that_nft_lists(void)
{
	static const enum field v4[] = { FIELD_IP_SADDR, FIELD_IP_DADDR,
		FIELD_IP_PROTOCOL, FIELD_TH_DPORT };
	static const enum field v6[] = { FIELD_IP6_SADDR, FIELD_IP6_DADDR,
		FIELD_IP6_NEXTHDR, FIELD_TH_DPORT };
	static const enum field names[] = { FIELD_IIFNAME, FIELD_OIFNAME };
	static const enum field mac[] = { FIELD_ETHER_SADDR, FIELD_IP_SADDR };

	/* Read back from nft 1.0.6. */
	CU_ASSERT_EQUAL(packed(v4, 4), 0x1c730d);
	CU_ASSERT_EQUAL(packed(v6, 4), 0x20830d);
	CU_ASSERT_EQUAL(packed(names, 2), 0xa69);
	CU_ASSERT_EQUAL(packed(mac, 2), 0x247);
}

static void
no_field_has_no_length(void)
{
	CU_ASSERT_EQUAL(field_info(FIELD_NONE)->length, 0);
	CU_ASSERT_EQUAL(field_info(FIELD_COUNT)->length, 0);
	CU_ASSERT_EQUAL(field_info((enum field)-1)->length, 0);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "fields are loaded as the kernel numbers them",
		    fields_are_loaded_as_the_kernel_numbers_them },
		{ "types are those that nft lists", types_are_those_that_nft_lists },
		{ "no field has no length", no_field_has_no_length },
		CU_TEST_INFO_NULL,
	};

	return unit_main("field", tests);
}
