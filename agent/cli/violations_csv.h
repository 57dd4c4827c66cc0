/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records and sums for a spreadsheet: RFC 4180 with CRLF, UTF-8 with a byte order mark
 * (Excel reads it otherwise as the local code page). A cell that begins with what a
 * spreadsheet takes for a formula (= + - @) has an apostrophe in front, which marks it as
 * text. Control characters are '?': the record itself (--json) has them all.
 */
#ifndef AGENT_CLI_VIOLATIONS_CSV_H
#define AGENT_CLI_VIOLATIONS_CSV_H

#include "agent/record/line_scan.h"
#include "agent/record/record_query.h"
#include "rules/message.h"

#include <stdio.h>

/* The byte order mark and the names of the columns. */
void violations_csv_head(FILE *out, enum message_language language);
/* Of fields that are not escaped, messages included. */
void violations_csv_print(FILE *out, const struct line_fields *f,
    enum message_language language);

void violations_csv_group_head(FILE *out, enum record_by by, enum message_language language);
/* name: what to call it instead of its own. */
void violations_csv_group(FILE *out, const struct record_group *g, const char *name);

#endif /* AGENT_CLI_VIOLATIONS_CSV_H */
