/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces and processors as the kernel tells of them: its answers, broken
 * answers, and (as root) interfaces of a network namespace of our own.
 */
#include "kernel-helpers/frame_out.h"
#include "kernel-helpers/link.h"
#include "kernel-helpers/softnet.h"
#include "kernel-helpers/tap.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static bool
run(const char *command)
{
	return system(command) == 0;
}

static void
a_refusal_is_its_errno(void)
{
	struct { struct nlmsghdr h; struct nlmsgerr e; } m = {
		.h = { .nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_ERROR },
		.e = { .error = -ENODEV },
	};
	struct link_state s;

	CU_ASSERT_EQUAL(link_parse((const uint8_t *)&m, sizeof(m), &s), -ENODEV);
	m.e.error = 0;
	CU_ASSERT_EQUAL(link_parse((const uint8_t *)&m, sizeof(m), &s), -EPROTO);
}

/* A real answer, cut at every byte and with every byte changed. */
static void
no_broken_answer_is_read_beyond_its_end(void)
{
	uint8_t answer[8192], broken[8192];
	struct { struct nlmsghdr h; struct ifinfomsg i; struct rtattr a; char name[4]; } q = {
		.h = { .nlmsg_len = sizeof(q), .nlmsg_type = RTM_GETLINK,
		    .nlmsg_flags = NLM_F_REQUEST },
		.a = { .rta_len = sizeof(q.a) + 3, .rta_type = IFLA_IFNAME }, .name = "lo",
	};
	struct link_state s;
	int fd = link_open();
	ssize_t n;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(send(fd, &q, sizeof(q), 0), (ssize_t)sizeof(q));
	n = recv(fd, answer, sizeof(answer), 0);
	CU_ASSERT_FATAL(n > 100);
	CU_ASSERT_EQUAL(link_parse(answer, (size_t)n, &s), 0);
	CU_ASSERT_EQUAL(s.ifindex, 1);
	CU_ASSERT_FALSE(s.ethernet);
	for (size_t length = 0; length < (size_t)n; length++) {
		uint8_t *cut = malloc(length + 1);

		/* of its own size: ASan sees every byte too many */
		CU_ASSERT_PTR_NOT_NULL_FATAL(cut);
		memcpy(cut, answer, length);
		CU_ASSERT(link_parse(cut, length, &s) < 0);
		free(cut);
	}
	for (size_t i = 0; i < (size_t)n; i++) {
		memcpy(broken, answer, (size_t)n);
		broken[i] ^= 0xff;
		(void)link_parse(broken, (size_t)n, &s);
	}
	close(fd);
}

static void
an_interface_is_seen_as_it_is(void)
{
	struct link_state s;
	char name[IF_NAMESIZE];
	int fd = link_open();

	CU_ASSERT_EQUAL(link_ask(fd, "tl0", &s), -ENODEV);
	CU_ASSERT_EQUAL(link_ask(fd, "a-name-that-is-too-long", &s), -ENAMETOOLONG);
	CU_ASSERT_TRUE_FATAL(run("ip link add tl0 address 02:00:00:00:00:07 type veth peer "
	    "name fl0"));
	CU_ASSERT_EQUAL(link_ask(fd, "tl0", &s), 0);
	CU_ASSERT_FALSE(s.up);
	CU_ASSERT_TRUE_FATAL(run("ip link set tl0 up"));
	CU_ASSERT_EQUAL(link_ask(fd, "tl0", &s), 0);
	CU_ASSERT_TRUE(s.up);
	CU_ASSERT_FALSE(s.carrier);
	CU_ASSERT_TRUE_FATAL(run("ip link set fl0 up"));
	CU_ASSERT_EQUAL(link_ask(fd, "tl0", &s), 0);
	CU_ASSERT_TRUE(s.carrier);
	CU_ASSERT_TRUE(s.ethernet);
	CU_ASSERT_EQUAL(s.mac[5], 7);
	CU_ASSERT_EQUAL(link_name(fd, s.ifindex, name), 0);
	CU_ASSERT_STRING_EQUAL(name, "tl0");
	CU_ASSERT_EQUAL(link_name(fd, 4711, name), -ENODEV);
	CU_ASSERT_TRUE_FATAL(run("ip link del tl0"));
	CU_ASSERT_EQUAL(link_ask(fd, "tl0", &s), -ENODEV);
	close(fd);
}

/* ---- VLAN devices ---------------------------------------------------------------------- */

#define ASKED 77u

struct vlans {
	struct link_vlan found[8];
	size_t n;
};

static void
note_vlan(void *arg, const struct link_vlan *v)
{
	struct vlans *f = arg;

	if (f->n < 8)
		f->found[f->n++] = *v;
}

