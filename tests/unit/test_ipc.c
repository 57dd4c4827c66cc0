/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages as a hostile peer would send them; questions and late answers; memfds. */
#include "agent/ipc.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The head on the wire, written down a second time: it must not change unseen. */
struct wire {
	uint32_t type, length;
	uint64_t number;
	uint8_t payload[16];
};

#define HEAD_SIZE offsetof(struct wire, payload)

static struct ipc_message message;

static void
make_pair(int pair[2])
{
	CU_ASSERT_EQUAL_FATAL(ipc_pair(pair), 0);
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL_FATAL(fcntl(pair[i], F_SETFL, O_NONBLOCK), 0);
}

static void
close_pair(int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

static unsigned int
open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned int n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
	while (readdir(folder) != NULL)
		n++;
	closedir(folder);
	return n;
}

static void
send_raw(int socket, const void *bytes, size_t length, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control = { .bytes = "" };
	union { const void *in; void *out; } body = { .in = bytes };
	struct iovec iov = { .iov_base = body.out, .iov_len = length };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n_fds > 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(control.bytes + CMSG_LEN(0), fds, n_fds * sizeof(int));
	}
	CU_ASSERT_EQUAL_FATAL(sendmsg(socket, &msg, MSG_NOSIGNAL), (ssize_t)length);
}

/* Each row with no, one, two and five descriptors: none may stay open. */
static void
test_hostile_messages(void)
{
	static const struct {
		struct wire wire;
		size_t sent;
		int expected;	/* with at most two descriptors */
	} rows[] = {
		{ { .type = 0 }, 0, 0 },
		{ { .type = IPC_RELOAD }, 1, -EPROTO },
		{ { .type = IPC_RELOAD }, HEAD_SIZE - 1, -EPROTO },
		{ { .type = IPC_NONE }, HEAD_SIZE, -EPROTO },
		{ { .type = IPC_TYPE_COUNT }, HEAD_SIZE, -EPROTO },
		{ { .type = UINT32_MAX }, HEAD_SIZE, -EPROTO },
		{ { .type = IPC_RELOAD, .length = 1 }, HEAD_SIZE, -EPROTO },
		{ { .type = IPC_RELOAD, .length = 3 }, HEAD_SIZE + 4, -EPROTO },
		{ { .type = IPC_RELOAD, .length = UINT32_MAX }, HEAD_SIZE + 4, -EPROTO },
		{ { .type = IPC_RELOAD }, HEAD_SIZE, 1 },
		{ { .type = IPC_REQUEST, .length = 4 }, HEAD_SIZE + 4, 1 },
	};
	static const size_t counts[] = { 0, 1, 2, 5 };
	int pair[2], fds[5];

	make_pair(pair);
	for (size_t i = 0; i < 5; i++)
		fds[i] = pair[0];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t n = 0; n < sizeof(counts) / sizeof(counts[0]); n++) {
			unsigned int before = open_descriptors();
			int expected = rows[i].expected == 1 && counts[n] > 2 ? -EPROTO :
			    rows[i].expected;

			send_raw(pair[0], &rows[i].wire, rows[i].sent, fds, counts[n]);
			message.fd = 12345;
			CU_ASSERT_EQUAL(ipc_receive(pair[1], &message), expected);
			CU_ASSERT_EQUAL(message.fd >= 0, expected == 1 && counts[n] > 0);
			if (message.fd >= 0)
				close(message.fd);
			CU_ASSERT_EQUAL(open_descriptors(), before);
		}
	CU_ASSERT_EQUAL(ipc_receive(pair[1], &message), -EAGAIN);
	close_pair(pair);
}

static void
test_too_long(void)
{
	static uint8_t bytes[HEAD_SIZE + IPC_MAX_PAYLOAD + 8];
	const struct wire wire = { .type = IPC_REQUEST, .length = IPC_MAX_PAYLOAD + 8 };
	int pair[2];

	make_pair(pair);
	CU_ASSERT_EQUAL(ipc_send(pair[0], IPC_REQUEST, bytes, IPC_MAX_PAYLOAD + 1, -1), -EMSGSIZE);
	CU_ASSERT_EQUAL(ipc_send(pair[0], IPC_REQUEST, bytes, IPC_MAX_PAYLOAD, -1), 0);
	CU_ASSERT_EQUAL(ipc_receive(pair[1], &message), 1);
	CU_ASSERT_EQUAL(message.length, IPC_MAX_PAYLOAD);
	memcpy(bytes, &wire, HEAD_SIZE);
	send_raw(pair[0], bytes, sizeof(bytes), NULL, 0);
	CU_ASSERT_EQUAL(ipc_receive(pair[1], &message), -EPROTO);
	close_pair(pair);
}

