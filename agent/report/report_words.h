/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small pieces of the report that several of its parts are made of. */
#ifndef AGENT_CLI_REPORT_WORDS_H
#define AGENT_CLI_REPORT_WORDS_H

#include "agent/report/report_period.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Rows of each list that the report shows; the newest of them. */
#define REPORT_ROWS_CLOCK	12u
#define REPORT_ROWS_EVENTS	60u

/* 1234567 as "1,234,567". */
#define REPORT_NUMBER 32
const char *report_number(int64_t number, char out[REPORT_NUMBER]);

/* A text that is freed; "" when there was no memory for it. */
json_t *report_words_take(char *text);
/* "99.98 %", never rounded up; a dash when there is no whole. */
json_t *report_words_share(uint64_t part, uint64_t whole);
/* How much more or less than before: {"text": "+12 (+50 %)", "more": bool, "less": bool}. */
json_t *report_words_change(uint64_t now, uint64_t before);
/* The record's own sentence. */
json_t *report_words_sentence(const json_t *record, enum message_language language);
/* Time, what, who and why of a record that is no violation. */
json_t *report_words_event(const json_t *record, enum message_language language);
/* Append (reference taken); the oldest goes when there are more than most. 0 or -ENOMEM. */
int report_words_keep(json_t *rows, size_t most, json_t *row);

#endif /* AGENT_CLI_REPORT_WORDS_H */
