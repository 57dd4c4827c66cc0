/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any frame of any link type: never a read outside it, and facts that keep the
 * promises which the judge and the recorder rely on, down to the innermost
 * packet. First byte: the link type; second: how much longer than captured the
 * packet claims to be.
 */
#include "tests/fuzz/decode_promises.h"

#include <pcap/dlt.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int links[] = { DLT_EN10MB, DLT_RAW, DLT_IPV4, DLT_IPV6, DLT_NULL,
	    DLT_LOOP, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_IEEE802_11 };
	struct decode_rest rest;
	struct facts f;
	uint32_t captured;

	if (size < 2)
		return 0;
	captured = (uint32_t)(size - 2);
	must_decode(links[data[0] % (sizeof(links) / sizeof(links[0]))], data + 2, captured,
	    captured + data[1] * 1000u);

	decode_packet(data + 2, captured, DECODE_LENGTH_UNKNOWN, &f, &rest);
	must_walk(&rest, &f, data + 2, captured);
	return 0;
}
