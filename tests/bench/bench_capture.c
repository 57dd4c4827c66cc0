/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a capture for the bench of replay: Ethernet, IPv4, UDP, a packet every
 * microsecond, flows drawn by dice. The same arguments give the same file.
 *
 *   bench_capture TUPLES FILE PACKETS FLOWS 64|mixed VIOLATING_PERCENT
 *
 * TUPLES: "source destination port" a line, as policy.py writes it for its permits.
 * mixed: 7 frames of 64 bytes, 4 of 594, 1 of 1518 (the usual "simple IMIX"); the
 * four bytes of check sum are not in a capture. A violating packet asks for a port
 * that no permit names.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TUPLES_MAX	100000u
#define SMALL		60u
#define REFUSED_PORT	1999u
#define WRITE_BUFFER	(1u << 20)

struct tuple {
	uint32_t src, dst;	/* as on the wire */
	uint16_t port;
};

struct plan {
	struct tuple tuples[TUPLES_MAX];
	uint32_t n_tuples, flows;
	uint64_t packets, state;
	unsigned int violating;
	int mixed;
};

/* splitmix64 */
static uint32_t
dice(struct plan *p)
{
	uint64_t x = p->state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)(x >> 32);
}

static uint32_t
below(struct plan *p, uint32_t n)
{
	return (uint32_t)((uint64_t)dice(p) * n >> 32);
}

static int
read_tuples(struct plan *p, const char *name)
{
	FILE *in = fopen(name, "r");
	char src[64], dst[64];
	unsigned int port;

	if (in == NULL)
		return -1;
	while (p->n_tuples < TUPLES_MAX &&
	    fscanf(in, "%63s %63s %u", src, dst, &port) == 3) {	/* NOLINT(cert-err34-c) */
		struct tuple *t = &p->tuples[p->n_tuples++];

		t->port = (uint16_t)port;
		if (inet_pton(AF_INET, src, &t->src) != 1 ||
		    inet_pton(AF_INET, dst, &t->dst) != 1)
			return -1;
	}
	fclose(in);
	return p->n_tuples > 0 ? 0 : -1;
}

static void
put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static uint32_t
frame_size(struct plan *p)
{
	uint32_t n = p->mixed ? below(p, 12) : 0;

	return n < 7 ? SMALL : n < 11 ? 590 : 1514;
}

static void
fill_frame(struct plan *p, uint8_t *frame, uint32_t size)
{
	static const uint8_t head[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
	    0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 17, 0, 0 };
	uint32_t flow = below(p, p->flows);
	const struct tuple *t = &p->tuples[flow % p->n_tuples];
	uint32_t port = below(p, 100) < p->violating ? REFUSED_PORT : t->port;

	memcpy(frame, head, sizeof(head));
	put16(frame + 16, size - 14);
	memcpy(frame + 26, &t->src, 4);
	memcpy(frame + 30, &t->dst, 4);
	put16(frame + 34, 10000 + flow / p->n_tuples);
	put16(frame + 36, port);
	put16(frame + 38, size - 34);
}

static int
write_capture(struct plan *p, const char *name)
{
	static const uint32_t head[] = { 0xa1b2c3d4, 0x00040002, 0, 0, 262144, 1 };
	uint8_t frame[2048] = { 0 };
	FILE *out = fopen(name, "wb");

	if (out == NULL)
		return -1;
	setvbuf(out, NULL, _IOFBF, WRITE_BUFFER);
	fwrite(head, sizeof(head), 1, out);
	for (uint64_t i = 0; i < p->packets; i++) {
		uint32_t size = frame_size(p);
		const uint32_t packet[] = { 1763700000u + (uint32_t)(i / 1000000),
		    (uint32_t)(i % 1000000), size, size };

		fill_frame(p, frame, size);
		fwrite(packet, sizeof(packet), 1, out);
		fwrite(frame, size, 1, out);
	}
	return fclose(out);
}

int
main(int argc, char **argv)
{
	struct plan *p = calloc(1, sizeof(*p));

	if (p == NULL || argc != 7 || read_tuples(p, argv[1]) != 0) {
		fprintf(stderr,
		    "bench_capture TUPLES FILE PACKETS FLOWS 64|mixed VIOLATING_PERCENT\n");
		return EXIT_FAILURE;
	}
	p->packets = strtoull(argv[3], NULL, 10);
	p->flows = (uint32_t)strtoul(argv[4], NULL, 10);
	p->mixed = strcmp(argv[5], "mixed") == 0;
	p->violating = (unsigned int)strtoul(argv[6], NULL, 10);
	if (write_capture(p, argv[2]) != 0) {
		perror(argv[2]);
		return EXIT_FAILURE;
	}
	free(p);
	return EXIT_SUCCESS;
}
