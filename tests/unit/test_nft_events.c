/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What others write to nf_tables, as events tell it: made-up transactions, broken ones,
 * and (as root) real ones in a network namespace of our own.
 */
#include "kernel-helpers/nft_events.h"

#include "kernel-helpers/nft_channel.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OURS	7u
#define FOREIGN	8u

/* One message: its table (NULL: none) is attribute 1, a number may be attribute 2. */
static size_t
put(uint8_t *at, uint16_t message, uint8_t family, const char *name, uint32_t flags,
    uint32_t port)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(at);
	struct nfgenmsg *g;

	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | message);
	h->nlmsg_pid = port;
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = family;
	if (name != NULL)
		mnl_attr_put_strz(h, 1, name);
	if (flags != 0)
		mnl_attr_put_u32(h, 2, htonl(flags));
	return h->nlmsg_len;
}

static size_t
put_end(uint8_t *at, uint32_t generation, uint32_t pid, const char *name, uint32_t port)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)at;

	(void)put(at, NFT_MSG_NEWGEN, 0, NULL, 0, port);
	mnl_attr_put_u32(h, NFTA_GEN_ID, htonl(generation));
	mnl_attr_put_u32(h, NFTA_GEN_PROC_PID, htonl(pid));
	mnl_attr_put_strz(h, NFTA_GEN_PROC_NAME, name);
	return h->nlmsg_len;
}

static const struct row {
	const char *what;
	uint16_t message;
	uint8_t family;
	const char *table;
	uint32_t flags, port;
	uint32_t transactions, changed, gone;
} rows[] = {
	{ "a rule of ours", NFT_MSG_NEWRULE, NFPROTO_INET, "sekisho", 0, FOREIGN, 1, 1, 0 },
	{ "an element", NFT_MSG_DELSETELEM, NFPROTO_INET, "sekisho", 0, FOREIGN, 1, 1, 0 },
	{ "our table", NFT_MSG_DELTABLE, NFPROTO_INET, "sekisho", 0, FOREIGN, 1, 1, 1 },
	{ "a chain", NFT_MSG_DELCHAIN, NFPROTO_INET, "sekisho", 0, FOREIGN, 1, 1, 1 },
	{ "asleep", NFT_MSG_NEWTABLE, NFPROTO_INET, "sekisho", 1, FOREIGN, 1, 1, 1 },
	{ "awake", NFT_MSG_NEWTABLE, NFPROTO_INET, "sekisho", 2, FOREIGN, 1, 1, 0 },
	/* look-alikes */
	{ "another table", NFT_MSG_DELTABLE, NFPROTO_INET, "sekishi", 0, FOREIGN, 1, 0, 0 },
	{ "a longer name", NFT_MSG_DELTABLE, NFPROTO_INET, "sekisho2", 0, FOREIGN, 1, 0, 0 },
	{ "a shorter name", NFT_MSG_DELTABLE, NFPROTO_INET, "sekish", 0, FOREIGN, 1, 0, 0 },
	{ "another family", NFT_MSG_DELTABLE, NFPROTO_IPV4, "sekisho", 0, FOREIGN, 1, 0, 0 },
	{ "no table", NFT_MSG_DELTABLE, NFPROTO_INET, NULL, 0, FOREIGN, 1, 0, 0 },
	{ "our own write", NFT_MSG_DELTABLE, NFPROTO_INET, "sekisho", 0, OURS, 0, 0, 0 },
};

static void
each_write_is_known_for_what_it_is(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		_Alignas(8) uint8_t part[512];
		struct nft_events_open open = { false, false };
		struct nft_events_seen seen = { 0 };
		size_t n = put(part, r->message, r->family, r->table, r->flags, r->port);

		/* the end may come in a datagram of its own */
		if (i % 2 == 0) {
			nft_events_parse(part, n, OURS, &open, &seen);
			n = 0;
		}
		n += put_end(part + n, 42, 4711, "nft", r->port);
		nft_events_parse(part, n, OURS, &open, &seen);
		if (seen.transactions != r->transactions || seen.changed != r->changed ||
		    seen.gone != r->gone)
			printf("\n%s: %u %u %u ", r->what, seen.transactions, seen.changed,
			    seen.gone);
		CU_ASSERT_EQUAL(seen.transactions, r->transactions);
		CU_ASSERT_EQUAL(seen.changed, r->changed);
		CU_ASSERT_EQUAL(seen.gone, r->gone);
		CU_ASSERT_FALSE(seen.lost);
		CU_ASSERT_FALSE(open.changed || open.gone);
		CU_ASSERT_EQUAL(seen.pid, r->port == OURS ? 0 : 4711);
		CU_ASSERT_STRING_EQUAL(seen.name, r->port == OURS ? "" : "nft");
	}
}

