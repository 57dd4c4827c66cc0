/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/log_reader.h"

#include "agent/record/log_names.h"
#include "agent/record/log_pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Far above RECORD_LINE_MAX: other versions' lines are still read. */
#define LINE_BYTES (64u << 10)

struct log_reader {
	int directory;
	int fd;				/* -1: no file is open */
	struct stat opened;		/* which file that is, by device and inode */
	char name[LOG_NAME_SIZE];
	unsigned long line;
	size_t skipped;
	char error[JSON_ERROR_TEXT_LENGTH];
	bool overlong;			/* inside a line that does not fit */
	bool partial;			/* began inside a line: drop its rest */
	size_t start, end;		/* unread bytes of the buffer */
	char buffer[LINE_BYTES];
};

struct log_reader *
log_reader_open(const char *directory)
{
	struct log_reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->fd = -1;
	r->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->directory < 0) {
		free(r);
		return NULL;
	}
	return r;
}

static void
close_file(struct log_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	r->start = r->end = 0;
	r->overlong = r->partial = false;
}

void
log_reader_close(struct log_reader *r)
{
	if (r == NULL)
		return;
	close_file(r);
	close(r->directory);
	free(r);
}

static int
open_file(struct log_reader *r, const char *name)
{
	close_file(r);
	r->fd =
	    openat(r->directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (r->fd < 0)
		return -errno;
	if (fstat(r->fd, &r->opened) < 0)
		return -errno;
	if (log_pack_named(name)) {
		r->fd = log_unpack_file(r->fd);
		if (r->fd < 0)
			return r->fd;
	}
	memcpy(r->name, name, LOG_NAME_SIZE);
	r->line = 0;
	return 0;
}

/* Place of the open file among the names; count when it is not there (any more). */
static size_t
place_of(const struct log_reader *r, const struct log_names *names)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		struct stat st;

		if (fstatat(r->directory, names->names[i], &st, 0) == 0 &&
		    st.st_dev == r->opened.st_dev && st.st_ino == r->opened.st_ino)
			break;
	}
	return i;
}

/*
 * The file that holds the byte so many before the end of the last one, and the offset
 * there; the oldest from its beginning when all of them hold less. Needs one name.
 */
