/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the keeper lets through to the kernel: a strict reading of bytes that
 * may be hostile. The kernel's own reader is lenient (it masks type flags,
 * takes the last of two equal attributes, skips what it does not know), so
 * everything it could read in another way than we do is refused here.
 *
 * A table may also be named by its handle (NFTA_TABLE_HANDLE, which wins over
 * the name in nf_tables_deltable()), and DELTABLE without a name removes every
 * table of the family: both are refused.
 */
#include "kernel-helpers/nft_channel.h"

#include "kernel-helpers/nft_channel_rules.h"
#include "rules/ruleset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BIT(n)	(1u << (n))
#define HEAD_LENGTH	(NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg)))

/* Every NFTA_*_TABLE, and NFTA_TABLE_NAME, is attribute 1. */
_Static_assert(NFTA_TABLE_NAME == 1 && NFTA_CHAIN_TABLE == 1 && NFTA_RULE_TABLE == 1 &&
    NFTA_SET_TABLE == 1 && NFTA_SET_ELEM_LIST_TABLE == 1 && NFTA_OBJ_TABLE == 1 &&
    NFTA_FLOWTABLE_TABLE == 1,
    "the table is named by attribute 1");
#define TABLE_ATTR 1u

enum place { PLACE_BATCH = 1, PLACE_ALONE };

/* One row: a message we may send, where, and its top-level attributes. */
static const struct allowed {
	uint8_t message;
	enum place place;
	bool needs_table;
	uint32_t attrs;			/* BIT(type) */
} table[] = {
	{ NFT_MSG_NEWTABLE, PLACE_BATCH, true,
	    BIT(NFTA_TABLE_NAME) | BIT(NFTA_TABLE_USERDATA) },
	{ NFT_MSG_DELTABLE, PLACE_BATCH, true, BIT(NFTA_TABLE_NAME) },
	{ NFT_MSG_NEWCHAIN, PLACE_BATCH, true, BIT(NFTA_CHAIN_TABLE) |
	    BIT(NFTA_CHAIN_NAME) | BIT(NFTA_CHAIN_HOOK) | BIT(NFTA_CHAIN_POLICY) |
	    BIT(NFTA_CHAIN_TYPE) | BIT(NFTA_CHAIN_USERDATA) },
	{ NFT_MSG_DELCHAIN, PLACE_BATCH, true, BIT(NFTA_CHAIN_TABLE) |
	    BIT(NFTA_CHAIN_NAME) },
	{ NFT_MSG_NEWRULE, PLACE_BATCH, true, BIT(NFTA_RULE_TABLE) |
	    BIT(NFTA_RULE_CHAIN) | BIT(NFTA_RULE_EXPRESSIONS) | BIT(NFTA_RULE_USERDATA) },
	{ NFT_MSG_DELRULE, PLACE_BATCH, true, BIT(NFTA_RULE_TABLE) |
	    BIT(NFTA_RULE_CHAIN) | BIT(NFTA_RULE_HANDLE) },
	{ NFT_MSG_NEWSET, PLACE_BATCH, true, BIT(NFTA_SET_TABLE) | BIT(NFTA_SET_NAME) |
	    BIT(NFTA_SET_FLAGS) | BIT(NFTA_SET_KEY_TYPE) | BIT(NFTA_SET_KEY_LEN) |
	    BIT(NFTA_SET_DATA_TYPE) | BIT(NFTA_SET_DATA_LEN) | BIT(NFTA_SET_DESC) |
	    BIT(NFTA_SET_ID) | BIT(NFTA_SET_TIMEOUT) | BIT(NFTA_SET_USERDATA) |
	    BIT(NFTA_SET_OBJ_TYPE) | BIT(NFTA_SET_EXPR) | BIT(NFTA_SET_GC_INTERVAL) },
	{ NFT_MSG_DELSET, PLACE_BATCH, true, BIT(NFTA_SET_TABLE) | BIT(NFTA_SET_NAME) },
	{ NFT_MSG_NEWSETELEM, PLACE_BATCH, true, BIT(NFTA_SET_ELEM_LIST_TABLE) |
	    BIT(NFTA_SET_ELEM_LIST_SET) | BIT(NFTA_SET_ELEM_LIST_ELEMENTS) },
	{ NFT_MSG_DELSETELEM, PLACE_BATCH, true, BIT(NFTA_SET_ELEM_LIST_TABLE) |
	    BIT(NFTA_SET_ELEM_LIST_SET) | BIT(NFTA_SET_ELEM_LIST_ELEMENTS) },
	{ NFT_MSG_NEWOBJ, PLACE_BATCH, true, BIT(NFTA_OBJ_TABLE) | BIT(NFTA_OBJ_NAME) |
	    BIT(NFTA_OBJ_TYPE) | BIT(NFTA_OBJ_DATA) | BIT(NFTA_OBJ_USERDATA) },
	{ NFT_MSG_DELOBJ, PLACE_BATCH, true, BIT(NFTA_OBJ_TABLE) | BIT(NFTA_OBJ_NAME) |
	    BIT(NFTA_OBJ_TYPE) },
	{ NFT_MSG_GETGEN, PLACE_ALONE, false, 0 },
	{ NFT_MSG_GETTABLE, PLACE_ALONE, true, BIT(NFTA_TABLE_NAME) },
	{ NFT_MSG_GETCHAIN, PLACE_ALONE, true, BIT(NFTA_CHAIN_TABLE) |
	    BIT(NFTA_CHAIN_NAME) },
	{ NFT_MSG_GETRULE, PLACE_ALONE, true, BIT(NFTA_RULE_TABLE) | BIT(NFTA_RULE_CHAIN) },
	{ NFT_MSG_GETSET, PLACE_ALONE, true, BIT(NFTA_SET_TABLE) | BIT(NFTA_SET_NAME) },
	{ NFT_MSG_GETSETELEM, PLACE_ALONE, true, BIT(NFTA_SET_ELEM_LIST_TABLE) |
	    BIT(NFTA_SET_ELEM_LIST_SET) | BIT(NFTA_SET_ELEM_LIST_ELEMENTS) },
	{ NFT_MSG_GETOBJ, PLACE_ALONE, true, BIT(NFTA_OBJ_TABLE) | BIT(NFTA_OBJ_NAME) |
	    BIT(NFTA_OBJ_TYPE) },
	{ NFT_MSG_GETFLOWTABLE, PLACE_ALONE, true, BIT(NFTA_FLOWTABLE_TABLE) },
};

