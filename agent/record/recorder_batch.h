/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Violations of one turn of the recorder's loop, written by one call: a call for each costs as
 * much as the seal. Each line is sealed by itself, as ever. Until they stand in the file the
 * seal's state of before is kept, and comes back when they cannot be written: then all of
 * them are lost, counted, and their numbers and keys are not used up.
 *
 * Nothing is held over a turn, and any other record comes behind what is held.
 */
#ifndef AGENT_RECORD_RECORDER_BATCH_H
#define AGENT_RECORD_RECORDER_BATCH_H

#include "agent/record/event.h"
#include "agent/record/record_json.h"

#include <stdbool.h>
#include <stddef.h>

#define BATCH_LINES 16u

struct recorder_batch;
struct recorder_writer;

/* NULL: no memory; then each line is written by itself. */
struct recorder_batch *recorder_batch_new(void);
void recorder_batch_free(struct recorder_batch *b);	/* accepts NULL */

/* From here on violations may be held, until the end, which writes them. */
void recorder_batch_begin(struct recorder_writer *w);
void recorder_batch_end(struct recorder_writer *w);

/* Write what is held. 0, or negative errno and it is counted as lost. */
int recorder_batch_write(struct recorder_writer *w);

/* True: this one may be held, and there is room. */
bool recorder_batch_takes(const struct recorder_writer *w, const struct event *e);
/* A line before it is sealed in the writer's state: that of before may be needed again. */
void recorder_batch_hold(struct recorder_writer *w, const struct event *e, const char *line,
    size_t length, size_t unsealed);

#endif /* AGENT_RECORD_RECORDER_BATCH_H */
