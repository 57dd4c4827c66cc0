/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/sealed_text.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void
sealed_text_split(struct sealed_text *t)
{
	const char *p = t->bytes, *end = t->bytes + t->length;

	for (t->count = 0; p < end; t->count++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		CU_ASSERT_FATAL(newline != NULL && t->count < 2 * SEALED_RECORDS);
		t->line[t->count] = p;
		t->size[t->count] = (size_t)(newline - p) + 1;
		p = newline + 1;
	}
}

void
sealed_text_make(struct sealed_log *l, struct sealed_text *t)
{
	sealed_log_make(l);
	sealed_log_start(l);
	/* The first record of the file, the start, the stop and its checkpoint. */
	sealed_log_write(l, SEALED_RECORDS - 4);
	sealed_log_stop(l);
	t->bytes = sealed_log_read(l, LOG_NAME, &t->length);
	sealed_text_split(t);
	CU_ASSERT_EQUAL_FATAL(t->count, SEALED_RECORDS);
}

void
sealed_text_done(struct sealed_log *l, struct sealed_text *t)
{
	free(t->bytes);
	sealed_log_remove(l);
}

void
sealed_text_put(const struct sealed_log *l, const struct sealed_text *t,
    const size_t *order, size_t n)
{
	char *bytes = malloc(t->length * 2);
	size_t length = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	for (size_t i = 0; i < n; i++) {
		memcpy(bytes + length, t->line[order[i]], t->size[order[i]]);
		length += t->size[order[i]];
	}
	sealed_log_put(l, LOG_NAME, bytes, length);
	free(bytes);
}

enum verify_fault
sealed_text_fault(const struct sealed_log *l, bool with_key)
{
	return sealed_log_verify(l, with_key, NULL, 0).findings[0].fault;
}
