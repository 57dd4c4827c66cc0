/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_EVIDENCE_EVIDENCE_LINES_H
#define AGENT_EVIDENCE_EVIDENCE_LINES_H

#include <stdint.h>

/*
 * How many lines of a file of the bundle stand in none of the files of its chain. Of a
 * bundle that nobody signed only this says that a record was not made up. 0 or negative
 * errno.
 */
int evidence_lines_missing(int folder, const char *name, int chain, uint64_t *missing);

#endif /* AGENT_EVIDENCE_EVIDENCE_LINES_H */
