/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON (RFC 8259) written straight into one line of the record, with no memory of its
 * own. A library's tree costs some forty allocations a record, and a flood of
 * violations has to be told at 20,000 records a second on one core.
 *
 * What steers a terminal or a line-based reader is escaped, beyond what JSON asks.
 */
#ifndef AGENT_RECORD_RECORD_LINE_H
#define AGENT_RECORD_RECORD_LINE_H

#include "agent/record/record_json.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Digits of UINT64_MAX, and NUL. */
#define RECORD_NUMBER_SIZE 21u

/* A line under construction. What went wrong stays, and what follows is not written. */
struct record_line {
	char *text;		/* RECORD_LINE_MAX bytes of the caller's */
	size_t used;
	bool comma;		/* the next member wants one in front */
	bool full;		/* it does not fit into RECORD_BODY_MAX */
	int error;		/* negative: -EILSEQ a text is not UTF-8, -ENOMEM */
};

/* One object, which record_line_end() closes. */
void record_line_begin(struct record_line *l, char text[RECORD_LINE_MAX]);

/*
 * Members of the object that is open, in the order they are put. Keys are our own
 * words and are not escaped; key NULL: an element of the array that is open.
 */
void record_line_open(struct record_line *l, const char *key, char bracket);
void record_line_close(struct record_line *l, char bracket);
/* An empty or missing text is left out. */
void record_line_text(struct record_line *l, const char *key, const char *text);
/* One of our own making, of characters that need no escape: it is not looked at again. */
void record_line_word(struct record_line *l, const char *key, const char *word);
void record_line_number(struct record_line *l, const char *key, uint64_t number);
/* As text, for what ECS keeps as a keyword. */
void record_line_keyword(struct record_line *l, const char *key, uint64_t number);
void record_line_true(struct record_line *l, const char *key);
/* All members of a library's object; NULL has none. */
void record_line_members(struct record_line *l, json_t *members);

/* Its first digit, in out; a NUL behind the last one. */
const char *record_line_decimal(uint64_t number, char out[RECORD_NUMBER_SIZE]);

/* Close the object and end the line with a newline, no NUL. False: full, or an error. */
bool record_line_end(struct record_line *l);

#endif /* AGENT_RECORD_RECORD_LINE_H */
