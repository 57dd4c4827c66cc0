/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two segments, four services, and a watcher's eye on them: frames are shot at it, and
 * what it says of them is kept.
 */
#ifndef TESTS_INSPECT_BED_H
#define TESTS_INSPECT_BED_H

#include "agent/watch/flow_table.h"
#include "agent/watch/inspect.h"
#include "agent/watch/openings.h"
#include "agent/watch/watch_policy.h"

#define SECOND	1000000000ll
#define START	(1763700000ll * SECOND)

enum { MN, LG };	/* segments, in the order of the text */

struct inspect_bed {
	struct places *places;
	struct watch_policy *policy;
	struct aggregate *aggregate;
	struct inspect *inspect;
	struct event events[16];
	size_t n_events;
	uint64_t permitted[PLACE_ZONES_MAX][PLACE_ZONES_MAX];
	size_t n_opened_asked;
	bool excuse, kernel_saw_it, was_unasked;
	enum watch_tag tag;
	int64_t now;
};

/* Where a frame was seen: a is in mn, b in lg. */
static const struct flow_where from_a = { .tap = MN }, from_b = { .tap = LG };
static const struct flow_where a_to_b = { LG, MN, true }, b_to_a = { MN, LG, true };

/* Answers wait so long for their question. Ends with _free(), where all must balance. */
struct inspect_bed *inspect_bed_new(int64_t patience_ns);
void inspect_bed_free(struct inspect_bed *b);
const struct inspect_ledger *inspect_bed_ledger(const struct inspect_bed *b);

/* Now, at b->now. */
void inspect_bed_shoot(struct inspect_bed *b, const struct facts *f, struct flow_where where);
/* Let the time pass in which nothing can be said about openings. */
void inspect_bed_see_clearly(struct inspect_bed *b);

struct facts inspect_bed_packet(const char *src, const char *dst, uint8_t protocol,
    uint16_t sport, uint16_t dport);
/* A permitted datagram from a to b, and what comes back. */
struct facts inspect_bed_question(void);
struct facts inspect_bed_answer(void);

#endif /* TESTS_INSPECT_BED_H */
