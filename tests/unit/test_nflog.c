/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NFLOG messages: by hand, and as root the kernel's own in a namespace. */
#include "kernel-helpers/nflog.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct seen {
	unsigned int n;
	struct nflog_packet last;
	char prefix[64];
	uint8_t bytes[NFLOG_COPY_BYTES];
};

static void
see(void *arg, const struct nflog_packet *p)
{
	struct seen *s = arg;

	s->n++;
	s->last = *p;
	strncpy(s->prefix, p->prefix, sizeof(s->prefix) - 1);
	if (p->bytes != NULL)
		memcpy(s->bytes, p->bytes, p->length < sizeof(s->bytes) ?
		    p->length : sizeof(s->bytes));
}

/* A message as nfnetlink_log.c builds it; returns its aligned length. */
static size_t
build(uint8_t *buf, uint32_t sequence)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfulnl_msg_packet_hdr head = { .hw_protocol = htons(0x0800), .hook = 2 };
	struct nfulnl_msg_packet_hw hw = { .hw_addrlen = htons(6),
		.hw_addr = { 0, 0, 0x5e, 0, 0x53, 0x18 } };
	struct nfulnl_msg_packet_timestamp t = { .sec = htobe64(1790000000),
		.usec = htobe64(250000) };
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	h->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;
	mnl_attr_put(h, NFULA_PACKET_HDR, sizeof(head), &head);
	mnl_attr_put_strz(h, NFULA_PREFIX, "sekisho:refuse");
	mnl_attr_put_u32(h, NFULA_IFINDEX_INDEV, htonl(3));
	mnl_attr_put_u32(h, NFULA_IFINDEX_OUTDEV, htonl(4));
	mnl_attr_put_u32(h, NFULA_MARK, htonl(9));
	mnl_attr_put(h, NFULA_HWADDR, sizeof(hw), &hw);
	mnl_attr_put(h, NFULA_TIMESTAMP, sizeof(t), &t);
	mnl_attr_put_u32(h, NFULA_SEQ, htonl(sequence));
	mnl_attr_put(h, NFULA_PAYLOAD, 5, "\x45hell");
	return NLMSG_ALIGN(h->nlmsg_len);
}

static void
a_message_is_read_whole(void)
{
	_Alignas(struct nlmsghdr) uint8_t buf[512];
	struct nflog_ledger ledger = { .received = 0 };
	struct seen s = { .n = 0 };
	size_t n = build(buf, 1);

	CU_ASSERT_EQUAL(nflog_parse(buf, n, &ledger, see, &s), 1);
	CU_ASSERT_EQUAL(s.n, 1);
	CU_ASSERT_STRING_EQUAL(s.prefix, "sekisho:refuse");
	CU_ASSERT_EQUAL(s.last.ethertype, 0x0800);
	CU_ASSERT_EQUAL(s.last.hook, 2);
	CU_ASSERT_EQUAL(s.last.in, 3);
	CU_ASSERT_EQUAL(s.last.out, 4);
	CU_ASSERT_EQUAL(s.last.mark, 9);
	CU_ASSERT_TRUE(s.last.has_mac);
	CU_ASSERT_EQUAL(memcmp(s.last.mac, "\0\0\x5e\0\x53\x18", 6), 0);
	CU_ASSERT_EQUAL(s.last.time_ns, 1790000000250000000);
	CU_ASSERT_EQUAL(s.last.length, 5);
	CU_ASSERT_EQUAL(memcmp(s.bytes, "\x45hell", 5), 0);
	CU_ASSERT_EQUAL(ledger.received, 1);
	CU_ASSERT_EQUAL(ledger.malformed, 0);
}

/* Numbers of four messages, and how many were lost between them. */
static const struct { uint32_t number[4]; uint64_t lost; } gaps[] = {
	{ { 0, 1, 2, 3 }, 0 },
	{ { 7, 8, 9, 10 }, 0 },			/* we came late: nothing was ours */
	{ { 0, 1, 5, 6 }, 3 },
	{ { 0xfffffffe, 0xffffffff, 0, 1 }, 0 },	/* 32 bits go round */
	{ { 0xfffffffe, 1, 2, 3 }, 2 },
	{ { 100, 101, 0, 1 }, 0 },		/* the kernel began anew */
};

static void
gaps_in_the_numbers_are_losses(void)
{
	_Alignas(struct nlmsghdr) uint8_t buf[2048];

	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		struct nflog_ledger ledger = { .received = 0 };
		struct seen s = { .n = 0 };
		size_t n = 0;

		for (int k = 0; k < 4; k++)
			n += build(buf + n, gaps[i].number[k]);
		CU_ASSERT_EQUAL(nflog_parse(buf, n, &ledger, see, &s), 4);
		CU_ASSERT_EQUAL(ledger.lost, gaps[i].lost);
		CU_ASSERT_EQUAL(ledger.received, 4);
	}
}

