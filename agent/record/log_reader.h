/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read the record: rotated files first, compressed or not, then violations.jsonl, and on
 * from there while it grows. A line that is bad, and anything that could not be read, is
 * told, never passed over.
 */
#ifndef AGENT_RECORD_LOG_READER_H
#define AGENT_RECORD_LOG_READER_H

#include "agent/record/line_scan.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_reader;

enum log_read {
	LOG_READ_END = 0,	/* no whole line more for now; ask again to follow */
	LOG_READ_RECORD,
	LOG_READ_BAD,		/* no record, or not to be read: log_reader_error() */
};

/* NULL with errno. A directory without a log is an empty log. */
struct log_reader *log_reader_open(const char *directory);
/* The same of a folder that is open; it stays the caller's. */
struct log_reader *log_reader_open_at(int directory);
void log_reader_close(struct log_reader *r);	/* accepts NULL */

/*
 * Begin near the end instead, before the first line is asked for: with the first whole
 * line of the newest bytes. Line numbers count from there. 0 or negative errno.
 */
int log_reader_begin_recent(struct log_reader *r, size_t bytes);

/*
 * Begin with the newest file whose first record has this number or a smaller one, before
 * the first line is asked for; with the oldest when none has. 0 or negative errno,
 * -EAGAIN: a file was moved meanwhile.
 */
int log_reader_begin_at(struct log_reader *r, uint64_t sequence);

/*
 * The next line: enum log_read, or negative errno. *record is the caller's on
 * LOG_READ_RECORD. Rotation while reading neither loses nor repeats a line.
 */
int log_reader_next(struct log_reader *r, json_t **record);

/*
 * The next line as it stands, without its newline, for those who parse it themselves
 * (line_scan.h). It is the reader's, until the next call. NUL bytes are not looked for.
 */
int log_reader_next_line(struct log_reader *r, const char **line, size_t *length);

/*
 * Parse a line in full: NULL, and log_reader_error() says why, for what is no JSON
 * object, names a member twice, or is not UTF-8.
 */
json_t *log_reader_parse(struct log_reader *r, const char *line, size_t length);

/*
 * The fields of a line, by line_scan() where that takes it; else *record is the parsed
 * one that the texts belong to, the caller's to release. False: it is no record.
 */
bool log_reader_fields(struct log_reader *r, const char *line, size_t length,
    struct line_fields *fields, json_t **record);

/* Of the line that was read last. */
const char *log_reader_file(const struct log_reader *r);
unsigned long log_reader_line(const struct log_reader *r);
const char *log_reader_error(const struct log_reader *r);

/* Bytes behind the last whole line of the file that was read to its end. */
size_t log_reader_rest(const struct log_reader *r);

/* Rotated files that are not read: compressed in a way that we do not know. */
size_t log_reader_skipped(const struct log_reader *r);

#endif /* AGENT_RECORD_LOG_READER_H */
