/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making one rule's expressions: what nft_encode_rule.c (statements),
 * nft_encode_match.c (matches) and nft_encode_emit.c (single expressions) share.
 */
#ifndef KERNEL_HELPERS_NFT_LOWERING_H
#define KERNEL_HELPERS_NFT_LOWERING_H

#include "kernel-helpers/nft_expr.h"

struct nft_lowering {
	struct nft_expr_list *list;
	int error;
	/* Guards that stand before in this rule; 0: none. */
	uint8_t nfproto, l4proto;
	bool ethernet;
};

/* One more expression of this kind, else zero. Never NULL: a full list sets error. */
struct nft_expr *nft_emit(struct nft_lowering *l, enum nft_expr_kind kind);
void nft_emit_name(struct nft_lowering *l, struct nft_expr *x,
    const struct object_name *n);

/* Load into the first register, compare or mask it. */
void nft_emit_meta(struct nft_lowering *l, uint32_t key);
void nft_emit_ct(struct nft_lowering *l, uint32_t key);
void nft_emit_payload(struct nft_lowering *l, uint32_t base, uint32_t offset,
    uint32_t length);
void nft_emit_cmp(struct nft_lowering *l, uint32_t op, const void *data,
    uint32_t length);
void nft_emit_cmp_u8(struct nft_lowering *l, uint32_t op, uint8_t value);
void nft_emit_cmp_u32(struct nft_lowering *l, uint32_t op, uint32_t value);
void nft_emit_mask(struct nft_lowering *l, const void *mask, uint32_t length);
void nft_emit_mask_u8(struct nft_lowering *l, uint8_t mask);

/* Tests that a header is of this kind, unless one stands before in the rule. */
void nft_guard_nfproto(struct nft_lowering *l, uint8_t nfproto);
void nft_guard_l4proto(struct nft_lowering *l, uint8_t protocol);

/* All fields of a key into registers from the first on, guards before. */
void nft_load_key(struct nft_lowering *l, const struct stmt *s);

/* One match each. */
void nft_lower_ct_state(struct nft_lowering *l, const struct stmt *s);
void nft_lower_direction(struct nft_lowering *l, const struct stmt *s);
void nft_lower_nfproto(struct nft_lowering *l, const struct stmt *s);
void nft_lower_l4proto(struct nft_lowering *l, const struct stmt *s);
void nft_lower_ifname(struct nft_lowering *l, const struct stmt *s);
void nft_lower_ipv4_plain(struct nft_lowering *l, const struct stmt *s);
void nft_lower_ipv4_options(struct nft_lowering *l, const struct stmt *s);
void nft_lower_routing_missing(struct nft_lowering *l, const struct stmt *s);
void nft_lower_fib_not_unicast(struct nft_lowering *l, const struct stmt *s);
void nft_lower_fib_local_group(struct nft_lowering *l, const struct stmt *s);
void nft_lower_tcp_not_opening(struct nft_lowering *l, const struct stmt *s);
void nft_lower_tcp_flag(struct nft_lowering *l, const struct stmt *s);
void nft_lower_icmp_type(struct nft_lowering *l, const struct stmt *s);
void nft_lower_time(struct nft_lowering *l, const struct stmt *s);

#endif /* KERNEL_HELPERS_NFT_LOWERING_H */
