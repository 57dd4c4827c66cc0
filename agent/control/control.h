/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control process: decides which policy runs. It checks and compiles,
 * asks the keeper to commit, hands the policy to the watcher, serves the
 * control socket, and writes every change into the record.
 */
#ifndef AGENT_CONTROL_CONTROL_H
#define AGENT_CONTROL_CONTROL_H

#include "agent/paths.h"

#include <sys/types.h>

struct beat;

struct control_setup {
	int listen_fd;		/* control socket, listening */
	int keeper_fd;		/* asks, see priv.h */
	int tell_fd;		/* what the keeper tells: IPC_RELOAD, _CHILD_DIED, _STOP */
	int watch_fd, record_fd, view_fd;
	int rtnl_fd, rtnl_events_fd;	/* to ask, and to hear of changes: rtnl.h */
	struct paths paths;
	const char *policy;	/* name of the policy file, for messages */
	gid_t audit_gid, admin_gid;	/* (gid_t)-1: no such group here */
	struct beat *beat;	/* the keeper waits for it; NULL: nobody does */
};

/* Apply the policy of the start, then serve until IPC_STOP. The exit status. */
int control_run(const struct control_setup *setup);

#endif /* AGENT_CONTROL_CONTROL_H */