/* One link, as a dump tells of it; kind NULL: no IFLA_LINKINFO. Bytes. */
static size_t
put_link(uint8_t *at, const char *kind, uint32_t lower, uint16_t id, uint16_t protocol,
    bool elsewhere)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(at);
	struct nlattr *info, *data;

	h->nlmsg_type = RTM_NEWLINK;
	h->nlmsg_flags = NLM_F_MULTI;
	h->nlmsg_seq = ASKED;
	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	mnl_attr_put_u32(h, IFLA_LINK, lower);
	if (elsewhere)
		mnl_attr_put_u32(h, IFLA_LINK_NETNSID, 1);
	if (kind != NULL) {
		info = mnl_attr_nest_start(h, IFLA_LINKINFO);
		mnl_attr_put_strz(h, IFLA_INFO_KIND, kind);
		data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
		mnl_attr_put_u16(h, IFLA_VLAN_ID, id);
		if (protocol != 0)
			mnl_attr_put_u16(h, IFLA_VLAN_PROTOCOL, htons(protocol));
		mnl_attr_nest_end(h, data);
		mnl_attr_nest_end(h, info);
	}
	return h->nlmsg_len;
}

static size_t
put_done(uint8_t *at, uint32_t number)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(at);

	h->nlmsg_type = NLMSG_DONE;
	h->nlmsg_flags = NLM_F_MULTI;
	h->nlmsg_seq = number;
	return h->nlmsg_len;
}

static size_t
put_dump(uint8_t *at)
{
	size_t n = put_link(at, "vlan", 3, 10, 0x8100, false);

	n += put_link(at + n, NULL, 3, 0, 0, false);
	n += put_link(at + n, "vlan", 3, 30, 0x8100, true);
	n += put_link(at + n, "vxlan", 3, 40, 0, false);
	n += put_link(at + n, "vlan", 0, 50, 0x8100, false);
	n += put_link(at + n, "vlan", 4, 4095, 0x88a8, false);
	n += put_link(at + n, "vlan", 4, 60, 0, false);
	return n;
}

static void
vlan_devices_are_found_among_all_others(void)
{
	_Alignas(8) uint8_t part[2048];
	size_t n = put_dump(part);
	struct vlans found = { .n = 0 };
	struct nlmsghdr head;

	CU_ASSERT_EQUAL(link_parse_vlans(part, n, ASKED, note_vlan, &found), 0);
	CU_ASSERT_EQUAL_FATAL(found.n, 3);
	CU_ASSERT_EQUAL(found.found[0].lower, 3);
	CU_ASSERT_EQUAL(found.found[0].id, 10);
	CU_ASSERT_EQUAL(found.found[0].protocol, 0x8100);
	CU_ASSERT_EQUAL(found.found[1].id, 4095);
	CU_ASSERT_EQUAL(found.found[1].protocol, 0x88a8);
	CU_ASSERT_EQUAL(found.found[2].id, 60);
	CU_ASSERT_EQUAL(found.found[2].protocol, 0x8100);
	/* another question's end is not ours */
	n += put_done(part + n, ASKED - 1);
	CU_ASSERT_EQUAL(link_parse_vlans(part, n, ASKED, note_vlan, &found), 0);
	n += put_done(part + n, ASKED);
	CU_ASSERT_EQUAL(link_parse_vlans(part, n, ASKED, note_vlan, &found), 1);
	memcpy(&head, part, sizeof(head));
	head.nlmsg_flags |= NLM_F_DUMP_INTR;
	memcpy(part, &head, sizeof(head));
	CU_ASSERT_EQUAL(link_parse_vlans(part, n, ASKED, note_vlan, &found), -EINTR);
}

/* Cut at every byte and with every byte changed; in memory of its own size for ASan. */
static void
no_broken_dump_is_read_beyond_its_end(void)
{
	_Alignas(8) uint8_t part[2048];
	size_t n = put_dump(part);
	struct vlans found;

	n += put_done(part + n, ASKED);
	for (size_t length = 0; length <= n; length++) {
		uint8_t *cut = malloc(length + 1);

		CU_ASSERT_PTR_NOT_NULL_FATAL(cut);
		memcpy(cut, part, length);
		found.n = 0;
		CU_ASSERT_EQUAL(link_parse_vlans(cut, length, ASKED, note_vlan, &found) == 1,
		    length == n);
		free(cut);
	}
	for (size_t i = 0; i < n; i++) {
		uint8_t *broken = malloc(n);

		CU_ASSERT_PTR_NOT_NULL_FATAL(broken);
		memcpy(broken, part, n);
		broken[i] ^= 0xff;
		found.n = 0;
		(void)link_parse_vlans(broken, n, ASKED, note_vlan, &found);
		CU_ASSERT(found.n <= 4);
		free(broken);
	}
}

