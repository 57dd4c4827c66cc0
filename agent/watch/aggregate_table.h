/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The violation table from inside, for aggregate*.c only. */
#ifndef AGENT_WATCH_AGGREGATE_TABLE_H
#define AGENT_WATCH_AGGREGATE_TABLE_H

#include "agent/watch/aggregate.h"

#include <sodium.h>

#define NO_ENTRY UINT32_MAX

/* Hashed and compared as bytes, so it must have no padding. */
struct aggregate_key {
	ip_value src, dst;
	uint16_t from, to, service;
	uint8_t zv, action, family, protocol;
	uint8_t beside;			/* 0 or 1 */
	uint8_t zero[5];
};
_Static_assert(sizeof(struct aggregate_key) == 48, "no padding in keys");

/* One of the two stories of an entry, as far as it has been told. */
struct stream {
	int64_t first_ns, last_ns;	/* CLOCK_REALTIME of its packets */
	int64_t opened_ns, step_ns;	/* CLOCK_MONOTONIC; next update: opened + step */
	uint64_t reported;
	bool open;			/* PHASE_FIRST is out */
};

struct entry {
	struct aggregate_key key;
	struct stream attempt, leak;
	uint64_t ingress, egress, gate;		/* packets by witness */
	uint64_t credit;			/* see aggregate_add_crossed() */
	uint64_t egress_before;			/* of egress: told with final attempts */
	uint64_t ingress_bytes, egress_bytes, gate_bytes;
	uint64_t waiting, settled;		/* ingress one and two sweeps ago */
	uint64_t counted;			/* attempts that stand in the totals */
	int64_t seen_ns;			/* CLOCK_MONOTONIC of the last packet */
	uint64_t hash;
	struct facts facts;			/* of the first packet */
	char permit[64], gate_reason[24], detail[96];
	uint32_t next;				/* in its bucket or in the free list */
	uint32_t live_at;			/* place in live[] + 1; 0: not live */
	uint16_t from, to;			/* places of the first packet */
	uint8_t witnesses;			/* WITNESS_* of all packets */
	uint8_t severity;			/* 0: as the catalogue says */
};

struct aggregate {
	const struct places *places;
	aggregate_emit *emit;
	aggregate_packet *packet;	/* NULL: nobody asks */
	void *arg;			/* of both */
	bool blocked;		/* emit refused; asked again at the next sweep */
	char digest[65];
	uint8_t secret[crypto_shorthash_KEYBYTES];
	size_t n_entries;	/* behind them: entries of pairs of zones */
	struct entry *entries;
	uint32_t *buckets, *live;
	uint32_t mask, n_live;
	uint32_t free, fresh;	/* list of used ones; "fresh" and up: never used */
	size_t used;
	uint64_t overflowed;
	uint64_t added, closed, told;	/* see struct aggregate_ledger */
	struct aggregate_totals totals[PLACE_ZONES_MAX][PLACE_ZONES_MAX];
};

/* Tell what must not wait for the sweep. */
void aggregate_report_now(struct aggregate *a, struct entry *e, int64_t now_ns);

/*
 * Attempts, of "ingress" packets that came: what did not leave, at least what
 * the gate says it stopped.
 */
uint64_t aggregate_attempts_of(const struct entry *e, uint64_t ingress);

/* One more packet of this entry that was seen leaving, in the totals. */
void aggregate_count_leak(struct aggregate *a, const struct entry *e);

/* Bring the totals to what the entry says now; all: without waiting for stragglers. */
void aggregate_count_attempts(struct aggregate *a, struct entry *e, bool all);

/*
 * The entry of a pair of zones, for what has no place of its own: it keeps no
 * address, for it stands for many. There is another one for what was found beside
 * packets. zv and action are those of the first key that came.
 */
struct entry *aggregate_pair_entry(struct aggregate *a, uint16_t from_place,
    uint16_t to_place, const struct aggregate_key *key);

/* Keys of the two streams of an entry, as records have them. */
uint64_t aggregate_stream_key(const struct entry *e, const struct stream *s);

/* Take a told entry out of the table. */
void aggregate_drop(struct aggregate *a, struct entry *e);

#endif /* AGENT_WATCH_AGGREGATE_TABLE_H */
