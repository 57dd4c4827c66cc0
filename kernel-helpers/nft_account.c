/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/nft_account.h"

#include "kernel-helpers/nft_dump.h"
#include "rules/compile.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

static int
ask(struct nft_channel *ch, uint8_t type, const char *set, struct nft_replies *replies)
{
	uint8_t request[NFT_DUMP_REQUEST_BYTES] __attribute__((aligned(8)));
	size_t length = nft_dump_request(request, type, true, set);

	return ch->exchange(ch, request, length, replies);
}

int
nft_account_counters(struct nft_channel *ch, struct ruleset **out)
{
	struct nft_refusal refusal = { 0 };
	/* Generation 0: values change all the time, one snapshot is no matter. */
	struct nft_dump dump = { .ruleset = ruleset_new(), .refusal = &refusal };
	struct nft_replies replies = { 0 };
	int r = dump.ruleset == NULL ? -ENOMEM : ask(ch, NFT_MSG_GETOBJ, NULL, &replies);

	if (r == 0)
		r = nft_dump_counters(&replies, &dump);
	nft_replies_free(&replies);
	if (r < 0 && r != -ENOENT) {
		ruleset_free(dump.ruleset);
		return r;
	}
	/* One is asked for after the other, by name: 10,000 permits, 10,000 counters. */
	ruleset_sort(dump.ruleset);
	*out = dump.ruleset;
	return 0;
}

struct stopped_walk {
	void (*each)(void *arg, uint32_t iif, uint32_t oif, uint64_t packets);
	void *arg;
};

/* The attribute of a type directly inside another; NULL when absent. */
static const struct nlattr *
nested(const struct nlattr *outer, uint16_t type)
{
	struct nlattr *a;

	if (outer != NULL)
		mnl_attr_for_each_nested(a, outer)
			if (mnl_attr_get_type(a) == type)
				return a;
	return NULL;
}

/* Packets of the counter expression of an element (NFTA_SET_ELEM_EXPR). */
static uint64_t
packets_of(const struct nlattr *element)
{
	const struct nlattr *expr = nested(element, NFTA_SET_ELEM_EXPR);
	const struct nlattr *packets =
	    nested(nested(expr, NFTA_EXPR_DATA), NFTA_COUNTER_PACKETS);

	return packets != NULL && mnl_attr_validate(packets, MNL_TYPE_U64) >= 0 ?
	    be64toh(mnl_attr_get_u64(packets)) : 0;
}

static void
read_element(const struct nlattr *element, const struct stopped_walk *w)
{
	const struct nlattr *key =
	    nested(nested(element, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE);
	uint32_t interfaces[2];		/* iif . oif lead the key, host order */

	if (key == NULL || mnl_attr_get_payload_len(key) < sizeof(interfaces))
		return;
	memcpy(interfaces, mnl_attr_get_payload(key), sizeof(interfaces));
	w->each(w->arg, interfaces[0], interfaces[1], packets_of(element));
}

static int
each_part(const struct nlmsghdr *h, void *arg)
{
	struct nlattr *list, *element;

	mnl_attr_for_each(list, h, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(list) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(element, list)
			read_element(element, arg);
	}
	return 0;
}

int
nft_account_stopped(struct nft_channel *ch,
    void (*each)(void *arg, uint32_t iif, uint32_t oif, uint64_t packets), void *arg)
{
	static const char *const sets[] = { COMPILE_SET_VIOLATIONS4, COMPILE_SET_VIOLATIONS6 };
	struct stopped_walk w = { .each = each, .arg = arg };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct nft_replies replies = { 0 };

		r = ask(ch, NFT_MSG_GETSETELEM, sets[i], &replies);
		if (r == 0)
			r = nft_dump_walk(&replies, NFT_MSG_NEWSETELEM, 0, each_part, &w);
		nft_replies_free(&replies);
	}
	return r;
}
