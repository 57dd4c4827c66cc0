/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One leaf chain: the disjoint pieces of a segment pair told as tables.
 *
 * A piece goes to the form that looks at no more than it must, so packets
 * without ports are found too. Pieces of single values go to hash maps, which
 * cost a packet the same at any size and change in place; the others to
 * interval maps. A small range is a few single values.
 *
 * One table holds the pieces of one level, window, form and family, and one
 * rule looks it up.
 */
#include "rules/compile_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A piece of up to this many tuples is spread to single ones ... */
#define SPREAD_TUPLES	16u
/*
 * ... as long as those of a leaf are at most this many. An interval map costs
 * more to load and to look up (2,600 ns at 100,000 elements, a hash 80) than the
 * tuples it stands for; but reading a hash back is quadratic in its size
 * (nft_rhash_walk() skips what earlier parts of the dump told): 0.5 s here.
 */
#define SPREAD_TOTAL	(1u << 17)

/* IANA protocol numbers whose flows keep type and code in place of ports. */
#define PROTOCOL_ICMP	1u
#define PROTOCOL_ICMPV6	58u

/* Which of the ports a table looks at. */
enum form {
	FORM_DPORT = 0,		/* x4, r4 */
	FORM_PROTOCOL,		/* px4, p4 */
	FORM_SPORT,		/* ix4, i4: source port, or ICMP type and code */
	FORM_BOTH,		/* sx4, s4 */
};

static const char *const form_exact[] = { "x", "px", "ix", "sx" };
static const char *const form_interval[] = { "r", "p", "i", "s" };

/* What one table holds; the sort order of rules. */
struct part {
	const struct cube *cube;
	uint32_t mark;
	enum form form;
	bool exact;
};

struct parts {
	struct part *items;
	size_t count;
};

static bool
spans(const struct cube *c, int dim)
{
	return c->first[dim] == 0 && c->last[dim] == UINT16_MAX;
}

static enum form
form_of(const struct cube *c)
{
	bool sport = !spans(c, CUBE_SPORT), dport = !spans(c, CUBE_DPORT);

	if (sport)
		return dport ? FORM_BOTH : FORM_SPORT;
	return dport ? FORM_DPORT : FORM_PROTOCOL;
}

static bool
looks_at(enum form form, int dim)
{
	if (dim == CUBE_SPORT)
		return form == FORM_SPORT || form == FORM_BOTH;
	if (dim == CUBE_DPORT)
		return form == FORM_DPORT || form == FORM_BOTH;
	return true;
}

/* How many single tuples a piece holds; more than SPREAD_TUPLES: just that. */
static size_t
tuples_of(const struct cube *c, enum form form)
{
	size_t tuples = 1;

	for (int d = 0; d < CUBE_DIMS; d++) {
		ip_value width = c->last[d] - c->first[d];

		if (!looks_at(form, d))
			continue;
		if (width >= SPREAD_TUPLES
		    || tuples * (size_t)(width + 1) > SPREAD_TUPLES)
			return SPREAD_TUPLES + 1;
		tuples *= (size_t)width + 1;
	}
	return tuples;
}

static int
compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	const struct cube *p = x->cube, *q = y->cube;

	if (p->level != q->level)
		return p->level < q->level ? -1 : 1;
	if (p->window.since != q->window.since)
		return p->window.since < q->window.since ? -1 : 1;
	if (p->window.until != q->window.until)
		return p->window.until > q->window.until ? -1 : 1;
	if (x->exact != y->exact)
		return x->exact ? -1 : 1;
	if (x->form != y->form)
		return x->form < y->form ? -1 : 1;
	if (p->family != q->family)
		return p->family < q->family ? -1 : 1;
	return (p > q) - (p < q);
}

/* The parts of one table stand together. */
static bool
same_table(const struct part *x, const struct part *y)
{
	return x->cube->level == y->cube->level
	    && x->cube->window.since == y->cube->window.since
	    && x->cube->window.until == y->cube->window.until
	    && x->exact == y->exact && x->form == y->form
	    && x->cube->family == y->cube->family;
}

static int
make_parts(const struct checked *c, uint32_t pair, const struct cube_list *pieces,
    struct parts *out)
{
	size_t left = SPREAD_TOTAL;

