/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fragments: a later one carries no ports, so it is judged by those of its
 * first one. A small table of fixed size remembers the firsts, keyed by source,
 * destination, identification, VLANs, tunnel and (IPv4) protocol under a secret
 * hash. When a bucket is full its oldest packet goes: what is forgotten is judged
 * as a packet without ports, which permits less, never more.
 *
 * IPv6 asks the first fragment alone what the packet carries (RFC 8200, 4.5), so
 * a later one inherits the protocol too: what it says itself is anybody's word.
 *
 * Overlap is a violation of its own (RFC 5722, RFC 8200 4.5: the whole packet
 * is discarded): the fragment that overlaps one that was seen becomes
 * UNREADABLE_OVERLAP, and so do all that follow of that packet. So does a second
 * first fragment with other ports, and what lies behind the packet's end. An exact
 * repeat of a fragment is no overlap. Fragments that come before their first one
 * are remembered as well.
 *
 * FRAGMENTS_PIECES pieces of a packet are remembered one by one, which is enough
 * for the largest packet over Ethernet. Beyond that neighbours are joined: then a
 * repeat of one of them can no longer be told from an overlap and is taken for
 * it; so is what would need still more pieces. No overlap is ever missed.
 *
 * Identifications come round again, within a second between the ends of a busy
 * tunnel: a packet of which every byte was seen is done, and the next that is no
 * repeat of its fragments begins another one.
 *
 * Stage: between decode and judge.
 */
#ifndef AGENT_WATCH_FRAGMENTS_H
#define AGENT_WATCH_FRAGMENTS_H

#include "rules/facts.h"

#include <stddef.h>
#include <stdint.h>

#define FRAGMENTS_TRACKED	4096u
#define FRAGMENTS_PIECES	48u	/* 65,515 bytes in pieces of 1,480 are 45 */
/* Linux' ip_frag_time and ip6_frag_time are 30 and 60 s. */
#define FRAGMENTS_KEPT_NS	60000000000ll

struct fragments;

/* Packets tracked at once, rounded up to a power of two. NULL with errno ENOMEM. */
struct fragments *fragments_new(size_t tracked);
void fragments_free(struct fragments *t);	/* accepts NULL */

/*
 * One packet that was read (any packet; whole ones are left alone). place: where
 * it was seen, so that two taps do not mix: any number. now_ns: never going
 * back. A later fragment gets the ports (and TCP flags) of its first one
 * (FACT_HAS_PORTS and FACT_PORTS_INHERITED) when that is known.
 */
void fragments_track(struct fragments *t, struct facts *f, uint32_t place, int64_t now_ns);

struct fragments_ledger {
	uint64_t firsts, inherited, orphans;	/* orphans: their first is not known */
	uint64_t overlaps, evicted;
};
void fragments_ledger(const struct fragments *t, struct fragments_ledger *out);

#endif /* AGENT_WATCH_FRAGMENTS_H */
