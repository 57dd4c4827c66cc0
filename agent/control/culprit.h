/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who did it: what can still be known of a process that the kernel named. */
#ifndef AGENT_CONTROL_CULPRIT_H
#define AGENT_CONTROL_CULPRIT_H

#include <stddef.h>
#include <stdint.h>

struct culprit {
	char who[64];		/* "nft, pid 7, uid 0"; "unknown" */
	char command[128];	/* its command line; "" when it is gone, as it mostly is soon */
};

/*
 * name: as the kernel told it (TASK_COMM_LEN, hostile). /proc is believed only where
 * the process of this pid still has this name.
 */
void culprit_describe(uint32_t pid, const char name[16], struct culprit *out);

#endif /* AGENT_CONTROL_CULPRIT_H */
