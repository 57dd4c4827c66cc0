/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our table could still do what is not ours: translate addresses, hand packets to a
 * process, copy them to another interface, offload flows, rewrite them. So a rule
 * may only look, count, log, mark, and say what becomes of the packet.
 */
#include "kernel-helpers/nft_channel_rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>

#define NONE 0xffffu

/* Expressions of kernel-helpers/nft_expr.c and of nft_encode_set.c. */
static const struct expression {
	const char *name;
	uint16_t writes;	/* attribute by which it would write into the packet */
} expressions[] = {
	{ "meta", NFTA_META_SREG }, { "ct", NONE }, { "payload", NFTA_PAYLOAD_SREG },
	{ "exthdr", NFTA_EXTHDR_SREG }, { "fib", NONE }, { "bitwise", NONE },
	{ "byteorder", NONE }, { "cmp", NONE }, { "lookup", NONE }, { "immediate", NONE },
	{ "objref", NONE }, { "dynset", NONE }, { "limit", NONE }, { "log", NONE },
	{ "reject", NONE }, { "counter", NONE },
};

struct span {
	const uint8_t *at;
	size_t length;
};

/*
 * The next attribute of a list; false at its end, and (with *broken) where it is none.
 */
static bool
next(struct span *list, uint16_t *type, struct span *value, bool *broken)
{
	struct nlattr a;

	if (list->length == 0)
		return false;
	*broken = true;
	if (list->length < NLA_HDRLEN)
		return false;
	memcpy(&a, list->at, sizeof(a));
	if (a.nla_len < NLA_HDRLEN || NLA_ALIGN((size_t)a.nla_len) > list->length)
		return false;
	*broken = false;
	*type = a.nla_type & NLA_TYPE_MASK;
	*value = (struct span){ list->at + NLA_HDRLEN, (size_t)a.nla_len - NLA_HDRLEN };
	list->at += NLA_ALIGN((size_t)a.nla_len);
	list->length -= NLA_ALIGN((size_t)a.nla_len);
	return true;
}

/*
 * One attribute of a list: 1 and *found; 0 when it is not there; -EPROTO for a list
 * that is none or names it twice (the kernel would take the last).
 */
static int
find(struct span list, uint16_t wanted, struct span *found)
{
	struct span value;
	uint16_t type = 0;
	bool broken = false;
	int n = 0;

	while (next(&list, &type, &value, &broken)) {
		if (type != wanted)
			continue;
		*found = value;
		n++;
	}
	return broken || n > 1 ? -EPROTO : n;
}

static bool
number(struct span s, uint32_t *value)
{
	uint32_t net;

	if (s.length != sizeof(net))
		return false;
	memcpy(&net, s.at, sizeof(net));
	*value = ntohl(net);
	return true;
}

/* A NUL-terminated name, as the kernel would read it. */
static bool
is_name(struct span s, const char *name)
{
	return s.length == strlen(name) + 1 && memcmp(s.at, name, s.length) == 0;
}

/* Only the mark of a flow is set, never its zone, helper or labels. */
static const char *
bad_ct(struct span data)
{
	struct span value;
	uint32_t key;
	int r = find(data, NFTA_CT_SREG, &value);

	if (r == 0)
		return NULL;
	if (r < 0 || find(data, NFTA_CT_KEY, &value) != 1 || !number(value, &key) ||
	    key != NFT_CT_MARK)
		return "a rule that sets more of a flow than its mark";
	return NULL;
}

/* NF_QUEUE, NF_STOLEN and NF_REPEAT are not for a gate to say. */
static const char *
bad_verdict(struct span data)
{
	struct span value, verdict;
	uint32_t code;
	int r = find(data, NFTA_IMMEDIATE_DATA, &value);

	if (r == 1)
		r = find(value, NFTA_DATA_VERDICT, &verdict);
	if (r == 0)
		return NULL;
	if (r < 0 || find(verdict, NFTA_VERDICT_CODE, &value) != 1 || !number(value, &code))
		return "a verdict that cannot be read";
	switch ((int32_t)code) {
	case NF_DROP:
	case NF_ACCEPT:
	case NFT_CONTINUE:
	case NFT_JUMP:
	case NFT_GOTO:
	case NFT_RETURN:
		return NULL;
	default:
		return "a verdict we never give";
	}
}

static const struct expression *
find_expression(struct span name)
{
	for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++)
		if (is_name(name, expressions[i].name))
			return &expressions[i];
	return NULL;
}

const char *
nft_channel_bad_expression(const uint8_t *bytes, size_t length)
{
	struct span all = { bytes, length }, name, data = { bytes, 0 }, value;
	const struct expression *e;

	if (find(all, NFTA_EXPR_NAME, &name) != 1 || find(all, NFTA_EXPR_DATA, &data) < 0)
		return "an expression that cannot be read";
	e = find_expression(name);
	if (e == NULL)
		return "an expression we never send";
	if (e->writes != NONE && find(data, e->writes, &value) != 0)
		return "a rule that rewrites packets";
	/* What a dynamic set counts by stands at the set. */
	if (strcmp(e->name, "dynset") == 0 && (find(data, NFTA_DYNSET_EXPR, &value) != 0 ||
	    find(data, NFTA_DYNSET_EXPRESSIONS, &value) != 0))
		return "an expression inside an expression";
	if (strcmp(e->name, "ct") == 0)
		return bad_ct(data);
	return strcmp(e->name, "immediate") == 0 ? bad_verdict(data) : NULL;
}

const char *
nft_channel_bad_expressions(const uint8_t *bytes, size_t length)
{
	struct span list = { bytes, length }, value;
	const char *bad = NULL;
	uint16_t type = 0;
	bool broken = false;

	while (bad == NULL && next(&list, &type, &value, &broken))
		bad = type != NFTA_LIST_ELEM ? "something else than an expression in a rule" :
		    nft_channel_bad_expression(value.at, value.length);
	return broken ? "a list of expressions that cannot be read" : bad;
}

const char *
nft_channel_bad_hook(const uint8_t *bytes, size_t length)
{
	struct span list = { bytes, length }, value;
	uint32_t hook;

	if (find(list, NFTA_HOOK_HOOKNUM, &value) != 1 || !number(value, &hook) ||
	    hook >= NF_INET_NUMHOOKS)
		return "a hook we do not know";
	/* Of the ingress hook, which is a device's. */
	if (find(list, NFTA_HOOK_DEV, &value) != 0 || find(list, NFTA_HOOK_DEVS, &value) != 0)
		return "a chain at a device";
	return NULL;
}

const char *
nft_channel_bad_chain_type(const uint8_t *bytes, size_t length)
{
	return is_name((struct span){ bytes, length }, "filter") ? NULL :
	    "a base chain that is no filter";
}
