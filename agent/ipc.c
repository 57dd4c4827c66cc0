/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SOCK_SEQPACKET keeps message borders, so a message is whole or absent; the
 * head repeats its length and a cut or padded message is refused.
 */
#include "agent/ipc.h"

#include "agent/clock.h"
#include "agent/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define IPC_SOCKET_BUFFER (1 << 20)

#define NS_PER_SECOND	((int64_t)1000000000)
#define NS_PER_MS	((int64_t)1000000)
/* Who waits for a long answer does something else so often. */
#define MEANWHILE_MS	100

struct head {
	uint32_t type;
	uint32_t length;	/* of the payload */
	uint64_t number;	/* of a question and of its answer; 0: neither */
};

union fd_control {
	struct cmsghdr align_;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int
ipc_pair(int fds[2])
{
	const int size = IPC_SOCKET_BUFFER;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		/* Best effort: the default size works, with more waiting. */
		(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		(void)setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	}
	return 0;
}

static void
attach_fd(struct msghdr *msg, union fd_control *control, int fd)
{
	struct cmsghdr *c;

	memset(control, 0, sizeof(*control));
	msg->msg_control = control->bytes;
	msg->msg_controllen = sizeof(control->bytes);
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
}

static int
send_message(int socket, struct head head, const void *payload, size_t length, int fd)
{
	union { const void *in; void *out; } bytes = { .in = payload };
	struct iovec iov[2] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = bytes.out, .iov_len = length },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = length > 0 ? 2 : 1 };
	union fd_control control;
	ssize_t n;

	if (length > IPC_MAX_PAYLOAD)
		return -EMSGSIZE;
	head.length = (uint32_t)length;
	if (fd >= 0)
		attach_fd(&msg, &control, fd);
	do
		n = sendmsg(socket, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int
ipc_send(int socket, enum ipc_type type, const void *payload, size_t length, int fd)
{
	return send_message(socket, (struct head){ .type = type }, payload, length, fd);
}

int
ipc_answer(int socket, const struct ipc_message *question, const void *payload,
    size_t length, int fd)
{
	const struct head head = { .type = question->type, .number = question->number };

	return send_message(socket, head, payload, length, fd);
}

int
ipc_tell_death(int socket)
{
	const struct head head = { .type = IPC_CHILD_DIED,
	    .number = (uint64_t)clock_ns(CLOCK_MONOTONIC) };

	return send_message(socket, head, NULL, 0, -1);
}

static void
close_fd(struct ipc_message *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

/* The one descriptor of a message, -1 for none; any further ones are closed. */
static int
take_fd(struct msghdr *msg)
{
	int fd = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int got;

			memcpy(&got, CMSG_DATA(c) + i * sizeof(int), sizeof(got));
			if (fd < 0)
				fd = got;
			else
				close(got);
		}
	}
	return fd;
}

static int
receive(int socket, struct ipc_message *m, int flags)
{
	struct head head = { 0 };
	struct iovec iov[2] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = m->payload.bytes, .iov_len = sizeof(m->payload.bytes) },
	};
	union fd_control control;
	struct msghdr msg = {
		.msg_iov = iov, .msg_iovlen = 2,
		.msg_control = control.bytes, .msg_controllen = sizeof(control.bytes),
	};
	ssize_t n;

	m->fd = -1;
	do
		n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC | flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	/* Even an empty packet can carry one. */
	m->fd = take_fd(&msg);
	if (n == 0) {
		close_fd(m);
		return 0;
	}
	m->type = (enum ipc_type)head.type;
	m->length = head.length;
	m->number = head.number;
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
	    (size_t)n != sizeof(head) + head.length ||
	    head.type == IPC_NONE || head.type >= IPC_TYPE_COUNT) {
		close_fd(m);
		return -EPROTO;
	}
	return 1;
}

int
ipc_receive(int socket, struct ipc_message *m)
{
	return receive(socket, m, 0);
}

int
ipc_peek(int socket, struct ipc_message *m)
{
	int r = receive(socket, m, MSG_PEEK | MSG_DONTWAIT);

	/* The kernel gives another one to whoever receives it. */
	close_fd(m);
	return r;
}

void
ipc_drop_queued(int socket)
{
	uint8_t byte;
	ssize_t n;

	/* Without room for control data the kernel closes what came along. */
	do
		n = recv(socket, &byte, sizeof(byte), MSG_DONTWAIT);
	while (n > 0 || (n < 0 && errno == EINTR));
}

/* 0: something can be received. */
static int
wait_until(int socket, int64_t end)
{
	struct pollfd p = { .fd = socket, .events = POLLIN };
	int64_t left = end - clock_ns(CLOCK_MONOTONIC);
	int r = left < 0 ? 0 : poll(&p, 1, (int)((left + NS_PER_MS - 1) / NS_PER_MS));

	if (r < 0 && errno != EINTR)
		return -errno;
	if (r == 0)
		return -ETIMEDOUT;
	return r < 0 ? -EAGAIN : 0;
}

