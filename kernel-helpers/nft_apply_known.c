/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The short way of an apply, standing on what is known from the last one. The
 * generation proves that it still holds; anything unexpected takes the long way.
 */
#include "kernel-helpers/nft_commit.h"

#include "kernel-helpers/nft_verify.h"

#include <errno.h>
#include <string.h>

static void
forget_left(struct nft_known *known)
{
	ruleset_change_free(known->left);
	ruleset_free(known->before);
	known->left = NULL;
	known->before = NULL;
}

void
nft_known_forget(struct nft_known *known)
{
	forget_left(known);
	ruleset_free(known->ruleset);
	memset(known, 0, sizeof(*known));
}

static void
learn(struct nft_known *known, struct ruleset *target, uint32_t generation)
{
	forget_left(known);
	if (known->ruleset != target)
		ruleset_free(known->ruleset);
	known->ruleset = target;
	known->generation = generation;
}

/* The flip is done and compared: what ran before stays until the sweep. Takes c. */
static void
learn_flip(struct nft_known *known, struct ruleset *target, struct ruleset_change *c,
    uint32_t generation)
{
	forget_left(known);
	known->before = known->ruleset;
	known->ruleset = target;
	known->generation = generation;
	known->left = c;
}

/* 0: in force and compared. */
static int
commit(struct nft_channel *ch, struct ruleset_change *c, uint32_t *generation, bool later,
    const struct ruleset *target, struct nft_refusal *refusal)
{
	int error;

	memset(refusal, 0, sizeof(*refusal));
	if (ruleset_change_empty(c))
		return 0;
	error = later ? nft_commit_flip(ch, c, generation, target, refusal) :
	    nft_commit_change(ch, c, generation, target, false, refusal);
	if (error != 0)
		return error;
	return later ? nft_verify_flip(ch, c, target, *generation, refusal) :
	    nft_verify_change(ch, c, target, *generation, refusal);
}

/* 0: applied and compared. Anything else: the long way must decide. */
static int
short_way(struct nft_channel *ch, struct nft_known *known, struct ruleset *target,
    bool *changed, struct nft_refusal *refusal)
{
	uint32_t generation = 0;
	struct ruleset_change *c;
	bool later;
	int error = nft_generation(ch, &generation);

	if (error != 0 || generation != known->generation)
		return -ERESTART;
	ruleset_sort(target);
	ruleset_settle(target, known->ruleset);
	c = ruleset_diff(known->ruleset, target);
	if (c == NULL)
		return -ENOMEM;
	*changed = !ruleset_change_empty(c);
	later = c->sweep.count > 0 && nft_verify_is_small(c);
	error = commit(ch, c, &generation, later, target, refusal);
	if (error == 0 && later) {
		learn_flip(known, target, c, generation);
		return 0;
	}
	ruleset_change_free(c);
	if (error == 0)
		learn(known, target, generation);
	return error;
}

/* *changed: something was sent, or had been before. */
static int
long_way(struct nft_channel *ch, struct nft_known *known, struct ruleset *target,
    bool *changed, struct nft_refusal *refusal)
{
	bool before = *changed;
	uint32_t generation;
	int error = nft_apply(ch, target, false, changed, &generation, refusal);

	*changed |= before;
	if (error == 0)
		learn(known, target, generation);
	return error;
}

int
nft_apply_known(struct nft_channel *ch, struct nft_known *known, struct ruleset *target,
    bool *changed, struct nft_refusal *refusal)
{
	int error;

	memset(refusal, 0, sizeof(*refusal));
	*changed = false;
	(void)nft_known_settle(ch, known, refusal);
	if (known->ruleset != NULL && short_way(ch, known, target, changed, refusal) == 0)
		return 0;
	error = long_way(ch, known, target, changed, refusal);
	if (error != 0)
		nft_known_forget(known);
	return error;
}

int
nft_known_restore(struct nft_channel *ch, struct nft_known *known, bool *changed,
    struct nft_refusal *refusal)
{
	*changed = false;
	return long_way(ch, known, known->ruleset, changed, refusal);
}

int
nft_known_settle(struct nft_channel *ch, struct nft_known *known,
    struct nft_refusal *refusal)
{
	/* The policy that what ran before points to may be gone: no line of it is told. */
	struct nft_refusal untold = { 0 };
	bool changed;
	int error;

	memset(refusal, 0, sizeof(*refusal));
	if (known->left == NULL)
		return 0;
	error = nft_commit_sweep(ch, known->left, &known->generation, known->ruleset, &untold);
	if (error == 0)
		error = nft_verify_sweep(ch, known->left, known->ruleset, known->generation,
		    &untold);
	forget_left(known);
	if (error != 0)
		error = nft_known_restore(ch, known, &changed, refusal);
	if (error != 0)
		nft_known_forget(known);
	return error;
}
