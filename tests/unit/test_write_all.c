/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pipe takes less than it is given, and writers are interrupted: nothing is lost. */
#include "agent/write_all.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY (1u << 20)		/* more than a pipe holds */

static char bytes[MANY];

static void
on_alarm(int number)
{
	(void)number;
}

static unsigned char
byte_at(size_t i)
{
	return (unsigned char)(i * 31 % 251);
}

static void
write_interrupted(int fd)
{
	const struct sigaction quiet = { .sa_handler = on_alarm };
	const struct itimerval often = { { 0, 500 }, { 0, 500 } }, off = { { 0, 0 }, { 0, 0 } };
	int r;

	/* no SA_RESTART: write(2) ends early, or with EINTR */
	sigaction(SIGALRM, &quiet, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	r = write_all(fd, bytes, MANY);
	setitimer(ITIMER_REAL, &off, NULL);
	_exit(r == 0 ? 0 : 1);
}

static void
all_comes_through_a_pipe(void)
{
	int ends[2], status = -1;
	size_t got = 0, wrong = 0;
	char part[777];
	ssize_t n;
	pid_t pid;

	for (size_t i = 0; i < MANY; i++)
		bytes[i] = (char)byte_at(i);
	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	pid = fork();
	CU_ASSERT_FATAL(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		write_interrupted(ends[1]);
	}
	close(ends[1]);
	while ((n = read(ends[0], part, sizeof(part))) > 0)
		for (ssize_t i = 0; i < n; i++)
			wrong += (unsigned char)part[i] != byte_at(got++);
	close(ends[0]);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT_EQUAL(got, MANY);
	CU_ASSERT_EQUAL(wrong, 0);
}

static void
errors_are_told(void)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	CU_ASSERT_EQUAL(write_all(-1, "x", 1), -EBADF);
	CU_ASSERT_EQUAL(write_all(-1, "", 0), 0);
	if (full < 0)
		return;
	CU_ASSERT_EQUAL(write_all(full, "x", 1), -ENOSPC);
	close(full);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "all comes through a pipe", all_comes_through_a_pipe },
		{ "errors are told", errors_are_told },
		CU_TEST_INFO_NULL,
	};

	return unit_main("write_all", tests);
}
