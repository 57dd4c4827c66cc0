/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows the headers of a packet: its payload, or another packet. */
#include "agent/watch/decode.h"
#include "tests/unit/hex_frame.h"
#include "tests/unit/unit.h"

#include <pcap/dlt.h>
#include <stdio.h>
#include <string.h>

#define LEVELS		6u
#define TEXT_SIZE	256u

/* Where the payload begins and ends; detectors read nothing else. */
static void
payload_is_what_the_packet_carries(void)
{
	static const struct {
		const char *hex;
		uint32_t at, captured, wire;	/* all 0: none */
		size_t cut;			/* bytes not captured */
	} packets[] = {
		{ "4500 0022 0001 0000 4011 " IP4A "1234 0035 000c 0000 01020304 0506 07",
		  28, 4, 4, 0 },
		{ "4500 0022 0001 0000 4011 " IP4A "1234 0035 000c 0000 01020304 0506 07",
		  28, 2, 4, 5 },
		{ "4500 0020 0001 0000 4006 " IP4A TCPACK, 0, 0, 0, 0 },
		{ "4500 002e 0001 0000 4006 " IP4A
		  "1234 01bb 00000001 00000000 6010 ffff 0000 0000 01010101 aabb",
		  44, 2, 2, 0 },
		{ "4500 002e 0001 0000 4006 " IP4A
		  "1234 01bb 00000001 00000000 6010 ffff 0000 0000 01010101 aabb",
		  42, 0, 2, 4 },
		{ "4500 0023 0001 0000 4084 " IP4A "0b59 0b5a 00000000 00000000 aabbcc",
		  32, 3, 3, 0 },
		{ "4500 001e 0001 0000 4001 " IP4A "0800 0000 0001 0001 aabb", 28, 2, 2, 0 },
		{ "4500 0017 0001 0000 4032 " IP4A "aabbcc", 20, 3, 3, 0 },
		{ "4500 0024 0001 2000 4011 " IP4A "1234 0035 0100 0000 00000000 00000000",
		  28, 8, 8, 0 },
		{ "4500 001c 0001 0002 4011 " IP4A "1234 0035 0100 0000", 0, 0, 0, 0 },
		{ "60000000 000c 11 40 " IP6A UDP12 "ff", 48, 4, 4, 0 },
	};

	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		uint8_t bytes[HEX_LONGEST];
		size_t n = hex_bytes(packets[i].hex, bytes);
		struct decode_rest rest;
		struct facts f;

		decode_frame(DLT_RAW, bytes, (uint32_t)(n - packets[i].cut), (uint32_t)n, &f,
		    &rest);
		CU_ASSERT_EQUAL(rest.tunnel, TUNNEL_NONE);
		CU_ASSERT_EQUAL(rest.payload.captured, packets[i].captured);
		CU_ASSERT_EQUAL(rest.payload.wire, packets[i].wire);
		if (packets[i].at == 0)
			CU_ASSERT_PTR_NULL(rest.payload.at)
		else
			CU_ASSERT_PTR_EQUAL(rest.payload.at, bytes + packets[i].at);
	}
}

/* ---- tunnels --------------------------------------------------------------- */

/* "gre1 4.17>53": tunnel and level, then what is in it, or why that is not read. */
static void
describe(const struct facts *f, char *text)
{
	size_t n = strlen(text), room = TEXT_SIZE - n;
	const char *tunnel = tunnel_name((enum tunnel)f->tunnel);
	const char *comma = n == 0 ? "" : ", ";

	if (f->unreadable != READABLE)
		snprintf(text + n, room, "%s%s%u %s", comma, tunnel, f->level,
		    unreadable_name((enum unreadable)f->unreadable));
	else if (f->flags & FACT_ARP)
		snprintf(text + n, room, "%s%s%u arp", comma, tunnel, f->level);
	else
		snprintf(text + n, room, "%s%s%u %d.%u>%u", comma, tunnel, f->level,
		    (int)f->src.family, f->protocol, f->dport);
}

