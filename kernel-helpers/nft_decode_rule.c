/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions -> the statements of a rule, each found by nft_decode_stmt.c. That nothing
 * else hides in them is proved at the end, by making the expressions of the statements
 * found and comparing them with those given.
 */
#include "kernel-helpers/nft_decode.h"

#include <netinet/in.h>

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

static bool
implies(const struct stmt *s, const struct guard *g)
{
	if (g->kind == STMT_L4PROTO)
		return ((s->kind == STMT_TCP_NOT_OPENING || s->kind == STMT_TCP_FLAG) &&
		    g->value == IPPROTO_TCP) ||
		    (s->kind == STMT_ICMP_TYPE && g->value ==
		    (s->family == NFPROTO_IPV6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP));
	if (s->kind == STMT_IPV4_OPTIONS)
		return g->value == NFPROTO_IPV4;
	if (s->kind == STMT_ROUTING_MISSING)
		return g->value == NFPROTO_IPV6;
	if (s->kind == STMT_ICMP_TYPE)
		return g->value == s->family;
	for (unsigned int i = 0; i < s->n_fields; i++)
		if (field_info(s->key[i])->nfproto == g->value)
			return true;
	return false;
}

static int
append(struct ruleset_rule *rule, const struct stmt *s)
{
	if (rule->n_stmts == RULE_MAX_STMTS)
		return -EPROTO;
	rule->stmts[rule->n_stmts++] = *s;
	return 0;
}

/* Guards that "next" does not imply were written by themselves. */
static int
flush_guards(struct raising *r, const struct stmt *next, struct ruleset_rule *rule)
{
	for (unsigned int i = 0; i < r->n_pending; i++) {
		struct stmt s = { .kind = r->pending[i].kind,
		    .number = r->pending[i].value };
		int error = next != NULL && implies(next, &r->pending[i]) ?
		    0 : append(rule, &s);

		if (error != 0)
			return error;
	}
	r->n_pending = 0;
	return 0;
}

static bool
is_guard(const struct stmt *s)
{
	return (s->kind == STMT_NFPROTO || s->kind == STMT_L4PROTO) && !s->invert;
}

static int
raise_next(struct raising *r, struct ruleset_rule *rule)
{
	struct stmt s = { .kind = STMT_NONE };
	int error;

	/* Always implied, by a link layer address behind it. */
	if (nft_decode_is_meta(r, NFT_META_IIFTYPE)) {
		r->at += 2;
		return 0;
	}
	error = nft_decode_stmt(r, &s, rule);
	if (error != 0)
		return error;
	if (is_guard(&s) && r->n_pending < sizeof(r->pending) / sizeof(r->pending[0])) {
		r->pending[r->n_pending++] =
		    (struct guard){ .kind = s.kind, .value = (uint8_t)s.number };
		return 0;
	}
	error = flush_guards(r, &s, rule);
	return error != 0 ? error : append(rule, &s);
}

static bool
same_list(const struct nft_expr_list *a, const struct nft_expr_list *b)
{
	return a->count == b->count &&
	    memcmp(a->items, b->items, a->count * sizeof(a->items[0])) == 0;
}

/* The guard that stands first because of a statement further on. */
static void
drop_hoisted(struct ruleset_rule *rule)
{
	bool implied = false;

	if (rule->n_stmts == 0 || rule->stmts[0].kind != STMT_NFPROTO ||
	    rule->stmts[0].number != NFPROTO_IPV6 || rule->stmts[0].invert)
		return;
	for (unsigned int i = 1; i < rule->n_stmts; i++)
		implied |= rule->stmts[i].kind == STMT_ROUTING_MISSING;
	if (!implied)
		return;
	rule->n_stmts--;
	memmove(rule->stmts, rule->stmts + 1, rule->n_stmts * sizeof(rule->stmts[0]));
	memset(&rule->stmts[rule->n_stmts], 0, sizeof(rule->stmts[0]));
}

int
nft_expr_decode(const struct nft_expr_list *list, struct ruleset_rule *out)
{
	struct raising r = { .list = list };
	struct nft_expr_list again;
	int error = 0;

	memset(out->stmts, 0, sizeof(out->stmts));
	out->n_stmts = 0;
	while (error == 0 && r.at < list->count)
		error = raise_next(&r, out);
	if (error == 0)
		error = flush_guards(&r, NULL, out);
	if (error != 0)
		return error;
	drop_hoisted(out);
	if (nft_expr_lower(out, &again) != 0 || !same_list(list, &again))
		return -EPROTO;
	return 0;
}
