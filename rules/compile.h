/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * checked policy -> ruleset (IR), in the shape that docs/tour.md draws.
 *
 * What holds of the result, for every opening packet at every time:
 *   - it is accepted exactly when some permit that is enabled and in force has
 *     a box that holds it (after the checks that stand before all permits:
 *     source, state, options, MAC);
 *   - the permit in its ct mark, and so the counter, is the first such permit in
 *     file order, whatever the forms and windows of the permits are;
 *   - the pair in its ct mark is that of its segments, and no later packet of the
 *     flow is forwarded from a third one.
 * How: compile_boxes.h.
 */
#ifndef RULES_COMPILE_H
#define RULES_COMPILE_H

#include "rules/checked.h"
#include "rules/diag.h"
#include "rules/ruleset.h"

/* NFLOG group of stopped packets. */
#define COMPILE_LOG_GROUP 5u

/*
 * Why a packet was stopped: the prefix of its NFLOG message, and the name of
 * the counter that counts every one of them.
 */
#define COMPILE_LOG_REFUSE  "sekisho:refuse"	/* no permit */
#define COMPILE_LOG_SOURCE  "sekisho:source"	/* source no unicast, or our own */
#define COMPILE_LOG_MAC	    "sekisho:mac"	/* bound source, another MAC */
#define COMPILE_LOG_STATE   "sekisho:state"	/* opens no flow and belongs to none */
#define COMPILE_LOG_OPTIONS "sekisho:options"	/* IPv4 options, IPv6 extensions */
#define COMPILE_LOG_CUTOFF  "sekisho:cutoff"	/* cut off, whatever the policy permits */
#define COMPILE_LOG_REVOKED "sekisho:revoked"	/* of a flow that is not permitted any more */
/* Permitted, but so many connections are half open that no more may be. */
#define COMPILE_LOG_HALF_OPEN "sekisho:half-open"
#define COMPILE_COUNTER_REFUSE	"refuse"
#define COMPILE_COUNTER_SOURCE	"refuse-source"
#define COMPILE_COUNTER_MAC	"refuse-mac"
#define COMPILE_COUNTER_STATE	"refuse-state"
#define COMPILE_COUNTER_OPTIONS	"refuse-options"
#define COMPILE_COUNTER_CUTOFF	"refuse-cutoff"
#define COMPILE_COUNTER_REVOKED	"refuse-revoked"
#define COMPILE_COUNTER_HALF_OPEN "refuse-half-open"	/* there with a limit only */

/*
 * Stopped packets that got a key in the sets below; the sum of the counters
 * above less this one is what found the sets full.
 */
#define COMPILE_COUNTER_KEYED	"keyed"
/* Broadcast and multicast at the gateway itself that nobody permits: no violation. */
#define COMPILE_COUNTER_NOISE	"noise"
/* Chain of a pair's flows whose handshake is not complete: "handshake-mn0-lg0". */
#define COMPILE_CHAIN_HANDSHAKE	"handshake-"
/* "permit_T038" counts the flows that T038 opened. */
#define COMPILE_COUNTER_PERMIT	"permit_"

/* iif . oif . source . destination . protocol, counting; index 0 is "not here". */
#define COMPILE_SET_VIOLATIONS4	"violations4"
#define COMPILE_SET_VIOLATIONS6	"violations6"

/*
 * The caller owns the result. NULL with findings added (a table over its
 * limit, a match that cannot be expressed) or with errno ENOMEM.
 * Pure: the same checked policy gives the same ruleset, byte for byte.
 */
struct ruleset *compile(const struct checked *checked, struct diag *diag);

/*
 * Map of the marks that are being judged again; there only between the flip of a
 * change that takes something away and the end of what it took.
 */
#define COMPILE_SET_REVOKED	"revoked"

/* What a ruleset depends on beside the policy. */
struct compile_moment {
	/* Seconds since the epoch; permits that ended by then are left out. */
	int64_t now;
	/*
	 * Running flows are stopped by the kernel itself at every end of a permit up
	 * to then. Only those: looking at the clock has its price for every packet of
	 * a pair (compile_rejudge.c).
	 */
	int64_t horizon;
	/*
	 * Marks, ascending, of which not all flows may be permitted any more: each of
	 * their packets is judged again, by what opened its flow.
	 */
	const uint32_t *revoked;
	size_t n_revoked;
};

/* compile() as it is to run at a moment; NULL: at none, all permits, no running flows. */
struct ruleset *compile_at(const struct checked *checked,
    const struct compile_moment *moment, struct diag *diag);

/*
 * Make what compile_at() gave without "revoked" judge these marks again, as with them;
 * sorted afterwards. 0; -ENOENT: it lacks the chains for that, as small ones do;
 * -ENOMEM: of no use any more.
 */
int compile_revoke(struct ruleset *r, const struct checked *checked, const uint32_t *marks,
    size_t n);

/* The way back, for a whole one or the part of it that is concerned. 0 or -ENOMEM. */
int compile_unrevoke(struct ruleset *r);
bool compile_revoke_concerns(const struct object_name *name);

/* When compile_at() gives something else at last: the next end, or one coming within
 * the horizon of "horizon" seconds; INT64_MAX: never. */
int64_t compile_next_moment(const struct checked *checked, int64_t now, int64_t horizon);

#endif /* RULES_COMPILE_H */
