/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/log_reader.h"

#include "agent/record/log_names.h"
#include "agent/record/log_source.h"
#include "agent/record/seal_line.h"
#include "rules/utf8.h"

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
#define LINE_BYTES (256u << 10)

struct log_reader {
	int directory;
	struct log_source *source;	/* NULL: no file is open */
	struct stat opened;		/* which file that is, by device and inode */
	char name[LOG_NAME_SIZE], before[LOG_NAME_SIZE];	/* the open one, the last one */
	unsigned long line;
	size_t skipped;
	char error[JSON_ERROR_TEXT_LENGTH];
	bool overlong;			/* inside a line that does not fit */
	bool partial;			/* began inside a line: drop its rest */
	bool damaged;			/* what is left of the file cannot be unpacked */
	bool lost;			/* files may lie between the open one and the next */
	size_t start, end;		/* unread bytes of the buffer */
	char buffer[LINE_BYTES];
};

static struct log_reader *
open_folder(int at, const char *directory)
{
	struct log_reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->directory = openat(at, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->directory < 0) {
		free(r);
		return NULL;
	}
	return r;
}

struct log_reader *
log_reader_open(const char *directory)
{
	return open_folder(AT_FDCWD, directory);
}

struct log_reader *
log_reader_open_at(int directory)
{
	return open_folder(directory, ".");
}

