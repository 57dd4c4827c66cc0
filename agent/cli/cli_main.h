/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_CLI_CLI_MAIN_H
#define AGENT_CLI_CLI_MAIN_H

/* The whole command: common options, then the verb's row. Returns the exit code. */
int cli_main(int argc, char **argv);

#endif /* AGENT_CLI_CLI_MAIN_H */
