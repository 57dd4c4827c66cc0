/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/violations_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct row {
	char *line;
	size_t length;
};

struct violations_rows {
	struct record_join *join;
	struct row *rows;
	size_t count, room;
};

struct violations_rows *
violations_rows_new(void)
{
	struct violations_rows *rows = calloc(1, sizeof(*rows));

	if (rows == NULL)
		return NULL;
	rows->join = record_join_new();
	if (rows->join == NULL) {
		free(rows);
		return NULL;
	}
	return rows;
}

void
violations_rows_free(struct violations_rows *rows)
{
	if (rows == NULL)
		return;
	for (size_t i = 0; i < rows->count; i++)
		free(rows->rows[i].line);
	free(rows->rows);
	record_join_free(rows->join);
	free(rows);
}

/* SIZE_MAX: no memory. */
static size_t
new_row(struct violations_rows *rows)
{
	if (rows->count == rows->room) {
		size_t room = rows->room == 0 ? 64 : rows->room * 2;
		struct row *more = reallocarray(rows->rows, room, sizeof(*more));

		if (more == NULL)
			return SIZE_MAX;
		rows->rows = more;
		rows->room = room;
	}
	rows->rows[rows->count] = (struct row){ 0 };
	return rows->count++;
}

int
violations_rows_add(struct violations_rows *rows, const struct line_fields *f,
    const char *line, size_t length)
{
	struct record_running *r = NULL;
	size_t i;
	char *copy;

	if (f->key.length > 0) {
		r = record_join_take(rows->join, f);
		if (r == NULL)
			return -ENOMEM;
	}
	i = r != NULL && r->row != SIZE_MAX ? r->row : new_row(rows);
	copy = i == SIZE_MAX ? NULL : realloc(rows->rows[i].line, length > 0 ? length : 1);
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, line, length);
	rows->rows[i] = (struct row){ .line = copy, .length = length };
	if (r != NULL) {
		r->row = i;
		record_join_end(rows->join, f, r);
	}
	return 0;
}

size_t
violations_rows_count(const struct violations_rows *rows)
{
	return rows->count;
}

const char *
violations_rows_line(const struct violations_rows *rows, size_t i, size_t *length)
{
	*length = rows->rows[i].length;
	return rows->rows[i].line;
}
