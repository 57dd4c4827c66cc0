/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole table as one snapshot: questions in turn, all of one generation. */
#include "kernel-helpers/nft_commit.h"

#include "kernel-helpers/nft_dump.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

/* Others may write other tables at the same time; each try starts anew. */
#define TRIES 8

static int
ask(struct nft_channel *ch, uint8_t type, const char *set, struct nft_replies *r)
{
	_Alignas(struct nlmsghdr) uint8_t question[NFT_DUMP_REQUEST_BYTES];
	bool dump = type != NFT_MSG_GETGEN && type != NFT_MSG_GETTABLE;
	size_t length = nft_dump_request(question, type, dump, set);

	return ch->exchange(ch, question, length, r);
}

int
nft_generation(struct nft_channel *ch, uint32_t *generation)
{
	struct nft_replies r;
	int error = ask(ch, NFT_MSG_GETGEN, NULL, &r);

	if (error == 0)
		error = nft_dump_generation(&r, generation);
	nft_replies_free(&r);
	return error;
}

static int
ask_and_read(struct nft_channel *ch, uint8_t type, struct nft_dump *d,
    int (*read)(const struct nft_replies *r, struct nft_dump *d))
{
	struct nft_replies r;
	int error = ask(ch, type, NULL, &r);

	if (error == 0)
		error = read(&r, d);
	nft_replies_free(&r);
	return error;
}

static int
read_elements(struct nft_channel *ch, struct nft_dump *d, struct ruleset_set *s)
{
	char name[LIMIT_OBJECT_NAME + 16];
	struct nft_replies r;
	int error;

	if (s->dynamic)
		return 0;
	error = ask(ch, NFT_MSG_GETSETELEM, object_name_text(&s->name, name), &r);
	if (error == 0)
		error = nft_dump_elements(&r, d, s);
	nft_replies_free(&r);
	return error;
}

/* Everything behind the table itself; what vanished meanwhile was a change. */
static int
read_contents(struct nft_channel *ch, struct nft_dump *d)
{
	int error = ask_and_read(ch, NFT_MSG_GETOBJ, d, nft_dump_counters);

	if (error == 0)
		error = ask_and_read(ch, NFT_MSG_GETFLOWTABLE, d, nft_dump_flowtables);
	if (error == 0)
		error = ask_and_read(ch, NFT_MSG_GETSET, d, nft_dump_sets);
	if (error == 0)
		error = ask_and_read(ch, NFT_MSG_GETCHAIN, d, nft_dump_chains);
	if (error == 0)
		error = ask_and_read(ch, NFT_MSG_GETRULE, d, nft_dump_rules);
	for (size_t i = 0; i < d->ruleset->n_sets && error == 0; i++)
		error = read_elements(ch, d, &d->ruleset->sets[i]);
	return error == -ENOENT ? -EAGAIN : error;
}

static int
read_once(struct nft_channel *ch, struct nft_dump *d)
{
	uint32_t after;
	int error = nft_generation(ch, &d->generation);

	if (error != 0)
		return error;
	error = ask_and_read(ch, NFT_MSG_GETTABLE, d, nft_dump_table);
	if (error == 0)
		error = read_contents(ch, d);
	if (error == -EAGAIN || (error != 0 && error != -EPROTO && error != -ENOENT))
		return error;
	/* Strange or absent counts only when it is so in one generation. */
	if (nft_generation(ch, &after) != 0 || after != d->generation)
		return -EAGAIN;
	return error;
}

int
nft_read_back(struct nft_channel *ch, struct ruleset **out, uint32_t *generation,
    struct nft_refusal *refusal)
{
	struct nft_dump d = { .refusal = refusal };
	int error = -EAGAIN;

	*out = NULL;
	*generation = 0;
	memset(refusal, 0, sizeof(*refusal));
	for (int i = 0; i < TRIES && (error == -EAGAIN || error == -ENOBUFS); i++) {
		ruleset_free(d.ruleset);
		d.ruleset = ruleset_new();
		if (d.ruleset == NULL)
			return -ENOMEM;
		error = read_once(ch, &d);
	}
	*generation = d.generation;
	if (error == 0) {
		ruleset_sort(d.ruleset);
		*out = d.ruleset;
		return 0;
	}
	ruleset_free(d.ruleset);
	if (error == -ENOENT)
		return 0;
	refusal->error = -error;
	if (refusal->what[0] == '\0')
		snprintf(refusal->what, sizeof(refusal->what),
		    "reading table inet " RULESET_TABLE " back");
	return error;
}
