/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/decode.h"
#include "tests/unit/hex_frame.h"
#include "tests/unit/unit.h"

#include <pcap/dlt.h>
#include <string.h>

static void
decode_exact(int link_type, const uint8_t *bytes, size_t captured, size_t length,
    struct facts *f)
{
	hex_decode(link_type, bytes, captured, length, f, NULL, NULL, 0);
}

static const struct row {
	const char *what;
	int link_type;
	const char *hex;
	enum unreadable unreadable;
	unsigned int flags;		/* FACT_* that must stand, and no others */
	uint8_t protocol;
	uint16_t sport, dport;
	uint8_t tcp_flags;
} rows[] = {
	/* ---- IPv4 ---- */
	{ "TCP SYN", DLT_EN10MB, MACS "0800 4500 0028 0001 0000 4006 " IP4A TCPSYN,
	  READABLE, FACT_HAS_MAC | FACT_HAS_PORTS, 6, 0x1234, 443, TCP_FLAG_SYN },
	{ "padding behind a short packet", DLT_EN10MB,
	  MACS "0800 4500 0020 0001 0000 4011 " IP4A UDP12 "deadbeef0000",
	  READABLE, FACT_HAS_MAC | FACT_HAS_PORTS, 17, 0x1234, 53, 0 },
	{ "options", DLT_EN10MB,
	  MACS "0800 4600 002c 0001 0000 4006 " IP4A "01010101 " TCPSYN,
	  READABLE, FACT_HAS_MAC | FACT_HAS_PORTS | FACT_IP_OPTIONS, 6, 0x1234, 443,
	  TCP_FLAG_SYN },
	{ "ports are behind the options, not in them", DLT_EN10MB,
	  MACS "0800 4600 0024 0001 0000 4011 " IP4A "9999 8888 " UDP12,
	  READABLE, FACT_HAS_MAC | FACT_HAS_PORTS | FACT_IP_OPTIONS, 17, 0x1234, 53, 0 },
	{ "echo request", DLT_RAW, "4500 001c 0001 0000 4001 " IP4A "0800 0000 0001 0001",
	  READABLE, FACT_HAS_PORTS, 1, 0x0800, 0, 0 },
	{ "SCTP", DLT_RAW, "4500 0020 0001 0000 4084 " IP4A "0b59 0b5a 00000000 00000000",
	  READABLE, FACT_HAS_PORTS, 132, 2905, 2906, 0 },
	{ "UDP-Lite", DLT_RAW, "4500 001c 0001 0000 4088 " IP4A "0b59 0b5a 0008 0000",
	  READABLE, FACT_HAS_PORTS, 136, 2905, 2906, 0 },
	{ "AH is a protocol", DLT_RAW, "4500 0018 0001 0000 4033 " IP4A "04010000",
	  READABLE, 0, 51, 0, 0, 0 },
	{ "no IP version 4 under its EtherType", DLT_EN10MB,
	  MACS "0800 6500 0028 0001 0000 4006 " IP4A TCPSYN,
	  UNREADABLE_VERSION, FACT_HAS_MAC, 0, 0, 0, 0 },
	{ "header length under 20", DLT_RAW, "4400 0028 0001 0000 4006 " IP4A TCPSYN,
	  UNREADABLE_LENGTH, 0, 6, 0, 0, 0 },
	{ "header longer than the packet", DLT_RAW,
	  "4f00 0028 0001 0000 4006 " IP4A TCPSYN, UNREADABLE_LENGTH, 0, 6, 0, 0, 0 },
	{ "total length beyond the frame", DLT_RAW,
	  "4500 0029 0001 0000 4006 " IP4A TCPSYN, UNREADABLE_LENGTH, 0, 6, 0, 0, 0 },
	{ "total length 0 of a small frame", DLT_RAW,
	  "4500 0000 0001 0000 4006 " IP4A TCPSYN, UNREADABLE_LENGTH, 0, 6, 0, 0, 0 },
	{ "TCP header does not fit", DLT_RAW,
	  "4500 0026 0001 0000 4006 " IP4A "1234 01bb 00000001 00000000 5002 ffff 0000",
	  UNREADABLE_TRUNCATED, 0, 6, 0, 0, 0 },
	{ "TCP data offset under 5", DLT_RAW,
	  "4500 0028 0001 0000 4006 " IP4A
	  "1234 01bb 00000001 00000000 4002 ffff 00000000",
	  UNREADABLE_LENGTH, FACT_HAS_PORTS, 6, 0x1234, 443, TCP_FLAG_SYN },
	{ "TCP data offset beyond the packet", DLT_RAW,
	  "4500 0028 0001 0000 4006 " IP4A
	  "1234 01bb 00000001 00000000 6002 ffff 00000000",
	  UNREADABLE_TRUNCATED, FACT_HAS_PORTS, 6, 0x1234, 443, TCP_FLAG_SYN },
	{ "UDP length beyond the packet", DLT_RAW,
	  "4500 001c 0001 0000 4011 " IP4A "1234 0035 0009 0000",
	  UNREADABLE_LENGTH, FACT_HAS_PORTS, 17, 0x1234, 53, 0 },
	{ "UDP length under 8", DLT_RAW,
	  "4500 001c 0001 0000 4011 " IP4A "1234 0035 0007 0000",
	  UNREADABLE_LENGTH, FACT_HAS_PORTS, 17, 0x1234, 53, 0 },
	/* ---- IPv4 fragments ---- */
	{ "first fragment", DLT_RAW,
	  "4500 0024 0001 2000 4011 " IP4A "1234 0035 0100 0000 00000000 00000000",
	  READABLE, FACT_HAS_PORTS | FACT_FRAGMENT_FIRST, 17, 0x1234, 53, 0 },
	{ "later fragment has no ports", DLT_RAW,
	  "4500 001c 0001 0002 4011 " IP4A "1234 0035 0100 0000",
	  READABLE, FACT_FRAGMENT_LATER | FACT_FRAGMENT_LAST, 17, 0, 0, 0 },
	{ "later fragment with more to come", DLT_RAW,
	  "4500 001c 0001 2002 4011 " IP4A "1234 0035 0100 0000",
	  READABLE, FACT_FRAGMENT_LATER, 17, 0, 0, 0 },
	{ "first fragment that splits the TCP header", DLT_RAW,
	  "4500 0024 0001 2000 4006 " IP4A "1234 01bb 00000001 00000000 5002 ffff",
	  UNREADABLE_TINY, FACT_FRAGMENT_FIRST, 6, 0, 0, 0 },
	{ "first fragment that splits the TCP options", DLT_RAW,
	  "4500 002c 0001 2000 4006 " IP4A "1234 01bb 00000001 00000000 7002 ffff 0000 0000 "
	  "01010101", UNREADABLE_TINY, FACT_FRAGMENT_FIRST | FACT_HAS_PORTS, 6, 0x1234, 443,
	  TCP_FLAG_SYN },
	{ "first fragment that splits the SCTP header", DLT_RAW,
	  "4500 001c 0001 2000 4084 " IP4A "0b59 0b5a 00000000",
	  UNREADABLE_TINY, FACT_FRAGMENT_FIRST, 132, 0, 0, 0 },
	{ "second fragment that overwrites the TCP flags", DLT_RAW,
	  "4500 002c 0001 2001 4006 " IP4A TCPSYN "00000000",
	  UNREADABLE_TINY, FACT_FRAGMENT_LATER, 6, 0, 0, 0 },
	{ "second fragment of a first one of 16 bytes", DLT_RAW,
	  "4500 0018 0001 0002 4006 " IP4A "00000000",
	  UNREADABLE_TINY, FACT_FRAGMENT_LATER | FACT_FRAGMENT_LAST, 6, 0, 0, 0 },
	{ "second fragment behind the whole TCP header", DLT_RAW,
	  "4500 0018 0001 0003 4006 " IP4A "00000000",
	  READABLE, FACT_FRAGMENT_LATER | FACT_FRAGMENT_LAST, 6, 0, 0, 0 },
	{ "second fragment of a first UDP one of 8 bytes", DLT_RAW,
	  "4500 0018 0001 0001 4011 " IP4A "00000000",
	  READABLE, FACT_FRAGMENT_LATER | FACT_FRAGMENT_LAST, 17, 0, 0, 0 },
	{ "fragment that ends beyond 65535", DLT_RAW,
	  "4500 0024 0001 1ffe 4011 " IP4A "1234 0035 0100 0000 00000000 00000000",
	  UNREADABLE_FRAGMENT, FACT_FRAGMENT_LATER | FACT_FRAGMENT_LAST, 17, 0, 0, 0 },
	{ "empty fragment", DLT_RAW, "4500 0014 0001 2000 4011 " IP4A,
	  UNREADABLE_FRAGMENT, FACT_FRAGMENT_FIRST, 17, 0, 0, 0 },
	{ "fragment of odd length with more to come", DLT_RAW,
	  "4500 001d 0001 2002 4011 " IP4A "1234 0035 0100 0000 00",
	  UNREADABLE_FRAGMENT, FACT_FRAGMENT_LATER, 17, 0, 0, 0 },
	/* ---- IPv6 ---- */
	{ "IPv6 TCP", DLT_EN10MB, MACS "86dd 60000000 0014 06 40 " IP6A TCPACK,
	  READABLE, FACT_HAS_MAC | FACT_HAS_PORTS, 6, 0x1234, 443, TCP_FLAG_ACK },
	{ "extension headers in an odd order", DLT_RAW,
	  "60000000 0024 3c 40 " IP6A
	  "2b00010400000000 3c00000000000000 1100010400000000 " UDP12,
	  READABLE, FACT_HAS_PORTS | FACT_EXTENSION | FACT_ROUTING_HEADER, 17, 0x1234,
	  53, 0 },
	{ "hop-by-hop options that are not first", DLT_RAW,
	  "60000000 001c 3c 40 " IP6A "0000010400000000 1100010400000000 " UDP12,
	  UNREADABLE_EXTENSION, FACT_EXTENSION, 0, 0, 0, 0 },
	{ "no next header", DLT_RAW, "60000000 0008 3b 40 " IP6A "0000000000000000",
	  READABLE, 0, 59, 0, 0, 0 },
	{ "extension header longer than the packet", DLT_RAW,
	  "60000000 0014 3c 40 " IP6A "1102010400000000 " UDP12,
	  UNREADABLE_TRUNCATED, FACT_EXTENSION, 60, 0, 0, 0 },
	{ "payload length beyond the frame", DLT_RAW, "60000000 000d 11 40 " IP6A UDP12,
	  UNREADABLE_LENGTH, 0, 17, 0, 0, 0 },
	{ "IPv6 first fragment", DLT_RAW,
	  "60000000 0018 2c 40 " IP6A "1100 0001 00000001 1234 0035 0100 0000 "
	  "0000000000000000", READABLE, FACT_HAS_PORTS | FACT_FRAGMENT_FIRST, 17, 0x1234,
	  53, 0 },
	{ "IPv6 later fragment", DLT_RAW,
	  "60000000 0010 2c 40 " IP6A "1100 0010 00000001 1234003501000000",
	  READABLE, FACT_FRAGMENT_LATER | FACT_FRAGMENT_LAST, 17, 0, 0, 0 },
	{ "first fragment without its upper header (RFC 7112)", DLT_RAW,
	  "60000000 0010 2c 40 " IP6A "3c00 0001 00000001 1101000000000000",
	  UNREADABLE_TINY, FACT_FRAGMENT_FIRST | FACT_EXTENSION, 60, 0, 0, 0 },
	{ "fragment header twice", DLT_RAW,
	  "60000000 001c 2c 40 " IP6A "2c00 0000 00000001 1100 0000 00000001 " UDP12,
	  UNREADABLE_FRAGMENT, 0, 44, 0, 0, 0 },
	{ "atomic fragment", DLT_RAW,
	  "60000000 0014 2c 40 " IP6A "1100 0000 00000001 " UDP12,
	  READABLE, FACT_HAS_PORTS, 17, 0x1234, 53, 0 },
	{ "IPv6 fragment beyond 65535", DLT_RAW,
	  "60000000 0018 2c 40 " IP6A
	  "1100 fff8 00000001 1234003501000000 0000000000000000",
	  UNREADABLE_FRAGMENT, FACT_FRAGMENT_LATER | FACT_FRAGMENT_LAST, 17, 0, 0, 0 },
	{ "the same, once the headers before it are counted", DLT_RAW,
	  "60000000 0018 3c 40 " IP6A "2c00010400000000 1100 fff0 00000001 "
	  "1234003501000000", UNREADABLE_FRAGMENT,
	  FACT_FRAGMENT_LATER | FACT_FRAGMENT_LAST | FACT_EXTENSION, 17, 0, 0, 0 },
	{ "and one that just fits", DLT_RAW,
	  "60000000 0017 3c 40 " IP6A "2c00010400000000 1100 fff0 00000001 "
	  "12340035010000", READABLE,
	  FACT_FRAGMENT_LATER | FACT_FRAGMENT_LAST | FACT_EXTENSION, 17, 0, 0, 0 },
	{ "jumbo option of a small packet", DLT_RAW,
	  "60000000 0000 00 40 " IP6A "1100c20400000014 " UDP12,
	  UNREADABLE_LENGTH, 0, 0, 0, 0, 0 },
	{ "ESP is a protocol", DLT_RAW, "60000000 0008 32 40 " IP6A "0000000100000001",
	  READABLE, 0, 50, 0, 0, 0 },
	{ "ICMP under IPv6 is not read", DLT_RAW,
	  "60000000 0008 01 40 " IP6A "0800000000010001", READABLE, 0, 1, 0, 0, 0 },
	{ "ICMPv6 echo", DLT_RAW, "60000000 0008 3a 40 " IP6A "8000000000010001",
	  READABLE, FACT_HAS_PORTS, 58, 0x8000, 0, 0 },
	/* ---- links ---- */
	{ "one tag", DLT_EN10MB,
	  MACS "8100 0064 0800 4500 0020 0001 0000 4011 " IP4A UDP12,
	  READABLE, FACT_HAS_MAC | FACT_HAS_PORTS, 17, 0x1234, 53, 0 },
	{ "two tags", DLT_EN10MB,
	  MACS "88a8 0064 8100 0065 0800 4500 0020 0001 0000 4011 " IP4A UDP12,
	  READABLE, FACT_HAS_MAC | FACT_HAS_PORTS, 17, 0x1234, 53, 0 },
	{ "three tags", DLT_EN10MB,
	  MACS "9100 0064 88a8 0065 8100 0066 0800 4500 0020 0001 0000 4011 " IP4A UDP12,
	  READABLE, FACT_HAS_MAC | FACT_HAS_PORTS, 17, 0x1234, 53, 0 },
	{ "four tags", DLT_EN10MB,
	  MACS "8100 0064 8100 0065 8100 0066 8100 0067 0800 4500 0020 0001 0000 4011 "
	  IP4A UDP12, UNREADABLE_VLAN_DEPTH, FACT_HAS_MAC, 0, 0, 0, 0 },
	{ "tag cut short", DLT_EN10MB, MACS "8100 00",
	  UNREADABLE_TRUNCATED, FACT_HAS_MAC, 0, 0, 0, 0 },
	{ "broadcast ARP", DLT_EN10MB,
	  "ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 0a010002 "
	  "000000000000 0a010001", READABLE, FACT_HAS_MAC | FACT_GROUP_MAC | FACT_ARP, 0,
	  0, 0, 0 },
	{ "ARP of another hardware", DLT_EN10MB,
	  MACS "0806 0006 0800 06 04 0001 020000000001 0a010002 000000000000 0a010001",
	  UNREADABLE_LENGTH, FACT_HAS_MAC | FACT_ARP, 0, 0, 0, 0 },
	{ "802.3 with LLC", DLT_EN10MB, "0180c2000000 020000000001 0026 4242 03",
	  UNREADABLE_ETHERTYPE, FACT_HAS_MAC | FACT_GROUP_MAC, 0, 0, 0, 0 },
	{ "802.3 with LLC behind a tag", DLT_EN10MB,
	  "0180c2000000 020000000001 8100 0001 0026 4242 03",
	  UNREADABLE_ETHERTYPE, FACT_HAS_MAC | FACT_GROUP_MAC, 0, 0, 0, 0 },
	{ "802.3 without LLC", DLT_EN10MB, MACS "0002 4242",
	  UNREADABLE_TRUNCATED, FACT_HAS_MAC, 0, 0, 0, 0 },
	{ "SNAP", DLT_EN10MB,
	  MACS "0028 aaaa03 000000 0800 4500 0020 0001 0000 4011 " IP4A UDP12 "ffff",
	  READABLE, FACT_HAS_MAC | FACT_HAS_PORTS, 17, 0x1234, 53, 0 },
	{ "SNAP of bridges", DLT_EN10MB,
	  MACS "0028 aaaa03 0000f8 0800 4500 0020 0001 0000 4011 " IP4A UDP12,
	  READABLE, FACT_HAS_MAC | FACT_HAS_PORTS, 17, 0x1234, 53, 0 },
	{ "SNAP of another organization", DLT_EN10MB,
	  MACS "0028 aaaa03 00000c 0800 4500 0020 0001 0000 4011 " IP4A UDP12,
	  UNREADABLE_ETHERTYPE, FACT_HAS_MAC, 0, 0, 0, 0 },
	{ "SNAP whose length ends before the packet does", DLT_EN10MB,
	  MACS "0027 aaaa03 000000 0800 4500 0020 0001 0000 4011 " IP4A UDP12,
	  UNREADABLE_LENGTH, FACT_HAS_MAC, 17, 0, 0, 0 },
	{ "a tag in SNAP", DLT_EN10MB,
	  MACS "0028 aaaa03 000000 8100 0001 0800 4500 0020 0001 0000 4011 " IP4A,
	  UNREADABLE_ETHERTYPE, FACT_HAS_MAC, 0, 0, 0, 0 },
	{ "neither a length nor a type", DLT_EN10MB, MACS "05dd 0000",
	  UNREADABLE_ETHERTYPE, FACT_HAS_MAC, 0, 0, 0, 0 },
	{ "unknown EtherType", DLT_EN10MB, MACS "88b5 0000",
	  UNREADABLE_ETHERTYPE, FACT_HAS_MAC, 0, 0, 0, 0 },
	{ "cooked", DLT_LINUX_SLL,
	  "0000 0001 0006 0200000000010000 0800 4500 0020 0001 0000 4011 " IP4A UDP12,
	  READABLE, FACT_HAS_MAC | FACT_HAS_PORTS, 17, 0x1234, 53, 0 },
	{ "cooked 802.2", DLT_LINUX_SLL,
	  "0000 0001 0006 0200000000010000 0004 aaaa03 000000 0800 "
	  "4500 0020 0001 0000 4011 " IP4A UDP12,
	  READABLE, FACT_HAS_MAC | FACT_HAS_PORTS, 17, 0x1234, 53, 0 },
	{ "cooked, version 2", DLT_LINUX_SLL2,
	  "86dd 0000 00000002 0001 01 06 0200000000010000 "
	  "60000000 000c 11 40 " IP6A UDP12,
	  READABLE, FACT_HAS_MAC | FACT_GROUP_MAC | FACT_HAS_PORTS, 17, 0x1234, 53, 0 },
	{ "loopback of a little endian machine", DLT_NULL,
	  "02000000 4500 0020 0001 0000 4011 " IP4A UDP12,
	  READABLE, FACT_HAS_PORTS, 17, 0x1234, 53, 0 },
	{ "loopback of a big endian machine", DLT_LOOP,
	  "0000001e 60000000 000c 11 40 " IP6A
	  UDP12, READABLE, FACT_HAS_PORTS, 17, 0x1234, 53, 0 },
	{ "IPv6 where the link promises IPv4", DLT_IPV4,
	  "60000000 000c 11 40 " IP6A UDP12, UNREADABLE_VERSION, 0, 0, 0, 0, 0 },
	{ "a link that we do not read", DLT_IEEE802_11, "08010000",
	  UNREADABLE_LINKTYPE, 0, 0, 0, 0, 0 },
	{ "nothing at all", DLT_EN10MB, "", UNREADABLE_TRUNCATED, 0, 0, 0, 0, 0 },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static void
decoding_follows_the_table(void)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct row *r = &rows[i];
		uint8_t bytes[HEX_LONGEST];
		size_t n = hex_bytes(r->hex, bytes);
		struct facts f;
		bool same;

		decode_exact(r->link_type, bytes, n, n, &f);
		same = f.unreadable == r->unreadable && f.flags == r->flags &&
		    f.protocol == r->protocol && f.sport == r->sport &&
		    f.dport == r->dport && f.tcp_flags == r->tcp_flags;
		if (!same)
			fprintf(stderr, "%s: %s flags %x protocol %u %u>%u tcp %x\n",
			    r->what,
			    unreadable_name((enum unreadable)f.unreadable), f.flags,
			    f.protocol, f.sport, f.dport, f.tcp_flags);
		CU_ASSERT(same);
	}
}

