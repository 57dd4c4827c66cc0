/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/privilege.h"

#include "agent/confine/confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What a system without nobody would call it; NFS and systemd agree on 65534. */
#define UID_NOBODY 65534

static const struct role {
	const char *user;
	bool or_root;			/* where that user is missing; or else nobody */
	int caps[8];			/* ends with -1 */
} roles[ROLE_COUNT] = {
	/*
	 * SETUID, SETGID: to give children their users (and no others: confine_calls.c).
	 * DAC_READ_SEARCH: only to pass it on to the loader, which must open what a
	 * policy includes, and knows of it only when it reads. PERFMON: only for the
	 * moment in which the tap's filter is loaded: without it kernels before 6.8
	 * refuse small stores beside a number they remember (is_spilled_scalar_reg
	 * in kernel/bpf/verifier.c), and all slow the filter down by barriers against
	 * speculation. The rest is its job: nf_tables, taps, filters, and the switches
	 * below /proc/sys/net (net_ctl_permissions in net/sysctl_net.c).
	 */
	[ROLE_KEEPER] = { "sekisho-keeper", true, { CAP_NET_ADMIN, CAP_NET_RAW, CAP_SETUID,
	    CAP_SETGID, CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH, -1 } },
	[ROLE_LOADER] = { "sekisho-keeper", true, { CAP_DAC_READ_SEARCH, -1 } },
	[ROLE_CONTROL] = { "sekisho", false, { -1 } },
	[ROLE_WATCHER] = { "sekisho-watch", false, { -1 } },
	[ROLE_RECORDER] = { "sekisho-log", false, { -1 } },
	[ROLE_FORWARDER] = { "sekisho-view", false, { -1 } },
	[ROLE_ALERTER] = { "sekisho-alert", false, { -1 } },
	/* To give the alerter its user; no more, and no input. */
	[ROLE_STARTER] = { "sekisho-keeper", true, { CAP_SETUID, CAP_SETGID, -1 } },
};

static struct privilege_user
look_up(enum privilege_role role)
{
	const struct passwd *pw = getpwnam(roles[role].user);

	/* Not nobody: whoever else is nobody here could end the keeper. */
	if (pw == NULL && roles[role].or_root)
		return (struct privilege_user){ .uid = 0, .gid = 0, .fallback = true };
	if (pw == NULL)
		return (struct privilege_user){ .uid = UID_NOBODY, .gid = UID_NOBODY,
		    .fallback = true };
	return (struct privilege_user){ .uid = pw->pw_uid,
	    .gid = role == ROLE_FORWARDER ? privilege_log_group() : pw->pw_gid };
}

struct privilege_user
privilege_user_of(enum privilege_role role)
{
	/* The keeper asks first; a child that it starts later inherits the answer. */
	static struct {
		bool known;
		struct privilege_user user;
	} users[ROLE_COUNT];

	if (!users[role].known)
		users[role].user = look_up(role);
	users[role].known = true;
	return users[role].user;
}

gid_t
privilege_group(const char *name)
{
	const struct group *gr = getgrnam(name);

	return gr != NULL ? gr->gr_gid : (gid_t)-1;
}

gid_t
privilege_log_group(void)
{
	gid_t audit = privilege_group("sekisho-audit");

	return audit != (gid_t)-1 ? audit : privilege_user_of(ROLE_RECORDER).gid;
}

bool
privilege_suffices(void)
{
	if (geteuid() == 0)
		return true;
	for (const int *cap = roles[ROLE_KEEPER].caps; *cap >= 0; cap++)
		if (!capng_have_capability(CAPNG_EFFECTIVE, (unsigned int)*cap))
			return false;
	return getuid() == privilege_user_of(ROLE_KEEPER).uid;
}

/* What programs it executes could have; it executes none. */
static int
empty_bounding_set(void)
{
	for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++) {
		int has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		/* Without CAP_SETPCAP (started by a service manager) it stays as it was set. */
		if (has > 0 && capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) &&
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	}
	return 0;
}

static int
set_user(const struct privilege_user *u)
{
	/* Root that becomes another would lose all; what is kept too long goes below. */
	if (u->uid != 0 && geteuid() == 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -errno;
	if (setgroups(0, NULL) < 0 || setresgid(u->gid, u->gid, u->gid) < 0 ||
	    setresuid(u->uid, u->uid, u->uid) < 0)
		return -errno;
	return 0;
}

/* These and no others, in none but the permitted and the effective set. */
static int
set_capabilities(const struct role *role)
{
	/* The library remembers who asked first: after a raw clone(2) that is the parent. */
	capng_setpid(getpid());
	capng_clear(CAPNG_SELECT_CAPS);
	for (const int *cap = role->caps; *cap >= 0; cap++)
		if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
		    (unsigned int)*cap) < 0)
			return -EINVAL;
	return capng_apply(CAPNG_SELECT_CAPS) == 0 ? 0 : -EPERM;
}

int
privilege_become(enum privilege_role role, const struct privilege_needs *needs)
{
	struct privilege_user u = privilege_user_of(role);
	int r, landlock;

	/* In this order: emptying the bounding set needs CAP_SETPCAP, a user CAP_SETUID. */
	r = empty_bounding_set();
	if (r == 0)
		r = set_user(&u);
	if (r == 0)
		r = set_capabilities(&roles[role]);
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	if (r < 0)
		return r;
	landlock = confine_files(role, needs);
	if (landlock < 0)
		return landlock;
	/* Last: the lists hold none of the calls above but where children need them. */
	r = confine_calls(role, needs);
	return r < 0 ? r : landlock;
}

int
privilege_signal(enum privilege_role role, pid_t pid, int number)
{
	const uid_t same = (uid_t)-1;
	uid_t own = geteuid();
	int r;

	/* Of the real user too: a child that has not become its role yet is still us. */
	if (setresuid(same, privilege_user_of(role).uid, same) < 0)
		return -errno;
	r = kill(pid, number) < 0 ? -errno : 0;
	/* The saved user is ours: this cannot fail; to go on as another would be wrong. */
	if (setresuid(same, own, same) < 0)
		abort();
	return r;
}

int
privilege_shut_in(void)
{
	return confine_signals();
}
