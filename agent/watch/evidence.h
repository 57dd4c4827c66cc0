/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which packets are handed on to be kept: the first ones of each violation, and the last
 * one when it is over. Cut to their headers here, where decoding is done anyway, unless the
 * policy says more; so what people said never leaves this process.
 *
 * offered = sent + limited + refused. Fixed memory; a flood costs its own packets only.
 */
#ifndef AGENT_WATCH_EVIDENCE_H
#define AGENT_WATCH_EVIDENCE_H

#include "agent/record/packet.h"
#include "agent/watch/aggregate.h"
#include "rules/record_rules.h"

/* Handed on in a second, at most. */
#define EVIDENCE_RATE	1000u
/* Violations whose latest packet is remembered until they are over. */
#define EVIDENCE_LAST	4096u

struct evidence_ledger {
	uint64_t offered;		/* packets that the policy wants */
	uint64_t sent;
	uint64_t limited;		/* more than EVIDENCE_RATE, or than are remembered */
	uint64_t refused;		/* the way to the recorder was full */
};

struct evidence;

/* Hand on one packet: 0 or a negative errno. "length" bytes of it are used. */
typedef int evidence_send(void *arg, const struct packet *p, size_t length);

/* NULL with errno ENOMEM. */
struct evidence *evidence_new(evidence_send *send, void *arg);
void evidence_free(struct evidence *e);		/* accepts NULL */

/* What the policy says; until then nothing is kept. */
void evidence_rules(struct evidence *e, const struct record_evidence *rules);

/* A packet of aggregate_packet(), seen at this interface. now_ns: CLOCK_MONOTONIC. */
void evidence_take(struct evidence *e, uint64_t key, uint64_t nth,
    const struct sighting *s, const char *interface, int64_t now_ns);
/* The violation is over after "of" packets. */
void evidence_end(struct evidence *e, uint64_t key, uint64_t of, int64_t now_ns);

const struct evidence_ledger *evidence_ledger(const struct evidence *e);

#endif /* AGENT_WATCH_EVIDENCE_H */
