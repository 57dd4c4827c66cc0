/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of the state folder, written in a thread: for what is kept again and again, so that
 * a disk that is stuck stops no loop. What a person waits for is written by state_file_write().
 */
#ifndef AGENT_STATE_LATER_H
#define AGENT_STATE_LATER_H

#include <stddef.h>

struct state_later;

/* The folder and the name are borrowed and must outlive the last writing. NULL: no memory. */
struct state_later *state_later_new(int folder, const char *name);

/*
 * Replace the file (state_file.h) soon; of what waits for the disk only the newest is written.
 * The bytes, of malloc(3), are its own from here on, also when it fails. *before: how the last
 * writing that is over ended (0 also when there was none). 0; -EBUSY: it waits behind one that the
 * disk still has; another negative errno: no thread, and it is lost.
 */
int state_later_write(struct state_later *l, char *bytes, size_t length, int *before);

/* Accepts NULL. Waits for no disk: what is being written then is finished or lost whole. */
void state_later_free(struct state_later *l);

#endif /* AGENT_STATE_LATER_H */
