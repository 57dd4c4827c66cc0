/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule, a base chain or a set of ours may hold: the inside of nft_channel_allowed(). */
#ifndef KERNEL_HELPERS_NFT_CHANNEL_RULES_H
#define KERNEL_HELPERS_NFT_CHANNEL_RULES_H

#include <stddef.h>
#include <stdint.h>

/* NULL: nothing against it; else a sentence. The bytes are the attribute's value. */
const char *nft_channel_bad_expressions(const uint8_t *bytes, size_t length);
const char *nft_channel_bad_expression(const uint8_t *bytes, size_t length);
const char *nft_channel_bad_hook(const uint8_t *bytes, size_t length);
const char *nft_channel_bad_chain_type(const uint8_t *bytes, size_t length);

#endif /* KERNEL_HELPERS_NFT_CHANNEL_RULES_H */
