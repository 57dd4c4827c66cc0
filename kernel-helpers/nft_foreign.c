/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/nft_foreign.h"

#include "kernel-helpers/attribute.h"
#include "rules/ruleset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

#define FIXED	NLMSG_ALIGN(sizeof(struct nfgenmsg))

static const struct {
	uint8_t question, answer;
} kinds[NFT_FOREIGN_KINDS] = {
	[NFT_FOREIGN_CHAINS] = { NFT_MSG_GETCHAIN, NFT_MSG_NEWCHAIN },
	[NFT_FOREIGN_FLOWTABLES] = { NFT_MSG_GETFLOWTABLE, NFT_MSG_NEWFLOWTABLE },
	[NFT_FOREIGN_RULES] = { NFT_MSG_GETRULE, NFT_MSG_NEWRULE },
};

int
nft_foreign_ask(struct nft_channel *ch, enum nft_foreign_kind kind, struct nft_replies *replies)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
	} q = {
		.h = { .nlmsg_len = sizeof(q), .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		    .nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | kinds[kind].question),
		    .nlmsg_seq = 1 },
		.g = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 },
	};

	return ch->exchange(ch, &q, sizeof(q), replies);
}

/* ---- what an expression does ---------------------------------------------------------- */

static const struct {
	const char *name;
	unsigned int attribute;		/* only with this one; 0: always */
	unsigned int does;
} expressions[] = {
	{ "nat", 0, NFT_FOREIGN_REWRITES },
	{ "masq", 0, NFT_FOREIGN_REWRITES },
	{ "redir", 0, NFT_FOREIGN_REWRITES },
	{ "tproxy", 0, NFT_FOREIGN_REWRITES },
	{ "payload", NFTA_PAYLOAD_SREG, NFT_FOREIGN_REWRITES },
	{ "queue", 0, NFT_FOREIGN_QUEUES },
	{ "notrack", 0, NFT_FOREIGN_UNTRACKS },
	{ "ct", NFTA_CT_SREG, NFT_FOREIGN_MARKS },
	{ "meta", NFTA_META_SREG, NFT_FOREIGN_MARKS },
	{ "fwd", 0, NFT_FOREIGN_MOVES },
	{ "dup", 0, NFT_FOREIGN_MOVES },
	{ "flow_offload", 0, NFT_FOREIGN_OFFLOADS },
};

/* Targets of iptables(8), which iptables-nft wraps. */
static const struct {
	const char *name;
	unsigned int does;
} targets[] = {
	{ "DNAT", NFT_FOREIGN_REWRITES }, { "SNAT", NFT_FOREIGN_REWRITES },
	{ "MASQUERADE", NFT_FOREIGN_REWRITES }, { "REDIRECT", NFT_FOREIGN_REWRITES },
	{ "NETMAP", NFT_FOREIGN_REWRITES }, { "TPROXY", NFT_FOREIGN_REWRITES },
	{ "NFQUEUE", NFT_FOREIGN_QUEUES }, { "CT", NFT_FOREIGN_UNTRACKS },
	{ "NOTRACK", NFT_FOREIGN_UNTRACKS }, { "CONNMARK", NFT_FOREIGN_MARKS },
	{ "MARK", NFT_FOREIGN_MARKS }, { "TEE", NFT_FOREIGN_MOVES },
};

static unsigned int
target_does(const struct attribute *name)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (attribute_is(name, targets[i].name))
			return targets[i].does;
	return 0;
}

static unsigned int
expression_does(struct attribute expression)
{
	struct attribute a[NFTA_EXPR_MAX + 1] = { { NULL, 0 } };
	struct attribute in[32] = { { NULL, 0 } };

	if (!attributes_take(expression, a, NFTA_EXPR_MAX + 1) ||
	    (a[NFTA_EXPR_DATA].bytes != NULL && !attributes_take(a[NFTA_EXPR_DATA], in, 32)))
		return 0;
	if (attribute_is(&a[NFTA_EXPR_NAME], "target"))
		return target_does(&in[NFTA_TARGET_NAME]);
	for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++)
		if (attribute_is(&a[NFTA_EXPR_NAME], expressions[i].name) &&
		    (expressions[i].attribute == 0 ||
		    in[expressions[i].attribute].bytes != NULL))
			return expressions[i].does;
	return 0;
}

static unsigned int
rule_does(struct attribute list)
{
	struct attribute element;
	unsigned int type, does = 0;

	while (attribute_next(&list, &type, &element) == 1)
		if (type == NFTA_LIST_ELEM)
			does |= expression_does(element);
	return does;
}

/* ---- tables --------------------------------------------------------------------------- */