static void
carried(const uint8_t *bytes, size_t captured, size_t length, char text[TEXT_SIZE])
{
	struct facts f, inner[LEVELS];
	size_t n = hex_decode(DLT_RAW, bytes, captured, length, &f, NULL, inner, LEVELS);

	text[0] = '\0';
	CU_ASSERT_FATAL(n <= DECODE_LEVELS + 1);
	CU_ASSERT_EQUAL(f.tunnel, TUNNEL_NONE);
	CU_ASSERT_EQUAL(f.level, 0);
	for (size_t i = 0; i < n; i++)
		describe(&inner[i], text);
}

#define VXLAN		"x0800000000002a00 "
#define EXT5		"x0100008501000085010000850100008501000085 "
#define ARP		"x00010800060400010200000000010a0100020000000000000a010001"

static const struct tunnel_row {
	const char *what, *words, *inner;
} rows[] = {
	/* ---- IP in IP ---- */
	{ "4 in 4", "4.4 4.17 u53", "ipip1 4.17>53" },
	{ "6 in 4", "4.41 6.6 t443", "ipip1 6.6>443" },
	{ "4 in 6", "6.4 4.6 t443", "ipip1 4.6>443" },
	{ "6 in 6", "6.41 6.17 u53", "ipip1 6.17>53" },
	{ "6 in 6 behind options", "6.60 x2900010400000000 6.17 u53", "ipip1 6.17>53" },
	{ "what is not IPv4 in protocol 4", "4.4 6.17 u53", "ipip1 version" },
	{ "nothing in it", "4.4 x", "ipip1 truncated" },
	/* ---- GRE ---- */
	{ "GRE", "4.47 x00000800 4.17 u53", "gre1 4.17>53" },
	{ "GRE over IPv6", "6.47 x000086dd 6.17 u53", "gre1 6.17>53" },
	{ "GRE with a key", "4.47 x20000800_00000007 4.17 u53", "gre1 4.17>53" },
	{ "GRE with all of it", "4.47 xb0000800_abcd0000_00000007_00000001 4.17 u53",
	  "gre1 4.17>53" },
	{ "Ethernet in GRE", "4.47 x00006558 e0800 4.17 u53", "gre1 4.17>53" },
	{ "a tag in Ethernet in GRE", "4.47 x00006558 e81000007 x0800 4.17 u53",
	  "gre1 4.17>53" },
	{ "ARP in Ethernet in GRE", "4.47 x00006558 e0806 " ARP, "gre1 arp" },
	{ "GRE with routing", "4.47 x40000800_00000000 4.17 u53", "gre1 tunnel" },
	{ "GRE of version 2", "4.47 x00020800 4.17 u53", "gre1 tunnel" },
	{ "PPTP", "4.47 x3081880b_00040001_00000002_00000003 xff030021", "" },
	{ "version 1 without PPP", "4.47 x30010800_00040001_00000002 4.17 u53",
	  "gre1 tunnel" },
	{ "GRE header that does not fit", "4.47 x000008", "gre1 tunnel" },
	{ "GRE key that does not fit", "4.47 x20000800_0000", "gre1 tunnel" },
	{ "a keepalive, and its answer", "4.47 x00000800 4.47 x00000000", "gre1 4.47>0" },
	{ "GRE with what we do not read", "4.47 x00008847 x00000000", "gre1 ethertype" },
	/* ---- ERSPAN ---- */
	{ "ERSPAN type I", "4.47 x000088be e0800 4.17 u53", "erspan1 4.17>53" },
	{ "ERSPAN type II", "4.47 x100088be_00000001 x1000000000000000 e0800 4.17 u53",
	  "erspan1 4.17>53" },
	{ "ERSPAN type II of another version",
	  "4.47 x100088be_00000001 x2000000000000000 e0800 4.17 u53", "erspan1 tunnel" },
	{ "ERSPAN type II that does not fit", "4.47 x100088be_00000001 x10000000",
	  "erspan1 tunnel" },
	{ "ERSPAN type III", "4.47 x100022eb_00000001 x200000000000000000000000 "
	  "e0800 4.17 u53", "erspan1 4.17>53" },
	{ "ERSPAN type III with its subheader", "4.47 x100022eb_00000001 "
	  "x200000000000000000000001 x0000000000000000 e0800 4.17 u53",
	  "erspan1 4.17>53" },
	{ "IP in ERSPAN type III", "4.47 x100022eb_00000001 x200000000000000000000800 "
	  "6.17 u53", "erspan1 6.17>53" },
	{ "ERSPAN type III of another version", "4.47 x100022eb_00000001 "
	  "x100000000000000000000000 e0800 4.17 u53", "erspan1 tunnel" },
	{ "ERSPAN type III with an unknown frame", "4.47 x100022eb_00000001 "
	  "x200000000000000000001c00 e0800 4.17 u53", "erspan1 tunnel" },
	/* ---- VXLAN ---- */
	{ "VXLAN", "4.17 u4789 " VXLAN "e0800 4.17 u53", "vxlan1 4.17>53" },
	{ "VXLAN over IPv6", "6.17 u4789 " VXLAN "e86dd 6.6 t443", "vxlan1 6.6>443" },
	{ "VXLAN with a group policy", "4.17 u4789 x8800000100002a00 e0800 4.17 u53",
	  "vxlan1 4.17>53" },
	{ "VXLAN without its network", "4.17 u4789 x0000000000002a00 e0800 4.17 u53",
	  "vxlan1 tunnel" },
	{ "VXLAN with a next protocol", "4.17 u4789 x0c00000100002a00 4.17 u53",
	  "vxlan1 4.17>53" },
	{ "IPv6 in VXLAN", "4.17 u4789 x0c00000200002a00 6.17 u53", "vxlan1 6.17>53" },
	{ "a frame in it", "4.17 u4789 x0c00000300002a00 e0800 4.17 u53", "vxlan1 4.17>53" },
	{ "something else in it", "4.17 u4789 x0c00000400002a00 4.17 u53", "vxlan1 tunnel" },
	{ "VXLAN that does not fit", "4.17 u4789 x08000000", "vxlan1 tunnel" },
	{ "from the port of VXLAN", "4.17 v4789 " VXLAN "e0800 4.17 u53", "" },
	{ "VXLAN to another port", "4.17 u8472 " VXLAN "e0800 4.17 u53", "" },
	{ "VXLAN over TCP", "4.6 t4789 " VXLAN "e0800 4.17 u53", "" },
	/* ---- GENEVE ---- */
	{ "GENEVE", "4.17 u6081 x0000655800002a00 e0800 4.17 u53", "geneve1 4.17>53" },
	{ "IP in GENEVE", "4.17 u6081 x000086dd00002a00 6.17 u53", "geneve1 6.17>53" },
	{ "GENEVE with options",
	  "4.17 u6081 x0300080000002a00 x0102030100000000 x01020300 4.17 u53",
	  "geneve1 4.17>53" },
	{ "GENEVE whose last option is too long",
	  "4.17 u6081 x0300080000002a00 x0102030100000000 x01020301 4.17 u53",
	  "geneve1 length" },
	{ "GENEVE options that do not fit", "4.17 u6081 x0300080000002a00 x01020301",
	  "geneve1 tunnel" },
	{ "GENEVE of another version", "4.17 u6081 x4000655800002a00 e0800 4.17 u53",
	  "geneve1 tunnel" },
	/* ---- GTP-U ---- */
	{ "GTP-U", "4.17 u2152 x30ff001c00000007 4.17 u53", "gtp-u1 4.17>53" },
	{ "GTP-U with a sequence number", "4.17 u2152 x32ff002000000007 x00010000 4.17 u53",
	  "gtp-u1 4.17>53" },
	{ "GTP-U with extensions", "4.17 u2152 x34ff002c00000007 x00000085 x01000085 "
	  "x0200000000000000 4.17 u53", "gtp-u1 4.17>53" },
	{ "GTP-U with 16 extensions", "4.17 u2152 x34ff006000000007 x00000085 "
	  EXT5 EXT5 EXT5 "x01000000 4.17 u53", "gtp-u1 4.17>53" },
	{ "GTP-U with 17", "4.17 u2152 x34ff006400000007 x00000085 "
	  EXT5 EXT5 EXT5 "x01000085 x01000000 4.17 u53", "gtp-u1 length" },
	{ "the next type alone is no extension",
	  "4.17 u2152 x32ff002000000007 x00010085 4.17 u53", "gtp-u1 4.17>53" },
	{ "GTP-U extension of no length",
	  "4.17 u2152 x34ff002400000007 x00000085 x00000000 4.17 u53", "gtp-u1 length" },
	{ "GTP-U extension that does not fit",
	  "4.17 u2152 x34ff000800000007 x00000085 x02000000", "gtp-u1 tunnel" },
	{ "IPv6 in GTP-U", "4.17 u2152 x30ff003000000007 6.17 u53", "gtp-u1 6.17>53" },
	{ "neither in GTP-U", "4.17 u2152 x30ff000400000007 x02000000", "gtp-u1 tunnel" },
	{ "a longer GTP-U than there is", "4.17 u2152 x30ff001d00000007 4.17 u53",
	  "gtp-u1 length" },
	{ "what GTP-U carries ends where it says",
	  "4.17 u2152 x30ff001b00000007 4.17 u53", "gtp-u1 length" },
	{ "GTP-U echo", "4.17 u2152 x3201000400000000 x00010000", "" },
	{ "GTP of version 2", "4.17 u2152 x48ff001c00000007 4.17 u53", "gtp-u1 tunnel" },
	{ "GTP prime", "4.17 u2152 x20ff001c00000007 4.17 u53", "gtp-u1 tunnel" },
	/* ---- Teredo ---- */
	{ "Teredo", "4.17 u3544 6.17 u53", "teredo1 6.17>53" },
	{ "Teredo from its port", "4.17 v3544 6.17 u53", "teredo1 6.17>53" },
	{ "Teredo with an origin", "4.17 v3544 x0000f227_a5a5a5a5 6.17 u53",
	  "teredo1 6.17>53" },
	{ "Teredo with authentication and origin",
	  "4.17 u3544 x00010201_aabb_cc_0000000000000001_00 x0000f227_a5a5a5a5 6.17 u53",
	  "teredo1 6.17>53" },
	{ "Teredo authentication that does not fit", "4.17 u3544 x0001ff00_aabb",
	  "teredo1 tunnel" },
	{ "a bubble", "4.17 u3544 6.59", "teredo1 6.59>0" },
	{ "IPv4 on Teredo's port", "4.17 u3544 4.17 u53", "teredo1 tunnel" },
	{ "nothing of Teredo to its port", "4.17 u3544 x12345678", "teredo1 tunnel" },
	{ "nothing of Teredo from its port", "4.17 v3544 x12345678", "" },
	{ "something longer from its port", "4.17 v3544 x1234567800000000 "
	  "x00000000000000000000000000000000 x00000000000000000000000000000000 "
	  "x0000000000000000", "" },
	{ "less than IPv6 from Teredo's port", "4.17 v3544 x60000000_0010", "" },
	/* ---- depth ---- */
	{ "four levels", "4.4 4.47 x000086dd 6.4 4.41 6.17 u53",
	  "ipip1 4.47>0, gre2 6.4>0, ipip3 4.41>0, ipip4 6.17>53" },
	{ "a level too many", "4.4 4.4 4.4 4.4 4.4 4.17 u53",
	  "ipip1 4.4>0, ipip2 4.4>0, ipip3 4.4>0, ipip4 4.4>0, ipip4 tunnel-depth" },
	{ "two levels too many", "4.4 4.4 4.4 4.4 4.4 4.4 4.17 u53",
	  "ipip1 4.4>0, ipip2 4.4>0, ipip3 4.4>0, ipip4 4.4>0, ipip4 tunnel-depth" },
	{ "VXLAN in VXLAN", "4.17 u4789 " VXLAN "e0800 4.17 u4789 " VXLAN "e0800 4.17 u53",
	  "vxlan1 4.17>4789, vxlan2 4.17>53" },
	{ "a broken one in a sound one", "4.4 4.47 x40000800", "ipip1 4.47>0, gre2 tunnel" },
	/* ---- fragments ---- */
	{ "a later fragment carries no tunnel", "g4.4 4.17 u53 x00000000", "" },
	{ "a first one does", "f4.4 4.17 u53 x00000000", "ipip1 4.17>53" },
	{ "the inner packet goes on in the next fragment",
	  "f4.4 x450000640001000040110000_0a010002_0a020003 x12340035005000000000",
	  "" },
	{ "the same, ending where a fragment may",
	  "f4.4 x450000640001000040110000_0a010002_0a020003 x123400350050000000000000",
	  "ipip1 4.17>53" },
	{ "a tunnel's header that the first fragment splits", "f4.47 xb0000800_00000000",
	  "gre1 tiny-fragment" },
	{ "IPv6 first fragment", "f6.47 x00000800 4.17 u53", "gre1 4.17>53" },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static void
tunnels_carry_what_the_table_says(void)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		uint8_t bytes[HEX_LONGEST];
		size_t n = hex_packet(rows[i].words, bytes);
		char text[TEXT_SIZE];

		carried(bytes, n, n, text);
		if (strcmp(text, rows[i].inner) != 0)
			fprintf(stderr, "%s: \"%s\", not \"%s\"\n", rows[i].what, text,
			    rows[i].inner);
		CU_ASSERT_STRING_EQUAL(text, rows[i].inner);
	}
}

