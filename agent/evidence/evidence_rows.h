/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a record of the case says, added to what the others said. */
#ifndef AGENT_EVIDENCE_EVIDENCE_ROWS_H
#define AGENT_EVIDENCE_EVIDENCE_ROWS_H

#include "agent/evidence/evidence_case.h"
#include "agent/record/line_scan.h"

/* "line" is the record that the fields are of. 0 or -ENOMEM. */
int evidence_rows_add(struct evidence_case *c, const struct line_fields *f, const char *line,
    size_t length);

/* A heartbeat: the state of the clock. */
void evidence_rows_clock(struct evidence_case *c, const char *line, size_t length);

/* After the last record: the sums. */
void evidence_rows_finish(struct evidence_case *c);

#endif /* AGENT_EVIDENCE_EVIDENCE_ROWS_H */
