/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One leaf chain: the disjoint pieces of a segment pair told as tables
 * (compile_parts.h). One table holds the pieces of one level, window, form and
 * family, and one rule looks it up.
 *
 * A large leaf has its tables in the chains of its shards (compile_shards.h), and
 * one rule for each family finds the shard of a packet:
 *
 *	mn0-lg0.1:		ip saddr . ip daddr vmap @mn0-lg0-d4.1
 *	mn0-lg0-h0a1b2c3d:	ct mark set ... map @mn0-lg0-h0a1b2c3d-x4 goto permit ...
 *
 * A shard's chain has no version: its few rules are replaced in the flip, and neither the
 * map that finds it nor the leaf changes with it.
 */
#include "rules/compile_internal.h"
#include "rules/compile_tables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
write_leaf_dispatch(struct writer *w, const struct checked *c, const struct leaf *leaf,
    const char *name)
{
	uint8_t key[32];

	if (leaf->in == SEGMENT_SELF) {
		key_interface(c, leaf->out, key);
		write_dispatch(w, SET_OUTPUTS, key, name, VERSION_UNSETTLED);
	} else if (leaf->out == SEGMENT_SELF) {
		key_interface(c, leaf->in, key);
		write_dispatch(w, SET_INPUTS, key, name, VERSION_UNSETTLED);
	} else {
		key_interface(c, leaf->in, key);
		key_interface(c, leaf->out, key + 16);
		write_dispatch(w, SET_PAIRS, key, name, VERSION_UNSETTLED);
	}
}

/* From the second on that one of its permits ends, all flows of the pair are judged again. */
static void
write_flow_end(struct writer *w, const struct leaf *leaf, const char *name)
{
	const struct window window = { .since = leaf->ends, .until = INT64_MAX };
	char chain[REJUDGE_NAME_SIZE];

	if (leaf->ends == INT64_MAX)
		return;
	snprintf(chain, sizeof(chain), CHAIN_REJUDGE_PREFIX "%s", name);
	write_rule(w);
	write_window(w, &window);
	write_target(w, STMT_JUMP, chain, 0);
}

/* Packets of running flows go between their two segments, or are forged or astray. */
static void
write_flow(struct writer *w, const struct checked *c, const struct leaf *leaf,
    const char *name, uint32_t pair)
{
	const uint16_t ends[] = { leaf->in, leaf->out };
	char chain[sizeof(CHAIN_FLOW_PREFIX) + LEAF_NAME_SIZE];
	uint32_t mark = pair << MARK_PAIR_SHIFT;
	uint8_t key[sizeof(mark)];

	if (pair == 0 || leaf->n_boxes == 0)
		return;
	snprintf(chain, sizeof(chain), CHAIN_FLOW_PREFIX "%s", name);
	write_chain(w, chain, 0, leaf->origin);
	write_flow_end(w, leaf, name);
	for (size_t i = 0; i < 2; i++) {
		write_rule(w);
		write_interface(w, FIELD_IIFNAME, c->segments[ends[i]].interface);
		write_interface(w, FIELD_OIFNAME, c->segments[ends[1 - i]].interface);
		write_stmt(w, STMT_ACCEPT);
	}
	write_rule(w);
	write_goto(w, COMPILE_COUNTER_SOURCE);
	memcpy(key, &mark, sizeof(key));
	write_dispatch(w, SET_FLOWS, key, chain, 0);
}

/* One chain that looks tables up: a leaf's own, or that of one of its shards. */
struct bearer {
	char name[SHARD_NAME_SIZE];
	struct parts parts;
	const struct shard *shard;	/* NULL: of the leaf */
	enum ip_family family;		/* of the shard */
};

/* A leaf as it is written. */
struct leaf_chains {
	const struct leaf *leaf;
	char name[LEAF_NAME_SIZE];
	uint32_t pair;
	struct cube_list rest;		/* pieces that no shard has */
	struct shards shards[2];	/* by family; none: in the rest */
	struct bearer *bearers;		/* the leaf itself, then all shards */
	size_t n_bearers;
	bool limited;			/* compile_opening.c */
};

static const enum ip_family families[] = { IP_V4, IP_V6 };

/* Boxes of both families -> disjoint pieces of each. 0, -ENOMEM or -E2BIG. */
static int
make_pieces(const struct checked *c, const struct leaf *leaf, size_t room,
    struct cube_list pieces[2], uint32_t *culprit)
{
	uint32_t *boxes = calloc(leaf->n_boxes + 1, sizeof(*boxes));
	int ret = boxes == NULL ? -ENOMEM : 0;