/* Needs a kernel with 802.1Q: else only that a dump comes to its end, with nothing. */
static void
a_tap_knows_the_vlans_on_its_interface(void)
{
	static const char *const names[] = { "tv0", "fv0", "tv0.10" };
	char why[200] = "";
	struct tap_set *s;
	bool has_vlans;
	int fd = link_open();

	CU_ASSERT_TRUE_FATAL(run("ip link add tv0 type veth peer name fv0"));
	has_vlans = run("ip link add link tv0 name tv0.10 type vlan id 10 2>/dev/null");
	s = tap_set_open(names, 3, why, sizeof(why));
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(tap_set_carries_vlan(s, 0, 0x8100, 10), has_vlans);
	CU_ASSERT_FALSE(tap_set_carries_vlan(s, 0, 0x88a8, 10));
	CU_ASSERT_FALSE(tap_set_carries_vlan(s, 0, 0x8100, 11));
	CU_ASSERT_FALSE(tap_set_carries_vlan(s, 0, 0x8100, 4096 + 10));
	CU_ASSERT_FALSE(tap_set_carries_vlan(s, 1, 0x8100, 10));
	CU_ASSERT_FALSE(tap_set_carries_vlan(s, 2, 0x8100, 10));
	CU_ASSERT_FALSE(tap_set_carries_vlan(s, 3, 0x8100, 10));
	if (has_vlans) {
		CU_ASSERT_TRUE(run("ip link del tv0.10 && "
		    "ip link add link tv0 name tv0.11 type vlan proto 802.1ad id 11"));
		CU_ASSERT_EQUAL(tap_set_learn_vlans(s, fd), 0);
		CU_ASSERT_FALSE(tap_set_carries_vlan(s, 0, 0x8100, 10));
		CU_ASSERT_FALSE(tap_set_carries_vlan(s, 0, 0x8100, 11));
		CU_ASSERT_TRUE(tap_set_carries_vlan(s, 0, 0x88a8, 11));
		/* no answer: what was known stays */
		CU_ASSERT(tap_set_learn_vlans(s, -1) < 0);
		CU_ASSERT_TRUE(tap_set_carries_vlan(s, 0, 0x88a8, 11));
	}
	CU_ASSERT_EQUAL(tap_set_learn_vlans(s, fd), 0);
	close(fd);
	tap_set_close(s);
	CU_ASSERT_TRUE_FATAL(run("ip link del tv0"));
}

/* Any socket will do to ask for a name: control has no other. */
static void
a_socket_pair_knows_names_too(void)
{
	char name[IF_NAMESIZE];
	int pair[2];

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	CU_ASSERT_EQUAL(link_name(pair[0], 1, name), 0);
	CU_ASSERT_STRING_EQUAL(name, "lo");
	close(pair[0]);
	close(pair[1]);
}

static void
lost_frames_are_counted_once(void)
{
	struct link_counters c = { .rx_missed = 5, .rx_fifo = 3, .rx_over = 3,
	    .rx_dropped = 1000 };

	CU_ASSERT_EQUAL(link_lost(&c), 8);
	c.rx_over = 4;
	CU_ASSERT_EQUAL(link_lost(&c), 9);
}

/* ---- the canary's way ------------------------------------------------------------------ */

struct heard {
	size_t own, outgoing;
};

static void
hear(void *arg, const struct tap_frame *f)
{
	struct heard *h = arg;

	if (f->captured < 15 || f->bytes[12] != 0x88 || f->bytes[13] != 0xb5)
		return;
	h->own++;
	h->outgoing += f->outgoing;
}

static void
listen_for(struct tap_set *s, struct heard *h)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	for (int i = 0; i < 10; i++) {
		(void)tap_set_dispatch(s, 1000, hear, h);
		nanosleep(&pause, NULL);
	}
}

