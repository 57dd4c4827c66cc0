/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dumped sets, maps and elements -> ruleset; no allocation for each element. */
#include "kernel-helpers/nft_dump.h"

#include "kernel-helpers/nft_encode.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_MARK	19u

/*
 * Fields of the key, from nft's type numbers: the first field of each type, as
 * the kernel does not know which one the rules load. Number of them, 0: not ours.
 */
static unsigned int
read_fields(uint32_t key_type, enum field key[LIMIT_KEY_FIELDS])
{
	unsigned int n = 0;

	for (unsigned int shift = 30; shift <= 30; shift -= 6) {
		uint32_t type = key_type >> shift & 63;
		unsigned int f = FIELD_NONE + 1;

		if (type == 0 && n == 0)
			continue;
		while (f < FIELD_COUNT && field_info((enum field)f)->type_id != type)
			f++;
		if (f == FIELD_COUNT || n == LIMIT_KEY_FIELDS)
			return 0;
		key[n++] = (enum field)f;
	}
	return n;
}

static bool
read_kind(const struct nftnl_set *n, enum set_kind *kind)
{
	uint32_t flags = nftnl_set_get_u32(n, NFTNL_SET_FLAGS);

	*kind = SET_PLAIN;
	if ((flags & NFT_SET_OBJECT) != 0) {
		*kind = SET_COUNTER_MAP;
		return nftnl_set_get_u32(n, NFTNL_SET_OBJ_TYPE) == NFT_OBJECT_COUNTER;
	}
	if ((flags & NFT_SET_MAP) == 0)
		return true;
	if (nftnl_set_get_u32(n, NFTNL_SET_DATA_TYPE) == NFT_DATA_VERDICT) {
		*kind = SET_VERDICT_MAP;
		return true;
	}
	*kind = SET_MARK_MAP;
	return nftnl_set_get_u32(n, NFTNL_SET_DATA_TYPE) == TYPE_MARK &&
	    nftnl_set_get_u32(n, NFTNL_SET_DATA_LEN) == sizeof(uint32_t);
}

static int
count_expression(struct nftnl_expr *e, void *arg)
{
	const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);
	int *count = arg;

	*count += name != NULL && strcmp(name, "counter") == 0 ? 1 : 100;
	return 0;
}

static int
read_set(const struct nftnl_set *n, struct nft_dump *d)
{
	const char *name = nftnl_set_get_str(n, NFTNL_SET_NAME);
	uint32_t flags = nftnl_set_get_u32(n, NFTNL_SET_FLAGS);
	enum field key[LIMIT_KEY_FIELDS];
	unsigned int n_fields =
	    read_fields(nftnl_set_get_u32(n, NFTNL_SET_KEY_TYPE), key);
	struct object_name parsed;
	struct ruleset_set *s;
	enum set_kind kind;
	int expressions = 0;

	if (name == NULL || !object_name_parse(name, &parsed) || n_fields == 0 ||
	    !read_kind(n, &kind))
		return nft_dump_strange(d, "set", name);
	s = ruleset_add_set(d->ruleset, parsed.base, parsed.version, kind, key, n_fields,
	    (flags & NFT_SET_INTERVAL) != 0);
	if (s == NULL)
		return -ENOMEM;
	s->dynamic = (flags & NFT_SET_EVAL) != 0;
	if (nftnl_set_is_set(n, NFTNL_SET_TIMEOUT))
		s->timeout_ms = nftnl_set_get_u64(n, NFTNL_SET_TIMEOUT);
	if (nftnl_set_is_set(n, NFTNL_SET_GC_INTERVAL))
		s->gc_ms = nftnl_set_get_u32(n, NFTNL_SET_GC_INTERVAL);
	if (nftnl_set_is_set(n, NFTNL_SET_DESC_SIZE))
		s->size = nftnl_set_get_u32(n, NFTNL_SET_DESC_SIZE);
	nftnl_set_expr_foreach(n, count_expression, &expressions);
	s->counted = expressions == 1;
	/* What these members do not say, we do not write. */
	if (flags != nft_set_flags(s) || expressions > 1 ||
	    nftnl_set_get_u32(n, NFTNL_SET_KEY_TYPE) != nft_set_key_type(s) ||
	    nftnl_set_get_u32(n, NFTNL_SET_KEY_LEN) != nft_set_key_length(s))
		return nft_dump_strange(d, "set", name);
	return 0;
}

static int
each_set(const struct nlmsghdr *h, void *arg)
{
	struct nftnl_set *n = nftnl_set_alloc();
	const char *table;
	int error = 0;

	if (n == NULL)
		return -ENOMEM;
	if (nftnl_set_nlmsg_parse(h, n) < 0) {
		error = nft_dump_strange(arg, "a set", NULL);
	} else {
		table = nftnl_set_get_str(n, NFTNL_SET_TABLE);
		if (table != NULL && strcmp(table, RULESET_TABLE) == 0)
			error = read_set(n, arg);
	}
	nftnl_set_free(n);
	return error;
}

