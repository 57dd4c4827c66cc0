/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files under the verifier: all of a folder in their order, or those that were
 * named. The recorder may be writing, closing and compressing at the same time.
 */
#ifndef AGENT_RECORD_LOG_VERIFY_FILES_H
#define AGENT_RECORD_LOG_VERIFY_FILES_H

#include "agent/record/log_verify.h"

/*
 * One file of any name, plain or compressed (its bytes tell), or what it was packed to
 * since. What is wrong with it is a finding.
 */
void log_verify_file(struct log_verify *v, int at, const char *name);

/*
 * Every file of the folder. "prepare" gives a verifier with keys and checkpoints; it is
 * called again when files were closed or removed under the hands. 0 or negative errno.
 */
int log_verify_folder(const char *path, struct log_verify *(*prepare)(void *arg), void *arg,
    struct verify_report *out);

#endif /* AGENT_RECORD_LOG_VERIFY_FILES_H */
