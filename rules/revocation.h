/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which running flows a new policy may deny, told by their ct marks (pair and
 * permit). More than it does is no harm, less would be: each flow of these marks is
 * judged again by itself (rules/compile_rejudge.c, rules/classifier_flow.h).
 */
#ifndef RULES_REVOCATION_H
#define RULES_REVOCATION_H

#include "rules/ruleset.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The marks that "running" opens flows with and that "target" does not give to all
 * of the same packets; with those that were still being judged again when "running"
 * was put in force. Ascending, no two alike; the caller frees *marks. Both sorted.
 * 0 or -ENOMEM.
 */
int revocation_marks(const struct ruleset *running, const struct ruleset *target,
    uint32_t **marks, size_t *n);

#endif /* RULES_REVOCATION_H */
