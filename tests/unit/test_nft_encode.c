/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Change list -> batch, and back: what a dump brings has the same form as what
 * the batch says, so the messages of one are read as the other. No kernel.
 */
#include "kernel-helpers/nft_dump.h"
#include "kernel-helpers/nft_encode.h"
#include "kernel-helpers/nft_expr.h"
#include "tests/unit/nft_sample.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#define TYPE(message) (NFNL_SUBSYS_NFTABLES << 8 | (message))

/* Everything that brings "r" into an empty kernel, as one batch. */
static void
encode_all(struct ruleset *r, struct nft_batch *b, struct ruleset_change **change)
{
	struct nft_refusal refusal;

	ruleset_settle(r, NULL);
	*change = ruleset_diff(NULL, r);
	CU_ASSERT_PTR_NOT_NULL_FATAL(*change);
	CU_ASSERT_EQUAL_FATAL(nft_batch_begin(b, 100, 7), 0);
	CU_ASSERT_EQUAL_FATAL(nft_encode_changes(b, &(*change)->stage, r, &refusal), 0);
	CU_ASSERT_EQUAL_FATAL(nft_encode_changes(b, &(*change)->flip, r, &refusal), 0);
	CU_ASSERT_EQUAL_FATAL(nft_batch_end(b, false), 0);
}

static bool
is_of_set(const struct nlmsghdr *h, const char *set)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_SET)
			return strcmp(mnl_attr_get_str(a), set) == 0;
	return false;
}

/* The batch's messages of one type (of one set), as if they were replies. */
static struct nft_replies
pick(const struct nft_batch *b, uint8_t message, const char *set)
{
	struct nft_replies r = { malloc(b->length), 0 };
	const struct nlmsghdr *h = (const void *)b->bytes;
	int left = (int)b->length;

	CU_ASSERT_PTR_NOT_NULL_FATAL(r.bytes);
	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		if (h->nlmsg_type != TYPE(message) || (set != NULL && !is_of_set(h, set)))
			continue;
		memcpy(r.bytes + r.length, h, h->nlmsg_len);
		r.length += NLMSG_ALIGN(h->nlmsg_len);
	}
	return r;
}

static void
read_type(const struct nft_batch *b, uint8_t message, struct nft_dump *d,
    int (*read)(const struct nft_replies *, struct nft_dump *))
{
	struct nft_replies r = pick(b, message, NULL);

	CU_ASSERT_EQUAL(read(&r, d), 0);
	nft_replies_free(&r);
}

static struct ruleset *
read_all(const struct nft_batch *b)
{
	struct nft_refusal refusal = { 0 };
	struct nft_dump d = { .ruleset = ruleset_new(), .refusal = &refusal };
	char name[LIMIT_OBJECT_NAME + 16];

	CU_ASSERT_PTR_NOT_NULL_FATAL(d.ruleset);
	read_type(b, NFT_MSG_NEWTABLE, &d, nft_dump_table);
	read_type(b, NFT_MSG_NEWOBJ, &d, nft_dump_counters);
	read_type(b, NFT_MSG_NEWSET, &d, nft_dump_sets);
	read_type(b, NFT_MSG_NEWCHAIN, &d, nft_dump_chains);
	read_type(b, NFT_MSG_NEWRULE, &d, nft_dump_rules);
	for (size_t i = 0; i < d.ruleset->n_sets; i++) {
		struct ruleset_set *s = &d.ruleset->sets[i];
		struct nft_replies r = pick(b, NFT_MSG_NEWSETELEM,
		    object_name_text(&s->name, name));

		CU_ASSERT_EQUAL(nft_dump_elements(&r, &d, s), 0);
		nft_replies_free(&r);
	}
	CU_ASSERT_STRING_EQUAL(refusal.what, "");
	ruleset_sort(d.ruleset);
	return d.ruleset;
}

