/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every statement and key has one spelling, the one that nft lists back. */
#include "rules/ruleset_print.h"
#include "tests/unit/unit.h"

#include <stddef.h>
#include <string.h>

static const struct stmt_row {
	struct stmt stmt;
	const char *text;
} statements[] = {
	{ { .kind = STMT_CT_STATE, .number = CT_STATE_ESTABLISHED },
	    "ct state established" },
	{ { .kind = STMT_CT_STATE, .number = CT_STATE_NEW, .invert = true },
	    "ct state != new" },
	{ { .kind = STMT_CT_STATE, .number = CT_STATE_INVALID | CT_STATE_UNTRACKED },
	    "ct state invalid,untracked" },
	{ { .kind = STMT_CT_DIRECTION_ORIGINAL }, "ct direction original" },
	{ { .kind = STMT_CT_DIRECTION_ORIGINAL, .invert = true }, "ct direction reply" },
	{ { .kind = STMT_RETURN }, "return" },
	{ { .kind = STMT_TCP_FLAG, .number = TCP_SYN, .invert = true }, "tcp flags ! syn" },
	{ { .kind = STMT_TCP_FLAG, .number = TCP_RST }, "tcp flags rst" },
	{ { .kind = STMT_MARK_HALF_OPEN }, "ct mark set ct mark | 0x80000000" },
	{ { .kind = STMT_MARK_HALF_OPEN, .invert = true },
	    "ct mark set ct mark & 0x7fffffff" },
	{ { .kind = STMT_ADD,
	      .key = { FIELD_FLOW_SADDR, FIELD_FLOW_SPORT },
	      .n_fields = 2,
	      .target = { "mn0-lg0-half-open4-20-30", 0 } },
	    "add @mn0-lg0-half-open4-20-30 { ct original ip saddr . ct original proto-src }" },
	{ { .kind = STMT_REMOVE,
	      .key = { FIELD_FLOW_SADDR, FIELD_FLOW_SPORT },
	      .n_fields = 2,
	      .target = { "h", 0 } },
	    "delete @h { ct original ip saddr . ct original proto-src }" },
	{ { .kind = STMT_NFPROTO, .number = 2 }, "meta nfproto ipv4" },
	{ { .kind = STMT_NFPROTO, .number = 10 }, "meta nfproto ipv6" },
	{ { .kind = STMT_L4PROTO, .number = 6 }, "meta l4proto 6" },
	{ { .kind = STMT_L4PROTO, .number = 6, .invert = true }, "meta l4proto != 6" },
	{ { .kind = STMT_IFNAME, .key = { FIELD_IIFNAME }, .n_fields = 1, .name = "lo" },
	    "iifname \"lo\"" },
	{ { .kind = STMT_IFNAME,
	      .key = { FIELD_OIFNAME },
	      .n_fields = 1,
	      .name = "eth0.100",
	      .invert = true },
	    "oifname != \"eth0.100\"" },
	{ { .kind = STMT_IPV4_PLAIN }, "@nh,0,8 0x45" },
	{ { .kind = STMT_IPV4_OPTIONS }, "ip hdrlength != 5" },
	{ { .kind = STMT_ROUTING_MISSING }, "exthdr rt missing" },
	{ { .kind = STMT_FIB_NOT_UNICAST }, "fib saddr type != unicast" },
	{ { .kind = STMT_FIB_LOCAL_GROUP, .number = 3 }, "fib daddr type broadcast" },
	{ { .kind = STMT_FIB_LOCAL_GROUP, .number = 5 }, "fib daddr type multicast" },
	{ { .kind = STMT_TCP_NOT_OPENING },
	    "tcp flags & (fin | syn | rst | ack) != syn" },
	{ { .kind = STMT_ICMP_TYPE, .family = 2, .number = 3 }, "icmp type 3" },
	{ { .kind = STMT_ICMP_TYPE, .family = 10, .number = 135 }, "icmpv6 type 135" },
	{ { .kind = STMT_TIME, .since = 1774969200, .until = 1806505200 },
	    "meta time >= 1774969200 meta time < 1806505200" },
	{ { .kind = STMT_TIME, .since = INT64_MIN, .until = 5 }, "meta time < 5" },
	{ { .kind = STMT_TIME, .since = 5, .until = INT64_MAX }, "meta time >= 5" },
	{ { .kind = STMT_IN_SET,
	      .key = { FIELD_IP_SADDR, FIELD_ETHER_SADDR },
	      .n_fields = 2,
	      .target = { "macs4", 0 } },
	    "ip saddr . ether saddr @macs4" },
	{ { .kind = STMT_IN_SET,
	      .key = { FIELD_IP6_NEXTHDR },
	      .n_fields = 1,
	      .invert = true,
	      .target = { "extensions", 0 } },
	    "ip6 nexthdr != @extensions" },
	{ { .kind = STMT_VERDICT_MAP,
	      .key = { FIELD_IIFNAME, FIELD_OIFNAME },
	      .n_fields = 2,
	      .target = { "pairs", 0 } },
	    "iifname . oifname vmap @pairs" },
	{ { .kind = STMT_MARK_FROM_MAP,
	      .key = { FIELD_IP_SADDR, FIELD_TH_SPORT, FIELD_TH_DPORT },
	      .n_fields = 3,
	      .target = { "mn0-lg0-s4", 7 } },
	    "ct mark set ip saddr . th sport . th dport map @mn0-lg0-s4.7" },
	{ { .kind = STMT_COUNT, .target = { "permit_T-1", 0 } },
	    "counter name \"permit_T-1\"" },
	{ { .kind = STMT_COUNT_BY_PERMIT, .target = { "permits", 0 } },
	    "counter name ct mark & 0x0000ffff map @permits" },
	{ { .kind = STMT_VERDICT_BY_PAIR, .target = { "flows", 0 } },
	    "ct mark & 0xffff0000 vmap @flows" },
	{ { .kind = STMT_UPDATE,
	      .key = { FIELD_IIF, FIELD_OIF, FIELD_IP6_SADDR },
	      .n_fields = 3,
	      .target = { "violations6", 0 } },
	    "update @violations6 { iif . oif . ip6 saddr }" },
	{ { .kind = STMT_LIMIT, .number = 100, .burst = 50 },
	    "limit rate 100/second burst 50 packets" },
	{ { .kind = STMT_LOG, .name = "sekisho:mac", .number = 5 },
	    "log prefix \"sekisho:mac\" group 5 snaplen 128 queue-threshold 16" },
	{ { .kind = STMT_REJECT }, "reject with icmpx admin-prohibited" },
	{ { .kind = STMT_ACCEPT }, "accept" },
	{ { .kind = STMT_DROP }, "drop" },
	{ { .kind = STMT_JUMP, .target = { "related", 0 } }, "jump related" },
	{ { .kind = STMT_GOTO, .target = { "mn0-lg0", 12 } }, "goto mn0-lg0.12" },
};

