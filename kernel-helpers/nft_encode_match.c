/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Matches -> expressions, in the order and the registers that nft(8) 1.0.6
 * uses, so that both list alike. A header field of one family is guarded by a
 * test of that family first: the kernel does not check it (nft_payload_eval()).
 */
#include "kernel-helpers/nft_lowering.h"

#include <netinet/in.h>

#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define NS_PER_SECOND	1000000000ll
/* Largest time that nanoseconds in 64 bits hold; the year 2262. */
#define MAX_SECONDS	(INT64_MAX / NS_PER_SECOND)
#define TCP_FLAGS_OFFSET 13u
#define TCP_FLAGS_LOOKED_AT 0x17u	/* FIN SYN RST ACK, RFC 9293 section 3.1 */

static uint32_t
equal_or_not(const struct stmt *s)
{
	return s->invert ? NFT_CMP_NEQ : NFT_CMP_EQ;
}

void
nft_lower_ct_state(struct nft_lowering *l, const struct stmt *s)
{
	uint32_t mask = (uint32_t)s->number;

	/* The state is one bit; "is not one of several" has no such form. */
	if (mask == 0 || s->number > UINT32_MAX ||
	    (s->invert && (mask & (mask - 1)) != 0)) {
		l->error = -EINVAL;
		return;
	}
	nft_emit_ct(l, NFT_CT_STATE);
	if (s->invert) {
		nft_emit_cmp_u32(l, NFT_CMP_NEQ, mask);
		return;
	}
	nft_emit_mask(l, &mask, sizeof(mask));
	nft_emit_cmp_u32(l, NFT_CMP_NEQ, 0);
}

static void
lower_protocol(struct nft_lowering *l, const struct stmt *s, uint32_t meta_key,
    uint8_t *guard)
{
	if (s->number > UINT8_MAX) {
		l->error = -EINVAL;
		return;
	}
	nft_emit_meta(l, meta_key);
	nft_emit_cmp_u8(l, equal_or_not(s), (uint8_t)s->number);
	if (!s->invert)
		*guard = (uint8_t)s->number;
}

void
nft_lower_nfproto(struct nft_lowering *l, const struct stmt *s)
{
	lower_protocol(l, s, NFT_META_NFPROTO, &l->nfproto);
}

void
nft_lower_l4proto(struct nft_lowering *l, const struct stmt *s)
{
	lower_protocol(l, s, NFT_META_L4PROTO, &l->l4proto);
}

void
nft_lower_ifname(struct nft_lowering *l, const struct stmt *s)
{
	char name[16] = { 0 };
	size_t length = strlen(s->name);

	if (s->n_fields != 1 || length == 0 || length > LIMIT_INTERFACE_NAME ||
	    (s->key[0] != FIELD_IIFNAME && s->key[0] != FIELD_OIFNAME)) {
		l->error = -EINVAL;
		return;
	}
	memcpy(name, s->name, length);
	nft_emit_meta(l, s->key[0] == FIELD_IIFNAME ?
	    NFT_META_IIFNAME : NFT_META_OIFNAME);
	nft_emit_cmp(l, equal_or_not(s), name, sizeof(name));
}

void
nft_lower_direction(struct nft_lowering *l, const struct stmt *s)
{
	nft_emit_ct(l, NFT_CT_DIRECTION);
	nft_emit_cmp_u8(l, NFT_CMP_EQ, s->invert ? IP_CT_DIR_REPLY : IP_CT_DIR_ORIGINAL);
}

/* Version 4 and five words of header in one byte. */
void
nft_lower_ipv4_plain(struct nft_lowering *l, const struct stmt *s)
{
	(void)s;
	nft_emit_payload(l, NFT_PAYLOAD_NETWORK_HEADER, 0, 1);
	nft_emit_cmp_u8(l, NFT_CMP_EQ, 0x45);
}

void
nft_lower_ipv4_options(struct nft_lowering *l, const struct stmt *s)
{
	(void)s;
	nft_guard_nfproto(l, NFPROTO_IPV4);
	nft_emit_payload(l, NFT_PAYLOAD_NETWORK_HEADER, 0, 1);
	nft_emit_mask_u8(l, 0x0f);
	nft_emit_cmp_u8(l, NFT_CMP_NEQ, 5);
}

static void
emit_fib_type(struct nft_lowering *l, uint32_t flag)
{
	struct nft_expr *x = nft_emit(l, NFT_X_FIB);

	x->key = NFT_FIB_RESULT_ADDRTYPE;
	x->flags = flag;
	x->reg = NFT_REG_1;
}