/* Whatever is cut off: never a crash, never facts that were not in the bytes. */
static void
every_prefix_of_every_frame_is_read_safely(void)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		uint8_t bytes[HEX_LONGEST];
		size_t n = hex_bytes(rows[i].hex, bytes);

		for (size_t cut = 0; cut < n; cut++) {
			struct facts whole, f;

			decode_exact(rows[i].link_type, bytes, n, n, &whole);
			decode_exact(rows[i].link_type, bytes, cut, n, &f);
			CU_ASSERT(f.unreadable < UNREADABLE_COUNT);
			CU_ASSERT_EQUAL(f.length, n);
			if (f.flags & FACT_HAS_PORTS) {
				CU_ASSERT_EQUAL(f.sport, whole.sport);
				CU_ASSERT_EQUAL(f.dport, whole.dport);
			}
			decode_exact(rows[i].link_type, bytes, cut, cut, &f);
			CU_ASSERT(f.unreadable < UNREADABLE_COUNT);
		}
	}
}

static void
addresses_and_macs_are_where_they_belong(void)
{
	uint8_t bytes[HEX_LONGEST];
	struct facts f;
	char text[IP_RANGE_TEXT_SIZE];
	size_t n = hex_bytes(MACS "8100 2064 0800 4500 0028 0001 0000 2a06 " IP4A TCPSYN,
	    bytes);

	decode_exact(DLT_EN10MB, bytes, n, n, &f);
	CU_ASSERT_STRING_EQUAL(address_print(&f.src, text), "10.1.0.2");
	CU_ASSERT_STRING_EQUAL(address_print(&f.dst, text), "10.2.0.3");
	CU_ASSERT_EQUAL(f.src_mac[5], 1);
	CU_ASSERT_EQUAL(f.dst_mac[5], 2);
	CU_ASSERT_EQUAL(f.vlan[0], 101);	/* id + 1 */
	CU_ASSERT_EQUAL(f.vlan[1], 0);
	CU_ASSERT_EQUAL(f.hop_limit, 42);
	CU_ASSERT_EQUAL(f.ethertype, 0x0800);
	CU_ASSERT_EQUAL(f.length, n);

	n = hex_bytes("60000000 0014 2c 40 " IP6A "1100 0000 00000001 " UDP12, bytes);
	decode_exact(DLT_RAW, bytes, n, n, &f);
	CU_ASSERT_STRING_EQUAL(address_print(&f.src, text), "2001:db8:1::2");
	CU_ASSERT_EQUAL(f.first_header, 44);
	CU_ASSERT_EQUAL(f.protocol, 17);
}

