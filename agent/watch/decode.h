/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frame bytes -> facts. Pure, never fails: what cannot be read is said in
 * facts.unreadable, with everything that was read before the trouble filled in.
 * Tunnels are not entered: GRE, IPIP, 6in4, ESP and AH are protocols here.
 *
 * Stage: frame -tap-> bytes -decode-> [facts] -judge-> judgement.
 */
#ifndef AGENT_WATCH_DECODE_H
#define AGENT_WATCH_DECODE_H

#include "rules/facts.h"

#include <stdbool.h>
#include <stdint.h>

/* Extension headers of one IPv6 packet; Linux has no bound, RFC 8200 lists 6. */
#define DECODE_MAX_EXTENSIONS	16u

/* Length of an IP packet whose length on the wire nobody told. */
#define DECODE_LENGTH_UNKNOWN	UINT32_MAX

/*
 * One frame as a tap or a capture file has it. link_type: DLT_*. length is
 * the length on the wire; one below captured is taken as captured.
 */
void decode_frame(int link_type, const uint8_t *bytes, uint32_t captured,
    uint32_t length, struct facts *f);

/* One IP packet without a link header (NFLOG); the version nibble decides. */
void decode_packet(const uint8_t *bytes, uint32_t captured, uint32_t length,
    struct facts *f);

/* False: every frame of this link type is UNREADABLE_LINKTYPE. */
bool decode_knows_link(int link_type);

#endif /* AGENT_WATCH_DECODE_H */
