/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a change leaves in the state folder, in the order that a crash at any point leaves
 * either the old policy or the new one for the next start: kept, then applied, then
 * made the one that a start loads.
 */
#ifndef AGENT_CONTROL_CONTROL_KEEP_H
#define AGENT_CONTROL_CONTROL_KEEP_H

#include "agent/control/control_change.h"
#include "rules/checked.h"

/*
 * Before the kernel is touched: keep the policy and arm the dead-man, if asked for. NULL
 * and *serial: go on (0: it cannot be kept, and this is the first start, which goes on
 * without). Else the refusal, and everything is as it was.
 */
json_t *control_keep_begin(struct control *c, const struct checked *checked,
    const struct change_request *q, uint32_t *serial);

/* The kernel refused it. */
void control_keep_failed(struct control *c, uint32_t serial);

/*
 * It is in force (c->serial). 0; or a negative errno: it could not be made the one
 * that a start loads, so the one before must come back.
 */
int control_keep_done(struct control *c, const struct change_request *q);

/* The kept text, parsed; NULL after *error got a negative errno. */
struct policy *control_keep_load(struct control *c, uint32_t serial, int *error);

/* {"ok", "versions": [...], "boot", "running", "pending"} */
json_t *control_history(struct control *c);

#endif /* AGENT_CONTROL_CONTROL_KEEP_H */
