/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a single judgement cannot tell: stations where they do not belong
 * (ZV-04, 05, 06), services nobody registered (ZV-07), names and clocks asked
 * outside (ZV-08), and behaviour (ZV-10 to 13). Bounded state, no allocation
 * after detect_new(); tables are keyed with a secret and forget the oldest.
 *
 * Stage: judgement -detect-> [detection] -aggregate-> violation.
 */
#ifndef AGENT_WATCH_DETECT_H
#define AGENT_WATCH_DETECT_H

#include "agent/watch/cursor.h"
#include "agent/watch/watch_judge.h"
#include "rules/checked.h"

#include <stddef.h>
#include <stdint.h>

struct detect;

/* Hashes of what a packet will be looked up by, from detect_expect(). */
struct detect_ahead {
	uint64_t flow, hosts, ports, beacon, sender, permit;
	bool announced, sums;		/* the first four are known; the others */
	bool counts;			/* the others are going to be */
};

/* One judged packet. All is borrowed for the call. */
struct detect_packet {
	const struct facts *facts;
	const struct watch_seen *seen;
	const struct judgement *judgement;
	struct cursor payload;		/* behind the transport header; may be empty */
	int64_t time_ns;		/* CLOCK_REALTIME, or of the capture */
	bool opens;			/* a permit of its own direction holds it */
	bool held;			/* an answer, or detect_unasked() tells otherwise */
	const struct detect_ahead *ahead;	/* of these facts and this judgement; or NULL */
};

/* Something found: one more violation beside the packet's own judgement. */
struct detection {
	const struct facts *facts;	/* of the packet that made it evident */
	const char *detail;		/* English, short: "25 hosts in 60 s" */
	uint8_t zv;			/* enum violation_class */
	uint8_t action;			/* enum violation_action */
	uint8_t severity;		/* 0: as the catalogue says */
	uint16_t from, to;		/* segments */
	uint32_t permit;		/* index + 1; 0: none */
};

typedef void detect_found(void *arg, const struct detection *d);

/* MAC of each of the gateway's own interfaces, by segment; all zero: not known. */
struct detect_own_mac {
	uint8_t mac[6];
};

/* NULL with errno ENOMEM. */
struct detect *detect_new(detect_found *found, void *arg);
void detect_free(struct detect *d);	/* accepts NULL */

/*
 * Another policy from now on; what was learnt of stations and flows stays.
 * Both are borrowed until the next call. own: n_segments of them, or NULL.
 */
void detect_set_policy(struct detect *d, const struct checked *checked,
    const struct classifier *classifier, const struct detect_own_mac *own);

/*
 * Before and after a packet is judged that will come to detect_packet(): what it needs
 * is on its way from memory meanwhile. Not needed for what is found. Each step is for
 * what the one before asked for, so it is best if other packets come in between.
 */
void detect_expect(const struct detect *d, const struct facts *f,
    const struct watch_seen *seen, struct detect_ahead *a);
void detect_expect_judged(const struct detect *d, const struct judgement *j,
    struct detect_ahead *a);
void detect_expect_sums(const struct detect *d, const struct facts *f,
    const struct judgement *j, struct detect_ahead *a);
void detect_fetch_sums(const struct detect *d, const struct detect_ahead *a);

/*
 * Every packet that reaches user space, in the order of its witness. With a
 * kernel filter these are all that are not permitted, of permitted flows the
 * first packets, and all of permits that are looked into.
 */
void detect_packet(struct detect *d, const struct detect_packet *p);

/* One that was held: nobody asked, so it opens a flow. Time does not pass by it. */
void detect_unasked(struct detect *d, const struct detect_packet *p);

/*
 * Bytes that a permit let out since the last call, as counted by whoever counts
 * them (kernel filter, flow table): ZV-12. All of them, those of packets that
 * detect_packet() was shown too: it adds them to their source only. in, out:
 * segments, the way the packets went.
 */
void detect_permit_bytes(struct detect *d, uint32_t permit, uint16_t in, uint16_t out,
    uint64_t bytes, int64_t time_ns);

/* Memory of detect_permit_bytes(), as detect_expect(): once for long before, once soon. */
void detect_expect_bytes(struct detect *d, uint32_t permit, uint16_t in, uint16_t out,
    bool soon);

/* To be called about every second, so that time passes where no packet comes. */
void detect_sweep(struct detect *d, int64_t time_ns);

struct detect_ledger {
	uint64_t packets, found;
	uint64_t forgotten;	/* entries that made room for new ones, of all tables */
	uint64_t exempt_lost;	/* policies whose roles and MACs found no memory */
	uint64_t bytes;		/* memory of all tables: never changes */
};
void detect_ledger(const struct detect *d, struct detect_ledger *out);

#endif /* AGENT_WATCH_DETECT_H */
