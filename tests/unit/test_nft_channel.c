/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the keeper lets through, and what it must not. Bytes only, no socket. */
#include "kernel-helpers/nft_channel.h"
#include "kernel-helpers/nft_dump.h"
#include "kernel-helpers/nft_encode.h"
#include "tests/unit/nft_sample.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

static void
our_own_batches_pass(void)
{
	struct ruleset *r = nft_sample();
	struct ruleset_change *c;
	struct nft_refusal refusal;
	struct nft_batch b;
	char why[128] = "";

	nft_sample_fill(r, 5000);
	ruleset_settle(r, NULL);
	c = ruleset_diff(NULL, r);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(nft_batch_begin(&b, 1, 77), 0);
	CU_ASSERT_EQUAL(nft_encode_delete_table(&b), 0);
	CU_ASSERT_EQUAL(nft_encode_changes(&b, &c->stage, r, &refusal), 0);
	CU_ASSERT_EQUAL(nft_encode_changes(&b, &c->flip, r, &refusal), 0);
	CU_ASSERT_EQUAL(nft_channel_allowed(b.bytes, b.length, why, sizeof(why)), 0);
	CU_ASSERT_EQUAL(nft_batch_end(&b, false), 0);
	CU_ASSERT_EQUAL(nft_channel_allowed(b.bytes, b.length, why, sizeof(why)), 0);
	CU_ASSERT_STRING_EQUAL(why, "");
	nft_batch_free(&b);
	ruleset_change_free(c);
	ruleset_free(r);
}

static void
our_own_deletions_pass(void)
{
	struct ruleset *r = nft_sample();
	const struct change items[] = {
		{ .kind = CHANGE_DELETE_ELEMENTS, .set = &r->sets[0],
		    .elements = (const size_t[]){ 0 }, .n_elements = 1 },
		{ .kind = CHANGE_DELETE_ELEMENTS, .set = &r->sets[0] },
		{ .kind = CHANGE_FLUSH_CHAIN, .chain = &r->chains[0] },
		{ .kind = CHANGE_DELETE_CHAIN, .chain = &r->chains[0] },
		{ .kind = CHANGE_DELETE_SET, .set = &r->sets[0] },
		{ .kind = CHANGE_DELETE_COUNTER, .counter = &r->counters[0] },
	};
	struct change copy[sizeof(items) / sizeof(items[0])];
	struct change_list list = { .items = copy,
	    .count = sizeof(items) / sizeof(items[0]) };
	struct nft_refusal refusal;
	struct nft_batch b;
	char why[128] = "";

	memcpy(copy, items, sizeof(items));
	CU_ASSERT_EQUAL_FATAL(nft_batch_begin(&b, 1, 0), 0);
	CU_ASSERT_EQUAL(nft_encode_changes(&b, &list, r, &refusal), 0);
	CU_ASSERT_EQUAL(nft_batch_end(&b, false), 0);
	CU_ASSERT_EQUAL(nft_channel_allowed(b.bytes, b.length, why, sizeof(why)), 0);
	CU_ASSERT_STRING_EQUAL(why, "");
	nft_batch_free(&b);
	ruleset_free(r);
}

static void
our_own_questions_pass(void)
{
	static const uint8_t types[] = { NFT_MSG_GETGEN, NFT_MSG_GETTABLE,
		NFT_MSG_GETCHAIN,
		NFT_MSG_GETRULE, NFT_MSG_GETSET, NFT_MSG_GETSETELEM, NFT_MSG_GETOBJ,
		NFT_MSG_GETFLOWTABLE };
	_Alignas(struct nlmsghdr) uint8_t buf[NFT_DUMP_REQUEST_BYTES];
	char why[128] = "";

	for (size_t i = 0; i < sizeof(types); i++) {
		size_t n = nft_dump_request(buf, types[i], true,
		    types[i] == NFT_MSG_GETSETELEM ? "mn0-lg0-r4.1" : NULL);

		CU_ASSERT_EQUAL(nft_channel_allowed(buf, n, why, sizeof(why)), 0);
		CU_ASSERT_STRING_EQUAL(why, "");
	}
}

/*
 * Hostile batches are written by hand: a BEGIN, one message, an END. "attrs"
 * stands behind the message's head as it is.
 */
#define ATTR(length, type) (length), 0, (type), 0
#define OURS ATTR(12, 1), 's', 'e', 'k', 'i', 's', 'h', 'o', 0
#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, \
	sizeof((const uint8_t[]){ __VA_ARGS__ })

