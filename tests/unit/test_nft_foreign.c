/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of others, by the kernel's own answers in a network namespace of our own, and
 * the same answers broken.
 */
#include "kernel-helpers/nft_foreign.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
run(const char *command)
{
	return system(command) == 0;
}

static void
take(struct nft_foreign *f)
{
	struct nft_channel *ch = nft_channel_open();

	memset(f, 0, sizeof(*f));
	CU_ASSERT_PTR_NOT_NULL_FATAL(ch);
	for (int kind = 0; kind < NFT_FOREIGN_KINDS; kind++) {
		struct nft_replies replies = { 0 };
		int r = nft_foreign_ask(ch, (enum nft_foreign_kind)kind, &replies);

		if (r == 0)
			r = nft_foreign_add(f, (enum nft_foreign_kind)kind, replies.bytes,
			    replies.length);
		CU_ASSERT(r == 0 || kind == NFT_FOREIGN_FLOWTABLES);
		nft_replies_free(&replies);
	}
	nft_channel_close(ch);
}

static const struct row {
	const char *commands;		/* for nft, separated by ";" */
	uint8_t family;
	bool hooked;
	unsigned int does;
} rows[] = {
	{ "add table inet t", NFPROTO_INET, false, 0 },
	{ "add chain inet t c { type filter hook forward priority 5; }", NFPROTO_INET, true, 0 },
	{ "add chain inet t c { type filter hook forward priority 5; };"
	  "add rule inet t c ct state established accept;"
	  "add rule inet t c meta mark 7 ip saddr 10.0.0.1 counter drop", NFPROTO_INET, true, 0 },
	/* what the gateway itself hears and says is not what it forwards */
	{ "add chain ip t c { type filter hook input priority 5; }", NFPROTO_IPV4, false, 0 },
	{ "add chain ip t c { type nat hook output priority -100; };"
	  "add rule ip t c tcp dport 1 redirect to 2", NFPROTO_IPV4, false,
	  NFT_FOREIGN_REWRITES },
	{ "add chain bridge t c { type filter hook forward priority 5; }", NFPROTO_BRIDGE, false,
	  0 },
	{ "add chain ip t c { type nat hook postrouting priority 100; };"
	  "add rule ip t c masquerade", NFPROTO_IPV4, true, NFT_FOREIGN_REWRITES },
	{ "add chain ip6 t c { type filter hook prerouting priority -300; };"
	  "add rule ip6 t c notrack", NFPROTO_IPV6, true, NFT_FOREIGN_UNTRACKS },
	{ "add chain inet t c { type filter hook prerouting priority -150; };"
	  "add rule inet t c ct mark set 65537", NFPROTO_INET, true, NFT_FOREIGN_MARKS },
	{ "add chain inet t c { type filter hook prerouting priority -150; };"
	  "add rule inet t c meta mark set 1", NFPROTO_INET, true, NFT_FOREIGN_MARKS },
	{ "add chain inet t c { type filter hook forward priority 5; };"
	  "add rule inet t c ip dscp set cs1", NFPROTO_INET, true, NFT_FOREIGN_REWRITES },
	{ "add chain netdev t c { type filter hook ingress device lo priority 0; };"
	  "add rule netdev t c fwd to lo", NFPROTO_NETDEV, true, NFT_FOREIGN_MOVES },
	{ "add chain netdev t c { type filter hook ingress device lo priority 0; };"
	  "add rule netdev t c dup to lo", NFPROTO_NETDEV, true, NFT_FOREIGN_MOVES },
};

static const char *
family_word(uint8_t family)
{
	return family == NFPROTO_INET ? "inet" : family == NFPROTO_IPV4 ? "ip" :
	    family == NFPROTO_IPV6 ? "ip6" : family == NFPROTO_BRIDGE ? "bridge" : "netdev";
}

