/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A refusal of the kernel told in the administrator's terms: from the number
 * of a message, and the offset of an attribute in it, to an object, an element
 * or a rule, and the policy line behind it.
 */
#include "kernel-helpers/nft_encode.h"

#include "rules/ruleset_print.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE	(LIMIT_OBJECT_NAME + 16)

/* The n-th message; NULL when the batch is not that long. */
static const struct nlmsghdr *
message_at(const struct nft_batch *b, size_t n)
{
	const struct nlmsghdr *h = (const void *)b->bytes;
	int left = b->length > INT32_MAX ? INT32_MAX : (int)b->length;

	while (n > 0 && mnl_nlmsg_ok(h, left)) {
		h = mnl_nlmsg_next(h, &left);
		n--;
	}
	return mnl_nlmsg_ok(h, left) ? h : NULL;
}

/* Ends of tree ranges are elements of the message, but not of the change. */
static bool
is_range_end(const struct nlattr *element)
{
	struct nlattr *a;

	mnl_attr_for_each_nested(a, element)
		if (mnl_attr_get_type(a) == NFTA_SET_ELEM_FLAGS)
			return true;
	return false;
}

/*
 * How many elements of the message stand before the one that holds the byte at
 * "offset"; -1 when the offset is in none of them.
 */
static long
element_at(const struct nlmsghdr *h, uint32_t offset)
{
	const char *spot = (const char *)h + offset;
	struct nlattr *list, *element;
	long count = -1;

	mnl_attr_for_each(list, h, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(list) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(element, list) {
			if (!is_range_end(element))
				count++;
			if (spot >= (const char *)element &&
			    spot < (const char *)element + element->nla_len)
				return count;
		}
	}
	return -1;
}

static void
describe_element(const struct ruleset_set *s, size_t i, struct nft_refusal *refusal)
{
	size_t at = i * s->key_length;
	char name[NAME_SIZE], *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out != NULL) {
		ruleset_print_key(s, s->first + at, s->interval ? s->last + at : NULL,
		    out);
		fclose(out);
	}
	snprintf(refusal->what, sizeof(refusal->what), "element %.90s of %s %.60s",
	    text != NULL ? text : "?", s->kind == SET_PLAIN ? "set" : "map",
	    object_name_text(&s->name, name));
	free(text);
	if (s->elements[i].origin.file != NULL)
		refusal->origin = s->elements[i].origin;
}

static void
describe_elements(const struct nft_batch *b, const struct nft_batch_mark *m, size_t n,
    uint32_t offset, struct nft_refusal *refusal)
{
	const struct change *c = m->change;
	const struct nlmsghdr *h = offset != 0 ? message_at(b, n) : NULL;
	long count = h != NULL && offset < h->nlmsg_len ? element_at(h, offset) : -1;
	size_t total = c->elements != NULL ? c->n_elements : c->set->n_elements;
	char name[NAME_SIZE];

	refusal->origin = c->set->origin;
	if (count >= 0 && m->first + (size_t)count < total) {
		size_t i = m->first + (size_t)count;

		describe_element(c->set, c->elements != NULL ? c->elements[i] : i,
		    refusal);
		return;
	}
	snprintf(refusal->what, sizeof(refusal->what), "elements of %s",
	    object_name_text(&c->set->name, name));
}

static void
describe_rule(const struct nft_batch_mark *m, struct nft_refusal *refusal)
{
	const struct ruleset_chain *k = m->change->chain;
	char name[NAME_SIZE], *text = NULL;
	size_t size = 0;
	FILE *out;

	refusal->origin = k->origin;
	if (m->first >= k->n_rules)
		return;
	if (k->rules[m->first].origin.file != NULL)
		refusal->origin = k->rules[m->first].origin;
	out = open_memstream(&text, &size);
	if (out != NULL) {
		ruleset_print_rule(&k->rules[m->first], out);
		fclose(out);
	}
	snprintf(refusal->what, sizeof(refusal->what), "rule %zu of chain %.60s: %.100s",
	    m->first + 1, object_name_text(&k->name, name), text != NULL ? text : "?");
	free(text);
}

static void
describe_named(const char *what, const struct object_name *n, struct origin origin,
    struct nft_refusal *refusal)
{
	char name[NAME_SIZE];

	refusal->origin = origin;
	snprintf(refusal->what, sizeof(refusal->what), "%s %s", what,
	    object_name_text(n, name));
}

static void
describe_change(const struct nft_batch *b, const struct nft_batch_mark *m, size_t n,
    uint32_t offset, struct nft_refusal *refusal)
{
	const struct change *c = m->change;

	switch (c->kind) {
	case CHANGE_ADD_TABLE:
		snprintf(refusal->what, sizeof(refusal->what),
		    "table inet " RULESET_TABLE);
		break;
	case CHANGE_ADD_COUNTER:
	case CHANGE_DELETE_COUNTER:
		describe_named("counter", &c->counter->name, c->counter->origin, refusal);
		break;
	case CHANGE_ADD_SET:
	case CHANGE_DELETE_SET:
		describe_named("set", &c->set->name, c->set->origin, refusal);
		break;
	case CHANGE_ADD_CHAIN:
	case CHANGE_DELETE_CHAIN:
	case CHANGE_FLUSH_CHAIN:
		describe_named("chain", &c->chain->name, c->chain->origin, refusal);
		break;
	case CHANGE_ADD_RULES:
		describe_rule(m, refusal);
		break;
	case CHANGE_ADD_ELEMENTS:
	case CHANGE_DELETE_ELEMENTS:
		describe_elements(b, m, n, offset, refusal);
		break;
	}
}

void
nft_batch_blame(const struct nft_batch *b, uint32_t sequence, uint32_t offset, int error,
    struct nft_refusal *refusal)
{
	size_t n = sequence - b->sequence;

	memset(refusal, 0, sizeof(*refusal));
	refusal->error = error;
	if (n < b->n_marks && b->marks[n].change != NULL)
		describe_change(b, &b->marks[n], n, offset, refusal);
	else
		snprintf(refusal->what, sizeof(refusal->what), "the whole change");
}