static const struct hostile {
	const char *what, *sentence;
	uint8_t subsystem, message, family;
	const uint8_t *attrs;
	size_t length;
} hostile[] = {
	{ "all tables of the family", "no table named",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELTABLE, NFPROTO_INET, NULL, 0 },
	{ "another table", "another table",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELTABLE, NFPROTO_INET,
	    BYTES(ATTR(8, 1), 'n', 'a', 't', 0) },
	{ "our table by name, another by handle", "never send",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELTABLE, NFPROTO_INET,
	    BYTES(OURS, ATTR(12, 4), 0, 0, 0, 0, 0, 0, 0, 3) },
	{ "a second table name", "twice",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELTABLE, NFPROTO_INET,
	    BYTES(OURS, ATTR(8, 1), 'n', 'a', 't', 0) },
	{ "a second table name behind a type flag", "twice",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELTABLE, NFPROTO_INET,
	    BYTES(OURS, 8, 0, 1, 0x80, 'n', 'a', 't', 0) },
	{ "another table behind a type flag", "another table",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELTABLE, NFPROTO_INET,
	    BYTES(8, 0, 1, 0x40, 'n', 'a', 't', 0) },
	{ "a name that only begins like ours", "another table",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWTABLE, NFPROTO_INET,
	    BYTES(ATTR(16, 1), 's', 'e', 'k', 'i', 's', 'h', 'o', '2', 0, 0, 0, 0) },
	{ "a name without its end", "another table",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWTABLE, NFPROTO_INET,
	    BYTES(ATTR(11, 1), 's', 'e', 'k', 'i', 's', 'h', 'o', 0) },
	{ "a name with something behind its end", "another table",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWTABLE, NFPROTO_INET,
	    BYTES(ATTR(14, 1), 's', 'e', 'k', 'i', 's', 'h', 'o', 0, 'x', 0, 0, 0) },
	{ "a dormant table", "never send",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWTABLE, NFPROTO_INET,
	    BYTES(OURS, ATTR(8, 2), 0, 0, 0, 1) },
	{ "our name in another family", "another family",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELTABLE, NFPROTO_IPV4, BYTES(OURS) },
	{ "every family", "another family",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELTABLE, NFPROTO_UNSPEC, BYTES(OURS) },
	{ "another subsystem", "never send",
	    NFNL_SUBSYS_CTNETLINK, NFT_MSG_DELTABLE, NFPROTO_INET, BYTES(OURS) },
	{ "a flowtable", "never send",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWFLOWTABLE, NFPROTO_INET, BYTES(OURS) },
	{ "a destroy message", "never send", NFNL_SUBSYS_NFTABLES, 26, NFPROTO_INET,
	    BYTES(OURS) },
	{ "a question in a batch", "a question",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE, NFPROTO_INET, BYTES(OURS) },
	{ "a chain whose policy is accept", "policy is not drop",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWCHAIN, NFPROTO_INET,
	    BYTES(OURS, ATTR(8, 5), 0, 0, 0, 1) },
	{ "a chain whose policy is two bytes", "strange length",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWCHAIN, NFPROTO_INET,
	    BYTES(OURS, ATTR(6, 5), 0, 0, 0, 0) },
	{ "an attribute of length zero", "beyond its message",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELTABLE, NFPROTO_INET,
	    BYTES(ATTR(0, 1), 0, 0, 0, 0) },
	{ "an attribute longer than its message", "beyond its message",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELTABLE, NFPROTO_INET,
	    BYTES(ATTR(40, 1), 's', 'e', 'k', 'i', 's', 'h', 'o', 0) },
	{ "an attribute that hides another by its length", "another table",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELTABLE, NFPROTO_INET,
	    BYTES(ATTR(20, 1), 's', 'e', 'k', 'i', 's', 'h', 'o', 0, ATTR(8, 1), 'n', 'a',
	    't', 0) },
	{ "an unknown attribute", "never send",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELTABLE, NFPROTO_INET,
	    BYTES(OURS, ATTR(4, 77)) },
	{ "a rule of no table", "no table named",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELRULE, NFPROTO_INET, NULL, 0 },
	{ "elements of no table", "no table named",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELSETELEM, NFPROTO_INET, NULL, 0 },
	{ "a chain of no table", "no table named",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWCHAIN, NFPROTO_INET, NULL, 0 },
	{ "a set of another table", "another table",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWSET, NFPROTO_INET,
	    BYTES(ATTR(8, 1), 'n', 'a', 't', 0) },
	{ "elements of another table", "another table",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWSETELEM, NFPROTO_INET,
	    BYTES(ATTR(8, 1), 'n', 'a', 't', 0) },
	{ "an object of another table", "another table",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELOBJ, NFPROTO_INET,
	    BYTES(ATTR(8, 1), 'n', 'a', 't', 0) },
	{ "a rule of another table", "another table",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWRULE, NFPROTO_INET,
	    BYTES(ATTR(8, 1), 'n', 'a', 't', 0) },
	{ "a chain by its handle", "never send",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELCHAIN, NFPROTO_INET,
	    BYTES(OURS, ATTR(12, 2), 0, 0, 0, 0, 0, 0, 0, 3) },
	{ "a set by its handle", "never send",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_DELSET, NFPROTO_INET,
	    BYTES(OURS, ATTR(12, 16), 0, 0, 0, 0, 0, 0, 0, 3) },
	{ "a table with an owner", "never send",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWTABLE, NFPROTO_INET,
	    BYTES(OURS, ATTR(8, 2), 0, 0, 0, 2) },
	{ "an offloaded chain", "never send",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWCHAIN, NFPROTO_INET,
	    BYTES(OURS, ATTR(8, 10), 0, 0, 0, 2) },
	{ "a chain of NAT", "no filter",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWCHAIN, NFPROTO_INET,
	    BYTES(OURS, ATTR(8, 7), 'n', 'a', 't', 0) },
	{ "a chain of routes", "no filter",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWCHAIN, NFPROTO_INET,
	    BYTES(OURS, ATTR(10, 7), 'r', 'o', 'u', 't', 'e', 0, 0, 0) },
	{ "a chain at ingress", "do not know",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWCHAIN, NFPROTO_INET,
	    BYTES(OURS, ATTR(12, 4), ATTR(8, 1), 0, 0, 0, 5) },
	{ "a chain at a device", "at a device",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWCHAIN, NFPROTO_INET,
	    BYTES(OURS, ATTR(20, 4), ATTR(8, 1), 0, 0, 0, 2, ATTR(8, 3), 'l', 'o', 0, 0) },
	{ "two hooks", "do not know",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWCHAIN, NFPROTO_INET,
	    BYTES(OURS, ATTR(20, 4), ATTR(8, 1), 0, 0, 0, 2, ATTR(8, 1), 0, 0, 0, 0) },
	{ "a hook cut short", "do not know",
	    NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWCHAIN, NFPROTO_INET,
	    BYTES(OURS, ATTR(10, 4), ATTR(8, 1), 0, 0, 0, 0) },
	{ "a quota", "no counter", NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWOBJ, NFPROTO_INET,
	    BYTES(OURS, ATTR(8, 3), 0, 0, 0, 2) },
	{ "a helper for conntrack", "no counter", NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWOBJ,
	    NFPROTO_INET, BYTES(OURS, ATTR(8, 3), 0, 0, 0, 3) },
};

