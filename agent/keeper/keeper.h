/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper: the one process that keeps capabilities. It starts the others, gives
 * each its user and its descriptors, starts them again when they die, and
 * answers about ten requests (asroot_* in keeper_asks.c), every argument of
 * which it checks again. It parses no policy and reads no packet.
 */
#ifndef AGENT_KEEPER_H
#define AGENT_KEEPER_H

#include "agent/paths.h"

struct keeper_options {
	struct paths paths;
	const char *policy;	/* the file that start and SIGHUP load */
};

/*
 * Make the folders, open what needs privilege, start the processes and work until
 * SIGTERM or SIGINT. The rules stay in the kernel in any case. Returns the exit
 * status of the daemon; messages go to standard error (the journal).
 */
int keeper_run(const struct keeper_options *options);

#endif /* AGENT_KEEPER_H */