/* The next message, if it is the answer; -EAGAIN for any other. */
static int
receive_answer(int socket, uint64_t number, struct ipc_message *answer)
{
	int r = ipc_receive(socket, answer);

	if (r <= 0)
		return r == 0 ? -ECONNRESET : r;
	if (answer->number == number)
		return 0;
	close_fd(answer);
	return answer->type == IPC_CHILD_DIED && answer->number > number ? -ECONNRESET : -EAGAIN;
}

int
ipc_ask(int socket, enum ipc_type type, const void *payload, size_t length, int fd,
    struct ipc_message *answer, int timeout_ms)
{
	return ipc_ask_meanwhile(socket, type, payload, length, fd, answer, timeout_ms, NULL,
	    NULL);
}

/* -EAGAIN: not yet, and the other work was done. */
static int
wait_meanwhile(int socket, int64_t end, void (*meanwhile)(void *arg), void *arg)
{
	const int64_t turn = clock_ns(CLOCK_MONOTONIC) + MEANWHILE_MS * NS_PER_MS;
	int r = wait_until(socket, meanwhile != NULL && turn < end ? turn : end);

	if (r != -ETIMEDOUT || meanwhile == NULL || turn >= end)
		return r;
	meanwhile(arg);
	return -EAGAIN;
}

int
ipc_ask_meanwhile(int socket, enum ipc_type type, const void *payload, size_t length,
    int fd, struct ipc_message *answer, int timeout_ms, void (*meanwhile)(void *arg),
    void *arg)
{
	/* The clock as the number: also a process started again never repeats one. */
	const int64_t now = clock_ns(CLOCK_MONOTONIC);
	const struct head head = { .type = type, .number = (uint64_t)now };
	int r = send_message(socket, head, payload, length, fd);

	if (r < 0)
		return r;
	do {
		r = wait_meanwhile(socket, now + timeout_ms * NS_PER_MS, meanwhile, arg);
		if (r == 0)
			r = receive_answer(socket, head.number, answer);
	} while (r == -EAGAIN);
	if (r == 0 && answer->type != type) {
		close_fd(answer);
		return -EPROTO;
	}
	return r;
}

int
ipc_memfd(const char *name, const void *bytes, size_t length)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, bytes, length);
	if (r == 0 && fcntl(fd, F_ADD_SEALS,
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		r = -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

/*
 * Read, not mapped: a page that cannot be had (huge pages, a full swap) is an error
 * here, and would be SIGBUS there; holes cost nothing either.
 */
static int
read_all(int fd, uint8_t *bytes, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = pread(fd, bytes + done, length - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EPROTO;
		done += (size_t)n;
	}
	return 0;
}

int
ipc_map(int memfd, size_t max, void **bytes, size_t *length)
{
	const int wanted = F_SEAL_SHRINK | F_SEAL_WRITE;
	int seals = fcntl(memfd, F_GET_SEALS);
	struct stat st;
	int r;

	*bytes = NULL;
	*length = 0;
	if (seals < 0 || (seals & wanted) != wanted)
		return -EPERM;
	if (fstat(memfd, &st) < 0)
		return -errno;
	if (st.st_size < 0 || (uint64_t)st.st_size > max)
		return -EFBIG;
	if (st.st_size == 0)
		return 0;
	*bytes = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (*bytes == MAP_FAILED) {
		*bytes = NULL;
		return -errno;
	}
	r = read_all(memfd, *bytes, (size_t)st.st_size);
	if (r < 0) {
		munmap(*bytes, (size_t)st.st_size);
		*bytes = NULL;
		return r;
	}
	*length = (size_t)st.st_size;
	return 0;
}

int
ipc_answer_json(int socket, const struct ipc_message *question, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);
	size_t length = text != NULL ? strlen(text) : 0;
	int fd = -1;
	int r = 0;

	if (text == NULL)
		return -ENOMEM;
	if (length > IPC_MAX_PAYLOAD) {
		fd = r = ipc_memfd("answer", text, length);
		length = 0;
	}
	if (r >= 0)
		r = ipc_answer(socket, question, text, length, fd);
	if (fd >= 0)
		close(fd);
	free(text);
	return r;
}

/* More than any answer or request we make; a bound for hostile ones. */
#define IPC_JSON_MAX ((size_t)256 << 20)

int
ipc_json(struct ipc_message *m, json_t **value)
{
	void *mapped = NULL;
	size_t length = 0;
	int r = 0;

	*value = NULL;
	if (m->fd >= 0) {
		r = ipc_map(m->fd, IPC_JSON_MAX, &mapped, &length);
		close_fd(m);
	}
	if (r < 0)
		return r;
	*value = json_loadb(mapped != NULL ? mapped : m->payload.bytes,
	    mapped != NULL ? length : m->length, JSON_REJECT_DUPLICATES, NULL);
	if (mapped != NULL)
		munmap(mapped, length);
	return *value != NULL ? 0 : -EPROTO;
}
