/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which process may make which system call, and with what. Whoever adds a call to
 * a process adds it here: tests/unit/test_privilege.c and the lab run with the lists
 * on. glibc of Debian 12 and newer, libsystemd's event loop, libbpf, libpcap and
 * libnftnl are behind most rows.
 */
#include "agent/confine/confine.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

/* Younger than the headers of Debian 12. */
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

#define K CONFINE_KEEPER
#define L CONFINE_LOADER
#define C CONFINE_CONTROL
#define W CONFINE_WATCHER
#define R CONFINE_RECORDER
#define V CONFINE_FORWARDER
#define ALL CONFINE_ALL

#define CALL(name, roles) { SCMP_SYS(name), roles, 0, { { 0 } } }
#define CALL_IF(name, roles, ...) { SCMP_SYS(name), roles, \
	sizeof((struct scmp_arg_cmp[]){ __VA_ARGS__ }) / sizeof(struct scmp_arg_cmp), \
	{ __VA_ARGS__ } }
/* An int argument: the upper half of its register means nothing (see syscall(2)). */
#define INT_IS(n, value) { n, SCMP_CMP_MASKED_EQ, 0xffffffffu, (uint32_t)(value) }
#define HAS_NO(n, bits) { n, SCMP_CMP_MASKED_EQ, bits, 0 }

#define IOCTL(request, roles) CALL_IF(ioctl, roles, INT_IS(1, request))
#define FCNTL(command, roles) CALL_IF(fcntl, roles, INT_IS(1, command))
#define PRCTL(option, roles) CALL_IF(prctl, roles, INT_IS(0, option))
#define BPF(command, roles) CALL_IF(bpf, roles, INT_IS(0, command))

#define TYPE_BITS 0xfu		/* SOCK_CLOEXEC and SOCK_NONBLOCK stand above them */
#define A_THREAD ((uint64_t)CLONE_VM | CLONE_THREAD | CLONE_SIGHAND)
#define NEW_NAMESPACES ((uint64_t)CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
	CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

