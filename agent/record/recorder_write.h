/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writing half of the recorder: numbers, loss and recovery. No socket and
 * no loop, so that it can be read and tested on its own.
 */
#ifndef AGENT_RECORD_RECORDER_WRITE_H
#define AGENT_RECORD_RECORDER_WRITE_H

#include "agent/record/event.h"
#include "agent/record/log_file.h"
#include "agent/record/log_sync.h"
#include "agent/record/recorder_state.h"
#include "rules/message.h"

#include <stdbool.h>
#include <stdint.h>

struct recorder_writer {
	int directory;			/* borrowed */
	const char *hostname, *version;	/* borrowed */
	char boot[40];
	uint64_t reserve_bytes;
	struct log_file file;
	struct log_sync *sync;
	int state_fd;
	struct recorder_state state;	/* .sequence and .lost are the running ones */
	int lost_error;			/* errno behind the latest loss */
	int64_t lost_since_ns;
	bool low_space, reopen_failed;
	uint64_t free_bytes;
	uint64_t written, lost_total;	/* since the start */
	int sync_error;			/* errno of the latest failed sync */
	int64_t synced_ns;		/* until then no sync had failed */
};

/*
 * Open the log in this directory, mend it, continue its numbers and write the
 * records about how the last run ended. 0 or negative errno.
 */
int recorder_writer_open(struct recorder_writer *w);

/*
 * Sync and close. "told": after a last record; an end that nobody asked for has none,
 * so that the next start tells of the gap.
 */
void recorder_writer_close(struct recorder_writer *w, bool told);

/*
 * Write one event, after a record of the loss if there was one. An event that
 * cannot be written is counted. "reserved": may use the last free bytes.
 */
void recorder_writer_event(struct recorder_writer *w, const struct event *e,
    const char *sender, bool reserved);

/*
 * A record of the recorder itself: EVENT_GAP (from since_ns on) or EVENT_LIFE
 * (since_ns is ignored), the sentence by its row and arguments.
 */
void recorder_writer_own(struct recorder_writer *w, enum event_kind kind,
    int64_t since_ns, uint64_t lost, enum message_id id, ...);

/* Begin the new file after a rotation. */
void recorder_writer_reopen(struct recorder_writer *w);

/* Once a second: report losses, look at the disk, save the state. */
void recorder_writer_tick(struct recorder_writer *w);

int64_t recorder_now_ns(void);

#endif /* AGENT_RECORD_RECORDER_WRITE_H */
