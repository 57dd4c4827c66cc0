/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole apply, until the kernel holds the target and was read to prove it.
 * Somebody else's table, or our own with foreign things in it, is no reason to
 * give up: the one is retried, the other replaced whole.
 */
#include "kernel-helpers/nft_commit.h"

#include "kernel-helpers/nft_encode.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Writers of other tables and answers lost; then it is no accident. */
#define TRIES 5
/* Growing a hash takes the kernel's worker milliseconds. */
#define COMPARE_TRIES		3u
#define COMPARE_PAUSE_US	30000u
/* Leftovers that stay after so many are no accident either: replace the table. */
#define MAX_UNSWEPT 3

struct apply {
	struct nft_channel *channel;
	struct ruleset *target;
	bool dry_run;
	bool changed;
	bool uncertain;		/* an answer was lost: it may have happened */
	int unswept;		/* tries that ended with leftovers */
	bool replace;		/* do not trust the difference: delete and add */
	uint32_t generation;
	struct nft_refusal *refusal;
};

static int
mismatch(struct apply *a, const struct ruleset *have)
{
	struct ruleset_mismatch why;

	if (have == NULL) {
		snprintf(a->refusal->what, sizeof(a->refusal->what),
		    "table inet " RULESET_TABLE " is not there after the change");
	} else if (ruleset_equal(a->target, have, &why)) {
		return 0;
	} else {
		snprintf(a->refusal->what, sizeof(a->refusal->what), "%.190s", why.text);
		a->refusal->origin = why.origin;
	}
	a->refusal->error = EBADE;
	return -EBADE;
}

/*
 * Read the table and compare. A hash that the kernel is just growing can tell
 * some elements twice and others not at all in one dump (nft_rhash_walk() counts
 * its way through a table that moves), so a difference is believed only when a
 * little time did not cure it: what follows would replace the table whole.
 */
static int
compare_with_kernel(struct apply *a)
{
	int error = -EBADE;

	for (unsigned int i = 0; i < COMPARE_TRIES && error == -EBADE; i++) {
		struct ruleset *have = NULL;

		usleep(i * COMPARE_PAUSE_US);
		error = nft_read_back(a->channel, &have, &a->generation, a->refusal);
		if (error == 0)
			error = mismatch(a, have);
		ruleset_free(have);
	}
	return error;
}

/* One try: 0 applied and equal. Other results see again(). */
static int
apply_once(struct apply *a)
{
	struct ruleset *running = NULL;
	uint32_t before;
	int error = nft_read_back(a->channel, &running, &a->generation, a->refusal);

	before = a->generation;
	if (error == -EPROTO || (error == 0 && a->replace && running != NULL)) {
		error = nft_replace_at(a->channel, &a->generation, a->target, a->dry_run,
		    a->refusal);
	} else if (error == 0) {
		error = nft_commit_at(a->channel, running, &a->generation, a->target,
		    a->dry_run, a->refusal);
	}
	a->changed |= error == -EUCLEAN;
	a->uncertain |= !a->dry_run && (error == -ENOBUFS || error == -EIO);
	if (error != 0 || a->dry_run)
		goto out;
	if (a->generation == before) {
		error = mismatch(a, running);
		a->changed |= error == 0 && a->uncertain;
		goto out;
	}
	a->changed = true;
	error = compare_with_kernel(a);
out:
	ruleset_free(running);
	return error;
}

/* What another try may cure. */
static bool
again(struct apply *a, int error)
{
	switch (-error) {	/* errno, not an enum of ours */
	case ERESTART:
	case ENOBUFS:
	case EIO:
		return true;
	case EUCLEAN:		/* the new policy runs: what is left is removed */
		a->replace |= ++a->unswept == MAX_UNSWEPT;
		return true;
	case EBADE:
	case EPROTO:
		if (a->replace)
			return false;
		a->replace = true;
		return true;
	default:
		return false;
	}
}

int
nft_apply(struct nft_channel *ch, struct ruleset *target, bool dry_run, bool *changed,
    uint32_t *generation, struct nft_refusal *refusal)
{
	struct apply a = { .channel = ch, .target = target, .dry_run = dry_run,
		.refusal = refusal };
	int error = -EIO;

	memset(refusal, 0, sizeof(*refusal));
	ruleset_sort(target);
	for (int i = 0; i < TRIES; i++) {
		error = apply_once(&a);
		if (error == 0 || !again(&a, error))
			break;
	}
	*changed = a.changed;
	*generation = a.generation;
	if (error == 0)
		memset(refusal, 0, sizeof(*refusal));
	return error;
}
