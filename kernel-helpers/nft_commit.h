/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate's door to the kernel: send a change, read the table back.
 *
 * Encoding and decoding are pure (nft_encode.h, nft_dump.h) and run without
 * privilege; only nft_channel needs CAP_NET_ADMIN, so the keeper holds it and
 * control reaches it through the asks of agent/keeper/keeper.h.
 */
#ifndef KERNEL_HELPERS_NFT_COMMIT_H
#define KERNEL_HELPERS_NFT_COMMIT_H

#include "kernel-helpers/nft_channel.h"
#include "rules/ruleset.h"
#include "rules/ruleset_diff.h"

/* A refusal of the kernel, told at the administrator's line. */
struct nft_refusal {
	int error;		/* positive errno */
	struct origin origin;	/* file NULL when no line is concerned */
	char what[192];		/* "element 10.0.0.1 . ... of map mn0-lg0.x4" */
};

/*
 * Bring the kernel from "running" to the content of "target" (both sorted,
 * target gets settled here), in up to three transactions (ruleset_diff.h), each
 * with the generation after the one before as compare-and-swap:
 *   stage  what nothing refers to yet
 *   flip   the new policy takes over
 *   sweep  what the old one left, once no packet is on its way through it
 * A small change is the flip alone.
 * dry_run: all is sent as one batch without its end, the kernel validates and
 * forgets.
 *
 * 0, or a negative errno with the running ruleset unchanged:
 *   -ERESTART  somebody else changed nf_tables in between; read back and retry
 *   other      *refusal says what and where
 * A stage left behind by a failed flip is removed before returning. And one
 * error with the new policy running:
 *   -EUCLEAN   the sweep failed or nobody knows: tables of the old policy may be
 *              left that no packet reaches. Read back and retry: what is left is
 *              all that the next change removes.
 */
int nft_commit(struct nft_channel *ch, const struct ruleset *running,
    struct ruleset *target, bool dry_run, struct nft_refusal *refusal);

/*
 * As nft_commit(), for a "running" that was read at this generation: nothing
 * is sent that does not stand on exactly it. *generation becomes the one after
 * the last transaction.
 */
int nft_commit_at(struct nft_channel *ch, const struct ruleset *running,
    uint32_t *generation, struct ruleset *target, bool dry_run,
    struct nft_refusal *refusal);

/* The same for a difference already made (ruleset_diff() with this target). */
int nft_commit_change(struct nft_channel *ch, struct ruleset_change *c,
    uint32_t *generation, const struct ruleset *target, bool dry_run,
    struct nft_refusal *refusal);

/*
 * Delete our table, which must exist, and add the whole target, in one
 * transaction. Counters start at zero, and until the end of the transaction
 * interval sets are empty: new connections they would permit are refused.
 */
int nft_replace_at(struct nft_channel *ch, uint32_t *generation, struct ruleset *target,
    bool dry_run, struct nft_refusal *refusal);

/* Delete our table, and add none. 0, -ENOENT when there is none, or as above. */
int nft_remove_at(struct nft_channel *ch, uint32_t *generation,
    struct nft_refusal *refusal);

/* The number of the kernel's present generation, of all tables together. */
int nft_generation(struct nft_channel *ch, uint32_t *generation);

/*
 * Read our table back as one consistent snapshot (generation equal before and
 * after, every part of it; retried a few times). *out is NULL when the table
 * does not exist. The caller frees it. 0 or a negative errno; -EPROTO when the
 * table holds something we never write (then *refusal->what says what).
 */
int nft_read_back(struct nft_channel *ch, struct ruleset **out, uint32_t *generation,
    struct nft_refusal *refusal);

/*
 * The whole apply: read back, settle, diff, commit, read back, compare; retried
 * on -ERESTART and -EUCLEAN. A table that holds something we never write, or that still
 * differs after the change, or that leftovers cannot be swept from, is replaced
 * whole in one transaction. On success *changed says whether anything was sent,
 * and *generation is the generation that was compared.
 */
int nft_apply(struct nft_channel *ch, struct ruleset *target, bool dry_run,
    bool *changed, uint32_t *generation, struct nft_refusal *refusal);

/*
 * The same step by step. A stage or flip that fails takes the stage back;
 * nft_commit_unstage() does that for a flip that is not to be. -EUCLEAN: a sweep failed.
 *
 * With a pause (struct nft_known) the stage goes in batches of LIMIT_FLIP_ELEMENTS, a pause
 * between them. -EINTR: one changed what runs; what was staged until then is still there.
 */
int nft_commit_stage(struct nft_channel *ch, struct ruleset_change *c,
    uint32_t *generation, const struct ruleset *target, bool (*pause)(void *arg),
    void *pause_arg, struct nft_refusal *refusal);
int nft_commit_flip(struct nft_channel *ch, const struct ruleset_change *c,
    uint32_t *generation, const struct ruleset *target, struct nft_refusal *refusal);
int nft_commit_unstage(struct nft_channel *ch, const struct ruleset_change *c,
    uint32_t *generation, const struct ruleset *target);
int nft_commit_sweep(struct nft_channel *ch, const struct ruleset_change *c,
    uint32_t *generation, const struct ruleset *target, struct nft_refusal *refusal);

/* What one keeps who applied last; all zero: nothing known. */
struct nft_known {
	/*
	 * Called between the steps of a large change: what cannot wait for its end may
	 * change what is known by nft_apply_part() now. True when it did. May be NULL;
	 * outlives nft_known_forget().
	 */
	bool (*pause)(void *arg);
	void *pause_arg;
	struct ruleset *ruleset;	/* owned */
	uint32_t generation;
	/* Counts what was learned and forgotten: a pointer alone may come back. */
	uint64_t turn;
	/* Of the last change: its sweep is still to be done; NULL: nothing is left. */
	struct ruleset_change *left;
	struct ruleset *before;		/* what ran before it, which "left" points into */
};

void nft_known_forget(struct nft_known *known);

/*
 * nft_apply() for one change among very many objects: while nobody else has
 * changed nf_tables since *known, nothing is read before, and afterwards only what
 * the change touched. Whenever that does not come out even, the whole nft_apply()
 * runs. On success *known owns target; else the caller still does, and nothing is known.
 *
 * The sweep of a small change is left for nft_known_settle(): it waits for packets, and
 * nothing that runs waits for it. Who dies before it leaves what the next nft_apply()
 * removes; the next nft_apply_known() begins with it.
 *
 * Two errors are told of a pause that changed what is known, and leave it known:
 * -EINTR: before the flip; the target is the caller's still and must learn that change,
 * then go again. -ESTALE: behind it, and the target is gone; make it anew.
 */
int nft_apply_known(struct nft_channel *ch, struct nft_known *known,
    struct ruleset *target, bool *changed, struct nft_refusal *refusal);

/*
 * The sweep that was left, if one was, and its proof; where that fails, the whole
 * nft_apply(). 0; else nothing is known any more.
 */
int nft_known_settle(struct nft_channel *ch, struct nft_known *known,
    struct nft_refusal *refusal);

/*
 * The whole nft_apply() of what is known, after somebody else's change. *changed: it was
 * not so any more. Known it stays in any case.
 */
int nft_known_restore(struct nft_channel *ch, struct nft_known *known, bool *changed,
    struct nft_refusal *refusal);

/* Return when no packet is inside rules any more that a commit has replaced. */
void nft_wait_for_packets(void);

#endif /* KERNEL_HELPERS_NFT_COMMIT_H */