	for (size_t f = 0; f < 2 && ret == 0; f++) {
		size_t n = 0;

		for (size_t i = 0; i < leaf->n_boxes; i++)
			if (c->boxes[leaf->boxes[i]].src.family == families[f])
				boxes[n++] = leaf->boxes[i];
		ret = boxes_disjoint(c, boxes, n, room, &pieces[f], culprit);
		room -= ret == 0 ? pieces[f].count : 0;
	}
	free(boxes);
	return ret;
}

/* Takes the pieces: those of a family that need no shards are the leaf's own. */
static int
make_shards(const struct writer *w, struct cube_list pieces[2], size_t spread,
    struct leaf_chains *l)
{
	int ret = 0;

	for (size_t f = 0; f < 2 && ret == 0; f++) {
		struct shards *shards = &l->shards[f];

		ret = shards_split(&pieces[f], families[f], spread, &w->sizes->shard,
		    shards);
		if (ret < 0 || shards->count > 1)
			continue;
		for (size_t i = 0; i < shards->items[0].pieces.count && ret == 0; i++)
			ret = cube_list_add(&l->rest, &shards->items[0].pieces.items[i]);
		shards_free(shards);
	}
	return ret;
}

static int
make_bearers(const struct checked *c, size_t spread, struct leaf_chains *l)
{
	struct bearer *b;
	int ret;

	l->bearers = calloc(1 + l->shards[0].count + l->shards[1].count, sizeof(*b));
	if (l->bearers == NULL)
		return -ENOMEM;
	b = &l->bearers[l->n_bearers++];
	snprintf(b->name, sizeof(b->name), "%s", l->name);
	ret = parts_make(c, l->pair, &l->rest, spread, &b->parts);
	for (size_t f = 0; f < 2; f++)
		for (size_t i = 0; i < l->shards[f].count && ret == 0; i++) {
			const struct shard *shard = &l->shards[f].items[i];

			b = &l->bearers[l->n_bearers++];
			b->shard = shard;
			b->family = families[f];
			snprintf(b->name, sizeof(b->name), "%s-h%c_%08x", l->name,
			    f == 0 ? '4' : '6', shard->name);
			ret = parts_make(c, l->pair, &shard->pieces, spread, &b->parts);
		}
	return ret;
}

static void
free_chains(struct leaf_chains *l)
{
	for (size_t i = 0; i < l->n_bearers; i++)
		parts_free(&l->bearers[i].parts);
	free(l->bearers);
	shards_free(&l->shards[0]);
	shards_free(&l->shards[1]);
	cube_list_free(&l->rest);
}

/* "mn0-lg0-d4": the shard of a packet, or with a prefix for flows that run. */
static void
name_shard_map(const char *chain, enum ip_family family, char buf[LIMIT_OBJECT_NAME + 1])
{
	snprintf(buf, LIMIT_OBJECT_NAME + 1, "%s-d%c", chain, family == IP_V4 ? '4' : '6');
}

static void
write_shard_map(struct writer *w, const struct leaf_chains *l, const char *name,
    enum ip_family family, const enum field key[2], const char *prefix)
{
	write_set(w, name, VERSION_UNSETTLED, SET_VERDICT_MAP, key, 2, true);
	for (size_t i = 1; i < l->n_bearers; i++) {
		const struct bearer *b = &l->bearers[i];
		uint8_t first[LIMIT_KEY_BYTES], last[LIMIT_KEY_BYTES];
		char chain[LIMIT_OBJECT_NAME + 1];
		size_t at;

		if (b->family != family)
			continue;
		at = address_to_bytes(family, b->shard->first[CUBE_SOURCE], first);
		address_to_bytes(family, b->shard->first[CUBE_DESTINATION], first + at);
		address_to_bytes(family, b->shard->last[CUBE_SOURCE], last);
		address_to_bytes(family, b->shard->last[CUBE_DESTINATION], last + at);
		snprintf(chain, sizeof(chain), "%s%s", prefix, b->name);
		write_range_target(w, first, last, chain, 0);
	}
}

/*
 * To the shard of a packet; behind the tables of the other family, so that those are
 * still the first rules of their chain (ruleset_moved.h).
 */