	out->items = calloc(pieces->count + 1, sizeof(*out->items));
	if (out->items == NULL)
		return -ENOMEM;
	out->count = pieces->count;
	for (size_t i = 0; i < pieces->count; i++) {
		struct part *part = &out->items[i];
		size_t tuples;

		part->cube = &pieces->items[i];
		part->mark = pair << MARK_PAIR_SHIFT
		    | c->permits[part->cube->permit].number;
		part->form = form_of(part->cube);
		tuples = tuples_of(part->cube, part->form);
		part->exact = tuples <= SPREAD_TUPLES && tuples <= left;
		if (part->exact)
			left -= tuples;
	}
	qsort(out->items, out->count, sizeof(*out->items), compare_parts);
	return 0;
}

/* Key fields of a form; returns how many. */
static unsigned int
key_of(enum form form, enum ip_family family, enum field key[LIMIT_KEY_FIELDS])
{
	unsigned int n = 0;

	key[n++] = family == IP_V4 ? FIELD_IP_SADDR : FIELD_IP6_SADDR;
	key[n++] = family == IP_V4 ? FIELD_IP_DADDR : FIELD_IP6_DADDR;
	key[n++] = family == IP_V4 ? FIELD_IP_PROTOCOL : FIELD_IP6_NEXTHDR;
	if (looks_at(form, CUBE_SPORT))
		key[n++] = FIELD_TH_SPORT;
	if (looks_at(form, CUBE_DPORT))
		key[n++] = FIELD_TH_DPORT;
	return n;
}

/* Key bytes of one corner of a cube. */
static void
key_bytes(const ip_value corner[CUBE_DIMS], enum form form, enum ip_family family,
    uint8_t key[LIMIT_KEY_BYTES])
{
	static const int ports[] = { CUBE_SPORT, CUBE_DPORT };
	size_t at = 0;

	memset(key, 0, LIMIT_KEY_BYTES);
	at += address_to_bytes(family, corner[CUBE_SOURCE], key + at);
	at += address_to_bytes(family, corner[CUBE_DESTINATION], key + at);
	key[at] = (uint8_t)corner[CUBE_PROTOCOL];
	at += 4;
	for (size_t i = 0; i < 2; i++) {
		if (!looks_at(form, ports[i]))
			continue;
		key[at] = (uint8_t)(corner[ports[i]] >> 8);
		key[at + 1] = (uint8_t)corner[ports[i]];
		at += 4;
	}
}

static void
write_piece(struct writer *w, const struct checked *c, const struct part *part,
    const ip_value first[CUBE_DIMS], const ip_value last[CUBE_DIMS])
{
	uint8_t low[LIMIT_KEY_BYTES], high[LIMIT_KEY_BYTES];
	struct element *e;

	key_bytes(first, part->form, part->cube->family, low);
	key_bytes(last, part->form, part->cube->family, high);
	e = write_element(w, low, part->exact ? NULL : high);
	if (e == NULL)
		return;
	e->mark = part->mark;
	e->origin = c->permits[part->cube->permit].origin;
}

/* Every tuple of a small piece, counting up like an odometer. */
static void
write_spread(struct writer *w, const struct checked *c, const struct part *part)
{
	ip_value at[CUBE_DIMS];
	int d;

	memcpy(at, part->cube->first, sizeof(at));
	do {
		write_piece(w, c, part, at, at);
		for (d = CUBE_DIMS - 1; d >= 0; d--) {
			if (!looks_at(part->form, d))
				continue;
			if (at[d] < part->cube->last[d]) {
				at[d]++;
				break;
			}
			at[d] = part->cube->first[d];
		}
	} while (d >= 0);
}

/* "-t1774969200-1806505200-l1"; nothing of what is not there. */
static void
name_window(const struct cube *cube, char *buf, size_t size)
{
	char since[24] = "", until[24] = "";
	int length = 0;

	buf[0] = '\0';
	if (cube->window.since != INT64_MIN)
		snprintf(since, sizeof(since), "%lld", (long long)cube->window.since);
	if (cube->window.until != INT64_MAX)
		snprintf(until, sizeof(until), "%lld", (long long)cube->window.until);
	if (since[0] != '\0' || until[0] != '\0')
		length = snprintf(buf, size, "-t%s-%s", since, until);
	if (cube->level > 0)
		snprintf(buf + length, size - (size_t)length, "-l%u", cube->level);
}

