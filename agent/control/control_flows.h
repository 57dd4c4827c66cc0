/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running flows, judged by a policy: listed and changed through the keeper, chosen by
 * their marks. What the policy denies is ended; what it permits otherwise is marked anew.
 */
#ifndef AGENT_CONTROL_CONTROL_FLOWS_H
#define AGENT_CONTROL_CONTROL_FLOWS_H

#include "rules/checked.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control;

/* What became of a change. */
struct control_cut {
	bool changed;			/* the kernel's ruleset */
	uint64_t flows;			/* that ended */
	char problem[320];		/* "" or why some may run on, refused by the gate */
};

/*
 * End what the policy denies among the flows of these marks; n 0: among all. 0 or negative
 * errno with a sentence in cut->problem.
 */
int control_flows_cut(struct control *c, const struct checked *checked,
    const uint32_t *marks, size_t n, struct control_cut *cut);

/* How many that would be; negative errno. */
int64_t control_flows_count(struct control *c, const struct checked *checked,
    const uint32_t *marks, size_t n);

#endif /* AGENT_CONTROL_CONTROL_FLOWS_H */
