/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tap against the running kernel, in a network namespace of its own: two
 * veth pairs, a "gateway" side (tt0, tt1) and the far ends (far0, far1). A tc
 * redirect from tt0 to tt1 is the foreign way through the gateway.
 */
#include "kernel-helpers/tap.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77
#define ENOUGH_MS 3000
#define MARK 0x5a	/* last byte of our frames: others are the kernel's own */
#define MAX_SEEN 64

static const char *const interfaces[] = { "tt0", "tt1", "absent0" };

struct seen {
	struct tap_frame frame[MAX_SEEN];
	uint8_t source[MAX_SEEN];	/* last byte of the IPv4 source */
	size_t n;
};

static void
note(void *arg, const struct tap_frame *f)
{
	struct seen *s = arg;

	if (f->captured < 34 || f->bytes[f->captured - 1] != MARK || s->n == MAX_SEEN)
		return;
	s->source[s->n] = f->bytes[29];
	s->frame[s->n] = *f;
	s->frame[s->n++].bytes = NULL;
}

static bool
run(const char *command)
{
	return system(command) == 0;
}

static bool
make_world(void)
{
	return unshare(CLONE_NEWNET) == 0 &&
	    run("ip link add tt0 type veth peer name far0 2>/dev/null &&"
	    "ip link add tt1 type veth peer name far1 &&"
	    "ip link set tt0 address 02:00:00:00:00:02 &&"	/* as in send_on() */
	    "for i in tt0 far0 tt1 far1; do"
	    " echo 1 > /proc/sys/net/ipv6/conf/$i/disable_ipv6;"
	    " ip link set $i up; done");
}

/* A UDP packet 10.1.0.host -> 10.2.0.3 of "size" bytes, sent by a packet socket. */
static void
send_on(const char *interface, uint8_t host, size_t size)
{
	uint8_t frame[1500] = {
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00, 0x45, 0, 0, 0, 0, 1, 0, 0,
		64, 17, 0, 0, 10, 1, 0, host, 10, 2, 0, 3, 0x12, 0x34, 0, 53, 0, 0, 0, 0,
	};
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = 6 };
	union { struct sockaddr_ll *ll; struct sockaddr *any; } address = { &to };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	CU_ASSERT_FATAL(fd >= 0 && size >= 60 && size <= sizeof(frame));
	frame[39] = (uint8_t)(size - 34);
	frame[38] = (uint8_t)((size - 34) >> 8);
	frame[17] = (uint8_t)(size - 14);
	frame[16] = (uint8_t)((size - 14) >> 8);
	memset(frame + 42, MARK, size - 42);
	to.sll_protocol = htons(ETH_P_IP);
	to.sll_ifindex = (int)if_nametoindex(interface);
	CU_ASSERT_EQUAL(sendto(fd, frame, size, 0, address.any, sizeof(to)),
	    (ssize_t)size);
	close(fd);
}

