/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a taken-over watcher may send beside events, what may stand in a file of packets,
 * and where the headers of any frame end.
 */
#include "agent/record/packet_ring.h"
#include "agent/record/pcapng.h"
#include "agent/watch/headers.h"
#include "agent/watch/inspect.h"

#include <pcap/dlt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
try_message(const uint8_t *data, size_t size)
{
	struct packet p;
	const char *why;

	if (packet_check(data, size, &p, &why) < 0) {
		must(why != NULL);
		return;
	}
	must(p.captured <= sizeof(p.bytes) && p.link < PACKET_LINKS);
	must(memchr(p.interface, '\0', sizeof(p.interface)) != NULL);
}

static void
try_file(const uint8_t *data, size_t size)
{
	struct pcapng_block b;
	const char *comment;
	size_t length;
	int64_t ns;
	uint64_t key;

	for (size_t at = 0; pcapng_next(data + at, size - at, &b); at += b.length) {
		must(b.length >= 12 && b.length <= size - at);
		if (pcapng_look(&b, &ns, &comment, &length) && comment != NULL) {
			must((const uint8_t *)comment + length <= b.bytes + b.length);
			(void)packet_ring_key(comment, length, &key);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int links[] = { DLT_EN10MB, INSPECT_BARE_PACKET, DLT_LINUX_SLL, DLT_RAW,
		DLT_NULL };

	if (size > 65536)
		return 0;
	try_message(data, size);
	try_file(data, size);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		must(headers_length(links[i], data, (uint32_t)size, (uint32_t)size) <= size);
	return 0;
}