static void
name_table(const char *leaf, const struct part *part, char buf[LIMIT_OBJECT_NAME + 1])
{
	char window[64];

	name_window(part->cube, window, sizeof(window));
	snprintf(buf, LIMIT_OBJECT_NAME + 1, "%s-%s%c%s", leaf,
	    part->exact ? form_exact[part->form] : form_interval[part->form],
	    part->cube->family == IP_V4 ? '4' : '6', window);
}

_Static_assert(LEAF_NAME_SIZE - 1 + 4 + 3 + 2 * 10 + 2 + 7 <= LIMIT_OBJECT_NAME,
    "leaf, \"-sx4\", \"-t-\" with two times of ten digits, \"-l\" with LIMIT_BOXES");

static void
write_table(struct writer *w, const struct checked *c, const char *leaf,
    const struct part *parts, size_t n)
{
	char name[LIMIT_OBJECT_NAME + 1];
	enum field key[LIMIT_KEY_FIELDS];
	unsigned int n_fields = key_of(parts->form, parts->cube->family, key);
	bool exact = parts->exact;

	name_table(leaf, parts, name);
	write_set(w, name, exact ? 0 : VERSION_UNSETTLED, SET_MARK_MAP, key, n_fields,
	    !exact);
	if (w->error != 0)
		return;
	w->set->origin = c->permits[parts->cube->permit].origin;
	for (size_t i = 0; i < n; i++)
		if (exact)
			write_spread(w, c, &parts[i]);
		else
			write_piece(w, c, &parts[i], parts[i].cube->first,
			    parts[i].cube->last);
}

static void
write_window(struct writer *w, const struct window *window)
{
	struct stmt *s;

	if (window->since == INT64_MIN && window->until == INT64_MAX)
		return;
	s = write_stmt(w, STMT_TIME);
	s->since = window->since;
	s->until = window->until;
}

static void
write_lookup(struct writer *w, const char *leaf, const struct part *part,
    const char *permitted)
{
	char name[LIMIT_OBJECT_NAME + 1];
	enum field key[LIMIT_KEY_FIELDS];
	unsigned int n_fields = key_of(part->form, part->cube->family, key);

	name_table(leaf, part, name);
	write_rule(w);
	write_window(w, &part->cube->window);
	write_keyed(w, STMT_MARK_FROM_MAP, key, n_fields, name,
	    part->exact ? 0 : VERSION_UNSETTLED);
	write_goto(w, permitted);
}

/* Where a flow keeps what its opening had in a field of a leaf's key. */
static enum field
flow_field(enum field f, uint8_t protocol)
{
	bool icmp = protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6;

	switch (f) {	/* those of key_of() */
	case FIELD_IP_SADDR:
		return FIELD_FLOW_SADDR;
	case FIELD_IP_DADDR:
		return FIELD_FLOW_DADDR;
	case FIELD_IP6_SADDR:
		return FIELD_FLOW6_SADDR;
	case FIELD_IP6_DADDR:
		return FIELD_FLOW6_DADDR;
	case FIELD_TH_SPORT:
		return icmp ? FIELD_FLOW_ICMP : FIELD_FLOW_SPORT;
	case FIELD_TH_DPORT:
		return FIELD_FLOW_DPORT;
	default:
		return FIELD_L4PROTO;
	}
}

/* The lookup of an opening, for a flow that runs; by ports: of one protocol. */
static void
write_rejudge_lookup(struct writer *w, const char *leaf, const struct part *part,
    uint8_t protocol)
{
	char name[LIMIT_OBJECT_NAME + 1];
	enum field key[LIMIT_KEY_FIELDS];
	unsigned int n_fields = key_of(part->form, part->cube->family, key);

	for (unsigned int i = 0; i < n_fields; i++)
		key[i] = flow_field(key[i], protocol);
	name_table(leaf, part, name);
	write_rule(w);
	write_window(w, &part->cube->window);
	if (part->form != FORM_PROTOCOL)
		write_number(w, STMT_L4PROTO, protocol);
	write_keyed(w, STMT_MARK_FROM_MAP, key, n_fields, name,
	    part->exact ? 0 : VERSION_UNSETTLED);
	write_stmt(w, STMT_RETURN);
}