/* The bytes of one message, and where it stands, for the sentence. */
struct reader {
	const uint8_t *at;
	size_t left;
	unsigned int number;		/* of the message, from 1 */
	char *why;
	size_t why_size;
};

static int
refuse(const struct reader *r, const char *sentence)
{
	if (r->why_size > 0)
		snprintf(r->why, r->why_size, "message %u: %s", r->number, sentence);
	return -EPERM;
}

/* The header of the next message, whole within the bytes. */
static int
read_head(const struct reader *r, struct nlmsghdr *h, struct nfgenmsg *g)
{
	if (r->left < HEAD_LENGTH)
		return refuse(r, "shorter than its header");
	memcpy(h, r->at, sizeof(*h));
	memcpy(g, r->at + NLMSG_HDRLEN, sizeof(*g));
	if (h->nlmsg_len < HEAD_LENGTH)
		return refuse(r, "length below its header");
	if (h->nlmsg_len > r->left)
		return refuse(r, "length beyond the batch");
	if (h->nlmsg_len != NLMSG_ALIGN(h->nlmsg_len))
		return refuse(r, "length not a multiple of 4");
	if ((h->nlmsg_flags & NLM_F_REQUEST) == 0)
		return refuse(r, "no request");
	if (g->version != NFNETLINK_V0)
		return refuse(r, "unknown nfnetlink version");
	return 0;
}

static const struct allowed *
find_allowed(uint16_t type)
{
	if (NFNL_SUBSYS_ID(type) != NFNL_SUBSYS_NFTABLES)
		return NULL;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].message == NFNL_MSG_TYPE(type))
			return &table[i];
	return NULL;
}

static bool
names_our_table(const uint8_t *value, size_t length)
{
	return length == sizeof(RULESET_TABLE) &&
	    memcmp(value, RULESET_TABLE, sizeof(RULESET_TABLE)) == 0;
}

/* Values of attributes that say what is inside; NULL: nothing against it. */
static const char *
look_inside(uint8_t message, unsigned int type, const uint8_t *value, size_t length)
{
	uint32_t number = 0;

	if (length == sizeof(number))
		memcpy(&number, value, sizeof(number));
	if (message == NFT_MSG_NEWRULE && type == NFTA_RULE_EXPRESSIONS)
		return nft_channel_bad_expressions(value, length);
	if (message == NFT_MSG_NEWSET && type == NFTA_SET_EXPR)
		return nft_channel_bad_expression(value, length);
	if (message == NFT_MSG_NEWCHAIN && type == NFTA_CHAIN_HOOK)
		return nft_channel_bad_hook(value, length);
	if (message == NFT_MSG_NEWCHAIN && type == NFTA_CHAIN_TYPE)
		return nft_channel_bad_chain_type(value, length);
	if (message == NFT_MSG_NEWOBJ && type == NFTA_OBJ_TYPE &&
	    ntohl(number) != NFT_OBJECT_COUNTER)
		return "an object that is no counter";
	return NULL;
}