static void
gather(struct tap_set *s, struct seen *seen, size_t want)
{
	int fds[16];
	size_t n = tap_set_fds(s, fds, 16);
	struct pollfd poll_fds[16];

	CU_ASSERT_FATAL(n <= 16);
	for (size_t i = 0; i < n; i++)
		poll_fds[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	for (int waited = 0; waited < ENOUGH_MS && seen->n < want; waited += 20) {
		poll(poll_fds, n, 20);
		CU_ASSERT(tap_set_dispatch(s, 1000, note, seen) >= 0);
	}
	/* nothing beyond what was wanted */
	usleep(50000);
	CU_ASSERT(tap_set_dispatch(s, 1000, note, seen) >= 0);
}

static struct tap_set *
open_set(enum tap_tier best)
{
	char why[256] = "";
	struct tap_set *s = tap_set_open_tier(interfaces, 3, best, why, sizeof(why));

	if (s == NULL)
		fprintf(stderr, "%s\n", why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	return s;
}

static bool
have_ebpf(void)
{
	struct tap_set *s = open_set(TAP_TIER_TCX);
	bool have = tap_set_tier(s) >= TAP_TIER_EBPF;

	if (!have)
		CU_ASSERT(tap_set_tier_reason(s)[0] != '\0');
	tap_set_close(s);
	return have;
}

static void
an_absent_interface_is_missing_and_no_error(void)
{
	struct tap_set *s = open_set(TAP_TIER_TCX);

	CU_ASSERT_EQUAL(tap_set_count(s), 3);
	CU_ASSERT_EQUAL(tap_set_missing(s), 1);
	CU_ASSERT_TRUE(tap_set_is_up(s, 0));
	CU_ASSERT_FALSE(tap_set_is_up(s, 2));
	CU_ASSERT_STRING_EQUAL(tap_set_interface(s, 1), "tt1");
	CU_ASSERT_EQUAL(tap_set_find(s, if_nametoindex("tt1")), 1);
	CU_ASSERT_EQUAL(tap_set_find(s, 0), -1);
	tap_set_close(s);
}

static void
directions_are_told_apart(enum tap_tier tier, int own_ingress)
{
	struct tap_set *s = open_set(tier);
	struct seen seen = { .n = 0 };
	struct tap_ledger l;

	send_on("far0", 2, 60);
	gather(s, &seen, 1);
	CU_ASSERT_EQUAL_FATAL(seen.n, 1);
	CU_ASSERT_EQUAL(seen.frame[0].interface, 0);
	CU_ASSERT_FALSE(seen.frame[0].outgoing);
	CU_ASSERT_EQUAL(seen.frame[0].length, 60);

	send_on("tt1", 3, 1200);
	gather(s, &seen, 2);
	CU_ASSERT_EQUAL_FATAL(seen.n, 2);
	CU_ASSERT_EQUAL(seen.frame[1].interface, 1);
	CU_ASSERT_TRUE(seen.frame[1].outgoing);
	CU_ASSERT_EQUAL(seen.frame[1].ingress, own_ingress);
	CU_ASSERT_EQUAL(seen.frame[1].length, 1200);
	CU_ASSERT_EQUAL(seen.frame[1].captured, TAP_SNAPLEN);
	CU_ASSERT(llabs(seen.frame[1].time_ns - seen.frame[0].time_ns) < 10000000000ll);

	for (size_t i = 0; i < 3; i++) {
		tap_set_ledger(s, i, &l);
		CU_ASSERT_EQUAL(l.received, l.delivered + l.dropped);
		CU_ASSERT_EQUAL(l.dropped, 0);
	}
	tap_set_close(s);
}

static void
the_classic_filter_tells_directions_apart(void)
{
	directions_are_told_apart(TAP_TIER_CLASSIC, TAP_INGRESS_BY_SOURCE);
}

static void
the_ebpf_filter_tells_directions_apart(void)
{
	if (!have_ebpf())
		return;
	directions_are_told_apart(TAP_TIER_EBPF, TAP_INGRESS_SELF);
	directions_are_told_apart(TAP_TIER_TCX, TAP_INGRESS_SELF);
}

/* A policy without permits: it owns 10.1.0.0/25 to tt0 and 10.1.0.128/25 to tt1. */
static int
set_owners(struct tap_set *s, bool with_first)
{
	static const struct tap_ports ports[2];
	const struct tap_policy_prefix prefixes[] = {
		{ { { 0x0a010080, IP_V4 }, 25 }, 2 },
		{ { { 0x0a010000, IP_V4 }, 25 }, 1 },
	};
	const struct tap_class classes[] = { { 0 }, { .tap = 1 }, { .tap = 2 } };
	const struct tap_services services[] = { { 0 } };
	const struct tap_policy policy = {
		.prefixes = prefixes, .n_prefixes = with_first ? 2 : 1,
		.classes = classes, .n_classes = 3,
		.services = services, .n_services = 1,
		.ports = { &ports[0], &ports[1] },
		.until_ns = INT64_MAX,
	};

	return tap_set_policy(s, &policy, NULL, NULL);
}

static void
one_true_ingress(struct tap_set *s, uint8_t host, int ingress)
{
	struct seen seen = { .n = 0 };
	int found = 0;

	send_on("far0", host, 60);
	gather(s, &seen, 2);
	CU_ASSERT_EQUAL(seen.n, 2);
	for (size_t k = 0; k < seen.n; k++) {
		if (!seen.frame[k].outgoing)
			continue;
		CU_ASSERT_EQUAL(seen.frame[k].interface, 1);
		CU_ASSERT_EQUAL(seen.frame[k].ingress, ingress);
		CU_ASSERT_EQUAL(seen.source[k], host);
		found++;
	}
	CU_ASSERT_EQUAL(found, 1);
}

/*
 * "right": ingress of a frame whose source its ingress owns. Only a packet ring
 * carries it without its number.
 */
static void
true_ingress_is_known(enum tap_tier tier, int right)
{
	char why[256] = "";
	struct tap_set *s;

	CU_ASSERT_FATAL(run("tc qdisc add dev tt0 ingress &&"
	    "tc filter add dev tt0 parent ffff: protocol all u32 match u32 0 0"
	    " action mirred egress redirect dev tt1"));
	s = tap_set_open_tier(interfaces, 3, tier, why, sizeof(why));
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	/* before Linux 6.6 there is no tcx, and the tier says so */
	if (strstr(tap_set_tier_reason(s), "no tcx") != NULL)
		right = TAP_INGRESS_BY_SOURCE;
	CU_ASSERT_EQUAL(set_owners(s, true), 0);
	one_true_ingress(s, 2, right);
	/* owned by tt1, came from tt0: a lie */
	one_true_ingress(s, 200, 0);
	/* replaced tables forget: nobody owns the address any more */
	CU_ASSERT_EQUAL(set_owners(s, false), 0);
	one_true_ingress(s, 2, 0);
	/* nor without a policy */
	CU_ASSERT_EQUAL(set_owners(s, true), 0);
	CU_ASSERT_EQUAL(tap_set_policy(s, NULL, NULL, NULL), 0);
	one_true_ingress(s, 2, 0);
	tap_set_close(s);
	CU_ASSERT(run("tc qdisc del dev tt0 ingress"));
}

static void
the_ebpf_filter_knows_the_true_ingress(void)
{
	if (have_ebpf())
		true_ingress_is_known(TAP_TIER_TCX, 0);
}

static void
so_does_a_packet_socket_on_the_way_out(void)
{
	if (have_ebpf())
		true_ingress_is_known(TAP_TIER_EBPF, TAP_INGRESS_BY_SOURCE);
}

/* One permit: UDP from 10.1.0.0/24 behind tt0 to 10.2.0.0/24 behind tt1. */
static int
set_permit(struct tap_set *s, tap_on_permitted *leaving, void *arg)
{
	static struct tap_ports ports[2];
	const struct tap_policy_prefix prefixes[] = {
		{ { { 0x0a010000, IP_V4 }, 24 }, 1 },
		{ { { 0x0a020000, IP_V4 }, 24 }, 2 },
	};
	const struct tap_class classes[] = {
		{ 0 }, { .tap = 1, .n_src = 1 }, { .tap = 2, .n_dst = 1 },
	};
	const struct tap_services services[] = {
		{ 0 }, { .known = 1, .n = 1, .service = { { 0, 0, 65535 } } },
	};
	const struct tap_box_key key = { 0, 0, 0 };
	const struct tap_box box = { .permit = 7, .counter = 1 };
	const struct tap_counter counter = { 0, 1, 7 };
	const struct tap_policy policy = {
		.prefixes = prefixes, .n_prefixes = 2, .classes = classes, .n_classes = 3,
		.services = services, .n_services = 2, .ports = { &ports[0], &ports[1] },
		.box_keys = &key, .boxes = &box, .n_boxes = 1,
		.counters = &counter, .n_counters = 1, .until_ns = INT64_MAX,
	};

	for (size_t i = 0; i < 65536; i++)
		ports[1].services[i] = 1;
	return tap_set_policy(s, &policy, leaving, arg);
}

static void
add_permitted(void *arg, const struct tap_permitted *p)
{
	uint64_t *packets = arg;

	CU_ASSERT(p->in == 0 && p->out == 1 && p->permit == 7);
	CU_ASSERT_EQUAL(p->bytes, p->packets * 60);
	*packets += p->packets;
}

/* Sends ten frames through and says how many the filter counted. */
static uint64_t
ten_counted(struct tap_set *s)
{
	uint64_t packets = 0;

	for (int i = 0; i < 10; i++)
		send_on("far0", 2, 60);
	tap_set_permitted(s, add_permitted, &packets);
	return packets;
}

/* Nobody reads a ring in all of this: as with a watcher that is stopped. */
static void
permits_are_counted_while_nobody_reads(enum tap_tier tier)
{
	const struct ip_addr src = { 0x0a010002, IP_V4 }, dst = { 0x0a020003, IP_V4 };
	char why[256] = "";
	struct tap_set *s = tap_set_open_tier(interfaces, 3, tier,
	    why, sizeof(why));
	uint64_t late = 0;
	struct tap_ledger l;

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_FATAL(run("tc qdisc add dev tt0 ingress &&"
	    "tc filter add dev tt0 parent ffff: protocol all u32 match u32 0 0"
	    " action mirred egress redirect dev tt1"));
	CU_ASSERT_EQUAL(ten_counted(s), 0);
	CU_ASSERT_EQUAL(set_permit(s, NULL, NULL), 0);
	CU_ASSERT_EQUAL(ten_counted(s), 10);
	CU_ASSERT_EQUAL(ten_counted(s), 10);
	CU_ASSERT_TRUE(tap_set_flow_seen(s, &src, &dst, 0x1234, 53, 17));
	CU_ASSERT_FALSE(tap_set_flow_seen(s, &dst, &src, 53, 0x1234, 17));
	CU_ASSERT_FALSE(tap_set_flow_seen(s, &src, &dst, 0x1234, 54, 17));
	/* the next policy gets what the one before had not handed out */
	send_on("far0", 2, 60);
	CU_ASSERT_EQUAL(set_permit(s, add_permitted, &late), 0);
	CU_ASSERT_EQUAL(late, 1);
	CU_ASSERT_EQUAL(ten_counted(s), 10);
	tap_set_ledger(s, 1, &l);
	CU_ASSERT_EQUAL(l.proven, 31);
	CU_ASSERT(l.seen >= 41 && l.seen == l.proven + l.received);
	/* no policy: nothing is permitted, whatever was proven before */
	CU_ASSERT_EQUAL(tap_set_policy(s, NULL, NULL, NULL), 0);
	CU_ASSERT_EQUAL(ten_counted(s), 0);
	tap_set_close(s);
	CU_ASSERT(run("tc qdisc del dev tt0 ingress"));
}

static void
permits_are_counted_at_the_tc_hook(void)
{
	if (have_ebpf())
		permits_are_counted_while_nobody_reads(TAP_TIER_TCX);
}

static void
permits_are_counted_at_packet_sockets(void)
{
	if (have_ebpf())
		permits_are_counted_while_nobody_reads(TAP_TIER_EBPF);
}

/* The watcher has no privilege: only what was opened before. */
static void
a_policy_needs_no_privilege(void)
{
	struct tap_set *s;
	int status = -1;
	pid_t child;

	if (!have_ebpf())
		return;
	s = open_set(TAP_TIER_TCX);
	child = fork();
	CU_ASSERT_FATAL(child >= 0);
	if (child == 0) {
		if (setresgid(65534, 65534, 65534) != 0 ||
		    setresuid(65534, 65534, 65534) != 0)
			_exit(2);
		_exit(set_permit(s, NULL, NULL) == 0 && set_permit(s, NULL, NULL) == 0 ?
		    0 : 1);
	}
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT_EQUAL(status, 0);
	tap_set_close(s);
}

static void
the_mac_of_an_interface_is_known(void)
{
	static const uint8_t expected[6] = { 2, 0, 0, 0, 0, 2 };
	struct tap_set *s = open_set(TAP_TIER_CLASSIC);
	uint8_t mac[6];

	CU_ASSERT_TRUE(tap_set_mac(s, 0, mac));
	CU_ASSERT_EQUAL(memcmp(mac, expected, sizeof(mac)), 0);
	CU_ASSERT_FALSE(tap_set_mac(s, 2, mac));
	tap_set_close(s);
}

static void
an_interface_that_goes_away_is_reported_once(void)
{
	struct tap_set *s = open_set(TAP_TIER_TCX);
	struct seen seen = { .n = 0 };
	int told = 0;

	CU_ASSERT_FATAL(run("ip link del tt1"));
	for (int waited = 0; waited < ENOUGH_MS && told == 0; waited += 20) {
		usleep(20000);
		told += tap_set_dispatch(s, 1000, note, &seen) == -ENETDOWN;
	}
	CU_ASSERT_EQUAL(told, 1);
	CU_ASSERT_EQUAL(tap_set_missing(s), 2);
	send_on("far0", 2, 60);
	gather(s, &seen, 1);
	CU_ASSERT_EQUAL(seen.n, 1);
	tap_set_close(s);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "an absent interface is missing and no error",
		  an_absent_interface_is_missing_and_no_error },
		{ "the classic filter tells directions apart",
		  the_classic_filter_tells_directions_apart },
		{ "the eBPF filter tells directions apart",
		  the_ebpf_filter_tells_directions_apart },
		{ "the eBPF filter knows the true ingress",
		  the_ebpf_filter_knows_the_true_ingress },
		{ "so does a packet socket on the way out",
		  so_does_a_packet_socket_on_the_way_out },
		{ "permits are counted at the tc hook while nobody reads",
		  permits_are_counted_at_the_tc_hook },
		{ "permits are counted at packet sockets while nobody reads",
		  permits_are_counted_at_packet_sockets },
		{ "a policy needs no privilege", a_policy_needs_no_privilege },
		{ "the MAC of an interface is known",
		  the_mac_of_an_interface_is_known },
		{ "an interface that goes away is reported once",
		  an_interface_that_goes_away_is_reported_once },
		CU_TEST_INFO_NULL,
	};

	if (!make_world()) {
		printf("needs root, a network namespace and veth\n");
		return SKIPPED;
	}
	return unit_main("tap", tests);
}
