/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who each process is and what it may: users, capabilities (libcap-ng) and the
 * system calls it must never make (libseccomp). The table of processes is in
 * docs/tour.md.
 */
#ifndef AGENT_PRIVILEGE_H
#define AGENT_PRIVILEGE_H

#include <stdbool.h>
#include <sys/types.h>

enum privilege_role {
	ROLE_KEEPER = 0,	/* root, with the capabilities of its work */
	ROLE_LOADER,		/* root, may read any file, for one policy */
	ROLE_CONTROL,		/* user sekisho */
	ROLE_WATCHER,		/* user sekisho-watch */
	ROLE_RECORDER,		/* user sekisho-log */
	ROLE_COUNT
};

struct privilege_user {
	uid_t uid;
	gid_t gid;
	bool fallback;		/* the user does not exist here: nobody */
};

/* The user of a role; "nobody" where systemd-sysusers(8) has not made it. */
struct privilege_user privilege_user_of(enum privilege_role role);

/* Group id by name; (gid_t)-1 when there is none. */
gid_t privilege_group(const char *name);

/*
 * Become the role for good: user, no_new_privs, capabilities (bounding set
 * too), and the filter of system calls. 0 or a negative errno; the process
 * must not go on after a failure. When not started as root only no_new_privs
 * and the filter are set.
 */
int privilege_become(enum privilege_role role);

#endif /* AGENT_PRIVILEGE_H */