static const struct confine_call allowed[] = {
	/* memory: nothing that is written can be run */
	CALL(brk, ALL), CALL(munmap, ALL), CALL(mremap, ALL), CALL(madvise, ALL),
	CALL_IF(mmap, ALL, HAS_NO(2, PROT_EXEC)),
	CALL_IF(mmap2, ALL, HAS_NO(2, PROT_EXEC)),
	CALL_IF(mprotect, ALL, HAS_NO(2, PROT_EXEC)),
	CALL(membarrier, ALL),

	/* itself */
	CALL(exit, ALL), CALL(exit_group, ALL), CALL(getpid, ALL), CALL(gettid, ALL),
	CALL(getppid, ALL), CALL(getuid, ALL), CALL(geteuid, ALL), CALL(getgid, ALL),
	CALL(getegid, ALL), CALL(uname, ALL), CALL(sysinfo, ALL), CALL(getrusage, ALL),
	CALL(sched_yield, ALL), CALL(sched_getaffinity, ALL), CALL(getcpu, ALL),
	CALL(set_robust_list, ALL), CALL(rseq, ALL), CALL(getrandom, ALL),
	CALL(futex, ALL), CALL(futex_time64, ALL), CALL(futex_waitv, ALL),
	CALL(rt_sigaction, ALL), CALL(rt_sigprocmask, ALL), CALL(rt_sigreturn, ALL),
	CALL(sigaltstack, ALL), CALL(restart_syscall, ALL),
	/* abort(3) and raise(3); without CAP_KILL it reaches nobody else's */
	CALL(tgkill, ALL),
	PRCTL(PR_SET_NAME, ALL), PRCTL(PR_GET_NAME, ALL), PRCTL(PR_SET_VMA, ALL),
	PRCTL(PR_SET_PDEATHSIG, ALL), PRCTL(PR_GET_DUMPABLE, ALL),

	/* time */
	CALL(clock_gettime, ALL), CALL(clock_gettime64, ALL), CALL(clock_getres, ALL),
	CALL(clock_getres_time64, ALL), CALL(gettimeofday, ALL), CALL(time, ALL),
	CALL(nanosleep, ALL), CALL(clock_nanosleep, ALL),
	CALL(clock_nanosleep_time64, ALL),
	CALL(timerfd_create, ALL), CALL(timerfd_settime, ALL),
	CALL(timerfd_settime64, ALL), CALL(timerfd_gettime, ALL),

	/* is the time of day kept right? To set it takes CAP_SYS_TIME, which nobody here has */
	CALL(adjtimex, R), CALL_IF(clock_adjtime, R, INT_IS(0, CLOCK_REALTIME)),
	CALL_IF(clock_adjtime64, R, INT_IS(0, CLOCK_REALTIME)),

	/* the event loop */
	CALL(epoll_create1, ALL), CALL(epoll_ctl, ALL), CALL(epoll_wait, ALL),
	CALL(epoll_pwait, ALL), CALL(epoll_pwait2, ALL), CALL(poll, ALL),
	CALL(ppoll, ALL),
	CALL(ppoll_time64, ALL), CALL(eventfd2, ALL), CALL(signalfd4, ALL),

	/* descriptors that are open */
	CALL(read, ALL), CALL(readv, ALL), CALL(pread64, ALL), CALL(close, ALL),
	CALL(close_range, ALL), CALL(lseek, ALL), CALL(_llseek, ALL), CALL(fstat, ALL),
	CALL(fstat64, ALL), CALL(newfstatat, ALL), CALL(fstatat64, ALL), CALL(statx, ALL),
	CALL(write, K | L | C | R | V), CALL(writev, K | L | C | R | V),
	CALL(pwrite64, C | R | K),
	/* the watcher's words for the journal */
	CALL_IF(write, W, { 0, SCMP_CMP_LE, 2, 0 }), CALL_IF(writev, W, { 0, SCMP_CMP_LE, 2, 0 }),
	FCNTL(F_GETFL, ALL), FCNTL(F_SETFL, ALL), FCNTL(F_GETFD, ALL), FCNTL(F_SETFD, ALL),
	FCNTL(F_ADD_SEALS, ALL), FCNTL(F_GET_SEALS, ALL),
	FCNTL(F_DUPFD_CLOEXEC, K | C | R), FCNTL(F_DUPFD, K | R),
	CALL(memfd_create, ALL), CALL(ftruncate, ALL),
	/* is it a terminal: stdio asks before the first word */
	IOCTL(TCGETS, ALL), IOCTL(TIOCGWINSZ, ALL),

	/* messages, through sockets that are open */
	CALL(recvmsg, ALL), CALL(recvfrom, ALL), CALL(getsockopt, ALL),
	CALL(getsockname, ALL), CALL(shutdown, K),
	CALL(sendmsg, K | L | C | R | V), CALL(sendto, K),
	CALL_IF(sendto, L | C | R | V, { 4, SCMP_CMP_EQ, 0, 0 }),
	/* the forwarder's readers: programs of this machine, which may be started again */
	CALL_IF(socket, K | V, INT_IS(0, AF_UNIX),
	    { 1, SCMP_CMP_MASKED_EQ, TYPE_BITS, SOCK_DGRAM }),
	CALL(connect, K | V), IOCTL(SIOCOUTQ, K | V),
	/* clients of the control socket */
	CALL(accept4, C),
	/* names and flags of interfaces */
	IOCTL(SIOCGIFNAME, K | C | W), IOCTL(SIOCGIFINDEX, K | W), IOCTL(SIOCGIFFLAGS, K | W),
	/* the tap's filter is changed at its end (tap_ring_stop()), its ring given back */
	CALL_IF(setsockopt, W, INT_IS(1, SOL_SOCKET), INT_IS(2, SO_ATTACH_FILTER)),
	CALL_IF(setsockopt, W, INT_IS(1, SOL_PACKET), INT_IS(2, PACKET_RX_RING)),
	CALL(setsockopt, K | R),
	BPF(BPF_MAP_LOOKUP_ELEM, K | W), BPF(BPF_MAP_UPDATE_ELEM, K | W),
	BPF(BPF_MAP_DELETE_ELEM, K | W), BPF(BPF_MAP_GET_NEXT_KEY, K | W),
	BPF(BPF_MAP_LOOKUP_BATCH, K | W), BPF(BPF_MAP_UPDATE_BATCH, K | W),
	BPF(BPF_MAP_DELETE_BATCH, K | W),

	/* files; which ones is Landlock's and the file modes' to say */
	CALL(open, K | L | C | R | V), CALL(openat, K | L | C | R | V),
	CALL(access, K | L | C | R | V),
	CALL(faccessat, K | L | C | R | V), CALL(faccessat2, K | L | C | R | V),
	CALL(stat, K | L | C | R | V), CALL(lstat, K | L | C | R | V),
	CALL(readlink, K | L | C | R | V),
	CALL(readlinkat, K | L | C | R | V), CALL(getcwd, K | L | C | R | V),
	CALL(getdents64, K | L | C | R | V), CALL(fstatfs, K | C | R | V),
	CALL(statfs, K | C | R | V),
	CALL(flock, K | C | R), CALL(fadvise64, K | L | C | R | V),
	CALL(unlink, K | C | R | V), CALL(unlinkat, K | C | R | V),
	CALL(rename, K | C | R | V),
	CALL(renameat, K | C | R | V), CALL(renameat2, K | C | R | V),
	CALL(mkdir, K | C | R),
	CALL(mkdirat, K | C | R | V), CALL(rmdir, K | C | R), CALL(link, K | R),
	CALL(linkat, K | R), CALL(fsync, K | C | R | V), CALL(fdatasync, K | C | R | V),
	CALL(sync_file_range, K | R), CALL(fallocate, K | C | R),
	CALL(fchmod, K | C | R | V),
	CALL(umask, K | C | R | V), CALL(utimensat, K | C | R),

	/* the recorder's keys are kept out of swap and core files */
	CALL(mlock, K | R), CALL(munlock, K | R),
	/* the recorder syncs in a thread, control keeps the permits' hits in one */
	CALL_IF(clone, K | C | R, { 0, SCMP_CMP_MASKED_EQ, A_THREAD | NEW_NAMESPACES, A_THREAD }),

	/* the keeper: children, and what they do before they are confined */
	CALL_IF(clone, K, HAS_NO(0, NEW_NAMESPACES)), CALL(fork, K), CALL(wait4, K),
	CALL(waitid, K), CALL(pidfd_open, K),
	CALL_IF(kill, K, INT_IS(1, SIGKILL)), CALL_IF(kill, K, INT_IS(1, SIGTERM)),
	CALL_IF(setgroups, K, { 0, SCMP_CMP_EQ, 0, 0 }), CALL(capget, K), CALL(capset, K),
	 CALL(seccomp, K), CALL(landlock_create_ruleset, K),
	CALL(landlock_add_rule, K), CALL(landlock_restrict_self, K),
	PRCTL(PR_CAPBSET_READ, K), PRCTL(PR_SET_NO_NEW_PRIVS, K),
	PRCTL(PR_GET_NO_NEW_PRIVS, K), PRCTL(PR_SET_SECCOMP, K),
	PRCTL(PR_GET_SECCOMP, K), PRCTL(PR_GET_SECUREBITS, K),
	CALL(prlimit64, K), CALL(getrlimit, K), CALL(setrlimit, K),
	CALL_IF(socketpair, K, INT_IS(0, AF_UNIX)),
	CALL_IF(socket, K, INT_IS(0, AF_NETLINK), INT_IS(2, NETLINK_NETFILTER)),
	CALL_IF(socket, K, INT_IS(0, AF_NETLINK), INT_IS(2, NETLINK_ROUTE)),
	/* libpcap asks nl80211 whether a wireless device has a monitor of its own */
	CALL_IF(socket, K, INT_IS(0, AF_NETLINK), INT_IS(2, NETLINK_GENERIC)),
	CALL_IF(socket, K, INT_IS(0, AF_PACKET)),
	/* sd_notify(3) too; names of interfaces */
	CALL_IF(socket, K, INT_IS(0, AF_INET), { 1, SCMP_CMP_MASKED_EQ, TYPE_BITS, SOCK_DGRAM }),
	CALL(bind, K),
	IOCTL(SIOCGIFHWADDR, K), IOCTL(SIOCGIFMTU, K), IOCTL(SIOCETHTOOL, K),
	IOCTL(SIOCSIFFLAGS, K), IOCTL(SIOCGIFCONF, K),
	BPF(BPF_MAP_CREATE, K), BPF(BPF_PROG_LOAD, K), BPF(BPF_BTF_LOAD, K),
	BPF(BPF_OBJ_GET_INFO_BY_FD, K), BPF(BPF_MAP_FREEZE, K), BPF(BPF_LINK_CREATE, K),
	BPF(BPF_PROG_BIND_MAP, K), BPF(BPF_PROG_QUERY, K), BPF(BPF_PROG_ATTACH, K),
	BPF(BPF_PROG_DETACH, K), BPF(BPF_PROG_TEST_RUN, K), BPF(BPF_PROG_GET_FD_BY_ID, K),
	BPF(BPF_BTF_GET_FD_BY_ID, K), BPF(BPF_MAP_GET_FD_BY_ID, K),

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	/* the sanitizer's run time: its map of memory, its report */
	CALL(pipe, ALL), CALL(pipe2, ALL), CALL(getrlimit, ALL), CALL(prlimit64, ALL),
	CALL(readlink, ALL), CALL(dup, ALL), CALL(dup2, ALL), CALL(write, ALL),
#endif
};

