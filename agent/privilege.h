/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who each process is and what it may: users, capabilities (libcap-ng), the
 * system calls it may make (libseccomp) and the files it may reach (Landlock).
 * The table of processes is in docs/tour.md.
 */
#ifndef AGENT_PRIVILEGE_H
#define AGENT_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum privilege_role {
	ROLE_KEEPER = 0,	/* user sekisho-keeper, with the capabilities of its work */
	ROLE_LOADER,		/* the same user, may read any file, for one policy */
	ROLE_CONTROL,		/* user sekisho */
	ROLE_WATCHER,		/* user sekisho-watch */
	ROLE_RECORDER,		/* user sekisho-log */
	ROLE_FORWARDER,		/* user sekisho-view */
	ROLE_ALERTER,		/* user sekisho-alert: may execute hooks */
	ROLE_STARTER,		/* the keeper's user, starts alerters when the keeper itself no longer can */
	ROLE_COUNT
};

struct privilege_user {
	uid_t uid;
	gid_t gid;
	bool fallback;		/* the user does not exist here: nobody, the keeper root */
};

/* What a role works with and the lists must know; cleared: nothing of the kind. */
struct privilege_needs {
	const char *folders[5];		/* may be written to; NULL behind the last */
	const char *reads;		/* a folder that may be read; NULL: none */
	const int *send_fds;		/* the watcher's: messages go through these alone, */
	size_t n_send_fds;
	int ask_fd;			/* and questions to the kernel through this one; 0: none */
};

/*
 * The user of a role; where systemd-sysusers(8) has not made it "nobody", of the keeper
 * and its loader root. Looked up once: a confined process can no longer ask.
 */
struct privilege_user privilege_user_of(enum privilege_role role);

/* Group id by name; (gid_t)-1 when there is none. Not for a confined process. */
gid_t privilege_group(const char *name);

/* Who may read the log; the forwarder's own group, too. Not for a confined process. */
gid_t privilege_log_group(void);

/* Root, or the keeper's user with all that the keeper needs: the daemon can start. */
bool privilege_suffices(void);

/*
 * Become the role for good: user, no_new_privs, capabilities (bounding set
 * too), files and system calls. Returns the version of Landlock's interface that
 * holds the files, 0 where this kernel has none, or a negative errno: the process
 * must not go on then.
 */
int privilege_become(enum privilege_role role, const struct privilege_needs *needs);

/*
 * Send SIGTERM or SIGKILL to a child of the caller that is to become, or has become, the
 * role; as the user that may, for that moment: CAP_KILL would reach every process of the
 * machine. 0 or negative errno.
 */
int privilege_signal(enum privilege_role role, pid_t pid, int number);

/*
 * From now on no signal of this process, nor of what it starts, reaches anybody else
 * (Landlock from version 6 on; without it the user's own processes are reached).
 * 0 or negative errno. Needs no_new_privs.
 */
int privilege_shut_in(void);

#endif /* AGENT_PRIVILEGE_H */
