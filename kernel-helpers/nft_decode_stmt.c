/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One statement out of expressions. Each pattern looks only at what tells it from the
 * others: what else may hide in it is for nft_decode_rule.c to find.
 */
#include "kernel-helpers/nft_decode.h"

#include <netinet/in.h>

#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define NS_PER_SECOND	1000000000ull

/* The expression "ahead" of the cursor when it is of this kind, else NULL. */
static const struct nft_expr *
peek(const struct raising *r, size_t ahead, enum nft_expr_kind kind)
{
	if (r->at + ahead >= r->list->count || r->list->items[r->at + ahead].kind != kind)
		return NULL;
	return &r->list->items[r->at + ahead];
}

bool
nft_decode_is_meta(const struct raising *r, uint32_t key)
{
	const struct nft_expr *x = peek(r, 0, NFT_X_META);

	return x != NULL && x->key == key;
}

static enum field
field_of(const struct nft_expr *x)
{
	for (unsigned int f = FIELD_NONE + 1; f < FIELD_COUNT; f++) {
		const struct field_info *i = field_info((enum field)f);
		bool meta = i->source == FIELD_FROM_META && x->kind == NFT_X_META;
		bool ct = i->source == FIELD_FROM_CT && x->kind == NFT_X_CT;
		bool flow = i->source == FIELD_FROM_FLOW && x->kind == NFT_X_CT_OF;
		bool payload = i->source == FIELD_FROM_PAYLOAD &&
		    x->kind == NFT_X_PAYLOAD;

		if ((meta || ct || flow || payload) && i->key == x->key &&
		    i->offset == x->offset && (!payload || i->length == x->length))
			return (enum field)f;
	}
	return FIELD_NONE;
}

/* Names come from a table of fixed size; what does not fit is not ours. */
static int
set_target(struct stmt *s, const struct nft_expr *x)
{
	return object_name_parse(x->name, &s->target) ? 0 : -EPROTO;
}

static int
raise_key(struct raising *r, struct stmt *s)
{
	while (r->at < r->list->count) {
		enum field f = field_of(&r->list->items[r->at]);

		if (f == FIELD_NONE)
			break;
		if (s->n_fields == LIMIT_KEY_FIELDS)
			return -EPROTO;
		s->key[s->n_fields++] = f;
		r->at++;
	}
	return s->n_fields == 0 ? -EPROTO : 0;
}

/* What is done with a key: looked up, mapped or kept. */
static int
raise_key_use(struct raising *r, struct stmt *s)
{
	const struct nft_expr *x;
	int error = raise_key(r, s);

	if (error != 0 || r->at == r->list->count)
		return -EPROTO;
	x = &r->list->items[r->at++];
	if (x->kind == NFT_X_LOOKUP) {
		s->kind = STMT_IN_SET;
		s->invert = x->flags != 0;
	} else if (x->kind == NFT_X_LOOKUP_MAP && x->to == NFT_REG_VERDICT) {
		s->kind = STMT_VERDICT_MAP;
	} else if (x->kind == NFT_X_LOOKUP_MAP && peek(r, 0, NFT_X_CT_SET) != NULL) {
		s->kind = STMT_MARK_FROM_MAP;
		r->at++;
	} else if (x->kind == NFT_X_DYNSET) {
		s->kind = x->key == NFT_DYNSET_OP_ADD ? STMT_ADD :
		    x->key == NFT_DYNSET_OP_DELETE ? STMT_REMOVE : STMT_UPDATE;
	} else {
		return -EPROTO;
	}
	return set_target(s, x);
}

static int
raise_ct_state(struct raising *r, struct stmt *s)
{
	const struct nft_expr *mask = peek(r, 1, NFT_X_BITWISE);
	const struct nft_expr *x = mask != NULL ? mask : peek(r, 1, NFT_X_CMP);
	uint32_t value;

	if (x == NULL)
		return -EPROTO;
	memcpy(&value, x->data, sizeof(value));
	s->kind = STMT_CT_STATE;
	s->number = value;
	s->invert = mask == NULL;
	r->at += mask != NULL ? 3 : 2;
	return 0;
}

