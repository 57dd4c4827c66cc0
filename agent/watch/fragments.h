/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fragments: a later one carries no ports, so it is judged by those of its
 * first one. A small table of fixed size remembers the firsts, keyed by source,
 * destination, identification, protocol and VLANs under a secret hash. When it
 * is full the oldest of the bucket goes: what is forgotten is judged as a
 * packet without ports, which permits less, never more.
 *
 * Overlap is a violation of its own (RFC 5722, RFC 8200 4.5: the whole packet
 * is discarded): the fragment that overlaps one that was seen becomes
 * UNREADABLE_OVERLAP, and so do all that follow of that packet. An exact repeat
 * of a fragment is no overlap.
 *
 * Stage: between decode and judge.
 */
#ifndef AGENT_WATCH_FRAGMENTS_H
#define AGENT_WATCH_FRAGMENTS_H

#include "rules/facts.h"

#include <stddef.h>
#include <stdint.h>

#define FRAGMENTS_TRACKED	4096u
/* Linux' ip_frag_time and ip6_frag_time are 30 and 60 s. */
#define FRAGMENTS_KEPT_NS	60000000000ll

struct fragments;

/* Packets tracked at once, rounded up to a power of two. NULL with errno ENOMEM. */
struct fragments *fragments_new(size_t tracked);
void fragments_free(struct fragments *t);	/* accepts NULL */

/*
 * One packet that was read (any packet; whole ones are left alone). place: where
 * it was seen, so that two taps do not mix: any number. now_ns: never going
 * back. A later fragment gets the ports of its first one (FACT_HAS_PORTS and
 * FACT_PORTS_INHERITED) when that is known.
 */
void fragments_track(struct fragments *t, struct facts *f, uint32_t place, int64_t now_ns);

struct fragments_ledger {
	uint64_t firsts, inherited, orphans;	/* orphans: their first is not known */
	uint64_t overlaps, evicted;
};
void fragments_ledger(const struct fragments *t, struct fragments_ledger *out);

#endif /* AGENT_WATCH_FRAGMENTS_H */