static void
who_did_the_worst_is_named(void)
{
	_Alignas(8) uint8_t part[2048];
	struct nft_events_open open = { false, false };
	struct nft_events_seen seen = { 0 };
	size_t n = put_end(part, 1, 10, "docker", FOREIGN);

	n += put(part + n, NFT_MSG_DELTABLE, NFPROTO_INET, "sekisho", 0, FOREIGN);
	n += put_end(part + n, 2, 11, "flusher", FOREIGN);
	n += put(part + n, NFT_MSG_NEWRULE, NFPROTO_INET, "sekisho", 0, FOREIGN);
	n += put_end(part + n, 3, 12, "changer", FOREIGN);
	n += put_end(part + n, 4, 13, "a name that is far too long", FOREIGN);
	nft_events_parse(part, n, OURS, &open, &seen);
	CU_ASSERT_EQUAL(seen.transactions, 4);
	CU_ASSERT_EQUAL(seen.changed, 2);
	CU_ASSERT_EQUAL(seen.gone, 1);
	CU_ASSERT_EQUAL(seen.generation, 4);
	CU_ASSERT_EQUAL(seen.pid, 11);
	CU_ASSERT_STRING_EQUAL(seen.name, "flusher");
}

/* Cut at every byte and with every byte changed; in memory of its own size for ASan. */
static void
nothing_broken_is_read_beyond_its_end(void)
{
	_Alignas(8) uint8_t part[512];
	size_t n = put(part, NFT_MSG_DELTABLE, NFPROTO_INET, "sekisho", 1, FOREIGN);
	struct nft_events_open open = { false, false };
	struct nft_events_seen seen;

	n += put_end(part + n, 42, 4711, "nft", FOREIGN);
	for (size_t length = 0; length <= n; length++) {
		uint8_t *cut = malloc(length + 1);

		CU_ASSERT_PTR_NOT_NULL_FATAL(cut);
		memcpy(cut, part, length);
		memset(&seen, 0, sizeof(seen));
		open = (struct nft_events_open){ false, false };
		nft_events_parse(cut, length, OURS, &open, &seen);
		/* what is cut is either told as lost or has not ended yet */
		CU_ASSERT(seen.transactions == (length == n));
		free(cut);
	}
	for (size_t i = 0; i < n; i++) {
		uint8_t *broken = malloc(n);

		CU_ASSERT_PTR_NOT_NULL_FATAL(broken);
		memcpy(broken, part, n);
		broken[i] ^= 0xff;
		memset(&seen, 0, sizeof(seen));
		nft_events_parse(broken, n, OURS, &open, &seen);
		CU_ASSERT(seen.transactions <= 2);
		free(broken);
	}
}

/* ---- a real kernel --------------------------------------------------------------------- */

static bool
run(const char *command)
{
	return system(command) == 0;
}

static struct nft_events_seen
read_all(int fd, uint32_t own)
{
	struct nft_events_open open = { false, false };
	struct nft_events_seen seen = { 0 };

	CU_ASSERT(nft_events_read(fd, own, 1000000, &open, &seen) >= 0);
	return seen;
}

