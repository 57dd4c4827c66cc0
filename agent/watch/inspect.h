/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet path, the same for the live watcher and for replay:
 *
 *   frame -> decision in the flow table? counted, done
 *         -> decode -> fragments -> place -> judge -> flow table
 *         -> every packet inside it, judged too
 *         -> detectors
 * (of a frame that belongs to a VLAN device: -> judge, counted, done)
 *   violations and detections -> aggregate
 *
 * The caller knows where a frame was seen (place), what else excuses a violation,
 * and what to do with the counts. Of plain frames decode, place and judge depend on
 * nothing that came before, so they may be done ahead. No allocation after
 * inspect_set_policy().
 */
#ifndef AGENT_WATCH_INSPECT_H
#define AGENT_WATCH_INSPECT_H

#include "agent/watch/aggregate.h"
#include "agent/watch/detect.h"
#include "agent/watch/flow_key.h"
#include "agent/watch/fragments.h"
#include "agent/watch/places.h"
#include "agent/watch/watch_judge.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* link_type of a packet without a link header, as NFLOG has it. */
#define INSPECT_BARE_PACKET	(-1)

/* inspect_setup.now: each packet is judged as of its own time. */
#define INSPECT_PACKET_TIME	INT64_MIN

/* Answers to one question come to us by other rings than it did; see patience_ns. */
#define INSPECT_WAITING		8192u

/* Frames that are best shown to inspect_frames() at once; any number will do. */
#define INSPECT_BATCH		512u

/* All is borrowed for the call. */
struct inspect_frame {
	const uint8_t *bytes;
	uint32_t captured, length;
	int link_type;			/* DLT_*, or INSPECT_BARE_PACKET */
	struct flow_where where;	/* the caller's numbers: they come back in place() */
	int64_t time_ns;		/* of the packet, CLOCK_REALTIME */
	int64_t clock_ns;		/* for ages: CLOCK_MONOTONIC, or of the packet */
	const char *gate_reason;	/* NULL: the gate did not stop it */
	const uint8_t *mac;		/* the sender's, where bytes have none; or NULL */
};

/* One packet, judged. */
struct inspected {
	const struct inspect_frame *frame;
	const struct facts *facts;
	const struct watch_seen *seen;		/* of the frame */
	const struct judgement *judgement;
	const struct inspected *outer;		/* the frame's own packet; NULL: this is it */
	bool unasked;		/* permitted but for the opening that it would answer */
	bool opens;		/* a permit holds it the way it goes */
	bool held;		/* whether it was asked for is decided later */
	const char *detail;			/* why, beside what the packet says; or NULL */
};

struct inspect_hooks {
	void *arg;
	/*
	 * Which witness, and between which segments. Takes FACT_HAS_MAC away where the
	 * MAC is not the sender's. May depend on "where", addresses and VLAN tags, and
	 * nothing else.
	 */
	void (*place)(void *arg, const struct inspect_frame *frame, struct facts *f,
	    struct watch_seen *seen);
	/* The others may be NULL. A violation that is none after all: */
	bool (*excused)(void *arg, const struct inspected *p);
	/* One that was counted, with what the aggregate got of it: */
	void (*counted)(void *arg, const struct inspected *p, const struct sighting *s);
	/* Every frame, also those of the flow table (which then saves little): */
	void (*judged)(void *arg, const struct inspected *p);
	/* Did somebody else, the kernel's filter, see this opening? */
	bool (*opened)(void *arg, const struct watch_opening *o);
};

struct inspect_setup {
	const struct places *places;
	struct aggregate *aggregate;
	uint64_t (*permitted)[PLACE_ZONES_MAX];	/* packets [from][to]: zone numbers */
	size_t flow_entries;		/* of the flow table; 0: none */
	/* What flow table and openings may grow to; 0: no growth under attack. */
	size_t flow_entries_most, openings_most;
	/*
	 * A refused answer is held so long: its question may still wait in the ring
	 * of another tap. 0 where packets come in the order of their time.
	 */
	int64_t patience_ns;
	int64_t now;			/* INSPECT_PACKET_TIME, or seconds since the epoch */
	struct inspect_hooks hooks;
};

