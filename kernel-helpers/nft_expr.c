/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table of shapes says which netlink attribute holds which member of
 * struct nft_expr. Writing and reading walk the same rows. When reading, every
 * row must be there and every other attribute absent or zero: an expression
 * with something more in it is not ours.
 */
#include "kernel-helpers/nft_expr.h"

#include <errno.h>
#include <libnftnl/expr.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

enum row_type {
	ROW_END = 0,
	ROW_U8, ROW_U16, ROW_U32, ROW_U64,
	ROW_DATA,
	ROW_NAME,
	ROW_ZERO,		/* zeroes, as many as data has bytes */
	ROW_WORD,		/* data of four bytes, in a member of its own */
};

#define MAX_ROWS 6

struct row {
	uint16_t attr;
	uint8_t type;			/* enum row_type */
	uint8_t member;			/* offset in struct nft_expr */
};

#define AT(m) ((uint8_t)offsetof(struct nft_expr, m))
_Static_assert(offsetof(struct nft_expr, data) <= UINT8_MAX, "member offsets fit a byte");

struct shape {
	enum nft_expr_kind kind;
	const char *name;
	struct row rows[MAX_ROWS];
};

/* Where two shapes share a name, the one with more rows comes first. */
static const struct shape shapes[] = {
	{ NFT_X_META, "meta", {
		{ NFTNL_EXPR_META_KEY, ROW_U32, AT(key) },
		{ NFTNL_EXPR_META_DREG, ROW_U32, AT(reg) } } },
	{ NFT_X_CT_OF, "ct", {
		{ NFTNL_EXPR_CT_KEY, ROW_U32, AT(key) },
		{ NFTNL_EXPR_CT_DREG, ROW_U32, AT(reg) },
		{ NFTNL_EXPR_CT_DIR, ROW_U8, AT(offset) } } },
	{ NFT_X_CT, "ct", {
		{ NFTNL_EXPR_CT_KEY, ROW_U32, AT(key) },
		{ NFTNL_EXPR_CT_DREG, ROW_U32, AT(reg) } } },
	{ NFT_X_CT_SET, "ct", {
		{ NFTNL_EXPR_CT_KEY, ROW_U32, AT(key) },
		{ NFTNL_EXPR_CT_SREG, ROW_U32, AT(reg) } } },
	{ NFT_X_PAYLOAD, "payload", {
		{ NFTNL_EXPR_PAYLOAD_BASE, ROW_U32, AT(key) },
		{ NFTNL_EXPR_PAYLOAD_OFFSET, ROW_U32, AT(offset) },
		{ NFTNL_EXPR_PAYLOAD_LEN, ROW_U32, AT(length) },
		{ NFTNL_EXPR_PAYLOAD_DREG, ROW_U32, AT(reg) } } },
	{ NFT_X_EXTHDR, "exthdr", {
		{ NFTNL_EXPR_EXTHDR_TYPE, ROW_U8, AT(key) },
		{ NFTNL_EXPR_EXTHDR_OFFSET, ROW_U32, AT(offset) },
		{ NFTNL_EXPR_EXTHDR_LEN, ROW_U32, AT(length) },
		{ NFTNL_EXPR_EXTHDR_FLAGS, ROW_U32, AT(flags) },
		{ NFTNL_EXPR_EXTHDR_DREG, ROW_U32, AT(reg) } } },
	{ NFT_X_FIB, "fib", {
		{ NFTNL_EXPR_FIB_RESULT, ROW_U32, AT(key) },
		{ NFTNL_EXPR_FIB_FLAGS, ROW_U32, AT(flags) },
		{ NFTNL_EXPR_FIB_DREG, ROW_U32, AT(reg) } } },
	{ NFT_X_BITWISE, "bitwise", {
		{ NFTNL_EXPR_BITWISE_SREG, ROW_U32, AT(reg) },
		{ NFTNL_EXPR_BITWISE_DREG, ROW_U32, AT(to) },
		{ NFTNL_EXPR_BITWISE_LEN, ROW_U32, AT(length) },
		{ NFTNL_EXPR_BITWISE_MASK, ROW_DATA, AT(data) },
		{ NFTNL_EXPR_BITWISE_XOR, ROW_ZERO, AT(data) } } },
	{ NFT_X_BITWISE_XOR, "bitwise", {
		{ NFTNL_EXPR_BITWISE_SREG, ROW_U32, AT(reg) },
		{ NFTNL_EXPR_BITWISE_DREG, ROW_U32, AT(to) },
		{ NFTNL_EXPR_BITWISE_LEN, ROW_U32, AT(length) },
		{ NFTNL_EXPR_BITWISE_MASK, ROW_DATA, AT(data) },
		{ NFTNL_EXPR_BITWISE_XOR, ROW_WORD, AT(flags) } } },
	{ NFT_X_BYTEORDER, "byteorder", {
		{ NFTNL_EXPR_BYTEORDER_SREG, ROW_U32, AT(reg) },
		{ NFTNL_EXPR_BYTEORDER_DREG, ROW_U32, AT(to) },
		{ NFTNL_EXPR_BYTEORDER_OP, ROW_U32, AT(key) },
		{ NFTNL_EXPR_BYTEORDER_LEN, ROW_U32, AT(length) },
		{ NFTNL_EXPR_BYTEORDER_SIZE, ROW_U32, AT(size) } } },
	{ NFT_X_CMP, "cmp", {
		{ NFTNL_EXPR_CMP_SREG, ROW_U32, AT(reg) },
		{ NFTNL_EXPR_CMP_OP, ROW_U32, AT(key) },
		{ NFTNL_EXPR_CMP_DATA, ROW_DATA, AT(data) } } },
	{ NFT_X_LOOKUP_MAP, "lookup", {
		{ NFTNL_EXPR_LOOKUP_SREG, ROW_U32, AT(reg) },
		{ NFTNL_EXPR_LOOKUP_SET, ROW_NAME, AT(name) },
		{ NFTNL_EXPR_LOOKUP_DREG, ROW_U32, AT(to) } } },
	{ NFT_X_LOOKUP, "lookup", {
		{ NFTNL_EXPR_LOOKUP_SREG, ROW_U32, AT(reg) },
		{ NFTNL_EXPR_LOOKUP_SET, ROW_NAME, AT(name) },
		{ NFTNL_EXPR_LOOKUP_FLAGS, ROW_U32, AT(flags) } } },
	{ NFT_X_VERDICT_CHAIN, "immediate", {
		{ NFTNL_EXPR_IMM_DREG, ROW_U32, AT(reg) },
		{ NFTNL_EXPR_IMM_VERDICT, ROW_U32, AT(key) },
		{ NFTNL_EXPR_IMM_CHAIN, ROW_NAME, AT(name) } } },
	{ NFT_X_VERDICT, "immediate", {
		{ NFTNL_EXPR_IMM_DREG, ROW_U32, AT(reg) },
		{ NFTNL_EXPR_IMM_VERDICT, ROW_U32, AT(key) } } },
	{ NFT_X_OBJREF, "objref", {
		{ NFTNL_EXPR_OBJREF_IMM_TYPE, ROW_U32, AT(key) },
		{ NFTNL_EXPR_OBJREF_IMM_NAME, ROW_NAME, AT(name) } } },
	{ NFT_X_OBJREF_MAP, "objref", {
		{ NFTNL_EXPR_OBJREF_SET_SREG, ROW_U32, AT(reg) },
		{ NFTNL_EXPR_OBJREF_SET_NAME, ROW_NAME, AT(name) } } },
	{ NFT_X_DYNSET, "dynset", {
		{ NFTNL_EXPR_DYNSET_SREG_KEY, ROW_U32, AT(reg) },
		{ NFTNL_EXPR_DYNSET_OP, ROW_U32, AT(key) },
		{ NFTNL_EXPR_DYNSET_SET_NAME, ROW_NAME, AT(name) } } },
	{ NFT_X_LIMIT, "limit", {
		{ NFTNL_EXPR_LIMIT_RATE, ROW_U64, AT(rate) },
		{ NFTNL_EXPR_LIMIT_UNIT, ROW_U64, AT(unit) },
		{ NFTNL_EXPR_LIMIT_BURST, ROW_U32, AT(burst) },
		{ NFTNL_EXPR_LIMIT_TYPE, ROW_U32, AT(key) },
		{ NFTNL_EXPR_LIMIT_FLAGS, ROW_U32, AT(flags) } } },
	{ NFT_X_LOG, "log", {
		{ NFTNL_EXPR_LOG_PREFIX, ROW_NAME, AT(name) },
		{ NFTNL_EXPR_LOG_GROUP, ROW_U16, AT(key) },
		{ NFTNL_EXPR_LOG_SNAPLEN, ROW_U32, AT(length) },
		{ NFTNL_EXPR_LOG_QTHRESHOLD, ROW_U16, AT(size) } } },
	{ NFT_X_REJECT, "reject", {
		{ NFTNL_EXPR_REJECT_TYPE, ROW_U32, AT(key) },
		{ NFTNL_EXPR_REJECT_CODE, ROW_U8, AT(flags) } } },
};

