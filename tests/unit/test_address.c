/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses: what is read, what is refused, and the arithmetic at both ends. */
#include "rules/address.h"
#include "tests/unit/unit.h"

#include <string.h>

static const struct {
	const char *text;
	enum address_error error;
	const char *print; /* also after ADDRESS_HOST_BITS: what was meant */
} ranges[] = {
	{ "10.0.0.1", ADDRESS_OK, "10.0.0.1" },
	{ "10.0.0.1/32", ADDRESS_OK, "10.0.0.1" },
	{ "10.0.0.0/24", ADDRESS_OK, "10.0.0.0/24" },
	{ "0.0.0.0/0", ADDRESS_OK, "0.0.0.0/0" },
	{ "::/0", ADDRESS_OK, "::/0" },
	{ "2001:DB8:0:0::/64", ADDRESS_OK, "2001:db8::/64" },
	{ "2001:db8::1", ADDRESS_OK, "2001:db8::1" },
	{ "::ffff:10.0.0.1", ADDRESS_OK, "::ffff:10.0.0.1" },
	{ "10.0.0.1-10.0.0.9", ADDRESS_OK, "10.0.0.1-10.0.0.9" },
	{ "10.0.0.0-10.0.0.255", ADDRESS_OK, "10.0.0.0/24" },
	{ "10.0.0.1-10.0.0.2", ADDRESS_OK, "10.0.0.1-10.0.0.2" },
	{ "10.0.0.7-10.0.0.7", ADDRESS_OK, "10.0.0.7" },
	{ "0.0.0.0-255.255.255.255", ADDRESS_OK, "0.0.0.0/0" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    ADDRESS_OK, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127" },
	{ "fe80:1111:2222:3333:4444:5555:6666:7771-ffff:1111:2222:3333:4444:5555:6666:7778",
	    ADDRESS_OK,
	    "fe80:1111:2222:3333:4444:5555:6666:7771-ffff:1111:2222:3333:4444:5555:6666:7778" },
	{ "10.0.0.1/24", ADDRESS_HOST_BITS, "10.0.0.0/24" },
	{ "2001:db8::1/32", ADDRESS_HOST_BITS, "2001:db8::/32" },
	{ "10.0.0.9-10.0.0.1", ADDRESS_REVERSED, NULL },
	{ "10.0.0.1-2001:db8::1", ADDRESS_BAD, NULL },
	{ "10.0.0.0/33", ADDRESS_BAD, NULL },
	{ "2001:db8::/129", ADDRESS_BAD, NULL },
	{ "10.0.0.0/", ADDRESS_BAD, NULL },
	{ "10.0.0.0/08", ADDRESS_BAD, NULL },
	{ "10.0.0.0/+8", ADDRESS_BAD, NULL },
	{ "10.0.0.0/8 ", ADDRESS_BAD, NULL },
	{ "10.0.0.0/4294967304", ADDRESS_BAD, NULL },
	{ "10.0.0.0/255.0.0.0", ADDRESS_BAD, NULL },
	{ " 10.0.0.1", ADDRESS_BAD, NULL },
	{ "10.0.1", ADDRESS_BAD, NULL },
	{ "010.0.0.1", ADDRESS_BAD, NULL },
	{ "256.0.0.1", ADDRESS_BAD, NULL },
	{ "fe80::1%eth0", ADDRESS_BAD, NULL },
	{ "10.0.0.1-", ADDRESS_BAD, NULL },
	{ "-10.0.0.1", ADDRESS_BAD, NULL },
	{ "10.0.0.0/24-10.0.1.0/24", ADDRESS_BAD, NULL },
	{ "10.0.0.1-10.0.0.2-10.0.0.3", ADDRESS_BAD, NULL },
	{ "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111", ADDRESS_BAD,
	    NULL },
	{ "", ADDRESS_BAD, NULL },
	{ "/", ADDRESS_BAD, NULL },
	{ "-", ADDRESS_BAD, NULL },
};

static void
ranges_are_read_and_printed(void)
{
	char buf[IP_RANGE_TEXT_SIZE];

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		struct ip_range r = { 0 };

		CU_ASSERT_EQUAL(address_parse_range(ranges[i].text, &r), ranges[i].error);
		if (ranges[i].print != NULL)
			CU_ASSERT_STRING_EQUAL(
			    address_print_range(&r, buf), ranges[i].print)
		else
			CU_ASSERT_EQUAL(r.family, IP_NONE)
	}
}

