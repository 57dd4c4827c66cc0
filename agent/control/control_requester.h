/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who asks: whoever the kernel says it was when it connected (SO_PEERCRED,
 * SO_PEERGROUPS: unix(7)). Root and the group sekisho-admin may change, sekisho-audit
 * may read.
 */
#ifndef AGENT_CONTROL_CONTROL_REQUESTER_H
#define AGENT_CONTROL_CONTROL_REQUESTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct control_setup;

/* For the record, too. */
struct requester {
	uid_t uid;
	gid_t gid;
	pid_t pid;			/* decoration only, never decided by */
	bool may_read, may_change;
	char name[64];			/* "uid 0" */
	uint64_t connection;		/* number of it; never given twice */
};

/* All of it but the number. 0 or negative errno: nobody that could be told. */
int control_requester(const struct control_setup *setup, int fd, struct requester *who);

#endif /* AGENT_CONTROL_CONTROL_REQUESTER_H */