static void
write_shard_lookups(struct writer *w, const struct leaf_chains *l, const char *chain,
    bool running)
{
	for (size_t f = 0; f < 2; f++) {
		enum field key[LIMIT_KEY_FIELDS];
		char name[LIMIT_OBJECT_NAME + 1];

		if (l->shards[f].count == 0)
			continue;
		table_key(FORM_PROTOCOL, families[f], key);
		for (size_t i = 0; i < 2 && running; i++)
			key[i] = table_flow_field(key[i], 0);
		name_shard_map(chain, families[f], name);
		write_shard_map(w, l, name, families[f], key,
		    running ? CHAIN_REJUDGE_PREFIX : "");
		write_rule(w);
		write_keyed(w, STMT_VERDICT_MAP, key, 2, name, VERSION_UNSETTLED);
	}
}

static void
write_opening_end(struct writer *w, const struct leaf *leaf)
{
	write_rule(w);
	if (leaf->in == SEGMENT_SELF || leaf->out == SEGMENT_SELF)
		write_goto(w, CHAIN_REFUSE_SELF);
	else
		write_goto(w, leaf->reject ? CHAIN_REFUSE_REJECT : CHAIN_REFUSE);
}

static void
write_openings(struct writer *w, const struct checked *c, const struct leaf_chains *l)
{
	char limited[OPENING_NAME_SIZE];

	name_opening(l->name, limited);
	for (size_t i = 0; i < l->n_bearers; i++) {
		const struct bearer *b = &l->bearers[i];

		write_chain(w, b->name, b->shard == NULL ? VERSION_UNSETTLED : 0,
		    l->leaf->origin);
		write_tables(w, c, b->name, &b->parts, l->limited ? limited : CHAIN_PERMIT);
		if (b->shard == NULL)
			write_shard_lookups(w, l, b->name, false);
		write_opening_end(w, l->leaf);
	}
}

/* "rejudge-mn0-lg0": back to where it was asked with the mark of today, or refused. */
static void
write_rejudge(struct writer *w, const struct checked *c, const struct leaf_chains *l)
{
	char name[REJUDGE_NAME_SIZE];

	if (!rejudges_leaf(w, c, l->leaf, name))
		return;
	for (size_t i = 0; i < l->n_bearers; i++) {
		const struct bearer *b = &l->bearers[i];
		char chain[LIMIT_OBJECT_NAME + 1];

		snprintf(chain, sizeof(chain), CHAIN_REJUDGE_PREFIX "%s", b->name);
		write_chain(w, chain, 0, l->leaf->origin);
		write_rejudge_tables(w, b->name, &b->parts);
		if (b->shard == NULL)
			write_shard_lookups(w, l, chain, true);
		write_rule(w);
		write_goto(w, COMPILE_COUNTER_REVOKED);
	}
	write_rejudge_way(w, c, l->leaf, l->pair, name);
}

static void
write_leaf(struct writer *w, const struct checked *c, const struct leaf_chains *l)
{
	write_openings(w, c, l);
	write_leaf_dispatch(w, c, l->leaf, l->name);
	write_rejudge(w, c, l);
	write_flow(w, c, l->leaf, l->name, l->pair);
	if (l->limited)
		write_half_open(w, c, l->leaf, l->name, l->pair);
}

int
compile_leaf(struct writer *w, const struct checked *c, const struct leaf *leaf,
    uint32_t *culprit)
{
	struct cube_list pieces[2] = { { .items = NULL } };
	struct leaf_chains l = { .leaf = leaf,
		.pair = checked_pair_number(c, leaf->in, leaf->out),
		.limited = leaf_limits_openings(c, leaf) };
	size_t spread;
	int ret;

	name_leaf(c, leaf->in, leaf->out, l.name);
	ret = make_pieces(c, leaf, w->room, pieces, culprit);
	if (ret == 0) {
		w->room -= pieces[0].count + pieces[1].count;
		spread = pieces_spread(pieces, 2, w->sizes->spread);
		ret = make_shards(w, pieces, spread, &l);
		if (ret == 0)
			ret = make_bearers(c, spread, &l);
	}
	if (ret == 0)
		write_leaf(w, c, &l);
	free_chains(&l);
	cube_list_free(&pieces[0]);
	cube_list_free(&pieces[1]);
	if (ret == 0 || ret == -E2BIG)
		return ret;
	w->error = ret;
	return 0;
}
