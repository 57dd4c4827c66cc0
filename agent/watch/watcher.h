/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watcher process: rings and NFLOG in, violations out. It owns no file and
 * opens no socket; everything it needs is handed to it here.
 */
#ifndef AGENT_WATCH_WATCHER_H
#define AGENT_WATCH_WATCHER_H

#include "kernel-helpers/link.h"
#include "kernel-helpers/softnet.h"
#include "kernel-helpers/tap.h"
#include "rules/address.h"

#include <stdbool.h>
#include <stddef.h>

struct beat;
struct canary_key;
struct canary_page;
struct watch_opening;

/* Flows that may be answered, as the connection table had them once the taps saw. */
struct watcher_seed {
	struct watch_opening *openings;
	size_t n;
	char why[80];			/* "": these are all; else why some may be missing */
};

struct watcher_setup {
	struct tap_set *taps;		/* opened while there was privilege; taken over */
	int nflog_fd;			/* COMPILE_LOG_GROUP; -1: the gate is not heard */
	int control_fd;			/* IPC_WATCH_*, IPC_STOP */
	int recorder_fd;		/* IPC_RECORD_EVENT */
	int packets_fd;			/* IPC_RECORD_PACKET; 0: no packet is handed on */
	const char *policy_text;	/* as policy_print() wrote it */
	size_t policy_length;
	const struct ip_addr *own;	/* the gateway's addresses */
	size_t n_own;
	int link_fd;			/* link_open(); -1: interfaces are not looked at */
	struct softnet *softnet;	/* opened */
	struct watcher_seed *seed;	/* its openings are taken over, freed early */
	struct beat *beat;		/* NULL: nobody waits for a sign of life */
	const struct canary_key *canary_key;
	const struct canary_page *canaries;	/* which of them were sent, */
	int canary_fd;			/* by whom hears at this end that they are wanted */
	int64_t settle_ns;		/* so long it does not end for WATCHER_REOPEN */
};

/*
 * Exit status: an interface is there that is not tapped, and taps can only be
 * opened by a process that has the right to.
 */
#define WATCHER_REOPEN 75	/* EX_TEMPFAIL of sysexits(3) */

/*
 * Work until IPC_STOP or until control_fd closes; then drain the rings, write
 * every open violation as final and return the exit status of the process.
 */
int watcher_run(const struct watcher_setup *setup);

#endif /* AGENT_WATCH_WATCHER_H */