static void
what_is_written_is_read(void)
{
	struct ruleset *want = nft_sample(), *have;
	struct ruleset_change *change;
	struct ruleset_mismatch why = { .text = "" };
	struct nft_batch b;

	encode_all(want, &b, &change);
	have = read_all(&b);
	CU_ASSERT_TRUE(ruleset_equal(want, have, &why));
	CU_ASSERT_STRING_EQUAL(why.text, "");
	CU_ASSERT_STRING_EQUAL(have->comment, want->comment);
	CU_ASSERT_EQUAL(have->n_counters, 3);
	CU_ASSERT_STRING_EQUAL(have->counters[0].comment, "T001 policy.conf:41");
	ruleset_free(have);
	nft_batch_free(&b);
	ruleset_change_free(change);
	ruleset_free(want);
}

/* 16 bits of length: libmnl would wrap without a word. */
static void
long_lists_are_closed_in_time(void)
{
	struct ruleset *want = nft_sample(), *have;
	struct ruleset_change *change;
	struct ruleset_mismatch why = { .text = "" };
	const struct nlmsghdr *h;
	const struct nlattr *a;
	struct nft_batch b;
	unsigned int messages = 0;
	int left;

	nft_sample_fill(want, 5000);
	encode_all(want, &b, &change);
	h = (const void *)b.bytes;
	left = (int)b.length;
	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		if (h->nlmsg_type != TYPE(NFT_MSG_NEWSETELEM) ||
		    !is_of_set(h, "mn0-lg0-x4"))
			continue;
		messages++;
		mnl_attr_for_each(a, h, sizeof(struct nfgenmsg))
			if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_ELEMENTS)
				CU_ASSERT_EQUAL((const char *)mnl_attr_next(a) -
				    (const char *)h, (long)h->nlmsg_len);
	}
	CU_ASSERT(messages >= 4);
	have = read_all(&b);
	CU_ASSERT_TRUE(ruleset_equal(want, have, &why));
	ruleset_free(have);
	nft_batch_free(&b);
	ruleset_change_free(change);
	ruleset_free(want);
}

static void
only_the_last_message_asks_for_an_answer(void)
{
	struct ruleset *r = nft_sample();
	struct ruleset_change *change;
	const struct nlmsghdr *h, *before = NULL;
	struct nft_batch b;
	uint32_t sequence = 100;
	int left;

	encode_all(r, &b, &change);
	h = (const void *)b.bytes;
	left = (int)b.length;
	CU_ASSERT_EQUAL(h->nlmsg_type, NFNL_MSG_BATCH_BEGIN);
	CU_ASSERT_EQUAL(h->nlmsg_len, NLMSG_HDRLEN + 4 + 8);
	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		bool last = h->nlmsg_type == NFNL_MSG_BATCH_END;

		CU_ASSERT_EQUAL(h->nlmsg_seq, sequence++);
		if (before != NULL)
			CU_ASSERT_EQUAL((before->nlmsg_flags & NLM_F_ACK) != 0, last);
		before = h;
	}
	CU_ASSERT_EQUAL(left, 0);
	CU_ASSERT_EQUAL(before->nlmsg_type, NFNL_MSG_BATCH_END);
	nft_batch_free(&b);
	ruleset_change_free(change);
	ruleset_free(r);
}

