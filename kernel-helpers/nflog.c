/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values follow measured behaviour: the buffer of a group holds 128 KiB at
 * most, a message leaves after qthreshold packets or the timeout, and packets
 * that found no room are in no counter but the gap of the sequence.
 */
#include "kernel-helpers/nflog.h"

#include "kernel-helpers/netfilter_socket.h"
#include "kernel-helpers/netlink_stale.h"

#include <arpa/inet.h>

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BUFFER	(16 << 20)
/* Packets in one datagram; a rule may lower it (queue-threshold), never raise it. */
#define QUEUE_THRESHOLD	64u
/* Hundredths of a second until a started datagram leaves. */
#define FLUSH_TIMEOUT	10u
#define NS_PER_SECOND	1000000000ll
#define NS_PER_USEC	1000ll

static struct nlmsghdr *
put_config(uint8_t *buf, uint16_t group)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	h->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	g->res_id = htons(group);
	return h;
}

static int
read_ack(const uint8_t *bytes, size_t length)
{
	const struct nlmsghdr *h = (const void *)bytes;
	int error;

	if (!mnl_nlmsg_ok(h, (int)length) || h->nlmsg_type != NLMSG_ERROR ||
	    h->nlmsg_len < NLMSG_HDRLEN + sizeof(error))
		return 1;
	memcpy(&error, mnl_nlmsg_get_payload(h), sizeof(error));
	return error;
}

/* The kernel answers within send(2). Log messages may stand before its answer. */
static int
ask(int fd, const struct nlmsghdr *h)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	_Alignas(struct nlmsghdr) uint8_t reply[8192];
	ssize_t n;
	int error;
	unsigned int troubles = 0;

	if (sendto(fd, h, h->nlmsg_len, 0, (const struct sockaddr *)&kernel,
	    sizeof(kernel)) == -1)
		return -errno;
	do {
		n = recv(fd, reply, sizeof(reply), 0);
		if (n == -1 && ((errno != EINTR && errno != ENOBUFS) ||
		    ++troubles == NETLINK_TROUBLES))
			return -errno;
		error = n > 0 ? read_ack(reply, (size_t)n) : 1;
	} while (error > 0);
	return error;
}

static int
bind_group(int fd, uint16_t group)
{
	_Alignas(struct nlmsghdr) uint8_t buf[256] = { 0 };
	struct nfulnl_msg_config_cmd bind_cmd = { .command = NFULNL_CFG_CMD_BIND };
	struct nlmsghdr *h = put_config(buf, group);

	mnl_attr_put(h, NFULA_CFG_CMD, sizeof(bind_cmd), &bind_cmd);
	return ask(fd, h);
}

static int
configure_group(int fd, uint16_t group)
{
	_Alignas(struct nlmsghdr) uint8_t buf[256] = { 0 };
	struct nfulnl_msg_config_mode mode = { .copy_range = htonl(NFLOG_COPY_BYTES),
		.copy_mode = NFULNL_COPY_PACKET };
	struct nlmsghdr *h = put_config(buf, group);

	mnl_attr_put(h, NFULA_CFG_MODE, sizeof(mode), &mode);
	mnl_attr_put_u32(h, NFULA_CFG_NLBUFSIZ, htonl(NFLOG_BUFFER_BYTES));
	mnl_attr_put_u32(h, NFULA_CFG_TIMEOUT, htonl(FLUSH_TIMEOUT));
	mnl_attr_put_u32(h, NFULA_CFG_QTHRESH, htonl(QUEUE_THRESHOLD));
	mnl_attr_put_u16(h, NFULA_CFG_FLAGS, htons(NFULNL_CFG_F_SEQ));
	return ask(fd, h);
}

static int
set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ? -errno : 0;
}

int
nflog_open(uint16_t group)
{
	int fd = netfilter_socket_open(RECEIVE_BUFFER), error;

	if (fd < 0)
		return fd;
	error = bind_group(fd, group);
	if (error == 0)
		error = configure_group(fd, group);
	if (error == 0)
		error = set_nonblocking(fd);
	if (error != 0) {
		close(fd);
		return error;
	}
	return fd;
}

/* Attributes of one message, by type; NULL: not there. */
struct parts {
	const struct nlattr *at[NFULA_MAX + 1];
};

/* False when lengths contradict each other. */
static bool
split(const uint8_t *bytes, size_t length, struct parts *p)
{
	memset(p, 0, sizeof(*p));
	while (length > 0) {
		const struct nlattr *a = (const void *)bytes;
		size_t step;

		if (length < sizeof(*a) || a->nla_len < sizeof(*a) || a->nla_len > length)
			return false;
		if (mnl_attr_get_type(a) <= NFULA_MAX)
			p->at[mnl_attr_get_type(a)] = a;
		step = NLA_ALIGN((size_t)a->nla_len);
		if (step >= length)
			return true;
		bytes += step;
		length -= step;
	}
	return true;
}

/* The value when it is there and at least this long, else NULL. */
static const void *
value_of(const struct parts *p, enum nfulnl_attr_type type, size_t length)
{
	const struct nlattr *a = p->at[type];

	return a != NULL && mnl_attr_get_payload_len(a) >= length ?
	    mnl_attr_get_payload(a) : NULL;
}

static uint32_t
number_of(const struct parts *p, enum nfulnl_attr_type type)
{
	const void *value = value_of(p, type, sizeof(uint32_t));
	uint32_t number = 0;

	if (value != NULL)
		memcpy(&number, value, sizeof(number));
	return ntohl(number);
}

