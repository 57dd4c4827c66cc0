/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ruleset into the kernel, and the end of the flows that its policy denies. */
#ifndef AGENT_CONTROL_CONTROL_REVOKE_H
#define AGENT_CONTROL_CONTROL_REVOKE_H

#include "agent/control/control_flows.h"
#include "rules/checked.h"
#include "rules/ruleset.h"

#include <stdint.h>

struct control;
struct nft_refusal;

/*
 * Bring the kernel to a policy whose numbers are kept, and end the flows that it denies.
 * Takes the target. 0: done and compared; *cut says what became of them.
 */
int control_commit(struct control *c, const struct checked *checked,
    struct ruleset *target, struct control_cut *cut, struct nft_refusal *refusal);

/* How many flows the target would end; negative errno. */
int64_t control_count_cut(struct control *c, const struct checked *checked,
    const struct ruleset *running, const struct ruleset *target);

#endif /* AGENT_CONTROL_CONTROL_REVOKE_H */
