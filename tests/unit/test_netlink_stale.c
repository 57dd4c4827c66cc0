/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recv(2) is ours here: a socket that says what the test wants. */
#include "kernel-helpers/netlink_stale.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

static const int *script;	/* 0: a datagram, else errno; the last one is said for ever */
static unsigned int n_script, n_calls;

ssize_t
recv(int fd, void *bytes, size_t size, int flags)
{
	int say = script[n_calls < n_script ? n_calls : n_script - 1];

	(void)fd;
	(void)bytes;
	CU_ASSERT_TRUE((flags & MSG_DONTWAIT) != 0);
	if (++n_calls > 1000)
		abort();
	errno = say;
	return say == 0 ? (ssize_t)size : -1;
}

#define HEAR(...) hear((const int[]){ __VA_ARGS__ }, \
	sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

static int
hear(const int *what, size_t n)
{
	script = what;
	n_script = (unsigned int)n;
	n_calls = 0;
	return netlink_discard_stale(3);
}

static void
all_that_waits_goes(void)
{
	CU_ASSERT_EQUAL(HEAR(EAGAIN), 0);
	CU_ASSERT_EQUAL(HEAR(0, 0, 0, EAGAIN), 0);
	CU_ASSERT_EQUAL(n_calls, 4);
}

static void
what_was_lost_is_told_once(void)
{
	CU_ASSERT_EQUAL(HEAR(ENOBUFS, 0, 0, EINTR, ENOBUFS, 0, EAGAIN), 0);
	CU_ASSERT_EQUAL(n_calls, 7);
}

static void
a_socket_that_does_not_work_is_an_error(void)
{
	CU_ASSERT_EQUAL(HEAR(ENOBUFS), -ENOBUFS);
	CU_ASSERT_EQUAL(HEAR(0, 0, EINTR, ENOBUFS), -ENOBUFS);
	CU_ASSERT_EQUAL(HEAR(ENOMEM), -ENOMEM);
	CU_ASSERT_EQUAL(n_calls, 1);
	CU_ASSERT_EQUAL(HEAR(0, EBADF), -EBADF);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "all that waits goes", all_that_waits_goes },
		{ "what was lost is told once", what_was_lost_is_told_once },
		{ "a socket that does not work is an error",
		  a_socket_that_does_not_work_is_an_error },
		CU_TEST_INFO_NULL,
	};

	return unit_main("netlink_stale", tests);
}
