/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A canary for every tap: once a second a frame of our own leaves through the
 * interface, and must come back through the tap of its leaving side. It goes
 * out by the socket that watches arrivals, because a packet socket never sees
 * what it sent itself, while the other socket of the interface does.
 *
 * Who gets it: 01:80:c2:00:00:0e is the "nearest bridge" group of IEEE 802.1Q
 * (table 8-1), which no bridge that follows it passes on; 0x88b5 is the first
 * EtherType for local experiments (IEEE 802). So it ends at the other end of
 * the cable, where nobody listens. It carries a number under a secret key: an
 * old one, or one that somebody else made, is no canary and is judged as usual.
 *
 * No clock, no socket: the caller sends and tells when a second is over.
 */
#ifndef AGENT_WATCH_CANARY_H
#define AGENT_WATCH_CANARY_H

#include "rules/limits.h"

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CANARY_BYTES	60u	/* the least frame of Ethernet, without its checksum */
#define CANARY_ETHERTYPE 0x88b5u
#define CANARY_MISSES	3u	/* in a row are an alarm */

enum canary_state {
	CANARY_RESTING = 0,	/* nothing can leave: down, no carrier, no Ethernet */
	CANARY_ALIVE,
	CANARY_MISSING,		/* CANARY_MISSES in a row did not come back */
};

struct canary_tap {
	enum canary_state state;
	bool out;			/* one is on its way */
	uint32_t number;		/* of the last one */
	uint32_t misses;		/* in a row */
	uint64_t sent, returned;
};

struct canary {
	uint8_t secret[crypto_shorthash_KEYBYTES];
	struct canary_tap taps[LIMIT_SEGMENTS];
};

/* 0 or -ENOMEM when the machine has no randomness to give. */
int canary_init(struct canary *c);

/* What changed with the second that is over. */
enum canary_news {
	CANARY_NO_NEWS = 0,
	CANARY_LOST,		/* alive -> missing */
	CANARY_BACK,		/* missing -> alive */
};

/*
 * A second is over. can_leave: the interface is up, has a carrier and a tap.
 * What came back is weighed; a new frame is due when can_leave.
 */
enum canary_news canary_second(struct canary *c, size_t tap, bool can_leave);

/* The next frame; to be sent at once. mac: of the interface. */
void canary_frame(struct canary *c, size_t tap, const uint8_t mac[6],
    uint8_t out[CANARY_BYTES]);

/*
 * True: this leaving frame is the canary that this tap waits for. Cheap for
 * every other frame.
 */
bool canary_came(struct canary *c, size_t tap, const uint8_t *bytes, uint32_t captured);

const char *canary_state_name(enum canary_state state);

#endif /* AGENT_WATCH_CANARY_H */
