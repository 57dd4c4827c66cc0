/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet made by dice as the bytes of an Ethernet frame. */
#ifndef TESTS_UNIT_RANDOM_FRAME_H
#define TESTS_UNIT_RANDOM_FRAME_H

#include "tests/unit/random_policy.h"

#include <stddef.h>
#include <stdint.h>

#define RANDOM_FRAME_MAX 256

/*
 * As the facts say, now and then with lengths that are wrong. dst_mac: of a
 * frame that is not for a group. Returns the length.
 */
size_t random_frame(struct dice *d, const struct facts *f, const uint8_t dst_mac[6],
    uint8_t frame[RANDOM_FRAME_MAX]);

#endif /* TESTS_UNIT_RANDOM_FRAME_H */
