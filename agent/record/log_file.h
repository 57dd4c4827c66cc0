/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * violations.jsonl as a file of whole lines: a line is there with its newline
 * or not at all, whatever the disk, a crash or a rotation does.
 */
#ifndef AGENT_RECORD_LOG_FILE_H
#define AGENT_RECORD_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct log_file {
	int directory;		/* borrowed */
	int fd;			/* -1 when closed */
	bool torn;		/* ends inside a line; mended before the next */
	uint64_t set_aside;	/* bytes moved to LOG_TORN_NAME; the caller clears */
};

/*
 * Open or create (mode 0640) for appending; never through a symbolic link. A
 * torn last line is moved to LOG_TORN_NAME, now or, when the disk refuses, before
 * the next line. 0 or negative errno.
 */
int log_file_open(struct log_file *f, int directory);
void log_file_close(struct log_file *f);

/*
 * Append one line (its newline included) with one write(2). 0, or negative errno
 * and nothing of the line remains: what was written is cut off again.
 */
int log_file_append(struct log_file *f, const char *line, size_t length);

/* Set everything from this offset, the begin of a line, aside. 0 or negative errno. */
int log_file_cut(struct log_file *f, off_t start);

/* True when LOG_NAME is no longer this file: somebody renamed or removed it. */
bool log_file_moved(const struct log_file *f);

/*
 * After a rotation: open the new file, then let go of the old one; *old gets its
 * descriptor, the caller closes it. 1: a new file was begun; 0: it is still the
 * same one; negative errno: the old one stays in use.
 */
int log_file_reopen(struct log_file *f, int *old);

#endif /* AGENT_RECORD_LOG_FILE_H */