/* Values that would open the gate, whatever else the batch says. */
static int
check_value(const struct reader *r, uint8_t message, unsigned int type,
    const uint8_t *value, size_t length)
{
	const char *bad = look_inside(message, type, value, length);
	uint32_t policy;

	if (bad != NULL)
		return refuse(r, bad);
	if (type == TABLE_ATTR && !names_our_table(value, length))
		return refuse(r, "another table than inet " RULESET_TABLE);
	if (message != NFT_MSG_NEWCHAIN || type != NFTA_CHAIN_POLICY)
		return 0;
	if (length != sizeof(policy))
		return refuse(r, "chain policy of a strange length");
	memcpy(&policy, value, sizeof(policy));
	if (ntohl(policy) != NF_DROP)
		return refuse(r, "a base chain whose policy is not drop");
	return 0;
}

static int
check_attributes(const struct reader *r, const struct allowed *a, size_t length)
{
	const uint8_t *at = r->at + HEAD_LENGTH;
	size_t left = length - HEAD_LENGTH;
	uint32_t seen = 0;

	while (left > 0) {
		struct nlattr n;
		unsigned int type;
		int error;

		if (left < NLA_HDRLEN)
			return refuse(r, "attribute shorter than its header");
		memcpy(&n, at, sizeof(n));
		type = n.nla_type & NLA_TYPE_MASK;
		if (n.nla_len < NLA_HDRLEN || NLA_ALIGN((size_t)n.nla_len) > left)
			return refuse(r, "attribute length beyond its message");
		if (type >= 32 || (a->attrs & BIT(type)) == 0)
			return refuse(r, "an attribute we never send");
		if ((seen & BIT(type)) != 0)
			/* Long lists take several messages, not several attributes. */
			return refuse(r, "the same attribute twice");
		seen |= BIT(type);
		error = check_value(r, a->message, type, at + NLA_HDRLEN,
		    (size_t)n.nla_len - NLA_HDRLEN);
		if (error != 0)
			return error;
		at += NLA_ALIGN((size_t)n.nla_len);
		left -= NLA_ALIGN((size_t)n.nla_len);
	}
	if (a->needs_table && (seen & BIT(TABLE_ATTR)) == 0)
		return refuse(r, "no table named");
	return 0;
}

static int
check_message(const struct reader *r, enum place place, const struct nlmsghdr *h,
    const struct nfgenmsg *g)
{
	const struct allowed *a = find_allowed(h->nlmsg_type);

	if (a == NULL)
		return refuse(r, "a message type we never send");
	if (a->place != place)
		return refuse(r, place == PLACE_BATCH ?
		    "a question inside a batch" : "a change outside a batch");
	if (g->nfgen_family != NFPROTO_INET)
		return refuse(r, "another family than inet");
	return check_attributes(r, a, h->nlmsg_len);
}

/* BEGIN must say nf_tables; beside it stands the generation or nothing. */
static int
check_begin(const struct reader *r, const struct nlmsghdr *h, const struct nfgenmsg *g)
{
	struct nlattr n;

	if (ntohs(g->res_id) != NFNL_SUBSYS_NFTABLES)
		return refuse(r, "a batch for another subsystem");
	if (h->nlmsg_len == HEAD_LENGTH)
		return 0;
	if (h->nlmsg_len != HEAD_LENGTH + NLA_HDRLEN + sizeof(uint32_t))
		return refuse(r, "a batch head of a strange length");
	memcpy(&n, r->at + HEAD_LENGTH, sizeof(n));
	if (n.nla_type != NFNL_BATCH_GENID || n.nla_len != NLA_HDRLEN + sizeof(uint32_t))
		return refuse(r, "a batch head with something else than a generation");
	return 0;
}

static void
advance(struct reader *r, const struct nlmsghdr *h)
{
	r->at += h->nlmsg_len;
	r->left -= h->nlmsg_len;
	r->number++;
}

static int
check_batch(struct reader *r)
{
	struct nlmsghdr h;
	struct nfgenmsg g;
	int error;

	while (r->left > 0) {
		error = read_head(r, &h, &g);
		if (error != 0)
			return error;
		if (h.nlmsg_type == NFNL_MSG_BATCH_END) {
			if (h.nlmsg_len != HEAD_LENGTH || h.nlmsg_len != r->left)
				return refuse(r, "something behind the end of the batch");
			return 0;
		}
		error = check_message(r, PLACE_BATCH, &h, &g);
		if (error != 0)
			return error;
		advance(r, &h);
	}
	/* No end: the kernel validates and forgets. */
	return 0;
}

int
nft_channel_allowed(const void *bytes, size_t length, char *why, size_t why_size)
{
	struct reader r = { bytes, length, 1, why, why_size };
	struct nlmsghdr h;
	struct nfgenmsg g;
	int error = read_head(&r, &h, &g);

	if (error != 0)
		return error;
	if (h.nlmsg_type == NFNL_MSG_BATCH_BEGIN) {
		error = check_begin(&r, &h, &g);
		if (error != 0)
			return error;
		advance(&r, &h);
		return check_batch(&r);
	}
	if (h.nlmsg_len != length)
		return refuse(&r, "several questions at once");
	return check_message(&r, PLACE_ALONE, &h, &g);
}
