/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WA-10, for every role: a child becomes it, by the very function that the daemon
 * calls, and tries what it would try were it taken over. What a role needs for its
 * work it can still do. The list of calls is shut by default: the tries are samples.
 */
#include "agent/privilege.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77
#define ALLOWED 0	/* exit status of a try: an errno */
#define KILLED	200	/* ended by SIGSYS */
#define DIED	201	/* in another way */
#define NO_ROLE 202	/* the role could not be taken */

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

/* What a child works with that was opened before it gave up its rights. */
struct opened {
	int packet;		/* AF_PACKET, -1 where the machine does not permit */
	int file;		/* /proc/net/softnet_stat */
	int pair[2];
	char folder[64];	/* what the role may write to */
};

static struct opened opened;

static int
result(long r)
{
	return r < 0 ? errno : ALLOWED;
}

/* ---- what none may ------------------------------------------------------------------- */

static int
try_execute(void)
{
	static char word[] = "true", *argv[] = { word, NULL };

	execv("/bin/true", argv);
	return errno;
}

static int
try_trace(void)
{
	return result(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int
try_read_others(void)
{
	return result(syscall(SYS_process_vm_readv, getppid(), NULL, 0ul, NULL, 0ul, 0ul));
}

static int
try_namespace(void)
{
	return result(unshare(CLONE_NEWUSER));
}

static int
try_mount(void)
{
	return result(mount("none", "/tmp", "tmpfs", 0, NULL));
}

static int
try_module(void)
{
	return result(syscall(SYS_init_module, NULL, 0ul, ""));
}

static int
try_ring(void)
{
	return result(syscall(SYS_io_uring_setup, 1u, NULL));
}

static int
try_clock(void)
{
	return result(syscall(SYS_settimeofday, NULL, NULL));
}

static int
try_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : ALLOWED;
}

static int
try_code_later(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);

	return p == MAP_FAILED ? ALLOWED : result(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int
try_tcp(void)
{
	return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int
try_raw(void)
{
	return result(socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
}

static int
try_unix_stream(void)
{
	return result(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int
try_audit_netlink(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT));
}

static int
try_vsock(void)
{
	return result(socket(AF_VSOCK, SOCK_STREAM, 0));
}

/* The raw call: fork(2) of glibc would do more than ask. */
static int
try_child_in_namespace(void)
{
	long pid = syscall(SYS_clone, (unsigned long)CLONE_NEWNET | SIGCHLD, NULL, NULL, NULL,
	    0ul);

	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int
try_pin(void)
{
	union bpf_attr attr = { 0 };

	return result(syscall(SYS_bpf, BPF_OBJ_PIN, &attr, sizeof(attr)));
}

static int
try_terminal_input(void)
{
	return result(ioctl(STDIN_FILENO, TIOCSTI, "x"));
}

static int
try_dumpable(void)
{
	return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int
try_stop_parent(void)
{
	return result(kill(getppid(), SIGCONT));
}

static int
try_make_device(void)
{
	return result(mknod("/tmp/sekisho-test-privilege", S_IFCHR | 0600, 0));
}

static int
try_foreign_call(void)
{
	/* younger than any kernel: glibc must hear that there is none */
	return result(syscall(511));
}

/* ---- what some may -------------------------------------------------------------------- */

static int
try_open_shadow(void)
{
	return result(open("/etc/shadow", O_RDONLY | O_CLOEXEC));
}

static int
try_open_harmless(void)
{
	return result(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int
try_create(void)
{
	return result(open("/tmp/sekisho-test-privilege", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int
try_own_folder(void)
{
	char path[96], there[96];
	int fd;

	snprintf(path, sizeof(path), "%s/new", opened.folder);
	snprintf(there, sizeof(there), "%s/old", opened.folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) < 0 || rename(path, there) < 0)
		return errno;
	return result(unlink(there));
}

static int
try_unlink(void)
{
	int r = result(unlink("/tmp/sekisho-test-nothing-there"));

	return r == ENOENT ? ALLOWED : r;
}

static int
try_netfilter(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
}

static int
try_packet_socket(void)
{
	return result(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int
try_load_program(void)
{
	union bpf_attr attr = { 0 };
	int r = result(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));

	/* a wrong program: who gets so far may load a good one */
	return r == EINVAL || r == E2BIG ? ALLOWED : r;
}

static int
try_connect(void)
{
	const struct sockaddr to = { .sa_family = AF_UNSPEC };
	/* a file, so that nothing changes: the call itself counts */
	int r = result(connect(opened.file, &to, sizeof(to)));

	return r == ENOTSOCK ? ALLOWED : r;
}

static int
try_duplicate(void)
{
	return result(fcntl(opened.file, F_DUPFD_CLOEXEC, 3));
}

static int
try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return result(pid);
}

static void *
nothing(void *arg)
{
	return arg;
}

static int
try_thread(void)
{
	pthread_t t;
	int r = pthread_create(&t, NULL, nothing, NULL);

	return r != 0 ? r : pthread_join(t, NULL);
}

static int
try_root_again(void)
{
	return result(setresuid(0, 0, 0));
}

static int
try_other_user(void)
{
	return result(setresuid(12345, 12345, 12345));
}

static int
try_root_for_a_moment(void)
{
	return result(setresuid((uid_t)-1, 0, (uid_t)-1));
}

static int
try_watchers_user(void)
{
	uid_t uid = privilege_user_of(ROLE_WATCHER).uid;

	return result(setresuid(uid, uid, uid));
}

static int
try_other_groups(void)
{
	gid_t group = 0;

	return result(setgroups(1, &group));
}

/* The child is the watcher's user by then, or still ours. */
static int
try_end_watcher(void)
{
	uid_t uid = privilege_user_of(ROLE_WATCHER).uid;
	int status = 0, r;
	pid_t pid = fork();

	if (pid == 0) {
		if (setresuid(uid, uid, uid) < 0)
			_exit(1);
		/* Where it cannot be ended it ends by itself. */
		alarm(1);
		for (;;)
			pause();
	}
	if (pid < 0)
		return errno;
	usleep(1000);
	r = privilege_signal(ROLE_WATCHER, pid, SIGKILL);
	if (waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGKILL && r == 0)
		return ALLOWED;
	return r < 0 ? -r : ECHILD;
}

static int
try_kill_child_of_root(void)
{
	/* group 0 of nobody: the call itself counts */
	int r = result(kill(0x3fffffff, SIGKILL));

	return r == ESRCH ? ALLOWED : r;
}

/* ---- what all need ---------------------------------------------------------------------- */

static int
try_allocate(void)
{
	void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);

	return p == MAP_FAILED ? errno : ALLOWED;
}

static int
try_message(void)
{
	struct iovec v = { .iov_base = &v, .iov_len = 4 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	return result(sendmsg(opened.pair[0], &m, MSG_NOSIGNAL));
}

static int
try_read_open_file(void)
{
	char byte;

	return pread(opened.file, &byte, 1, 0) == 1 ? ALLOWED : errno;
}

/* ---- frames: not from the watcher, whose sockets would send them ---------------------------- */

static int
send_frame(size_t length, bool with_address)
{
	uint8_t frame[128] = { 0x01, 0x80, 0xc2, 0, 0, 0x0e };
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = 1 };
	union { struct sockaddr_ll *ll; struct sockaddr *any; } address = { &to };

	frame[12] = 0x88;
	frame[13] = 0xb5;
	if (opened.packet < 0 || sendto(opened.packet, frame, length, 0,
	    with_address ? address.any : NULL, with_address ? sizeof(to) : 0) >= 0)
		return ALLOWED;
	/* a namespace whose loopback is down, or no destination: got through the filter */
	return errno == ENETDOWN || errno == ENXIO ? ALLOWED : errno;
}

static int
try_canary(void)
{
	return send_frame(ETH_ZLEN, true);
}

/* What is in such a ring any send(2) puts on the wire, whatever it says of itself. */
static int
try_send_ring(void)
{
	const struct tpacket_req req = { .tp_block_size = 4096, .tp_block_nr = 1,
		.tp_frame_size = 2048, .tp_frame_nr = 2 };

	int r = opened.packet < 0 ? EPERM : result(setsockopt(opened.packet, SOL_PACKET,
	    PACKET_TX_RING, &req, sizeof(req)));

	/* it has one, from another role */
	return r == EBUSY ? ALLOWED : r;
}

static int
try_attach_program(void)
{
	int fd = -1, r = setsockopt(opened.packet, SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof(fd));

	/* no such descriptor: got through the filter */
	return opened.packet < 0 ? EPERM : r < 0 && errno == EBADF ? ALLOWED : result(r);
}

static int
try_long_frame(void)
{
	return send_frame(100, true);
}

static int
try_frame_without_address(void)
{
	return send_frame(ETH_ZLEN, false);
}

static int
try_frame_as_message(void)
{
	uint8_t frame[ETH_ZLEN] = { 0 };
	struct iovec v = { .iov_base = frame, .iov_len = sizeof(frame) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	int r = opened.packet < 0 ? EPERM : result(sendmsg(opened.packet, &m, 0));

	return r == ENETDOWN || r == ENXIO ? ALLOWED : r;
}

static int
try_frame_by_write(void)
{
	uint8_t frame[ETH_ZLEN] = { 0 };
	int r = opened.packet < 0 ? EPERM : result(write(opened.packet, frame, sizeof(frame)));

	return r == ENETDOWN || r == ENXIO ? ALLOWED : r;
}

/* ---- the table ---------------------------------------------------------------------------- */

typedef int attempt(void);

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
	{ "a thread", try_thread, K | R | H, EPERM },
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
		.folders = { role == ROLE_LOADER || role == ROLE_WATCHER ? NULL : opened.folder },
		.send_fds = opened.pair, .n_send_fds = 1,
		.ask_fd = opened.pair[1],
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

		CU_ASSERT_EQUAL(chown(opened.folder, u.uid, u.gid), 0);
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

static int
open_things(void)
{
	snprintf(opened.folder, sizeof(opened.folder), "/tmp/sekisho-test-role-XXXXXX");
	if (mkdtemp(opened.folder) == NULL || socketpair(AF_UNIX, SOCK_DGRAM, 0, opened.pair) < 0)
		return -1;
	opened.packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	opened.file = open("/proc/net/softnet_stat", O_RDONLY | O_CLOEXEC);
	return 0;
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
	if (open_things() < 0)
		return 1;
	r = unit_main("privilege", tests);
	rmdir(opened.folder);
	return r;
}
