/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of the state folder, written in a thread: for what is kept again and again, so that
 * a disk that is stuck stops no loop. What a person waits for is written by state_file_write().
 */
#ifndef AGENT_STATE_LATER_H
#define AGENT_STATE_LATER_H

#include <stddef.h>

struct state_later;

/* NULL: no memory. */
struct state_later *state_later_new(void);

/*
 * Begin to replace the file (state_file.h). The folder and the name are borrowed and must
 * outlive the writing; the bytes, of malloc(3), are its own from here on, also when it fails.
 * 0, then *before says how the writing before this one ended (0 also when there was none);
 * -EBUSY: that one still waits for the disk; another negative errno: no thread.
 */
int state_later_write(struct state_later *l, int folder, const char *name, char *bytes,
    size_t length, int *before);

/* Accepts NULL. Waits for no disk: what is being written then is finished or lost whole. */
void state_later_free(struct state_later *l);

#endif /* AGENT_STATE_LATER_H */
