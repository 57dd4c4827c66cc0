/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where headers end: what people said must not be counted among them. */
#include "agent/watch/headers.h"

#include "agent/watch/decode.h"
#include "agent/watch/inspect.h"
#include "tests/unit/hex_frame.h"
#include "tests/unit/unit.h"

#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

#define SAID "x5341494453414944534149445341494453414944"	/* "SAID" five times */
#define SAID_BYTES 20u

static bool
holds(const uint8_t *bytes, size_t length, const char *word)
{
	return memmem(bytes, length, word, strlen(word)) != NULL;
}

/* Headers and then what was said: all of the headers are kept, and nothing of the rest. */
static void
headers_end_behind_the_transport(void)
{
	static const struct {
		const char *words;
		uint32_t headers;
	} rows[] = {
		{ "e0800 4.17 u53 ", 14 + 20 + 8 },
		{ "e86dd 6.17 u53 ", 14 + 40 + 8 },
		{ "e0800 4.6 t443 ", 14 + 20 + 20 },
		{ "e86dd 6.6 t443 ", 14 + 40 + 20 },
		{ "e0800 4.50 ", 14 + 20 },			/* ESP: nobody looks inside */
		{ "e0800 4.1 x0800000000010001 ", 14 + 20 + 8 },	/* a ping and its data */
		{ "e8100 x000a0800 4.17 u53 ", 14 + 4 + 20 + 8 },
		{ "e0800 g4.17 ", 14 + 20 },			/* a later fragment has no header */
		{ "e0800 f4.17 u53 x00000000 ", 14 + 20 + 8 },
		{ "e0800 4.47 x00000800 4.17 u53 ", 14 + 20 + 4 + 20 + 8 },	/* in GRE */
		{ "e0800 4.4 4.6 t443 ", 14 + 20 + 20 + 20 },
		{ "e0800 4.17 u4789 x0800000000000100 e0800 4.17 u53 ",
		  14 + 20 + 8 + 8 + 14 + 20 + 8 },
		{ "e0800 4.47 x00000800 g4.17 ", 14 + 20 + 4 + 20 },
		{ "e0800 4.47 x00004321 ", 14 + 20 + 4 },	/* in it what nobody knows */
		{ "e88b5 ", 14 },				/* no IP at all */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bytes[HEX_LONGEST];
		char words[256];
		size_t length;
		uint32_t n;

		snprintf(words, sizeof(words), "%s" SAID, rows[i].words);
		length = hex_packet(words, bytes);
		CU_ASSERT(holds(bytes, length, "SAID"));
		n = headers_length(DLT_EN10MB, bytes, (uint32_t)length, (uint32_t)length);
		if (n != rows[i].headers)
			printf("%s: %u, not %u\n", rows[i].words, n, rows[i].headers);
		CU_ASSERT_EQUAL(n, rows[i].headers);
		CU_ASSERT_FALSE(holds(bytes, n, "SAID"));
	}
}

static void
other_links_are_known_too(void)
{
	uint8_t bytes[HEX_LONGEST];
	size_t n = hex_packet("4.17 u53 " SAID, bytes);

	CU_ASSERT_EQUAL(headers_length(INSPECT_BARE_PACKET, bytes, (uint32_t)n,
	    DECODE_LENGTH_UNKNOWN), 28);
	CU_ASSERT_EQUAL(headers_length(DLT_RAW, bytes, (uint32_t)n, (uint32_t)n), 28);
	/* A later fragment: its header stands behind the fixed one. */
	n = hex_packet("x60000000001c2c40 x20010db8000100000000000000000002 "
	    "x20010db8000200000000000000000003 x1100000800000001 " SAID, bytes);
	CU_ASSERT_EQUAL(headers_length(INSPECT_BARE_PACKET, bytes, (uint32_t)n,
	    (uint32_t)n), 48);
	/* A link that nobody reads: not a byte. */
	CU_ASSERT_EQUAL(headers_length(9999, bytes, (uint32_t)n, (uint32_t)n), 0);
}

static void
an_arp_is_all_header(void)
{
	uint8_t bytes[HEX_LONGEST];
	const size_t n = hex_packet("e0806 x0001080006040001 x020000000001 x0a010002 "
	    "x000000000000 x0a010003 " SAID, bytes);

	CU_ASSERT_EQUAL(headers_length(DLT_EN10MB, bytes, (uint32_t)n, (uint32_t)n), 14 + 28);
}

/* Cut anywhere, or with any byte turned over: never more than was captured. */
static void
never_more_than_there_is(void)
{
	uint8_t bytes[HEX_LONGEST];
	const size_t n = hex_packet("e0800 4.17 u4789 x0800000000000100 e0800 4.47 x00000800 "
	    "4.17 u53 " SAID, bytes);

	for (uint32_t captured = 0; captured <= n; captured++) {
		uint8_t *exact = malloc(captured + 1);

		CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
		memcpy(exact, bytes, captured);
		CU_ASSERT(headers_length(DLT_EN10MB, exact, captured, (uint32_t)n) <= captured);
		for (uint32_t i = 0; i < captured; i++) {
			exact[i] ^= 0xff;
			CU_ASSERT(headers_length(DLT_EN10MB, exact, captured, (uint32_t)n) <=
			    captured);
			exact[i] ^= 0xff;
		}
		free(exact);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "headers end behind the transport", headers_end_behind_the_transport },
		{ "other links are known too", other_links_are_known_too },
		{ "an ARP is all header", an_arp_is_all_header },
		{ "never more than there is", never_more_than_there_is },
		CU_TEST_INFO_NULL,
	};

	return unit_main("headers", tests);
}