/* What a printer writes, as a string in buf. */
struct capture {
	char buf[4096];
	FILE *out;
};

static FILE *
capture_begin(struct capture *c)
{
	memset(c->buf, 0, sizeof(c->buf));
	c->out = fmemopen(c->buf, sizeof(c->buf), "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(c->out);
	return c->out;
}

static const char *
capture_end(struct capture *c)
{
	fclose(c->out);
	return c->buf;
}

static void
every_statement_has_its_spelling(void)
{
	bool seen[STMT_KIND_COUNT] = { [STMT_NONE] = true };
	struct capture c;

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		struct ruleset_rule rule = { .n_stmts = 1 };

		rule.stmts[0] = statements[i].stmt;
		seen[rule.stmts[0].kind] = true;
		ruleset_print_rule(&rule, capture_begin(&c));
		CU_ASSERT_STRING_EQUAL(capture_end(&c), statements[i].text);
	}
	for (int kind = 0; kind < STMT_KIND_COUNT; kind++)
		CU_ASSERT_TRUE(seen[kind]);
}

static void
a_rule_is_its_statements_and_its_comment(void)
{
	struct ruleset_rule rule = { .n_stmts = 2, .comment = "T1 \"a\\b\"\n" };
	struct capture c;

	rule.stmts[0].kind = STMT_REJECT;
	rule.stmts[1].kind = STMT_DROP;
	ruleset_print_rule(&rule, capture_begin(&c));
	CU_ASSERT_STRING_EQUAL(capture_end(&c),
	    "reject with icmpx admin-prohibited drop comment \"T1 ?a?b??\"");
}

static const struct key_row {
	enum field key[LIMIT_KEY_FIELDS];
	unsigned int n;
	uint8_t first[40], last[40];
	bool interval;
	const char *text;
} keys[] = {
	{ { FIELD_IP_SADDR, FIELD_IP_DADDR, FIELD_IP_PROTOCOL, FIELD_TH_DPORT }, 4,
	    { 10, 0, 0, 0, 10, 0, 1, 2, 6, 0, 0, 0, 1, 0xbb },
	    { 10, 0, 0, 255, 10, 0, 1, 9, 6, 0, 0, 0, 1, 0xbb }, true,
	    "10.0.0.0/24 . 10.0.1.2-10.0.1.9 . tcp . 443" },
	{ { FIELD_IP_SADDR, FIELD_IP_PROTOCOL, FIELD_TH_DPORT }, 3, { 0 },
	    { 255, 255, 255, 255, 255, 0, 0, 0, 255, 255 }, true,
	    "0.0.0.0/0 . 0-255 . 0-65535" },
	{ { FIELD_IP_PROTOCOL, FIELD_TH_SPORT }, 2, { 58, 0, 0, 0, 128, 0 }, { 0 }, false,
	    "icmpv6 . 32768" },
	{ { FIELD_IP6_NEXTHDR }, 1, { 253 }, { 0 }, false, "253" },
	{ { FIELD_IP6_SADDR, FIELD_ETHER_SADDR }, 2,
	    { 0x20, 1, 0xd, 0xb8, [15] = 1, [16] = 0, 0, 0x5e, 0, 0x53, 0x18 }, { 0 },
	    false, "2001:db8::1 . 00:00:5e:00:53:18" },
	{ { FIELD_IIFNAME, FIELD_OIFNAME }, 2,
	    { 'm', 'n', '0', [16] = 'l', 'g', '0', '.', '7' }, { 0 }, false,
	    "\"mn0\" . \"lg0.7\"" },
	{ { FIELD_IIFNAME }, 1, "fifteen.letters", { 0 }, false, "\"fifteen.letters\"" },
};

