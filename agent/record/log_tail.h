/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the record ends: the number to continue from. */
#ifndef AGENT_RECORD_LOG_TAIL_H
#define AGENT_RECORD_LOG_TAIL_H

#include "agent/record/seal_key.h"

#include <stdint.h>

struct log_tail {
	uint64_t sequence;	/* of the last good line; 0: there is none */
	int64_t created_ns;	/* as that line says; 0: it does not */
	uint8_t hash[SEAL_SIZE];	/* as it says; zero: it is not sealed */
	int64_t written_ns;	/* when the file that holds it was last written */
};

/* Newest file first. 0 or negative errno. */
int log_tail_find(int directory, struct log_tail *out);

#endif /* AGENT_RECORD_LOG_TAIL_H */