#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

/* Attributes of one expression in libnftnl: a bit each in 32 (struct nftnl_expr). */
#define MAX_ATTR 32u

static const uint8_t zeroes[sizeof(((struct nft_expr *)NULL)->data)];

uint32_t
nft_expr_register(unsigned int word)
{
	return word % 4 == 0 ? NFT_REG_1 + word / 4 : NFT_REG32_00 + word;
}

static int
write_row(struct nftnl_expr *e, const struct row *row, const struct nft_expr *x)
{
	const uint8_t *member = (const uint8_t *)x + row->member;
	uint32_t narrow;
	uint64_t wide;

	memcpy(&narrow, member, sizeof(narrow));
	switch ((enum row_type)row->type) {
	case ROW_U8:
		nftnl_expr_set_u8(e, row->attr, (uint8_t)narrow);
		return 0;
	case ROW_U16:
		nftnl_expr_set_u16(e, row->attr, (uint16_t)narrow);
		return 0;
	case ROW_U32:
		nftnl_expr_set_u32(e, row->attr, narrow);
		return 0;
	case ROW_U64:
		memcpy(&wide, member, sizeof(wide));
		nftnl_expr_set_u64(e, row->attr, wide);
		return 0;
	case ROW_DATA:
		return nftnl_expr_set(e, row->attr, member, x->length) < 0 ? -ENOMEM : 0;
	case ROW_ZERO:
		return nftnl_expr_set(e, row->attr, zeroes, x->length) < 0 ? -ENOMEM : 0;
	case ROW_WORD:
		return nftnl_expr_set(e, row->attr, &narrow, sizeof(narrow)) < 0 ?
		    -ENOMEM : 0;
	case ROW_NAME:
		return nftnl_expr_set_str(e, row->attr, (const char *)member) < 0 ?
		    -ENOMEM : 0;
	case ROW_END:
		break;
	}
	return -EINVAL;
}

