/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/privilege_try.h"

#include "agent/privilege.h"

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

struct try_opened try_opened;

int
try_open_things(void)
{
	snprintf(try_opened.folder, sizeof(try_opened.folder), "/tmp/sekisho-test-role-XXXXXX");
	if (mkdtemp(try_opened.folder) == NULL || socketpair(AF_UNIX, SOCK_DGRAM, 0, try_opened.pair) < 0)
		return -1;
	try_opened.packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	try_opened.file = open("/proc/net/softnet_stat", O_RDONLY | O_CLOEXEC);
	return 0;
}

static int
result(long r)
{
	return r < 0 ? errno : ALLOWED;
}

/* ---- what none may ------------------------------------------------------------------- */

int
try_execute(void)
{
	static char word[] = "true", *argv[] = { word, NULL };

	execv("/bin/true", argv);
	return errno;
}

int
try_trace(void)
{
	return result(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

int
try_read_others(void)
{
	return result(syscall(SYS_process_vm_readv, getppid(), NULL, 0ul, NULL, 0ul, 0ul));
}

int
try_namespace(void)
{
	return result(unshare(CLONE_NEWUSER));
}

int
try_mount(void)
{
	return result(mount("none", "/tmp", "tmpfs", 0, NULL));
}

int
try_module(void)
{
	return result(syscall(SYS_init_module, NULL, 0ul, ""));
}

int
try_ring(void)
{
	return result(syscall(SYS_io_uring_setup, 1u, NULL));
}

int
try_clock(void)
{
	return result(syscall(SYS_settimeofday, NULL, NULL));
}

int
try_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : ALLOWED;
}

int
try_code_later(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);

	return p == MAP_FAILED ? ALLOWED : result(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

int
try_tcp(void)
{
	return result(socket(AF_INET, SOCK_STREAM, 0));
}

int
try_raw(void)
{
	return result(socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
}

int
try_unix_stream(void)
{
	return result(socket(AF_UNIX, SOCK_STREAM, 0));
}

int
try_audit_netlink(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT));
}

int
try_vsock(void)
{
	return result(socket(AF_VSOCK, SOCK_STREAM, 0));
}

/* The raw call: fork(2) of glibc would do more than ask. */
int
try_child_in_namespace(void)
{
	long pid = syscall(SYS_clone, (unsigned long)CLONE_NEWNET | SIGCHLD, NULL, NULL, NULL,
	    0ul);

	if (pid == 0)
		_exit(0);
	return result(pid);
}

int
try_pin(void)
{
	union bpf_attr attr = { 0 };

	return result(syscall(SYS_bpf, BPF_OBJ_PIN, &attr, sizeof(attr)));
}

int
try_terminal_input(void)
{
	return result(ioctl(STDIN_FILENO, TIOCSTI, "x"));
}

int
try_dumpable(void)
{
	return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

int
try_stop_parent(void)
{
	return result(kill(getppid(), SIGCONT));
}

int
try_make_device(void)
{
	return result(mknod("/tmp/sekisho-test-privilege", S_IFCHR | 0600, 0));
}

int
try_foreign_call(void)
{
	/* younger than any kernel: glibc must hear that there is none */
	return result(syscall(511));
}

/* ---- what some may -------------------------------------------------------------------- */

int
try_open_shadow(void)
{
	return result(open("/etc/shadow", O_RDONLY | O_CLOEXEC));
}

int
try_open_harmless(void)
{
	return result(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

int
try_create(void)
{
	return result(open("/tmp/sekisho-test-privilege", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

int
try_own_folder(void)
{
	char path[96], there[96];
	int fd;

	snprintf(path, sizeof(path), "%s/new", try_opened.folder);
	snprintf(there, sizeof(there), "%s/old", try_opened.folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) < 0 || rename(path, there) < 0)
		return errno;
	return result(unlink(there));
}

int
try_unlink(void)
{
	int r = result(unlink("/tmp/sekisho-test-nothing-there"));

	return r == ENOENT ? ALLOWED : r;
}

int
try_netfilter(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
}

int
try_packet_socket(void)
{
	return result(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

int
try_load_program(void)
{
	union bpf_attr attr = { 0 };
	int r = result(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));

	/* a wrong program: who gets so far may load a good one */
	return r == EINVAL || r == E2BIG ? ALLOWED : r;
}

int
try_connect(void)
{
	const struct sockaddr to = { .sa_family = AF_UNSPEC };
	/* a file, so that nothing changes: the call itself counts */
	int r = result(connect(try_opened.file, &to, sizeof(to)));

	return r == ENOTSOCK ? ALLOWED : r;
}

int
try_duplicate(void)
{
	return result(fcntl(try_opened.file, F_DUPFD_CLOEXEC, 3));
}

int
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

int
try_thread(void)
{
	pthread_t t;
	int r = pthread_create(&t, NULL, nothing, NULL);

	return r != 0 ? r : pthread_join(t, NULL);
}

int
try_root_again(void)
{
	return result(setresuid(0, 0, 0));
}

int
try_other_user(void)
{
	return result(setresuid(12345, 12345, 12345));
}

int
try_root_for_a_moment(void)
{
	return result(setresuid((uid_t)-1, 0, (uid_t)-1));
}

int
try_watchers_user(void)
{
	uid_t uid = privilege_user_of(ROLE_WATCHER).uid;

	return result(setresuid(uid, uid, uid));
}

int
try_other_groups(void)
{
	gid_t group = 0;

	return result(setgroups(1, &group));
}

/* The child is the watcher's user by then, or still ours. */
int
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

int
try_kill_child_of_root(void)
{
	/* group 0 of nobody: the call itself counts */
	int r = result(kill(0x3fffffff, SIGKILL));

	return r == ESRCH ? ALLOWED : r;
}

/* ---- what all need ---------------------------------------------------------------------- */

int
try_allocate(void)
{
	void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);

	return p == MAP_FAILED ? errno : ALLOWED;
}

int
try_message(void)
{
	struct iovec v = { .iov_base = &v, .iov_len = 4 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	return result(sendmsg(try_opened.pair[0], &m, MSG_NOSIGNAL));
}

int
try_read_open_file(void)
{
	char byte;

	return pread(try_opened.file, &byte, 1, 0) == 1 ? ALLOWED : errno;
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
	if (try_opened.packet < 0 || sendto(try_opened.packet, frame, length, 0,
	    with_address ? address.any : NULL, with_address ? sizeof(to) : 0) >= 0)
		return ALLOWED;
	/* a namespace whose loopback is down, or no destination: got through the filter */
	return errno == ENETDOWN || errno == ENXIO ? ALLOWED : errno;
}

int
try_canary(void)
{
	return send_frame(ETH_ZLEN, true);
}

/* What is in such a ring any send(2) puts on the wire, whatever it says of itself. */
int
try_send_ring(void)
{
	const struct tpacket_req req = { .tp_block_size = 4096, .tp_block_nr = 1,
		.tp_frame_size = 2048, .tp_frame_nr = 2 };
	int r = try_opened.packet < 0 ? EPERM : result(setsockopt(try_opened.packet, SOL_PACKET,
	    PACKET_TX_RING, &req, sizeof(req)));

	/* it has one, from another role */
	return r == EBUSY ? ALLOWED : r;
}

int
try_attach_program(void)
{
	int fd = -1, r = setsockopt(try_opened.packet, SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof(fd));

	/* no such descriptor: got through the filter */
	return try_opened.packet < 0 ? EPERM : r < 0 && errno == EBADF ? ALLOWED : result(r);
}

int
try_long_frame(void)
{
	return send_frame(100, true);
}

int
try_frame_without_address(void)
{
	return send_frame(ETH_ZLEN, false);
}

int
try_frame_as_message(void)
{
	uint8_t frame[ETH_ZLEN] = { 0 };
	struct iovec v = { .iov_base = frame, .iov_len = sizeof(frame) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	int r = try_opened.packet < 0 ? EPERM : result(sendmsg(try_opened.packet, &m, 0));

	return r == ENETDOWN || r == ENXIO ? ALLOWED : r;
}

int
try_frame_by_write(void)
{
	uint8_t frame[ETH_ZLEN] = { 0 };
	int r = try_opened.packet < 0 ? EPERM : result(write(try_opened.packet, frame, sizeof(frame)));

	return r == ENETDOWN || r == ENXIO ? ALLOWED : r;
}
