/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's filter remembers of flows, and who tries to use it: frames run
 * through the real programs (BPF_PROG_RUN) in front of one small policy, and the
 * filter's own tables are read and aged from outside.
 */
#include "kernel-helpers/tap_bpf.h"
#include "tests/unit/random_frame.h"
#include "tests/unit/tap_world.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SKIPPED 77

static const uint8_t mac_else[6] = { 0, 0, 0x5e, 0, 0x53, 0x66 };
static bool at_hook;	/* frames come in by tcx, not by a packet socket */

/* ---- frames -------------------------------------------------------------------- */

/* At the hook where frames come in: false when it counts it for proven. */
static bool
shows_entering(const struct tap_bpf *bpf, const uint8_t *frame, size_t length,
    unsigned int tap)
{
	struct tap_count before, now;

	tap_bpf_counts(bpf, tap, &before);
	tap_world_run(bpf, TAP_PROGRAM_ENTERING, frame, length, 0, tap_world_ifindex[tap]);
	tap_bpf_counts(bpf, tap, &now);
	CU_ASSERT_EQUAL(now.proven_in + now.sent_in + now.full_in,
	    before.proven_in + before.sent_in + before.full_in + 1);
	return now.proven_in == before.proven_in;
}

/* True: user space sees it come in, with some words of TCP in it or as it is. */
static bool
shows_words(const struct tap_bpf *bpf, const struct facts *f, unsigned int tap,
    uint8_t words)
{
	struct random_frame made;
	/* BPF_PROG_RUN takes the first 14 bytes from a socket filter's length */
	uint8_t longer[RANDOM_FRAME_MAX + 14 + UINT8_MAX] = { 0 };

	random_frame_plain(f, &made);
	memcpy(longer, made.bytes, made.captured);
	if (words > 0)
		longer[ETHER_HDR_LEN + 3] = (uint8_t)(40 + words);
	made.captured += words;
	if (at_hook)
		return shows_entering(bpf, longer, made.captured, tap);
	return tap_world_run(bpf, TAP_PROGRAM_INCOMING, longer, made.captured + 14u,
	    tap_world_ifindex[tap], tap_world_ifindex[tap]) != 0;
}

static bool
shows(const struct tap_bpf *bpf, const struct facts *f, unsigned int tap)
{
	return shows_words(bpf, f, tap, 0);
}

/* ---- the filter's table of flows ------------------------------------------------- */

/* The map of IPv4 flows among our own descriptors: others have filters too. */
static int
flows_fd(void)
{
	struct bpf_map_info info;

	for (int fd = 3; fd < 1024; fd++) {
		uint32_t size = sizeof(info);

		memset(&info, 0, sizeof(info));
		if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
		    strcmp(info.name, "flows4") == 0)
			return dup(fd);
	}
	CU_FAIL_FATAL("no map of flows");
	return -1;
}

/* One filter for all cases, that remembers nothing of the one before. */
static struct tap_bpf *
anew(void)
{
	struct tap_bpf *bpf = tap_world_anew();
	struct tap_flow4 key;
	int fd = flows_fd();

	while (bpf_map_get_next_key(fd, NULL, &key) == 0 && bpf_map_delete_elem(fd, &key) == 0)
		;
	close(fd);
	return bpf;
}

static struct tap_flow4
key_of(const struct facts *f)
{
	return (struct tap_flow4){ .src = htonl((uint32_t)f->src.value),
	    .dst = htonl((uint32_t)f->dst.value), .sport = htons(f->sport),
	    .dport = htons(f->dport), .protocol = f->protocol };
}

/* Its last packet was so many ticks ago. */
static void
let_it_rest(const struct facts *f, uint32_t ticks)
{
	const struct tap_flow4 key = key_of(f);
	struct tap_flow flow;
	int fd = flows_fd();

	CU_ASSERT_EQUAL_FATAL(bpf_map_lookup_elem(fd, &key, &flow), 0);
	flow.seen -= ticks;
	CU_ASSERT_EQUAL_FATAL(bpf_map_update_elem(fd, &key, &flow, BPF_EXIST), 0);
	close(fd);
}

