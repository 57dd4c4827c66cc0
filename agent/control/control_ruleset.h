/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ruleset that runs, and the one that should. */
#ifndef AGENT_CONTROL_CONTROL_RULESET_H
#define AGENT_CONTROL_CONTROL_RULESET_H

#include "rules/checked.h"
#include "rules/ruleset.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control;

/*
 * The running ruleset: as known while nobody has changed nf_tables since, else
 * read back. *read is what the caller must free. NULL: there is no table, or
 * one that is not ours to understand (it will be replaced, not followed). 0 or negative
 * errno.
 */
int control_running_ruleset(struct control *c, const struct ruleset **running,
    struct ruleset **read);

/* The ruleset of a policy as of now, with what is cut off; the caller owns it. */
struct ruleset *control_compile(const struct control *c, const struct checked *checked,
    const uint32_t *revoked, size_t n, struct diag *diag);

/* Flows are being judged again: somebody has to finish that. */
bool control_revoking(const struct control *c);

#endif /* AGENT_CONTROL_CONTROL_RULESET_H */
