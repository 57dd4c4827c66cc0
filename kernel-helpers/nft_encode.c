/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The batch as a buffer, and the messages of tables, chains, rules and
 * counters. Sets and elements: nft_encode_set.c; what a rule is made of:
 * nft_encode_rule.c.
 */
#include "kernel-helpers/nft_encode.h"

#include "kernel-helpers/nft_expr.h"

#include <netinet/in.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

/* No message of ours comes near: elements stop near 64000, a rule at some 10,000. */
#define MESSAGE_ROOM	((size_t)96 << 10)
#define NAME_SIZE	(LIMIT_OBJECT_NAME + 16)

static int
reserve(struct nft_batch *b)
{
	size_t room = b->room == 0 ? 4 * MESSAGE_ROOM : b->room * 2;
	uint8_t *bytes;

	if (b->room - b->length >= MESSAGE_ROOM)
		return 0;
	bytes = realloc(b->bytes, room);
	if (bytes == NULL)
		return -ENOMEM;
	b->bytes = bytes;
	b->room = room;
	return 0;
}

static int
remember(struct nft_batch *b, const struct change *change, size_t first)
{
	if (b->n_marks == b->mark_room) {
		size_t room = b->mark_room == 0 ? 64 : b->mark_room * 2;
		struct nft_batch_mark *marks = reallocarray(b->marks, room,
		    sizeof(*marks));

		if (marks == NULL)
			return -ENOMEM;
		b->marks = marks;
		b->mark_room = room;
	}
	b->marks[b->n_marks++] = (struct nft_batch_mark){ change, first };
	return 0;
}

struct nlmsghdr *
nft_batch_message(struct nft_batch *b, uint16_t type, uint16_t flags,
    const struct change *change, size_t first)
{
	uint32_t sequence = b->sequence + (uint32_t)b->n_marks;

	if (reserve(b) != 0 || remember(b, change, first) != 0) {
		errno = ENOMEM;
		return NULL;
	}
	return nftnl_nlmsg_build_hdr((char *)b->bytes + b->length, type, NFPROTO_INET,
	    flags, sequence);
}

void
nft_batch_close(struct nft_batch *b, const struct nlmsghdr *h)
{
	b->last_message = b->length;
	b->length += NLMSG_ALIGN(h->nlmsg_len);
}

static int
batch_edge(struct nft_batch *b, uint16_t type, uint32_t generation)
{
	struct nlmsghdr *h = nft_batch_message(b, type, 0, NULL, 0);
	struct nfgenmsg *g;

	if (h == NULL)
		return -ENOMEM;
	h->nlmsg_type = type;
	g = mnl_nlmsg_get_payload(h);
	g->nfgen_family = AF_UNSPEC;
	g->res_id = htons(NFNL_SUBSYS_NFTABLES);
	if (generation != 0)
		mnl_attr_put_u32(h, NFNL_BATCH_GENID, htonl(generation));
	b->length += h->nlmsg_len;
	return 0;
}

int
nft_batch_begin(struct nft_batch *b, uint32_t sequence, uint32_t generation)
{
	memset(b, 0, sizeof(*b));
	b->sequence = sequence;
	return batch_edge(b, NFNL_MSG_BATCH_BEGIN, generation);
}

void
nft_batch_free(struct nft_batch *b)
{
	free(b->bytes);
	free(b->marks);
	memset(b, 0, sizeof(*b));
}

int
nft_batch_end(struct nft_batch *b, bool dry_run)
{
	struct nlmsghdr h;

	if (b->last_message != 0) {
		memcpy(&h, b->bytes + b->last_message, sizeof(h));
		h.nlmsg_flags |= NLM_F_ACK;
		memcpy(b->bytes + b->last_message, &h, sizeof(h));
	}
	return dry_run ? 0 : batch_edge(b, NFNL_MSG_BATCH_END, 0);
}

/*
 * A comment in the form of nft(8): type 0, length, text with its NUL. Returns
 * the number of bytes, 0 for no comment.
 */
static uint32_t
comment_udata(const char *text, uint8_t out[2 + NFTNL_UDATA_COMMENT_MAXLEN])
{
	size_t length = strnlen(text, NFTNL_UDATA_COMMENT_MAXLEN - 1);

	if (length == 0)
		return 0;
	out[0] = NFTNL_UDATA_RULE_COMMENT;
	out[1] = (uint8_t)(length + 1);
	memcpy(out + 2, text, length);
	out[2 + length] = '\0';
	return (uint32_t)length + 3;
}

_Static_assert(NFTNL_UDATA_TABLE_COMMENT == 0 && NFTNL_UDATA_RULE_COMMENT == 0 &&
    NFTNL_UDATA_OBJ_COMMENT == 0, "every comment is type 0");