/* NULL: it is ours, or there is no room. */
static struct nft_foreign_table *
table_of(struct nft_foreign *f, uint8_t family, const struct attribute *name)
{
	struct nft_foreign_table t = { .family = family };

	if (family == NFPROTO_INET && name->length == sizeof(RULESET_TABLE) &&
	    attribute_is(name, RULESET_TABLE))
		return NULL;
	attribute_text(name, t.name, sizeof(t.name));
	for (size_t i = 0; i < f->n; i++)
		if (f->tables[i].family == family && strcmp(f->tables[i].name, t.name) == 0)
			return &f->tables[i];
	if (f->n == NFT_FOREIGN_MOST) {
		f->cut = true;
		return NULL;
	}
	f->tables[f->n] = t;
	return &f->tables[f->n++];
}

/* Hooks that packets to or from the gateway alone, or bridged ones, pass do not count. */
static bool
is_hooked(uint8_t family, const struct attribute *hook)
{
	struct attribute a[NFTA_HOOK_MAX + 1] = { { NULL, 0 } };
	uint32_t number;

	if (hook->bytes == NULL || !attributes_take(*hook, a, NFTA_HOOK_MAX + 1) ||
	    family == NFPROTO_ARP || family == NFPROTO_BRIDGE)
		return false;
	number = ntohl(attribute_u32(&a[NFTA_HOOK_HOOKNUM]));
	return family == NFPROTO_NETDEV || number == NF_INET_PRE_ROUTING ||
	    number == NF_INET_FORWARD || number == NF_INET_POST_ROUTING ||
	    number == NF_INET_INGRESS;
}

static void
add_one(struct nft_foreign *f, enum nft_foreign_kind kind, uint8_t family,
    const struct attribute *a)
{
	struct nft_foreign_table *t;

	_Static_assert(NFTA_CHAIN_TABLE == 1 && NFTA_FLOWTABLE_TABLE == 1 && NFTA_RULE_TABLE == 1,
	    "the table is named by attribute 1");
	t = a[1].bytes != NULL ? table_of(f, family, &a[1]) : NULL;
	if (t == NULL)
		return;
	switch (kind) {
	case NFT_FOREIGN_CHAINS:
		t->hooked |= is_hooked(family, &a[NFTA_CHAIN_HOOK]);
		break;
	case NFT_FOREIGN_FLOWTABLES:
		t->does |= NFT_FOREIGN_OFFLOADS;
		break;
	case NFT_FOREIGN_RULES:
		if (a[NFTA_RULE_EXPRESSIONS].bytes != NULL)
			t->does |= rule_does(a[NFTA_RULE_EXPRESSIONS]);
		break;
	case NFT_FOREIGN_KINDS:
		break;
	}
}

/* 1: go on, 0: over, negative errno. */
static int
add_message(struct nft_foreign *f, enum nft_foreign_kind kind, const struct nlmsghdr *h,
    const uint8_t *body, size_t length)
{
	struct attribute a[8] = { { NULL, 0 } };
	struct nfgenmsg g;
	int error = 0;

	_Static_assert(NFTA_CHAIN_HOOK < 8 && NFTA_RULE_EXPRESSIONS < 8, "room for these");
	if (h->nlmsg_type == NLMSG_DONE)
		return 0;
	if (h->nlmsg_type == NLMSG_ERROR) {
		if (length >= sizeof(error))
			memcpy(&error, body, sizeof(error));
		return error < 0 ? error : -EPROTO;
	}
	if (h->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | kinds[kind].answer) || length < FIXED ||
	    !attributes_take((struct attribute){ body + FIXED, length - FIXED }, a, 8))
		return -EPROTO;
	memcpy(&g, body, sizeof(g));
	add_one(f, kind, g.nfgen_family, a);
	return 1;
}

int
nft_foreign_add(struct nft_foreign *f, enum nft_foreign_kind kind, const void *bytes,
    size_t length)
{
	const uint8_t *at = bytes;
	int r = 1;

	while (r == 1 && length >= NLMSG_HDRLEN) {
		struct nlmsghdr h;
		size_t whole;

		memcpy(&h, at, sizeof(h));
		if (h.nlmsg_len < NLMSG_HDRLEN || h.nlmsg_len > length)
			return -EPROTO;
		r = add_message(f, kind, &h, at + NLMSG_HDRLEN, h.nlmsg_len - NLMSG_HDRLEN);
		whole = NLMSG_ALIGN((size_t)h.nlmsg_len);
		if (whole >= length)
			whole = length;
		at += whole;
		length -= whole;
	}
	return r < 0 ? r : r == 1 && length > 0 ? -EPROTO : 0;
}