/* A snap length cuts the capture, not the packet: what is there is judged. */
static void
a_capture_may_be_shorter_than_its_packet(void)
{
	uint8_t bytes[HEX_LONGEST];
	struct facts f;
	size_t n = hex_bytes(MACS "0800 4500 05dc 0001 0000 4006 " IP4A TCPSYN, bytes);

	decode_exact(DLT_EN10MB, bytes, n, 1514, &f);
	CU_ASSERT_EQUAL(f.unreadable, READABLE);
	CU_ASSERT_EQUAL(f.dport, 443);
	CU_ASSERT_EQUAL(f.length, 1514);
	decode_exact(DLT_EN10MB, bytes, n - 20, 1514, &f);
	CU_ASSERT_EQUAL(f.unreadable, UNREADABLE_TRUNCATED);
	CU_ASSERT_FALSE(f.flags & FACT_HAS_PORTS);
}

/* Receive offload hands over packets longer than any header can say. */
static void
super_packets_are_read(void)
{
	uint8_t bytes[HEX_LONGEST];
	struct facts f;
	size_t n = hex_bytes(MACS "0800 4500 0000 0001 0000 4006 " IP4A TCPACK, bytes);

	decode_exact(DLT_EN10MB, bytes, n, 80000, &f);
	CU_ASSERT_EQUAL(f.unreadable, READABLE);
	CU_ASSERT_EQUAL(f.dport, 443);

	n = hex_bytes("60000000 0000 00 40 " IP6A "0600c20400013880 " TCPACK, bytes);
	decode_exact(DLT_RAW, bytes, n, 80040, &f);
	CU_ASSERT_EQUAL(f.unreadable, READABLE);
	CU_ASSERT_EQUAL(f.dport, 443);
	decode_exact(DLT_RAW, bytes, n, 80039, &f);
	CU_ASSERT_EQUAL(f.unreadable, UNREADABLE_LENGTH);

	n = hex_bytes("60000000 0000 06 40 " IP6A TCPACK, bytes);
	decode_exact(DLT_RAW, bytes, n, 80040, &f);
	CU_ASSERT_EQUAL(f.unreadable, READABLE);
	CU_ASSERT_EQUAL(f.dport, 443);
}

