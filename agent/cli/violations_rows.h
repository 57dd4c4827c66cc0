/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One violation is one row, with the latest of its records; other records are their own. */
#ifndef AGENT_CLI_VIOLATIONS_ROWS_H
#define AGENT_CLI_VIOLATIONS_ROWS_H

#include "agent/record/record_query.h"

#include <stddef.h>

struct violations_rows;

struct violations_rows *violations_rows_new(void);
void violations_rows_free(struct violations_rows *rows);	/* accepts NULL */

/* The line is copied. 0 or -ENOMEM. */
int violations_rows_add(struct violations_rows *rows, const struct line_fields *f,
    const char *line, size_t length);

size_t violations_rows_count(const struct violations_rows *rows);
const char *violations_rows_line(const struct violations_rows *rows, size_t i, size_t *length);

#endif /* AGENT_CLI_VIOLATIONS_ROWS_H */
