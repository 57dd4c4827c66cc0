/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * End a process at one of its steps (FZ-09): attach to it, count the system calls that
 * anybody else could see the effect of, and send SIGKILL to it and to whom it belongs to
 * right before the N-th. The program under test is the one that is delivered.
 *
 *   kill_at N VICTIM [OTHER ...]    prints "ready", then "killed NAME" or "done COUNT"
 *
 * Without a kill it goes on until a newline comes on standard input.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	unsigned long long number;
	const char *name;
} steps[] = {
	{ SYS_sendmsg, "sendmsg" }, { SYS_sendto, "sendto" }, { SYS_write, "write" },
	{ SYS_fsync, "fsync" }, { SYS_fdatasync, "fdatasync" },
	{ SYS_renameat, "renameat" }, { SYS_renameat2, "renameat2" },
#ifdef SYS_rename
	{ SYS_rename, "rename" },
#endif
	{ SYS_unlinkat, "unlinkat" }, { SYS_openat, "openat" },
};

static const char *
step_name(unsigned long long number)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].number == number)
			return steps[i].name;
	return NULL;
}

static bool
told_to_end(void)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* At the beginning of a system call that counts: its name; else NULL. */
static const char *
at_step(pid_t pid)
{
	struct __ptrace_syscall_info info;
	long n = ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);

	if (n <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return NULL;
	return step_name(info.entry.nr);
}

static int
follow(pid_t victim, long at, char **others)
{
	long count = 0;
	int status;

	while (!told_to_end()) {
		const char *name;
		int signal_to_pass = 0;
		pid_t pid = waitpid(victim, &status, WNOHANG | __WALL);

		if (pid == 0) {
			usleep(100);
			continue;
		}
		if (pid < 0 || !WIFSTOPPED(status)) {
			puts("gone");
			return 1;
		}
		name = WSTOPSIG(status) == (SIGTRAP | 0x80) ? at_step(victim) : NULL;
		if (name != NULL && ++count == at) {
			for (; *others != NULL; others++)
				kill((pid_t)strtol(*others, NULL, 10), SIGKILL);
			kill(victim, SIGKILL);
			printf("killed %s\n", name);
			return 0;
		}
		if (WSTOPSIG(status) != (SIGTRAP | 0x80) && status >> 16 == 0)
			signal_to_pass = WSTOPSIG(status);
		if (ptrace(PTRACE_SYSCALL, victim, NULL, signal_to_pass) < 0 && errno != ESRCH)
			return 1;
	}
	printf("done %ld\n", count);
	return 0;
}

int
main(int argc, char **argv)
{
	pid_t victim;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3) {
		fputs("usage: kill_at N VICTIM [OTHER ...]\n", stderr);
		return 64;
	}
	victim = (pid_t)strtol(argv[2], NULL, 10);
	if (ptrace(PTRACE_SEIZE, victim, NULL, PTRACE_O_TRACESYSGOOD) < 0 ||
	    ptrace(PTRACE_INTERRUPT, victim, NULL, NULL) < 0) {
		perror("kill_at");
		return 1;
	}
	waitpid(victim, NULL, __WALL);
	ptrace(PTRACE_SYSCALL, victim, NULL, 0);
	puts("ready");
	return follow(victim, strtol(argv[1], NULL, 10), argv + 3);
}
