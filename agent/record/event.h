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
	EVENT_CHANGE,		/* somebody changed, or wanted to: enum event_subject */
	EVENT_LIFE,		/* start, stop, tier of the tap */
	EVENT_DRIFT,		/* what runs is not what was applied, and who did it */
	/* The recorder's own from here on: nobody else may send them. */
	EVENT_FILE,		/* the first record of a file: what the file before ended with */
	EVENT_CHECKPOINT,	/* signed: up to here nothing was missing */
	EVENT_HEARTBEAT,	/* each minute: all is well, and the ledgers */
	EVENT_RECOVERY,		/* how the log was found after an end that nobody asked for */
	EVENT_CLOCK,		/* the time of day jumped */
	EVENT_DISPOSAL,		/* a closed file was removed by the rules of retention */
	EVENT_KIND_COUNT
};

/* What an EVENT_CHANGE is about; each has its own event.action in the record. */
enum event_subject {
	SUBJECT_POLICY = 0,	/* a policy was applied */
	SUBJECT_CONFIRM,	/* an applied policy was confirmed */
	SUBJECT_ROLLBACK,	/* an earlier one came back: asked for, or not confirmed in time */
	SUBJECT_EXPIRY,		/* a permit came to its end */
	SUBJECT_CUTOFF,
	SUBJECT_RESTORE,	/* a cut-off was undone */
	SUBJECT_FORWARDING,	/* switched on or off */
	SUBJECT_OPEN,		/* enforcement was given up on purpose */
	SUBJECT_REQUEST,	/* of a client, refused */
	SUBJECT_HOLD,		/* records of a case are kept longer, by order */
	SUBJECT_RELEASE,	/* and no more */
	SUBJECT_EVIDENCE,	/* records and packets were handed out */
	SUBJECT_COUNT
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
	uint8_t outcome;		/* 0 success, 1 failure: EVENT_CHANGE, EVENT_DRIFT (repaired?) */
	uint8_t subject;		/* enum event_subject: EVENT_CHANGE */
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
	char reason[256];		/* English sentence; all but EVENT_VIOLATION: what happened */
	/* The rest: EVENT_CHANGE and EVENT_DRIFT only. */
	uint64_t flows;			/* running flows that were cut */
	uint32_t serial;		/* of the policy concerned; 0: none */
	char actor[64];			/* who asked ("uid 0"); drift: the writer ("nft, pid 7, uid 0") */
	char person[64];		/* as the one who asked called themselves */
	char note[128];			/* the reason that person gave */
	char digest_before[65];		/* policy_digest of what ran before */
};

#endif /* AGENT_RECORD_EVENT_H */
