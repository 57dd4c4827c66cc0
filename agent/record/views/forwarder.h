/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The forwarder process: tells the record to others, as the policy wants it. It reads
 * the log that the recorder writes and can do nothing to it; the recorder does not know
 * of it and never waits for it.
 *
 * Stage: violations.jsonl -> view -> syslog, CEF, journal, eve.json, Prometheus.
 */
#ifndef AGENT_RECORD_VIEWS_FORWARDER_H
#define AGENT_RECORD_VIEWS_FORWARDER_H

#include "agent/record/views/view.h"

struct beat;

struct forwarder_setup {
	struct view_folders folders;
	int control_fd;			/* of ipc_pair() */
	struct beat *beat;		/* NULL: nobody waits for a sign of life */
};

/*
 * Work until IPC_STOP, or until the other end has closed: then tell what is there yet, for
 * a second at most, save all places and return the exit status of the process.
 *
 * IPC_RECORD_POLICY says which views there are. IPC_VIEW_STATUS answers an array of
 * {"name", "sequence", "missed", "refused", "blocked", "error", "seconds"}; "error" is a
 * sentence, "" when all is well, "seconds" how long it has been so.
 */
int forwarder_run(const struct forwarder_setup *setup);

#endif /* AGENT_RECORD_VIEWS_FORWARDER_H */