static const int deadly[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(init_module), SCMP_SYS(finit_module),
	SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load),
	SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(fsopen), SCMP_SYS(fsmount),
	SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
	SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(swapon), SCMP_SYS(swapoff),
	SCMP_SYS(reboot), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl),
	SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(open_by_handle_at),
	SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(clock_adjtime),
	SCMP_SYS(adjtimex), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
	SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp), SCMP_SYS(personality), SCMP_SYS(iopl),
	SCMP_SYS(ioperm), SCMP_SYS(modify_ldt), SCMP_SYS(acct), SCMP_SYS(quotactl),
	SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(syslog),
};

/*
 * clone3: its flags are in memory, out of a filter's sight; glibc then uses clone.
 * The others have an older call that does the same.
 */
static const int unknown[] = { SCMP_SYS(clone3), SCMP_SYS(openat2), SCMP_SYS(vfork) };

const struct confine_call *
confine_allowed(size_t *n)
{
	*n = sizeof(allowed) / sizeof(allowed[0]);
	return allowed;
}

const int *
confine_deadly(size_t *n)
{
	*n = sizeof(deadly) / sizeof(deadly[0]);
	return deadly;
}

const int *
confine_unknown(size_t *n)
{
	*n = sizeof(unknown) / sizeof(unknown[0]);
	return unknown;
}