static size_t
place_before_end(const struct log_reader *r, const struct log_names *names, size_t bytes,
    off_t *offset)
{
	size_t i = names->count;

	*offset = 0;
	while (i-- > 0) {
		struct stat st;

		if (fstatat(r->directory, names->names[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if ((uintmax_t)st.st_size > bytes) {
			*offset = st.st_size - (off_t)bytes;
			return i;
		}
		bytes -= (size_t)st.st_size;
	}
	return 0;
}

int
log_reader_begin_recent(struct log_reader *r, size_t bytes)
{
	struct log_names names;
	off_t offset;
	int e = log_names_list(r->directory, &names);

	if (e < 0)
		return e;
	if (names.count > 0) {
		e = open_file(r, names.names[place_before_end(r, &names, bytes, &offset)]);
		/* From the byte before: when that ends a line, no line is lost. */
		if (e == 0 && offset > 0 && lseek(r->fd, offset - 1, SEEK_SET) < 0)
			e = -errno;
		r->partial = e == 0 && offset > 0;
	}
	log_names_free(&names);
	return e < 0 ? e : 0;
}

/* True when there is nothing to read in it yet. */
static bool
is_empty(const struct log_reader *r, const char *name)
{
	struct stat st;

	return fstatat(r->directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	       st.st_size == 0;
}

/* 1: name[] is the file after the open one; 0: there is none; negative errno. */
static int
next_name(struct log_reader *r, char name[LOG_NAME_SIZE])
{
	struct log_names names;
	size_t next = 0;
	int e = log_names_list(r->directory, &names);

	if (e < 0)
		return e;
	r->skipped = names.compressed;
	if (r->fd >= 0) {
		next = place_of(r, &names) + 1;
		/* Our file is gone: only the current one is surely new. */
		if (next > names.count)
			next = names.count - (names.count > 0);
	}
	if (next < names.count)
		memcpy(name, names.names[next], LOG_NAME_SIZE);
	e = next < names.count;
	log_names_free(&names);
	return e;
}

/* More bytes of the open file. 1, 0 at its end, negative errno. */
static int
fill(struct log_reader *r)
{
	struct stat st;
	ssize_t n;

	if (r->fd < 0)
		return 0;
	if (r->start > 0) {
		memmove(r->buffer, r->buffer + r->start, r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	if (r->end == sizeof(r->buffer)) {
		r->overlong = true;
		r->end = 0;
	}
	n = read(r->fd, r->buffer + r->end, sizeof(r->buffer) - r->end);
	if (n < 0)
		return -errno;
	r->end += (size_t)n;
	if (n > 0)
		return 1;
	/* Cut short under us ("copytruncate"): what comes now begins at 0. */
	if (fstat(r->fd, &st) == 0 && lseek(r->fd, 0, SEEK_CUR) > st.st_size) {
		lseek(r->fd, 0, SEEK_SET);
		r->start = r->end = 0;
		r->line = 0;
		return st.st_size > 0 ? 1 : 0;
	}
	return 0;
}

static int
bad(struct log_reader *r, const char *why)
{
	snprintf(r->error, sizeof(r->error), "%s", why);
	return LOG_READ_BAD;
}

static int
parse(struct log_reader *r, const char *line, size_t length, json_t **record)
{
	json_error_t error;

	r->line++;
	if (r->overlong) {
		r->overlong = false;
		return bad(r, "line too long");
	}
	*record = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
	if (*record == NULL)
		return bad(r, error.text);
	if (json_is_object(*record))
		return LOG_READ_RECORD;
	json_decref(*record);
	*record = NULL;
	return bad(r, "not an object");
}

/*
 * At the end of a file. The recorder writes to a renamed file until it has begun
 * the new one, so the old one is left only once the new one holds something,
 * and after one more look into the old. enum log_read, -EAGAIN: go on reading.
 */
static int
leave_file(struct log_reader *r)
{
	char name[LOG_NAME_SIZE];
	int e = next_name(r, name);

	if (e <= 0)
		return e;
	if (r->fd >= 0 && strcmp(name, LOG_NAME) == 0 && is_empty(r, name))
		return LOG_READ_END;
	e = fill(r);
	if (e != 0)
		return e < 0 ? e : -EAGAIN;
	if (r->end > r->start || r->overlong) {
		r->start = r->end = 0;
		r->overlong = false;
		r->line++;
		return bad(r, "torn line");
	}
	e = open_file(r, name);
	return e < 0 ? e : -EAGAIN;
}

int
log_reader_next(struct log_reader *r, json_t **record)
{
	int e;

	*record = NULL;
	for (;;) {
		const char *line = r->buffer + r->start;
		const char *newline = memchr(line, '\n', r->end - r->start);

		if (newline != NULL) {
			r->start += (size_t)(newline - line) + 1;
			if (r->partial) {
				r->partial = r->overlong = false;
				continue;
			}
			return parse(r, line, (size_t)(newline - line), record);
		}
		e = fill(r);
		if (e == 1)
			continue;
		if (e == 0)
			e = leave_file(r);
		if (e != -EAGAIN)
			return e;
	}
}

const char *
log_reader_file(const struct log_reader *r)
{
	return r->name;
}

unsigned long
log_reader_line(const struct log_reader *r)
{
	return r->line;
}

const char *
log_reader_error(const struct log_reader *r)
{
	return r->error;
}

size_t
log_reader_rest(const struct log_reader *r)
{
	return r->end - r->start;
}

size_t
log_reader_skipped(const struct log_reader *r)
{
	return r->skipped;
}
