/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has asked whom lately. UDP and its like have no flag that tells an answer
 * from an opening, so an answer is permitted only when the opening was seen, as
 * the gate's conntrack has it. Fixed memory; what is remembered is a 64-bit keyed
 * hash of the opening, so an answer passes for another's with 2^-64.
 *
 * Where sight was not complete it cannot be told whether somebody asked: in the
 * first time after the start (unless what was opened before is noted, and
 * openings_clear() says so), after packets were lost, and where a full bucket had
 * to forget an opening before its time. There an answer is assumed to be one.
 */
#ifndef AGENT_WATCH_OPENINGS_H
#define AGENT_WATCH_OPENINGS_H

#include "agent/watch/watch_judge.h"

#include <stddef.h>
#include <stdint.h>

/*
 * How long an opening is remembered after the last packet of its flow. Linux keeps
 * UDP and UDP-Lite 120 s (nf_conntrack_udp_timeout_stream), ICMP 30 s, GRE 180 s,
 * SCTP 210 s and any other protocol 600 s (nf_conntrack_generic_timeout). A witness
 * that forgets before the gate does would cry wolf: a quarter and a tenth more, and
 * ages are rounded in favour of the packet (FLOW_TICK_SECONDS).
 */
#define FLOW_OPENING_SECONDS		150
#define FLOW_OPENING_OTHER_SECONDS	660

/* Openings of the live watcher: 1,700 a second for FLOW_OPENING_SECONDS. */
#define OPENINGS_LIVE	(1u << 18)

enum opening_sight {
	OPENING_UNSEEN = 0,	/* nobody asked */
	OPENING_ASSUMED,	/* not seen, but sight was not complete */
	OPENING_SEEN,
};

struct openings;

/* Of a large capture: 64 MiB. */
#define OPENINGS_MAX	(1u << 22)

/*
 * How many, and how many they may become (a live table: as many) before one is
 * forgotten; rounded up to powers of two. NULL with errno ENOMEM.
 */
struct openings *openings_new(size_t openings, size_t most);
void openings_free(struct openings *t);	/* accepts NULL */

/* It will be noted or looked for: have its memory fetched meanwhile. */
void openings_expect(const struct openings *t, const struct watch_opening *o);

/* clock_ns: any clock that does not go back; one that does makes nothing older. */
void openings_note(struct openings *t, const struct watch_opening *o, int64_t clock_ns);

/* Also notes that the flow is alive, when it was seen. */
enum opening_sight openings_find(struct openings *t, const struct watch_opening *o,
    int64_t clock_ns);

/* All that was opened before is noted: nothing is assumed until packets are lost. */
void openings_clear(struct openings *t);

/* Packets were lost until now: openings may have been among them. */
void openings_blind(struct openings *t, int64_t clock_ns);

/*
 * So many openings were forgotten before their time that many an answer is still
 * assumed for want of one: somebody opens more than the table holds.
 */
bool openings_crowded(const struct openings *t, int64_t clock_ns);

#endif /* AGENT_WATCH_OPENINGS_H */
