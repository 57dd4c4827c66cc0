/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/evidence/evidence_lines.h"

#include "agent/evidence/line_walk.h"
#include "agent/record/log_names.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define HASH_SIZE	crypto_generichash_BYTES

struct line_hash {
	uint8_t bytes[HASH_SIZE];
	bool found;
};

struct lines {
	struct line_hash *list;
	size_t n, room;
};

static void
hash_line(const char *line, size_t length, uint8_t out[HASH_SIZE])
{
	crypto_generichash(out, HASH_SIZE, (const uint8_t *)line, length, NULL, 0);
}

static int
collect(void *arg, const char *line, size_t length)
{
	struct lines *l = arg;

	if (l->n == l->room) {
		const size_t room = l->room == 0 ? 1024 : 2 * l->room;
		struct line_hash *grown = reallocarray(l->list, room, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		l->list = grown;
		l->room = room;
	}
	hash_line(line, length, l->list[l->n].bytes);
	l->list[l->n++].found = false;
	return 0;
}

static int
by_bytes(const void *left, const void *right)
{
	const struct line_hash *a = left, *b = right;

	return memcmp(a->bytes, b->bytes, HASH_SIZE);
}

static int
mark(void *arg, const char *line, size_t length)
{
	const struct lines *l = arg;
	struct line_hash wanted = { .found = false }, *found;

	hash_line(line, length, wanted.bytes);
	found = bsearch(&wanted, l->list, l->n, sizeof(*found), by_bytes);
	/* A line that stands there twice is two, and one record is enough for one of them. */
	if (found != NULL)
		found->found = true;
	return 0;
}

int
evidence_lines_missing(int folder, const char *name, int chain, uint64_t *missing)
{
	struct lines l = { .n = 0 };
	struct log_names names = { 0 };
	int r = line_walk(folder, name, collect, &l);

	*missing = 0;
	if (r == 0 && l.n > 0) {
		qsort(l.list, l.n, sizeof(*l.list), by_bytes);
		r = log_names_list_packed(chain, &names);
	}
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = line_walk(chain, names.names[i], mark, &l);
	for (size_t i = 0; i < l.n; i++)
		*missing += !l.list[i].found;
	log_names_free(&names);
	free(l.list);
	return r;
}
