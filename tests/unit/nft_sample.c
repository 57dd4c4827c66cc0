/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/nft_sample.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS(...) (const enum field[]){ __VA_ARGS__ }, \
	sizeof((enum field[]){ __VA_ARGS__ }) / sizeof(enum field)
#define KEY4 FIELD_IP_SADDR, FIELD_IP_DADDR, FIELD_IP_PROTOCOL, FIELD_TH_DPORT
#define KEY6 FIELD_IP6_SADDR, FIELD_IP6_DADDR, FIELD_IP6_NEXTHDR, FIELD_TH_DPORT

static const struct origin line_41 = { "policy.conf", 41 };

static void *
need(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

void
nft_sample_key4(uint8_t key[16], uint32_t saddr, uint32_t daddr, uint8_t protocol,
    uint16_t dport)
{
	uint32_t s = htonl(saddr), d = htonl(daddr);
	uint16_t p = htons(dport);

	memset(key, 0, 16);
	memcpy(key, &s, 4);
	memcpy(key + 4, &d, 4);
	key[8] = protocol;
	memcpy(key + 12, &p, 2);
}

static struct ruleset_set *
add_set(struct ruleset *r, const char *base, uint32_t version, enum set_kind kind,
    const enum field *key, unsigned int n, bool interval)
{
	struct ruleset_set *s = need(ruleset_add_set(r, base, version, kind, key, n,
	    interval));

	s->origin = line_41;
	return s;
}

static struct element *
add_element(struct ruleset_set *s, const void *first, const void *last)
{
	struct element *e = need(ruleset_add_element(s, first, last));

	e->origin = line_41;
	return e;
}

static void
add_target(struct ruleset_set *s, const void *key, const char *base, uint32_t version)
{
	struct object_name name;

	memset(&name, 0, sizeof(name));
	strcpy(name.base, base);
	name.version = version;
	if (element_set_target(add_element(s, key, NULL), &name) != 0)
		abort();
}

static struct stmt *
stmt(struct ruleset_rule *rule, enum stmt_kind kind)
{
	return need(ruleset_add_stmt(rule, kind));
}

static void
set_key(struct stmt *s, const enum field *key, unsigned int n)
{
	memcpy(s->key, key, n * sizeof(*key));
	s->n_fields = n;
}

static void
stmt_target(struct ruleset_rule *rule, enum stmt_kind kind, const char *base,
    uint32_t version)
{
	struct stmt *s = stmt(rule, kind);

	strcpy(s->target.base, base);
	s->target.version = version;
}

static struct stmt *
stmt_key(struct ruleset_rule *rule, enum stmt_kind kind, const char *base,
    uint32_t version, const enum field *key, unsigned int n)
{
	struct stmt *s = stmt(rule, kind);

	strcpy(s->target.base, base);
	s->target.version = version;
	set_key(s, key, n);
	return s;
}

static struct stmt *
stmt_number(struct ruleset_rule *rule, enum stmt_kind kind, uint64_t number)
{
	struct stmt *s = stmt(rule, kind);

	s->number = number;
	return s;
}

static struct ruleset_rule *
rule(struct ruleset_chain *c, const char *comment)
{
	struct ruleset_rule *k = need(ruleset_add_rule(c));

	strcpy(k->comment, comment);
	k->origin = line_41;
	return k;
}

static void
add_maps(struct ruleset *r)
{
	uint8_t first[LIMIT_KEY_BYTES] = { 0 }, last[LIMIT_KEY_BYTES] = { 0 };
	struct ruleset_set *s;

	s = add_set(r, "mn0-lg0-x4", 0, SET_MARK_MAP, FIELDS(KEY4), false);
	nft_sample_key4(first, 0x0a0a0005, 0x0a140005, 6, 443);
	add_element(s, first, NULL)->mark = 1;
	nft_sample_key4(first, 0x0a0a0006, 0x0a140005, 17, 53);
	add_element(s, first, NULL)->mark = 2;

	s = add_set(r, "mn0-lg0-r4", 1, SET_MARK_MAP, FIELDS(KEY4), true);
	nft_sample_key4(first, 0x0a0a0100, 0x0a140001, 6, 80);
	nft_sample_key4(last, 0x0a0a01ff, 0x0a140009, 6, 89);
	add_element(s, first, last)->mark = 1;
	nft_sample_key4(first, 0x0a0a0200, 0x0a140000, 17, 53);
	nft_sample_key4(last, 0x0a0a02ff, 0x0a14ffff, 17, 53);
	add_element(s, first, last)->mark = 2;

	memset(first, 0, sizeof(first));
	memcpy(first, "\x20\x01\x0d\xb8\x00\x10", 6);
	memcpy(first + 16, "\x20\x01\x0d\xb8\x00\x20", 6);
	first[32] = 6;
	first[36] = 1;
	memcpy(last, first, sizeof(last));
	last[15] = 0xff;
	s = add_set(r, "mn0-lg0-r6", 1, SET_MARK_MAP, FIELDS(KEY6), true);
	add_element(s, first, last)->mark = 2;
}

static void
add_small_sets(struct ruleset *r)
{
	static const uint8_t bound[4] = { 10, 10, 0, 5 };
	static const uint8_t mac[12] = { 10, 10, 0, 5, 0, 0, 0x5e, 0, 0x53, 0x18 };
	static const uint8_t net[2][4] = { { 192, 0, 2, 0 }, { 192, 0, 2, 255 } };
	static const uint8_t next[2][4] = { { 192, 0, 3, 0 }, { 192, 0, 3, 255 } };
	static const uint8_t top[2][4] = { { 240, 0, 0, 0 }, { 255, 255, 255, 255 } };
	uint8_t pair[32] = "mn0";
	struct ruleset_set *s;
	uint32_t mark = 1, flow = 1u << MARK_PAIR_SHIFT;

	add_element(add_set(r, "bound4", 0, SET_PLAIN, FIELDS(FIELD_IP_SADDR), false),
	    bound, NULL);
	add_element(add_set(r, "macs4", 0, SET_PLAIN,
	    FIELDS(FIELD_IP_SADDR, FIELD_ETHER_SADDR), false), mac, NULL);
	s = add_set(r, "never4", 1, SET_PLAIN, FIELDS(FIELD_IP_SADDR), true);
	add_element(s, net[0], net[1]);
	add_element(s, next[0], next[1]);
	add_element(s, top[0], top[1]);

	s = add_set(r, "pairs", 0, SET_VERDICT_MAP, FIELDS(FIELD_IIFNAME, FIELD_OIFNAME),
	    false);
	strcpy((char *)pair + 16, "lg0");
	add_target(s, pair, "mn0-lg0", 1);
	s = add_set(r, "flows", 0, SET_VERDICT_MAP, FIELDS(FIELD_CT_MARK), false);
	s->size = 64;
	add_target(s, &flow, "flow-mn0-lg0", 0);
	s = add_set(r, "permits", 0, SET_COUNTER_MAP, FIELDS(FIELD_CT_MARK), false);
	add_target(s, &mark, "permit_T001", 0);
	mark = 2;
	add_target(s, &mark, "permit_T002", 0);

	s = add_set(r, "seen4", 0, SET_PLAIN, FIELDS(FIELD_IIF, FIELD_OIF, FIELD_IP_SADDR,
	    FIELD_IP_DADDR, FIELD_IP_PROTOCOL), false);
	s->dynamic = true;
	s->counted = true;
	s->size = 65536;
	s->timeout_ms = 86400000;
}

static void
add_leaf(struct ruleset *r)
{
	struct ruleset_chain *c = need(ruleset_add_chain(r, "mn0-lg0", 1));
	struct ruleset_rule *k;
	struct stmt *t;

	k = rule(c, "");
	stmt_key(k, STMT_MARK_FROM_MAP, "mn0-lg0-x4", 0, FIELDS(KEY4));
	stmt_target(k, STMT_GOTO, "permit", 0);
	k = rule(c, "T001 policy.conf:41");
	stmt_key(k, STMT_MARK_FROM_MAP, "mn0-lg0-r4", 1, FIELDS(KEY4));
	stmt_target(k, STMT_GOTO, "permit", 0);
	k = rule(c, "");
	t = stmt(k, STMT_TIME);
	t->since = 1790000000;
	t->until = 1800000000;
	stmt_key(k, STMT_MARK_FROM_MAP, "mn0-lg0-r6", 1, FIELDS(KEY6));
	stmt_target(k, STMT_GOTO, "permit", 0);
	k = rule(c, "");
	t = stmt(k, STMT_TIME);
	t->since = INT64_MIN;
	t->until = 1800000000;
	stmt(k, STMT_DROP);
	stmt_target(rule(c, ""), STMT_GOTO, "refuse", 0);

	c = need(ruleset_add_chain(r, "flow-mn0-lg0", 0));
	k = rule(c, "");
	t = stmt(k, STMT_IFNAME);
	set_key(t, FIELDS(FIELD_IIFNAME));
	strcpy(t->name, "mn0");
	stmt(k, STMT_ACCEPT);
	stmt_target(rule(c, ""), STMT_GOTO, "refuse", 0);

	c = need(ruleset_add_chain(r, "permit", 0));
	k = rule(c, "");
	stmt_target(k, STMT_COUNT_BY_PERMIT, "permits", 0);
	stmt(k, STMT_ACCEPT);
}

static void
add_refuse(struct ruleset *r)
{
	struct ruleset_chain *c = need(ruleset_add_chain(r, "refuse", 0));
	struct ruleset_rule *k;
	struct stmt *t;

	stmt_target(rule(c, ""), STMT_COUNT, "refused", 0);
	k = rule(c, "");
	t = stmt_number(k, STMT_LIMIT, 100);
	t->burst = 50;
	t = stmt_number(k, STMT_LOG, 5);
	strcpy(t->name, "sekisho:refuse");
	stmt_key(rule(c, ""), STMT_UPDATE, "seen4", 0, FIELDS(FIELD_IIF, FIELD_OIF,
	    FIELD_IP_SADDR, FIELD_IP_DADDR, FIELD_IP_PROTOCOL));
	stmt(rule(c, ""), STMT_REJECT);
	stmt(rule(c, ""), STMT_DROP);
}

static void
add_forward(struct ruleset *r)
{
	struct ruleset_chain *c = need(ruleset_add_chain(r, "forward", 0));
	struct ruleset_rule *k;
	struct stmt *t;

	c->hook = HOOK_FORWARD;
	c->policy_drop = true;
	k = rule(c, "");
	stmt_number(k, STMT_CT_STATE, CT_STATE_ESTABLISHED);
	stmt(k, STMT_IPV4_PLAIN);
	stmt_target(k, STMT_VERDICT_BY_PAIR, "flows", 0);
	k = rule(c, "");
	stmt_number(k, STMT_CT_STATE, CT_STATE_ESTABLISHED);
	stmt(k, STMT_ROUTING_MISSING);
	stmt_target(k, STMT_VERDICT_BY_PAIR, "flows", 0);
	k = rule(c, "");
	stmt_number(k, STMT_CT_STATE, CT_STATE_ESTABLISHED);
	stmt(k, STMT_ROUTING_MISSING);
	stmt(k, STMT_ACCEPT);
	k = rule(c, "");
	stmt(k, STMT_IPV4_OPTIONS);
	stmt_target(k, STMT_GOTO, "refuse", 0);
	k = rule(c, "");
	stmt(k, STMT_FIB_NOT_UNICAST);
	stmt_target(k, STMT_GOTO, "refuse", 0);
	k = rule(c, "");
	stmt_number(k, STMT_CT_STATE, CT_STATE_NEW)->invert = true;
	stmt_target(k, STMT_GOTO, "refuse", 0);
	k = rule(c, "");
	stmt(k, STMT_TCP_NOT_OPENING);
	stmt_target(k, STMT_GOTO, "refuse", 0);
	k = rule(c, "");
	stmt_key(k, STMT_IN_SET, "bound4", 0, FIELDS(FIELD_IP_SADDR));
	t = stmt_key(k, STMT_IN_SET, "macs4", 0, FIELDS(FIELD_IP_SADDR,
	    FIELD_ETHER_SADDR));
	t->invert = true;
	stmt_target(k, STMT_GOTO, "refuse", 0);
	k = rule(c, "");
	stmt_key(k, STMT_IN_SET, "never4", 1, FIELDS(FIELD_IP_SADDR));
	stmt(k, STMT_DROP);
	stmt_key(rule(c, ""), STMT_VERDICT_MAP, "pairs", 0,
	    FIELDS(FIELD_IIFNAME, FIELD_OIFNAME));
	stmt_target(rule(c, ""), STMT_GOTO, "refuse", 0);
}

static void
add_input(struct ruleset *r)
{
	struct ruleset_chain *c = need(ruleset_add_chain(r, "input", 0));
	struct ruleset_rule *k;
	struct stmt *t;

	c->hook = HOOK_INPUT;
	c->policy_drop = true;
	k = rule(c, "");
	t = stmt(k, STMT_IFNAME);
	set_key(t, FIELDS(FIELD_IIFNAME));
	strcpy(t->name, "lo");
	stmt(k, STMT_ACCEPT);
	k = rule(c, "");
	stmt_number(k, STMT_ICMP_TYPE, 135)->family = 10;
	stmt(k, STMT_ACCEPT);
	k = rule(c, "");
	stmt_number(k, STMT_ICMP_TYPE, 8)->family = 2;
	stmt(k, STMT_CT_DIRECTION_ORIGINAL);
	stmt(k, STMT_ACCEPT);
	k = rule(c, "");
	stmt_number(k, STMT_FIB_LOCAL_GROUP, 5);
	stmt(k, STMT_DROP);
	k = rule(c, "");
	stmt_number(k, STMT_NFPROTO, 2);
	stmt_number(k, STMT_L4PROTO, 6);
	stmt(k, STMT_ACCEPT);
	k = rule(c, "");
	stmt_number(k, STMT_L4PROTO, 17)->invert = true;
	stmt_number(k, STMT_CT_STATE, CT_STATE_INVALID | CT_STATE_UNTRACKED);
	stmt_target(k, STMT_JUMP, "refuse", 0);
}

static struct ruleset *
build(void)
{
	struct ruleset *r = need(ruleset_new());

	strcpy(r->comment, "digest 0123456789abcdef");
	strcpy(((struct ruleset_counter *)need(ruleset_add_counter(r,
	    "permit_T001")))->comment,
	    "T001 policy.conf:41");
	need(ruleset_add_counter(r, "permit_T002"));
	need(ruleset_add_counter(r, "refused"));
	add_maps(r);
	add_small_sets(r);
	add_refuse(r);
	add_leaf(r);
	add_forward(r);
	add_input(r);
	return r;
}

struct ruleset *
nft_sample(void)
{
	struct ruleset *r = build();

	ruleset_sort(r);
	return r;
}

struct ruleset *
nft_sample_changed(void)
{
	uint8_t first[16], last[16];
	struct ruleset *r = build();
	struct object_name name = { .base = "mn0-lg0-r4", .version = 1 };
	struct ruleset_set *s = need(ruleset_find_set(r, &name));

	nft_sample_key4(first, 0x0a0a0300, 0x0a140000, 6, 22);
	nft_sample_key4(last, 0x0a0a03ff, 0x0a1400ff, 6, 23);
	add_element(s, first, last)->mark = 1;
	ruleset_sort(r);
	return r;
}

void
nft_sample_fill(struct ruleset *r, size_t n)
{
	struct object_name name = { .base = "mn0-lg0-x4" };
	struct ruleset_set *s = need(ruleset_find_set(r, &name));
	uint8_t key[16];

	if (ruleset_reserve_elements(s, n) != 0)
		abort();
	for (size_t i = 0; i < n; i++) {
		nft_sample_key4(key, 0x0b000000 + (uint32_t)i, 0x0a140005, 6,
		    (uint16_t)(1 + i % 60000));
		add_element(s, key, NULL)->mark = 1 + (uint32_t)(i & 1);
	}
	r->sorted = false;
	ruleset_sort(r);
}