/* Expressions of a rule: a name and what stands in its data. */
static const struct {
	const char *sentence;		/* NULL: allowed */
	const char *name;
	uint8_t data[48];
	size_t length;
} rules[] = {
	{ NULL, "counter", { 0 }, 0 },
	{ NULL, "payload", { ATTR(8, 2), 0, 0, 0, 1 }, 8 },
	{ "rewrites", "payload", { ATTR(8, 5), 0, 0, 0, 1 }, 8 },
	{ "rewrites", "payload", { 8, 0, 5, 0x80, 0, 0, 0, 1 }, 8 },
	{ "rewrites", "meta", { ATTR(8, 2), 0, 0, 0, 3, ATTR(8, 3), 0, 0, 0, 1 }, 16 },
	{ "rewrites", "exthdr", { ATTR(8, 7), 0, 0, 0, 1 }, 8 },
	{ "rewrites", "payload", { ATTR(40, 2), 0, 0, 0, 1 }, 8 },
	{ NULL, "ct", { ATTR(8, 2), 0, 0, 0, 3, ATTR(8, 4), 0, 0, 0, 1 }, 16 },
	{ "its mark", "ct", { ATTR(8, 2), 0, 0, 0, 16, ATTR(8, 4), 0, 0, 0, 1 }, 16 },
	{ "its mark", "ct", { ATTR(8, 4), 0, 0, 0, 1 }, 8 },
	{ "its mark", "ct", { ATTR(8, 2), 0, 0, 0, 3, ATTR(8, 2), 0, 0, 0, 16,
	    ATTR(8, 4), 0, 0, 0, 1 }, 24 },
	{ NULL, "immediate", { ATTR(16, 2), ATTR(12, 2), ATTR(8, 1), 0, 0, 0, 1 }, 16 },
	{ "never give", "immediate", { ATTR(16, 2), ATTR(12, 2), ATTR(8, 1), 0, 0, 0, 3 }, 16 },
	{ "never give", "immediate", { ATTR(16, 2), ATTR(12, 2), ATTR(8, 1), 0, 7, 0, 3 }, 16 },
	{ "cannot be read", "immediate", { ATTR(12, 2), ATTR(8, 2), 0, 0, 0, 1 }, 12 },
	{ "inside an expression", "dynset", { ATTR(8, 7), 0, 0, 0, 1 }, 8 },
	{ "never send", "nat", { 0 }, 0 }, { "never send", "masq", { 0 }, 0 },
	{ "never send", "redir", { 0 }, 0 }, { "never send", "tproxy", { 0 }, 0 },
	{ "never send", "queue", { 0 }, 0 }, { "never send", "dup", { 0 }, 0 },
	{ "never send", "fwd", { 0 }, 0 }, { "never send", "notrack", { 0 }, 0 },
	{ "never send", "flow_offload", { 0 }, 0 }, { "never send", "synproxy", { 0 }, 0 },
	{ "never send", "", { 0 }, 0 }, { "never send", "countee", { 0 }, 0 },
	{ "never send", "counterr", { 0 }, 0 },
};