/* What a frame is that is not IP: its EtherType, or its DSAP. */
static void
frames_that_are_not_read_say_what_they_are(void)
{
	static const struct { const char *hex; uint16_t ethertype, vlan[3]; } frames[] = {
		{ MACS "0026 4242 03", 0x42, { 0 } },
		{ MACS "0026 aaaa03 00000c 2000", 0xaa, { 0 } },
		{ MACS "0026 aaaa03 000000 88cc", 0x88cc, { 0 } },
		{ MACS "8100 0005 88cc 0000", 0x88cc, { 6 } },
		{ MACS "88a8 0fff 8100 e000 8100 0003 0026 fefe 03", 0xfe, { 4096, 1, 4 } },
		{ MACS "8100 0001 8100 0002 8100 0003 8100 0004 0800", 0x8100, { 2, 3, 4 } },
	};

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		uint8_t bytes[HEX_LONGEST];
		size_t n = hex_bytes(frames[i].hex, bytes);
		struct facts f;

		decode_exact(DLT_EN10MB, bytes, n, n, &f);
		CU_ASSERT_EQUAL(f.ethertype, frames[i].ethertype);
		CU_ASSERT_EQUAL(memcmp(f.vlan, frames[i].vlan, sizeof(f.vlan)), 0);
	}
}

