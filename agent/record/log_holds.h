/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Legal holds: lines of the file "holds" beside the log (retention.h), set and released
 * by case number. Lines that people wrote themselves stay as they are.
 */
#ifndef AGENT_RECORD_LOG_HOLDS_H
#define AGENT_RECORD_LOG_HOLDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOLD_NAME_SIZE	65u
#define HOLDS_BYTES	65536u		/* of the whole file */

/* As it travels to the recorder. */
struct hold_order {
	char name[HOLD_NAME_SIZE];	/* of the case, NUL terminated */
	uint8_t release;		/* 0: hold from .. to; 1: release the case */
	int32_t from, to;		/* days as 20261122 */
};

/* One word of 1 to 64 bytes, UTF-8, nothing that is not shown, no '#'. */
bool hold_name_good(const char *name);

/* NULL, or what is wrong with it. */
const char *hold_order_check(const struct hold_order *o);

/*
 * The file as it is to be: *text is the caller's. 0; 1 when it is so already; -ENOENT: no
 * such case to release; -EFBIG: it would be too long; another negative errno.
 */
int log_holds_edit(int directory, const struct hold_order *o, char **text, size_t *length);

/*
 * Put the text in the place of the file, synced, in a thread of its own: the disk may take
 * its time. The text is taken over. done(arg, 0 or negative errno) is called from there.
 * 0, or -EBUSY while another one is at work, or a negative errno: nothing happens then.
 */
int log_holds_save(int directory, char *text, size_t length,
    void (*done)(void *arg, int error), void *arg);

#endif /* AGENT_RECORD_LOG_HOLDS_H */
