/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies message by message; tables, counters, chains and rules. Sets and
 * elements are in nft_dump_set.c.
 *
 * Element dumps never carry NLM_F_DUMP_INTR (nf_tables_dump_set() does not
 * call nl_dump_check_consistent()), so the generation that every message
 * carries in its low 16 bits (res_id) is what proves one snapshot.
 */
#include "kernel-helpers/nft_dump.h"

#include "kernel-helpers/nft_expr.h"

#include <arpa/inet.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

/* Of a name: attribute 2 but for chains, which have their handle there. */
_Static_assert(NFTA_SET_ELEM_LIST_SET == 2 && NFTA_SET_NAME == 2 && NFTA_RULE_CHAIN == 2 &&
    NFTA_OBJ_NAME == 2 && NFTA_CHAIN_HANDLE == 2, "names are attribute 2");

size_t
nft_dump_request(uint8_t buf[NFT_DUMP_REQUEST_BYTES], uint8_t type, bool dump,
    const char *name)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	memset(buf + h->nlmsg_len, 0, NFT_DUMP_REQUEST_BYTES - h->nlmsg_len);
	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | (dump ? NLM_F_DUMP : 0));
	h->nlmsg_seq = 1;
	g->nfgen_family = NFPROTO_INET;
	g->version = NFNETLINK_V0;
	/* The table is attribute 1 in every message that has one. */
	if (type != NFT_MSG_GETGEN)
		mnl_attr_put_strz(h, NFTA_TABLE_NAME, RULESET_TABLE);
	if (name != NULL)
		(void)mnl_attr_put_strz_check(h, NFT_DUMP_REQUEST_BYTES,
		    type == NFT_MSG_GETCHAIN ? NFTA_CHAIN_NAME : NFTA_SET_ELEM_LIST_SET, name);
	if (name != NULL && type == NFT_MSG_GETOBJ)
		mnl_attr_put_u32(h, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	return h->nlmsg_len;
}

int
nft_dump_strange(struct nft_dump *d, const char *what, const char *name)
{
	memset(d->refusal, 0, sizeof(*d->refusal));
	d->refusal->error = EPROTO;
	snprintf(d->refusal->what, sizeof(d->refusal->what),
	    "table inet " RULESET_TABLE " holds something we never write: %s %.100s",
	    what, name != NULL ? name : "");
	return -EPROTO;
}

static int
error_of(const struct nlmsghdr *h)
{
	int error;

	if (h->nlmsg_len < NLMSG_HDRLEN + sizeof(error))
		return -EPROTO;
	memcpy(&error, mnl_nlmsg_get_payload(h), sizeof(error));
	return error;
}

static bool
same_generation(const struct nlmsghdr *h, uint32_t generation)
{
	struct nfgenmsg g;

	memcpy(&g, mnl_nlmsg_get_payload(h), sizeof(g));
	return ntohs(g.res_id) == (generation & 0xffff);
}

int
nft_dump_walk(const struct nft_replies *r, uint8_t type, uint32_t generation,
    int (*each)(const struct nlmsghdr *h, void *arg), void *arg)
{
	const struct nlmsghdr *h = (const void *)r->bytes;
	int left, error = 0;

	if (r->length > INT32_MAX)
		return -EMSGSIZE;
	left = (int)r->length;
	for (; error == 0 && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE) {
			error = error_of(h);
			continue;
		}
		if ((h->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
			return -EAGAIN;
		if (h->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | type) ||
		    h->nlmsg_len < NLMSG_HDRLEN + sizeof(struct nfgenmsg))
			return -EPROTO;
		if (generation != 0 && !same_generation(h, generation))
			return -EAGAIN;
		error = each(h, arg);
	}
	return error;
}

static int
each_generation(const struct nlmsghdr *h, void *arg)
{
	struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_GEN_ID &&
		    mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			*(uint32_t *)arg = ntohl(mnl_attr_get_u32(a));
	return 0;
}

int
nft_dump_generation(const struct nft_replies *r, uint32_t *generation)
{
	int error;

	*generation = 0;
	error = nft_dump_walk(r, NFT_MSG_NEWGEN, 0, each_generation, generation);
	return error == 0 && *generation == 0 ? -EPROTO : error;
}

/* The comment that encode_...() wrote; "" for none. False when it is something else. */
static bool
read_comment(const uint8_t *udata, uint32_t length, char out[128])
{
	out[0] = '\0';
	if (udata == NULL || length == 0)
		return true;
	if (length < 3 || udata[0] != NFTNL_UDATA_RULE_COMMENT ||
	    udata[1] != length - 2 ||
	    udata[1] > 128 || udata[length - 1] != '\0')
		return false;
	memcpy(out, udata + 2, udata[1]);
	return true;
}