static void
what_is_printed_reads_back(void)
{
	char buf[IP_RANGE_TEXT_SIZE];

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		struct ip_range r, again;

		if (address_parse_range(ranges[i].text, &r) != ADDRESS_OK)
			continue;
		CU_ASSERT_EQUAL(address_parse_range(address_print_range(&r, buf), &again),
		    ADDRESS_OK);
		CU_ASSERT_TRUE(r.first == again.first && r.last == again.last);
		CU_ASSERT_EQUAL(r.family, again.family);
	}
}

static void
every_prefix_length_is_recognised(void)
{
	static const enum ip_family families[] = { IP_V4, IP_V6 };

	for (size_t f = 0; f < 2; f++)
		for (unsigned int n = 0; n <= address_bits(families[f]); n++) {
			struct ip_prefix p = { { 0, families[f] }, n };
			struct ip_range r = address_prefix_range(&p);
			unsigned int length = 999;

			CU_ASSERT_TRUE(address_range_is_prefix(&r, &length));
			CU_ASSERT_EQUAL(length, n);
			if (n == 0)
				CU_ASSERT_TRUE(r.last == address_max(families[f]));
			if (n == address_bits(families[f]))
				continue;
			r.last--;
			/* 0..2^k-2 is a prefix for k = 1 alone: the single address 0. */
			CU_ASSERT_EQUAL(
			    address_range_is_prefix(&r, &length), r.last == 0);
		}
}

static void
ranges_are_cut(void)
{
	static const struct {
		const char *a, *b, *common;
	} rows[] = {
		{ "10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/16" },
		{ "10.0.0.0-10.0.0.9", "10.0.0.9-10.0.0.20", "10.0.0.9" },
		{ "10.0.0.0-10.0.0.9", "10.0.0.10-10.0.0.20", NULL },
		{ "0.0.0.0/0", "255.255.255.255", "255.255.255.255" },
		{ "::/0", "10.0.0.0/8", NULL },
		{ "::a00:0/104", "10.0.0.0/8", NULL },
	};
	char buf[IP_RANGE_TEXT_SIZE];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip_range a, b, out;

		CU_ASSERT_EQUAL_FATAL(address_parse_range(rows[i].a, &a), ADDRESS_OK);
		CU_ASSERT_EQUAL_FATAL(address_parse_range(rows[i].b, &b), ADDRESS_OK);
		CU_ASSERT_EQUAL(
		    address_range_intersect(&a, &b, &out), rows[i].common != NULL);
		CU_ASSERT_EQUAL(
		    address_range_intersect(&b, &a, &out), rows[i].common != NULL);
		if (rows[i].common != NULL)
			CU_ASSERT_STRING_EQUAL(
			    address_print_range(&out, buf), rows[i].common);
	}
}

static void
a_cleared_range_holds_nothing(void)
{
	struct ip_range none = { 0 };
	struct ip_addr zero = { 0 }, v4 = { 0, IP_V4 };
	struct ip_range out;

	CU_ASSERT_FALSE(address_range_holds(&none, &zero));
	CU_ASSERT_FALSE(address_range_holds(&none, &v4));
	CU_ASSERT_FALSE(address_range_contains(&none, &none));
	CU_ASSERT_FALSE(address_range_intersect(&none, &none, &out));
}

static void
bytes_go_both_ways(void)
{
	static const uint8_t v4[] = { 10, 1, 2, 255 };
	static const uint8_t v6[] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0xfe };
	char buf[IP_RANGE_TEXT_SIZE];
	uint8_t out[16];
	struct ip_addr a = address_from_bytes(IP_V4, v4);

	CU_ASSERT_STRING_EQUAL(address_print(&a, buf), "10.1.2.255");
	CU_ASSERT_EQUAL(address_to_bytes(IP_V4, a.value, out), 4);
	CU_ASSERT_EQUAL(memcmp(out, v4, 4), 0);
	a = address_from_bytes(IP_V6, v6);
	CU_ASSERT_STRING_EQUAL(address_print(&a, buf), "2001:db8::fe");
	CU_ASSERT_EQUAL(address_to_bytes(IP_V6, a.value, out), 16);
	CU_ASSERT_EQUAL(memcmp(out, v6, 16), 0);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "ranges are read and printed", ranges_are_read_and_printed },
		{ "what is printed reads back", what_is_printed_reads_back },
		{ "every prefix length is recognised",
		    every_prefix_length_is_recognised },
		{ "ranges are cut", ranges_are_cut },
		{ "a cleared range holds nothing", a_cleared_range_holds_nothing },
		{ "bytes go both ways", bytes_go_both_ways },
		CU_TEST_INFO_NULL,
	};

	return unit_main("address", tests);
}