static int64_t
time_of(const struct parts *p)
{
	const void *value = value_of(p, NFULA_TIMESTAMP,
	    sizeof(struct nfulnl_msg_packet_timestamp));
	struct nfulnl_msg_packet_timestamp t;
	uint64_t seconds, usec;

	if (value == NULL)
		return 0;
	memcpy(&t, value, sizeof(t));
	seconds = be64toh(t.sec);
	usec = be64toh(t.usec);
	/* A time that does not fit is no time. */
	if (seconds >= (uint64_t)(INT64_MAX / NS_PER_SECOND) || usec >= 1000000)
		return 0;
	return (int64_t)seconds * NS_PER_SECOND + (int64_t)usec * NS_PER_USEC;
}

static const char *
prefix_of(const struct parts *p)
{
	const struct nlattr *a = p->at[NFULA_PREFIX];
	size_t length = a != NULL ? mnl_attr_get_payload_len(a) : 0;
	const char *text = length > 0 ? mnl_attr_get_payload(a) : "";

	return length > 0 && text[length - 1] != '\0' ? "" : text;
}

static void
fill_mac(const struct parts *p, struct nflog_packet *out)
{
	const void *value = value_of(p, NFULA_HWADDR,
	    sizeof(struct nfulnl_msg_packet_hw));
	struct nfulnl_msg_packet_hw hw;

	if (value == NULL)
		return;
	memcpy(&hw, value, sizeof(hw));
	if (ntohs(hw.hw_addrlen) != sizeof(out->mac))
		return;
	out->has_mac = true;
	memcpy(out->mac, hw.hw_addr, sizeof(out->mac));
}

static void
fill_packet(const struct parts *p, struct nflog_packet *out)
{
	const struct nlattr *payload = p->at[NFULA_PAYLOAD];
	const void *head = value_of(p, NFULA_PACKET_HDR,
	    sizeof(struct nfulnl_msg_packet_hdr));
	struct nfulnl_msg_packet_hdr h;

	memset(out, 0, sizeof(*out));
	if (head != NULL) {
		memcpy(&h, head, sizeof(h));
		out->ethertype = ntohs(h.hw_protocol);
		out->hook = h.hook;
	}
	out->prefix = prefix_of(p);
	if (payload != NULL) {
		out->bytes = mnl_attr_get_payload(payload);
		out->length = mnl_attr_get_payload_len(payload);
	}
	out->in = number_of(p, NFULA_IFINDEX_INDEV);
	out->out = number_of(p, NFULA_IFINDEX_OUTDEV);
	out->mark = number_of(p, NFULA_MARK);
	out->time_ns = time_of(p);
	fill_mac(p, out);
}

/* A gap in the numbers was lost; a number before the expected one is a new beginning. */
static void
account(const struct parts *p, struct nflog_ledger *ledger)
{
	uint32_t number, gap;

	ledger->received++;
	if (value_of(p, NFULA_SEQ, sizeof(number)) == NULL)
		return;
	number = number_of(p, NFULA_SEQ);
	gap = number - ledger->next;
	if (ledger->numbered && gap <= INT32_MAX)
		ledger->lost += gap;
	ledger->numbered = true;
	ledger->next = number + 1;
}

int
nflog_parse(const uint8_t *bytes, size_t length, struct nflog_ledger *ledger,
    void (*packet)(void *arg, const struct nflog_packet *p), void *arg)
{
	const size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	struct nflog_packet out;
	struct parts parts;
	int count = 0;

	while (length > 0) {
		const struct nlmsghdr *h = (const void *)bytes;
		size_t step;

		if (length < sizeof(*h) || h->nlmsg_len < sizeof(*h) ||
		    h->nlmsg_len > length)
			break;
		step = NLMSG_ALIGN((size_t)h->nlmsg_len);
		if (h->nlmsg_type == (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET)) {
			if (h->nlmsg_len >= head &&
			    split(bytes + head, h->nlmsg_len - head, &parts)) {
				account(&parts, ledger);
				fill_packet(&parts, &out);
				packet(arg, &out);
				count++;
			} else {
				ledger->malformed++;
			}
		}
		if (step >= length)
			return count;
		bytes += step;
		length -= step;
	}
	ledger->malformed += length > 0;
	return count;
}

int
nflog_receive(int fd, uint8_t *buffer, unsigned int max, struct nflog_ledger *ledger,
    void (*packet)(void *arg, const struct nflog_packet *p), void *arg)
{
	int count = 0;

	for (unsigned int i = 0; i < max; i++) {
		struct sockaddr_nl from = { 0 };
		struct iovec iov = { buffer, NFLOG_BUFFER_BYTES };
		struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from),
			.msg_iov = &iov, .msg_iovlen = 1 };
		ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);

		if (n == -1 && errno == ENOBUFS) {
			/* Told once; the messages behind it are there. */
			ledger->overruns++;
			continue;
		}
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno == EAGAIN ? count : -errno;
		/* Only the kernel is port 0. */
		if (m.msg_namelen != sizeof(from) || from.nl_pid != 0)
			continue;
		if ((m.msg_flags & MSG_TRUNC) != 0)
			ledger->malformed++;
		count += nflog_parse(buffer, (size_t)n, ledger, packet, arg);
	}
	return count;
}