static void
test_descriptor(void)
{
	int pair[2], fd = ipc_memfd("test", "abc", 3);
	void *bytes;
	size_t length;

	make_pair(pair);
	CU_ASSERT_TRUE_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(ipc_send(pair[0], IPC_PRIV_LOAD, "x", 1, fd), 0);
	close(fd);
	CU_ASSERT_EQUAL_FATAL(ipc_receive(pair[1], &message), 1);
	CU_ASSERT_TRUE_FATAL(message.fd >= 0);
	CU_ASSERT_TRUE((fcntl(message.fd, F_GETFD) & FD_CLOEXEC) != 0);
	CU_ASSERT_EQUAL_FATAL(ipc_map(message.fd, 3, &bytes, &length), 0);
	CU_ASSERT_EQUAL(length, 3);
	CU_ASSERT_EQUAL(memcmp(bytes, "abc", 3), 0);
	munmap(bytes, length);
	CU_ASSERT_EQUAL(ipc_map(message.fd, 2, &bytes, &length), -EFBIG);
	CU_ASSERT_PTR_NULL(bytes);
	close(message.fd);
	close_pair(pair);
}

static void
test_memfd_seals(void)
{
	static const struct {
		int seals, expected;
	} rows[] = {
		{ 0, -EPERM },
		{ F_SEAL_SHRINK, -EPERM },
		{ F_SEAL_WRITE, -EPERM },
		{ F_SEAL_GROW | F_SEAL_SEAL, -EPERM },
		{ F_SEAL_SHRINK | F_SEAL_WRITE, 0 },
	};
	void *bytes;
	size_t length;
	int pipes[2], fd;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		CU_ASSERT_EQUAL(write(fd, "abc", 3), 3);
		CU_ASSERT_EQUAL(fcntl(fd, F_ADD_SEALS, rows[i].seals), 0);
		CU_ASSERT_EQUAL(ipc_map(fd, 100, &bytes, &length), rows[i].expected);
		if (bytes != NULL)
			munmap(bytes, length);
		close(fd);
	}
	/* A terabyte of holes costs its sender nothing. */
	fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CU_ASSERT_EQUAL(ftruncate(fd, (off_t)1 << 40), 0);
	CU_ASSERT_EQUAL(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_WRITE), 0);
	CU_ASSERT_EQUAL(ipc_map(fd, 1 << 20, &bytes, &length), -EFBIG);
	close(fd);
	fd = ipc_memfd("empty", "", 0);
	CU_ASSERT_EQUAL(ipc_map(fd, 100, &bytes, &length), 0);
	CU_ASSERT_PTR_NULL(bytes);
	CU_ASSERT_EQUAL(write(fd, "x", 1), -1);
	close(fd);
	CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
	CU_ASSERT_EQUAL(ipc_map(pipes[0], 100, &bytes, &length), -EPERM);
	close_pair(pipes);
}

/*
 * The other side answers two questions when both were given up already: neither
 * answers the third. Nor does a message that is no answer.
 */
static void
test_late_answers(void)
{
	const uint32_t wrong = 1;
	struct ipc_message *question = malloc(sizeof(*question));
	int pair[2], fd = ipc_memfd("test", "abc", 3);
	unsigned int before;

	CU_ASSERT_PTR_NOT_NULL_FATAL(question);
	make_pair(pair);
	before = open_descriptors();
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(ipc_ask(pair[0], IPC_PRIV_FORWARDING, NULL, 0, -1, &message, 0),
		    -ETIMEDOUT);
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL_FATAL(ipc_receive(pair[1], question), 1);
		CU_ASSERT_NOT_EQUAL(question->number, 0);
		CU_ASSERT_EQUAL(ipc_answer(pair[1], question, &wrong, sizeof(wrong), fd), 0);
	}
	/* One that answers nothing at all. */
	CU_ASSERT_EQUAL(ipc_send(pair[1], IPC_PRIV_FORWARDING, &wrong, sizeof(wrong), fd), 0);
	CU_ASSERT_EQUAL(ipc_ask(pair[0], IPC_PRIV_FORWARDING, NULL, 0, -1, &message, 20),
	    -ETIMEDOUT);
	CU_ASSERT_EQUAL(open_descriptors(), before);
	close(fd);
	close_pair(pair);
	free(question);
}

/* A death before the question is none of its business. */
static void
test_death(void)
{
	static struct ipc_message m;
	int fds[2];

	CU_ASSERT_EQUAL_FATAL(ipc_pair(fds), 0);
	CU_ASSERT_EQUAL(ipc_tell_death(fds[1]), 0);
	CU_ASSERT_EQUAL(ipc_ask(fds[0], IPC_WATCH_STATUS, NULL, 0, -1, &m, 50), -ETIMEDOUT);
	if (fork() == 0) {
		usleep(50000);
		_exit(ipc_tell_death(fds[1]) == 0 ? 0 : 1);
	}
	CU_ASSERT_EQUAL(ipc_ask(fds[0], IPC_WATCH_STATUS, NULL, 0, -1, &m, 20000), -ECONNRESET);
	wait(NULL);
	close(fds[0]);
	close(fds[1]);
}

