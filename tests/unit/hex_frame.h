/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames written as hex, for the tests of decoding; spaces and _ are for the reader. */
#ifndef TESTS_UNIT_HEX_FRAME_H
#define TESTS_UNIT_HEX_FRAME_H

#include "agent/watch/decode.h"

#include <stddef.h>
#include <stdint.h>

#define HEX_LONGEST 512u

#define MACS	"020000000002 020000000001 "
#define IP4A	"0000 0a010002 0a020003 "	/* checksum, 10.1.0.2 -> 10.2.0.3 */
#define IP6A	"20010db8000100000000000000000002 20010db8000200000000000000000003 "
#define TCPSYN	"1234 01bb 00000001 00000000 5002 ffff 0000 0000 "
#define TCPACK	"1234 01bb 00000001 00000000 5010 ffff 0000 0000 "
#define UDP12	"1234 0035 000c 0000 00000000 "

/* Number of bytes; more than HEX_LONGEST fails the test. */
size_t hex_bytes(const char *text, uint8_t out[HEX_LONGEST]);

/*
 * A packet written as words, outermost header first; every length is filled in.
 *
 *   e0800   Ethernet, EtherType         4.17  6.17   IPv4, IPv6 with protocol
 *   u4789   UDP to the port             v3544        UDP from the port, to 39321
 *   t443    TCP SYN to the port         f4.17 f6.17  the same, first fragment of many
 *   g4.17   later fragment              xHEX         these bytes
 */
size_t hex_packet(const char *words, uint8_t out[HEX_LONGEST]);

/*
 * decode_frame() over exactly as many bytes as there are, so that a sanitizer sees
 * one too many read. The inner packets go to inner[], as many as there is room for.
 * Returns their number; *rest (may be NULL) is what decode_frame() left.
 */
size_t hex_decode(int link_type, const uint8_t *bytes, size_t captured, size_t length,
    struct facts *f, struct decode_rest *rest, struct facts *inner, size_t room);

#endif /* TESTS_UNIT_HEX_FRAME_H */