static void
fragments_say_where_they_belong(void)
{
	uint8_t bytes[HEX_LONGEST];
	struct facts f;
	size_t n = hex_bytes("4500 002c abcd 2003 4006 " IP4A TCPSYN "00000000", bytes);

	decode_exact(DLT_RAW, bytes, n, n, &f);
	CU_ASSERT_EQUAL(f.fragment_id, 0xabcd);
	CU_ASSERT_EQUAL(f.fragment_offset, 24);
	CU_ASSERT_EQUAL(f.fragment_bytes, 24);

	n = hex_bytes("60000000 001b 3c 40 " IP6A "2c00010400000000 1100 0100 89abcdef "
	    "1234003501000000 010203", bytes);
	decode_exact(DLT_RAW, bytes, n, n, &f);
	CU_ASSERT_EQUAL(f.fragment_id, 0x89abcdef);
	CU_ASSERT_EQUAL(f.fragment_offset, 256);
	CU_ASSERT_EQUAL(f.fragment_bytes, 11);

	/* a whole packet has none of it, with a fragment header or without */
	n = hex_bytes("60000000 0014 2c 40 " IP6A "1100 0000 00000001 " UDP12, bytes);
	decode_exact(DLT_RAW, bytes, n, n, &f);
	CU_ASSERT_EQUAL(f.fragment_id | f.fragment_bytes, 0);
}

