/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of a few objects that must not wait for all the others: nothing is
 * compiled, nothing but these is compared, and one small batch is sent.
 */
#ifndef KERNEL_HELPERS_NFT_APPLY_PART_H
#define KERNEL_HELPERS_NFT_APPLY_PART_H

#include "kernel-helpers/nft_commit.h"
#include "rules/ruleset_part.h"

/* Writes what should be into a part of the running ruleset. 0 or negative errno. */
typedef int nft_rewrite(struct ruleset *part, const void *arg);

/*
 * Rewrite those objects of what is known to run, bring the kernel there, verify, and know
 * it. Where somebody else has changed nf_tables since, the batch is sent all the same: it
 * names its objects, and the kernel refuses it when one is gone.
 *
 * 0: in force, and known. -EAGAIN: in force, but the rest of the table is not what was
 * known: nothing is known any more. Other negative errno: not in force.
 */
int nft_apply_part(struct nft_channel *ch, struct nft_known *known, ruleset_wants *wants,
    nft_rewrite *rewrite, const void *arg, struct nft_refusal *refusal);

#endif /* KERNEL_HELPERS_NFT_APPLY_PART_H */