static bool
seen_by_filter(const struct tap_bpf *bpf, const struct facts *f)
{
	return tap_bpf_flow_seen(bpf, &f->src, &f->dst, f->sport, f->dport, f->protocol);
}

/* ---- the attacks ------------------------------------------------------------------- */

/* Who is not the bound station asks in its name, so that the answers pass. */
static void
a_wrong_mac_opens_nothing(void)
{
	struct tap_bpf *bpf = anew();
	struct facts q = tap_world_from_a(IPPROTO_UDP, 514, 0);
	const struct facts a = tap_world_from_b(IPPROTO_UDP, 514, 0);

	memcpy(q.src_mac, mac_else, 6);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_TRUE(shows(bpf, &q, MN));
	CU_ASSERT_FALSE(seen_by_filter(bpf, &q));
	for (int i = 0; i < 3; i++)
		CU_ASSERT_TRUE(shows(bpf, &a, LG));
	CU_ASSERT_TRUE(tap_world_shows_leaving(bpf, &a, LG));

	/* the right one does, and then the wrong one still shows */
	memcpy(q.src_mac, tap_world_a, 6);
	for (int i = 0; i < 3; i++)
		(void)shows(bpf, &q, MN);
	CU_ASSERT_FALSE(shows(bpf, &q, MN));
	CU_ASSERT_TRUE(seen_by_filter(bpf, &q));
	CU_ASSERT_FALSE(tap_world_shows_leaving(bpf, &a, LG));
	memcpy(q.src_mac, mac_else, 6);
	CU_ASSERT_TRUE(shows(bpf, &q, MN));
}

static void
a_wrong_mac_keeps_no_flow_alive(void)
{
	struct tap_bpf *bpf = anew();
	struct facts q = tap_world_from_a(IPPROTO_UDP, 514, 0);

	for (int i = 0; i < 3; i++)
		(void)shows(bpf, &q, MN);
	let_it_rest(&q, TAP_IDLE_UDP - 2);
	memcpy(q.src_mac, mac_else, 6);
	CU_ASSERT_TRUE(shows(bpf, &q, MN));
	let_it_rest(&q, 4);
	CU_ASSERT_FALSE(seen_by_filter(bpf, &q));
}

/* One way only for long: the answers keep the flow alive, as in conntrack. */
static void
answers_keep_a_flow_alive(void)
{
	struct tap_bpf *bpf = anew();
	const struct facts q = tap_world_from_a(IPPROTO_UDP, 514, 0), a = tap_world_from_b(IPPROTO_UDP, 514, 0);

	(void)shows(bpf, &q, MN);
	CU_ASSERT_FALSE(seen_by_filter(bpf, &a));
	for (int i = 0; i < 3; i++)
		(void)shows(bpf, &a, LG);
	CU_ASSERT_FALSE(shows(bpf, &a, LG));
	let_it_rest(&q, TAP_IDLE_UDP + 2);
	CU_ASSERT_FALSE(seen_by_filter(bpf, &q));
	CU_ASSERT_TRUE(seen_by_filter(bpf, &a));
	let_it_rest(&a, TAP_IDLE_UDP + 2);
	CU_ASSERT_FALSE(seen_by_filter(bpf, &a));
}

/* How many packets of one connection are shown before the first that is not. */
static unsigned int
shown(const struct tap_bpf *bpf, const struct facts *f, unsigned int tap)
{
	unsigned int n = 0;

	while (n < 100 && shows_words(bpf, f, tap, f->protocol == IPPROTO_TCP ? 5 : 0))
		n++;
	return n;
}

