/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Closed files as zstd: packed by a thread beside the loop, read back as a stream. What
 * is sealed are the bytes inside.
 */
#ifndef AGENT_RECORD_LOG_PACK_H
#define AGENT_RECORD_LOG_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define LOG_PACK_END ".zst"

/*
 * Put NAME.zst in the place of NAME: written aside, synced and renamed before the
 * original goes. 0, or negative errno and the original stands.
 */
int log_pack(int directory, const char *name);

struct log_packer;

/* Packs every closed file there is, now and whenever it is woken. NULL with errno. */
struct log_packer *log_packer_new(int directory);
void log_packer_wake(struct log_packer *p);
/* Ends after the file at hand was given up. Accepts NULL. */
void log_packer_free(struct log_packer *p);

struct log_unpack;

bool log_pack_named(const char *name);		/* does it end in LOG_PACK_END? */
/* The descriptor is borrowed. NULL: no memory. */
struct log_unpack *log_unpack_new(int fd);
void log_unpack_free(struct log_unpack *u);
/* As read(2); negative errno, -EBADMSG for what is no whole zstd file. */
ssize_t log_unpack_read(struct log_unpack *u, void *bytes, size_t size);

/*
 * What is in a packed file, as a file without a name at its begin; at most LOG_UNPACK_MAX
 * bytes. Takes the descriptor over. A descriptor, or negative errno.
 */
#define LOG_UNPACK_MAX	((off_t)1 << 30)
int log_unpack_file(int fd);

#endif /* AGENT_RECORD_LOG_PACK_H */