static void
what_is_sent_comes_back_on_the_leaving_side(enum tap_tier tier)
{
	static const char *const names[] = { "tc0" };
	uint8_t frame[60] = { 0x01, 0x80, 0xc2, 0, 0, 0x0e, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };
	struct heard heard = { 0, 0 };
	struct tap_ledger l;
	char why[200] = "";
	struct frame_line line;
	struct tap_set *s;
	int fd = frame_out_open();

	CU_ASSERT_TRUE_FATAL(run("ip link add tc0 type veth peer name fc0 && "
	    "ip link set tc0 up && ip link set fc0 up"));
	s = tap_set_open_tier(names, 1, tier, why, sizeof(why));
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL_FATAL(frame_out_line(fd, "tc0", &line), 0);
	CU_ASSERT_EQUAL(frame_out_send(fd, &line, frame, sizeof(frame)), 0);
	listen_for(s, &heard);
	CU_ASSERT_EQUAL(heard.own, 1);
	CU_ASSERT_EQUAL(heard.outgoing, 1);
	/* stopped: the frame still leaves, and no tap takes it in */
	tap_set_stop(s);
	CU_ASSERT_EQUAL(frame_out_send(fd, &line, frame, sizeof(frame)), 0);
	listen_for(s, &heard);
	CU_ASSERT_EQUAL(heard.own, 1);
	tap_set_ledger(s, 0, &l);
	CU_ASSERT_EQUAL(l.received, l.dropped + l.delivered);
	close(fd);
	tap_set_close(s);
	CU_ASSERT_TRUE_FATAL(run("ip link del tc0"));
}

static void
the_canary_flies_with_ebpf_or_without(void)
{
	what_is_sent_comes_back_on_the_leaving_side(TAP_TIER_EBPF);
	what_is_sent_comes_back_on_the_leaving_side(TAP_TIER_TCX);
	what_is_sent_comes_back_on_the_leaving_side(TAP_TIER_CLASSIC);
}

/* ---- softnet --------------------------------------------------------------------------- */

static int
parse(struct softnet *s, const char *text)
{
	return softnet_parse(s, text, strlen(text));
}

static void
softnet_counts_from_the_first_look_on(void)
{
	static struct softnet s;

	memset(&s, 0, sizeof(s));
	CU_ASSERT_EQUAL(parse(&s, "00000010 00000005 00000001 0\n00000020 fffffffe 00000002\n"),
	    0);
	CU_ASSERT_EQUAL(s.dropped, 0);
	/* the second processor's counter wraps */
	CU_ASSERT_EQUAL(parse(&s, "00000011 00000007 00000001 0\n00000021 00000003 0000000a\n"),
	    0);
	CU_ASSERT_EQUAL(s.dropped, 2 + 5);
	CU_ASSERT_EQUAL(s.squeezed, 8);
	/* one processor went away: what it had is no news */
	CU_ASSERT_EQUAL(parse(&s, "00000011 00000007 00000001 0\n"), 0);
	CU_ASSERT_EQUAL(s.dropped, 7);
	CU_ASSERT_EQUAL(parse(&s, "00000011 00000008 00000001 0\n"), 0);
	CU_ASSERT_EQUAL(s.dropped, 8);
}

static void
softnet_takes_nothing_else(void)
{
	static const char *const wrong[] = {
		"0", "00000010 00000005\n", "00000010 0000000x 00000001\n", "\n",
		"000000100 00000005 00000001\n", "00000010 00000005 00000001", "- - -\n",
	};
	static struct softnet s;

	memset(&s, 0, sizeof(s));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CU_ASSERT_EQUAL(parse(&s, wrong[i]), -EPROTO);
	CU_ASSERT_EQUAL(s.n_lines, 0);
	CU_ASSERT_EQUAL(parse(&s, ""), 0);
}

static void
softnet_reads_the_kernels_own(void)
{
	static struct softnet s;

	softnet_open(&s);
	CU_ASSERT(s.fd >= 0);
	CU_ASSERT(s.n_lines >= 1);
	CU_ASSERT_EQUAL(softnet_read(&s), 0);
	close(s.fd);
}

int
main(void)
{
	CU_TestInfo pure[] = {
		{ "a refusal is its errno", a_refusal_is_its_errno },
		{ "no broken answer is read beyond its end",
		    no_broken_answer_is_read_beyond_its_end },
		{ "VLAN devices are found among all others",
		    vlan_devices_are_found_among_all_others },
		{ "no broken dump is read beyond its end",
		    no_broken_dump_is_read_beyond_its_end },
		{ "a socket pair knows names too", a_socket_pair_knows_names_too },
		{ "lost frames are counted once", lost_frames_are_counted_once },
		{ "softnet counts from the first look on", softnet_counts_from_the_first_look_on },
		{ "softnet takes nothing else", softnet_takes_nothing_else },
		{ "softnet reads the kernel's own", softnet_reads_the_kernels_own },
		/* cut off here without root */
		{ "an interface is seen as it is", an_interface_is_seen_as_it_is },
		{ "a tap knows the VLANs on its interface",
		    a_tap_knows_the_vlans_on_its_interface },
		{ "the canary flies with eBPF or without", the_canary_flies_with_ebpf_or_without },
		CU_TEST_INFO_NULL,
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0)
		pure[sizeof(pure) / sizeof(pure[0]) - 4] = (CU_TestInfo)CU_TEST_INFO_NULL;
	return unit_main("link", pure);
}
