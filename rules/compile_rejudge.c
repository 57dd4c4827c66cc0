/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running flows, judged again: after a change that took something away, and at the
 * second a permit ends. Nothing of this stands in a small gate that needs neither; in a
 * large one the chains do, and nothing leads to them (LIMIT_PREPARED_BOXES).
 *
 *	forward: ct state established,related jump revoked	compile_revoked.c
 *	revoked: ct mark vmap @revoked			mark -> goto rejudge-mn0-lg0
 *	flow-mn0-lg0: meta time >= END jump rejudge-mn0-lg0
 *	rejudge-mn0-lg0:
 *		meta l4proto 6 ct mark set ct original ip saddr . ct reply ip saddr
 *		    . meta l4proto . ct reply proto-src map @mn0-lg0-x4 return
 *		goto refuse-revoked
 *
 * Where the leaf has its tables in shards, so has its rejudge chain.
 *
 * A flow is judged by what opened it, which conntrack knows in both directions, and
 * by the very maps that openings are looked up in. So a flow that is permitted, by
 * the same permit or by another one, loses no packet and gets the mark it would open
 * with today; all others stop with the first packet behind the flip (or behind the
 * second of an end), answers and ICMP errors too. It needs nobody to list flows
 * beforehand, so a flow that opened just before the flip is no exception, and nobody
 * to live on: it is for the daemon only to delete what is refused here, and to take
 * the rules away again.
 *
 * "return" goes on behind the rule that asked: all other rules for running flows
 * (options, segments) hold as before.
 *
 * The price of the clock is one rule for the flows of a pair that has an end within
 * the horizon, and none for others. Beyond its END a pair's flows cost as much as
 * openings, until the daemon has taken what ended out of the tables.
 */
#include "rules/compile_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_ENDED		"ended"
#define SET_ENDING		"ending"	/* pair -> chain */
#define SET_REJUDGE_INPUTS	"rejudge-inputs"
#define SET_REJUDGE_OUTPUTS	"rejudge-outputs"

#define PAIRS_MAX 65536u	/* numbers that half a mark holds */

static const struct origin nowhere = { .file = NULL };
static const enum field mark_key[] = { FIELD_CT_MARK };
static const enum field iifname[] = { FIELD_IIFNAME }, oifname[] = { FIELD_OIFNAME };

bool
permit_ended(const struct checked_permit *p, const struct compile_moment *moment)
{
	return moment != NULL && p->valid_until <= moment->now;
}

/* INT64_MAX: none that running flows must be stopped at by the kernel. */
static int64_t
near_end(const struct checked_permit *p, const struct compile_moment *moment)
{
	struct window window;

	if (moment == NULL || p->valid_until == INT64_MAX || !window_of(p, &window)
	    || p->valid_until <= moment->now || p->valid_until > moment->horizon)
		return INT64_MAX;
	return p->valid_until;
}

int64_t
rejudging_ends(const struct checked *c, const struct compile_moment *moment,
    const uint32_t *boxes, size_t n)
{
	int64_t ends = INT64_MAX;

	for (size_t i = 0; i < n && moment != NULL; i++) {
		int64_t end = near_end(&c->permits[c->boxes[boxes[i]].permit], moment);

		if (end < ends)
			ends = end;
	}
	return ends;
}

static void
note_end(struct rejudging *r, const struct checked *c, const struct box *b, int64_t end)
{
	uint32_t pair = checked_pair_number(c, b->in, b->out);

	if (pair == 0) {
		r->self = true;
		r->self_ends = end < r->self_ends ? end : r->self_ends;
		return;
	}
	r->pairs[pair] = true;
	r->forward_ends = end < r->forward_ends ? end : r->forward_ends;
}

int
rejudging_find(struct rejudging *r, const struct checked *c,
    const struct compile_moment *moment, bool prepared)
{
	*r = (struct rejudging){ .self_ends = INT64_MAX, .forward_ends = INT64_MAX,
		.self = moment != NULL && prepared, .prepared = prepared };
	if (moment == NULL)
		return 0;
	r->pairs = malloc(PAIRS_MAX * sizeof(*r->pairs));
	if (r->pairs == NULL)
		return -ENOMEM;
	memset(r->pairs, prepared, PAIRS_MAX * sizeof(*r->pairs));
	for (size_t i = 0; i < c->n_permits; i++) {
		const struct checked_permit *p = &c->permits[i];
		int64_t end = near_end(p, moment);

		for (size_t b = 0; b < p->n_boxes && end != INT64_MAX; b++)
			note_end(r, c, &c->boxes[p->first_box + b], end);
	}
	for (size_t i = 0; i < moment->n_revoked; i++) {
		uint32_t pair = moment->revoked[i] >> MARK_PAIR_SHIFT;

		r->pairs[pair] = true;
		r->self |= pair == 0;
	}
	return 0;
}

void
rejudging_free(struct rejudging *r)
{
	free(r->pairs);
}