static void
icmp_errors_tell_what_they_quote(void)
{
	uint8_t bytes[HEX_LONGEST];
	char text[IP_RANGE_TEXT_SIZE];
	struct facts f;
	size_t n = hex_bytes("4500 0038 0001 0000 4001 0000 0a020003 0a010002 "
	    "0301 0000 00000000 "
	    "4500 0028 0001 0000 3f06 " IP4A "1234 01bb 00000001", bytes);

	decode_exact(DLT_RAW, bytes, n, n, &f);
	CU_ASSERT_EQUAL(f.sport, 0x0301);
	CU_ASSERT_STRING_EQUAL(address_print(&f.quoted_src, text), "10.1.0.2");
	CU_ASSERT_STRING_EQUAL(address_print(&f.quoted_dst, text), "10.2.0.3");
	CU_ASSERT_EQUAL(f.quoted_protocol, 6);
	CU_ASSERT_EQUAL(f.quoted_sport, 0x1234);
	CU_ASSERT_EQUAL(f.quoted_dport, 443);

	/* the quote is cut before its ports */
	decode_exact(DLT_RAW, bytes, n - 5, n, &f);
	CU_ASSERT_EQUAL(f.quoted_protocol, 6);
	CU_ASSERT_EQUAL(f.quoted_dport, 0);

	n = hex_bytes("60000000 0044 3a 40 " IP6A "0104 0000 00000000 "
	    "60000000 0014 3c 3f " IP6A "1100010400000000 " UDP12, bytes);
	decode_exact(DLT_RAW, bytes, n, n, &f);
	CU_ASSERT_EQUAL(f.unreadable, READABLE);
	CU_ASSERT_EQUAL(f.quoted_src.family, IP_V6);
	CU_ASSERT_EQUAL(f.quoted_protocol, 17);
	CU_ASSERT_EQUAL(f.quoted_dport, 53);

	/* an echo request quotes nothing */
	n = hex_bytes("4500 0030 0001 0000 4001 " IP4A "0800 0000 00010001 "
	    "4500 0014 0001 0000 3f06 " IP4A, bytes);
	decode_exact(DLT_RAW, bytes, n, n, &f);
	CU_ASSERT_EQUAL(f.quoted_src.family, IP_NONE);
}

