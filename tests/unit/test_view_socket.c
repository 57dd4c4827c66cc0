/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/views/view_socket.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/sekisho-view-socket-XXXXXX";
static char path[64];

/* What rsyslog does at a start: the name is made anew. */
static int
reader(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(sun.sun_path, path, strlen(path));
	unlink(path);
	CU_ASSERT_TRUE_FATAL(fd >= 0);
	CU_ASSERT_EQUAL_FATAL(bind(fd, (const struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

static int
read_all(int fd)
{
	char bytes[64];
	int n = 0;

	while (recv(fd, bytes, sizeof(bytes), 0) >= 0)
		n++;
	return n;
}

static void
nobody_listens(void)
{
	struct view_socket s;

	unlink(path);
	CU_ASSERT_EQUAL(view_socket_begin(&s, path), 0);
	CU_ASSERT_EQUAL(view_socket_send(&s, "a", 1), -ENOENT);
	CU_ASSERT_EQUAL(view_socket_was_read(&s), -ENOTCONN);
	/* A name without a socket that is open. */
	close(reader());
	CU_ASSERT_EQUAL(view_socket_send(&s, "a", 1), -ECONNREFUSED);
	view_socket_end(&s);
	memset(s.path, 'a', sizeof(s.path));
}

static void
what_was_read_has_arrived(void)
{
	struct view_socket s;
	int fd = reader();

	CU_ASSERT_EQUAL(view_socket_begin(&s, path), 0);
	CU_ASSERT_EQUAL(view_socket_send(&s, "a", 1), 0);
	CU_ASSERT_EQUAL(view_socket_send(&s, "b", 1), 0);
	CU_ASSERT_EQUAL(view_socket_was_read(&s), 0);
	/* rsyslog gives its socket another mode when it is bound. */
	CU_ASSERT_EQUAL(chmod(path, 0666), 0);
	CU_ASSERT_EQUAL(view_socket_was_read(&s), 0);
	CU_ASSERT_EQUAL(read_all(fd), 2);
	CU_ASSERT_EQUAL(view_socket_was_read(&s), 1);
	CU_ASSERT_EQUAL(read_all(fd), 0);
	view_socket_end(&s);
	close(fd);
}

/* Its queue is gone with it, whether another one reads there or not. */
static void
what_was_not_read_is_lost(void)
{
	for (int again = 0; again < 2; again++) {
		struct view_socket s;
		int fd = reader();

		CU_ASSERT_EQUAL(view_socket_begin(&s, path), 0);
		CU_ASSERT_EQUAL(view_socket_send(&s, "a", 1), 0);
		close(fd);
		fd = again ? reader() : -1;
		CU_ASSERT_EQUAL(view_socket_was_read(&s), -ECONNRESET);
		if (again) {
			CU_ASSERT_EQUAL(view_socket_send(&s, "b", 1), 0);
			CU_ASSERT_EQUAL(read_all(fd), 1);
			close(fd);
		}
		view_socket_end(&s);
	}
}

/* Also by one that took its place before anything was asked. */
static void
a_new_reader_is_told(void)
{
	struct view_socket s;
	int fd = reader(), next;

	CU_ASSERT_EQUAL(view_socket_begin(&s, path), 0);
	CU_ASSERT_EQUAL(view_socket_send(&s, "a", 1), 0);
	next = reader();
	close(fd);
	CU_ASSERT_EQUAL(view_socket_send(&s, "b", 1), -ECONNREFUSED);
	CU_ASSERT_EQUAL(view_socket_send(&s, "b", 1), 0);
	CU_ASSERT_EQUAL(read_all(next), 1);
	view_socket_end(&s);
	close(next);
}

static void
a_full_queue_says_so(void)
{
	static char bytes[1 << 20];
	struct view_socket s;
	int fd = reader(), n = 0, r;

	CU_ASSERT_EQUAL(view_socket_begin(&s, path), 0);
	while ((r = view_socket_send(&s, "a", 1)) == 0 && n < 100000)
		n++;
	CU_ASSERT_EQUAL(r, -EAGAIN);
	CU_ASSERT_EQUAL(read_all(fd), n);
	CU_ASSERT_EQUAL(view_socket_send(&s, "a", 1), 0);
	CU_ASSERT_EQUAL(read_all(fd), 1);
	CU_ASSERT_EQUAL(view_socket_send(&s, bytes, sizeof(bytes)), -EMSGSIZE);
	CU_ASSERT_EQUAL(view_socket_send(&s, "a", 1), 0);
	view_socket_end(&s);
	close(fd);
}

static void
a_path_has_an_end(void)
{
	struct view_socket s;
	char longer[200];

	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	CU_ASSERT_EQUAL(view_socket_begin(&s, longer), -ENAMETOOLONG);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "nobody listens", nobody_listens },
		{ "what was read has arrived", what_was_read_has_arrived },
		{ "what was not read is lost", what_was_not_read_is_lost },
		{ "a new reader is told", a_new_reader_is_told },
		{ "a full queue says so", a_full_queue_says_so },
		{ "a path has an end", a_path_has_an_end },
		CU_TEST_INFO_NULL,
	};
	int r;

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/s", folder);
	r = unit_main("view_socket", tests);
	unlink(path);
	rmdir(folder);
	return r;
}