/* One policy. All is borrowed until the next one is set. */
struct inspect_policy {
	const struct checked *checked;
	const struct classifier *classifier;
	const uint16_t *place;			/* by segment */
	const struct detect_own_mac *own;	/* by segment, or NULL */
	const struct cutoff_judge *cut;		/* NULL: nothing is cut off */
	int64_t cut_since_ns;			/* by the time of frames */
};

/*
 * frames + gate = permitted + local + excused + violations + waiting
 * inner = inner_permitted + inner_local + inner_excused + inner_violations +
 *     inner_unrecorded
 */
struct inspect_ledger {
	uint64_t frames, gate;		/* from taps or a file; from the gate's log */
	uint64_t bytes;			/* on the wire, of frames */
	uint64_t by_table;		/* of frames: decided by the flow table */
	uint64_t permitted, local, excused, violations;
	uint64_t waiting;		/* refused answers that are held (patience_ns) */
	uint64_t assumed;		/* of permitted: answers to what we cannot have seen */
	uint64_t leaks;			/* of violations: seen leaving */
	uint64_t inner;			/* packets in tunnels */
	uint64_t inner_permitted, inner_local, inner_excused, inner_violations;
	uint64_t inner_unrecorded;	/* their refused outer packet tells of them */
	uint64_t detections;
	uint64_t by_class[ZV_COUNT];	/* of violations */
	uint64_t unreadable[UNREADABLE_COUNT];	/* of frames and gate; [0]: readable */
};

struct inspect;

/* NULL with errno ENOMEM. places, aggregate and permitted are borrowed. */
struct inspect *inspect_new(const struct inspect_setup *setup);
void inspect_free(struct inspect *i);	/* accepts NULL */

/* Before the first frame, and at each reload. 0 or -ENOMEM: then nothing has changed. */
int inspect_set_policy(struct inspect *i, const struct inspect_policy *policy);

/* The same policy with other cut-offs. 0 or -ENOMEM. */
int inspect_set_cut(struct inspect *i, const struct cutoff_judge *cut,
    int64_t cut_since_ns);

/*
 * What was opened before the first frame, as conntrack has it; after the policy is set.
 * conntrack says no more than that somebody asked: only openings that a permit holds
 * now are taken, and every packet of their flows is judged by the permits like any
 * other. So a flow that came about while the gate was open by mistake explains nothing.
 */
void inspect_seed(struct inspect *i, const struct watch_opening *openings, size_t n,
    int64_t time_ns, int64_t clock_ns);

/* These were all: no answer is assumed to be one, until inspect_blind(). */
void inspect_clear_sight(struct inspect *i);

/*
 * In this order. With many at once memory is fetched ahead, and plain frames that the
 * table does not decide are decoded and judged a few frames before their turn.
 */
void inspect_frames(struct inspect *i, const struct inspect_frame *frames, size_t n);

/* What a permit let through unseen by us: the kernel's filter counted it. */
struct inspect_bytes {
	uint32_t permit;	/* index + 1 in the policy */
	uint16_t in, out;	/* segments, the way the packets went */
	uint64_t bytes;
};
void inspect_permit_bytes(struct inspect *i, const struct inspect_bytes *b, int64_t time_ns,
    int64_t clock_ns);

/* Now and then, at least every second: answers that waited, and what detectors count. */
void inspect_sweep(struct inspect *i, int64_t time_ns, int64_t clock_ns);

/* Packets were lost until now: answers to what was lost are assumed to be answers. */
void inspect_blind(struct inspect *i, int64_t clock_ns);

/* More is opened than can be remembered: answers are assumed to be answers. */
bool inspect_crowded(const struct inspect *i, int64_t clock_ns);

/* No packet will follow: what waits is decided. */
void inspect_finish(struct inspect *i);

const struct inspect_ledger *inspect_ledger(const struct inspect *i);
bool inspect_balanced(const struct inspect_ledger *l);
void inspect_fragments(const struct inspect *i, struct fragments_ledger *out);

/* What a permit (index) let through since its policy was set, by the taps. */
void inspect_permit(const struct inspect *i, uint32_t permit, uint64_t *packets,
    uint64_t *bytes);

#endif /* AGENT_WATCH_INSPECT_H */
