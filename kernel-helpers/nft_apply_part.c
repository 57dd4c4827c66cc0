/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/nft_apply_part.h"

#include "kernel-helpers/nft_verify.h"

#include <errno.h>
#include <string.h>

/* Another writer may come between the question for the generation and the batch. */
#define TRIES 20

struct part {
	struct ruleset *running, *target;
	struct ruleset_change *change;
};

static void
release(struct part *p)
{
	ruleset_change_free(p->change);
	ruleset_free(p->running);
	ruleset_free(p->target);
}

static int
prepare(struct part *p, const struct ruleset *running, ruleset_wants *wants,
    nft_rewrite *rewrite, const void *arg)
{
	int error = -ENOMEM;

	p->running = ruleset_part(running, wants);
	p->target = ruleset_part(running, wants);
	if (p->running != NULL && p->target != NULL)
		error = rewrite(p->target, arg);
	if (error != 0)
		return error;
	ruleset_sort(p->target);
	p->change = ruleset_settle_diff(p->target, p->running);
	return p->change == NULL ? -ENOMEM : 0;
}

/* *stood: nobody else has changed anything since what is known. */
static int
send(struct nft_channel *ch, const struct nft_known *known, const struct part *p,
    uint32_t *generation, bool *stood, struct nft_refusal *refusal)
{
	int error = -ERESTART;

	for (int i = 0; i < TRIES && error == -ERESTART; i++) {
		error = nft_generation(ch, generation);
		if (error != 0)
			return error;
		*stood = *generation == known->generation;
		error = nft_commit_change(ch, p->change, generation, p->target, false,
		    refusal);
	}
	return error;
}

int
nft_apply_part(struct nft_channel *ch, struct nft_known *known, ruleset_wants *wants,
    nft_rewrite *rewrite, const void *arg, struct nft_refusal *refusal)
{
	struct part p = { 0 };
	uint32_t generation = 0;
	bool stood = false;
	int error = known->ruleset == NULL ? -ENOENT :
	    prepare(&p, known->ruleset, wants, rewrite, arg);

	memset(refusal, 0, sizeof(*refusal));
	if (error == 0)
		error = send(ch, known, &p, &generation, &stood, refusal);
	/* What could not be swept is not looked up any more: the long way finds it. */
	if (error == -EUCLEAN) {
		error = 0;
		stood = false;
	}
	if (error != 0) {
		release(&p);
		return error;
	}
	error = ruleset_put_part(known->ruleset, p.target, wants);
	known->generation = generation;
	if (error == 0 && stood)
		error = nft_verify_change(ch, p.change, known->ruleset, generation, refusal);
	release(&p);
	if (error == 0 && stood)
		return 0;
	nft_known_forget(known);
	return -EAGAIN;
}