/* A snap length may cut a tunnel anywhere: then its inside is truncated, not wrong. */
static void
every_prefix_is_read_safely(void)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		uint8_t bytes[HEX_LONGEST];
		size_t n = hex_packet(rows[i].words, bytes);
		struct facts whole[LEVELS], part[LEVELS], f;
		size_t levels = hex_decode(DLT_RAW, bytes, n, n, &f, NULL, whole, LEVELS);

		for (size_t cut = 0; cut < n; cut++) {
			size_t there = hex_decode(DLT_RAW, bytes, cut, n, &f, NULL, part,
			    LEVELS);

			for (size_t l = 0; l < there; l++) {
				CU_ASSERT_EQUAL(part[l].level, l < levels ? whole[l].level :
				    l + 1);
				if (part[l].unreadable == UNREADABLE_TRUNCATED)
					break;
				CU_ASSERT_FATAL(l < levels);
				CU_ASSERT_EQUAL(part[l].tunnel, whole[l].tunnel);
				CU_ASSERT_EQUAL(part[l].unreadable, whole[l].unreadable);
			}
			hex_decode(DLT_RAW, bytes, cut, cut, &f, NULL, part, LEVELS);
		}
	}
}

/* A mirrored or bridged frame has MACs of its own; they are the inner packet's. */
static void
inner_frames_have_their_own_macs_and_tags(void)
{
	uint8_t bytes[HEX_LONGEST];
	struct facts f, inner[2];
	size_t n = hex_packet("e0800 4.17 u4789 " VXLAN "e81000064 x88a80065 x81000066 x0800 "
	    "4.17 u53", bytes);

	bytes[11] = 9;		/* the outer sender */
	CU_ASSERT_EQUAL_FATAL(hex_decode(DLT_EN10MB, bytes, n, n, &f, NULL, inner, 2), 1);
	CU_ASSERT_EQUAL(f.src_mac[5], 9);
	CU_ASSERT_EQUAL(f.vlan[0], 0);
	CU_ASSERT_EQUAL(f.length, n);
	CU_ASSERT(inner[0].flags & FACT_HAS_MAC);
	CU_ASSERT_EQUAL(inner[0].src_mac[5], 1);
	CU_ASSERT_EQUAL(inner[0].vlan[0], 101);
	CU_ASSERT_EQUAL(inner[0].vlan[1], 102);
	CU_ASSERT_EQUAL(inner[0].vlan[2], 103);
	CU_ASSERT_EQUAL(inner[0].length, n - 14 - 28 - 8);

	n = hex_packet("e0800 4.4 4.17 u53 x0000", bytes);
	CU_ASSERT_EQUAL_FATAL(hex_decode(DLT_EN10MB, bytes, n, n, &f, NULL, inner, 2), 1);
	CU_ASSERT_FALSE(inner[0].flags & FACT_HAS_MAC);
	CU_ASSERT_EQUAL(inner[0].length, 30);
}

