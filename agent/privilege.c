/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/privilege.h"

#include "agent/confine/confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What a system without nobody would call it; NFS and systemd agree on 65534. */
#define UID_NOBODY 65534

static const struct role {
	const char *user;		/* NULL: stays root */
	int caps[10];			/* ends with -1 */
} roles[ROLE_COUNT] = {
	/*
	 * SETUID, SETGID: to give children their users. SETPCAP: to empty the
	 * bounding set of children. KILL: a child that hangs is another user's.
	 * DAC_READ_SEARCH: only to pass it on to the loader, which must open what a
	 * policy includes, and knows of it only when it reads. PERFMON: only for the
	 * moment in which the tap's filter is loaded: without it kernels before 6.8
	 * refuse small stores beside a number they remember (is_spilled_scalar_reg
	 * in kernel/bpf/verifier.c), and all slow the filter down by barriers against
	 * speculation. The rest is its job: nf_tables, taps, filters.
	 */
	[ROLE_KEEPER] = { NULL, { CAP_NET_ADMIN, CAP_NET_RAW, CAP_SETUID, CAP_SETGID,
	    CAP_SETPCAP, CAP_KILL, CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH, -1 } },
	[ROLE_LOADER] = { NULL, { CAP_DAC_READ_SEARCH, -1 } },
	[ROLE_CONTROL] = { "sekisho", { -1 } },
	[ROLE_WATCHER] = { "sekisho-watch", { -1 } },
	[ROLE_RECORDER] = { "sekisho-log", { -1 } },
};

static struct privilege_user
look_up(enum privilege_role role)
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

int
privilege_become(enum privilege_role role, const struct privilege_needs *needs)
{
	bool root = geteuid() == 0;
	int r = 0, landlock;

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
	if (r < 0)
		return r;
	landlock = confine_files(role, needs);
	if (landlock < 0)
		return landlock;
	/* Last: the lists hold none of the calls above but where children need them. */
	r = confine_calls(role, needs);
	return r < 0 ? r : landlock;
}
