/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * At most so many half-open TCP connections of a pair of segments, where the policy
 * sets a limit. `ct count` would count complete ones too, and a rate is no number.
 *
 *	mn0-lg0:          ... goto opening-mn0-lg0		not: permit
 *	opening-mn0-lg0:  add @mn0-lg0-half-open4-20-30 { the flow }
 *	                      ct mark set ct mark | MARK_HALF_OPEN goto permit
 *	                  goto refuse-half-open
 *	flows:            MARK_HALF_OPEN | pair -> goto handshake-mn0-lg0
 *	handshake-mn0-lg0: what completes it jump completed-mn0-lg0, goto flow-mn0-lg0
 *	completed-mn0-lg0: delete @mn0-lg0-half-open4-20-30 { the flow }, mark without the bit
 *
 * The limit is the size of the set, so no two processors can pass it together. A SYN
 * sent again finds its own element. What completes a handshake is a packet that
 * conntrack found within the window, so nobody completes one whose answer he does not
 * see. The map that sends running flows to their pair tells the few marked ones from
 * the others, so a complete connection pays nothing.
 *
 * The kernel gives the room of a deleted element back when it sweeps the set: up to
 * HALF_OPEN_GC_MS later, and as long as a change is being committed.
 */
#include "rules/compile_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CHAIN_OPENING	"opening-"
#define CHAIN_COMPLETED	"completed-"
#define CHAIN_SIZE	(sizeof(CHAIN_COMPLETED) + LEAF_NAME_SIZE)
#define PROTOCOL_TCP	6u
#define HALF_OPEN_GC_MS	20u

_Static_assert(sizeof(CHAIN_COMPLETED) >= sizeof(COMPILE_CHAIN_HANDSHAKE), "the longest of them");

static const enum field flow_key[2][4] = {
	{ FIELD_FLOW_SADDR, FIELD_FLOW_DADDR, FIELD_FLOW_SPORT, FIELD_FLOW_DPORT },
	{ FIELD_FLOW6_SADDR, FIELD_FLOW6_DADDR, FIELD_FLOW_SPORT, FIELD_FLOW_DPORT },
};

bool
leaf_limits_openings(const struct checked *c, const struct leaf *leaf)
{
	if (c->half_open == 0 || leaf->in == SEGMENT_SELF || leaf->out == SEGMENT_SELF)
		return false;
	for (size_t i = 0; i < leaf->n_boxes; i++) {
		const struct service_match *m = &c->boxes[leaf->boxes[i]].service;

		if (m->protocol_any || m->protocol == PROTOCOL_TCP)
			return true;
	}
	return false;
}

void
name_opening(const char *leaf, char buf[OPENING_NAME_SIZE])
{
	snprintf(buf, OPENING_NAME_SIZE, CHAIN_OPENING "%s", leaf);
}

/* Another limit is another set: the size of one cannot change. */
static void
name_half_open(const struct checked *c, const char *leaf, int family,
    char buf[LIMIT_OBJECT_NAME + 1])
{
	snprintf(buf, LIMIT_OBJECT_NAME + 1, "%s-half-open%c-%" PRIu32 "-%" PRIu32, leaf,
	    family == 0 ? '4' : '6', c->half_open, c->half_open_seconds);
}

_Static_assert(LEAF_NAME_SIZE - 1 + 11 + 1 + 5 + 1 + 4 <= LIMIT_OBJECT_NAME,
    "leaf, \"-half-open4\", LIMIT_HALF_OPEN and LIMIT_HALF_OPEN_SECONDS");

static void
write_sets(struct writer *w, const struct checked *c, const char *leaf)
{
	char name[LIMIT_OBJECT_NAME + 1];

	for (int family = 0; family < 2; family++) {
		name_half_open(c, leaf, family, name);
		write_set(w, name, 0, SET_PLAIN, flow_key[family], 4, false);
		if (w->error != 0)
			return;
		w->set->dynamic = true;
		w->set->size = c->half_open;
		w->set->timeout_ms = UINT64_C(1000) * c->half_open_seconds;
		w->set->gc_ms = HALF_OPEN_GC_MS;
	}
}

static void
write_opening(struct writer *w, const struct checked *c, const struct leaf *leaf,
    const char *name)
{
	char chain[OPENING_NAME_SIZE], set[LIMIT_OBJECT_NAME + 1];

	name_opening(name, chain);
	write_chain(w, chain, 0, leaf->origin);
	write_rule(w);
	write_number(w, STMT_L4PROTO, PROTOCOL_TCP)->invert = true;
	write_goto(w, CHAIN_PERMIT);
	for (int family = 0; family < 2; family++) {
		name_half_open(c, name, family, set);
		write_rule(w);
		/* nft(8) takes ports of a flow only behind their protocol. */
		write_number(w, STMT_L4PROTO, PROTOCOL_TCP);
		write_keyed(w, STMT_ADD, flow_key[family], 4, set, 0);
		write_stmt(w, STMT_MARK_HALF_OPEN);
		write_goto(w, CHAIN_PERMIT);
	}
	write_rule(w);
	write_goto(w, COMPILE_COUNTER_HALF_OPEN);
}

/* A packet from one end to the other with, or without, a flag completes the handshake. */
static void
write_completing(struct writer *w, const char *in, const char *out, uint8_t flag,
    bool without, const char *completed)
{
	write_rule(w);
	write_interface(w, FIELD_IIFNAME, in);
	write_interface(w, FIELD_OIFNAME, out);
	write_number(w, STMT_TCP_FLAG, flag)->invert = without;
	write_target(w, STMT_JUMP, completed, 0);
}

static void
write_completed(struct writer *w, const struct checked *c, const struct leaf *leaf,
    const char *name, const char *chain)
{
	char set[LIMIT_OBJECT_NAME + 1];

	write_chain(w, chain, 0, leaf->origin);
	for (int family = 0; family < 2; family++) {
		name_half_open(c, name, family, set);
		write_rule(w);
		write_number(w, STMT_L4PROTO, PROTOCOL_TCP);
		write_keyed(w, STMT_REMOVE, flow_key[family], 4, set, 0);
	}
	write_rule(w);
	write_stmt(w, STMT_MARK_HALF_OPEN)->invert = true;
}

void
write_half_open(struct writer *w, const struct checked *c, const struct leaf *leaf,
    const char *name, uint32_t pair)
{
	const char *in = c->segments[leaf->in].interface;
	const char *out = c->segments[leaf->out].interface;
	char handshake[CHAIN_SIZE], completed[CHAIN_SIZE];
	char flow[sizeof(CHAIN_FLOW_PREFIX) + LEAF_NAME_SIZE];
	uint32_t mark = pair << MARK_PAIR_SHIFT | MARK_HALF_OPEN;
	uint8_t key[sizeof(mark)];

	snprintf(handshake, sizeof(handshake), COMPILE_CHAIN_HANDSHAKE "%s", name);
	snprintf(completed, sizeof(completed), CHAIN_COMPLETED "%s", name);
	snprintf(flow, sizeof(flow), CHAIN_FLOW_PREFIX "%s", name);
	write_sets(w, c, name);
	write_opening(w, c, leaf, name);
	write_completed(w, c, leaf, name, completed);
	write_chain(w, handshake, 0, leaf->origin);
	/* The opener answers the answer, or gives up; or he is refused. */
	write_completing(w, in, out, TCP_SYN, true, completed);
	write_completing(w, out, in, TCP_RST, false, completed);
	write_rule(w);
	write_goto(w, flow);
	memcpy(key, &mark, sizeof(key));
	write_dispatch(w, SET_FLOWS, key, handshake, 0);
}