/* Ports of a flow mean what its protocol says: one rule for each in the table. */
static void
write_rejudge_table(struct writer *w, const char *leaf, const struct part *parts, size_t n)
{
	bool seen[UINT8_MAX + 1] = { false };

	if (parts->form == FORM_PROTOCOL) {
		write_rejudge_lookup(w, leaf, parts, 0);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		uint8_t protocol = (uint8_t)parts[i].cube->first[CUBE_PROTOCOL];

		if (!seen[protocol])
			write_rejudge_lookup(w, leaf, &parts[i], protocol);
		seen[protocol] = true;
	}
}

/* "rejudge-mn0-lg0": back to where it was asked with the mark of today, or refused. */
static void
write_rejudge(struct writer *w, const struct checked *c, const struct leaf *leaf,
    const char *name, uint32_t pair, const struct parts *parts)
{
	char chain[REJUDGE_NAME_SIZE];
	size_t end;

	if (!rejudges_leaf(w, c, leaf, chain))
		return;
	write_chain(w, chain, 0, leaf->origin);
	for (size_t i = 0; i < parts->count; i = end) {
		for (end = i + 1; end < parts->count; end++)
			if (!same_table(&parts->items[i], &parts->items[end]))
				break;
		write_rejudge_table(w, name, &parts->items[i], end - i);
	}
	write_rejudge_end(w, c, leaf, pair, chain);
}

static void
write_tables(struct writer *w, const struct checked *c, const char *leaf,
    const struct parts *parts, const char *permitted)
{
	size_t end;

	for (size_t i = 0; i < parts->count; i = end) {
		for (end = i + 1; end < parts->count; end++)
			if (!same_table(&parts->items[i], &parts->items[end]))
				break;
		write_table(w, c, leaf, &parts->items[i], end - i);
		write_lookup(w, leaf, &parts->items[i], permitted);
	}
}

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

/* Boxes of both families -> disjoint pieces, IPv4 first. 0, -ENOMEM or -E2BIG. */
static int
make_pieces(const struct checked *c, const struct leaf *leaf, size_t room,
    struct cube_list *pieces, uint32_t *culprit)
{
	uint32_t *boxes = calloc(leaf->n_boxes + 1, sizeof(*boxes));
	static const enum ip_family families[] = { IP_V4, IP_V6 };
	int ret = boxes == NULL ? -ENOMEM : 0;

	for (size_t f = 0; f < 2 && ret == 0; f++) {
		size_t n = 0;

		for (size_t i = 0; i < leaf->n_boxes; i++)
			if (c->boxes[leaf->boxes[i]].src.family == families[f])
				boxes[n++] = leaf->boxes[i];
		ret = boxes_disjoint(c, boxes, n, room, pieces, culprit);
	}
	free(boxes);
	return ret;
}

int
compile_leaf(struct writer *w, const struct checked *c, const struct leaf *leaf,
    uint32_t *culprit)
{
	struct cube_list pieces = { .items = NULL };
	struct parts parts = { .items = NULL };
	uint32_t pair = checked_pair_number(c, leaf->in, leaf->out);
	char name[LEAF_NAME_SIZE], opening[OPENING_NAME_SIZE];
	bool limited = leaf_limits_openings(c, leaf);
	int ret;

	name_leaf(c, leaf->in, leaf->out, name);
	name_opening(name, opening);
	ret = make_pieces(c, leaf, w->room, &pieces, culprit);
	if (ret == 0)
		ret = make_parts(c, pair, &pieces, &parts);
	if (ret == 0) {
		w->room -= pieces.count;
		write_chain(w, name, VERSION_UNSETTLED, leaf->origin);
		write_tables(w, c, name, &parts, limited ? opening : CHAIN_PERMIT);
		write_rule(w);
		if (leaf->in == SEGMENT_SELF || leaf->out == SEGMENT_SELF)
			write_goto(w, CHAIN_REFUSE_SELF);
		else
			write_goto(w, leaf->reject ? CHAIN_REFUSE_REJECT : CHAIN_REFUSE);
		write_leaf_dispatch(w, c, leaf, name);
		write_rejudge(w, c, leaf, name, pair, &parts);
		write_flow(w, c, leaf, name, pair);
		if (limited)
			write_half_open(w, c, leaf, name, pair);
	} else if (ret != -E2BIG) {
		w->error = ret;
		ret = 0;
	}
	free(parts.items);
	cube_list_free(&pieces);
	return ret;
}