/* Half of the mark: which one shows in what is done with it. */
static int
raise_mark(struct raising *r, struct stmt *s)
{
	const struct nft_expr *map = peek(r, 2, NFT_X_LOOKUP_MAP);
	const struct nft_expr *count = peek(r, 2, NFT_X_OBJREF_MAP);

	if (peek(r, 2, NFT_X_CT_SET) != NULL && (peek(r, 1, NFT_X_BITWISE) != NULL ||
	    peek(r, 1, NFT_X_BITWISE_XOR) != NULL)) {
		s->kind = STMT_MARK_HALF_OPEN;
		s->invert = peek(r, 1, NFT_X_BITWISE) != NULL;
		r->at += 3;
		return 0;
	}
	if (peek(r, 1, NFT_X_BITWISE) == NULL)
		return raise_key_use(r, s);
	if (map == NULL && count == NULL)
		return -EPROTO;
	s->kind = map != NULL ? STMT_VERDICT_BY_PAIR : STMT_COUNT_BY_PERMIT;
	r->at += 3;
	return set_target(s, map != NULL ? map : count);
}

static int
raise_direction(struct raising *r, struct stmt *s)
{
	const struct nft_expr *x = peek(r, 1, NFT_X_CMP);

	if (x == NULL)
		return -EPROTO;
	s->kind = STMT_CT_DIRECTION_ORIGINAL;
	s->invert = x->data[0] != IP_CT_DIR_ORIGINAL;
	r->at += 2;
	return 0;
}

static int
raise_ct(struct raising *r, struct stmt *s)
{
	switch (r->list->items[r->at].key) {
	case NFT_CT_STATE:
		return raise_ct_state(r, s);
	case NFT_CT_DIRECTION:
		return raise_direction(r, s);
	case NFT_CT_MARK:
		return raise_mark(r, s);
	default:	/* kernel numbers, not an enum of ours */
		return raise_key_use(r, s);
	}
}

/* One or both halves: load, turn, compare. */
static int
raise_time(struct raising *r, struct stmt *s)
{
	uint32_t last = 0;

	s->kind = STMT_TIME;
	s->since = INT64_MIN;
	s->until = INT64_MAX;
	for (int half = 0; half < 2 && nft_decode_is_meta(r, NFT_META_TIME_NS); half++) {
		const struct nft_expr *x = peek(r, 2, NFT_X_CMP);
		uint64_t ns;

		if (x == NULL || (half == 1 && last == NFT_CMP_LT))
			break;
		memcpy(&ns, x->data, sizeof(ns));
		if (x->key == NFT_CMP_GTE)
			s->since = (int64_t)(be64toh(ns) / NS_PER_SECOND);
		else
			s->until = (int64_t)(be64toh(ns) / NS_PER_SECOND);
		last = x->key;
		r->at += 3;
	}
	return last == 0 ? -EPROTO : 0;
}

static int
raise_ifname(struct raising *r, struct stmt *s)
{
	const struct nft_expr *x = peek(r, 1, NFT_X_CMP);

	if (x == NULL)
		return raise_key_use(r, s);
	s->kind = STMT_IFNAME;
	s->key[0] = field_of(&r->list->items[r->at]);
	s->n_fields = 1;
	s->invert = x->key == NFT_CMP_NEQ;
	memcpy(s->name, x->data, LIMIT_INTERFACE_NAME);
	r->at += 2;
	return 0;
}

static int
raise_protocol(struct raising *r, struct stmt *s, enum stmt_kind kind)
{
	const struct nft_expr *x = peek(r, 1, NFT_X_CMP);

	if (x == NULL)
		return -EPROTO;
	s->kind = kind;
	s->number = x->data[0];
	s->invert = x->key == NFT_CMP_NEQ;
	r->at += 2;
	return 0;
}

static int
raise_meta(struct raising *r, struct stmt *s)
{
	switch (r->list->items[r->at].key) {
	case NFT_META_NFPROTO:
		return raise_protocol(r, s, STMT_NFPROTO);
	case NFT_META_L4PROTO:
		return raise_protocol(r, s, STMT_L4PROTO);
	case NFT_META_TIME_NS:
		return raise_time(r, s);
	case NFT_META_IIFNAME:
	case NFT_META_OIFNAME:
		return raise_ifname(r, s);
	default:	/* kernel numbers, not an enum of ours */
		return raise_key_use(r, s);
	}
}

static uint8_t
pending_value(const struct raising *r, enum stmt_kind kind)
{
	for (unsigned int i = 0; i < r->n_pending; i++)
		if (r->pending[i].kind == kind)
			return r->pending[i].value;
	return 0;
}

/* The family stands in a guard: of this statement, or of one before it. */
static int
raise_icmp(struct raising *r, struct stmt *s, const struct ruleset_rule *before)
{
	const struct nft_expr *x = peek(r, 1, NFT_X_CMP);
	uint8_t protocol = pending_value(r, STMT_L4PROTO);

	if (x == NULL)
		return -EPROTO;
	for (unsigned int i = 0; i < before->n_stmts && protocol == 0; i++)
		if (before->stmts[i].kind == STMT_ICMP_TYPE)
			protocol = before->stmts[i].family == NFPROTO_IPV6 ?
			    IPPROTO_ICMPV6 : IPPROTO_ICMP;
	s->kind = STMT_ICMP_TYPE;
	s->family = protocol == IPPROTO_ICMPV6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
	s->number = x->data[0];
	s->invert = x->key == NFT_CMP_NEQ;
	r->at += 2;
	return 0;
}

