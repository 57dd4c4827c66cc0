/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of one packet: the words of a reason, a line of replay --json. */
#include "agent/watch/reason.h"
#include "agent/watch/replay.h"
#include "tests/unit/hex_frame.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS 4u

static void
packets_are_named_in_a_few_words(void)
{
	static const struct { const char *words, *said; } rows[] = {
		{ "e0800 4.17 u53", "10.1.0.2 -> 10.2.0.3 udp/53" },
		{ "e0800 4.1 x0301000000000000", "10.1.0.2 -> 10.2.0.3 icmp/3.1" },
		{ "e86dd 6.50 x00", "2001:db8::2 -> 2001:db8::3 esp" },
		{ "e0806 x000108000604000102000000000a0a010002_0000000000000a010001",
		  "arp 10.1.0.2 -> 10.1.0.1" },
		{ "e88cc x00", "EtherType 0x88cc" },
		{ "e0026 x424203", "802.2 frame 0x42" },
		{ "e0800 4.47 x00000800 4.17 u53", "10.1.0.2 -> 10.2.0.3 udp/53 in gre" },
		{ "e0800 4.47 x40000800 4.17 u53", "packet in gre" },
		{ "e0800 4.4 4.17 u4789 x0800000000002a00 e88cc x00",
		  "EtherType 0x88cc in vxlan, tunnel 2" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bytes[HEX_LONGEST];
		struct facts f, inner[LEVELS];
		size_t n = hex_packet(rows[i].words, bytes);
		size_t levels = hex_decode(DLT_EN10MB, bytes, n, n, &f, NULL, inner, LEVELS);
		char said[128];

		reason_packet(levels == 0 ? &f : &inner[levels - 1], said, sizeof(said));
		CU_ASSERT_STRING_EQUAL(said, rows[i].said);
	}
}

/* However little room there is. */
static void
words_are_cut_to_their_room(void)
{
	struct facts f = { .tunnel = TUNNEL_GENEVE, .level = 3 };

	for (size_t size = 1; size < 40; size++) {
		char said[40];

		memset(said, 'x', sizeof(said));
		reason_packet(&f, said, size);
		CU_ASSERT_EQUAL(strncmp(said, "packet in geneve, tunnel 3", strlen(said)), 0);
		CU_ASSERT(strlen(said) < size);
		CU_ASSERT(size == sizeof(said) || said[size] == 'x');
	}
}

static json_t *
line_of(const struct facts *f)
{
	const struct judgement verdict = { .verdict = VERDICT_LOCAL };
	const struct replay_judged judged = { .number = 1, .facts = f,
	    .judgement = &verdict, .from = "", .to = "", .permit = "" };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	json_t *line;

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	replay_print_json(&judged, out);
	fclose(out);
	line = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(line);
	return line;
}

static void
is_number(json_t *line, const char *key, json_int_t number)
{
	json_t *value = json_object_get(line, key);

	CU_ASSERT_PTR_NOT_NULL(value);
	CU_ASSERT_EQUAL(json_integer_value(value), number);
}

static void
a_line_shows_tags_tunnels_and_fragments(void)
{
	struct facts f = { .flags = FACT_FRAGMENT_LATER | FACT_PORTS_INHERITED,
	    .vlan = { 101, 102, 103 }, .tunnel = TUNNEL_ERSPAN, .level = 2,
	    .fragment_id = 0xffffffff, .fragment_offset = 1480, .fragment_bytes = 20 };
	json_t *line = line_of(&f), *fragment = json_object_get(line, "fragment");

	is_number(line, "vlan", 100);
	is_number(line, "inner_vlan", 102);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(line, "vlans")), 3);
	CU_ASSERT_EQUAL(json_integer_value(json_array_get(json_object_get(line, "vlans"), 1)),
	    101);
	is_number(line, "level", 2);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(line, "tunnel")), "erspan");
	is_number(fragment, "id", 0xffffffff);
	is_number(fragment, "offset", 1480);
	is_number(fragment, "bytes", 20);
	CU_ASSERT(json_is_true(json_object_get(fragment, "ports_inherited")));
	json_decref(line);

	f = (struct facts){ .vlan = { 101, 102 } };
	line = line_of(&f);
	is_number(line, "inner_vlan", 101);
	CU_ASSERT_PTR_NULL(json_object_get(line, "vlans"));
	CU_ASSERT_PTR_NULL(json_object_get(line, "tunnel"));
	CU_ASSERT_PTR_NULL(json_object_get(line, "fragment"));
	json_decref(line);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "packets are named in a few words", packets_are_named_in_a_few_words },
		{ "words are cut to their room", words_are_cut_to_their_room },
		{ "a line shows tags, tunnels and fragments",
		  a_line_shows_tags_tunnels_and_fragments },
		CU_TEST_INFO_NULL,
	};

	return unit_main("packet_words", tests);
}
