/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layout: draft-ietf-opsawg-pcap. File: magic, version 2.4, two unused words,
 * snapshot length, link type. Packet: seconds, fraction, captured, length.
 */
#include "agent/watch/capture_own.h"

#include <errno.h>
#include <limits.h>
#include <pcap/dlt.h>
#include <string.h>

#define FILE_HEADER	24u
#define PACKET_HEADER	16u
#define MAGIC_MICRO	0xa1b2c3d4u
#define MAGIC_NANO	0xa1b23c4du

static inline uint32_t
word_of(const uint8_t *p, bool swapped)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return swapped ? __builtin_bswap32(value) : value;
}

static uint32_t
word(const struct capture_own *o, const uint8_t *p)
{
	return word_of(p, o->swapped);
}

/* LINKTYPE_* of the file -> DLT_* of this system; -1: left to libpcap. */
static int
link_of(uint32_t linktype)
{
	static const struct { uint32_t linktype; int dlt; } links[] = {
		{ 0, DLT_NULL }, { 1, DLT_EN10MB }, { 101, DLT_RAW }, { 108, DLT_LOOP },
		{ 113, DLT_LINUX_SLL }, { 228, DLT_IPV4 }, { 229, DLT_IPV6 },
		{ 276, DLT_LINUX_SLL2 },
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (links[i].linktype == linktype)
			return links[i].dlt;
	return -1;
}

static bool
read_magic(struct capture_own *o)
{
	for (int swapped = 0; swapped < 2; swapped++) {
		uint32_t magic;

		o->swapped = swapped != 0;
		magic = word(o, o->bytes);
		o->nanoseconds = magic == MAGIC_NANO;
		if (magic == MAGIC_MICRO || magic == MAGIC_NANO)
			return true;
	}
	return false;
}

bool
capture_own_open(struct capture_own *o, const uint8_t *bytes, size_t size)
{
	uint16_t major, minor;

	memset(o, 0, sizeof(*o));
	o->bytes = bytes;
	o->size = size;
	if (size < FILE_HEADER || !read_magic(o))
		return false;
	memcpy(&major, bytes + 4, sizeof(major));
	memcpy(&minor, bytes + 6, sizeof(minor));
	if (o->swapped) {
		major = __builtin_bswap16(major);
		minor = __builtin_bswap16(minor);
	}
	o->snapshot = word(o, bytes + 16);
	if (o->snapshot == 0 || o->snapshot > INT_MAX)
		o->snapshot = CAPTURE_LARGEST;
	o->link_type = link_of(word(o, bytes + 20));
	o->at = FILE_HEADER;
	return major == 2 && minor == 4 && o->link_type >= 0;
}

/* Why there is no packet at h, of which "left" bytes are there. */
static int
no_packet(const struct capture_own *o, const uint8_t *h, size_t left, const char **why)
{
	if (left == 0)
		return 0;
	if (left < PACKET_HEADER) {
		*why = "the file ends inside a packet header";
		return -ENODATA;
	}
	if (word(o, h + 8) > CAPTURE_LARGEST) {
		*why = "a packet claims an impossible captured length";
		return -EBADMSG;
	}
	*why = "the file ends inside a packet";
	return -ENODATA;
}

/* How many. swapped, nanoseconds: as in *o, known where it is expanded. */
static inline __attribute__((always_inline)) int
read_packets(struct capture_own *o, struct capture_packet *p, int max, bool swapped,
    bool nanoseconds)
{
	const uint8_t *h = o->bytes + o->at;
	const uint32_t snapshot = o->snapshot;
	size_t left = o->size - o->at;
	int n = 0;

	for (; n < max && left >= PACKET_HEADER; n++) {
		uint32_t captured = word_of(h + 8, swapped);

		if (captured > CAPTURE_LARGEST || captured > left - PACKET_HEADER)
			break;
		p[n].time_ns = capture_time(word_of(h, swapped),
		    (int64_t)word_of(h + 4, swapped) * (nanoseconds ? 1 : 1000));
		p[n].bytes = h + PACKET_HEADER;
		p[n].captured = captured < snapshot ? captured : snapshot;
		p[n].length = word_of(h + 12, swapped);
		h += PACKET_HEADER + captured;
		left -= PACKET_HEADER + captured;
	}
	o->at = o->size - left;
	return n;
}

int
capture_own_next(struct capture_own *o, struct capture_packet *p, const char **why)
{
	return capture_own_batch(o, p, 1, why);
}

int
capture_own_batch(struct capture_own *o, struct capture_packet *p, int max,
    const char **why)
{
	bool plain = !o->swapped && !o->nanoseconds;	/* what nearly every file is */
	int n = plain ? read_packets(o, p, max, false, false) :
	    read_packets(o, p, max, o->swapped, o->nanoseconds);

	/* the same trouble is there the next time */
	return n > 0 ? n : no_packet(o, o->bytes + o->at, o->size - o->at, why);
}