static int
each_table(const struct nlmsghdr *h, void *arg)
{
	struct nft_dump *d = arg;
	struct nftnl_table *t = nftnl_table_alloc();
	const uint8_t *udata;
	uint32_t length = 0;
	int error = 0;

	if (t == NULL)
		return -ENOMEM;
	if (nftnl_table_nlmsg_parse(h, t) < 0) {
		error = -EPROTO;
		goto out;
	}
	udata = nftnl_table_get_data(t, NFTNL_TABLE_USERDATA, &length);
	/* Dormant tables filter nothing; owned ones vanish with their owner. */
	if (nftnl_table_get_u32(t, NFTNL_TABLE_FLAGS) != 0)
		error = nft_dump_strange(d, "flags of the table", NULL);
	else if (!read_comment(udata, length, d->ruleset->comment))
		error = nft_dump_strange(d, "the comment of the table", NULL);
out:
	nftnl_table_free(t);
	return error;
}

int
nft_dump_table(const struct nft_replies *r, struct nft_dump *d)
{
	return nft_dump_walk(r, NFT_MSG_NEWTABLE, d->generation, each_table, d);
}

static int
read_counter(struct nftnl_obj *o, struct nft_dump *d)
{
	const char *name = nftnl_obj_get_str(o, NFTNL_OBJ_NAME);
	struct ruleset_counter *k;
	struct object_name parsed;
	const uint8_t *udata;
	uint32_t length = 0;

	if (name == NULL || nftnl_obj_get_u32(o, NFTNL_OBJ_TYPE) != NFT_OBJECT_COUNTER ||
	    !object_name_parse(name, &parsed))
		return nft_dump_strange(d, "object", name);
	k = ruleset_add_counter(d->ruleset, parsed.base);
	if (k == NULL)
		return -ENOMEM;
	k->name = parsed;
	k->packets = nftnl_obj_get_u64(o, NFTNL_OBJ_CTR_PKTS);
	k->bytes = nftnl_obj_get_u64(o, NFTNL_OBJ_CTR_BYTES);
	udata = nftnl_obj_get_data(o, NFTNL_OBJ_USERDATA, &length);
	if (!read_comment(udata, length, k->comment))
		return nft_dump_strange(d, "the comment of counter", name);
	return 0;
}

static int
each_counter(const struct nlmsghdr *h, void *arg)
{
	struct nftnl_obj *o = nftnl_obj_alloc();
	int error;

	if (o == NULL)
		return -ENOMEM;
	if (nftnl_obj_nlmsg_parse(h, o) < 0)
		error = nft_dump_strange(arg, "an object", NULL);
	else
		error = read_counter(o, arg);
	nftnl_obj_free(o);
	return error;
}

int
nft_dump_counters(const struct nft_replies *r, struct nft_dump *d)
{
	return nft_dump_walk(r, NFT_MSG_NEWOBJ, d->generation, each_counter, d);
}

static enum chain_hook
hook_of(uint32_t number)
{
	switch (number) {	/* kernel numbers, not an enum of ours */
	case NF_INET_PRE_ROUTING:
		return HOOK_PREROUTING;
	case NF_INET_LOCAL_IN:
		return HOOK_INPUT;
	case NF_INET_FORWARD:
		return HOOK_FORWARD;
	case NF_INET_LOCAL_OUT:
		return HOOK_OUTPUT;
	case NF_INET_POST_ROUTING:
		return HOOK_POSTROUTING;
	default:
		return HOOK_NONE;
	}
}

static int
read_chain(const struct nftnl_chain *n, struct nft_dump *d)
{
	const char *name = nftnl_chain_get_str(n, NFTNL_CHAIN_NAME);
	const char *type = nftnl_chain_get_str(n, NFTNL_CHAIN_TYPE);
	struct ruleset_chain *k;
	struct object_name parsed;

	if (name == NULL || !object_name_parse(name, &parsed) ||
	    nftnl_chain_is_set(n, NFTNL_CHAIN_DEV) ||
	    nftnl_chain_is_set(n, NFTNL_CHAIN_DEVICES))
		return nft_dump_strange(d, "chain", name);
	k = ruleset_add_chain(d->ruleset, parsed.base, parsed.version);
	if (k == NULL)
		return -ENOMEM;
	if (!nftnl_chain_is_set(n, NFTNL_CHAIN_HOOKNUM))
		return 0;
	k->hook = hook_of(nftnl_chain_get_u32(n, NFTNL_CHAIN_HOOKNUM));
	k->priority = nftnl_chain_get_s32(n, NFTNL_CHAIN_PRIO);
	k->policy_drop = nftnl_chain_get_u32(n, NFTNL_CHAIN_POLICY) == NF_DROP;
	if (k->hook == HOOK_NONE || type == NULL || strcmp(type, "filter") != 0)
		return nft_dump_strange(d, "base chain", name);
	return 0;
}

