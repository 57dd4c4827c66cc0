/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commit-confirm. The dead-man is armed on the disk before the kernel is touched; who
 * does not confirm, from another connection than the one that applied, gets the policy
 * before it back, whatever died in between. While going back fails nothing is forwarded.
 */
#ifndef AGENT_CONTROL_CONTROL_CONFIRM_H
#define AGENT_CONTROL_CONTROL_CONFIRM_H

#include "agent/control/control_change.h"
#include "agent/control/control_pending.h"

#include <systemd/sd-event.h>

struct confirm {
	struct pending pending;		/* serial 0: nothing waits */
	uint64_t connection;		/* that applied it, within this process */
	char session[128];		/* and its SSH_CONNECTION */
	sd_event_source *timer;
	bool stuck;			/* going back failed: closed until it works */
	unsigned int tries;
};

/* Before the kernel is touched. NULL: armed; else the refusal, nothing armed. */
json_t *control_confirm_arm(struct control *c, const struct change_request *q,
    uint32_t serial);
/* The kernel took it: from now on a restart goes on waiting. */
void control_confirm_applied(struct control *c);
/* It ended otherwise: refused by the kernel, or something newer is in force. */
void control_confirm_disarm(struct control *c);

/* The verb: make what waits (serial; 0: whatever waits) the one that a start loads. */
json_t *control_confirm(struct control *c, const struct change_request *q, uint32_t serial);

/*
 * Bring back what ran before, now; q says who wants it, what why. 0, or a negative
 * errno: closed, and tried again.
 */
int control_confirm_revert(struct control *c, const struct change_request *q,
    const char *what);

/* A pending one that a restart found is still to wait: arm its timer again. */
int control_confirm_rearm(struct control *c, const struct pending *p);

/* {"serial", "target", "seconds_left", "actor" ...}; null when nothing waits. */
json_t *control_confirm_json(const struct control *c);

#endif /* AGENT_CONTROL_CONTROL_CONFIRM_H */
