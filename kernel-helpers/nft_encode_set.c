/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets, maps and their elements. Elements come by the hundred thousand, so
 * they are put into the batch directly, without an object each.
 */
#include "kernel-helpers/nft_encode.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#define NAME_SIZE	(LIMIT_OBJECT_NAME + 16)
/* nft's datatype numbers of values (nftables include/datatype.h). */
#define TYPE_MARK	19u
#define TYPE_VERDICT	0xffffff00u	/* NFT_DATA_VERDICT */
#define TYPE_IFNAME	41u
/* nft's enum byteorder, kept in the userdata of a set. */
#define ORDER_MIXED	0u
#define ORDER_HOST	1u
#define ORDER_NETWORK	2u

uint32_t
nft_set_flags(const struct ruleset_set *s)
{
	uint32_t flags = 0;

	if (s->interval)
		flags |= NFT_SET_INTERVAL;
	/* Compared field by field only with this one and the lengths beside it. */
	if (s->interval && s->n_fields > 1)
		flags |= NFT_SET_CONCAT;
	if (s->dynamic)
		flags |= NFT_SET_EVAL;
	if (s->timeout_ms != 0)
		flags |= NFT_SET_TIMEOUT;
	switch (s->kind) {
	case SET_PLAIN:
		break;
	case SET_VERDICT_MAP:
	case SET_MARK_MAP:
		flags |= NFT_SET_MAP;
		break;
	case SET_COUNTER_MAP:
		flags |= NFT_SET_OBJECT;
		break;
	}
	return flags;
}

uint32_t
nft_set_key_type(const struct ruleset_set *s)
{
	uint32_t type = 0;

	for (unsigned int i = 0; i < s->n_fields; i++)
		type = type << 6 | field_info(s->key[i])->type_id;
	return type;
}

unsigned int
nft_set_key_length(const struct ruleset_set *s)
{
	return s->n_fields == 1 ? field_info(s->key[0])->length : s->key_length;
}

static uint32_t
key_order(const struct ruleset_set *s)
{
	const struct field_info *f = field_info(s->key[0]);

	if (s->n_fields > 1)
		return ORDER_MIXED;
	return f->host_order || f->type_id == TYPE_IFNAME ? ORDER_HOST : ORDER_NETWORK;
}

static uint8_t *
put_tlv(uint8_t *at, uint8_t type, uint32_t value)
{
	at[0] = type;
	at[1] = sizeof(value);
	memcpy(at + 2, &value, sizeof(value));
	return at + 2 + sizeof(value);
}

/* Without it nft(8) lists numbers of host order turned round. */
static int
fill_userdata(const struct ruleset_set *s, struct nftnl_set *n)
{
	uint8_t bytes[2 * (2 + sizeof(uint32_t))], *at = bytes;
	uint32_t data = s->kind == SET_MARK_MAP ? ORDER_HOST : ORDER_MIXED;

	at = put_tlv(at, NFTNL_UDATA_SET_KEYBYTEORDER, key_order(s));
	at = put_tlv(at, NFTNL_UDATA_SET_DATABYTEORDER, data);
	return nftnl_set_set_data(n, NFTNL_SET_USERDATA, bytes,
	    (uint32_t)(at - bytes)) < 0 ? -ENOMEM : 0;
}

static void
fill_value(const struct ruleset_set *s, struct nftnl_set *n)
{
	switch (s->kind) {
	case SET_PLAIN:
		break;
	case SET_VERDICT_MAP:
		nftnl_set_set_u32(n, NFTNL_SET_DATA_TYPE, TYPE_VERDICT);
		nftnl_set_set_u32(n, NFTNL_SET_DATA_LEN, 0);
		break;
	case SET_MARK_MAP:
		nftnl_set_set_u32(n, NFTNL_SET_DATA_TYPE, TYPE_MARK);
		nftnl_set_set_u32(n, NFTNL_SET_DATA_LEN, sizeof(uint32_t));
		break;
	case SET_COUNTER_MAP:
		nftnl_set_set_u32(n, NFTNL_SET_OBJ_TYPE, NFT_OBJECT_COUNTER);
		break;
	}
}

static int
fill_counter(struct nftnl_set *n)
{
	struct nftnl_expr *e = nftnl_expr_alloc("counter");

	if (e == NULL)
		return -ENOMEM;
	nftnl_set_add_expr(n, e);
	return 0;
}

