/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What a system without nobody would call it; NFS and systemd agree on 65534. */
#define UID_NOBODY 65534

static const struct role {
	const char *user;		/* NULL: stays root */
	int caps[10];			/* ends with -1 */
	bool may_fork;
	bool may_open_sockets;
} roles[ROLE_COUNT] = {
	/*
	 * SETUID, SETGID: to give children their users. SETPCAP: to empty the
	 * bounding set of children. KILL: a child that hangs is another user's.
	 * DAC_READ_SEARCH: only to pass it on to the loader. PERFMON: only for the
	 * moment in which the tap's filter is loaded: without it kernels before 6.8
	 * refuse small stores beside a number they remember (is_spilled_scalar_reg
	 * in kernel/bpf/verifier.c), and all slow the filter down by barriers against
	 * speculation. The rest is its job: nf_tables, taps, filters.
	 */
	[ROLE_KEEPER] = { NULL, { CAP_NET_ADMIN, CAP_NET_RAW, CAP_SETUID, CAP_SETGID,
	    CAP_SETPCAP, CAP_KILL, CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH, -1 }, true, true },
	[ROLE_LOADER] = { NULL, { CAP_DAC_READ_SEARCH, -1 }, false, false },
	[ROLE_CONTROL] = { "sekisho", { -1 }, false, false },
	[ROLE_WATCHER] = { "sekisho-watch", { -1 }, false, false },
	[ROLE_RECORDER] = { "sekisho-log", { -1 }, true, false },
};

struct privilege_user
privilege_user_of(enum privilege_role role)
{
	const char *name = roles[role].user;
	const struct passwd *pw = name != NULL ? getpwnam(name) : NULL;

	if (name == NULL)
		return (struct privilege_user){ .uid = 0, .gid = 0 };
	if (pw == NULL)
		return (struct privilege_user){ .uid = UID_NOBODY, .gid = UID_NOBODY,
		    .fallback = true };
	return (struct privilege_user){ .uid = pw->pw_uid, .gid = pw->pw_gid };
}

gid_t
privilege_group(const char *name)
{
	const struct group *gr = getgrnam(name);

	return gr != NULL ? gr->gr_gid : (gid_t)-1;
}

static int
set_capabilities(const struct role *role)
{
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; role->caps[i] >= 0; i++)
		if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED |
		    CAPNG_BOUNDING_SET, (unsigned int)role->caps[i]) < 0)
			return -EINVAL;
	return capng_apply(CAPNG_SELECT_BOTH) == 0 ? 0 : -EPERM;
}

static int
set_user(enum privilege_role role)
{
	struct privilege_user u = privilege_user_of(role);

	if (roles[role].user == NULL)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(u.gid, u.gid, u.gid) < 0 ||
	    setresuid(u.uid, u.uid, u.uid) < 0)
		return -errno;
	return 0;
}

/* System calls that none of our processes has a use for after its start. */
static const int never[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(init_module), SCMP_SYS(finit_module),
	SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(mount), SCMP_SYS(umount2),
	SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(unshare), SCMP_SYS(setns),
	SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(reboot), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd), SCMP_SYS(open_by_handle_at), SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime), SCMP_SYS(io_uring_setup),
};
static const int never_sockets[] = {
	SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind),
	SCMP_SYS(listen),
};
static const int never_fork[] = {
	SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(clone), SCMP_SYS(clone3),
};
/* The watcher reads hostile bytes: no file is its business. */
static const int never_files[] = {
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(creat),
	SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
	SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(symlink),
	SCMP_SYS(symlinkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(chmod),
	SCMP_SYS(fchmodat), SCMP_SYS(truncate),
};

/* EPERM, not death: a library that probes gets its answer. */
static int
forbid(scmp_filter_ctx filter, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0);

		/* -EDOM: this machine has no such call. */
		if (r < 0 && r != -EDOM)
			return r;
	}
	return 0;
}

#define FORBID(filter, list) forbid(filter, list, sizeof(list) / sizeof((list)[0]))

static int
set_filter(enum privilege_role role)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r;

	if (filter == NULL)
		return -ENOMEM;
	r = FORBID(filter, never);
	if (r == 0 && !roles[role].may_open_sockets)
		r = FORBID(filter, never_sockets);
	if (r == 0 && !roles[role].may_fork)
		r = FORBID(filter, never_fork);
	if (r == 0 && role == ROLE_WATCHER)
		r = FORBID(filter, never_files);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

int
privilege_become(enum privilege_role role)
{
	bool root = geteuid() == 0;
	int r = 0;

	/* Capabilities first: emptying the bounding set needs CAP_SETPCAP. */
	if (root && roles[role].user == NULL)
		r = set_capabilities(&roles[role]);
	if (root && roles[role].user != NULL) {
		capng_clear(CAPNG_SELECT_BOUNDS);
		if (capng_apply(CAPNG_SELECT_BOUNDS) < 0)
			return -EPERM;
		r = set_user(role);
	}
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	return r < 0 ? r : set_filter(role);
}
