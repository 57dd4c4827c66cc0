/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tar file (ustar, POSIX.1-2017 pax) of regular files that are as long as they say. */
#ifndef AGENT_EVIDENCE_TAR_WRITE_H
#define AGENT_EVIDENCE_TAR_WRITE_H

#include <stdint.h>

struct tar_write {
	int fd;
	uint64_t bytes;
};

/* A new file, owner-only. 0 or negative errno. */
int tar_write_open(struct tar_write *t, const char *path);

/* The file "name" of a folder, called PREFIX/name there. 0 or negative errno. */
int tar_write_file(struct tar_write *t, int folder, const char *name, const char *prefix);

/* "error": what went wrong before, then the file is taken away. 0 or negative errno. */
int tar_write_close(struct tar_write *t, const char *path, int error);

#endif /* AGENT_EVIDENCE_TAR_WRITE_H */