static int
fill_set(const struct ruleset_set *s, uint32_t id, struct nftnl_set *n)
{
	uint8_t lengths[LIMIT_KEY_FIELDS];
	char name[NAME_SIZE];

	if (nftnl_set_set_str(n, NFTNL_SET_TABLE, RULESET_TABLE) < 0 ||
	    nftnl_set_set_str(n, NFTNL_SET_NAME, object_name_text(&s->name, name)) < 0)
		return -ENOMEM;
	nftnl_set_set_u32(n, NFTNL_SET_ID, id);
	nftnl_set_set_u32(n, NFTNL_SET_FLAGS, nft_set_flags(s));
	nftnl_set_set_u32(n, NFTNL_SET_KEY_TYPE, nft_set_key_type(s));
	nftnl_set_set_u32(n, NFTNL_SET_KEY_LEN, nft_set_key_length(s));
	fill_value(s, n);
	if ((nft_set_flags(s) & NFT_SET_CONCAT) != 0) {
		for (unsigned int i = 0; i < s->n_fields; i++)
			lengths[i] = field_info(s->key[i])->length;
		if (nftnl_set_set_data(n, NFTNL_SET_DESC_CONCAT, lengths,
		    s->n_fields) < 0)
			return -ENOMEM;
	}
	if (s->size != 0)
		nftnl_set_set_u32(n, NFTNL_SET_DESC_SIZE, s->size);
	if (s->timeout_ms != 0)
		nftnl_set_set_u64(n, NFTNL_SET_TIMEOUT, s->timeout_ms);
	if (s->gc_ms != 0)
		nftnl_set_set_u32(n, NFTNL_SET_GC_INTERVAL, s->gc_ms);
	if (s->counted && fill_counter(n) != 0)
		return -ENOMEM;
	return fill_userdata(s, n);
}

/* Host order compares wrongly as a range; a set filled by packets has none. */
static bool
can_be_encoded(const struct ruleset_set *s)
{
	if (s->n_fields == 0 || s->n_fields > LIMIT_KEY_FIELDS ||
	    s->key_length > LIMIT_KEY_BYTES ||
	    s->key_length != ruleset_key_length(s->key, s->n_fields))
		return false;
	for (unsigned int i = 0; i < s->n_fields; i++)
		if (field_info(s->key[i])->length == 0 ||
		    (s->interval && field_info(s->key[i])->host_order))
			return false;
	return !(s->interval && (s->dynamic || s->counted));
}

int
nft_encode_set(struct nft_batch *b, const struct change *c)
{
	struct nlmsghdr *h = nft_batch_message(b, NFT_MSG_NEWSET, NLM_F_CREATE, c, 0);
	struct nftnl_set *n = nftnl_set_alloc();
	int error = -ENOMEM;

	if (h != NULL && n != NULL)
		error = can_be_encoded(c->set) ?
		    fill_set(c->set, (uint32_t)b->n_marks, n) : -EINVAL;
	if (error == 0) {
		nftnl_set_nlmsg_build_payload(h, n);
		nft_batch_close(b, h);
	}
	if (n != NULL)
		nftnl_set_free(n);
	return error;
}

static void
put_key(struct nlmsghdr *h, uint16_t type, const uint8_t *key, unsigned int length)
{
	struct nlattr *nest = mnl_attr_nest_start(h, type);

	mnl_attr_put(h, NFTA_DATA_VALUE, length, key);
	mnl_attr_nest_end(h, nest);
}

static void
put_goto(struct nlmsghdr *h, const struct object_name *chain)
{
	struct nlattr *data = mnl_attr_nest_start(h, NFTA_SET_ELEM_DATA);
	struct nlattr *verdict = mnl_attr_nest_start(h, NFTA_DATA_VERDICT);
	char name[NAME_SIZE];

	mnl_attr_put_u32(h, NFTA_VERDICT_CODE, htonl((uint32_t)NFT_GOTO));
	mnl_attr_put_strz(h, NFTA_VERDICT_CHAIN, object_name_text(chain, name));
	mnl_attr_nest_end(h, verdict);
	mnl_attr_nest_end(h, data);
}