void
nft_lower_fib_not_unicast(struct nft_lowering *l, const struct stmt *s)
{
	(void)s;
	emit_fib_type(l, NFTA_FIB_F_SADDR);
	nft_emit_cmp_u32(l, NFT_CMP_NEQ, RTN_UNICAST);
}

void
nft_lower_fib_local_group(struct nft_lowering *l, const struct stmt *s)
{
	emit_fib_type(l, NFTA_FIB_F_DADDR);
	nft_emit_cmp_u32(l, NFT_CMP_EQ, (uint32_t)s->number);
}

/* nft(8) puts the guard of this one before all else in the rule. */
static void
hoist_nfproto(struct nft_lowering *l, uint8_t nfproto)
{
	struct nft_expr guard[2];
	struct nft_expr *items = l->list->items;
	size_t before = l->list->count;

	if (l->nfproto == nfproto)
		return;
	nft_guard_nfproto(l, nfproto);
	if (l->error != 0)
		return;
	memcpy(guard, &items[before], sizeof(guard));
	memmove(&items[2], items, before * sizeof(*items));
	memcpy(items, guard, sizeof(guard));
}

void
nft_lower_routing_missing(struct nft_lowering *l, const struct stmt *s)
{
	struct nft_expr *x;

	(void)s;
	hoist_nfproto(l, NFPROTO_IPV6);
	x = nft_emit(l, NFT_X_EXTHDR);
	x->key = IPPROTO_ROUTING;
	x->length = 1;
	x->flags = NFT_EXTHDR_F_PRESENT;
	x->reg = NFT_REG_1;
	nft_emit_cmp_u8(l, NFT_CMP_EQ, 0);
}

void
nft_lower_tcp_not_opening(struct nft_lowering *l, const struct stmt *s)
{
	(void)s;
	nft_guard_l4proto(l, IPPROTO_TCP);
	nft_emit_payload(l, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_OFFSET, 1);
	nft_emit_mask_u8(l, TCP_FLAGS_LOOKED_AT);
	nft_emit_cmp_u8(l, NFT_CMP_NEQ, TCP_SYN);
}

void
nft_lower_tcp_flag(struct nft_lowering *l, const struct stmt *s)
{
	/* Several at once would read as STMT_TCP_NOT_OPENING. */
	if (s->number != TCP_SYN && s->number != TCP_RST)
		l->error = -EINVAL;
	nft_guard_l4proto(l, IPPROTO_TCP);
	nft_emit_payload(l, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_OFFSET, 1);
	nft_emit_mask_u8(l, (uint8_t)s->number);
	nft_emit_cmp_u8(l, s->invert ? NFT_CMP_EQ : NFT_CMP_NEQ, 0);
}

void
nft_lower_icmp_type(struct nft_lowering *l, const struct stmt *s)
{
	bool v6 = s->family == NFPROTO_IPV6;

	if ((!v6 && s->family != NFPROTO_IPV4) || s->number > UINT8_MAX) {
		l->error = -EINVAL;
		return;
	}
	nft_guard_nfproto(l, s->family);
	nft_guard_l4proto(l, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	nft_emit_payload(l, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1);
	nft_emit_cmp_u8(l, equal_or_not(s), (uint8_t)s->number);
}

/* The clock counts in nanoseconds; compared big endian, as all of cmp. */
static void
lower_time_half(struct nft_lowering *l, uint32_t op, int64_t seconds)
{
	struct nft_expr *x;
	uint64_t ns;

	if (seconds < 0 || seconds > MAX_SECONDS) {
		l->error = -EINVAL;
		return;
	}
	ns = htobe64((uint64_t)(seconds * NS_PER_SECOND));
	nft_emit_meta(l, NFT_META_TIME_NS);
	x = nft_emit(l, NFT_X_BYTEORDER);
	x->reg = NFT_REG_1;
	x->to = NFT_REG_1;
	x->key = NFT_BYTEORDER_HTON;
	x->length = sizeof(ns);
	x->size = sizeof(ns);
	nft_emit_cmp(l, op, &ns, sizeof(ns));
}

void
nft_lower_time(struct nft_lowering *l, const struct stmt *s)
{
	if (s->since == INT64_MIN && s->until == INT64_MAX)
		l->error = -EINVAL;
	if (s->since != INT64_MIN)
		lower_time_half(l, NFT_CMP_GTE, s->since);
	if (s->until != INT64_MAX)
		lower_time_half(l, NFT_CMP_LT, s->until);
}
