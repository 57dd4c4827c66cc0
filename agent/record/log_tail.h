/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the record ends: the number to continue from. */
#ifndef AGENT_RECORD_LOG_TAIL_H
#define AGENT_RECORD_LOG_TAIL_H

#include <stdint.h>

struct log_tail {
	uint64_t sequence;	/* of the last good line; 0: there is none */
	int64_t written_ns;	/* when the file that holds it was last written */
};

/* Newest file first. 0 or negative errno. */
int log_tail_find(int directory, struct log_tail *out);

#endif /* AGENT_RECORD_LOG_TAIL_H */
