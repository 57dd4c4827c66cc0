/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dump, and for every chosen entry a deletion that names it by its original
 * tuple (copied as the kernel gave it), zone and id, so that no other entry can
 * be meant. Deletions go many to a send(2).
 */
#include "kernel-helpers/conntrack.h"

#include "kernel-helpers/conntrack_parts.h"
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

struct sweep {
	int fd;
	bool (*select)(void *arg, const struct conntrack_flow *f);
	/* In its place, for each entry its own change. */
	enum conntrack_choice (*choose)(void *arg, const struct conntrack_flow *f,
	    uint32_t *mark);
	void *arg;
	size_t seen, chosen, marked;
	bool delete;
	bool inconsistent;		/* NLM_F_DUMP_INTR */
	uint8_t *queue;			/* deletions to be sent, after the dump */
	size_t length, room;
};

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

/* The head of a change of this entry, with all that names it; NULL: *error. */
static struct nlmsghdr *
name_entry(struct sweep *s, const struct conntrack_parts *p,
    const struct conntrack_flow *f, uint8_t type, int *error)
{
	struct nlmsghdr *h;

	*error = -ENOMEM;
	if (s->room - s->length < DELETE_ROOM) {
		size_t room = s->room == 0 ? DELETE_BYTES : s->room * 2;
		uint8_t *queue = realloc(s->queue, room);

		if (queue == NULL)
			return NULL;
		s->queue = queue;
		s->room = room;
	}
	/* A tuple is some 60 bytes; a long one does not come from the kernel. */
	*error = -EPROTO;
	if (p->at[CTA_TUPLE_ORIG]->nla_len > DELETE_ROOM / 2)
		return NULL;
	*error = 0;
	h = put_header(s->queue + s->length, type, NLM_F_ACK,
	    f->src.family == IP_V4 ? AF_INET : AF_INET6);
	copy_attr(h, p->at[CTA_TUPLE_ORIG]);
	if (conntrack_value(p->at[CTA_ZONE], sizeof(uint16_t)) != NULL)
		copy_attr(h, p->at[CTA_ZONE]);
	return h;
}

static int
queue_deletion(struct sweep *s, const struct conntrack_parts *p,
    const struct conntrack_flow *f)
{
	int error;
	struct nlmsghdr *h = name_entry(s, p, f, IPCTNL_MSG_CT_DELETE, &error);

	if (h == NULL)
		return error;
	if (conntrack_value(p->at[CTA_ID], sizeof(uint32_t)) != NULL)
		copy_attr(h, p->at[CTA_ID]);
	s->length += NLMSG_ALIGN(h->nlmsg_len);
	return 0;
}

/* An update, for it does not ask to create: what is gone stays gone. */
static int
queue_mark(struct sweep *s, const struct conntrack_parts *p,
    const struct conntrack_flow *f, uint32_t mark)
{
	int error;
	struct nlmsghdr *h = name_entry(s, p, f, IPCTNL_MSG_CT_NEW, &error);

	if (h == NULL)
		return error;
	mnl_attr_put_u32(h, CTA_MARK, htonl(mark));
	s->length += NLMSG_ALIGN(h->nlmsg_len);
	return 0;
}

static int
see_choice(struct sweep *s, const struct conntrack_parts *p,
    const struct conntrack_flow *f)
{
	uint32_t mark = f->mark;

	switch (s->choose(s->arg, f, &mark)) {
	case CONNTRACK_LEAVE:
		return 0;
	case CONNTRACK_DELETE:
		s->chosen++;
		return queue_deletion(s, p, f);
	case CONNTRACK_MARK:
		s->marked++;
		return queue_mark(s, p, f, mark);
	}
	return -EINVAL;
}

static int
see_message(struct sweep *s, const struct nlmsghdr *h, size_t left)
{
	struct conntrack_flow f;
	struct conntrack_parts p;

	if (!conntrack_split(h, left, &p) || !conntrack_read(&p, &f))
		return 0;
	s->seen++;
	if (s->choose != NULL)
		return see_choice(s, &p, &f);
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

int
conntrack_change(int fd, enum conntrack_choice (*choose)(void *arg,
    const struct conntrack_flow *f, uint32_t *mark), void *arg, size_t *deleted,
    size_t *marked)
{
	struct sweep s = { .fd = fd, .choose = choose, .arg = arg, .delete = true };
	int error = run(&s);

	*deleted = error == 0 ? s.chosen : 0;
	*marked = error == 0 ? s.marked : 0;
	return error == 0 && s.inconsistent ? -EINTR : error;
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
