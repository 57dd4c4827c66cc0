/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into sekishod, it lets one call of one class in one process fail: the
 * N-th, or all from the N-th on (FZ-07, FZ-08). The test says so in a file of one
 * page that all processes map (struct order; tests/lab/sekisho_lab/faults.py knows
 * it too). While it only counts it also notes from which place in the program each call
 * came. A process can also be shown another hour, and the disk can take its time
 * (LG-11). After its start the shim makes no call of its own but getsockopt(2) and
 * nanosleep(2), so the lists of allowed calls stay in force.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum class {
	CLASS_NONE = 0,
	CLASS_MEMORY,		/* malloc(3) and its like */
	CLASS_NETLINK_SEND,
	CLASS_NETLINK_RECEIVE,
	CLASS_UNIX_SEND,
	CLASS_UNIX_RECEIVE,
	CLASS_OPEN,		/* files by name */
	CLASS_DESCRIPTOR,	/* new ones without a name: sockets, memfds, timers */
	CLASS_FORK,
	CLASS_WRITE,		/* what reaches a disk */
	CLASS_MAP,		/* mmap(2) */
	CLASS_RAW,		/* syscall(2): bpf, seccomp, landlock */
	CLASS_COUNT
};

#define PLACES 8000		/* calls whose place is noted */
#define PLACE_DEPTH 10		/* that many callers are one place */

struct order {
	_Atomic uint32_t class;		/* last written, first cleared */
	int32_t pid;			/* 0: any */
	int32_t birth;			/* n-th fork of the daemon, 0 the keeper; -1: any */
	uint32_t persistent;
	int32_t error;
	uint32_t pad;
	uint64_t at;			/* from 1; 0: only count */
	_Atomic uint64_t calls;		/* of this class and process since the order */
	_Atomic uint64_t fired;
	_Atomic int32_t births;
	int32_t ahead_pid;		/* for this process the monotonic clock goes */
	_Atomic int64_t ahead_ns;	/* so far ahead; its timers look at it when it wakes */
	int32_t slow_pid;		/* whose fsync(2) is slow too */
	_Atomic int32_t slow_ms;	/* each fdatasync(2) takes so much longer; 0 ends it */
	_Atomic uint32_t slow_calls;	/* begun */
	_Atomic uint64_t places[PLACES];	/* of the calls that were only counted */
};

static struct order *order;
static bool in_seccomp_load;
static pid_t self;
static int birth;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

/* The same number for the same callers, as long as the program is not started anew. */
static uint64_t
place(void)
{
	void *callers[PLACE_DEPTH];
	int n = backtrace(callers, PLACE_DEPTH);
	uint64_t sum = 14695981039346656037ull;		/* FNV-1a */

	for (int i = 0; i < n; i++)
		sum = (sum ^ (uint64_t)(uintptr_t)callers[i]) * 1099511628211ull;
	return sum;
}

static bool
fails(enum class class)
{
	uint64_t n;

	if (class == CLASS_NONE || order == NULL ||
	    atomic_load(&order->class) != (uint32_t)class ||
	    (order->pid != 0 && order->pid != self) ||
	    (order->birth >= 0 && order->birth != birth))
		return false;
	n = atomic_fetch_add(&order->calls, 1) + 1;
	if (order->at == 0 && n <= PLACES)
		atomic_store(&order->places[n - 1], place());
	if (order->at == 0 || n < order->at || (n > order->at && order->persistent == 0))
		return false;
	atomic_fetch_add(&order->fired, 1);
	errno = order->error;
	return true;
}

static int (*real_clock)(clockid_t clock, struct timespec *t);

int
clock_gettime(clockid_t clock, struct timespec *t)
{
	int64_t ahead = 0;
	int r;

	/* Before the constructor: somebody else's may ask for the time. */
	if (real_clock == NULL)
		*(void **)&real_clock = dlsym(RTLD_NEXT, "clock_gettime");
	r = real_clock(clock, t);
	if (r == 0 && clock == CLOCK_MONOTONIC && order != NULL && order->ahead_pid == self)
		ahead = atomic_load(&order->ahead_ns);
	if (ahead != 0) {
		t->tv_sec += ahead / 1000000000;
		t->tv_nsec += ahead % 1000000000;
		t->tv_sec += t->tv_nsec / 1000000000;
		t->tv_nsec %= 1000000000;
	}
	return r;
}

#define REAL(name) ((__typeof__(&(name)))real(#name))

/* Each is looked up once, at the start: dlsym(3) itself may allocate. */
static void *
real(const char *name)
{
	static struct { const char *name; void *at; } known[64];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].name == NULL) {
			known[i].at = dlsym(RTLD_NEXT, name);
			known[i].name = name;
		}
		if (strcmp(known[i].name, name) == 0)
			return known[i].at;
	}
	abort();
}