static void
test_ask(void)
{
	struct ipc_message *question = malloc(sizeof(*question));
	int pair[2];
	pid_t child;

	CU_ASSERT_PTR_NOT_NULL_FATAL(question);
	make_pair(pair);
	child = fork();
	if (child == 0) {
		(void)fcntl(pair[1], F_SETFL, 0);
		while (ipc_receive(pair[1], question) == 1) {
			struct ipc_message other = { .type = question->type,
			    .number = question->number };

			if (question->type == IPC_WATCH_POLICY)
				other.type = IPC_WATCH_STATUS;
			if (question->type == IPC_STOP)
				_exit(0);
			ipc_answer(pair[1], &other, question->payload.bytes,
			    question->length, -1);
		}
		_exit(1);
	}
	CU_ASSERT_EQUAL(ipc_ask(pair[0], IPC_WATCH_STATUS, "abc", 3, -1, &message, 10000), 0);
	CU_ASSERT_EQUAL(message.length, 3);
	CU_ASSERT_EQUAL(memcmp(message.payload.bytes, "abc", 3), 0);
	CU_ASSERT_EQUAL(ipc_ask(pair[0], IPC_WATCH_POLICY, NULL, 0, -1, &message, 10000), -EPROTO);
	close(pair[1]);
	CU_ASSERT_EQUAL(ipc_ask(pair[0], IPC_STOP, NULL, 0, -1, &message, 10000), -ECONNRESET);
	CU_ASSERT_TRUE(ipc_ask(pair[0], IPC_STOP, NULL, 0, -1, &message, 10000) < 0);
	close(pair[0]);
	free(question);
}

static void
test_full_queue_and_drop(void)
{
	static uint8_t bytes[32768];
	int pair[2], fd = ipc_memfd("test", "abc", 3), r = 0, n = 0;
	unsigned int before;

	make_pair(pair);
	before = open_descriptors();
	while (n < 10000 && (r = ipc_send(pair[0], IPC_RELOAD, bytes, sizeof(bytes), fd)) == 0)
		n++;
	CU_ASSERT_EQUAL(r, -EAGAIN);
	CU_ASSERT_TRUE(n > 2);
	ipc_drop_queued(pair[1]);
	CU_ASSERT_EQUAL(ipc_receive(pair[1], &message), -EAGAIN);
	CU_ASSERT_EQUAL(open_descriptors(), before);
	CU_ASSERT_EQUAL(ipc_send(pair[0], IPC_RELOAD, NULL, 0, -1), 0);
	CU_ASSERT_EQUAL(ipc_receive(pair[1], &message), 1);
	close(fd);
	close_pair(pair);
}

/* A list of n numbers there and back; long ones take the memfd. */
static void
json_both_ways(size_t n, bool by_memfd)
{
	const struct ipc_message question = { .type = IPC_REQUEST, .number = 7, .fd = -1 };
	json_t *list = json_array(), *back = NULL;
	int pair[2];

	make_pair(pair);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_integer((json_int_t)i));
	CU_ASSERT_EQUAL(ipc_answer_json(pair[0], &question, list), 0);
	CU_ASSERT_EQUAL_FATAL(ipc_receive(pair[1], &message), 1);
	CU_ASSERT_EQUAL(message.number, 7);
	CU_ASSERT_EQUAL(message.fd >= 0, by_memfd);
	CU_ASSERT_EQUAL(ipc_json(&message, &back), 0);
	CU_ASSERT_EQUAL(message.fd, -1);
	CU_ASSERT_TRUE(json_equal(list, back));
	json_decref(list);
	json_decref(back);
	close_pair(pair);
}

static void
test_json(void)
{
	static const struct {
		const char *text;
		int expected;
	} rows[] = {
		{ "{\"ok\":true}", 0 }, { "[]", 0 }, { "", -EPROTO }, { "{", -EPROTO },
		{ "{\"a\":1,\"a\":2}", -EPROTO }, { "[\"\xff\"]", -EPROTO }, { "[] []", -EPROTO },
		{ "7", -EPROTO },
	};
	json_t *value;

	json_both_ways(3, false);
	json_both_ways(30000, true);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t length = strlen(rows[i].text);

		message.fd = -1;
		message.length = length;
		memcpy(message.payload.bytes, rows[i].text, length);
		CU_ASSERT_EQUAL(ipc_json(&message, &value), rows[i].expected);
		CU_ASSERT_EQUAL(value != NULL, rows[i].expected == 0);
		json_decref(value);
		message.fd = ipc_memfd("test", rows[i].text, length);
		message.length = 0;
		CU_ASSERT_EQUAL(ipc_json(&message, &value), rows[i].expected);
		CU_ASSERT_EQUAL(message.fd, -1);
		json_decref(value);
	}
	/* Not sealed: closed all the same. */
	message.fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CU_ASSERT_EQUAL(ipc_json(&message, &value), -EPERM);
	CU_ASSERT_EQUAL(message.fd, -1);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "hostile messages leave nothing open", test_hostile_messages },
		{ "too long", test_too_long },
		{ "a descriptor arrives", test_descriptor },
		{ "only sealed memory is mapped", test_memfd_seals },
		{ "a late answer answers nothing", test_late_answers },
		{ "a death ends the waiting", test_death },
		{ "ask", test_ask },
		{ "a full queue is an error", test_full_queue_and_drop },
		{ "JSON both ways", test_json },
		CU_TEST_INFO_NULL,
	};

	return unit_main("ipc", tests);
}
