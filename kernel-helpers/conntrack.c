/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dump, and for every chosen entry a deletion that names it by its original
 * tuple (copied as the kernel gave it), zone and id, so that no other entry can
 * be meant. Deletions go many to a send(2).
 */
#include "kernel-helpers/conntrack.h"

#include "kernel-helpers/netfilter_socket.h"

#include <arpa/inet.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define RECEIVE_BYTES	(64u << 10)
#define RECEIVE_BUFFER	(8 << 20)
/* Deletions of one send(2): some 120 bytes each, acknowledged one by one. */
#define DELETE_BYTES	(32u << 10)
#define DELETE_ROOM	512u

/* By number of attribute; NULL: not there. Unknown ones are passed over. */
struct parts {
	const struct nlattr *at[CTA_MAX + 1];
};

struct sweep {
	int fd;
	bool (*select)(void *arg, const struct conntrack_flow *f);
	void *arg;
	size_t seen, chosen;
	bool delete;
	bool inconsistent;		/* NLM_F_DUMP_INTR */
	uint8_t *queue;			/* deletions to be sent, after the dump */
	size_t length, room;
};

static bool
split(const uint8_t *bytes, size_t length, struct parts *p)
{
	memset(p, 0, sizeof(*p));
	while (length >= sizeof(struct nlattr)) {
		const struct nlattr *a = (const void *)bytes;
		size_t step = NLA_ALIGN((size_t)a->nla_len);

		if (a->nla_len < sizeof(*a) || a->nla_len > length)
			return false;
		if (mnl_attr_get_type(a) <= CTA_MAX)
			p->at[mnl_attr_get_type(a)] = a;
		if (step >= length)
			return true;
		bytes += step;
		length -= step;
	}
	return length == 0;
}

static bool
split_nested(const struct nlattr *nest, struct parts *p)
{
	return nest != NULL &&
	    split(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest), p);
}

static const void *
value_of(const struct nlattr *a, size_t length)
{
	return a != NULL && mnl_attr_get_payload_len(a) == length ?
	    mnl_attr_get_payload(a) : NULL;
}

static uint16_t
port_of(const struct nlattr *a)
{
	const void *value = value_of(a, sizeof(uint16_t));
	uint16_t port = 0;

	if (value != NULL)
		memcpy(&port, value, sizeof(port));
	return ntohs(port);
}

static bool
read_addresses(const struct nlattr *nest, struct conntrack_ends *out)
{
	const uint8_t *src, *dst;
	struct parts ip;

	if (!split_nested(nest, &ip))
		return false;
	src = value_of(ip.at[CTA_IP_V4_SRC], 4);
	dst = value_of(ip.at[CTA_IP_V4_DST], 4);
	if (src != NULL && dst != NULL) {
		out->src = address_from_bytes(IP_V4, src);
		out->dst = address_from_bytes(IP_V4, dst);
		return true;
	}
	src = value_of(ip.at[CTA_IP_V6_SRC], 16);
	dst = value_of(ip.at[CTA_IP_V6_DST], 16);
	if (src == NULL || dst == NULL)
		return false;
	out->src = address_from_bytes(IP_V6, src);
	out->dst = address_from_bytes(IP_V6, dst);
	return true;
}

static uint8_t
byte_of(const struct nlattr *a)
{
	const uint8_t *value = value_of(a, 1);

	return value != NULL ? *value : 0;
}

static void
read_ports(const struct parts *proto, uint8_t protocol, struct conntrack_ends *out)
{
	unsigned int type;

	switch (protocol) {
	case IPPROTO_ICMP:
		type = byte_of(proto->at[CTA_PROTO_ICMP_TYPE]);
		out->sport = (uint16_t)(type << 8 | byte_of(proto->at[CTA_PROTO_ICMP_CODE]));
		break;
	case IPPROTO_ICMPV6:
		type = byte_of(proto->at[CTA_PROTO_ICMPV6_TYPE]);
		out->sport = (uint16_t)(type << 8 |
		    byte_of(proto->at[CTA_PROTO_ICMPV6_CODE]));
		break;
	default:
		out->sport = port_of(proto->at[CTA_PROTO_SRC_PORT]);
		out->dport = port_of(proto->at[CTA_PROTO_DST_PORT]);
		break;
	}
}

static bool
read_tuple(const struct nlattr *nest, struct conntrack_ends *out, uint8_t *protocol)
{
	struct parts tuple, proto;
	const uint8_t *number;

	memset(out, 0, sizeof(*out));
	if (!split_nested(nest, &tuple) ||
	    !read_addresses(tuple.at[CTA_TUPLE_IP], out) ||
	    !split_nested(tuple.at[CTA_TUPLE_PROTO], &proto))
		return false;
	number = value_of(proto.at[CTA_PROTO_NUM], 1);
	if (number == NULL)
		return false;
	*protocol = *number;
	read_ports(&proto, *number, out);
	return true;
}

