/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The short way of an apply, standing on what is known from the last one. The
 * generation proves that it still holds; anything unexpected takes the long way.
 */
#include "kernel-helpers/nft_commit.h"

#include "kernel-helpers/nft_verify.h"
#include "rules/ruleset_part.h"

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
	known->ruleset = NULL;
	known->generation = 0;
	known->turn++;
}

static void
learn(struct nft_known *known, struct ruleset *target, uint32_t generation)
{
	forget_left(known);
	if (known->ruleset != target)
		ruleset_free(known->ruleset);
	known->ruleset = target;
	known->generation = generation;
	known->turn++;
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
	known->turn++;
}

static bool
pauses(struct nft_known *known)
{
	return known->pause != NULL && known->pause(known->pause_arg);
}

/* One that nobody waits for: no pause, and its sweep comes later. Takes c where it holds. */
static int
commit_small(struct nft_channel *ch, struct nft_known *known, struct ruleset *target,
    struct ruleset_change *c, struct nft_refusal *refusal)
{
	uint32_t generation = known->generation;
	int error = nft_commit_stage(ch, c, &generation, target, NULL, NULL, refusal);

	if (error == 0)
		error = nft_commit_flip(ch, c, &generation, target, refusal);
	if (error == 0)
		error = nft_verify_flip(ch, c, target, generation, refusal);
	if (error != 0)
		return error;
	learn_flip(known, target, c, generation);
	if (c->sweep.count == 0)
		forget_left(known);
	return 0;
}

/* What was staged goes again: it is to be compared with what is known now. */
static int
step_back(struct nft_channel *ch, struct nft_known *known, struct ruleset *target,
    struct ruleset_change *c)
{
	if (known->ruleset == NULL ||
	    nft_commit_unstage(ch, c, &known->generation, target) != 0)
		nft_known_forget(known);
	return -EINTR;
}

/*
 * Behind the flip, which is known: sweep and prove, with a pause before each. Whatever a
 * pause changed moves what c points to in the target, so then all is read.
 */
static int
finish_large(struct nft_channel *ch, struct nft_known *known, struct ruleset *target,
    struct nft_refusal *refusal)
{
	const uint64_t turn = known->turn;
	bool paused = pauses(known), changed;
	int error;

	if (known->turn != turn)
		return -ESTALE;
	error = nft_commit_sweep(ch, known->left, &known->generation, target, refusal);
	if (error == 0 && pauses(known)) {
		paused = true;
		if (known->turn != turn)
			return -ESTALE;
	}
	if (error == 0 && !paused) {
		error = nft_verify_pausing(ch, known->left, target, known->generation,
		    known->pause, known->pause_arg, refusal);
		if (error == -EINTR && known->turn != turn)
			return -ESTALE;
	}
	forget_left(known);
	return error == 0 && !paused ? 0 : nft_known_restore(ch, known, &changed, refusal);
}

/* Takes c where the flip was done; the target then, too. */
static int
commit_large(struct nft_channel *ch, struct nft_known *known, struct ruleset *target,
    struct ruleset_change *c, bool *flipped, struct nft_refusal *refusal)
{
	uint32_t generation;
	int error = nft_commit_stage(ch, c, &known->generation, target, known->pause,
	    known->pause_arg, refusal);

	if (error == -EINTR || (error == 0 && c->stage.count > 0 && pauses(known)))
		return step_back(ch, known, target, c);
	if (error != 0)
		return error;
	generation = known->generation;
	error = nft_commit_flip(ch, c, &generation, target, refusal);
	if (error != 0)
		return error;
	learn_flip(known, target, c, generation);
	*flipped = true;
	return finish_large(ch, known, target, refusal);
}

/* 0: applied and compared. -EINTR and -ESTALE: see nft_apply_known(). Else the long way. */
static int
short_way(struct nft_channel *ch, struct nft_known *known, struct ruleset *target,
    bool *changed, struct nft_refusal *refusal)
{
	uint32_t generation = 0;
	struct ruleset_change *c;
	bool small, flipped = false;
	int error = nft_generation(ch, &generation);

	if (error != 0 || generation != known->generation)
		return -ERESTART;
	c = ruleset_settle_diff(target, known->ruleset);
	if (c == NULL)
		return -ENOMEM;
	*changed = !ruleset_change_empty(c);
	small = nft_verify_is_small(c);
	memset(refusal, 0, sizeof(*refusal));
	if (!*changed)
		learn(known, target, generation);
	else if (small)
		error = commit_small(ch, known, target, c, refusal);
	else
		error = commit_large(ch, known, target, c, &flipped, refusal);
	if (!*changed || (error != 0 && !flipped))
		ruleset_change_free(c);
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
	/* Where the table has to be made anew, also later, it counts on. */
	ruleset_sort(target);
	if (known->ruleset != NULL)
		ruleset_take_counts(target, known->ruleset);
	error = known->ruleset == NULL ? -ENOENT :
	    short_way(ch, known, target, changed, refusal);
	if (error == 0 || error == -EINTR || error == -ESTALE)
		return error;
	/* What had become known meanwhile is not the caller's to lose. */
	if (known->ruleset == target)
		known->ruleset = NULL;
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