/* The same ports once more: another connection, with other words in it. */
static void
a_new_connection_is_looked_into_again(void)
{
	static const struct { uint16_t port; unsigned int least; } rows[] = {
		{ 80, TAP_SHOW_PACKETS }, { 443, TAP_SHOW_PACKETS }, { 8080, TAP_SHOW_OPENING },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tap_bpf *bpf = anew();
		const uint16_t port = rows[i].port;
		const struct facts syn = tap_world_from_a(IPPROTO_TCP, port, TCP_FLAG_SYN);
		const struct facts word = tap_world_from_a(IPPROTO_TCP, port, TCP_FLAG_ACK);
		const struct facts agreed = tap_world_from_b(IPPROTO_TCP, port,
		    TCP_FLAG_SYN | TCP_FLAG_ACK);
		const struct facts reply = tap_world_from_b(IPPROTO_TCP, port, TCP_FLAG_ACK);

		for (int connection = 0; connection < 3; connection++) {
			CU_ASSERT_TRUE(shows(bpf, &syn, MN));
			CU_ASSERT_TRUE(shows(bpf, &agreed, LG));
			/* nobody hides words behind empty segments */
			for (int empty = 0; empty < 20; empty++)
				(void)shows(bpf, &word, MN);
			CU_ASSERT(shown(bpf, &word, MN) >= rows[i].least);
			CU_ASSERT(shown(bpf, &reply, LG) >= rows[i].least);
			CU_ASSERT_FALSE(shows(bpf, &word, MN));
		}
	}
}

/* Every packet of them goes to the detectors, whichever end has the port. */
static void
some_ports_always_show(void)
{
	static const uint16_t ports[] = { 53, 67, 68, 546, 547 };

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		struct tap_bpf *bpf = anew();
		struct facts to = tap_world_from_a(IPPROTO_UDP, ports[i], 0);
		struct facts by = tap_world_from_a(IPPROTO_UDP, 514, 0);

		by.sport = ports[i];
		CU_ASSERT_EQUAL(shown(bpf, &to, MN), 100);
		CU_ASSERT_EQUAL(shown(bpf, &by, MN), 100);
		/* it is proven all the same: the way out is not shown */
		CU_ASSERT_FALSE(tap_world_shows_leaving(bpf, &to, MN));
	}
}

/* ---- what processors have at hand -------------------------------------------------- */

static void
another_processor_s_syn_begins_anew(void)
{
	struct tap_bpf *bpf = anew();
	const struct facts syn = tap_world_from_a(IPPROTO_TCP, 80, TCP_FLAG_SYN);
	const struct facts word = tap_world_from_a(IPPROTO_TCP, 80, TCP_FLAG_ACK);

	CU_ASSERT_TRUE(shows(bpf, &syn, MN));
	(void)shown(bpf, &word, MN);
	CU_ASSERT_FALSE(shows_words(bpf, &word, MN, 5));
	CU_ASSERT_TRUE(tap_world_run_on(1));
	CU_ASSERT_TRUE(shows(bpf, &syn, MN));
	CU_ASSERT_TRUE(tap_world_run_on(0));
	CU_ASSERT(shown(bpf, &word, MN) >= TAP_SHOW_PACKETS);
}

/* Two stations with one address: each shows whenever the other one spoke. */
static void
another_processor_s_station_shows(void)
{
	struct tap_bpf *bpf = anew();
	const struct facts q = tap_world_from_a(IPPROTO_UDP, 514, 0), a = tap_world_from_b(IPPROTO_UDP, 514, 0);
	struct facts other = a;

	memcpy(other.src_mac, mac_else, 6);
	(void)shown(bpf, &q, MN);
	CU_ASSERT(shown(bpf, &a, LG) < 100);
	for (int turn = 0; turn < 3; turn++) {
		CU_ASSERT_TRUE(tap_world_run_on(1));
		CU_ASSERT_TRUE(shows(bpf, &other, LG));
		CU_ASSERT_FALSE(shows(bpf, &other, LG));
		CU_ASSERT_TRUE(tap_world_run_on(0));
		CU_ASSERT_TRUE(shows(bpf, &a, LG));
		CU_ASSERT_FALSE(shows(bpf, &a, LG));
	}
}

