/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every whole line of one file of the record, packed or not, as it stands. */
#ifndef AGENT_EVIDENCE_LINE_WALK_H
#define AGENT_EVIDENCE_LINE_WALK_H

#include <stddef.h>

/* Longer lines are no records; they are handed over cut. */
#define LINE_WALK_MOST	4096u

/* Without its newline. 0: go on; else that is what line_walk() returns. */
typedef int line_walk_take(void *arg, const char *line, size_t length);

/* 0 at the end of the file, or negative errno, or what "take" returned. */
int line_walk(int folder, const char *name, line_walk_take *take, void *arg);

#endif /* AGENT_EVIDENCE_LINE_WALK_H */