static void
too_many_extension_headers_end_the_walk(void)
{
	for (unsigned int headers = 1; headers <= DECODE_MAX_EXTENSIONS + 1; headers++) {
		uint8_t bytes[HEX_LONGEST] = { 0x60, 0, 0, 0, 0, (uint8_t)(headers * 8 + 8),
		    60, 64 };
		uint8_t *p = bytes + 40;
		struct facts f;

		for (unsigned int i = 0; i < headers; i++, p += 8)
			p[0] = i + 1 < headers ? 60 : 17;
		p[5] = 8;	/* UDP length */
		decode_exact(DLT_RAW, bytes, 48 + headers * 8, 48 + headers * 8, &f);
		CU_ASSERT_EQUAL(f.unreadable,
		    headers <= DECODE_MAX_EXTENSIONS ? READABLE :
		    UNREADABLE_EXTENSION);
	}
}

/* The gate's log hands over IP without a frame and without a wire length. */
static void
a_bare_packet_needs_no_wire_length(void)
{
	uint8_t bytes[HEX_LONGEST];
	struct facts f;
	size_t n = hex_bytes("4500 05dc 0001 0000 4006 " IP4A TCPSYN, bytes);

	decode_packet(bytes, (uint32_t)n, DECODE_LENGTH_UNKNOWN, &f, NULL);
	CU_ASSERT_EQUAL(f.unreadable, READABLE);
	CU_ASSERT_EQUAL(f.dport, 443);
	CU_ASSERT_EQUAL(f.length, 1500);
	n = hex_bytes("60000000 000c 11 40 " IP6A UDP12, bytes);
	decode_packet(bytes, (uint32_t)n, DECODE_LENGTH_UNKNOWN, &f, NULL);
	CU_ASSERT_EQUAL(f.unreadable, READABLE);
	CU_ASSERT_EQUAL(f.length, 52);
	/* over 64 KiB: no header tells, so what is there is all that is known */
	n = hex_bytes("4500 0000 0001 0000 4006 " IP4A TCPSYN, bytes);
	decode_packet(bytes, (uint32_t)n, DECODE_LENGTH_UNKNOWN, &f, NULL);
	CU_ASSERT_EQUAL(f.unreadable, READABLE);
	CU_ASSERT_EQUAL(f.length, n);
	n = hex_bytes("60000000 0000 06 40 " IP6A TCPACK, bytes);
	decode_packet(bytes, (uint32_t)n, DECODE_LENGTH_UNKNOWN, &f, NULL);
	CU_ASSERT_EQUAL(f.unreadable, READABLE);
	CU_ASSERT_EQUAL(f.length, n);
	decode_packet(bytes, 0, DECODE_LENGTH_UNKNOWN, &f, NULL);
	CU_ASSERT_EQUAL(f.unreadable, UNREADABLE_TRUNCATED);
}

