/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes that decode to about what random_packet() thought of. */
#ifndef TESTS_UNIT_RANDOM_FRAME_H
#define TESTS_UNIT_RANDOM_FRAME_H

#include "tests/unit/random_policy.h"

#define RANDOM_FRAME_MAX 160u

struct random_frame {
	uint8_t bytes[RANDOM_FRAME_MAX];
	uint32_t captured, length;
	uint16_t in, out;
};

/*
 * An Ethernet frame of these facts. Sometimes with a VLAN tag, padding, a length that
 * lies, a piece cut off, or a bit turned over.
 */
void random_frame(struct dice *d, const struct random_packet *p, struct random_frame *f);

/* The same without accidents. */
void random_frame_plain(const struct facts *facts, struct random_frame *f);

#endif /* TESTS_UNIT_RANDOM_FRAME_H */