static void
close_file(struct log_reader *r)
{
	log_source_close(r->source);
	r->source = NULL;
	r->start = r->end = 0;
	r->overlong = r->partial = r->damaged = false;
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

/* The file that is open stays open when this fails. */
static int
open_file(struct log_reader *r, const char *name)
{
	struct log_source *source = log_source_open(r->directory, name);
	struct stat st;

	if (source == NULL)
		return -errno;
	if (fstat(log_source_fd(source), &st) < 0) {
		log_source_close(source);
		return -EIO;
	}
	close_file(r);
	r->source = source;
	r->opened = st;
	memcpy(r->before, r->name, LOG_NAME_SIZE);
	memcpy(r->name, name, LOG_NAME_SIZE);
	r->line = 0;
	return 0;
}

static bool
is_opened(const struct log_reader *r, const struct stat *st)
{
	return st->st_dev == r->opened.st_dev && st->st_ino == r->opened.st_ino;
}

/* The first name that is newer. */
static size_t
place_after(const struct log_names *names, const char *name)
{
	size_t i = 0;

	while (i < names->count && log_names_compare(names->names[i], name) <= 0)
		i++;
	return i;
}

/* logrotate(8) gives other numbers, but what it packs keeps the time of the last write. */
static size_t
place_after_moved(const struct log_reader *r, const struct log_names *names)
{
	struct stat mine, st;

	if (fstat(log_source_fd(r->source), &mine) < 0)
		return 0;
	for (size_t i = names->count; i > 0; i--)
		if (log_source_packed(names->names[i - 1]) &&
		    fstatat(r->directory, names->names[i - 1], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_mtim.tv_sec == mine.st_mtim.tv_sec)
			return i;
	return 0;
}

/*
 * Our file was packed or removed. Dates and the recorder's own names are for ever; what
 * was the current file has the first of them now that was not there before. Otherwise
 * only the current one is surely new, and "lost" tells that others may lie between.
 */
static size_t
place_after_gone(struct log_reader *r, const struct log_names *names)
{
	const bool current = strcmp(r->name, LOG_NAME) == 0;
	size_t i;

	if (!current && log_names_lasting(r->name))
		return place_after(names, r->name);
	i = place_after_moved(r, names);
	if (i > 0)
		return i;
	if (current && log_names_lasting(r->before)) {
		i = place_after(names, r->before);
		if (i < names->count && log_names_lasting(names->names[i]))
			return i + 1;
	}
	if (names->count == 0 || strcmp(names->names[names->count - 1], LOG_NAME) != 0)
		return names->count;
	r->lost = true;
	return names->count - 1;
}

/* Place among the names of the file that comes after the open one. */
static size_t
next_place(struct log_reader *r, const struct log_names *names)
{
	r->lost = false;
	if (r->source == NULL)
		return 0;
	for (size_t i = 0; i < names->count; i++) {
		struct stat st;

		if (fstatat(r->directory, names->names[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    is_opened(r, &st))
			return i + 1;
	}
	return place_after_gone(r, names);
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
		if (e == 0 && offset > 0 &&
		    lseek(log_source_fd(r->source), offset - 1, SEEK_SET) < 0)
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
	size_t next;
	int e = log_names_list_packed(r->directory, &names);

	if (e < 0)
		return e;
	r->skipped = names.compressed;
	next = next_place(r, &names);
	e = next < names.count;
	if (e == 1)
		memcpy(name, names.names[next], LOG_NAME_SIZE);
	log_names_free(&names);
	return e;
}

/* Cut short under us ("copytruncate"): what comes now begins at 0. */
static int
begin_again_when_cut(struct log_reader *r)
{
	int fd = log_source_fd(r->source);
	struct stat st;

	if (log_source_packed(r->name) || fstat(fd, &st) < 0 ||
	    lseek(fd, 0, SEEK_CUR) <= st.st_size)
		return 0;
	lseek(fd, 0, SEEK_SET);
	r->start = r->end = 0;
	r->line = 0;
	return st.st_size > 0;
}

/* More bytes of the open file. 1, 0 at its end, negative errno. */
static int
fill(struct log_reader *r)
{
	ssize_t n;

	if (r->source == NULL || r->damaged)
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
	n = log_source_read(r->source, r->buffer + r->end, sizeof(r->buffer) - r->end);
	if (n < 0)
		return (int)n;
	r->end += (size_t)n;
	return n > 0 ? 1 : begin_again_when_cut(r);
}

/* Number of the first record of the open file, which stays unread; 0: not known. */
static uint64_t
first_number(struct log_reader *r)
{
	const char *newline = NULL;
	uint64_t sequence = 0;

	while (newline == NULL && r->end < sizeof(r->buffer) && fill(r) == 1)
		newline = memchr(r->buffer, '\n', r->end);
	if (newline != NULL)
		(void)seal_line_number(r->buffer, (size_t)(newline - r->buffer),
		    "\"sequence\":", &sequence);
	return sequence;
}

int
log_reader_begin_at(struct log_reader *r, uint64_t sequence)
{
	struct log_names names;
	int e = log_names_list_packed(r->directory, &names);

	if (e < 0)
		return e;
	for (size_t i = names.count; e == 0 && i > 0; i--) {
		uint64_t first;

		e = open_file(r, names.names[i - 1]);
		first = e == 0 ? first_number(r) : 0;
		if (first > 0 && first <= sequence)
			break;
	}
	r->skipped = names.compressed;
	log_names_free(&names);
	return e == -ENOENT ? -EAGAIN : e;
}

static int
bad(struct log_reader *r, const char *why)
{
	snprintf(r->error, sizeof(r->error), "%s", why);
	/* The parser quotes the line, and this goes to a terminal. */
	utf8_scrub(r->error);
	return LOG_READ_BAD;
}

/* What is left of the file is given up, and so is the line that was begun. */
static int
give_up(struct log_reader *r, const char *why)
{
	r->start = r->end = 0;
	r->overlong = r->partial = false;
	r->line++;
	return bad(r, why);
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
	bool lost = r->lost;

	if (e <= 0)
		return e;
	if (r->source != NULL && strcmp(name, LOG_NAME) == 0 && is_empty(r, name))
		return LOG_READ_END;
	e = fill(r);
	if (e != 0)
		return e < 0 ? e : -EAGAIN;
	if (r->end > r->start || r->overlong)
		return give_up(r, "torn line");
	e = open_file(r, name);
	/* Renamed or packed since it was listed: look again. */
	if (e == -ENOENT)
		return -EAGAIN;
	if (e == 0 && lost)
		return bad(r, "the file before it has gone: records may be missing");
	return e < 0 ? e : -EAGAIN;
}

/* The next whole line in the buffer; false when there is none. */
static bool
take_line(struct log_reader *r, const char **line, size_t *length)
{
	for (;;) {
		const char *begin = r->buffer + r->start;
		const char *newline = memchr(begin, '\n', r->end - r->start);

		if (newline == NULL)
			return false;
		*line = begin;
		*length = (size_t)(newline - begin);
		r->start += *length + 1;
		if (!r->partial)
			return true;
		r->partial = r->overlong = false;
	}
}

int
log_reader_next_line(struct log_reader *r, const char **line, size_t *length)
{
	for (;;) {
		int e;

		if (take_line(r, line, length)) {
			r->line++;
			if (!r->overlong)
				return LOG_READ_RECORD;
			r->overlong = false;
			return bad(r, "line too long");
		}
		e = fill(r);
		if (e == 1)
			continue;
		if (e == 0)
			e = leave_file(r);
		if (e == -EBADMSG) {
			r->damaged = true;
			return give_up(r, "compressed data damaged or cut short");
		}
		if (e != -EAGAIN)
			return e;
	}
}

json_t *
log_reader_parse(struct log_reader *r, const char *line, size_t length)
{
	json_error_t error;
	json_t *record = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);

	if (record == NULL) {
		bad(r, error.text);
	} else if (!json_is_object(record)) {
		bad(r, "not an object");
		json_decref(record);
		record = NULL;
	}
	return record;
}

int
log_reader_next(struct log_reader *r, json_t **record)
{
	const char *line;
	size_t length;
	int e;

	*record = NULL;
	e = log_reader_next_line(r, &line, &length);
	if (e != LOG_READ_RECORD)
		return e;
	*record = log_reader_parse(r, line, length);
	return *record != NULL ? LOG_READ_RECORD : LOG_READ_BAD;
}

bool
log_reader_fields(struct log_reader *r, const char *line, size_t length,
    struct line_fields *fields, json_t **record)
{
	*record = NULL;
	if (line_scan(line, length, fields) && !fields->escaped)
		return true;
	*record = log_reader_parse(r, line, length);
	line_fields_of(*record, fields);
	return *record != NULL;
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