static void
known_links_are_those_that_are_read(void)
{
	CU_ASSERT_TRUE(decode_knows_link(DLT_EN10MB));
	CU_ASSERT_TRUE(decode_knows_link(DLT_LINUX_SLL2));
	CU_ASSERT_FALSE(decode_knows_link(DLT_IEEE802_11));
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "decoding follows the table", decoding_follows_the_table },
		{ "every prefix of every frame is read safely",
		  every_prefix_of_every_frame_is_read_safely },
		{ "addresses and MACs are where they belong",
		  addresses_and_macs_are_where_they_belong },
		{ "a capture may be shorter than its packet",
		  a_capture_may_be_shorter_than_its_packet },
		{ "super packets are read", super_packets_are_read },
		{ "frames that are not read say what they are",
		  frames_that_are_not_read_say_what_they_are },
		{ "fragments say where they belong", fragments_say_where_they_belong },
		{ "ICMP errors tell what they quote", icmp_errors_tell_what_they_quote },
		{ "too many extension headers end the walk",
		  too_many_extension_headers_end_the_walk },
		{ "a bare packet needs no wire length",
		  a_bare_packet_needs_no_wire_length },
		{ "known links are those that are read",
		  known_links_are_those_that_are_read },
		CU_TEST_INFO_NULL,
	};

	return unit_main("decode", tests);
}
