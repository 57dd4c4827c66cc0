/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where Sekisho keeps things: the system's folders, or all under --root. */
#ifndef AGENT_PATHS_H
#define AGENT_PATHS_H

#define PATHS_SIZE 1024

struct paths {
	char policy[PATHS_SIZE];	/* /etc/sekisho/policy.conf, never under the root */
	char state[PATHS_SIZE];		/* /var/lib/sekisho  or ROOT/lib */
	char log[PATHS_SIZE];		/* /var/log/sekisho  or ROOT/log */
	char run[PATHS_SIZE];		/* /run/sekisho      or ROOT/run */
	char socket[PATHS_SIZE];	/* control socket */
	char violations[PATHS_SIZE];	/* the record */
	char units[PATHS_SIZE];		/* /etc/systemd/system  or ROOT/units */
	char cgroups[PATHS_SIZE];	/* /sys/fs/cgroup/system.slice  or ROOT/cgroups */
};

/*
 * root NULL: the system. 0, -ENAMETOOLONG (also for the 107 bytes of sun_path), or
 * -EINVAL for an empty root or "/": those folders are other people's.
 */
int paths_init(struct paths *p, const char *root);

#endif /* AGENT_PATHS_H */
