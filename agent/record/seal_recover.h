/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * At the start: does the log go on where the saved state says it does? What stands
 * behind that must be what the state's keys would have sealed.
 */
#ifndef AGENT_RECORD_SEAL_RECOVER_H
#define AGENT_RECORD_SEAL_RECOVER_H

#include "agent/record/log_file.h"
#include "agent/record/seal.h"

#include <stdint.h>

enum seal_found {
	SEAL_BROKEN = 0,	/* no keys to go on with: a new series, and everybody is told */
	SEAL_FIRST,		/* neither log nor state: the first start */
	SEAL_GOOD,		/* it goes on in the same file */
	SEAL_CLOSED,		/* it goes on, and the file was closed in between */
	SEAL_CUT,		/* records are gone; the keys are not: it goes on in a new file */
};

enum seal_why {
	SEAL_WHY_NONE = 0,
	SEAL_WHY_NO_STATE,	/* BROKEN from here... */
	SEAL_WHY_BAD_STATE,
	SEAL_WHY_OLD_STATE,	/* put back from a copy: somebody else may hold its keys */
	SEAL_WHY_SHORT,		/* CUT from here: the file ends before the state does */
	SEAL_WHY_OTHER,		/* another file stands in its place */
	SEAL_WHY_GONE,		/* no file */
	SEAL_WHY_COUNT
};

struct seal_recovery {
	enum seal_found found;
	enum seal_why why;
	uint64_t state_sequence;	/* of the state, as it was saved */
	uint64_t beyond;		/* good records behind it */
	uint64_t set_aside;		/* bytes behind those, moved to LOG_TORN_NAME */
	uint64_t last_file;		/* BROKEN: number of the newest file that says one */
};

/*
 * Load the state and follow the log from there. On SEAL_GOOD, _CLOSED and _CUT the state
 * is that of the last good record. 0, or negative errno when the log cannot be read.
 */
int seal_recover(int directory, struct log_file *f, struct seal_state *s,
    struct seal_recovery *out);

/* What "broken" of a file's first record says. */
const char *seal_why_name(enum seal_why why);

#endif /* AGENT_RECORD_SEAL_RECOVER_H */