static void
the_kernel_names_who_wrote(void)
{
	struct nft_channel *ch = nft_channel_open();
	struct nft_events_seen seen;
	uint32_t own;
	int fd;

	CU_ASSERT_PTR_NOT_NULL_FATAL(ch);
	own = nft_channel_port(ch);
	CU_ASSERT_NOT_EQUAL(own, 0);
	fd = nft_events_open(own, 1 << 20);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_TRUE_FATAL(run("nft add table inet sekisho"));
	seen = read_all(fd, own);
	CU_ASSERT_EQUAL(seen.transactions, 1);
	CU_ASSERT_EQUAL(seen.changed, 1);
	CU_ASSERT_EQUAL(seen.gone, 0);
	CU_ASSERT_STRING_EQUAL(seen.name, "nft");
	CU_ASSERT(seen.pid > 1);
	CU_ASSERT_TRUE_FATAL(run("nft add table ip sekisho"));
	seen = read_all(fd, own);
	CU_ASSERT_EQUAL(seen.transactions, 1);
	CU_ASSERT_EQUAL(seen.changed, 0);
	CU_ASSERT_TRUE_FATAL(run("nft flush ruleset"));
	seen = read_all(fd, own);
	CU_ASSERT_EQUAL(seen.gone, 1);
	CU_ASSERT_FALSE(seen.lost);
	close(fd);
	nft_channel_close(ch);
}

/* Our channel's own batch: BEGIN, NEWTABLE, END as nft_channel.h takes it. */
static void
our_own_writes_are_not_heard(void)
{
	struct nft_channel *ch = nft_channel_open();
	_Alignas(8) uint8_t batch[512];
	struct nft_replies replies;
	struct nft_events_seen seen;
	size_t n = 0;
	uint32_t own = nft_channel_port(ch);
	int fd = nft_events_open(own, 1 << 20);

	CU_ASSERT_FATAL(fd >= 0);
	for (int i = 0; i < 3; i++) {
		static const uint16_t types[] = { NFNL_MSG_BATCH_BEGIN,
		    NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE, NFNL_MSG_BATCH_END };
		struct nlmsghdr *h = mnl_nlmsg_put_header(batch + n);
		struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

		h->nlmsg_type = types[i];
		h->nlmsg_flags = NLM_F_REQUEST | (i == 1 ? NLM_F_CREATE : 0);
		g->nfgen_family = i == 1 ? NFPROTO_INET : 0;
		g->res_id = i == 1 ? 0 : htons(NFNL_SUBSYS_NFTABLES);
		if (i == 1)
			mnl_attr_put_strz(h, NFTA_TABLE_NAME, "sekisho");
		n += h->nlmsg_len;
	}
	CU_ASSERT_EQUAL(ch->exchange(ch, batch, n, &replies), 0);
	nft_replies_free(&replies);
	CU_ASSERT_TRUE(run("nft list table inet sekisho > /dev/null"));
	seen = read_all(fd, own);
	CU_ASSERT_EQUAL(seen.transactions, 0);
	CU_ASSERT_FALSE(seen.lost);
	close(fd);
	nft_channel_close(ch);
	CU_ASSERT_TRUE(run("nft flush ruleset"));
}

/* FC-08: the smallest buffer and 10,000 foreign changes. */
static void
an_overrun_is_told(void)
{
	struct nft_channel *ch = nft_channel_open();
	struct nft_events_seen seen;
	uint32_t own = nft_channel_port(ch);
	int fd = nft_events_open(own, 1);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_TRUE_FATAL(run("{ echo add table ip t; echo add chain ip t c; "
	    "for i in $(seq 1 10000); do echo add rule ip t c tcp dport $i drop; done; } "
	    "| nft -f -"));
	seen = read_all(fd, own);
	CU_ASSERT_TRUE(seen.lost);
	/* and it hears again afterwards */
	CU_ASSERT_TRUE_FATAL(run("nft add table inet sekisho"));
	seen = read_all(fd, own);
	CU_ASSERT_FALSE(seen.lost);
	CU_ASSERT_EQUAL(seen.changed, 1);
	close(fd);
	nft_channel_close(ch);
	CU_ASSERT_TRUE(run("nft flush ruleset"));
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "each write is known for what it is", each_write_is_known_for_what_it_is },
		{ "who did the worst is named", who_did_the_worst_is_named },
		{ "nothing broken is read beyond its end", nothing_broken_is_read_beyond_its_end },
		/* cut off here without root */
		{ "the kernel names who wrote", the_kernel_names_who_wrote },
		{ "our own writes are not heard", our_own_writes_are_not_heard },
		{ "an overrun is told", an_overrun_is_told },
		CU_TEST_INFO_NULL,
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0)
		tests[3] = (CU_TestInfo)CU_TEST_INFO_NULL;
	return unit_main("nft-events", tests);
}
