/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stages of decoding, for decode*.c only. Each takes the cursor at its own
 * header, fills in facts and hands on. Only the outermost caller clears facts.
 */
#ifndef AGENT_WATCH_DECODE_PARTS_H
#define AGENT_WATCH_DECODE_PARTS_H

#include "agent/watch/cursor.h"
#include "rules/facts.h"

#include <stdbool.h>

void decode_ipv4(struct cursor *c, struct facts *f);
void decode_ipv6(struct cursor *c, struct facts *f);

/* By the version nibble, for links that carry bare IP. */
void decode_ip_any(struct cursor *c, struct facts *f);

/*
 * Transport header of f->protocol. "first" says that the packet is a first
 * fragment: what does not fit into it then is UNREADABLE_FRAGMENT (RFC 7112).
 */
void decode_transport(struct cursor *c, struct facts *f, bool first);

/* The packet quoted in an ICMP error: addresses, protocol, ports if they are there. */
void decode_quoted(struct cursor *c, enum ip_family family, struct facts *f);

/* True when "next" is an IPv6 extension header that decoding walks over. */
bool decode_is_extension(uint8_t next);

#endif /* AGENT_WATCH_DECODE_PARTS_H */
