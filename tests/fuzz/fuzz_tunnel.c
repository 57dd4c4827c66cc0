/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tunnels: the input stands inside of sound outer headers, as deep as its first
 * byte says, so that what stands at the last level is reached at once. Second
 * byte: the outer headers; third: how much of the frame was captured.
 */
#include "tests/fuzz/decode_promises.h"

#include <pcap/dlt.h>

#define LARGEST 2048u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A frame that grows towards its front. */
struct growing {
	uint8_t room[LARGEST];
	size_t begin;
};

static uint8_t *
before(struct growing *g, size_t n)
{
	must(g->begin >= n);
	g->begin -= n;
	return memset(g->room + g->begin, 0, n);
}

static size_t
length_of(const struct growing *g)
{
	return sizeof(g->room) - g->begin;
}

static void
put_be16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void
before_ip(struct growing *g, uint8_t protocol, bool v6)
{
	size_t payload = length_of(g);
	uint8_t *p = before(g, v6 ? 40 : 20);

	p[0] = v6 ? 0x60 : 0x45;
	put_be16(p + (v6 ? 4 : 2), v6 ? payload : payload + 20);
	p[v6 ? 6 : 9] = protocol;
}

static void
before_udp(struct growing *g, unsigned int dport, bool v6)
{
	size_t payload = length_of(g);
	uint8_t *p = before(g, 8);

	put_be16(p, 40000);
	put_be16(p + 2, dport);
	put_be16(p + 4, payload + 8);
	before_ip(g, 17, v6);
}

static void
before_ethernet(struct growing *g)
{
	bool v6 = g->room[g->begin] >> 4 == 6;

	put_be16(before(g, 14) + 12, v6 ? 0x86dd : 0x0800);
}

/* The next tunnel around what is there, which is an IP packet. */
static void
wrap(struct growing *g, unsigned int how, bool v6)
{
	bool inner_v6 = g->room[g->begin] >> 4 == 6;

	switch (how) {
	case 0:
		before_ip(g, inner_v6 ? 41 : 4, v6);
		break;
	case 1:
		put_be16(before(g, 4) + 2, inner_v6 ? 0x86dd : 0x0800);
		before_ip(g, 47, v6);
		break;
	case 2:
		before_ethernet(g);
		before(g, 8)[0] = 8;
		before_udp(g, 4789, v6);
		break;
	default:
		before_ethernet(g);
		put_be16(before(g, 8) + 2, 0x6558);
		before_udp(g, 6081, v6);
		break;
	}
}

/* The input as what a tunnel carries; its headers are the input's own. */
static void
innermost(struct growing *g, unsigned int how, bool v6)
{
	static const uint8_t protocols[] = { 4, 41, 47, 47 };
	static const uint16_t ports[] = { 4789, 6081, 2152, 3544 };

	if (how < 4)
		before_ip(g, protocols[how], v6);
	else
		before_udp(g, ports[how - 4], v6);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct growing g = { .begin = LARGEST };
	unsigned int how, depth;
	size_t length, captured;
	uint8_t *frame;

	if (size < 3 || size > LARGEST / 2)
		return 0;
	memcpy(before(&g, size - 3), data + 3, size - 3);
	how = data[1];
	depth = data[0] % (DECODE_LEVELS + 1);
	innermost(&g, how & 7u, (how & 0x80u) != 0);
	for (unsigned int i = 0; i < depth; i++)
		wrap(&g, ((how >> 3) + i) & 3u, (how >> (5 + i % 2) & 1u) != 0);
	before_ethernet(&g);

	/* As long as what was captured, so that a read behind it is seen. */
	length = length_of(&g);
	captured = data[2] == 0 || data[2] > length ? length : length - data[2];
	frame = malloc(captured);
	must(frame != NULL);
	memcpy(frame, g.room + g.begin, captured);
	must_decode(DLT_EN10MB, frame, (uint32_t)captured, (uint32_t)length);
	free(frame);
	return 0;
}
