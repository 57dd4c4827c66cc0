/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A log as the recorder writes it, in a folder of its own, and ways to do it harm. */
#ifndef TESTS_UNIT_SEALED_LOG_H
#define TESTS_UNIT_SEALED_LOG_H

#include "agent/record/log_verify.h"
#include "agent/record/recorder_write.h"

#include <stddef.h>

struct sealed_log {
	char path[64];
	int directory;
	struct recorder_writer writer;
	uint8_t key[SEAL_SIZE];		/* the verification key, taken at the first start */
};

/* Make the folder; start, write so many violations, stop as told. */
void sealed_log_make(struct sealed_log *l);
void sealed_log_start(struct sealed_log *l);
void sealed_log_write(struct sealed_log *l, unsigned int n);
void sealed_log_stop(struct sealed_log *l);
/* Remove the folder and everything in it. */
void sealed_log_remove(struct sealed_log *l);

/* The whole file, NUL behind it; the caller frees it. */
char *sealed_log_read(const struct sealed_log *l, const char *name, size_t *length);
void sealed_log_put(const struct sealed_log *l, const char *name, const char *bytes,
    size_t length);

/* Verify the folder, with the key or without, and with checkpoints if there are any. */
struct verify_report sealed_log_verify(const struct sealed_log *l, bool with_key,
    const struct checkpoint *outside, size_t n);

#endif /* TESTS_UNIT_SEALED_LOG_H */
