/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two files of the decoder share. Not for others: nft_expr_decode() of nft_expr.h. */
#ifndef KERNEL_HELPERS_NFT_DECODE_H
#define KERNEL_HELPERS_NFT_DECODE_H

#include "kernel-helpers/nft_expr.h"

/* A test of the family or protocol whose meaning the next statement tells. */
struct guard {
	enum stmt_kind kind;
	uint8_t value;
};

/* A walk over the expressions of one rule. */
struct raising {
	const struct nft_expr_list *list;
	size_t at;			/* of the next one; within the list */
	struct guard pending[2];
	unsigned int n_pending;
};

/*
 * The statement that begins at r->at, which goes on behind it; "before" has those found so
 * far. 0, or -EPROTO: none of ours.
 */
int nft_decode_stmt(struct raising *r, struct stmt *s, const struct ruleset_rule *before);

/* The next expression loads this. */
bool nft_decode_is_meta(const struct raising *r, uint32_t key);

#endif /* KERNEL_HELPERS_NFT_DECODE_H */
