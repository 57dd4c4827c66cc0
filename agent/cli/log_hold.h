/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sekisho log hold, release: legal holds, by case. */
#ifndef AGENT_CLI_LOG_HOLD_H
#define AGENT_CLI_LOG_HOLD_H

#include "agent/cli/cli.h"

int cli_log_hold(int argc, char **argv, const struct cli *cli);
int cli_log_release(int argc, char **argv, const struct cli *cli);

/*
 * The days (20261122) of the first and last line of a case in the file of holds. False: it
 * has none there, or the file cannot be read.
 */
bool cli_log_hold_days(const struct cli *cli, const char *name, long *from, long *to);

#endif /* AGENT_CLI_LOG_HOLD_H */