bool
rejudges_leaf(struct writer *w, const struct checked *c, const struct leaf *leaf,
    char name[REJUDGE_NAME_SIZE])
{
	struct rejudging *r = w->rejudging;
	uint32_t pair = checked_pair_number(c, leaf->in, leaf->out);
	char leaf_name[LEAF_NAME_SIZE];

	if (leaf->n_boxes == 0 || w->error != 0 || r->pairs == NULL
	    || !(pair == 0 ? r->self : r->pairs[pair]))
		return false;
	name_leaf(c, leaf->in, leaf->out, leaf_name);
	snprintf(name, REJUDGE_NAME_SIZE, CHAIN_REJUDGE_PREFIX "%s", leaf_name);
	return true;
}

void
write_rejudge_way(struct writer *w, const struct checked *c, const struct leaf *leaf,
    uint32_t pair, const char *name)
{
	uint32_t mark = pair << MARK_PAIR_SHIFT;
	uint8_t key[32];

	if (leaf->in == SEGMENT_SELF) {
		key_interface(c, leaf->out, key);
		write_dispatch(w, SET_REJUDGE_OUTPUTS, key, name, 0);
	} else if (leaf->out == SEGMENT_SELF) {
		key_interface(c, leaf->in, key);
		write_dispatch(w, SET_REJUDGE_INPUTS, key, name, 0);
	} else if (leaf->ends != INT64_MAX) {
		memcpy(key, &mark, sizeof(mark));
		write_dispatch(w, SET_ENDING, key, name, 0);
		if (c->half_open == 0)
			return;
		mark |= MARK_HALF_OPEN;
		memcpy(key, &mark, sizeof(mark));
		write_dispatch(w, SET_ENDING, key, name, 0);
	}
}

static void
write_clock(struct writer *w, int64_t since)
{
	struct stmt *s = write_stmt(w, STMT_TIME);

	s->since = since;
	s->until = INT64_MAX;
}

void
write_rejudge_running(struct writer *w, enum chain_hook hook)
{
	const uint32_t running = CT_STATE_ESTABLISHED | CT_STATE_RELATED;

	if (w->moment == NULL)
		return;
	if (hook != HOOK_FORWARD && w->rejudging->self_ends != INT64_MAX) {
		write_rule(w);
		write_number(w, STMT_CT_STATE, running);
		write_clock(w, w->rejudging->self_ends);
		write_target(w, STMT_JUMP, CHAIN_REJUDGE_SELF, 0);
	}
}

/* Errors do not come through the chains of the flows. */
void
write_rejudge_related(struct writer *w)
{
	if (w->rejudging->forward_ends == INT64_MAX)
		return;
	write_rule(w);
	write_clock(w, w->rejudging->forward_ends);
	write_target(w, STMT_JUMP, CHAIN_ENDED, 0);
}

static void
write_self_way(struct writer *w, bool reply, const enum field *key, const char *map)
{
	write_rule(w);
	write_stmt(w, STMT_CT_DIRECTION_ORIGINAL)->invert = reply;
	write_keyed(w, STMT_VERDICT_MAP, key, 1, map, 0);
}

/* Flows with the gateway: of the leaf they opened by, whichever way a packet goes. */
static void
write_rejudge_self(struct writer *w)
{
	write_set(w, SET_REJUDGE_INPUTS, 0, SET_VERDICT_MAP, iifname, 1, false);
	write_set(w, SET_REJUDGE_OUTPUTS, 0, SET_VERDICT_MAP, oifname, 1, false);
	write_chain(w, CHAIN_REJUDGE_SELF, 0, nowhere);
	write_self_way(w, false, iifname, SET_REJUDGE_INPUTS);
	write_self_way(w, true, oifname, SET_REJUDGE_INPUTS);
	write_self_way(w, false, oifname, SET_REJUDGE_OUTPUTS);
	write_self_way(w, true, iifname, SET_REJUDGE_OUTPUTS);
	write_rule(w);
	write_goto(w, COMPILE_COUNTER_REVOKED);
}

void
write_rejudge_gate(struct writer *w)
{
	if (w->moment == NULL)
		return;
	if (w->rejudging->forward_ends != INT64_MAX) {
		write_set(w, SET_ENDING, 0, SET_VERDICT_MAP, mark_key, 1, false);
		write_chain(w, CHAIN_ENDED, 0, nowhere);
		write_rule(w);
		write_target(w, STMT_VERDICT_BY_PAIR, SET_ENDING, 0);
	}
	if (w->rejudging->self)
		write_rejudge_self(w);
}

int64_t
compile_next_moment(const struct checked *checked, int64_t now, int64_t horizon)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < checked->n_permits; i++) {
		const struct checked_permit *p = &checked->permits[i];
		int64_t at = p->valid_until;
		struct window window;

		if (at == INT64_MAX || at <= now || !window_of(p, &window))
			continue;
		if (at - now > horizon)
			at -= horizon;
		next = at < next ? at : next;
	}
	return next;
}
