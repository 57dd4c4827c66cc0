/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan for people: what changes, pair of zones by pair of zones. */
#ifndef AGENT_CLI_PLAN_WORDS_H
#define AGENT_CLI_PLAN_WORDS_H

#include "agent/cli/cli.h"
#include "rules/policy_diff.h"

/* The keys of agent/plan_json.h, and "flows_cut" where it is there. */
void plan_words(const struct cli *cli, const json_t *answer);

/* What a change of a permit is called; before: POLICY_MOVED in front of the other one. */
enum message_id plan_change_words(enum policy_change change, bool before);

#endif /* AGENT_CLI_PLAN_WORDS_H */
