/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a file of the record is full, and what it is called then:
 * violations-YYYYMMDD-NNN.jsonl, by the day here on which it was closed. The names of
 * files in their order never go back, whatever the clock does.
 */
#ifndef AGENT_RECORD_LOG_ROTATE_H
#define AGENT_RECORD_LOG_ROTATE_H

#include "agent/record/log_names.h"

#include <stdbool.h>
#include <stdint.h>

#define LOG_ROTATE_SIZE	(UINT64_C(64) << 20)

struct log_rotate {
	uint64_t size;		/* bytes; 0: no limit */
	bool daily;		/* at midnight here */
	long day;		/* on which the file in use was begun */
};

/* The day here, as a number that grows: 20261122. */
long log_rotate_day(int64_t now_ns);

/* Is it time? "bytes" is the size of the file. */
bool log_rotate_due(const struct log_rotate *r, uint64_t bytes, int64_t now_ns);

/* Give LOG_NAME the next name of a closed file; never over another file. 0 or negative errno. */
int log_rotate_close(int directory, int64_t now_ns, char name[LOG_NAME_SIZE]);

#endif /* AGENT_RECORD_LOG_ROTATE_H */
