/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of one file of the record, whether it is compressed or not. */
#ifndef AGENT_RECORD_LOG_SOURCE_H
#define AGENT_RECORD_LOG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct log_source;

/* By the end of its name: ".zst", ".gz". */
bool log_source_packed(const char *name);
/* Compressed in a way that nobody here reads: ".xz", ".bz2". */
bool log_source_foreign(const char *name);

/* Open name in a directory: regular files only. NULL with errno. */
struct log_source *log_source_open(int directory, const char *name);
/*
 * What is in a file that is open, whatever its name: its first bytes say how it is
 * compressed. Takes the descriptor over. NULL with errno, EOPNOTSUPP for what is compressed
 * in a way that nobody here reads.
 */
struct log_source *log_source_take(int fd);
void log_source_close(struct log_source *s);	/* accepts NULL */
/* Compressed: it does not grow. */
bool log_source_is_packed(const struct log_source *s);

/*
 * At most size bytes; 0 at the end for now (a plain file may grow); negative errno,
 * -EBADMSG for compressed bytes that are damaged or cut short.
 */
ssize_t log_source_read(struct log_source *s, char *bytes, size_t size);

/* Of the file itself. */
int log_source_fd(const struct log_source *s);

#endif /* AGENT_RECORD_LOG_SOURCE_H */
