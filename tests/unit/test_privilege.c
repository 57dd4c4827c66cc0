/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WA-10, for every role: a child becomes it, by the very function that the daemon
 * calls, and tries what it would try were it taken over. What a role needs for its
 * work it can still do. The list of calls is shut by default: the tries are samples.
 */
#include "agent/privilege.h"
#include "tests/unit/privilege_try.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <net/ethernet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77

#define K (1u << ROLE_KEEPER)
#define L (1u << ROLE_LOADER)
#define C (1u << ROLE_CONTROL)
#define W (1u << ROLE_WATCHER)
#define R (1u << ROLE_RECORDER)
#define V (1u << ROLE_FORWARDER)
#define A (1u << ROLE_ALERTER)
/* What the alerter may, its starter may: hooks inherit the limits of both. */
#define S (1u << ROLE_STARTER)
#define H (A | S)
#define ALL (K | L | C | W | R | V | H)

/* ---- the table ---------------------------------------------------------------------------- */

static const struct row {
	const char *what;
	attempt *try;
	unsigned int allowed;	/* roles that may */
	int otherwise;		/* errno, or KILLED, for the others */
} rows[] = {
	{ "execute", try_execute, H, KILLED },
	{ "trace", try_trace, 0, KILLED },
	{ "read another's memory", try_read_others, 0, KILLED },
	{ "make a namespace", try_namespace, 0, KILLED },
	{ "mount", try_mount, 0, KILLED },
	{ "load a module", try_module, 0, KILLED },
	{ "make an io_uring", try_ring, 0, KILLED },
	{ "set the clock", try_clock, 0, KILLED },
	{ "map code", try_code, H, EPERM },
	{ "make data code", try_code_later, H, EPERM },
	{ "TCP", try_tcp, H, EPERM },
	{ "raw IP", try_raw, 0, EPERM },
	{ "a stream to a local service", try_unix_stream, H, EPERM },
	{ "audit", try_audit_netlink, 0, EPERM },
	{ "vsock", try_vsock, 0, EPERM },
	{ "a child in a namespace", try_child_in_namespace, 0, EPERM },
	{ "pin a BPF object", try_pin, 0, EPERM },
	{ "type into a terminal", try_terminal_input, 0, EPERM },
	{ "become dumpable", try_dumpable, 0, EPERM },
	{ "wake the parent", try_stop_parent, 0, EPERM },
	{ "make a device", try_make_device, 0, EPERM },
	{ "a call of the future", try_foreign_call, 0, ENOSYS },

	{ "remove a file", try_unlink, K | C | R | V | H, EPERM },
	{ "a netfilter socket", try_netfilter, K, EPERM },
	{ "a packet socket", try_packet_socket, K, EPERM },
	{ "load a filter", try_load_program, K, EPERM },
	{ "connect", try_connect, K | V | H, EPERM },
	{ "duplicate a descriptor", try_duplicate, K | C | R | H, EPERM },
	{ "fork", try_fork, K | H, EPERM },
	{ "a thread", try_thread, K | C | R | H, EPERM },
	{ "become another user", try_other_user, 0, EPERM },
	{ "take other groups", try_other_groups, 0, EPERM },
	{ "become the watcher's user", try_watchers_user, K, EPERM },
	{ "end the watcher", try_end_watcher, K, EPERM },
	{ "end a process", try_kill_child_of_root, K | H, EPERM },
	{ "a frame of another length", try_long_frame, K | H, EPERM },
	{ "a frame without address", try_frame_without_address, K | L | C | R | V | H, EPERM },
	{ "a frame as a message", try_frame_as_message, K | L | C | R | V | H, EPERM },
	{ "a frame by write", try_frame_by_write, K | L | C | R | V | H, EPERM },
	{ "a frame of a canary's length", try_canary, K | H, EPERM },
	{ "a ring to send from", try_send_ring, K | R | H, EPERM },
	{ "a program on what comes in", try_attach_program, K | R | H, EPERM },

	{ "allocate", try_allocate, ALL, 0 },
	{ "send a message", try_message, ALL, 0 },
	{ "read what is open", try_read_open_file, ALL, 0 },
};

/* Files: by Landlock, where the kernel has it. Root's own are file modes' alone else. */
static const struct row file_rows[] = {
	{ "open /etc/shadow", try_open_shadow, K | L | S, EACCES },
	{ "open /etc/passwd", try_open_harmless, K | L | H, EACCES },
	{ "create a file elsewhere", try_create, 0, EACCES },
	{ "change its own folder", try_own_folder, K | C | R | V | H, EACCES },
};

static const char *const role_names[ROLE_COUNT] = {
	"keeper", "loader", "control", "watcher", "recorder", "forwarder",
	"alerter", "starter"
};

