/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of the road from a policy to the kernel, for a change and for whoever puts back
 * what is in force: the kernel holds it, packets pass, the watcher watches.
 */
#ifndef AGENT_CONTROL_CONTROL_RESTORE_H
#define AGENT_CONTROL_CONTROL_RESTORE_H

#include "rules/checked.h"
#include "rules/ruleset.h"

#include <stdbool.h>

struct control;
struct nft_refusal;

/*
 * 0 when the kernel holds the target, compared. Else a negative errno, and forwarding is off
 * where no table is left. Takes the target in any case.
 */
int control_enforce(struct control *c, const struct checked *checked, struct ruleset *target,
    bool *changed, struct nft_refusal *refusal);

/* The gate stands: let packets through it, and watch. What fails is tried again later. */
void control_let_through(struct control *c);

/* The policy in force to the watcher, once more; what went wrong is added to the problem. */
int control_watch_again(struct control *c);

/*
 * Put the policy in force, if any, into the kernel again, let packets through it, and watch.
 * *changed: the kernel held something else. 0 or negative errno.
 */
int control_restore(struct control *c, bool *changed);

/* The table alone, as it should be now. 0 or negative errno. */
int control_rewrite(struct control *c);

#endif /* AGENT_CONTROL_CONTROL_RESTORE_H */