static size_t
put_attr(uint8_t *at, uint16_t type, const void *value, size_t length)
{
	struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type };

	memset(at, 0, NLA_ALIGN(a.nla_len));
	memcpy(at, &a, sizeof(a));
	if (length > 0)
		memcpy(at + NLA_HDRLEN, value, length);
	return NLA_ALIGN((size_t)a.nla_len);
}

static size_t
put(uint8_t *at, uint16_t type, uint8_t family, uint16_t resource, const void *attrs,
    size_t length)
{
	struct nlmsghdr h = { .nlmsg_len = (uint32_t)(20 + length), .nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST };
	struct nfgenmsg g = { .nfgen_family = family, .res_id = htons(resource) };

	memcpy(at, &h, sizeof(h));
	memcpy(at + sizeof(h), &g, sizeof(g));
	if (length > 0)
		memcpy(at + 20, attrs, length);
	return 20 + length;
}

static size_t
put_hostile(uint8_t *buf, const struct hostile *k)
{
	size_t n = put(buf, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES, NULL, 0);

	n += put(buf + n, (uint16_t)(k->subsystem << 8 | k->message), k->family, 0,
	    k->attrs, k->length);
	return n + put(buf + n, NFNL_MSG_BATCH_END, 0, NFNL_SUBSYS_NFTABLES, NULL, 0);
}

static void
hostile_batches_are_refused(void)
{
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		uint8_t buf[256];
		char why[128] = "";
		size_t n = put_hostile(buf, &hostile[i]);

		if (nft_channel_allowed(buf, n, why, sizeof(why)) != -EPERM ||
		    strstr(why, hostile[i].sentence) == NULL)
			CU_FAIL(hostile[i].what);
		CU_ASSERT_PTR_NOT_NULL(strstr(why, "message 2: "));
	}
}

/* How a rule with one expression is judged, its bytes cut by so many. */
static int
judge_rule(size_t i, size_t cut, char *why, size_t size)
{
	uint8_t expr[128], list[160], attrs[192], buf[320];
	size_t n = put_attr(expr, NFTA_EXPR_NAME, rules[i].name, strlen(rules[i].name) + 1);
	size_t m;

	n += put_attr(expr + n, NFTA_EXPR_DATA, rules[i].data, rules[i].length);
	n = put_attr(list, NFTA_LIST_ELEM, expr, n - cut);
	m = put_attr(attrs, NFTA_RULE_TABLE, "sekisho", 8);
	m += put_attr(attrs + m, NFTA_RULE_EXPRESSIONS, list, n);
	n = put(buf, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES, NULL, 0);
	n += put(buf + n, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE, NFPROTO_INET, 0, attrs, m);
	n += put(buf + n, NFNL_MSG_BATCH_END, 0, NFNL_SUBSYS_NFTABLES, NULL, 0);
	return nft_channel_allowed(buf, n, why, size);
}

static void
rules_only_look_and_judge(void)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		char why[128] = "";
		int r = judge_rule(i, 0, why, sizeof(why));

		if (rules[i].sentence == NULL ? r != 0 :
		    r != -EPERM || strstr(why, rules[i].sentence) == NULL) {
			fprintf(stderr, "%zu %s: %d %s\n", i, rules[i].name, r, why);
			CU_FAIL("an expression is judged otherwise");
		}
		/* Cut anywhere inside its last attribute it is nothing we can read. */
		if (rules[i].length >= 8)
			CU_ASSERT_EQUAL(judge_rule(i, 4, why, sizeof(why)), -EPERM);
	}
}

