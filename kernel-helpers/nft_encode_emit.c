/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single expressions, the guards of header fields, and keys in registers. */
#include "kernel-helpers/nft_lowering.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

struct nft_expr *
nft_emit(struct nft_lowering *l, enum nft_expr_kind kind)
{
	struct nft_expr_list *list = l->list;
	struct nft_expr *x;

	if (list->count == NFT_EXPR_MAX) {
		/* Overwrites the last one; the list is thrown away. */
		l->error = -E2BIG;
		list->count--;
	}
	x = &list->items[list->count++];
	memset(x, 0, sizeof(*x));
	x->kind = kind;
	return x;
}

void
nft_emit_name(struct nft_lowering *l, struct nft_expr *x, const struct object_name *n)
{
	if (n->base[0] == '\0')
		l->error = -EINVAL;
	(void)object_name_text(n, x->name);
}

void
nft_emit_meta(struct nft_lowering *l, uint32_t key)
{
	struct nft_expr *x = nft_emit(l, NFT_X_META);

	x->key = key;
	x->reg = NFT_REG_1;
}

void
nft_emit_ct(struct nft_lowering *l, uint32_t key)
{
	struct nft_expr *x = nft_emit(l, NFT_X_CT);

	x->key = key;
	x->reg = NFT_REG_1;
}

void
nft_emit_payload(struct nft_lowering *l, uint32_t base, uint32_t offset, uint32_t length)
{
	struct nft_expr *x = nft_emit(l, NFT_X_PAYLOAD);

	x->key = base;
	x->offset = offset;
	x->length = length;
	x->reg = NFT_REG_1;
}

void
nft_emit_cmp(struct nft_lowering *l, uint32_t op, const void *data, uint32_t length)
{
	struct nft_expr *x = nft_emit(l, NFT_X_CMP);

	x->key = op;
	x->reg = NFT_REG_1;
	x->length = length;
	memcpy(x->data, data, length);
}

void
nft_emit_cmp_u8(struct nft_lowering *l, uint32_t op, uint8_t value)
{
	nft_emit_cmp(l, op, &value, sizeof(value));
}

/* In host order, as meta, ct and fib leave it in the register. */
void
nft_emit_cmp_u32(struct nft_lowering *l, uint32_t op, uint32_t value)
{
	nft_emit_cmp(l, op, &value, sizeof(value));
}

void
nft_emit_mask(struct nft_lowering *l, const void *mask, uint32_t length)
{
	struct nft_expr *x = nft_emit(l, NFT_X_BITWISE);

	x->reg = NFT_REG_1;
	x->to = NFT_REG_1;
	x->length = length;
	memcpy(x->data, mask, length);
}

void
nft_emit_mask_u8(struct nft_lowering *l, uint8_t mask)
{
	nft_emit_mask(l, &mask, sizeof(mask));
}

void
nft_guard_nfproto(struct nft_lowering *l, uint8_t nfproto)
{
	if (nfproto == 0 || l->nfproto == nfproto)
		return;
	/* Both families in one rule never match. */
	if (l->nfproto != 0)
		l->error = -EINVAL;
	nft_emit_meta(l, NFT_META_NFPROTO);
	nft_emit_cmp_u8(l, NFT_CMP_EQ, nfproto);
	l->nfproto = nfproto;
}

void
nft_guard_l4proto(struct nft_lowering *l, uint8_t protocol)
{
	if (l->l4proto == protocol)
		return;
	if (l->l4proto != 0)
		l->error = -EINVAL;
	nft_emit_meta(l, NFT_META_L4PROTO);
	nft_emit_cmp_u8(l, NFT_CMP_EQ, protocol);
	l->l4proto = protocol;
}

/* A link header is only there, and only of this form, on Ethernet. */
static void
guard_ethernet(struct nft_lowering *l)
{
	uint16_t type = ARPHRD_ETHER;

	if (l->ethernet)
		return;
	nft_emit_meta(l, NFT_META_IIFTYPE);
	nft_emit_cmp(l, NFT_CMP_EQ, &type, sizeof(type));
	l->ethernet = true;
}

static void
load_field(struct nft_lowering *l, const struct field_info *f, uint32_t reg)
{
	switch (f->source) {
	case FIELD_FROM_META:
		nft_emit_meta(l, f->key);
		break;
	case FIELD_FROM_CT:
		nft_emit_ct(l, f->key);
		break;
	case FIELD_FROM_FLOW:
		nft_emit(l, NFT_X_CT_OF)->key = f->key;
		l->list->items[l->list->count - 1].offset = f->offset;
		break;
	case FIELD_FROM_PAYLOAD:
		nft_emit_payload(l, f->key, f->offset, f->length);
		break;
	}
	l->list->items[l->list->count - 1].reg = reg;
}

/* All fields of a key into registers from the first on, guards before. */
void
nft_load_key(struct nft_lowering *l, const struct stmt *s)
{
	unsigned int word = 0;

	if (s->n_fields == 0 || s->n_fields > LIMIT_KEY_FIELDS ||
	    ruleset_key_length(s->key, s->n_fields) > LIMIT_KEY_BYTES) {
		l->error = -EINVAL;
		return;
	}
	for (unsigned int i = 0; i < s->n_fields; i++) {
		nft_guard_nfproto(l, field_info(s->key[i])->nfproto);
		if (s->key[i] == FIELD_ETHER_SADDR)
			guard_ethernet(l);
	}
	for (unsigned int i = 0; i < s->n_fields; i++) {
		const struct field_info *f = field_info(s->key[i]);

		load_field(l, f, nft_expr_register(word));
		word += (f->length + 3u) / 4u;
	}
}