/* The answer's tuple, turned round: what the other side takes for the question. */
static void
read_translated(const struct nlattr *nest, struct conntrack_flow *f)
{
	bool icmp = f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6;
	struct conntrack_ends reply;
	uint8_t protocol;

	f->translated = (struct conntrack_ends){ f->src, f->dst, f->sport, f->dport };
	if (!read_tuple(nest, &reply, &protocol) || protocol != f->protocol)
		return;
	f->translated.src = reply.dst;
	f->translated.dst = reply.src;
	if (icmp)
		return;		/* no translation changes type or code */
	f->translated.sport = reply.dport;
	f->translated.dport = reply.sport;
}

static bool
read_flow(const struct parts *p, struct conntrack_flow *out)
{
	const uint32_t *mark = value_of(p->at[CTA_MARK], sizeof(*mark));
	struct conntrack_ends ends;

	memset(out, 0, sizeof(*out));
	if (!read_tuple(p->at[CTA_TUPLE_ORIG], &ends, &out->protocol))
		return false;
	out->src = ends.src;
	out->dst = ends.dst;
	out->sport = ends.sport;
	out->dport = ends.dport;
	if (mark != NULL)
		out->mark = ntohl(*mark);
	read_translated(p->at[CTA_TUPLE_REPLY], out);
	return true;
}

static bool
split_message(const void *message, size_t length, struct parts *p)
{
	const size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	const struct nlmsghdr *h = message;

	return length >= head && h->nlmsg_len >= head && h->nlmsg_len <= length &&
	    h->nlmsg_type == (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW) &&
	    split((const uint8_t *)message + head, h->nlmsg_len - head, p);
}

bool
conntrack_parse(const void *message, size_t length, struct conntrack_flow *out)
{
	struct parts p;

	return split_message(message, length, &p) && read_flow(&p, out);
}

int
conntrack_open(void)
{
	/* The kernel answers at once; a dump that stands still is broken. */
	struct timeval patience = { .tv_sec = 5 };
	int fd = netfilter_socket_open(RECEIVE_BUFFER), one = 1;

	if (fd < 0)
		return fd;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return fd;
}

static struct nlmsghdr *
put_header(uint8_t *buf, uint8_t type, uint16_t flags, uint8_t family)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = 1;
	g->nfgen_family = family;
	g->version = NFNETLINK_V0;
	return h;
}

static int
transmit(int fd, const void *bytes, size_t length)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n;

	do {
		n = sendto(fd, bytes, length, 0, (const struct sockaddr *)&kernel,
		    sizeof(kernel));
	} while (n == -1 && errno == EINTR);
	return n == -1 ? -errno : 0;
}

static void
copy_attr(struct nlmsghdr *h, const struct nlattr *a)
{
	if (a != NULL)
		mnl_attr_put(h, a->nla_type, mnl_attr_get_payload_len(a),
		    mnl_attr_get_payload(a));
}

static int
queue_deletion(struct sweep *s, const struct parts *p, const struct conntrack_flow *f)
{
	struct nlmsghdr *h;

	if (s->room - s->length < DELETE_ROOM) {
		size_t room = s->room == 0 ? DELETE_BYTES : s->room * 2;
		uint8_t *queue = realloc(s->queue, room);

		if (queue == NULL)
			return -ENOMEM;
		s->queue = queue;
		s->room = room;
	}
	/* A tuple is some 60 bytes; a long one does not come from the kernel. */
	if (p->at[CTA_TUPLE_ORIG]->nla_len > DELETE_ROOM / 2)
		return -EPROTO;
	h = put_header(s->queue + s->length, IPCTNL_MSG_CT_DELETE, NLM_F_ACK,
	    f->src.family == IP_V4 ? AF_INET : AF_INET6);
	copy_attr(h, p->at[CTA_TUPLE_ORIG]);
	if (value_of(p->at[CTA_ZONE], sizeof(uint16_t)) != NULL)
		copy_attr(h, p->at[CTA_ZONE]);
	if (value_of(p->at[CTA_ID], sizeof(uint32_t)) != NULL)
		copy_attr(h, p->at[CTA_ID]);
	s->length += NLMSG_ALIGN(h->nlmsg_len);
	return 0;
}

static int
see_message(struct sweep *s, const struct nlmsghdr *h, size_t left)
{
	struct conntrack_flow f;
	struct parts p;

	if (!split_message(h, left, &p) || !read_flow(&p, &f))
		return 0;
	s->seen++;
	if (s->select != NULL && !s->select(s->arg, &f))
		return 0;
	s->chosen++;
	return s->delete ? queue_deletion(s, &p, &f) : 0;
}

