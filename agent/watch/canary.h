/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A canary for every tap: once a second a frame of our own leaves through the
 * interface, and must come back through the tap of its leaving side. The watcher says
 * when and the keeper sends it (agent/keeper/keeper_canary.c), by a socket of its own:
 * the watcher reads hostile bytes, and may put nothing on a wire. The two share a secret
 * and one page.
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
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CANARY_BYTES	60u	/* the least frame of Ethernet, without its checksum */
#define CANARY_ETHERTYPE 0x88b5u
#define CANARY_MISSES	3u	/* in a row are an alarm */

/*
 * What the keeper tells the watcher: the number of the last frame that it let out for
 * each tap, from 1 on; 0: none. It never reads there.
 */
struct canary_page {
	_Atomic uint32_t sent[LIMIT_SEGMENTS];
};

/*
 * Seconds: so long the keeper may be at other work before "none was sent" is "none came".
 */
#define CANARY_UNSENT 30u

/* Who sends and who waits have the same. */
struct canary_key {
	uint8_t secret[crypto_shorthash_KEYBYTES];
};

/* The frame of that number. mac: of the interface. */
void canary_frame(const struct canary_key *key, size_t tap, uint32_t number,
    const uint8_t mac[6], uint8_t out[CANARY_BYTES]);

/* ---- who waits ---------------------------------------------------------------- */

enum canary_state {
	CANARY_RESTING = 0,	/* nothing can leave: down, no carrier, no Ethernet */
	CANARY_ALIVE,
	CANARY_MISSING,		/* CANARY_MISSES in a row did not come back */
};

struct canary_tap {
	enum canary_state state;
	uint32_t due;			/* the last that was out a second ago */
	uint32_t weighed;		/* up to this number */
	uint32_t came;			/* the highest that came back */
	uint32_t misses;		/* in a row */
	uint32_t unsent;		/* seconds without a new one, in a row */
	uint64_t returned;
};

struct canary {
	struct canary_key key;
	struct canary_tap taps[LIMIT_SEGMENTS];
};

void canary_init(struct canary *c, const struct canary_key *key);

/* What changed with the second that is over. */
enum canary_news {
	CANARY_NO_NEWS = 0,
	CANARY_LOST,		/* alive -> missing */
	CANARY_BACK,		/* missing -> alive */
};

/*
 * A second is over. can_leave: the interface is up, has a carrier and a tap. sent: the
 * number of the last frame let out until now. What was out a second ago is weighed; where
 * the sender let none out since, nothing is.
 */
enum canary_news canary_second(struct canary *c, size_t tap, bool can_leave, uint32_t sent);

/*
 * True: this leaving frame is a canary of this tap that was not here before. Cheap for
 * every other frame.
 */
bool canary_came(struct canary *c, size_t tap, const uint8_t *bytes, uint32_t captured);

const char *canary_state_name(enum canary_state state);

#endif /* AGENT_WATCH_CANARY_H */
