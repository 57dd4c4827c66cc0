/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as people read them: a line of columns, the sentence below. 80 columns. */
#ifndef AGENT_CLI_VIOLATIONS_TABLE_H
#define AGENT_CLI_VIOLATIONS_TABLE_H

#include "rules/message.h"

#include <jansson.h>
#include <stdio.h>

#define VIOLATIONS_COLUMNS 80

void violations_print_head(FILE *out, enum message_language language);

/*
 * One record of violations.jsonl. Times are local. Every text goes through
 * columns_print(): a record may hold anything a peer sent.
 */
void violations_print(FILE *out, const json_t *record, enum message_language language);

/* The word for what became of it: stopped, leaked, only seen, or what else it tells of. */
enum message_id violations_outcome(const json_t *record);

/* String or number at "a.b.c" of nested objects; "" or 0 when it is not there. */
const char *violations_text(const json_t *record, const char *path);
json_int_t violations_number(const json_t *record, const char *path);

#endif /* AGENT_CLI_VIOLATIONS_TABLE_H */