/* Where it was, for the one who reads the log; then as without us. */
static void
on_crash(int signal_number)
{
	void *frames[40];

	if (order != NULL)
		atomic_store(&order->class, CLASS_NONE);
	backtrace_symbols_fd(frames, backtrace(frames, 40), STDERR_FILENO);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static void __attribute__((constructor))
begin(void)
{
	static char room[65536];
	/* a stack of its own: the other may be the reason */
	const stack_t own_stack = { .ss_sp = room, .ss_size = sizeof(room) };
	const struct sigaction crash = { .sa_handler = on_crash, .sa_flags = SA_ONSTACK };
	void *one[1];

	static const char *const names[] = { "sendto", "send", "sendmsg", "recvmsg", "recvfrom",
		"recv", "open", "open64", "openat", "openat64", "fopen", "fopen64", "socket",
		"socketpair", "accept4", "epoll_create1", "timerfd_create", "memfd_create",
		"fork", "pthread_create", "write", "fdatasync", "fsync", "rename", "renameat",
		"ftruncate", "pwrite", "mmap", "mmap64", "syscall", "seccomp_load" };
	const char *path = getenv("SEKISHO_FAULT");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *page = fd < 0 ? MAP_FAILED : REAL(mmap)(NULL, sizeof(struct order),
	    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)real(names[i]);
	if (fd >= 0)
		close(fd);
	/* backtrace(3) loads a library the first time */
	(void)backtrace(one, 1);
	sigaltstack(&own_stack, NULL);
	sigaction(SIGSEGV, &crash, NULL);
	sigaction(SIGABRT, &crash, NULL);
	sigaction(SIGBUS, &crash, NULL);
	self = getpid();
	if (page != MAP_FAILED)
		order = page;
}

/*
 * libseccomp 2.5 uses what it has freed when it gets no memory in the middle of its
 * program. What it takes there has been set aside before (agent/confine/confine_calls.c): that
 * may fail, this does not.
 */
static bool
memory_fails(void)
{
	return !in_seccomp_load && fails(CLASS_MEMORY);
}

int
seccomp_load(const void *filter)
{
	int r;

	in_seccomp_load = true;
	r = ((int (*)(const void *))real("seccomp_load"))(filter);
	in_seccomp_load = false;
	return r;
}

void *
malloc(size_t size)
{
	return memory_fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return memory_fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	return memory_fails() ? NULL : __libc_realloc(p, size);
}

static enum class
kind_of(int fd, enum class netlink, enum class local)
{
	int domain = 0, saved = errno;
	socklen_t size = sizeof(domain);

	/* Not for every message: only while there is an order about them. */
	if (order == NULL || (atomic_load(&order->class) != (uint32_t)netlink &&
	    atomic_load(&order->class) != (uint32_t)local))
		return CLASS_NONE;
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0)
		domain = -1;
	errno = saved;
	return domain == AF_NETLINK ? netlink : domain == AF_UNIX ? local : CLASS_NONE;
}

#define SENDING(fd) fails(kind_of(fd, CLASS_NETLINK_SEND, CLASS_UNIX_SEND))
#define RECEIVING(fd) fails(kind_of(fd, CLASS_NETLINK_RECEIVE, CLASS_UNIX_RECEIVE))

ssize_t
sendto(int fd, const void *b, size_t n, int flags, const struct sockaddr *to, socklen_t size)
{
	return SENDING(fd) ? -1 : REAL(sendto)(fd, b, n, flags, to, size);
}

ssize_t
send(int fd, const void *b, size_t n, int flags)
{
	return SENDING(fd) ? -1 : REAL(send)(fd, b, n, flags);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	return SENDING(fd) ? -1 : REAL(sendmsg)(fd, m, flags);
}

ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	return RECEIVING(fd) ? -1 : REAL(recvmsg)(fd, m, flags);
}

ssize_t
recvfrom(int fd, void *b, size_t n, int flags, struct sockaddr *from, socklen_t *size)
{
	return RECEIVING(fd) ? -1 : REAL(recvfrom)(fd, b, n, flags, from, size);
}

ssize_t
recv(int fd, void *b, size_t n, int flags)
{
	return RECEIVING(fd) ? -1 : REAL(recv)(fd, b, n, flags);
}

/* open(2) and its like: the mode is there only with O_CREAT, and harmless without. */
#define MODE(last) __extension__ ({ va_list ap_; mode_t mode_; va_start(ap_, last); \
	mode_ = va_arg(ap_, mode_t); va_end(ap_); mode_; })

