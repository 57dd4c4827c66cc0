/* SPDX-License-Identifier: GPL-2.0-or-later */
/* After a change: is what it touched now as the target says? */
#ifndef KERNEL_HELPERS_NFT_VERIFY_H
#define KERNEL_HELPERS_NFT_VERIFY_H

#include "kernel-helpers/nft_channel.h"
#include "kernel-helpers/nft_commit.h"
#include "rules/ruleset.h"
#include "rules/ruleset_diff.h"

#include <stdint.h>

/*
 * Read the objects that the change touched and the elements that it added or
 * removed, all of this generation, and compare; behind a large change every set,
 * chain and rule. 0; -EBADE something differs; -EAGAIN somebody else changed
 * nf_tables; other negative errno.
 */
int nft_verify_change(struct nft_channel *ch, const struct ruleset_change *c,
    const struct ruleset *target, uint32_t generation, struct nft_refusal *refusal);

/*
 * The same, with a pause between the parts of what is large (struct nft_known). -EINTR:
 * it changed what is known; the change and the target are not to be looked at any more.
 */
int nft_verify_pausing(struct nft_channel *ch, const struct ruleset_change *c,
    const struct ruleset *target, uint32_t generation, bool (*pause)(void *arg),
    void *pause_arg, struct nft_refusal *refusal);

/* The same before its sweep, and of its sweep alone; for small changes only. */
int nft_verify_flip(struct nft_channel *ch, const struct ruleset_change *c,
    const struct ruleset *target, uint32_t generation, struct nft_refusal *refusal);
int nft_verify_sweep(struct nft_channel *ch, const struct ruleset_change *c,
    const struct ruleset *target, uint32_t generation, struct nft_refusal *refusal);

/* Fewer objects than a dump of all would be worth, and few elements in them. */
bool nft_verify_is_small(const struct ruleset_change *c);

#endif /* KERNEL_HELPERS_NFT_VERIFY_H */
