/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a set as it should be? The kernel walks a hash set anew for every part of a dump,
 * so a large one takes as long as writing it, and nobody is served in between. Where
 * the kernel tells how many elements a set has (NFTA_SET_COUNT, Linux 6.16), it is asked
 * for the wanted keys instead, some thousand at a time: all of them, and no more.
 */
#include "kernel-helpers/nft_verify_set.h"

#include "kernel-helpers/nft_encode.h"
#include "rules/ruleset_compare.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* Of enum nft_set_attributes, in no header before Linux 6.16. */
#define SET_COUNT	20u
/* A dump of fewer keeps nobody waiting. */
#define MIN_ASKED	8192u

int
verify_ask(struct verify *v, uint8_t type, bool dump, const char *name,
    struct nft_replies *r)
{
	_Alignas(struct nlmsghdr) uint8_t question[NFT_DUMP_REQUEST_BYTES];
	size_t length = nft_dump_request(question, type, dump, name);

	return v->channel->exchange(v->channel, question, length, r);
}

struct ruleset *
verify_copy_type(const struct ruleset_set *s)
{
	struct ruleset *r = ruleset_new();
	struct ruleset_set *copy = r == NULL ? NULL : ruleset_add_set(r, s->name.base,
	    s->name.version, s->kind, s->key, s->n_fields, s->interval);

	if (copy == NULL) {
		ruleset_free(r);
		return NULL;
	}
	copy->counted = s->counted;
	copy->timeout_ms = s->timeout_ms;
	copy->size = s->size;
	return r;
}

/* Nothing the caller holds of the target is there any more when it returns true. */
static bool
pauses(const struct verify *v)
{
	return v->pause != NULL && v->pause(v->pause_arg);
}

int
verify_keys(struct verify *v, const struct change *keys, struct ruleset_set *out)
{
	struct nft_batch b = { .sequence = 1 };
	const struct nlmsghdr *h;
	int left, error = nft_encode_elements(&b, keys, NFT_MSG_GETSETELEM);

	h = (const void *)b.bytes;
	left = (int)b.length;
	for (; error == 0 && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		struct nft_replies r;

		error = v->channel->exchange(v->channel, h, h->nlmsg_len, &r);
		if (error == 0)
			error = nft_dump_elements(&r, &v->dump, out);
		nft_replies_free(&r);
		if (error == 0 && pauses(v))
			error = -EINTR;
	}
	nft_batch_free(&b);
	return error;
}

static int
each_count(const struct nlmsghdr *h, void *arg)
{
	struct nlattr *a;
	uint32_t *count = arg;

	mnl_attr_for_each(a, h, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == SET_COUNT &&
		    mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			*count = ntohl(mnl_attr_get_u32(a));
	return 0;
}

/* Does the kernel count as many as wanted? False also when it does not tell. */
static bool
counts_as_wanted(struct verify *v, const struct ruleset_set *want)
{
	char name[LIMIT_OBJECT_NAME + 16];
	uint32_t count = UINT32_MAX;
	struct nft_replies r;
	int error = verify_ask(v, NFT_MSG_GETSET, false, object_name_text(&want->name, name),
	    &r);

	if (error == 0)
		error = nft_dump_walk(&r, NFT_MSG_NEWSET, v->dump.generation, each_count,
		    &count);
	nft_replies_free(&r);
	return error == 0 && count == want->n_elements;
}

static int
dump_set(struct verify *v, const struct ruleset_set *want, struct ruleset_set *have)
{
	char name[LIMIT_OBJECT_NAME + 16];
	struct nft_replies r;
	int error = verify_ask(v, NFT_MSG_GETSETELEM, true,
	    object_name_text(&want->name, name), &r);

	if (error == 0)
		error = nft_dump_elements(&r, &v->dump, have);
	nft_replies_free(&r);
	return error;
}

int
verify_whole_set(struct verify *v, const struct ruleset_set *want)
{
	const struct change all = { .kind = CHANGE_ADD_ELEMENTS, .set = want,
		.n_elements = want->n_elements };
	struct ruleset *have;
	int error;

	/* What a change took out of a set and what it put in are two steps of its list. */
	if (v->whole == want)
		return 0;
	have = verify_copy_type(want);
	if (have == NULL)
		return -ENOMEM;
	if (!want->interval && want->n_elements >= MIN_ASKED && counts_as_wanted(v, want))
		error = verify_keys(v, &all, &have->sets[0]);
	else
		error = dump_set(v, want, &have->sets[0]);
	if (error == 0) {
		ruleset_sort(have);
		error = set_elements_equal(want, &have->sets[0]) ? 0 : -EBADE;
	}
	ruleset_free(have);
	if (error == 0)
		v->whole = want;
	return error == -ENOENT ? -EBADE : error;
}
