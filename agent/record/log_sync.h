/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fdatasync(2) and then the key state beside the loop: a thread of its own, at most once a second, so
 * that a slow disk delays neither records nor answers.
 */
#ifndef AGENT_RECORD_LOG_SYNC_H
#define AGENT_RECORD_LOG_SYNC_H

#include "agent/record/seal.h"

#include <stdbool.h>

struct log_sync;

/* All signals stay blocked in the thread; the directory is borrowed. NULL with errno. */
struct log_sync *log_sync_new(int directory);

/* Sync what is written and stop the thread. Accepts NULL. Takes as long as the disk. */
void log_sync_free(struct log_sync *s);

/*
 * Sync this file soon, then save the state that goes with what is written by now: it may
 * lag behind the log, never lead. A duplicate of both is kept. A new file must have been opened
 * before the last one was closed: the numbers tell them apart. 0 or negative
 * errno, -EAGAIN when too many rotated files wait for a stuck disk.
 */
int log_sync_request(struct log_sync *s, int fd, const struct seal_state *state);

/* One more file may be closed: its successor will be taken too, and none goes unsynced. */
bool log_sync_has_room(struct log_sync *s);

/*
 * Errno of a sync that failed since the last call, 0 for none. The kernel marks
 * failed pages clean, so a later success proves nothing about them: never retried. No
 * state of a file whose sync failed is saved any more: the caller begins a new one.
 */
int log_sync_failed(struct log_sync *s);

#endif /* AGENT_RECORD_LOG_SYNC_H */