static void
tables_are_known_for_what_they_do(void)
{
	static struct nft_foreign f;
	char command[1024];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];

		snprintf(command, sizeof(command), "nft flush ruleset; nft add table inet sekisho; "
		    "nft add table %s t && nft '%s' 2>/dev/null", family_word(r->family), r->commands);
		if (!run(command)) {
			printf("\nthis kernel has not: %s ", r->commands);
			continue;
		}
		take(&f);
		if (f.n != 1 || f.tables[0].hooked != r->hooked || f.tables[0].does != r->does)
			printf("\n%s: %zu, %d, %u ", r->commands, f.n, f.tables[0].hooked,
			    f.tables[0].does);
		/* a table without anything in it is told by nobody */
		CU_ASSERT_EQUAL(f.n, i == 0 ? 0 : 1);
		CU_ASSERT_EQUAL(f.tables[0].hooked, r->hooked);
		CU_ASSERT_EQUAL(f.tables[0].does, r->does);
		if (i > 0)
			CU_ASSERT_STRING_EQUAL(f.tables[0].name, "t");
	}
	CU_ASSERT_TRUE(run("nft flush ruleset"));
}

static void
ours_is_no_others(void)
{
	static struct nft_foreign f;

	CU_ASSERT_TRUE_FATAL(run("nft 'add table inet sekisho; add chain inet sekisho c { type filter "
	    "hook forward priority 0; }; add rule inet sekisho c ct mark set 1; "
	    "add table ip sekisho; add chain ip sekisho c { type filter hook forward priority 0; }'"));
	take(&f);
	CU_ASSERT_EQUAL_FATAL(f.n, 1);
	CU_ASSERT_EQUAL(f.tables[0].family, NFPROTO_IPV4);
	CU_ASSERT_TRUE(run("nft flush ruleset"));
}

/* Cut at every byte and with every byte changed; in memory of its own size for ASan. */
static void
no_broken_answer_is_read_beyond_its_end(void)
{
	static struct nft_foreign f;
	struct nft_channel *ch;

	CU_ASSERT_TRUE_FATAL(run("nft 'add table ip t; add chain ip t c { type nat hook prerouting "
	    "priority -100; }; add rule ip t c tcp dport 1 redirect to 2'"));
	ch = nft_channel_open();
	CU_ASSERT_PTR_NOT_NULL_FATAL(ch);
	for (int k = 0; k < NFT_FOREIGN_KINDS; k++) {
		enum nft_foreign_kind kind = (enum nft_foreign_kind)k;
		struct nft_replies replies = { 0 };

		if (nft_foreign_ask(ch, kind, &replies) < 0)
			continue;
		for (size_t n = 0; n <= replies.length; n++) {
			uint8_t *cut = malloc(n + 1);

			memcpy(cut, replies.bytes, n);
			memset(&f, 0, sizeof(f));
			(void)nft_foreign_add(&f, kind, cut, n);
			CU_ASSERT(f.n <= 1);
			free(cut);
		}
		for (size_t i = 0; i < replies.length; i++) {
			uint8_t *broken = malloc(replies.length);

			memcpy(broken, replies.bytes, replies.length);
			broken[i] ^= 0xff;
			(void)nft_foreign_add(&f, kind, broken, replies.length);
			free(broken);
		}
		nft_replies_free(&replies);
	}
	nft_channel_close(ch);
	CU_ASSERT_TRUE(run("nft flush ruleset"));
}

static void
more_than_fit_are_told(void)
{
	static struct nft_foreign f;

	CU_ASSERT_TRUE_FATAL(run("for i in $(seq 1 300); do echo \"add table ip t$i; add chain ip t$i "
	    "c\"; done | nft -f -"));
	take(&f);
	CU_ASSERT_EQUAL(f.n, NFT_FOREIGN_MOST);
	CU_ASSERT_TRUE(f.cut);
	CU_ASSERT_TRUE(run("nft flush ruleset"));
}

static void
needs_root(void)
{
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "tables are known for what they do", tables_are_known_for_what_they_do },
		{ "ours is no other's", ours_is_no_others },
		{ "no broken answer is read beyond its end",
		    no_broken_answer_is_read_beyond_its_end },
		{ "more than fit are told", more_than_fit_are_told },
		CU_TEST_INFO_NULL,
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0) {
		tests[0] = (CU_TestInfo){ "needs root", needs_root };
		tests[1] = (CU_TestInfo)CU_TEST_INFO_NULL;
	}
	return unit_main("nft-foreign", tests);
}
