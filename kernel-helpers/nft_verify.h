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
 * Read every set, chain and rule, and the elements that the change added or
 * removed, all of this generation, and compare. 0; -EBADE something differs;
 * -EAGAIN somebody else changed nf_tables; other negative errno.
 */
int nft_verify_change(struct nft_channel *ch, const struct ruleset_change *c,
    const struct ruleset *target, uint32_t generation, struct nft_refusal *refusal);

#endif /* KERNEL_HELPERS_NFT_VERIFY_H */