static void
what_one_processor_changes_all_know(void)
{
	cpu_set_t all;

	if (sched_getaffinity(0, sizeof(all), &all) != 0 || !tap_world_run_on(1) || !tap_world_run_on(0))
		return;
	another_processor_s_syn_begins_anew();
	another_processor_s_station_shows();
	CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof(all), &all), 0);
}

/* Proven a moment ago under the policy before: proven anew, or not at all. */
static void
a_policy_that_ends_takes_its_flows_along(void)
{
	struct tap_bpf *bpf = anew();
	const struct facts q = tap_world_from_a(IPPROTO_UDP, 514, 0);

	(void)shown(bpf, &q, MN);
	CU_ASSERT_FALSE(shows(bpf, &q, MN));
	CU_ASSERT_FALSE(tap_world_shows_leaving(bpf, &q, MN));
	CU_ASSERT_EQUAL(tap_bpf_load(bpf, NULL), 0);
	CU_ASSERT_TRUE(shows(bpf, &q, MN));
	CU_ASSERT_TRUE(tap_world_shows_leaving(bpf, &q, MN));
}

/* The same ports of the other protocol, another end, another interface. */
static void
nothing_goes_for_another_flow(void)
{
	struct tap_bpf *bpf = anew();
	struct facts f = tap_world_from_a(IPPROTO_UDP, 514, 0);

	(void)shown(bpf, &f, MN);
	CU_ASSERT_FALSE(shows(bpf, &f, MN));
	CU_ASSERT_TRUE(shows(bpf, &f, LG));
	CU_ASSERT_TRUE(tap_world_shows_leaving(bpf, &f, LG));
	address_parse("10.2.0.3", &f.dst);
	CU_ASSERT_TRUE(shows(bpf, &f, MN));
	CU_ASSERT_TRUE(tap_world_shows_leaving(bpf, &f, MN));
	f = tap_world_from_a(IPPROTO_TCP, 514, TCP_FLAG_ACK);
	CU_ASSERT_TRUE(shows_words(bpf, &f, MN, 5));
}

static void
it_is_the_same_at_the_tcx_hook(void)
{
	at_hook = true;
	a_wrong_mac_opens_nothing();
	a_wrong_mac_keeps_no_flow_alive();
	answers_keep_a_flow_alive();
	a_new_connection_is_looked_into_again();
	some_ports_always_show();
	what_one_processor_changes_all_know();
	a_policy_that_ends_takes_its_flows_along();
	nothing_goes_for_another_flow();
	at_hook = false;
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a wrong MAC opens nothing", a_wrong_mac_opens_nothing },
		{ "a wrong MAC keeps no flow alive", a_wrong_mac_keeps_no_flow_alive },
		{ "answers keep a flow alive", answers_keep_a_flow_alive },
		{ "a new connection is looked into again",
		  a_new_connection_is_looked_into_again },
		{ "some ports always show", some_ports_always_show },
		{ "what one processor changes, all know",
		  what_one_processor_changes_all_know },
		{ "a policy that ends takes its flows along",
		  a_policy_that_ends_takes_its_flows_along },
		{ "nothing goes for another flow", nothing_goes_for_another_flow },
		{ "it is the same at the tcx hook", it_is_the_same_at_the_tcx_hook },
		CU_TEST_INFO_NULL,
	};
	char why[256] = "";
	struct tap_bpf *bpf = tap_bpf_open(why, sizeof(why));

	if (bpf == NULL || !tap_world_make()) {
		printf("needs CAP_BPF and CAP_NET_ADMIN: %s\n", why);
		tap_bpf_close(bpf);
		return SKIPPED;
	}
	tap_bpf_close(bpf);
	return unit_main("tap_memory", tests);
}