/* The filter of the question is not obeyed by every kernel. */
static bool
ours(const char *table)
{
	return table != NULL && strcmp(table, RULESET_TABLE) == 0;
}

static int
each_chain(const struct nlmsghdr *h, void *arg)
{
	struct nftnl_chain *n = nftnl_chain_alloc();
	int error = 0;

	if (n == NULL)
		return -ENOMEM;
	if (nftnl_chain_nlmsg_parse(h, n) < 0)
		error = nft_dump_strange(arg, "a chain", NULL);
	else if (ours(nftnl_chain_get_str(n, NFTNL_CHAIN_TABLE)))
		error = read_chain(n, arg);
	nftnl_chain_free(n);
	return error;
}

int
nft_dump_chains(const struct nft_replies *r, struct nft_dump *d)
{
	return nft_dump_walk(r, NFT_MSG_NEWCHAIN, d->generation, each_chain, d);
}

/* Rules come chain by chain: the last chain is nearly always the right one. */
struct rule_walk {
	struct nft_dump *dump;
	struct ruleset_chain *chain;
	char chain_name[LIMIT_OBJECT_NAME + 16];
};

static int
find_chain(struct rule_walk *w, const char *name)
{
	struct object_name parsed;

	if (name == NULL || strlen(name) >= sizeof(w->chain_name))
		return nft_dump_strange(w->dump, "chain", name);
	if (w->chain != NULL && strcmp(w->chain_name, name) == 0)
		return 0;
	w->chain = object_name_parse(name, &parsed) ?
	    ruleset_find_chain(w->dump->ruleset, &parsed) : NULL;
	if (w->chain == NULL)
		return -EAGAIN;
	memcpy(w->chain_name, name, strlen(name) + 1);
	return 0;
}

static int
read_rule(const struct nftnl_rule *n, struct rule_walk *w)
{
	struct nft_expr_list list;
	struct ruleset_rule *k;
	const uint8_t *udata;
	uint32_t length = 0;
	int error = find_chain(w, nftnl_rule_get_str(n, NFTNL_RULE_CHAIN));

	if (error != 0)
		return error;
	k = ruleset_add_rule(w->chain);
	if (k == NULL)
		return -ENOMEM;
	k->handle = nftnl_rule_get_u64(n, NFTNL_RULE_HANDLE);
	udata = nftnl_rule_get_data(n, NFTNL_RULE_USERDATA, &length);
	error = nft_expr_read(n, &list);
	if (error == -ENOMEM)
		return error;
	if (error == 0)
		error = nft_expr_decode(&list, k);
	if (error != 0 || !read_comment(udata, length, k->comment))
		return nft_dump_strange(w->dump, "a rule in chain", w->chain_name);
	return 0;
}

/* One expression that libnftnl does not know fails the whole rule. */
static int
each_rule(const struct nlmsghdr *h, void *arg)
{
	struct rule_walk *w = arg;
	struct nftnl_rule *n = nftnl_rule_alloc();
	int error;

	if (n == NULL)
		return -ENOMEM;
	if (nftnl_rule_nlmsg_parse(h, n) < 0)
		error = nft_dump_strange(w->dump, "a rule", NULL);
	else
		error = ours(nftnl_rule_get_str(n, NFTNL_RULE_TABLE)) ?
		    read_rule(n, w) : 0;
	nftnl_rule_free(n);
	return error;
}

int
nft_dump_rules(const struct nft_replies *r, struct nft_dump *d)
{
	struct rule_walk w = { .dump = d };

	return nft_dump_walk(r, NFT_MSG_NEWRULE, d->generation, each_rule, &w);
}

static int
each_flowtable(const struct nlmsghdr *h, void *arg)
{
	struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_FLOWTABLE_TABLE &&
		    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0 &&
		    ours(mnl_attr_get_str(a)))
			return nft_dump_strange(arg, "a flowtable", NULL);
	return 0;
}

int
nft_dump_flowtables(const struct nft_replies *r, struct nft_dump *d)
{
	return nft_dump_walk(r, NFT_MSG_NEWFLOWTABLE, d->generation, each_flowtable, d);
}
