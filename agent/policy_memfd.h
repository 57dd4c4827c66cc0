/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_POLICY_MEMFD_H
#define AGENT_POLICY_MEMFD_H

#include "rules/policy.h"

/*
 * The policy printed with its origins into a sealed memfd, ready to be handed
 * to the daemon. Negative errno; the caller closes it.
 */
int policy_memfd(const struct policy *policy);
/* With a text behind it, and a NUL between them; NULL: nothing. */
int policy_memfd_with(const struct policy *policy, const char *behind);

#endif /* AGENT_POLICY_MEMFD_H */
