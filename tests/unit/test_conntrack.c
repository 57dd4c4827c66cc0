/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connection table, what the watcher takes from it, and sysctls of a network namespace of our own; root, else skipped. */
#include "agent/watch_seed.h"
#include "kernel-helpers/conntrack.h"
#include "kernel-helpers/sysctl.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SKIPPED 77

/* Datagrams to ports first.. on loopback: one flow each; some are marked with it. */
static void
open_flows(uint16_t first, unsigned int n)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (unsigned int i = 0; i < n; i++) {
		struct sockaddr_in to = { .sin_family = AF_INET,
			.sin_port = htons((uint16_t)(first + i)),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

		(void)sendto(fd, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to));
	}
	close(fd);
}

static bool
is_port_7001(void *arg, const struct conntrack_flow *f)
{
	(void)arg;
	return f->dport == 7001 && f->protocol == IPPROTO_UDP &&
	    f->dst.family == IP_V4 && f->dst.value == 0x7f000001;
}

static size_t
count(int fd, bool (*select)(void *arg, const struct conntrack_flow *f))
{
	size_t n = 0;

	CU_ASSERT_EQUAL(conntrack_count(fd, select, NULL, &n), 0);
	return n;
}

static void
flows_are_deleted_by_mark_and_by_tuple(void)
{
	const uint32_t marks[] = { 7002, 7003, 9999 };
	size_t seen, deleted;
	int fd = conntrack_open();

	CU_ASSERT_FATAL(fd >= 0);
	open_flows(7000, 1000);
	CU_ASSERT_EQUAL(count(fd, NULL), 1000);
	CU_ASSERT_EQUAL(conntrack_delete_marks(fd, marks, 3, &deleted), 0);
	CU_ASSERT_EQUAL(deleted, 2);
	CU_ASSERT_EQUAL(count(fd, NULL), 998);
	CU_ASSERT_EQUAL(count(fd, is_port_7001), 1);
	CU_ASSERT_EQUAL(conntrack_delete(fd, is_port_7001, NULL, &seen, &deleted), 0);
	CU_ASSERT_EQUAL(seen, 998);
	CU_ASSERT_EQUAL(deleted, 1);
	CU_ASSERT_EQUAL(count(fd, is_port_7001), 0);
	CU_ASSERT_EQUAL(conntrack_delete(fd, NULL, NULL, &seen, &deleted), 0);
	CU_ASSERT_EQUAL(deleted, 997);
	CU_ASSERT_EQUAL(count(fd, NULL), 0);
	CU_ASSERT_EQUAL(conntrack_delete_marks(fd, marks, 0, &deleted), 0);
	close(fd);
}

/* Every third ends, every third is marked, the others stay as they are. */
static enum conntrack_choice
by_thirds(void *arg, const struct conntrack_flow *f, uint32_t *mark)
{
	size_t *asked = arg;

	(*asked)++;
	*mark = f->dport + 1u;
	return f->dport % 3 == 0 ? CONNTRACK_DELETE :
	    f->dport % 3 == 1 ? CONNTRACK_MARK : CONNTRACK_LEAVE;
}

static bool
marked_by_thirds(void *arg, const struct conntrack_flow *f)
{
	(void)arg;
	return f->dport % 3 == 1 && f->mark == f->dport + 1u;
}

static void
flows_are_marked_and_deleted_one_by_one(void)
{
	size_t seen, deleted, marked, asked = 0;
	int fd = conntrack_open();

	CU_ASSERT_FATAL(fd >= 0);
	open_flows(9000, 900);
	CU_ASSERT_EQUAL(conntrack_change(fd, by_thirds, &asked, &deleted, &marked), 0);
	CU_ASSERT_EQUAL(asked, 900);
	CU_ASSERT_EQUAL(deleted, 300);
	CU_ASSERT_EQUAL(marked, 300);
	CU_ASSERT_EQUAL(count(fd, NULL), 600);
	CU_ASSERT_EQUAL(count(fd, marked_by_thirds), 300);
	CU_ASSERT_EQUAL(conntrack_delete(fd, NULL, NULL, &seen, &deleted), 0);
	close(fd);
}

