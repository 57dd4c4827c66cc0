/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cut-offs that stand, for people: whatever else is shown, nobody overlooks them. */
#ifndef AGENT_CLI_CUTOFF_LINES_H
#define AGENT_CLI_CUTOFF_LINES_H

#include "agent/cli/cli.h"

/* One line each; nothing for an empty list. */
void cutoff_lines_say(const struct cli *cli, const json_t *list);

/* The interfaces that one of them has taken down. */
void cutoff_lines_say_down(const struct cli *cli, const json_t *order);

#endif /* AGENT_CLI_CUTOFF_LINES_H */