static int
write_one(const struct nft_expr *x, struct nftnl_rule *rule)
{
	const struct shape *s = NULL;
	struct nftnl_expr *e;

	for (size_t i = 0; i < N_SHAPES && s == NULL; i++)
		if (shapes[i].kind == x->kind)
			s = &shapes[i];
	/* libnftnl copies data without looking at its own 64 bytes. */
	if (s == NULL || x->length > UINT16_MAX)
		return -EINVAL;
	e = nftnl_expr_alloc(s->name);
	if (e == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < MAX_ROWS && s->rows[i].type != ROW_END; i++) {
		bool data = s->rows[i].type == ROW_DATA || s->rows[i].type == ROW_ZERO;
		int error = data && x->length > sizeof(x->data) ? -EINVAL :
		    write_row(e, &s->rows[i], x);

		if (error != 0) {
			nftnl_expr_free(e);
			return error;
		}
	}
	nftnl_rule_add_expr(rule, e);
	return 0;
}

int
nft_expr_write(const struct nft_expr_list *list, struct nftnl_rule *rule)
{
	for (size_t i = 0; i < list->count; i++) {
		int error = write_one(&list->items[i], rule);

		if (error != 0)
			return error;
	}
	return 0;
}

static bool
read_data(const uint8_t *bytes, uint32_t length, struct nft_expr *x)
{
	if (length > sizeof(x->data))
		return false;
	memcpy(x->data, bytes, length);
	x->length = length;
	return true;
}

