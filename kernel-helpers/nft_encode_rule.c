/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statements -> expressions, as nft(8) 1.0.6 writes them. Matches: nft_encode_match.c. */
#include "kernel-helpers/nft_lowering.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

static void
lower_lookup(struct nft_lowering *l, const struct stmt *s)
{
	bool map = s->kind != STMT_IN_SET;
	struct nft_expr *x;

	nft_load_key(l, s);
	x = nft_emit(l, map ? NFT_X_LOOKUP_MAP : NFT_X_LOOKUP);
	x->reg = NFT_REG_1;
	nft_emit_name(l, x, &s->target);
	if (!map)
		x->flags = s->invert ? NFT_LOOKUP_F_INV : 0;
	else
		x->to = s->kind == STMT_VERDICT_MAP ? NFT_REG_VERDICT : NFT_REG_1;
	if (s->kind != STMT_MARK_FROM_MAP)
		return;
	x = nft_emit(l, NFT_X_CT_SET);
	x->key = NFT_CT_MARK;
	x->reg = NFT_REG_1;
}

/* Half of the mark, in host order as ct leaves it in the register. */
static void
emit_mark(struct nft_lowering *l, uint32_t mask)
{
	nft_emit_ct(l, NFT_CT_MARK);
	nft_emit_mask(l, &mask, sizeof(mask));
}

static void
lower_verdict_by_pair(struct nft_lowering *l, const struct stmt *s)
{
	struct nft_expr *x;

	emit_mark(l, MARK_PAIR_MASK);
	x = nft_emit(l, NFT_X_LOOKUP_MAP);
	x->reg = NFT_REG_1;
	x->to = NFT_REG_VERDICT;
	nft_emit_name(l, x, &s->target);
}

static void
lower_mark_half_open(struct nft_lowering *l, const struct stmt *s)
{
	const uint32_t rest = ~MARK_HALF_OPEN;
	struct nft_expr *x;

	emit_mark(l, rest);
	if (!s->invert) {
		x = &l->list->items[l->list->count - 1];
		x->kind = NFT_X_BITWISE_XOR;
		x->flags = MARK_HALF_OPEN;
	}
	x = nft_emit(l, NFT_X_CT_SET);
	x->key = NFT_CT_MARK;
	x->reg = NFT_REG_1;
}

static void
lower_count(struct nft_lowering *l, const struct stmt *s)
{
	struct nft_expr *x;

	if (s->kind == STMT_COUNT_BY_PERMIT)
		emit_mark(l, MARK_PERMIT_MASK);
	x = nft_emit(l, s->kind == STMT_COUNT ? NFT_X_OBJREF : NFT_X_OBJREF_MAP);
	if (s->kind == STMT_COUNT)
		x->key = NFT_OBJECT_COUNTER;
	else
		x->reg = NFT_REG_1;
	nft_emit_name(l, x, &s->target);
}

static uint32_t
dynset_op(enum stmt_kind kind)
{
	if (kind == STMT_UPDATE)
		return NFT_DYNSET_OP_UPDATE;
	return kind == STMT_ADD ? NFT_DYNSET_OP_ADD : NFT_DYNSET_OP_DELETE;
}

/* The counter of a counted set comes with it (nft_dynset_init()). */
static void
lower_update(struct nft_lowering *l, const struct stmt *s)
{
	struct nft_expr *x;

	nft_load_key(l, s);
	x = nft_emit(l, NFT_X_DYNSET);
	x->key = dynset_op(s->kind);
	x->reg = NFT_REG_1;
	nft_emit_name(l, x, &s->target);
}

static void
lower_limit(struct nft_lowering *l, const struct stmt *s)
{
	struct nft_expr *x = nft_emit(l, NFT_X_LIMIT);

	if (s->number == 0)
		l->error = -EINVAL;
	x->rate = s->number;
	x->unit = 1;
	x->burst = s->burst;
	x->key = NFT_LIMIT_PKTS;
}

static void
lower_log(struct nft_lowering *l, const struct stmt *s)
{
	struct nft_expr *x = nft_emit(l, NFT_X_LOG);

	_Static_assert(sizeof(s->name) <= sizeof(x->name), "a prefix fits");
	if (s->number > UINT16_MAX || s->name[0] == '\0')
		l->error = -EINVAL;
	memcpy(x->name, s->name, strnlen(s->name, sizeof(s->name) - 1));
	x->key = (uint32_t)s->number;
	x->length = RULESET_LOG_SNAPLEN;
	x->size = RULESET_LOG_QTHRESHOLD;
}

