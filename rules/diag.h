/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings about a policy: whoever knows the line adds the finding, only the
 * commands print it. One run collects all of them; sorted output is stable
 * enough to be golden.
 */
#ifndef RULES_DIAG_H
#define RULES_DIAG_H

#include "rules/message.h"

#include <stddef.h>
#include <stdio.h>

enum diag_severity {
	DIAG_ERROR = 0,		/* the policy is refused */
	DIAG_WARNING,		/* the policy works, somebody should look */
};

/* Where in the policy text a thing was written. Borrowed, never freed here. */
struct origin {
	const char *file;	/* NULL: no file concerned */
	unsigned int line;	/* from 1; 0: the whole file */
};

struct finding {
	struct origin origin;
	enum diag_severity severity;
	enum message_id message;
	char *text[2];		/* by enum message_language */
	unsigned int order;	/* of arrival, to keep sorting stable */
};

struct diag;

/* NULL with errno ENOMEM. File names in origins are copied. */
struct diag *diag_new(void);
void diag_free(struct diag *d);

/* Over LIMIT_FINDINGS findings are counted, not kept. Memory running out counts as an error. */
void diag_add(struct diag *d, struct origin where, enum diag_severity severity,
    enum message_id message, ...);

/* Sort by file, line, severity, text; drop exact repetitions. */
void diag_sort(struct diag *d);

size_t diag_count(const struct diag *d, enum diag_severity severity);
/* How many are kept, and the i-th (valid until the next diag_add or diag_free). */
size_t diag_kept(const struct diag *d);
const struct finding *diag_at(const struct diag *d, size_t i);

/* 0 none, 1 errors, 2 warnings only: the exit code of "sekisho check". */
int diag_exit_code(const struct diag *d);

/* "file:line: error: sentence" each on a line of its own; sorted first. */
void diag_print(struct diag *d, FILE *out, enum message_language language);

#endif /* RULES_DIAG_H */
