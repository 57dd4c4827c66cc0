/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan for people: what changes, pair of zones by pair of zones. */
#ifndef AGENT_CLI_PLAN_WORDS_H
#define AGENT_CLI_PLAN_WORDS_H

#include "agent/cli/cli.h"

/* The keys of agent/plan_json.h, and "flows_cut" where it is there. */
void plan_words(const struct cli *cli, const json_t *answer);

#endif /* AGENT_CLI_PLAN_WORDS_H */