static void
lower_reject(struct nft_lowering *l, const struct stmt *s)
{
	struct nft_expr *x = nft_emit(l, NFT_X_REJECT);

	(void)s;
	x->key = NFT_REJECT_ICMPX_UNREACH;
	x->flags = NFT_REJECT_ICMPX_ADMIN_PROHIBITED;
}

static void
lower_verdict(struct nft_lowering *l, const struct stmt *s)
{
	struct nft_expr *x = nft_emit(l, NFT_X_VERDICT);

	int verdict = s->kind == STMT_ACCEPT ? NF_ACCEPT :
	    s->kind == STMT_RETURN ? NFT_RETURN : NF_DROP;

	x->reg = NFT_REG_VERDICT;
	x->key = (uint32_t)verdict;
}

static void
lower_chain_verdict(struct nft_lowering *l, const struct stmt *s)
{
	struct nft_expr *x = nft_emit(l, NFT_X_VERDICT_CHAIN);
	int verdict = s->kind == STMT_JUMP ? NFT_JUMP : NFT_GOTO;

	x->reg = NFT_REG_VERDICT;
	x->key = (uint32_t)verdict;
	nft_emit_name(l, x, &s->target);
}

static void (*const lower[STMT_KIND_COUNT])(
    struct nft_lowering *, const struct stmt *) = {
	[STMT_CT_STATE] = nft_lower_ct_state,
	[STMT_CT_DIRECTION_ORIGINAL] = nft_lower_direction,
	[STMT_NFPROTO] = nft_lower_nfproto,
	[STMT_L4PROTO] = nft_lower_l4proto,
	[STMT_IFNAME] = nft_lower_ifname,
	[STMT_IPV4_PLAIN] = nft_lower_ipv4_plain,
	[STMT_IPV4_OPTIONS] = nft_lower_ipv4_options,
	[STMT_ROUTING_MISSING] = nft_lower_routing_missing,
	[STMT_FIB_NOT_UNICAST] = nft_lower_fib_not_unicast,
	[STMT_FIB_LOCAL_GROUP] = nft_lower_fib_local_group,
	[STMT_TCP_NOT_OPENING] = nft_lower_tcp_not_opening,
	[STMT_TCP_FLAG] = nft_lower_tcp_flag,
	[STMT_ICMP_TYPE] = nft_lower_icmp_type,
	[STMT_TIME] = nft_lower_time,
	[STMT_IN_SET] = lower_lookup,
	[STMT_VERDICT_MAP] = lower_lookup,
	[STMT_VERDICT_BY_PAIR] = lower_verdict_by_pair,
	[STMT_MARK_FROM_MAP] = lower_lookup,
	[STMT_MARK_HALF_OPEN] = lower_mark_half_open,
	[STMT_COUNT] = lower_count,
	[STMT_COUNT_BY_PERMIT] = lower_count,
	[STMT_UPDATE] = lower_update,
	[STMT_ADD] = lower_update,
	[STMT_REMOVE] = lower_update,
	[STMT_LIMIT] = lower_limit,
	[STMT_LOG] = lower_log,
	[STMT_REJECT] = lower_reject,
	[STMT_ACCEPT] = lower_verdict,
	[STMT_DROP] = lower_verdict,
	[STMT_JUMP] = lower_chain_verdict,
	[STMT_GOTO] = lower_chain_verdict,
	[STMT_RETURN] = lower_verdict,
};

int
nft_expr_lower(const struct ruleset_rule *rule, struct nft_expr_list *out)
{
	struct nft_lowering l = { .list = out };

	out->count = 0;
	if (rule->n_stmts > RULE_MAX_STMTS)
		return -EINVAL;
	for (unsigned int i = 0; i < rule->n_stmts; i++) {
		const struct stmt *s = &rule->stmts[i];

		if (s->kind >= STMT_KIND_COUNT || lower[s->kind] == NULL)
			return -EINVAL;
		lower[s->kind](&l, s);
	}
	return l.error;
}

int
nft_expr_encode(const struct ruleset_rule *rule, struct nft_expr_list *out)
{
	struct ruleset_rule back;
	int error = nft_expr_lower(rule, out);

	if (error != 0)
		return error;
	/* What would come back as something else would be seen as drift. */
	if (nft_expr_decode(out, &back) != 0 || back.n_stmts != rule->n_stmts)
		return -EINVAL;
	for (unsigned int i = 0; i < rule->n_stmts; i++)
		if (back.stmts[i].kind != rule->stmts[i].kind)
			return -EINVAL;
	return 0;
}
