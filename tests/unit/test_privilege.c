/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WA-10: a child becomes the watcher, by the very function that the daemon calls,
 * and tries what a taken-over watcher would try. What it needs for its work it
 * can still do.
 */
#include "agent/privilege.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77
#define ALLOWED 0	/* exit status of a try: an errno */

/* What the child can use that was opened before it gave up its rights. */
struct opened {
	int packet;		/* AF_PACKET, -1 where the machine does not permit */
	int file;		/* /proc/net/softnet_stat */
};

static int
try_open(const struct opened *o)
{
	(void)o;
	return open("/etc/shadow", O_RDONLY) < 0 ? errno : ALLOWED;
}

static int
try_open_harmless(const struct opened *o)
{
	(void)o;
	return open("/dev/null", O_RDONLY) < 0 ? errno : ALLOWED;
}

static int
try_create(const struct opened *o)
{
	(void)o;
	return creat("/tmp/sekisho-test-privilege", 0600) < 0 ? errno : ALLOWED;
}

static int
try_unlink(const struct opened *o)
{
	(void)o;
	return unlink("/tmp/sekisho-test-privilege") < 0 ? errno : ALLOWED;
}

static int
try_socket(const struct opened *o)
{
	(void)o;
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : ALLOWED;
}

static int
try_packet_socket(const struct opened *o)
{
	(void)o;
	return socket(AF_PACKET, SOCK_RAW, 0) < 0 ? errno : ALLOWED;
}

static int
try_connect(const struct opened *o)
{
	const struct sockaddr to = { .sa_family = AF_UNSPEC };

	return connect(o->packet, &to, sizeof(to)) < 0 ? errno : ALLOWED;
}

static int
try_execute(const struct opened *o)
{
	static char word[] = "true", *argv[] = { word, NULL };

	(void)o;
	execv("/bin/true", argv);
	return errno;
}

static int
try_fork(const struct opened *o)
{
	pid_t pid = fork();

	(void)o;
	if (pid == 0)
		_exit(0);
	return pid < 0 ? errno : ALLOWED;
}

static int
try_trace(const struct opened *o)
{
	(void)o;
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0 ? errno : ALLOWED;
}

static int
try_read_others(const struct opened *o)
{
	(void)o;
	return syscall(SYS_process_vm_readv, getppid(), NULL, 0ul, NULL, 0ul, 0ul) < 0 ?
	    errno : ALLOWED;
}

static int
try_namespace(const struct opened *o)
{
	(void)o;
	return unshare(CLONE_NEWUSER) < 0 ? errno : ALLOWED;
}

static int
try_mount(const struct opened *o)
{
	(void)o;
	return mount("none", "/tmp", "tmpfs", 0, NULL) < 0 ? errno : ALLOWED;
}

static int
try_root_again(const struct opened *o)
{
	(void)o;
	return setresuid(0, 0, 0) < 0 ? errno : ALLOWED;
}

static int
try_kill_root(const struct opened *o)
{
	(void)o;
	return kill(getppid(), 0) < 0 ? errno : ALLOWED;
}

/* ---- what its work needs ------------------------------------------------------------ */

static int
try_send_on_open_tap(const struct opened *o)
{
	uint8_t frame[ETH_ZLEN] = { 0x01, 0x80, 0xc2, 0, 0, 0x0e };
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = 1 };
	union { struct sockaddr_ll *ll; struct sockaddr *any; } address = { &to };

	if (o->packet < 0)
		return ALLOWED;
	frame[12] = 0x88;
	frame[13] = 0xb5;
	if (sendto(o->packet, frame, sizeof(frame), 0, address.any, sizeof(to)) > 0)
		return ALLOWED;
	/* a namespace whose loopback is down */
	return errno == ENETDOWN ? ALLOWED : errno;
}

static int
try_read_open_file(const struct opened *o)
{
	char byte;

	return pread(o->file, &byte, 1, 0) == 1 ? ALLOWED : errno;
}

static int
try_allocate(const struct opened *o)
{
	void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);

	(void)o;
	return p == MAP_FAILED ? errno : ALLOWED;
}

typedef int attempt(const struct opened *o);

/* The errno of the attempt made as the watcher; -1: the child died. */
static int
as_watcher(attempt *try)
{
	const struct opened o = {
		.packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0),
		.file = open("/proc/net/softnet_stat", O_RDONLY | O_CLOEXEC),
	};
	pid_t pid;
	int status = -1;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(privilege_become(ROLE_WATCHER) == 0 ? try(&o) : 255);
	CU_ASSERT_FATAL(pid > 0);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	if (o.packet >= 0)
		close(o.packet);
	close(o.file);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
the_watcher_may_not(void)
{
	static const struct {
		const char *what;
		attempt *try;
	} rows[] = {
		{ "open /etc/shadow", try_open }, { "open /dev/null", try_open_harmless },
		{ "create a file", try_create }, { "remove a file", try_unlink },
		{ "open a socket", try_socket },
		{ "open a packet socket", try_packet_socket }, { "connect", try_connect },
		{ "execute", try_execute }, { "fork", try_fork }, { "trace", try_trace },
		{ "read another's memory", try_read_others },
		{ "make a namespace", try_namespace }, { "mount", try_mount },
		{ "become root", try_root_again }, { "signal root", try_kill_root },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int error = as_watcher(rows[i].try);

		if (error != EPERM)
			fprintf(stderr, "%s: %d\n", rows[i].what, error);
		CU_ASSERT_EQUAL(error, EPERM);
	}
}

static void
the_watcher_still_can(void)
{
	CU_ASSERT_EQUAL(as_watcher(try_send_on_open_tap), ALLOWED);
	CU_ASSERT_EQUAL(as_watcher(try_read_open_file), ALLOWED);
	CU_ASSERT_EQUAL(as_watcher(try_allocate), ALLOWED);
}

/* The tries themselves work: without the change of role root may do them. */
static void
the_tries_can_succeed(void)
{
	const struct opened o = { .packet = -1, .file = -1 };
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		bool all = try_open_harmless(&o) == ALLOWED && try_open(&o) == ALLOWED &&
		    try_socket(&o) == ALLOWED && try_create(&o) == ALLOWED &&
		    try_unlink(&o) == ALLOWED && try_fork(&o) == ALLOWED &&
		    try_kill_root(&o) == ALLOWED;

		_exit(all ? 0 : 1);
	}
	CU_ASSERT_FATAL(pid > 0);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_TRUE(WIFEXITED(status));
	CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "the tries can succeed", the_tries_can_succeed },
		{ "the watcher may not", the_watcher_may_not },
		{ "the watcher still can", the_watcher_still_can },
		CU_TEST_INFO_NULL,
	};

	if (geteuid() != 0) {
		puts("needs root: only then there is something to give up");
		return SKIPPED;
	}
	return unit_main("privilege", tests);
}
