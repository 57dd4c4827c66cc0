/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_requester.h"

#include "agent/control/control.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#define MAX_GROUPS 1024

static bool
in_group(int fd, const struct ucred *cred, gid_t wanted)
{
	static gid_t groups[MAX_GROUPS];
	socklen_t size = sizeof(groups);

	if (wanted == (gid_t)-1)
		return false;
	if (cred->gid == wanted)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(groups[0]); i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

int
control_requester(const struct control_setup *setup, int fd, struct requester *who)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	*who = (struct requester){ .uid = cred.uid, .gid = cred.gid, .pid = cred.pid };
	who->may_change = cred.uid == 0 || in_group(fd, &cred, setup->admin_gid);
	who->may_read = who->may_change || in_group(fd, &cred, setup->audit_gid);
	snprintf(who->name, sizeof(who->name), "uid %u", (unsigned int)cred.uid);
	return 0;
}
