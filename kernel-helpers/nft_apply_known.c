/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The short way of an apply, standing on what is known from the last one. The
 * generation proves that it still holds; anything unexpected takes the long way.
 */
#include "kernel-helpers/nft_commit.h"

#include "kernel-helpers/nft_verify.h"

#include <errno.h>
#include <string.h>

void
nft_known_forget(struct nft_known *known)
{
	ruleset_free(known->ruleset);
	memset(known, 0, sizeof(*known));
}

static void
learn(struct nft_known *known, struct ruleset *target, uint32_t generation)
{
	if (known->ruleset != target)
		ruleset_free(known->ruleset);
	known->ruleset = target;
	known->generation = generation;
}

/* 0: applied and compared. Anything else: the long way must decide. */
static int
short_way(struct nft_channel *ch, struct nft_known *known, struct ruleset *target,
    bool *changed, struct nft_refusal *refusal)
{
	uint32_t generation = 0;
	struct ruleset_change *c;
	int error = nft_generation(ch, &generation);

	if (error != 0 || generation != known->generation)
		return -ERESTART;
	ruleset_sort(target);
	ruleset_settle(target, known->ruleset);
	c = ruleset_diff(known->ruleset, target);
	if (c == NULL)
		return -ENOMEM;
	*changed = !ruleset_change_empty(c);
	if (*changed)
		error = nft_commit_change(ch, c, &generation, target, false, refusal);
	if (error == 0 && *changed)
		error = nft_verify_change(ch, c, target, generation, refusal);
	ruleset_change_free(c);
	if (error == 0)
		learn(known, target, generation);
	return error;
}

int
nft_apply_known(struct nft_channel *ch, struct nft_known *known, struct ruleset *target,
    bool *changed, struct nft_refusal *refusal)
{
	bool before = false;
	uint32_t generation;
	int error;

	memset(refusal, 0, sizeof(*refusal));
	*changed = false;
	if (known->ruleset != NULL &&
	    short_way(ch, known, target, &before, refusal) == 0) {
		*changed = before;
		return 0;
	}
	error = nft_apply(ch, target, false, changed, &generation, refusal);
	if (error != 0) {
		nft_known_forget(known);
		return error;
	}
	*changed |= before;
	learn(known, target, generation);
	return 0;
}
