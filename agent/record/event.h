/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thing to be written down, as it travels to the recorder: fixed size, no
 * pointer, every text NUL terminated. The recorder trusts nothing in it.
 */
#ifndef AGENT_RECORD_EVENT_H
#define AGENT_RECORD_EVENT_H

#include "rules/facts.h"
#include "rules/violation_class.h"

#include <stdint.h>

enum event_kind {
	EVENT_NONE = 0,
	EVENT_VIOLATION,
	EVENT_GAP,		/* a process was away, or packets were lost: ZV-14 */
	EVENT_CHANGE,		/* a policy was applied, refused or rolled back */
	EVENT_LIFE,		/* start, stop, tier of the tap */
	EVENT_KIND_COUNT
};

enum event_phase {
	PHASE_FIRST = 0,
	PHASE_UPDATE,
	PHASE_FINAL,
	PHASE_COUNT
};

#define WITNESS_TAP_INGRESS	1u
#define WITNESS_TAP_EGRESS	2u
#define WITNESS_GATE		4u	/* NFLOG */

struct event {
	uint8_t kind;			/* enum event_kind */
	uint8_t phase;			/* enum event_phase */
	uint8_t zv;			/* enum violation_class */
	uint8_t action;			/* enum violation_action */
	uint8_t severity;		/* 0..10 */
	uint8_t witness;		/* WITNESS_* */
	uint8_t from_class, to_class;	/* enum zone_class */
	uint8_t outcome;		/* 0 success, 1 failure: EVENT_CHANGE */
	int64_t first_ns, last_ns;	/* CLOCK_REALTIME of the packets */
	uint64_t key;			/* same for first, updates and final of one violation */
	uint64_t count;			/* packets so far, exact */
	uint64_t bytes;
	uint64_t lost;			/* EVENT_GAP: packets not seen, if known */
	struct facts facts;		/* of the first packet */
	char from_zone[64], to_zone[64];	/* "" when unknown, "self" for the gateway */
	char in_interface[16], out_interface[16];
	char permit[64];		/* permit concerned, "" for none */
	char policy_digest[65];
	char reason[256];		/* English sentence; EVENT_CHANGE, _GAP, _LIFE: what happened */
	char actor[64];			/* EVENT_CHANGE: who asked ("uid 0") */
};

#endif /* AGENT_RECORD_EVENT_H */