/* 1: the dump goes on; 0: it ended; or a negative errno. */
static int
see_datagram(struct sweep *s, const uint8_t *bytes, size_t length)
{
	while (length >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *h = (const void *)bytes;
		int error = 0;

		if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > length)
			return -EPROTO;
		s->inconsistent |= (h->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) {
			if (h->nlmsg_len >= NLMSG_HDRLEN + sizeof(error))
				memcpy(&error, bytes + NLMSG_HDRLEN, sizeof(error));
			return error;
		}
		error = see_message(s, h, length);
		if (error != 0)
			return error;
		if (NLMSG_ALIGN(h->nlmsg_len) >= length)
			break;
		bytes += NLMSG_ALIGN(h->nlmsg_len);
		length -= NLMSG_ALIGN(h->nlmsg_len);
	}
	return 1;
}

/* One datagram of the kernel: its length, 0 for one of somebody else's. */
static ssize_t
receive(int fd, uint8_t *bytes, int flags)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { bytes, RECEIVE_BYTES };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from),
		.msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	do {
		n = recvmsg(fd, &m, flags);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return -errno;
	if ((m.msg_flags & MSG_TRUNC) != 0)
		return -EMSGSIZE;
	return m.msg_namelen == sizeof(from) && from.nl_pid == 0 ? n : 0;
}

static int
dump(struct sweep *s, uint8_t *buffer)
{
	_Alignas(struct nlmsghdr) uint8_t question[64];
	struct nlmsghdr *h = put_header(question, IPCTNL_MSG_CT_GET, NLM_F_DUMP,
	    AF_UNSPEC);
	int error = transmit(s->fd, question, h->nlmsg_len);

	if (error != 0)
		return error;
	do {
		ssize_t n = receive(s->fd, buffer, 0);

		if (n < 0)
			return (int)n;
		error = n == 0 ? 1 : see_datagram(s, buffer, (size_t)n);
	} while (error == 1);
	return error;
}

/* What the kernel answered to deletions; an entry already gone is as good. */
static int
read_answers(int fd, uint8_t *buffer)
{
	int error = 0;

	for (;;) {
		ssize_t n = receive(fd, buffer, MSG_DONTWAIT);
		const struct nlmsghdr *h = (const void *)buffer;
		int left = (int)n, answer;

		if (n == -EAGAIN)
			return error;
		if (n < 0)
			return (int)n;
		for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
			if (h->nlmsg_type != NLMSG_ERROR ||
			    h->nlmsg_len < NLMSG_HDRLEN + sizeof(answer))
				continue;
			memcpy(&answer, mnl_nlmsg_get_payload(h), sizeof(answer));
			if (answer != 0 && answer != -ENOENT && error == 0)
				error = answer;
		}
	}
}

static int
send_deletions(struct sweep *s, uint8_t *buffer)
{
	size_t at = 0;
	int error = 0;

	while (at < s->length && error == 0) {
		size_t end = at;

		while (end < s->length && end - at < DELETE_BYTES) {
			struct nlmsghdr h;

			memcpy(&h, s->queue + end, sizeof(h));
			end += NLMSG_ALIGN(h.nlmsg_len);
		}
		error = transmit(s->fd, s->queue + at, end - at);
		if (error == 0)
			error = read_answers(s->fd, buffer);
		at = end;
	}
	return error;
}

static int
run(struct sweep *s)
{
	uint8_t *buffer = malloc(RECEIVE_BYTES);
	int error = buffer == NULL ? -ENOMEM : dump(s, buffer);

	if (error == 0 && s->delete)
		error = send_deletions(s, buffer);
	free(buffer);
	free(s->queue);
	return error;
}

int
conntrack_delete(int fd, bool (*select)(void *arg, const struct conntrack_flow *f),
    void *arg, size_t *seen, size_t *deleted)
{
	struct sweep s = { .fd = fd, .select = select, .arg = arg, .delete = true };
	int error = run(&s);

	*seen = s.seen;
	*deleted = error == 0 ? s.chosen : 0;
	return error;
}

struct marks {
	const uint32_t *values;
	size_t n;
};

static int
compare_marks(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool
has_mark(void *arg, const struct conntrack_flow *f)
{
	const struct marks *m = arg;

	return bsearch(&f->mark, m->values, m->n, sizeof(*m->values),
	    compare_marks) != NULL;
}

int
conntrack_delete_marks(int fd, const uint32_t *marks, size_t n, size_t *deleted)
{
	struct marks m = { marks, n };
	size_t seen;

	*deleted = 0;
	return n == 0 ? 0 : conntrack_delete(fd, has_mark, &m, &seen, deleted);
}

int
conntrack_count(int fd, bool (*select)(void *arg, const struct conntrack_flow *f),
    void *arg, size_t *count)
{
	struct sweep s = { .fd = fd, .select = select, .arg = arg };
	int error = run(&s);

	*count = s.chosen;
	return error == 0 && s.inconsistent ? -EINTR : error;
}