static void
raise_tcp_flags(const struct raising *r, struct stmt *s)
{
	const struct nft_expr *mask = peek(r, 1, NFT_X_BITWISE);
	const struct nft_expr *x = peek(r, 2, NFT_X_CMP);

	s->kind = STMT_TCP_NOT_OPENING;
	if (x == NULL || x->data[0] != 0)
		return;
	s->kind = STMT_TCP_FLAG;
	s->number = mask->data[0];
	s->invert = x->key == NFT_CMP_EQ;
}

static int
raise_payload(struct raising *r, struct stmt *s, const struct ruleset_rule *before)
{
	const struct nft_expr *x = &r->list->items[r->at];
	bool masked = peek(r, 1, NFT_X_BITWISE) != NULL;

	if (x->length != 1 || (!masked && peek(r, 1, NFT_X_CMP) == NULL))
		return raise_key_use(r, s);
	if (x->key == NFT_PAYLOAD_TRANSPORT_HEADER && !masked)
		return raise_icmp(r, s, before);
	if (x->key == NFT_PAYLOAD_TRANSPORT_HEADER)
		raise_tcp_flags(r, s);
	else
		s->kind = masked ? STMT_IPV4_OPTIONS : STMT_IPV4_PLAIN;
	r->at += masked ? 3 : 2;
	return 0;
}

static int
raise_fib(struct raising *r, struct stmt *s)
{
	const struct nft_expr *fib = &r->list->items[r->at];
	const struct nft_expr *x = peek(r, 1, NFT_X_CMP);
	uint32_t type;

	if (x == NULL)
		return -EPROTO;
	if (fib->flags == NFTA_FIB_F_SADDR) {
		s->kind = STMT_FIB_NOT_UNICAST;
	} else {
		s->kind = STMT_FIB_LOCAL_GROUP;
		memcpy(&type, x->data, sizeof(type));
		s->number = type;
	}
	r->at += 2;
	return 0;
}

static int
raise_verdict(struct raising *r, struct stmt *s)
{
	const struct nft_expr *x = &r->list->items[r->at++];

	if (x->kind == NFT_X_VERDICT) {
		s->kind = x->key == NF_ACCEPT ? STMT_ACCEPT :
		    (int)x->key == NFT_RETURN ? STMT_RETURN : STMT_DROP;
		return 0;
	}
	s->kind = (int)x->key == NFT_JUMP ? STMT_JUMP : STMT_GOTO;
	return set_target(s, x);
}

/* Statements of one expression. */
static int
raise_single(struct raising *r, struct stmt *s)
{
	const struct nft_expr *x = &r->list->items[r->at++];

	switch ((enum nft_expr_kind)x->kind) {
	case NFT_X_OBJREF:
		s->kind = STMT_COUNT;
		return set_target(s, x);
	case NFT_X_LIMIT:
		s->kind = STMT_LIMIT;
		s->number = x->rate;
		s->burst = x->burst;
		return 0;
	case NFT_X_LOG:
		s->kind = STMT_LOG;
		s->number = x->key;
		memcpy(s->name, x->name, sizeof(s->name) - 1);
		return 0;
	case NFT_X_REJECT:
		s->kind = STMT_REJECT;
		return 0;
	case NFT_X_EXTHDR:
		s->kind = STMT_ROUTING_MISSING;
		r->at++;
		return 0;
	default:	/* everything else never starts a statement */
		return -EPROTO;
	}
}

int
nft_decode_stmt(struct raising *r, struct stmt *s, const struct ruleset_rule *before)
{
	switch ((enum nft_expr_kind)r->list->items[r->at].kind) {
	case NFT_X_META:
		return raise_meta(r, s);
	case NFT_X_CT:
		return raise_ct(r, s);
	case NFT_X_CT_OF:
		return raise_key_use(r, s);
	case NFT_X_PAYLOAD:
		return raise_payload(r, s, before);
	case NFT_X_FIB:
		return raise_fib(r, s);
	case NFT_X_VERDICT:
	case NFT_X_VERDICT_CHAIN:
		return raise_verdict(r, s);
	default:	/* raise_single() knows the rest, or refuses */
		return raise_single(r, s);
	}
}
