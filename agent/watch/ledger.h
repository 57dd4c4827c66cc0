/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nothing unaccounted: what goes into a layer of the packet path comes out of
 * it, or is counted as lost there. Pure: samples in, broken identities out.
 *
 *   filter     seen = proven + received
 *   ring       received = dropped + delivered + left + waiting, waiting >= 0
 *   decode     delivered = frames + canaries
 *   judge      frames + gate = permitted + local + excused + violations + held
 *   tunnels    inner = the same of inner packets, none held, some unrecorded
 *   aggregate  violations + inner violations + detections = added, added = open + closed
 *   totals     counted = told + untold
 *   record     offered = sent + refused
 *   packets    those that are wanted = sent + limited + refused
 *
 * From decode on all numbers are of one process with one thread, and compared as
 * they are. In the two layers before, the kernel counts on while it is asked: so
 * there are two samples, one behind the other, and an identity is broken when no
 * moment between the two can have made it true.
 */
#ifndef AGENT_WATCH_LEDGER_H
#define AGENT_WATCH_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ledger_layer {
	LEDGER_FILTER = 0,
	LEDGER_RING,
	LEDGER_DECODE,
	LEDGER_JUDGE,
	LEDGER_TUNNELS,
	LEDGER_AGGREGATE,
	LEDGER_TOTALS,
	LEDGER_RECORD,
	LEDGER_PACKETS,
	LEDGER_LAYERS
};

/* What a judgement can be. */
struct ledger_judged {
	uint64_t permitted, local, excused, violations;
};

/* All since the start. */
struct ledger_sample {
	/* the kernel's, of all taps together */
	uint64_t seen;			/* by the filter */
	uint64_t proven;		/* permitted beyond doubt, not handed over */
	uint64_t received;		/* by the sockets, behind the filter */
	uint64_t dropped;		/* no room in a ring */
	uint64_t delivered;		/* read from the rings */
	uint64_t left;			/* unread in rings that were closed; told as lost */
	/* decode and judge */
	uint64_t frames, gate;		/* from taps, from the gate's log */
	uint64_t canaries;		/* from taps, not judged: our own */
	struct ledger_judged judged;
	uint64_t held;			/* not judged yet: what they answer may still come */
	uint64_t inner;			/* packets in tunnels */
	struct ledger_judged inside;
	uint64_t unrecorded;		/* of inner: what carries them is told of instead */
	uint64_t detections;		/* found beside the judgement of a packet */
	/* aggregate: packets, then attempts and leaks */
	uint64_t added, open, closed;
	uint64_t counted, told, untold;
	/* record: events */
	uint64_t offered, sent, refused;
	/* packets beside them */
	uint64_t packets_wanted, packets_sent, packets_limited, packets_refused;
};

/* One side too many or too few by so much. */
struct ledger_fault {
	enum ledger_layer layer;
	uint64_t in, out;	/* as close to each other as the two samples allow */
};

/*
 * Broken identities of the samples, at most one a layer, in the order of the
 * layers. "later" was taken behind "earlier". Returns how many.
 */
size_t ledger_check(const struct ledger_sample *earlier, const struct ledger_sample *later,
    struct ledger_fault faults[LEDGER_LAYERS]);

/*
 * True: something waits in a ring although nothing came and nothing was read
 * since "then", a second or more before; *f gets the numbers.
 */
bool ledger_is_stuck(const struct ledger_sample *then, const struct ledger_sample *now,
    struct ledger_fault *f);

/* Received and not yet read or lost; 0 where the sample was taken too early to say. */
uint64_t ledger_waiting(const struct ledger_sample *s);

const char *ledger_layer_name(enum ledger_layer layer);

/* "ring: 120 in, 118 out" */
void ledger_write_fault(const struct ledger_fault *f, char *out, size_t size);

#endif /* AGENT_WATCH_LEDGER_H */
