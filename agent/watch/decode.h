/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frame bytes -> facts. Pure, never fails: what cannot be read is said in
 * facts.unreadable, with everything that was read before the trouble filled in.
 *
 * A tunnel (IPIP, 6in4, GRE, ERSPAN, VXLAN, GENEVE, GTP-U, Teredo on its port)
 * is a packet of its own and carries another one: decode_frame() reads the
 * outer one and leaves the place of the inner one in *rest, decode_inner()
 * reads that, level by level. ESP and AH are protocols: nobody can look inside.
 *
 * Stage: frame -tap-> bytes -decode-> [facts] -judge-> judgement.
 */
#ifndef AGENT_WATCH_DECODE_H
#define AGENT_WATCH_DECODE_H

#include "agent/watch/cursor.h"
#include "rules/facts.h"

#include <stdbool.h>
#include <stdint.h>

/* Extension headers of one IPv6 packet; Linux has no bound, RFC 8200 lists 6. */
#define DECODE_MAX_EXTENSIONS	16u

/* Tunnels in tunnels that are entered; Zeek's Tunnel::max_depth is 4 too. */
#define DECODE_LEVELS		4u

/* Length of an IP packet whose length on the wire nobody told. */
#define DECODE_LENGTH_UNKNOWN	UINT32_MAX

/* EtherType of an Ethernet frame in a tunnel: Transparent Ethernet Bridging. */
#define DECODE_ETHERNET		0x6558u

/*
 * What follows the headers that were read. Points into the frame, so it is
 * valid as long as that. No payload (payload.at NULL) when the headers could not
 * be read to their end, and of a later fragment and of ARP, which have none.
 *
 * Payload stands behind the whole header of TCP, the 8 bytes of UDP, UDP-Lite
 * and ICMP, the 12 of SCTP, else behind the IP headers; it ends where the packet
 * does, not the frame. Of a first fragment it is what that fragment holds.
 */
struct decode_rest {
	struct cursor payload;	/* behind the transport header, or the inner packet */
	uint16_t inner;		/* of the inner packet: its EtherType, or DECODE_ETHERNET */
	uint8_t tunnel;		/* enum tunnel of what follows; TUNNEL_NONE: plain payload */
	uint8_t level;		/* of the packet just read */
	uint8_t trouble;	/* enum unreadable: of the tunnel's own header */
	bool cut;		/* in a first fragment: the inner packet goes on in others */
};

/*
 * One frame as a tap or a capture file has it. link_type: DLT_*. length is
 * the length on the wire; one below captured is taken as captured. rest may
 * be NULL.
 */
void decode_frame(int link_type, const uint8_t *bytes, uint32_t captured,
    uint32_t length, struct facts *f, struct decode_rest *rest);

/* One IP packet without a link header (NFLOG); the version nibble decides. */
void decode_packet(const uint8_t *bytes, uint32_t captured, uint32_t length,
    struct facts *f, struct decode_rest *rest);

/*
 * The packet carried in the one that *rest came from; *rest moves on to what
 * follows in it. False: there is none. Its MACs are those of the frame in the
 * tunnel, if it carries frames; its length is the inner one.
 *
 * A tunnel whose header cannot be read carries one packet that is
 * UNREADABLE_TUNNEL (or _LENGTH, _TRUNCATED, _TINY) and nothing else. So does one deeper
 * than DECODE_LEVELS: UNREADABLE_TUNNEL_DEPTH, its level being DECODE_LEVELS, which
 * no level exceeds.
 */
bool decode_inner(struct decode_rest *rest, struct facts *f);

/* False: every frame of this link type is UNREADABLE_LINKTYPE. */
bool decode_knows_link(int link_type);

#endif /* AGENT_WATCH_DECODE_H */