static int
put_value(struct nlmsghdr *h, const struct ruleset_set *s, const struct element *e)
{
	char name[NAME_SIZE];

	switch (s->kind) {
	case SET_PLAIN:
		return 0;
	case SET_MARK_MAP:
		put_key(h, NFTA_SET_ELEM_DATA, (const uint8_t *)&e->mark,
		    sizeof(e->mark));
		return 0;
	case SET_VERDICT_MAP:
		if (e->target == NULL)
			return -EINVAL;
		put_goto(h, e->target);
		return 0;
	case SET_COUNTER_MAP:
		if (e->target == NULL)
			return -EINVAL;
		mnl_attr_put_strz(h, NFTA_SET_ELEM_OBJREF,
		    object_name_text(e->target, name));
		return 0;
	}
	return -EINVAL;
}

/* The first key behind a range of one field; false when there is none. */
static bool
successor(const uint8_t *last, unsigned int length, uint8_t *out)
{
	memcpy(out, last, length);
	while (length > 0)
		if (++out[--length] != 0)
			return true;
	return false;
}

/* The kernel's tree keeps a range as its start and an element behind its end. */
static void
put_range_end(struct nlmsghdr *h, const struct ruleset_set *s, const uint8_t *last)
{
	unsigned int length = nft_set_key_length(s);
	uint8_t key[LIMIT_KEY_BYTES];
	struct nlattr *nest;

	if (!successor(last, length, key))
		return;
	nest = mnl_attr_nest_start(h, NFTA_LIST_ELEM);
	mnl_attr_put_u32(h, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
	put_key(h, NFTA_SET_ELEM_KEY, key, length);
	mnl_attr_nest_end(h, nest);
}

static int
put_element(struct nlmsghdr *h, const struct ruleset_set *s, size_t i, bool add)
{
	const uint8_t *first = s->first + i * s->key_length;
	unsigned int length = nft_set_key_length(s);
	struct nlattr *nest = mnl_attr_nest_start(h, NFTA_LIST_ELEM);
	int error = 0;

	put_key(h, NFTA_SET_ELEM_KEY, first, length);
	if (s->interval && s->n_fields > 1)
		put_key(h, NFTA_SET_ELEM_KEY_END, s->last + i * s->key_length, length);
	if (add)
		error = put_value(h, s, &s->elements[i]);
	mnl_attr_nest_end(h, nest);
	if (s->interval && s->n_fields == 1)
		put_range_end(h, s, s->last + i * s->key_length);
	return error;
}

static struct nlmsghdr *
begin_elements(struct nft_batch *b, const struct change *c, uint8_t message, size_t first)
{
	struct nlmsghdr *h = nft_batch_message(b, message,
	    message == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0, c, first);
	char name[NAME_SIZE];

	if (h == NULL)
		return NULL;
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET,
	    object_name_text(&c->set->name, name));
	return h;
}

/* One message full of elements from "at" on; *at moves behind the last. */
static int
encode_some(struct nft_batch *b, const struct change *c, uint8_t message, size_t n,
    size_t *at)
{
	struct nlmsghdr *h = begin_elements(b, c, message, *at);
	bool add = message == NFT_MSG_NEWSETELEM;
	struct nlattr *list;
	uint32_t start;

	if (h == NULL)
		return -ENOMEM;
	start = h->nlmsg_len;
	list = mnl_attr_nest_start(h, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (; *at < n && h->nlmsg_len - start < NFT_ELEMENT_LIST_BYTES; (*at)++) {
		size_t i = c->elements != NULL ? c->elements[*at] : *at;
		int error = i < c->set->n_elements ?
		    put_element(h, c->set, i, add) : -EINVAL;

		if (error != 0)
			return error;
	}
	mnl_attr_nest_end(h, list);
	nft_batch_close(b, h);
	return 0;
}

int
nft_encode_elements(struct nft_batch *b, const struct change *c, uint8_t message)
{
	size_t n = c->elements != NULL ? c->n_elements : c->set->n_elements;
	struct nlmsghdr *h;
	int error = 0;

	if (message == NFT_MSG_DELSETELEM && c->elements == NULL) {
		/* No list means every element. */
		h = begin_elements(b, c, message, 0);
		if (h == NULL)
			return -ENOMEM;
		nft_batch_close(b, h);
		return 0;
	}
	for (size_t at = 0; at < n && error == 0;)
		error = encode_some(b, c, message, n, &at);
	return error;
}
