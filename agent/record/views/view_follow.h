/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One view's place in the log: by the number of the last record that it has, not by
 * files and offsets, so that rotation, packing and a restart change nothing.
 */
#ifndef AGENT_RECORD_VIEWS_VIEW_FOLLOW_H
#define AGENT_RECORD_VIEWS_VIEW_FOLLOW_H

#include "agent/record/views/view_record.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* 64 hexadecimal digits. */
#define VIEW_HASH_SIZE 65

struct view_cursor {
	uint64_t sequence;		/* of a record; 0: before the first */
	char hash[VIEW_HASH_SIZE];	/* its seal; "": it is not compared */
};

struct log_reader;

struct view_follow {
	int directory;			/* of the log; borrowed */
	struct log_reader *reader;	/* NULL: begin anew */
	struct view_cursor at;		/* the last record that was given out */
	bool placed;			/* the reader stands behind it */
	uint64_t missed;		/* numbers that were passed over: no such record any more */
	uint64_t bad;			/* lines that are no records */
	struct stat seen;		/* the log when it had no more */
	bool rested;
	struct view_record record;	/* the one given out */
};

void view_follow_begin(struct view_follow *f, int directory, const struct view_cursor *from);
void view_follow_end(struct view_follow *f);

/* Go back to a record that was given out before: what follows it comes again. */
void view_follow_back(struct view_follow *f, const struct view_cursor *to);

/*
 * The next record; it is the follower's, until the next call. 1; 0: none for now;
 * -EAGAIN: not yet, much had to be passed over, ask again; other negative errno.
 */
int view_follow_next(struct view_follow *f, const struct view_record **record);

/* Where the log ends: a view that is new begins there. */
int view_follow_end_of_log(int directory, struct view_cursor *out);

#endif /* AGENT_RECORD_VIEWS_VIEW_FOLLOW_H */