static void
lengths_that_lie_are_counted(void)
{
	_Alignas(struct nlmsghdr) uint8_t buf[512], cut[512];
	struct nflog_ledger ledger = { .received = 0 };
	struct seen s = { .n = 0 };
	size_t n = build(buf, 1);

	for (size_t length = 1; length < n; length++) {
		memcpy(cut, buf, length);
		CU_ASSERT_EQUAL(nflog_parse(cut, length, &ledger, see, &s), 0);
	}
	CU_ASSERT_EQUAL(ledger.malformed, n - 1);
	/* Every attribute in turn longer than the message, or shorter than its head. */
	for (size_t at = NLMSG_HDRLEN + 4; at < n;) {
		struct nlattr a, lie;

		memcpy(&a, buf + at, sizeof(a));
		for (int k = 0; k < 2; k++) {
			lie = a;
			lie.nla_len = k == 0 ? 3 : (uint16_t)(n - at + 1);
			memcpy(buf + at, &lie, sizeof(lie));
			CU_ASSERT_EQUAL(nflog_parse(buf, n, &ledger, see, &s), 0);
		}
		memcpy(buf + at, &a, sizeof(a));
		at += NLA_ALIGN((size_t)a.nla_len);
	}
	CU_ASSERT_EQUAL(s.n, 0);
}

/* Absent or short attributes read as nothing, a prefix without its end as none. */
static void
missing_attributes_read_as_nothing(void)
{
	_Alignas(struct nlmsghdr) uint8_t buf[256];
	struct nflog_ledger ledger = { .received = 0 };
	struct seen s = { .n = 0 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	mnl_nlmsg_put_extra_header(h, sizeof(struct nfgenmsg));
	h->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;
	mnl_attr_put(h, NFULA_PREFIX, 3, "abc");
	mnl_attr_put_u16(h, NFULA_MARK, 1);
	CU_ASSERT_EQUAL(nflog_parse(buf, h->nlmsg_len, &ledger, see, &s), 1);
	CU_ASSERT_STRING_EQUAL(s.prefix, "");
	CU_ASSERT_EQUAL(s.last.mark, 0);
	CU_ASSERT_EQUAL(s.last.length, 0);
	CU_ASSERT_FALSE(s.last.has_mac);
	CU_ASSERT_EQUAL(s.last.time_ns, 0);
}

static void
send_datagrams(unsigned int n)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (unsigned int i = 0; i < n; i++)
		(void)sendto(fd, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to));
	close(fd);
}

static void
the_kernel_is_heard(void)
{
	static const char commands[] = "ip link set lo up && nft -f - <<'E'\n"
	    "table inet t { chain c { type filter hook input priority 0;\n"
	    "udp dport 9 log prefix \"sekisho:test\" group 5 snaplen 128 "
	    "queue-threshold 16 drop\n}\n}\nE\n";
	struct nflog_ledger ledger = { .received = 0 };
	struct seen s = { .n = 0 };
	uint8_t *buffer;
	int fd;

	if (unshare(CLONE_NEWNET) == -1) {
		CU_PASS("not root: only messages made by hand");
		return;
	}
	CU_ASSERT_EQUAL_FATAL(system(commands), 0);
	fd = nflog_open(5);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(nflog_open(5) < 0);
	buffer = malloc(NFLOG_BUFFER_BYTES);
	CU_ASSERT_PTR_NOT_NULL_FATAL(buffer);
	send_datagrams(100);
	for (int i = 0; i < 50 && s.n < 100; i++) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		poll(&p, 1, 100);
		CU_ASSERT(nflog_receive(fd, buffer, 64, &ledger, see, &s) >= 0);
	}
	CU_ASSERT_EQUAL(s.n, 100);
	CU_ASSERT_EQUAL(ledger.lost, 0);
	CU_ASSERT_STRING_EQUAL(s.prefix, "sekisho:test");
	CU_ASSERT_EQUAL(s.last.in, if_nametoindex("lo"));
	CU_ASSERT_EQUAL(s.last.ethertype, 0x0800);
	CU_ASSERT_EQUAL(s.last.length, 29);
	CU_ASSERT_EQUAL(s.bytes[0], 0x45);
	free(buffer);
	close(fd);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a message is read whole", a_message_is_read_whole },
		{ "gaps in the numbers are losses", gaps_in_the_numbers_are_losses },
		{ "lengths that lie are counted", lengths_that_lie_are_counted },
		{ "missing attributes read as nothing",
		    missing_attributes_read_as_nothing },
		{ "the kernel is heard", the_kernel_is_heard },
		CU_TEST_INFO_NULL,
	};

	return unit_main("nflog", tests);
}