static int
encode_table(struct nft_batch *b, const struct change *c, uint16_t type,
    const char *comment)
{
	uint8_t udata[2 + NFTNL_UDATA_COMMENT_MAXLEN];
	uint32_t length = comment_udata(comment, udata);
	struct nlmsghdr *h = nft_batch_message(b, type,
	    type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0, c, 0);

	if (h == NULL)
		return -ENOMEM;
	mnl_attr_put_strz(h, NFTA_TABLE_NAME, RULESET_TABLE);
	if (length != 0)
		mnl_attr_put(h, NFTA_TABLE_USERDATA, length, udata);
	nft_batch_close(b, h);
	return 0;
}

int
nft_encode_delete_table(struct nft_batch *b)
{
	return encode_table(b, NULL, NFT_MSG_DELTABLE, "");
}

static int
fill_counter(const struct ruleset_counter *k, struct nftnl_obj *o)
{
	uint8_t udata[2 + NFTNL_UDATA_COMMENT_MAXLEN];
	uint32_t length = comment_udata(k->comment, udata);
	char name[NAME_SIZE];

	nftnl_obj_set_str(o, NFTNL_OBJ_TABLE, RULESET_TABLE);
	nftnl_obj_set_str(o, NFTNL_OBJ_NAME, object_name_text(&k->name, name));
	nftnl_obj_set_u32(o, NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
	/* Counts on from there: a table that somebody took away, put back. */
	if (k->packets != 0 || k->bytes != 0) {
		nftnl_obj_set_u64(o, NFTNL_OBJ_CTR_PKTS, k->packets);
		nftnl_obj_set_u64(o, NFTNL_OBJ_CTR_BYTES, k->bytes);
	}
	if (length != 0)
		nftnl_obj_set_data(o, NFTNL_OBJ_USERDATA, udata, length);
	/* libnftnl sets strings by copying and tells nothing when that fails. */
	return nftnl_obj_get_str(o, NFTNL_OBJ_TABLE) == NULL ||
	    nftnl_obj_get_str(o, NFTNL_OBJ_NAME) == NULL ? -ENOMEM : 0;
}

static int
encode_counter(struct nft_batch *b, const struct change *c)
{
	struct nlmsghdr *h = nft_batch_message(b, NFT_MSG_NEWOBJ, NLM_F_CREATE, c, 0);
	struct nftnl_obj *o = nftnl_obj_alloc();
	int error = -ENOMEM;

	if (h != NULL && o != NULL)
		error = fill_counter(c->counter, o);
	if (error == 0) {
		nftnl_obj_nlmsg_build_payload(h, o);
		nft_batch_close(b, h);
	}
	if (o != NULL)
		nftnl_obj_free(o);
	return error;
}

static int
encode_delete_counter(struct nft_batch *b, const struct change *c)
{
	struct nlmsghdr *h = nft_batch_message(b, NFT_MSG_DELOBJ, 0, c, 0);
	char name[NAME_SIZE];

	if (h == NULL)
		return -ENOMEM;
	mnl_attr_put_strz(h, NFTA_OBJ_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(h, NFTA_OBJ_NAME, object_name_text(&c->counter->name, name));
	mnl_attr_put_u32(h, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	nft_batch_close(b, h);
	return 0;
}

static uint32_t
hook_number(enum chain_hook hook)
{
	switch (hook) {
	case HOOK_PREROUTING:
		return NF_INET_PRE_ROUTING;
	case HOOK_INPUT:
		return NF_INET_LOCAL_IN;
	case HOOK_FORWARD:
		return NF_INET_FORWARD;
	case HOOK_OUTPUT:
		return NF_INET_LOCAL_OUT;
	case HOOK_POSTROUTING:
		return NF_INET_POST_ROUTING;
	case HOOK_NONE:
		break;
	}
	return NF_INET_NUMHOOKS;
}

static int
fill_chain(const struct ruleset_chain *k, bool add, struct nftnl_chain *n)
{
	char name[NAME_SIZE];

	nftnl_chain_set_str(n, NFTNL_CHAIN_TABLE, RULESET_TABLE);
	nftnl_chain_set_str(n, NFTNL_CHAIN_NAME, object_name_text(&k->name, name));
	if (add && k->hook != HOOK_NONE) {
		nftnl_chain_set_str(n, NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_set_u32(n, NFTNL_CHAIN_HOOKNUM, hook_number(k->hook));
		nftnl_chain_set_s32(n, NFTNL_CHAIN_PRIO, k->priority);
		nftnl_chain_set_u32(n, NFTNL_CHAIN_POLICY,
		    k->policy_drop ? NF_DROP : NF_ACCEPT);
	}
	return nftnl_chain_get_str(n, NFTNL_CHAIN_TABLE) == NULL ||
	    nftnl_chain_get_str(n, NFTNL_CHAIN_NAME) == NULL ? -ENOMEM : 0;
}

static int
encode_chain(struct nft_batch *b, const struct change *c, bool add)
{
	struct nlmsghdr *h = nft_batch_message(b,
	    add ? NFT_MSG_NEWCHAIN : NFT_MSG_DELCHAIN, add ? NLM_F_CREATE : 0, c, 0);
	struct nftnl_chain *n = nftnl_chain_alloc();
	int error = -ENOMEM;

	if (h != NULL && n != NULL)
		error = fill_chain(c->chain, add, n);
	if (error == 0) {
		nftnl_chain_nlmsg_build_payload(h, n);
		nft_batch_close(b, h);
	}
	if (n != NULL)
		nftnl_chain_free(n);
	return error;
}

static int
fill_rule(const struct ruleset_rule *k, struct nftnl_rule *n)
{
	uint8_t udata[2 + NFTNL_UDATA_COMMENT_MAXLEN];
	uint32_t length = comment_udata(k->comment, udata);
	struct nft_expr_list list;
	int error = nft_expr_encode(k, &list);

	if (error == 0)
		error = nft_expr_write(&list, n);
	if (error == 0 && length != 0 &&
	    nftnl_rule_set_data(n, NFTNL_RULE_USERDATA, udata, length) < 0)
		error = -ENOMEM;
	return error;
}

static int
encode_rule(struct nft_batch *b, const struct change *c, size_t index)
{
	struct nlmsghdr *h = nft_batch_message(b, NFT_MSG_NEWRULE,
	    NLM_F_CREATE | NLM_F_APPEND, c, index);
	struct nftnl_rule *n = nftnl_rule_alloc();
	char name[NAME_SIZE];
	int error = -ENOMEM;

	if (h != NULL && n != NULL &&
	    nftnl_rule_set_str(n, NFTNL_RULE_TABLE, RULESET_TABLE) == 0 &&
	    nftnl_rule_set_str(n, NFTNL_RULE_CHAIN,
	    object_name_text(&c->chain->name, name)) == 0)
		error = fill_rule(&c->chain->rules[index], n);
	if (error == 0) {
		nftnl_rule_nlmsg_build_payload(h, n);
		nft_batch_close(b, h);
	}
	if (n != NULL)
		nftnl_rule_free(n);
	return error;
}

static int
encode_rules(struct nft_batch *b, const struct change *c)
{
	int error = 0;

	for (size_t i = 0; i < c->chain->n_rules && error == 0; i++)
		error = encode_rule(b, c, i);
	return error;
}

/* Without a handle the message means every rule of the chain. */
static int
encode_flush(struct nft_batch *b, const struct change *c)
{
	struct nlmsghdr *h = nft_batch_message(b, NFT_MSG_DELRULE, 0, c, 0);
	char name[NAME_SIZE];

	if (h == NULL)
		return -ENOMEM;
	mnl_attr_put_strz(h, NFTA_RULE_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(h, NFTA_RULE_CHAIN, object_name_text(&c->chain->name, name));
	nft_batch_close(b, h);
	return 0;
}

static int
encode_delete_set(struct nft_batch *b, const struct change *c)
{
	struct nlmsghdr *h = nft_batch_message(b, NFT_MSG_DELSET, 0, c, 0);
	char name[NAME_SIZE];

	if (h == NULL)
		return -ENOMEM;
	mnl_attr_put_strz(h, NFTA_SET_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(h, NFTA_SET_NAME, object_name_text(&c->set->name, name));
	nft_batch_close(b, h);
	return 0;
}

static int
encode_change(struct nft_batch *b, const struct change *c, const struct ruleset *target)
{
	switch (c->kind) {
	case CHANGE_ADD_TABLE:
		return encode_table(b, c, NFT_MSG_NEWTABLE, target->comment);
	case CHANGE_ADD_COUNTER:
		return encode_counter(b, c);
	case CHANGE_ADD_SET:
		return nft_encode_set(b, c);
	case CHANGE_ADD_ELEMENTS:
		return nft_encode_elements(b, c, NFT_MSG_NEWSETELEM);
	case CHANGE_ADD_CHAIN:
		return encode_chain(b, c, true);
	case CHANGE_ADD_RULES:
		return encode_rules(b, c);
	case CHANGE_DELETE_ELEMENTS:
		return nft_encode_elements(b, c, NFT_MSG_DELSETELEM);
	case CHANGE_FLUSH_CHAIN:
		return encode_flush(b, c);
	case CHANGE_DELETE_CHAIN:
		return encode_chain(b, c, false);
	case CHANGE_DELETE_SET:
		return encode_delete_set(b, c);
	case CHANGE_DELETE_COUNTER:
		return encode_delete_counter(b, c);
	}
	return -EINVAL;
}

int
nft_encode_changes(struct nft_batch *b, const struct change_list *changes,
    const struct ruleset *target, struct nft_refusal *refusal)
{
	for (size_t i = 0; i < changes->count; i++) {
		int error = encode_change(b, &changes->items[i], target);

		if (error != 0) {
			nft_batch_blame(b, b->sequence + (uint32_t)b->n_marks - 1, 0,
			    -error, refusal);
			return error;
		}
	}
	return 0;
}
