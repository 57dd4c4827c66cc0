/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sealed log of one file, line by line: to harm it and write it again. */
#ifndef TESTS_SEALED_TEXT_H
#define TESTS_SEALED_TEXT_H

#include "tests/unit/sealed_log.h"

#define SEALED_RECORDS 200u		/* of that log */

/* The lines of a file, in place. */
struct sealed_text {
	char *bytes;
	size_t length, count;
	const char *line[2 * SEALED_RECORDS];
	size_t size[2 * SEALED_RECORDS];	/* with the newline */
};

/* A log of one file with SEALED_RECORDS records, and its lines. Both end with _done(). */
void sealed_text_make(struct sealed_log *l, struct sealed_text *t);
void sealed_text_done(struct sealed_log *l, struct sealed_text *t);
/* The lines of t->bytes, again. */
void sealed_text_split(struct sealed_text *t);
/* Write n lines in this order. */
void sealed_text_put(const struct sealed_log *l, const struct sealed_text *t,
    const size_t *order, size_t n);
/* What is wrong first with the log in that folder. */
enum verify_fault sealed_text_fault(const struct sealed_log *l, bool with_key);

#endif /* TESTS_SEALED_TEXT_H */