/* One row is one rule that must be refused when it is encoded. */
static const struct refused {
	const char *why;
	struct stmt stmts[3];
	unsigned int n;
} refused[] = {
	{ "a family that the next match implies", {
	    { .kind = STMT_NFPROTO, .number = 10 }, { .kind = STMT_ROUTING_MISSING },
	    { .kind = STMT_ACCEPT } }, 3 },
	{ "a protocol that the next match implies", {
	    { .kind = STMT_L4PROTO, .number = 6 }, { .kind = STMT_TCP_NOT_OPENING } },
	    2 },
	{ "both families in one rule", {
	    { .kind = STMT_IPV4_OPTIONS }, { .kind = STMT_ROUTING_MISSING } }, 2 },
	{ "not one of several states", {
	    { .kind = STMT_CT_STATE, .number = 6, .invert = true } }, 1 },
	{ "no state at all", { { .kind = STMT_CT_STATE } }, 1 },
	{ "a time without ends", {
	    { .kind = STMT_TIME, .since = INT64_MIN, .until = INT64_MAX } }, 1 },
	{ "a time before the clock", {
	    { .kind = STMT_TIME, .since = -5, .until = INT64_MAX } }, 1 },
	{ "a set without a name", {
	    { .kind = STMT_IN_SET, .key = { FIELD_IP_SADDR }, .n_fields = 1 } }, 1 },
	{ "a lookup without a key", {
	    { .kind = STMT_IN_SET, .target = { .base = "s" } } }, 1 },
	{ "an interface without a name", {
	    { .kind = STMT_IFNAME, .key = { FIELD_IIFNAME }, .n_fields = 1 } }, 1 },
	{ "ICMP of no family", { { .kind = STMT_ICMP_TYPE, .number = 8 } }, 1 },
	{ "no statement", { { .kind = STMT_NONE } }, 1 },
	{ "a limit of nothing", { { .kind = STMT_LIMIT } }, 1 },
};

static void
rules_that_would_come_back_otherwise_are_refused(void)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct ruleset_rule rule = { .n_stmts = refused[i].n };
		struct nft_expr_list list;

		memcpy(rule.stmts, refused[i].stmts, sizeof(refused[i].stmts));
		if (nft_expr_encode(&rule, &list) != -EINVAL)
			CU_FAIL(refused[i].why);
	}
	CU_PASS("all refused");
}

/*
 * Change one byte of one expression: either it is refused, or it is another
 * rule that encodes to exactly these expressions.
 */
static void
a_foreign_rule_is_never_taken_for_ours(void)
{
	struct ruleset *r = nft_sample();
	unsigned int foreign = 0, other = 0;

	for (size_t c = 0; c < r->n_chains; c++)
		for (size_t k = 0; k < r->chains[c].n_rules; k++) {
			struct nft_expr_list list, again;
			struct ruleset_rule back;
			size_t bytes;

			CU_ASSERT_EQUAL_FATAL(nft_expr_encode(&r->chains[c].rules[k],
			    &list), 0);
			bytes = list.count * sizeof(list.items[0]);
			for (size_t at = 0; at < bytes; at++) {
				uint8_t *byte = (uint8_t *)list.items + at;

				/* Names end within their member. */
				if (at % sizeof(list.items[0]) + 1 >=
				    offsetof(struct nft_expr, name) + NFT_EXPR_NAME_SIZE)
					continue;
				*byte ^= 5;
				if (nft_expr_decode(&list, &back) != 0) {
					foreign++;
				} else {
					CU_ASSERT_EQUAL(nft_expr_lower(&back, &again), 0);
					CU_ASSERT_EQUAL(again.count, list.count);
					CU_ASSERT_EQUAL(memcmp(again.items, list.items,
					    bytes),
					    0);
					other++;
				}
				*byte ^= 5;
			}
		}
	CU_ASSERT(foreign > 1000);
	CU_ASSERT(other > 50);
	ruleset_free(r);
}

/* Where in the batch, counted in bytes, the n-th element of a set stands. */
static uint32_t
offset_of_element(const struct nft_batch *b, const char *set, unsigned int message,
    unsigned int n, uint32_t *sequence)
{
	const struct nlmsghdr *h = (const void *)b->bytes;
	int left = (int)b->length;
	const struct nlattr *list, *a;

	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		if (h->nlmsg_type != TYPE(NFT_MSG_NEWSETELEM) || !is_of_set(h, set) ||
		    message-- > 0)
			continue;
		*sequence = h->nlmsg_seq;
		mnl_attr_for_each(list, h, sizeof(struct nfgenmsg)) {
			if (mnl_attr_get_type(list) != NFTA_SET_ELEM_LIST_ELEMENTS)
				continue;
			mnl_attr_for_each_nested(a, list)
				if (n-- == 0)
					return (uint32_t)
					    ((const char *)a - (const char *)h);
		}
	}
	return 0;
}

