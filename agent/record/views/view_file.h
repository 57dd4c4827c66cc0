/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A view that is a file: one JSON object a line, of bounded size. Its last whole line
 * says what it holds, so that even after a kill no record is in it twice or missing.
 */
#ifndef AGENT_RECORD_VIEWS_VIEW_FILE_H
#define AGENT_RECORD_VIEWS_VIEW_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* Then it becomes NAME.1, and the one of that name goes. */
#define VIEW_FILE_BYTES (UINT64_C(64) << 20)

struct view_file {
	int folder;			/* borrowed */
	int fd;				/* -1: not open */
	const char *name, *word;	/* borrowed */
	uint64_t sequence;		/* of the last line, as it was found */
	uint64_t size;
	uint64_t limit;			/* VIEW_FILE_BYTES outside of tests */
	struct stat opened;
};

/*
 * Open or make it; half a line at its end is cut off. *sequence: the number behind the
 * word in its last line, 0 when there is none. 0 or negative errno.
 */
int view_file_begin(struct view_file *f, int folder, const char *name, const char *word,
    uint64_t *sequence);
void view_file_end(struct view_file *f);

/* All of it or nothing. 0 or negative errno. A file that was moved away is begun anew. */
int view_file_append(struct view_file *f, const char *bytes, size_t n);

/* A small file whole or not at all: written aside, renamed; everybody may read it. */
int view_file_replace(int folder, const char *name, const char *bytes, size_t n);

#endif /* AGENT_RECORD_VIEWS_VIEW_FILE_H */
