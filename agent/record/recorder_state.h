/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the recorder knew last, in a file of fixed size beside the log: it can be
 * rewritten on a full disk, and a log that ends before it has lost its end.
 */
#ifndef AGENT_RECORD_RECORDER_STATE_H
#define AGENT_RECORD_RECORDER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#define RECORDER_STATE_NAME "recorder.state"

struct recorder_state {
	uint64_t sequence;	/* of the last record written */
	uint64_t lost;		/* records not written and not yet reported */
	int64_t alive_ns;	/* CLOCK_REALTIME: it worked until here at least */
	bool clean;		/* it ended by its own will */
	uint64_t file;		/* number of the file that was written */
};

/*
 * Open or create; *found says whether it held a state (else *out is cleared).
 * Returns the descriptor or negative errno.
 */
int recorder_state_open(int directory, struct recorder_state *out, bool *found);

/* 0 or negative errno. */
int recorder_state_write(int fd, const struct recorder_state *state);

#endif /* AGENT_RECORD_RECORDER_STATE_H */
