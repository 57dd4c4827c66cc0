/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of where packets come from and go to, kept over reloads: a new policy
 * may number its segments anew, what is being counted must not change its name.
 * A place is a zone and an interface; places and zones get small numbers that
 * stay for the life of the process.
 */
#ifndef AGENT_WATCH_PLACES_H
#define AGENT_WATCH_PLACES_H

#include "rules/checked.h"

#include <stdint.h>

#define PLACE_NONE	0u	/* no zone known */
#define PLACE_SELF	1u	/* the gateway */
/* All the segments of a policy, and room for those of reloads after it. */
#define PLACES_MAX	1024u
#define PLACE_ZONES_MAX	64u

struct place {
	char zone[64];		/* "" for PLACE_NONE, "self" for PLACE_SELF */
	char interface[16];
	uint8_t zone_class;	/* enum zone_class */
	uint16_t zone_number;	/* PLACE_NONE, PLACE_SELF or one of its own */
};

struct places;

/* NULL with errno ENOMEM. */
struct places *places_new(void);
void places_free(struct places *p);

/*
 * Numbers of a policy's segments, by segment: found again or added.
 * 0 or -ENOSPC: after many reloads no room is left; a new process has it.
 */
int places_learn(struct places *p, const struct checked *checked, uint16_t *of_segment);

const struct place *places_at(const struct places *p, uint16_t place);

uint16_t places_zones(const struct places *p);
const char *places_zone_name(const struct places *p, uint16_t zone_number);

#endif /* AGENT_WATCH_PLACES_H */