static void
put_tuple(struct nlmsghdr *h, uint16_t which, bool answer, uint8_t protocol)
{
	struct nlattr *tuple = mnl_attr_nest_start(h, which), *nest;
	bool icmp = protocol == IPPROTO_ICMP;

	nest = mnl_attr_nest_start(h, CTA_TUPLE_IP);
	mnl_attr_put_u32(h, CTA_IP_V4_SRC, htonl(answer ? 0x0a140002 : 0x0a0a0001));
	mnl_attr_put_u32(h, CTA_IP_V4_DST, htonl(answer ? 0x0a140001 : 0x0a140002));
	mnl_attr_nest_end(h, nest);
	nest = mnl_attr_nest_start(h, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(h, CTA_PROTO_NUM, protocol);
	if (icmp) {
		mnl_attr_put_u8(h, CTA_PROTO_ICMP_TYPE, answer ? 0 : 8);
		mnl_attr_put_u8(h, CTA_PROTO_ICMP_CODE, 0);
	} else {
		mnl_attr_put_u16(h, CTA_PROTO_SRC_PORT, htons(answer ? 53 : 1234));
		mnl_attr_put_u16(h, CTA_PROTO_DST_PORT, htons(answer ? 4321 : 53));
	}
	mnl_attr_nest_end(h, nest);
	mnl_attr_nest_end(h, tuple);
}

/* Source translated: the answer is sent to another address and port. */
static void
translated_ends_are_read(void)
{
	static const struct { uint8_t protocol; uint16_t sport, dport, to_sport; } rows[] = {
		{ IPPROTO_UDP, 1234, 53, 4321 }, { IPPROTO_ICMP, 8 << 8, 0, 8 << 8 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_Alignas(struct nlmsghdr) uint8_t buf[512];
		struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
		struct conntrack_flow f;

		mnl_nlmsg_put_extra_header(h, sizeof(struct nfgenmsg));
		h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
		put_tuple(h, CTA_TUPLE_ORIG, false, rows[i].protocol);
		put_tuple(h, CTA_TUPLE_REPLY, true, rows[i].protocol);
		CU_ASSERT_TRUE_FATAL(conntrack_parse(buf, h->nlmsg_len, &f));
		CU_ASSERT_EQUAL(f.sport, rows[i].sport);
		CU_ASSERT_EQUAL(f.dport, rows[i].dport);
		CU_ASSERT(f.src.value == 0x0a0a0001 && f.dst.value == 0x0a140002);
		CU_ASSERT(f.translated.src.value == 0x0a140001);
		CU_ASSERT(f.translated.dst.value == 0x0a140002);
		CU_ASSERT_EQUAL(f.translated.sport, rows[i].to_sport);
		CU_ASSERT_EQUAL(f.translated.dport, rows[i].dport);
	}
}

/* The watcher's way to them: each UDP flow once, and that these are all. */
static void
openings_are_collected(void)
{
	struct watcher_seed seed;
	size_t seen, deleted, asked = 0;
	int fd = conntrack_open();

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(conntrack_delete(fd, NULL, NULL, &seen, &deleted), 0);
	open_flows(7000, 3000);
	watch_seed_collect(&seed);
	CU_ASSERT_STRING_EQUAL(seed.why, "");
	CU_ASSERT_EQUAL(seed.n, 3000);
	for (size_t i = 0; i < seed.n; i++) {
		const struct watch_opening *o = &seed.openings[i];

		asked += o->protocol == IPPROTO_UDP && o->src.value == 0x7f000001 &&
		    o->dst.value == 0x7f000001 && o->sport != 0 && o->dport >= 7000 &&
		    o->dport < 10000;
	}
	CU_ASSERT_EQUAL(asked, 3000);
	free(seed.openings);
	CU_ASSERT_EQUAL(conntrack_delete(fd, NULL, NULL, &seen, &deleted), 0);
	close(fd);
}

static void
entries_become_openings(void)
{
	struct conntrack_flow f = { .src = { 1, IP_V4 }, .dst = { 2, IP_V4 }, .sport = 3,
		.dport = 4, .protocol = IPPROTO_UDP };
	struct watch_opening o[2];

	f.translated = (struct conntrack_ends){ f.src, f.dst, f.sport, f.dport };
	CU_ASSERT_EQUAL(watch_seed_openings(&f, o), 1);
	CU_ASSERT(o[0].src.value == 1 && o[0].dst.value == 2);
	CU_ASSERT(o[0].sport == 3 && o[0].dport == 4 && o[0].protocol == IPPROTO_UDP);
	f.translated.src.value = 9;
	CU_ASSERT_EQUAL(watch_seed_openings(&f, o), 2);
	CU_ASSERT(o[0].src.value == 1 && o[1].src.value == 9 && o[1].sport == 3);
	f.protocol = IPPROTO_GRE;	/* its keys are no ports */
	CU_ASSERT_EQUAL(watch_seed_openings(&f, o), 2);
	CU_ASSERT(o[0].sport == 0 && o[0].dport == 0);
	f.protocol = IPPROTO_TCP;
	CU_ASSERT_EQUAL(watch_seed_openings(&f, o), 0);
}

static size_t
build(uint8_t *buf)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nlattr *tuple, *nest;

	mnl_nlmsg_put_extra_header(h, sizeof(struct nfgenmsg));
	h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	tuple = mnl_attr_nest_start(h, CTA_TUPLE_ORIG);
	nest = mnl_attr_nest_start(h, CTA_TUPLE_IP);
	mnl_attr_put_u32(h, CTA_IP_V4_SRC, htonl(0x0a0a0001));
	mnl_attr_put_u32(h, CTA_IP_V4_DST, htonl(0x0a140001));
	mnl_attr_nest_end(h, nest);
	nest = mnl_attr_nest_start(h, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(h, CTA_PROTO_NUM, 6);
	mnl_attr_put_u16(h, CTA_PROTO_SRC_PORT, htons(1234));
	mnl_attr_put_u16(h, CTA_PROTO_DST_PORT, htons(443));
	mnl_attr_nest_end(h, nest);
	mnl_attr_nest_end(h, tuple);
	mnl_attr_put_u32(h, CTA_MARK, htonl(38));
	return h->nlmsg_len;
}

static void
messages_are_read_within_their_length(void)
{
	_Alignas(struct nlmsghdr) uint8_t buf[256];
	struct conntrack_flow f;
	size_t n = build(buf);

	CU_ASSERT_TRUE(conntrack_parse(buf, n, &f));
	CU_ASSERT_EQUAL(f.mark, 38);
	CU_ASSERT_EQUAL(f.sport, 1234);
	CU_ASSERT_EQUAL(f.dport, 443);
	CU_ASSERT_EQUAL(f.protocol, 6);
	CU_ASSERT(f.src.value == 0x0a0a0001);
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *exact = malloc(cut + 1);

		memcpy(exact, buf, cut);
		CU_ASSERT_FALSE(conntrack_parse(exact, cut, &f));
		free(exact);
	}
	/* Any one byte wrong is never a read behind the end. */
	for (size_t at = 0; at < n; at++) {
		uint8_t kept = buf[at];

		buf[at] = 0xff;
		(void)conntrack_parse(buf, n, &f);
		buf[at] = kept;
	}
}

static void
only_listed_switches_turn(void)
{
	int value;

	CU_ASSERT_EQUAL(sysctl_set(SYSCTL_NONE, 1), -EINVAL);
	CU_ASSERT_EQUAL(sysctl_set(SYSCTL_ID_COUNT, 1), -EINVAL);
	CU_ASSERT_EQUAL(sysctl_get(SYSCTL_NONE, &value), -EINVAL);
	CU_ASSERT_EQUAL(sysctl_set(SYSCTL_CT_COUNT, 1), -EPERM);
	CU_ASSERT_EQUAL(sysctl_set(SYSCTL_IPV4_FORWARD, 2), -ERANGE);
	CU_ASSERT_STRING_EQUAL(sysctl_name(SYSCTL_IPV4_FORWARD), "net.ipv4.ip_forward");
	CU_ASSERT_STRING_EQUAL(sysctl_name(SYSCTL_ID_COUNT), "");
	for (int id = SYSCTL_NONE + 1; id < SYSCTL_ID_COUNT; id++)
		CU_ASSERT_EQUAL(strncmp(sysctl_name((enum sysctl_id)id), "net.", 4), 0);
}

static void
switches_turn(void)
{
	int value = -1;

	for (int on = 1; on >= 0; on--) {
		CU_ASSERT_EQUAL(sysctl_set(SYSCTL_IPV4_FORWARD, on), 0);
		CU_ASSERT_EQUAL(sysctl_get(SYSCTL_IPV4_FORWARD, &value), 0);
		CU_ASSERT_EQUAL(value, on);
		CU_ASSERT_EQUAL(sysctl_set(SYSCTL_IPV6_FORWARD, on), 0);
		CU_ASSERT_EQUAL(sysctl_get(SYSCTL_IPV6_FORWARD, &value), 0);
		CU_ASSERT_EQUAL(value, on);
		CU_ASSERT_EQUAL(sysctl_set(SYSCTL_CT_TCP_LOOSE, on), 0);
	}
}

int
main(void)
{
	static const char commands[] = "ip link set lo up && nft -f - <<'E'\n"
	    "table inet t { chain c { type filter hook output priority 0;\n"
	    "ct mark set udp dport map { 7001 : 7001, 7002 : 7002, 7003 : 7003 }\n"
	    "}\n}\nE\n";
	CU_TestInfo tests[] = {
		{ "messages are read within their length",
		    messages_are_read_within_their_length },
		{ "only listed switches turn", only_listed_switches_turn },
		{ "flows are deleted by mark and by tuple",
		    flows_are_deleted_by_mark_and_by_tuple },
		{ "flows are marked and deleted one by one",
		    flows_are_marked_and_deleted_one_by_one },
		{ "translated ends are read", translated_ends_are_read },
		{ "entries become openings", entries_become_openings },
		{ "openings are collected", openings_are_collected },
		{ "switches turn", switches_turn },
		CU_TEST_INFO_NULL,
	};

	if (unshare(CLONE_NEWNET) == -1) {
		printf("no network namespace of our own (%s); run as root\n",
		    strerror(errno));
		return SKIPPED;
	}
	if (system(commands) != 0)
		return EXIT_FAILURE;
	return unit_main("conntrack", tests);
}