int
nft_dump_sets(const struct nft_replies *r, struct nft_dump *d)
{
	return nft_dump_walk(r, NFT_MSG_NEWSET, d->generation, each_set, d);
}

/* Attributes of one element, by type; NULL: not there. */
struct parts {
	const struct nlattr *at[NFTA_SET_ELEM_MAX + 1];
};

static int
sort_part(const struct nlattr *a, void *arg)
{
	struct parts *p = arg;
	uint16_t type = mnl_attr_get_type(a);

	if (type > NFTA_SET_ELEM_MAX)
		return MNL_CB_ERROR;
	p->at[type] = a;
	return MNL_CB_OK;
}

/* The only attribute inside, of this type and at least this long; NULL. */
static const struct nlattr *
inside(const struct nlattr *nest, uint16_t type)
{
	struct nlattr *a;

	if (nest == NULL)
		return NULL;
	mnl_attr_for_each_nested(a, nest)
		return mnl_attr_get_type(a) == type ? a : NULL;
	return NULL;
}

/* A key of the set's length, padded as in struct ruleset_set. */
static bool
read_key(const struct nlattr *nest, const struct ruleset_set *s,
    uint8_t out[LIMIT_KEY_BYTES])
{
	const struct nlattr *value = inside(nest, NFTA_DATA_VALUE);
	unsigned int length = nft_set_key_length(s);

	if (value == NULL || mnl_attr_get_payload_len(value) != length)
		return false;
	memset(out, 0, LIMIT_KEY_BYTES);
	memcpy(out, mnl_attr_get_payload(value), length);
	return true;
}

static bool
read_text(const struct nlattr *a, struct object_name *out)
{
	return a != NULL && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0 &&
	    object_name_parse(mnl_attr_get_str(a), out);
}

static bool
read_goto(const struct nlattr *data, struct object_name *out)
{
	struct nlattr *a;
	const struct nlattr *verdict = inside(data, NFTA_DATA_VERDICT);
	bool is_goto = false, named = false;

	if (verdict == NULL)
		return false;
	mnl_attr_for_each_nested(a, verdict) {
		if (mnl_attr_get_type(a) == NFTA_VERDICT_CODE &&
		    mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			is_goto = (int)ntohl(mnl_attr_get_u32(a)) == NFT_GOTO;
		else if (mnl_attr_get_type(a) == NFTA_VERDICT_CHAIN)
			named = read_text(a, out);
	}
	return is_goto && named;
}

static int
read_value(const struct parts *p, const struct ruleset_set *s, struct element *e)
{
	const struct nlattr *mark;
	struct object_name name;

	switch (s->kind) {
	case SET_PLAIN:
		return 0;
	case SET_MARK_MAP:
		mark = inside(p->at[NFTA_SET_ELEM_DATA], NFTA_DATA_VALUE);
		if (mark == NULL || mnl_attr_get_payload_len(mark) != sizeof(e->mark))
			return -EPROTO;
		memcpy(&e->mark, mnl_attr_get_payload(mark), sizeof(e->mark));
		return 0;
	case SET_VERDICT_MAP:
		if (!read_goto(p->at[NFTA_SET_ELEM_DATA], &name))
			return -EPROTO;
		return element_set_target(e, &name);
	case SET_COUNTER_MAP:
		if (!read_text(p->at[NFTA_SET_ELEM_OBJREF], &name))
			return -EPROTO;
		return element_set_target(e, &name);
	}
	return -EPROTO;
}

/* Nothing that works beside what the kind of set asks for: userdata does nothing. */
static bool
usual_parts(const struct parts *p, const struct ruleset_set *s)
{
	for (unsigned int i = 0; i <= NFTA_SET_ELEM_MAX; i++) {
		bool usual = i == NFTA_SET_ELEM_KEY || i == NFTA_SET_ELEM_FLAGS ||
		    i == NFTA_SET_ELEM_USERDATA ||
		    (i == NFTA_SET_ELEM_KEY_END && s->interval && s->n_fields > 1) ||
		    (i == NFTA_SET_ELEM_DATA && s->kind != SET_PLAIN) ||
		    (i == NFTA_SET_ELEM_OBJREF && s->kind == SET_COUNTER_MAP) ||
		    (i == NFTA_SET_ELEM_EXPR && s->counted);

		if (p->at[i] != NULL && !usual)
			return false;
	}
	return p->at[NFTA_SET_ELEM_KEY] != NULL;
}

static uint32_t
element_flags(const struct parts *p)
{
	const struct nlattr *a = p->at[NFTA_SET_ELEM_FLAGS];

	if (a == NULL)
		return 0;
	return mnl_attr_validate(a, MNL_TYPE_U32) >= 0 ?
	    ntohl(mnl_attr_get_u32(a)) : UINT32_MAX;
}

struct element_walk {
	struct nft_dump *dump;
	struct ruleset_set *set;
	/* Ends of tree ranges (one field): starts are elements already. */
	uint8_t *ends;
	size_t n_ends, end_room;
};

static int
keep_end(struct element_walk *w, const uint8_t *key)
{
	static const uint8_t nothing[LIMIT_KEY_BYTES];

	/* nft(8) closes the space below the first range, where nothing is open. */
	if (memcmp(key, nothing, sizeof(nothing)) == 0)
		return 0;
	if (w->n_ends == w->end_room) {
		size_t room = w->end_room == 0 ? 64 : w->end_room * 2;
		uint8_t *ends = reallocarray(w->ends, room, LIMIT_KEY_BYTES);

		if (ends == NULL)
			return -ENOMEM;
		w->ends = ends;
		w->end_room = room;
	}
	memcpy(w->ends + w->n_ends++ * LIMIT_KEY_BYTES, key, LIMIT_KEY_BYTES);
	return 0;
}

static int
read_element(struct element_walk *w, const struct nlattr *a)
{
	struct ruleset_set *s = w->set;
	uint8_t first[LIMIT_KEY_BYTES], last[LIMIT_KEY_BYTES];
	struct parts p = { { NULL } };
	struct element *e;
	uint32_t flags;

	if (mnl_attr_parse_nested(a, sort_part, &p) < 0 || !usual_parts(&p, s) ||
	    !read_key(p.at[NFTA_SET_ELEM_KEY], s, first))
		return -EPROTO;
	flags = element_flags(&p);
	if (flags == NFT_SET_ELEM_INTERVAL_END && s->interval && s->n_fields == 1)
		return keep_end(w, first);
	if (flags != 0)
		return -EPROTO;
	memcpy(last, first, sizeof(last));
	if (p.at[NFTA_SET_ELEM_KEY_END] != NULL &&
	    !read_key(p.at[NFTA_SET_ELEM_KEY_END], s, last))
		return -EPROTO;
	e = ruleset_add_element(s, first, s->interval ? last : NULL);
	return e == NULL ? -ENOMEM : read_value(&p, s, e);
}

static int
each_elements(const struct nlmsghdr *h, void *arg)
{
	struct element_walk *w = arg;
	struct nlattr *list, *a;
	int error = 0;

	mnl_attr_for_each(list, h, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(list) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(a, list) {
			error = read_element(w, a);
			if (error != 0)
				return error;
		}
	}
	return 0;
}

static int
compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, LIMIT_KEY_BYTES);
}

