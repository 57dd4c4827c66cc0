/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which closed file of the record has been kept long enough. A file holds records of
 * every kind, so it goes when it was closed longer ago than the kind that is kept
 * longest; never while a line of the file "holds" beside it says otherwise, and never by
 * a clock that nothing keeps right.
 *
 * holds: "CASE FROM TO" a line, days as 20261122; '#' begins a comment. A file is held
 * when a day of it lies within. What is no such line holds everything.
 */
#ifndef AGENT_RECORD_RETENTION_H
#define AGENT_RECORD_RETENTION_H

#include "agent/record/log_names.h"
#include "rules/record_rules.h"

#include <stdbool.h>
#include <stdint.h>

#define RETENTION_HOLDS	"holds"

struct retention_file {
	char name[LOG_NAME_SIZE];
	uint64_t number, first, last;	/* of the file; sequences in it */
	uint64_t bytes;			/* before it was packed */
	char hash[65];			/* of its last record, as the next file says */
	uint32_t days;			/* how long it was to be kept */
};

/* How long a file is kept; 0: for ever. */
uint32_t retention_days(const struct record_rules *rules);

/*
 * The oldest file that may go on this day (20261122). 1: *out is filled; 0: there is
 * none; negative errno: it cannot be found out, so nothing goes.
 */
int retention_find(int directory, const struct record_rules *rules, long today,
    struct retention_file *out);

/* Days from one to the other, both as 20261122; INT64_MIN when one is none. */
int64_t retention_between(long from, long to);

#endif /* AGENT_RECORD_RETENTION_H */