/* The same message, whole, cut, or with its length changed. */
static void
lengths_that_lie_are_refused(void)
{
	const struct hostile good = { "", "", NFNL_SUBSYS_NFTABLES, NFT_MSG_DELTABLE,
		NFPROTO_INET, BYTES(OURS) };
	uint8_t buf[256];
	char why[128];
	size_t n = put_hostile(buf, &good);
	uint32_t lies[] = { 0, 1, 15, 16, 19, 21, 31, 33, 36, 1000, 0x7fffffff,
	    0xffffffff };

	CU_ASSERT_EQUAL(nft_channel_allowed(buf, n, why, sizeof(why)), 0);
	for (size_t cut = 0; cut < n; cut++) {
		/* Without its end it is a dry run. */
		bool whole = cut == 20 || cut == n - 20;

		CU_ASSERT_EQUAL(nft_channel_allowed(buf, cut, why, sizeof(why)),
		    whole ? 0 : -EPERM);
	}
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		put_hostile(buf, &good);
		memcpy(buf + 20, &lies[i], sizeof(lies[i]));
		CU_ASSERT_EQUAL(nft_channel_allowed(buf, n, why, sizeof(why)), -EPERM);
	}
}

static void
batches_have_one_form(void)
{
	static const uint8_t ours[] = { OURS };
	const uint16_t deltable = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE;
	const uint16_t gettable = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE;
	uint8_t buf[256];
	char why[128];
	size_t n;

	/* A change outside a batch. */
	n = put(buf, deltable, NFPROTO_INET, 0, ours, sizeof(ours));
	CU_ASSERT_EQUAL(nft_channel_allowed(buf, n, why, sizeof(why)), -EPERM);
	/* Two questions. */
	n = put(buf, gettable, NFPROTO_INET, 0, ours, sizeof(ours));
	CU_ASSERT_EQUAL(nft_channel_allowed(buf, n, why, sizeof(why)), 0);
	n += put(buf + n, gettable, NFPROTO_INET, 0, ours, sizeof(ours));
	CU_ASSERT_EQUAL(nft_channel_allowed(buf, n, why, sizeof(why)), -EPERM);
	/* A batch of another subsystem; one in a batch; one behind a batch. */
	n = put(buf, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_CTNETLINK, NULL, 0);
	CU_ASSERT_EQUAL(nft_channel_allowed(buf, n, why, sizeof(why)), -EPERM);
	n = put(buf, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES, NULL, 0);
	n += put(buf + n, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES, NULL, 0);
	CU_ASSERT_EQUAL(nft_channel_allowed(buf, n, why, sizeof(why)), -EPERM);
	n = put(buf, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES, NULL, 0);
	n += put(buf + n, NFNL_MSG_BATCH_END, 0, NFNL_SUBSYS_NFTABLES, NULL, 0);
	n += put(buf + n, deltable, NFPROTO_INET, 0, ours, sizeof(ours));
	CU_ASSERT_EQUAL(nft_channel_allowed(buf, n, why, sizeof(why)), -EPERM);
	/* An end alone, and netlink's own message types. */
	n = put(buf, NFNL_MSG_BATCH_END, 0, NFNL_SUBSYS_NFTABLES, NULL, 0);
	CU_ASSERT_EQUAL(nft_channel_allowed(buf, n, why, sizeof(why)), -EPERM);
	n = put(buf, NLMSG_DONE, NFPROTO_INET, 0, NULL, 0);
	CU_ASSERT_EQUAL(nft_channel_allowed(buf, n, why, sizeof(why)), -EPERM);
	/* No room for a sentence is no crash. */
	CU_ASSERT_EQUAL(nft_channel_allowed(buf, n, NULL, 0), -EPERM);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "our own batches pass", our_own_batches_pass },
		{ "our own deletions pass", our_own_deletions_pass },
		{ "our own questions pass", our_own_questions_pass },
		{ "hostile batches are refused", hostile_batches_are_refused },
		{ "rules only look and judge", rules_only_look_and_judge },
		{ "lengths that lie are refused", lengths_that_lie_are_refused },
		{ "batches have one form", batches_have_one_form },
		CU_TEST_INFO_NULL,
	};

	return unit_main("nft_channel", tests);
}