static void
a_refusal_finds_its_line(void)
{
	struct ruleset *r = nft_sample();
	struct ruleset_change *change;
	struct nft_refusal refusal;
	struct nft_batch b;
	uint32_t sequence = 0, offset;

	nft_sample_fill(r, 5000);
	encode_all(r, &b, &change);
	offset = offset_of_element(&b, "mn0-lg0-x4", 1, 2, &sequence);
	CU_ASSERT_NOT_EQUAL_FATAL(offset, 0);
	nft_batch_blame(&b, sequence, offset, EEXIST, &refusal);
	CU_ASSERT_EQUAL(refusal.error, EEXIST);
	CU_ASSERT_PTR_NOT_NULL(strstr(refusal.what, "element 11.0."));
	CU_ASSERT_PTR_NOT_NULL(strstr(refusal.what, " of map mn0-lg0-x4"));
	CU_ASSERT_STRING_EQUAL(refusal.origin.file, "policy.conf");
	CU_ASSERT_EQUAL(refusal.origin.line, 41);

	/* Ends of tree ranges do not count: the second range is attribute 2. */
	offset = offset_of_element(&b, "never4.1", 0, 2, &sequence);
	nft_batch_blame(&b, sequence, offset, EEXIST, &refusal);
	CU_ASSERT_STRING_EQUAL(refusal.what, "element 192.0.3.0/24 of set never4.1");

	nft_batch_blame(&b, 100, 0, ERESTART, &refusal);
	CU_ASSERT_STRING_EQUAL(refusal.what, "the whole change");
	nft_batch_blame(&b, 99, 0, EPERM, &refusal);
	CU_ASSERT_STRING_EQUAL(refusal.what, "the whole change");
	nft_batch_free(&b);
	ruleset_change_free(change);
	ruleset_free(r);
}

static void
replies_of_another_generation_are_no_snapshot(void)
{
	struct ruleset *r = nft_sample();
	struct nft_refusal refusal = { 0 };
	struct nft_dump d = { .ruleset = ruleset_new(), .generation = 0x10007,
		.refusal = &refusal };
	struct ruleset_change *change;
	struct nft_replies replies;
	struct nlmsghdr *h;
	struct nfgenmsg *g;
	struct nft_batch b;

	encode_all(r, &b, &change);
	replies = pick(&b, NFT_MSG_NEWTABLE, NULL);
	CU_ASSERT_EQUAL(nft_dump_table(&replies, &d), -EAGAIN);
	h = (void *)replies.bytes;
	g = mnl_nlmsg_get_payload(h);
	g->res_id = htons(7);
	CU_ASSERT_EQUAL(nft_dump_table(&replies, &d), 0);
	h->nlmsg_flags |= NLM_F_DUMP_INTR;
	CU_ASSERT_EQUAL(nft_dump_table(&replies, &d), -EAGAIN);
	nft_replies_free(&replies);
	ruleset_free(d.ruleset);
	nft_batch_free(&b);
	ruleset_change_free(change);
	ruleset_free(r);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "what is written is read", what_is_written_is_read },
		{ "long lists are closed in time", long_lists_are_closed_in_time },
		{ "only the last message asks for an answer",
		    only_the_last_message_asks_for_an_answer },
		{ "rules that would come back otherwise are refused",
		    rules_that_would_come_back_otherwise_are_refused },
		{ "a foreign rule is never taken for ours",
		    a_foreign_rule_is_never_taken_for_ours },
		{ "a refusal finds its line", a_refusal_finds_its_line },
		{ "replies of another generation are no snapshot",
		    replies_of_another_generation_are_no_snapshot },
		CU_TEST_INFO_NULL,
	};

	return unit_main("nft_encode", tests);
}