int
open(const char *path, int flags, ...)
{
	mode_t mode = (flags & O_CREAT) != 0 ? MODE(flags) : 0;

	return fails(CLASS_OPEN) ? -1 : REAL(open)(path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode = (flags & O_CREAT) != 0 ? MODE(flags) : 0;

	return fails(CLASS_OPEN) ? -1 : REAL(open64)(path, flags, mode);
}

int
openat(int folder, const char *path, int flags, ...)
{
	mode_t mode = (flags & O_CREAT) != 0 ? MODE(flags) : 0;

	return fails(CLASS_OPEN) ? -1 : REAL(openat)(folder, path, flags, mode);
}

int
openat64(int folder, const char *path, int flags, ...)
{
	mode_t mode = (flags & O_CREAT) != 0 ? MODE(flags) : 0;

	return fails(CLASS_OPEN) ? -1 : REAL(openat64)(folder, path, flags, mode);
}

FILE *
fopen(const char *path, const char *mode)
{
	return fails(CLASS_OPEN) ? NULL : REAL(fopen)(path, mode);
}

FILE *
fopen64(const char *path, const char *mode)
{
	return fails(CLASS_OPEN) ? NULL : REAL(fopen64)(path, mode);
}

int
socket(int domain, int type, int protocol)
{
	return fails(CLASS_DESCRIPTOR) ? -1 : REAL(socket)(domain, type, protocol);
}

int
socketpair(int domain, int type, int protocol, int fds[2])
{
	return fails(CLASS_DESCRIPTOR) ? -1 : REAL(socketpair)(domain, type, protocol, fds);
}

int
accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
	return fails(CLASS_DESCRIPTOR) ? -1 : REAL(accept4)(fd, from, size, flags);
}

int
epoll_create1(int flags)
{
	return fails(CLASS_DESCRIPTOR) ? -1 : REAL(epoll_create1)(flags);
}

int
timerfd_create(int clock, int flags)
{
	return fails(CLASS_DESCRIPTOR) ? -1 : REAL(timerfd_create)(clock, flags);
}

int
memfd_create(const char *name, unsigned int flags)
{
	return fails(CLASS_DESCRIPTOR) ? -1 : REAL(memfd_create)(name, flags);
}

pid_t
fork(void)
{
	pid_t pid;
	int n;

	if (fails(CLASS_FORK))
		return -1;
	n = order != NULL ? atomic_fetch_add(&order->births, 1) + 1 : 0;
	pid = REAL(fork)();
	if (pid == 0) {
		self = getpid();
		birth = n;
	}
	return pid;
}

int
pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*run)(void *), void *arg)
{
	return fails(CLASS_FORK) ? errno : REAL(pthread_create)(t, a, run, arg);
}

ssize_t
write(int fd, const void *b, size_t n)
{
	return fails(CLASS_WRITE) ? -1 : REAL(write)(fd, b, n);
}

ssize_t
pwrite(int fd, const void *b, size_t n, off_t at)
{
	return fails(CLASS_WRITE) ? -1 : REAL(pwrite)(fd, b, n, at);
}

/* In steps, so that a test need not wait for the end of it. */
static void
take_time(bool slow)
{
	const struct timespec step = { .tv_nsec = 20000000 };

	if (order == NULL || !slow || atomic_load(&order->slow_ms) == 0)
		return;
	atomic_fetch_add(&order->slow_calls, 1);
	for (int32_t ms = 0; ms < atomic_load(&order->slow_ms); ms += 20)
		(void)nanosleep(&step, NULL);
}

int
fdatasync(int fd)
{
	take_time(true);
	return fails(CLASS_WRITE) ? -1 : REAL(fdatasync)(fd);
}

int
fsync(int fd)
{
	take_time(order != NULL && order->slow_pid == self);
	return fails(CLASS_WRITE) ? -1 : REAL(fsync)(fd);
}

int
rename(const char *from, const char *to)
{
	return fails(CLASS_WRITE) ? -1 : REAL(rename)(from, to);
}

int
renameat(int a, const char *from, int b, const char *to)
{
	return fails(CLASS_WRITE) ? -1 : REAL(renameat)(a, from, b, to);
}

int
ftruncate(int fd, off_t length)
{
	return fails(CLASS_WRITE) ? -1 : REAL(ftruncate)(fd, length);
}

void *
mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	return fails(CLASS_MAP) ? MAP_FAILED : REAL(mmap)(at, n, protection, flags, fd, offset);
}

void *
mmap64(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	return fails(CLASS_MAP) ? MAP_FAILED :
	    REAL(mmap64)(at, n, protection, flags, fd, offset);
}

long
syscall(long number, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return fails(CLASS_RAW) ? -1 :
	    REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
