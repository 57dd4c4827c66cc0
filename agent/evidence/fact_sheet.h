/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One page for people who run no gateway: what happened, when, from whom to whom, whether
 * it was stopped, what was done, what is not known. HTML without anything from outside, to
 * be printed on A4.
 */
#ifndef AGENT_EVIDENCE_FACT_SHEET_H
#define AGENT_EVIDENCE_FACT_SHEET_H

#include "agent/evidence/evidence_case.h"
#include "rules/message.h"

/* *html is the caller's. 0 or -ENOMEM. */
int fact_sheet(const struct evidence_case *c, enum message_language language, int64_t now_ns,
    char **html, size_t *length);

#endif /* AGENT_EVIDENCE_FACT_SHEET_H */
