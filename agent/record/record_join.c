/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open addressing, linear probing; what goes is closed up, so that nothing piles up. */
#include "agent/record/record_query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 1024u

struct slot {
	struct record_running running;
	bool used;
};

struct record_join {
	struct slot *slots;
	size_t size, used;		/* size: a power of two */
};

struct record_join *
record_join_new(void)
{
	struct record_join *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->size = SLOTS_FIRST;
	j->slots = calloc(j->size, sizeof(*j->slots));
	if (j->slots == NULL) {
		free(j);
		return NULL;
	}
	return j;
}

void
record_join_free(struct record_join *j)
{
	if (j == NULL)
		return;
	free(j->slots);
	free(j);
}

static size_t
home(const struct record_join *j, uint64_t key)
{
	key *= 0x9e3779b97f4a7c15u;
	return (size_t)(key >> 32) & (j->size - 1);
}

static size_t
find(const struct record_join *j, uint64_t key)
{
	size_t i = home(j, key);

	while (j->slots[i].used && j->slots[i].running.key != key)
		i = (i + 1) & (j->size - 1);
	return i;
}

static bool
grow(struct record_join *j)
{
	struct record_join wide = { .size = j->size * 2, .used = j->used };

	wide.slots = calloc(wide.size, sizeof(*wide.slots));
	if (wide.slots == NULL)
		return false;
	for (size_t i = 0; i < j->size; i++)
		if (j->slots[i].used)
			wide.slots[find(&wide, j->slots[i].running.key)] = j->slots[i];
	free(j->slots);
	*j = wide;
	return true;
}

/* Ours is 16 hexadecimal digits; of another text its hash (FNV-1a). */
static uint64_t
key_of(const struct line_text *t)
{
	uint64_t key = 0, hash = 0xcbf29ce484222325u;
	bool good = t->length == 16;

	for (uint32_t i = 0; i < t->length; i++) {
		const char c = t->text[i];
		const bool digit = c >= '0' && c <= '9';

		good = good && (digit || (c >= 'a' && c <= 'f'));
		key = key << 4 | (uint64_t)(digit ? c - '0' : c - 'a' + 10);
		hash = (hash ^ (uint8_t)c) * 0x100000001b3u;
	}
	return good ? key : hash;
}

struct record_running *
record_join_take(struct record_join *j, const struct line_fields *f)
{
	uint64_t key = key_of(&f->key);
	size_t i;

	if (j->used * 2 >= j->size && !grow(j))
		return NULL;
	i = find(j, key);
	j->used += !j->slots[i].used;
	/* A first one is never a sequel: its final was lost. */
	if (!j->slots[i].used || line_text_is(&f->phase, "first")) {
		j->slots[i].used = true;
		j->slots[i].running =
		    (struct record_running){ .key = key, .row = SIZE_MAX };
	}
	return &j->slots[i].running;
}

void
record_join_end(struct record_join *j, const struct line_fields *f,
    const struct record_running *r)
{
	size_t hole, i;

	if (!line_text_is(&f->phase, "final"))
		return;
	hole = i = find(j, r->key);
	if (!j->slots[hole].used)
		return;
	for (;;) {
		size_t to;

		i = (i + 1) & (j->size - 1);
		if (!j->slots[i].used)
			break;
		to = home(j, j->slots[i].running.key);
		/* Stays when its home lies behind the hole. */
		if (((i - to) & (j->size - 1)) < ((i - hole) & (j->size - 1)))
			continue;
		j->slots[hole] = j->slots[i];
		hole = i;
	}
	j->slots[hole].used = false;
	j->used--;
}

int
record_join_grow(struct record_join *j, const struct record_query *q,
    const struct line_fields *f, struct record_growth *out)
{
	struct record_running *r;

	*out = (struct record_growth){ .counts = record_query_in_time(q, f), .begins = true };
	if (f->key.length == 0)
		return 0;
	r = record_join_take(j, f);
	if (r == NULL)
		return -ENOMEM;
	/* Less than before: it began anew, and its first record is not here. */
	out->packets = f->count >= r->count ? f->count - r->count : f->count;
	out->begins = r->row == SIZE_MAX;
	r->count = f->count;
	if (out->counts)
		r->row = 0;
	record_join_end(j, f, r);
	return 0;
}