static bool
all_zero(const uint8_t *bytes, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static bool
read_name(const char *text, struct nft_expr *x)
{
	size_t length = strlen(text);

	if (length >= sizeof(x->name))
		return false;
	memcpy(x->name, text, length);
	return true;
}

static bool
read_row(const struct nftnl_expr *e, const struct row *row, struct nft_expr *x)
{
	uint8_t *member = (uint8_t *)x + row->member;
	uint32_t length = 0, narrow = 0;
	const void *value;
	uint64_t wide;

	if (!nftnl_expr_is_set(e, row->attr))
		return false;
	value = nftnl_expr_get(e, row->attr, &length);
	if (value == NULL)
		return false;
	switch ((enum row_type)row->type) {
	case ROW_U8:
		narrow = nftnl_expr_get_u8(e, row->attr);
		break;
	case ROW_U16:
		narrow = nftnl_expr_get_u16(e, row->attr);
		break;
	case ROW_U32:
		narrow = nftnl_expr_get_u32(e, row->attr);
		break;
	case ROW_U64:
		wide = nftnl_expr_get_u64(e, row->attr);
		memcpy(member, &wide, sizeof(wide));
		return true;
	case ROW_DATA:
		return read_data(value, length, x);
	case ROW_ZERO:
		return length == x->length && all_zero(value, length);
	case ROW_WORD:
		if (length != sizeof(narrow) || x->length != sizeof(narrow))
			return false;
		memcpy(&narrow, value, sizeof(narrow));
		break;
	case ROW_NAME:
		return read_name(value, x);
	case ROW_END:
		return false;
	}
	memcpy(member, &narrow, sizeof(narrow));
	return true;
}

/* No attribute beside the shape's own says anything. */
static bool
nothing_more(const struct nftnl_expr *e, const struct shape *s)
{
	uint32_t known = 0;

	for (size_t i = 0; i < MAX_ROWS && s->rows[i].type != ROW_END; i++)
		known |= 1u << s->rows[i].attr;
	for (uint16_t attr = NFTNL_EXPR_BASE; attr < MAX_ATTR; attr++) {
		uint32_t length = 0;
		const void *value;

		if ((known & (1u << attr)) != 0 || !nftnl_expr_is_set(e, attr))
			continue;
		value = nftnl_expr_get(e, attr, &length);
		if (value == NULL || length == 0 || !all_zero(value, length))
			return false;
	}
	return true;
}

static bool
read_shape(const struct nftnl_expr *e, const struct shape *s, struct nft_expr *x)
{
	memset(x, 0, sizeof(*x));
	x->kind = s->kind;
	for (size_t i = 0; i < MAX_ROWS && s->rows[i].type != ROW_END; i++)
		if (!read_row(e, &s->rows[i], x))
			return false;
	return nothing_more(e, s);
}

static int
read_one(const struct nftnl_expr *e, struct nft_expr_list *out)
{
	const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);

	if (out->count == NFT_EXPR_MAX)
		return -E2BIG;
	for (size_t i = 0; name != NULL && i < N_SHAPES; i++)
		if (strcmp(shapes[i].name, name) == 0 &&
		    read_shape(e, &shapes[i], &out->items[out->count])) {
			out->count++;
			return 0;
		}
	return -EPROTO;
}

int
nft_expr_read(const struct nftnl_rule *rule, struct nft_expr_list *out)
{
	struct nftnl_expr_iter *it = nftnl_expr_iter_create(rule);
	struct nftnl_expr *e;
	int error = 0;

	out->count = 0;
	if (it == NULL)
		return -ENOMEM;
	while (error == 0 && (e = nftnl_expr_iter_next(it)) != NULL)
		error = read_one(e, out);
	nftnl_expr_iter_destroy(it);
	return error;
}
