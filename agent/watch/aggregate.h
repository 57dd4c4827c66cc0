/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The violation table: many sightings of one violation become a first record,
 * updates at growing intervals and a final one, with exact counts.
 *
 * The same packet is seen up to three times: on the wire it came from, by the
 * gate that stopped it (NFLOG), on the wire it left to. Per key:
 *   leaks    = packets seen leaving
 *   attempts = what came and did not leave, or what the gate says it stopped,
 *              whichever is more; a packet seen by both is one
 * A leak is told at once. An attempt that only the wire has seen waits
 * AGGREGATE_SWEEP_NS at least, for it may still leave.
 *
 * What is found beside the judgement of a packet (by a detector, or inside a packet
 * that is a violation itself) has entries of its own and is told like the rest; in
 * the totals it is counted apart, or one packet would count there twice.
 *
 * Fixed memory: a key that finds the table full is counted in one entry for its
 * pair of zones. Keys are hashed with a secret, so nobody can aim at one chain.
 *
 * Stage: judgement -aggregate-> [event] -record-> sealed line.
 */
#ifndef AGENT_WATCH_AGGREGATE_H
#define AGENT_WATCH_AGGREGATE_H

#include "agent/record/event.h"
#include "agent/watch/places.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGGREGATE_ENTRIES	65536u
#define AGGREGATE_SWEEP_NS	300000000ll
#define AGGREGATE_IDLE_NS	30000000000ll
#define AGGREGATE_FIRST_UPDATE_NS 1000000000ll	/* then ten times that, and so on */

/* The frame of a sighting; all is borrowed for the call. */
struct sighting_frame {
	const uint8_t *bytes;
	uint32_t captured, length;	/* length: on the wire; DECODE_LENGTH_UNKNOWN */
	int link_type;			/* DLT_*, or INSPECT_BARE_PACKET */
	uint16_t tap;			/* where it was seen; the gate: where it came in */
};

/* One packet as one witness saw it. */
struct sighting {
	const struct facts *facts;
	const char *permit;		/* id of the permit concerned; "" for none */
	const char *gate_reason;	/* WITNESS_GATE: why, one word; else "" */
	int64_t time_ns;		/* CLOCK_REALTIME */
	uint16_t from, to;		/* places */
	uint8_t witness;		/* one of WITNESS_* */
	uint8_t zv, action;		/* of the judgement */
	uint8_t severity;		/* 0: as the catalogue says */
	const char *detail;		/* what a detector adds, English; NULL: nothing */
	bool beside;			/* the packet itself is counted elsewhere */
	const struct sighting_frame *frame;	/* NULL: it is not at hand */
};

struct aggregate;

/* Per pair of zones, by places' zone numbers. */
struct aggregate_totals {
	uint64_t attempts, leaks;	/* packets */
	uint64_t beside;		/* found beside them, whether it crossed or not */
};

/*
 * Write one event; 0, or a negative errno: not now, it is offered again.
 * The event is valid during the call.
 */
typedef int aggregate_emit(void *arg, const struct event *e);

/*
 * The packets behind the records: "nth" of the violation that has this key in its records
 * (1: the first since it was last told as final); and, nth 0, the violation was told as
 * final after "of" packets (s is NULL). A packet that crossed came in under another key:
 * aggregate_other_key().
 */
typedef void aggregate_packet(void *arg, uint64_t key, uint64_t nth, uint64_t of,
    const struct sighting *s);

/* A leak and the attempts of the same packets: the key of the one for that of the other. */
uint64_t aggregate_other_key(uint64_t key);

/* Borrows places. NULL with errno ENOMEM. entries: table size, > 0. */
struct aggregate *aggregate_new(const struct places *places, size_t entries,
    aggregate_emit *emit, void *arg);
void aggregate_free(struct aggregate *a);

/* Who wants to see packets; NULL: nobody. */
void aggregate_set_packet(struct aggregate *a, aggregate_packet *packet);

/* Digest of the policy in force, for the events; copied, hex. */
void aggregate_set_digest(struct aggregate *a, const char *digest);

/* now_ns: CLOCK_MONOTONIC, never going back. No allocation. */
void aggregate_add(struct aggregate *a, const struct sighting *s, int64_t now_ns);

/*
 * A leaving packet whose own sighting has another key than its arriving had (it
 * left by another way than its destination says): what arrived under this key
 * did not stop. Does nothing when the key is not there.
 */
void aggregate_add_crossed(struct aggregate *a, const struct sighting *arrival);

/*
 * To be called every AGGREGATE_SWEEP_NS: updates, attempts that come of age,
 * finals of what is idle.
 */
void aggregate_sweep(struct aggregate *a, int64_t now_ns);

/* Everything open is final now. Returns how many violations could not be written. */
size_t aggregate_finish(struct aggregate *a);

/*
 * After aggregate_finish(): what it could not write one by one is counted and told
 * for its pair of zones instead, in few records, so that the totals of all finals
 * are exact. Returns how many of these could not be written.
 */
size_t aggregate_fold(struct aggregate *a);

/*
 * Where the sightings are, found by looking at every entry. added = open +
 * closed, and counted = told + untold, or the table has lost something.
 */
struct aggregate_ledger {
	uint64_t added;		/* sightings handed in */
	uint64_t open, closed;	/* in entries; in entries that were told as final */
	uint64_t counted;	/* in the totals of the pairs, all three together */
	uint64_t told, untold;	/* of these: in final records; in entries */
};
void aggregate_ledger(const struct aggregate *a, struct aggregate_ledger *out);

/*
 * What the attempts of a pair can be at most: with all that came and may still
 * leave, which aggregate_total() leaves out. most: [from zone][to zone].
 */
void aggregate_most_attempts(const struct aggregate *a,
    uint64_t most[PLACE_ZONES_MAX][PLACE_ZONES_MAX]);

/* Entries in use, and packets that were counted in a pair's entry for want of room. */
size_t aggregate_used(const struct aggregate *a);
uint64_t aggregate_overflowed(const struct aggregate *a);

struct aggregate_totals aggregate_total(const struct aggregate *a, uint16_t from_zone,
    uint16_t to_zone);

#endif /* AGENT_WATCH_AGGREGATE_H */
