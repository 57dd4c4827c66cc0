/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packet path from inside, for inspect*.c only. */
#ifndef AGENT_WATCH_INSPECT_INSIDE_H
#define AGENT_WATCH_INSPECT_INSIDE_H

#include "agent/watch/decode.h"
#include "agent/watch/flow_table.h"
#include "agent/watch/inspect.h"
#include "agent/watch/openings.h"
#include "rules/limits.h"

/* flow_decision.counter of what is counted elsewhere: [PLACE_NONE][PLACE_NONE] */
#define NOT_COUNTED 0u

/* What a refused answer is told as. */
#define INSPECT_UNASKED "answer nobody asked for"
/* What the policy permits and a cut-off stops, or should have. */
#define INSPECT_CUT "cut off"

/* Of one permit in one direction. in, out: of the latest packet. */
struct permit_count {
	uint64_t packets, bytes;
	uint64_t told;		/* of bytes: to detect_permit_bytes() */
	uint16_t in, out;
};

/* Of a frame that waits so much is kept. */
#define INSPECT_WAITING_BYTES 128u

/* Frames that are worked on together (inspect_frames.c). */
#define INSPECT_GROUP ((size_t)16)

/*
 * What can be said of a frame without knowing what came before it: so frames may be
 * looked at ahead of their turn, and wait for memory together.
 */
struct sight {
	struct facts facts;
	struct decode_rest rest;
	struct watch_seen seen;
	struct judgement judgement;	/* but for the opening that it may want */
	struct detect_ahead ahead;
	bool foreign_tag;		/* refused for it alone */
	bool cut;			/* off */
};

/* A refused answer, in words that outlive its policy. */
struct waiting {
	struct facts facts;
	struct watch_opening asked[2];	/* either would explain it */
	struct sighting sighting;	/* facts, permit and frame point in here */
	struct sighting_frame frame;
	uint8_t bytes[INSPECT_WAITING_BYTES];
	struct watch_seen seen;
	struct judgement judgement;
	char permit[LIMIT_PERMIT_ID + 1];
	int64_t clock_ns;
	uint16_t counter;		/* if it is permitted in the end */
};

struct inspect {
	struct inspect_setup setup;
	struct inspect_policy policy;
	struct flow_table *flows;	/* NULL: none */
	struct openings *openings;
	struct fragments *fragments;
	struct detect *detect;
	struct permit_count *permits;	/* [2 * number + (in > out)], number 0 unused */
	size_t n_permits;
	struct inspect_ledger ledger;
	int64_t time_ns, clock_ns;	/* of the packet at hand, for detections */
	const struct inspect_frame *at;	/* shown to detectors now; NULL: none is */
	int64_t latest_ns;		/* latest clock_ns so far */
	int64_t swept_ns;		/* detectors, by clock_ns */
	uint64_t *counters;		/* setup.permitted in a row: flow_decision.counter */
	struct sight sights[INSPECT_GROUP];
	struct waiting *waiting;	/* ring of INSPECT_WAITING; NULL: no patience */
	uint32_t waiting_first;		/* how many: ledger.waiting */
};

#define INSPECT_SECOND_NS 1000000000ll

/* Seconds since the epoch: as of when a packet of that time is judged. */
static inline int64_t
inspect_judged_as_of(const struct inspect *i, int64_t time_ns)
{
	return i->setup.now == INSPECT_PACKET_TIME ? time_ns / INSPECT_SECOND_NS :
	    i->setup.now;
}

/* ---- inspect.c: the stages of one frame ---- */

/* rest may be NULL. */
void inspect_read(const struct inspect_frame *frame, struct facts *f,
    struct decode_rest *rest);

/*
 * The first stages: see, then judge. Of plain frames, which have a key, they may be done
 * ahead; of others a fragment before it, say, must have been seen.
 */
void inspect_see(struct inspect *i, const struct inspect_frame *frame, struct sight *s);
void inspect_judge(const struct inspect *i, const struct inspect_frame *frame,
    struct sight *s);

/*
 * All that follows; s may be changed. key: of a plain frame, to keep the decision; else
 * NULL.
 */
void inspect_look(struct inspect *i, const struct inspect_frame *frame, struct sight *s,
    const struct flow_key *key, uint64_t hash);

/* A VLAN device sees it too, without the tag; all that is in it is told of there. */
static inline bool
inspect_is_of_device(const struct facts *f, const struct watch_seen *seen)
{
	return seen->tag == WATCH_TAG_DEVICE && watch_judge_tag(f) >= 0;
}

/* ---- inspect_openings.c ---- */

/*
 * What watch_judge() permitted: does it stand? UNSEEN: it does not, and *j says what
 * it is instead, asked[] what would have explained it. Sets p->unasked and p->opens.
 */
enum opening_sight inspect_opening(struct inspect *i, struct inspected *p,
    struct judgement *j, struct watch_opening asked[2]);

/* ---- inspect_count.c: what a judgement comes to ---- */

uint16_t inspect_place(const struct inspect *i, uint16_t segment);

/* Counter of a permitted packet, of flow_decision. */
uint16_t inspect_counter(const struct inspect *i, const struct watch_seen *seen,
    const struct judgement *j);

/* All but the ledger. In line: it is what becomes of nearly every packet. */
FLOW_IN_LINE void
inspect_count_permitted(struct inspect *i, const struct flow_decision *d, uint32_t bytes)
{
	struct permit_count *p = &i->permits[2 * (size_t)d->permit + (d->in > d->out)];

	if (d->counter == NOT_COUNTED)
		return;
	i->counters[d->counter]++;
	p->packets++;
	p->bytes += bytes;
	p->in = d->in;
	p->out = d->out;
}

/* detail: what is to be said beside the class; NULL: nothing. */
void inspect_violation(struct inspect *i, const struct inspected *p, const char *detail);

/* Hold it, if there is patience; false: there is none. */
bool inspect_wait(struct inspect *i, const struct inspected *p,
    const struct watch_opening asked[2], uint16_t counter);
void inspect_release(struct inspect *i, int64_t clock_ns, bool all);

detect_found inspect_detection;

#endif /* AGENT_WATCH_INSPECT_INSIDE_H */
