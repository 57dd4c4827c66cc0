/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of a frame is headers: what people said in it comes behind. Pure.
 *
 * Headers end behind the transport header of the innermost packet that was decoded; where
 * that could not be read, behind the last header that could. What looks like a tunnel's
 * inside is read as one, so a payload that pretends to be headers counts as such as far
 * as the decoder takes it for them.
 */
#ifndef AGENT_WATCH_HEADERS_H
#define AGENT_WATCH_HEADERS_H

#include <stdint.h>

/*
 * link_type: DLT_*, or INSPECT_BARE_PACKET; length: on the wire. At most "captured".
 */
uint32_t headers_length(int link_type, const uint8_t *bytes, uint32_t captured,
    uint32_t length);

#endif /* AGENT_WATCH_HEADERS_H */