/* The end of the walk: nothing more, however often one asks. */
static void
the_last_packet_leaves_its_payload(void)
{
	uint8_t bytes[HEX_LONGEST];
	struct decode_rest rest;
	struct facts f;
	size_t n = hex_packet("4.4 4.17 u53 xabcdef", bytes);

	decode_frame(DLT_RAW, bytes, (uint32_t)n, (uint32_t)n, &f, &rest);
	CU_ASSERT_EQUAL(rest.tunnel, TUNNEL_IPIP);
	CU_ASSERT_EQUAL(rest.level, 0);
	CU_ASSERT_TRUE(decode_inner(&rest, &f));
	CU_ASSERT_EQUAL(rest.tunnel, TUNNEL_NONE);
	CU_ASSERT_EQUAL(rest.level, 1);
	CU_ASSERT_EQUAL(rest.payload.captured, 3);
	CU_ASSERT_PTR_EQUAL(rest.payload.at, bytes + n - 3);
	CU_ASSERT_FALSE(decode_inner(&rest, &f));
	CU_ASSERT_EQUAL(f.level, 0);
	CU_ASSERT_FALSE(decode_inner(&rest, &f));
}

/* Receive offload puts packets together inside of tunnels as well. */
static void
super_packets_are_read_inside_too(void)
{
	uint8_t bytes[HEX_LONGEST];
	struct facts f, inner[1];
	size_t n = hex_bytes("4500 0000 0001 0000 4011 " IP4A "1234 12b5 0000 0000 "
	    "0800000000002a00 " MACS "86dd 60000000 0000 06 40 " IP6A TCPACK, bytes);

	CU_ASSERT_EQUAL_FATAL(hex_decode(DLT_RAW, bytes, n, 90000, &f, NULL, inner, 1), 1);
	CU_ASSERT_EQUAL(f.length, 90000);
	CU_ASSERT_EQUAL(inner[0].unreadable, READABLE);
	CU_ASSERT_EQUAL(inner[0].dport, 443);
	CU_ASSERT_EQUAL(inner[0].length, 90000 - 36);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "payload is what the packet carries",
		  payload_is_what_the_packet_carries },
		{ "tunnels carry what the table says", tunnels_carry_what_the_table_says },
		{ "every prefix is read safely", every_prefix_is_read_safely },
		{ "inner frames have their own MACs and tags",
		  inner_frames_have_their_own_macs_and_tags },
		{ "the last packet leaves its payload", the_last_packet_leaves_its_payload },
		{ "super packets are read inside too", super_packets_are_read_inside_too },
		CU_TEST_INFO_NULL,
	};

	return unit_main("decode_tunnel", tests);
}