static void
every_field_has_its_spelling(void)
{
	struct capture c;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct ruleset_set set = { .n_fields = keys[i].n };

		memcpy(set.key, keys[i].key, sizeof(set.key));
		ruleset_print_key(&set, keys[i].first,
		    keys[i].interval ? keys[i].last : NULL, capture_begin(&c));
		CU_ASSERT_STRING_EQUAL(capture_end(&c), keys[i].text);
	}
}

static void
numbers_in_host_order_are_read_so(void)
{
	static const uint32_t number = 0x12ab;
	struct ruleset_set set = { .n_fields = 1, .key = { FIELD_CT_MARK } };
	struct capture c;

	ruleset_print_key(&set, (const uint8_t *)&number, NULL, capture_begin(&c));
	CU_ASSERT_STRING_EQUAL(capture_end(&c), "0x000012ab");
	set.key[0] = FIELD_IIF;
	ruleset_print_key(&set, (const uint8_t *)&number, NULL, capture_begin(&c));
	CU_ASSERT_STRING_EQUAL(capture_end(&c), "4779");
}

static const char table[] =
    "table inet sekisho {\n"
    "\tcomment \"policy 00\"\n\n"
    "\tcounter c {\n\t\tcomment \"T1\"\n\t\tpackets 0 bytes 0\n\t}\n\n"
    "\tmap m {\n\t\ttype mark : counter\n"
    "\t\telements = { 0x00000001 : \"c\" }\n\t}\n\n"
    "\tmap v {\n\t\ttype ifname : verdict\n"
    "\t\telements = { \"a\" : goto l.1,\n\t\t\t     \"b\" : goto l.1 }\n\t}\n\n"
    "\tset d {\n\t\ttype iface_index\n\t\tsize 9\n\t\tflags dynamic,timeout\n"
    "\t\tcounter\n\t\ttimeout 90s\n\t}\n\n"
    "\tchain forward {\n\t\ttype filter hook forward priority -5; policy drop;\n"
    "\t\tdrop\n\t}\n\n"
    "\tchain l.1 {\n\t}\n\n"
    "}\n";

static void
a_table_is_its_objects(void)
{
	static const enum field mark = FIELD_CT_MARK, iif = FIELD_IIF,
				iifname = FIELD_IIFNAME;
	static const struct object_name counter = { "c", 0 }, leaf = { "l", 1 };
	static const uint32_t mark_one = 1;
	static const uint8_t a[16] = "a", b[16] = "b";
	const uint8_t *one = (const uint8_t *)&mark_one;
	struct ruleset *r = ruleset_new();
	struct ruleset_set *s;
	struct capture c;

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	strcpy(r->comment, "policy 00");
	strcpy(ruleset_add_counter(r, "c")->comment, "T1");
	s = ruleset_add_set(r, "m", 0, SET_COUNTER_MAP, &mark, 1, false);
	element_set_target(ruleset_add_element(s, one, NULL), &counter);
	s = ruleset_add_set(r, "v", 0, SET_VERDICT_MAP, &iifname, 1, false);
	element_set_target(ruleset_add_element(s, a, NULL), &leaf);
	element_set_target(ruleset_add_element(s, b, NULL), &leaf);
	s = ruleset_add_set(r, "d", 0, SET_PLAIN, &iif, 1, false);
	s->dynamic = s->counted = true;
	s->size = 9;
	s->timeout_ms = 90000;
	ruleset_add_element(s, one,
	    NULL); /* what the packet path put in is not printed */
	ruleset_add_chain(r, "forward", 0);
	r->chains[0].hook = HOOK_FORWARD;
	r->chains[0].priority = -5;
	r->chains[0].policy_drop = true;
	ruleset_add_stmt(ruleset_add_rule(&r->chains[0]), STMT_DROP);
	ruleset_add_chain(r, "l", 1);

	ruleset_print(r, capture_begin(&c));
	CU_ASSERT_STRING_EQUAL(capture_end(&c), table);
	ruleset_free(r);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "every statement has its spelling", every_statement_has_its_spelling },
		{ "a rule is its statements and its comment",
		    a_rule_is_its_statements_and_its_comment },
		{ "every field has its spelling", every_field_has_its_spelling },
		{ "numbers in host order are read so",
		    numbers_in_host_order_are_read_so },
		{ "a table is its objects", a_table_is_its_objects },
		CU_TEST_INFO_NULL,
	};

	return unit_main("ruleset_print", tests);
}