static int
become(enum privilege_role role)
{
	const struct privilege_needs needs = {
		.folders = { role == ROLE_LOADER || role == ROLE_WATCHER ? NULL : try_opened.folder },
		.send_fds = try_opened.pair, .n_send_fds = 1,
		.ask_fd = try_opened.pair[1],
	};

	return privilege_become(role, &needs);
}

/* How the attempt ended that was made in the role. */
static int
in_role(enum privilege_role role, attempt *try)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(become(role) >= 0 ? try() : NO_ROLE);
	CU_ASSERT_FATAL(pid > 0);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? KILLED : DIED;
	return WEXITSTATUS(status);
}

static bool
as_expected(const struct row *row, enum privilege_role role, int got)
{
	if ((row->allowed & (1u << role)) != 0)
		return got == ALLOWED;
#ifdef __SANITIZE_ADDRESS__
	/* its run time is told, not ended (confine_calls.c) */
	if (row->otherwise == KILLED)
		return got == EACCES;
#endif
	/* root may signal root where Landlock does not hold it (before version 6) */
	if (row->try == try_stop_parent && role == ROLE_STARTER && got == ALLOWED)
		return syscall(SYS_landlock_create_ruleset, NULL, 0, 1u) < 6;
	/* where the users are missing both are nobody */
	if (row->try == try_watchers_user && ((1u << role) & H) != 0 &&
	    privilege_user_of(ROLE_WATCHER).fallback)
		return got == ALLOWED;
	/* programs of others are told, not ended */
	if (row->otherwise == KILLED && ((1u << role) & H) != 0)
		return got == EPERM;
	/* the watcher may not even ask */
	if (row->otherwise == EACCES && role == ROLE_WATCHER)
		return got == EPERM;
	return got == row->otherwise;
}

static void
try_all(const struct row *table, size_t n)
{
	for (int role = 0; role < ROLE_COUNT; role++) {
		struct privilege_user u = privilege_user_of((enum privilege_role)role);

		CU_ASSERT_EQUAL(chown(try_opened.folder, u.uid, u.gid), 0);
		for (size_t i = 0; i < n; i++) {
			int got = in_role((enum privilege_role)role, table[i].try);

			if (!as_expected(&table[i], (enum privilege_role)role, got)) {
				fprintf(stderr, "%s: %s: %d\n", role_names[role],
				    table[i].what, got);
				CU_FAIL("a role may do something else than the table says");
			}
		}
	}
}

/* Where the keeper has a user of its own, root is one that it is not. */
static const struct row root_rows[] = {
	{ "become root", try_root_again, 0, EPERM },
	{ "be root for a moment", try_root_for_a_moment, 0, EPERM },
};

static void
root_is_gone(void)
{
	if (privilege_user_of(ROLE_KEEPER).fallback)
		fputs("the keeper has no user here\n", stderr);
	else
		try_all(root_rows, sizeof(root_rows) / sizeof(root_rows[0]));
}

static void
calls_are_listed(void)
{
	try_all(rows, sizeof(rows) / sizeof(rows[0]));
}

static int
report_landlock(void)
{
	return 0;
}

static void
files_are_listed(void)
{
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1u) < 0) {
		fputs("this kernel has no Landlock\n", stderr);
		CU_ASSERT_EQUAL(in_role(ROLE_CONTROL, report_landlock), ALLOWED);
		return;
	}
	try_all(file_rows, sizeof(file_rows) / sizeof(file_rows[0]));
}

/* The tries themselves work: without the change of role root may do them. */
static void
the_tries_can_succeed(void)
{
	static attempt *const harmless[] = {
		try_code, try_code_later, try_tcp, try_raw, try_unix_stream, try_dumpable,
		try_stop_parent, try_open_shadow, try_open_harmless, try_create, try_own_folder,
		try_netfilter, try_duplicate, try_fork, try_thread, try_root_again, try_other_user,
		try_root_for_a_moment, try_watchers_user, try_other_groups, try_end_watcher,
		try_kill_child_of_root, try_frame_as_message, try_long_frame,
	};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		pid_t pid;
		int status;

		fflush(NULL);
		pid = fork();
		if (pid == 0)
			_exit(harmless[i]());
		CU_ASSERT_FATAL(pid > 0);
		CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			fprintf(stderr, "harmless try %zu: %d\n", i, status);
		CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	unlink("/tmp/sekisho-test-privilege");
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "the tries can succeed", the_tries_can_succeed },
		{ "calls are listed", calls_are_listed },
		{ "files are listed", files_are_listed },
		{ "root is gone", root_is_gone },
		CU_TEST_INFO_NULL,
	};
	int r;

	if (geteuid() != 0) {
		puts("needs root: only then there is something to give up");
		return SKIPPED;
	}
	if (try_open_things() < 0)
		return 1;
	r = unit_main("privilege", tests);
	rmdir(try_opened.folder);
	return r;
}
