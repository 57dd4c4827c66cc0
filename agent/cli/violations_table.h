/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as people read them: a line of columns, the sentence below. 80 columns. */
#ifndef AGENT_CLI_VIOLATIONS_TABLE_H
#define AGENT_CLI_VIOLATIONS_TABLE_H

#include "agent/record/line_scan.h"
#include "agent/record/record_query.h"
#include "rules/message.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define VIOLATIONS_COLUMNS 80

/* The head of the times names the time zone that they are in. */
void violations_print_head(FILE *out, enum message_language language);

/*
 * One record of violations.jsonl. Times are local. Every text goes through
 * columns_print(): a record may hold anything a peer sent.
 */
void violations_print(FILE *out, const json_t *record, enum message_language language);

/* The same of fields that are not escaped, messages included. */
void violations_print_fields(FILE *out, const struct line_fields *f,
    enum message_language language);

/* Sums: a head, one line each, and what they are grouped by as a word. */
void violations_group_head(FILE *out, enum record_by by, enum message_language language);
/* name: what to call it instead of its own. */
void violations_group_print(FILE *out, const struct record_group *g, const char *name);
enum message_id violations_by_word(enum record_by by);

/* A time of the record in local time, to the second; the record's own text when it is none. */
const char *violations_local_time(const char *stamp, char *out, size_t size);

/* The word for what became of it: stopped, leaked, only seen, or what else it tells of. */
enum message_id violations_outcome(const json_t *record);

/* String or number at "a.b.c" of nested objects; "" or 0 when it is not there. */
const char *violations_text(const json_t *record, const char *path);
json_int_t violations_number(const json_t *record, const char *path);
/* True, and nothing else, stands there. */
bool violations_is(const json_t *record, const char *path);
bool violations_has(const json_t *record, const char *path);

#endif /* AGENT_CLI_VIOLATIONS_TABLE_H */
