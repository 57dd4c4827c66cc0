/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the gate counted, without reading the whole table back. */
#ifndef KERNEL_HELPERS_NFT_ACCOUNT_H
#define KERNEL_HELPERS_NFT_ACCOUNT_H

#include "kernel-helpers/nft_channel.h"
#include "rules/ruleset.h"

/*
 * The named counters with their values, as a sorted ruleset of nothing but counters;
 * without counters when there is no table. The caller frees it. 0 or a negative errno.
 */
int nft_account_counters(struct nft_channel *ch, struct ruleset **out);

/*
 * Every key of the sets of stopped packets: interface indices (0: none, the
 * gateway itself) and the packets counted. 0 or a negative errno, -ENOENT when
 * there is no table.
 */
int nft_account_stopped(struct nft_channel *ch,
    void (*each)(void *arg, uint32_t iif, uint32_t oif, uint64_t packets), void *arg);

#endif /* KERNEL_HELPERS_NFT_ACCOUNT_H */
