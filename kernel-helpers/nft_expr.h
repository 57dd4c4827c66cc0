/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule as the kernel's machine runs it: a list of nf_tables expressions, one
 * plain struct each. The encoder makes statements into this, the decoder this
 * into statements, and both meet the netlink form through one table of shapes
 * (nft_expr.c), so what is written is what is recognised.
 */
#ifndef KERNEL_HELPERS_NFT_EXPR_H
#define KERNEL_HELPERS_NFT_EXPR_H

#include "rules/ruleset.h"

#include <libnftnl/rule.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum nft_expr_kind {
	NFT_X_NONE = 0,
	NFT_X_META,		/* key -> reg */
	NFT_X_CT_OF,		/* key of the tuple of direction offset -> reg */
	NFT_X_CT,		/* key -> reg */
	NFT_X_CT_SET,		/* reg -> key */
	NFT_X_PAYLOAD,		/* key: base; offset, length -> reg */
	NFT_X_EXTHDR,		/* key: type; offset, length, flags -> reg */
	NFT_X_FIB,		/* key: result; flags -> reg */
	NFT_X_BITWISE,		/* reg & data -> reg; length */
	NFT_X_BITWISE_XOR,	/* reg & data ^ flags -> reg; length 4 */
	NFT_X_BYTEORDER,	/* key: op; length of the whole, size of a unit */
	NFT_X_CMP,		/* key: op; reg against data of length */
	NFT_X_LOOKUP_MAP,	/* reg in set name -> to */
	NFT_X_LOOKUP,		/* reg in set name; flags */
	NFT_X_VERDICT_CHAIN,	/* key: verdict, to chain name */
	NFT_X_VERDICT,		/* key: verdict */
	NFT_X_OBJREF,		/* key: type; name */
	NFT_X_OBJREF_MAP,	/* reg in map name */
	NFT_X_DYNSET,		/* key: op; reg, set name */
	NFT_X_LIMIT,		/* rate per unit seconds, burst, key: type, flags */
	NFT_X_LOG,		/* prefix name to group key; length copied, size queued */
	NFT_X_REJECT,		/* key: type; flags: code */
	NFT_X_KIND_COUNT
};

#define NFT_EXPR_NAME_SIZE (LIMIT_OBJECT_NAME + 16)

/* Unused members are zero: two expressions are equal when their bytes are. */
struct nft_expr {
	uint32_t kind;		/* enum nft_expr_kind */
	uint32_t reg, to;	/* registers, as the kernel numbers them in dumps */
	uint32_t key;
	uint32_t offset, length, size;
	uint32_t flags;
	uint64_t rate, unit;
	uint32_t burst;
	uint8_t data[16];
	char name[NFT_EXPR_NAME_SIZE];
};

/* The kernel takes 128 (NFT_RULE_MAXEXPRS); no rule of ours needs half of it. */
#define NFT_EXPR_MAX 96u

struct nft_expr_list {
	size_t count;
	struct nft_expr items[NFT_EXPR_MAX];
};

/*
 * Statements to expressions. 0, or -EINVAL for a rule that would not be read
 * back as it is written (e.g. a protocol match that its neighbour implies);
 * -E2BIG for a rule of too many expressions.
 */
int nft_expr_encode(const struct ruleset_rule *rule, struct nft_expr_list *out);

/*
 * Expressions to statements; writes stmts and n_stmts only. 0, or -EPROTO for
 * anything that nft_expr_encode() never makes.
 */
int nft_expr_decode(const struct nft_expr_list *list, struct ruleset_rule *out);

/* As nft_expr_encode(), without reading back. */
int nft_expr_lower(const struct ruleset_rule *rule, struct nft_expr_list *out);

/* To and from netlink, with libnftnl. 0, -ENOMEM; read: -EPROTO, -E2BIG. */
int nft_expr_write(const struct nft_expr_list *list, struct nftnl_rule *rule);
int nft_expr_read(const struct nftnl_rule *rule, struct nft_expr_list *out);

/* Register number of the n-th 4-byte word of the 64 bytes (nft_parse_register()). */
uint32_t nft_expr_register(unsigned int word);

#endif /* KERNEL_HELPERS_NFT_EXPR_H */