/* One below a key of one field, as the last of a range. */
static void
predecessor(uint8_t *key, unsigned int length)
{
	while (length > 0 && key[--length]-- == 0)
		;
}

/*
 * Give every start of a tree range its last key: one below the lowest end
 * above the start; a range up to the top of the type has no end.
 */
static int
join_ranges(struct element_walk *w)
{
	struct ruleset_set *s = w->set;
	unsigned int length = nft_set_key_length(s);
	uint8_t padded[LIMIT_KEY_BYTES];

	if (w->n_ends > s->n_elements)
		return -EPROTO;
	if (w->n_ends > 1)
		qsort(w->ends, w->n_ends, LIMIT_KEY_BYTES, compare_keys);
	for (size_t i = 0; i < s->n_elements; i++) {
		uint8_t *last = s->last + i * s->key_length;
		size_t low = 0, high = w->n_ends;

		memset(padded, 0, sizeof(padded));
		memcpy(padded, s->first + i * s->key_length, s->key_length);
		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (memcmp(w->ends + middle * LIMIT_KEY_BYTES, padded,
			    LIMIT_KEY_BYTES) <= 0)
				low = middle + 1;
			else
				high = middle;
		}
		if (low == w->n_ends) {
			memset(last, 0xff, length);
			continue;
		}
		memcpy(last, w->ends + low * LIMIT_KEY_BYTES, s->key_length);
		predecessor(last, length);
	}
	return 0;
}

int
nft_dump_elements(const struct nft_replies *r, struct nft_dump *d, struct ruleset_set *s)
{
	struct element_walk w = { .dump = d, .set = s };
	char name[LIMIT_OBJECT_NAME + 16];
	int error = nft_dump_walk(r, NFT_MSG_NEWSETELEM, d->generation, each_elements,
	    &w);

	if (error == 0 && s->interval && s->n_fields == 1)
		error = join_ranges(&w);
	free(w.ends);
	if (error == -EPROTO)
		return nft_dump_strange(d, "an element of set",
		    object_name_text(&s->name, name));
	return error;
}
