/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exact sums: of every record only what its violation grew by since the record before is
 * added, so that nothing counts twice, and parts of a time add up to the whole of it.
 */
#include "agent/record/record_query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAME_SIZE	256
#define NAMES_SIZE	(2 * NAME_SIZE)
#define SLOTS_FIRST	((size_t)256)
/* "2026-11-21T03:14" of a record's time. */
#define MINUTE_LENGTH	16u

struct record_groups {
	enum record_by by, second;	/* second: BY_NOTHING when there is one only */
	struct record_join *join;
	struct record_group *groups;
	size_t count, room;
	size_t *slots, size;		/* group number + 1 by hash of its name; 0: empty */
	char minute[MINUTE_LENGTH + 1], local[32];	/* the last one and its name here */
};

static const char *const by_names[BY_COUNT] = { "", "source", "destination", "pair", "class",
	"permit", "hour", "day" };

const char *
record_by_name(enum record_by by)
{
	return by_names[by];
}

enum record_by
record_by_parse(const char *word)
{
	for (int by = BY_NOTHING + 1; by < BY_COUNT; by++)
		if (strcmp(word, by_names[by]) == 0)
			return (enum record_by)by;
	return BY_NOTHING;
}

struct record_groups *
record_groups_new(enum record_by by)
{
	struct record_groups *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->by = by;
	g->size = SLOTS_FIRST;
	g->slots = calloc(g->size, sizeof(*g->slots));
	g->join = record_join_new();
	if (g->slots != NULL && g->join != NULL)
		return g;
	record_groups_free(g);
	return NULL;
}

struct record_groups *
record_groups_new_two(enum record_by by, enum record_by second)
{
	struct record_groups *g = record_groups_new(by);

	if (g != NULL)
		g->second = second;
	return g;
}

void
record_groups_free(struct record_groups *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->count; i++)
		free(g->groups[i].name);
	free(g->groups);
	free(g->slots);
	record_join_free(g->join);
	free(g);
}

static void
local_name(struct record_groups *g, enum record_by by, const struct line_text *time,
    char out[NAME_SIZE])
{
	struct tm tm = { 0 };
	time_t t;

	if (time->length < MINUTE_LENGTH) {
		line_text_copy(time, out, NAME_SIZE);
		return;
	}
	if (memcmp(time->text, g->minute, MINUTE_LENGTH) != 0) {
		memcpy(g->minute, time->text, MINUTE_LENGTH);
		memcpy(g->local, g->minute, sizeof(g->minute));
		if (strptime(g->minute, "%Y-%m-%dT%H:%M", &tm) != NULL) {
			t = timegm(&tm);
			localtime_r(&t, &tm);
			(void)strftime(g->local, sizeof(g->local),
			    by == BY_HOUR ? "%Y-%m-%d %H:00" : "%Y-%m-%d", &tm);
		}
	}
	memcpy(out, g->local, sizeof(g->local));
}

static void
name_by(struct record_groups *g, enum record_by by, const struct line_fields *f,
    char out[NAME_SIZE])
{
	size_t n;

	switch (by) {
	case BY_NOTHING:
	case BY_COUNT:
		out[0] = '\0';
		break;
	case BY_SOURCE:
		line_text_copy(f->source.length > 0 ? &f->source : &f->source_mac, out, NAME_SIZE);
		break;
	case BY_DESTINATION:
		line_text_copy(f->destination.length > 0 ? &f->destination :
		    &f->destination_mac, out, NAME_SIZE);
		break;
	case BY_PAIR:
		n = line_text_copy(&f->from, out, NAME_SIZE / 2 - 4);
		memcpy(out + n, " -> ", 4);
		line_text_copy(&f->to, out + n + 4, NAME_SIZE - n - 4);
		break;
	case BY_CLASS:
		line_text_copy(&f->class, out, NAME_SIZE);
		break;
	case BY_PERMIT:
		line_text_copy(&f->permit, out, NAME_SIZE);
		break;
	case BY_HOUR:
	case BY_DAY:
		local_name(g, by, &f->time, out);
		break;
	}
}

static void
name_of(struct record_groups *g, const struct line_fields *f, char out[NAMES_SIZE])
{
	char second[NAME_SIZE];
	size_t n;

	name_by(g, g->by, f, out);
	if (g->second == BY_NOTHING)
		return;
	name_by(g, g->second, f, second);
	n = strlen(out);
	out[n] = RECORD_NAMES_APART;
	memcpy(out + n + 1, second, strlen(second) + 1);
}

static size_t
find(const struct record_groups *g, const char *name)
{
	uint64_t hash = 0xcbf29ce484222325u;
	size_t i;

	for (const char *p = name; *p != '\0'; p++)
		hash = (hash ^ (uint8_t)*p) * 0x100000001b3u;
	i = (size_t)(hash >> 16) & (g->size - 1);
	while (g->slots[i] != 0 && strcmp(g->groups[g->slots[i] - 1].name, name) != 0)
		i = (i + 1) & (g->size - 1);
	return i;
}

static bool
widen(struct record_groups *g)
{
	const size_t size = g->size > SLOTS_FIRST ? g->size * 2 : 2 * SLOTS_FIRST;
	size_t *slots = calloc(size, sizeof(*slots));

	if (slots == NULL)
		return false;
	free(g->slots);
	g->slots = slots;
	g->size = size;
	for (size_t i = 0; i < g->count; i++)
		g->slots[find(g, g->groups[i].name)] = i + 1;
	return true;
}

static bool
make_room(struct record_groups *g)
{
	if (g->count == g->room) {
		size_t room = g->room == 0 ? 64 : g->room * 2;
		struct record_group *more = reallocarray(g->groups, room, sizeof(*more));

		if (more == NULL)
			return false;
		g->groups = more;
		g->room = room;
	}
	return g->count * 2 < g->size || widen(g);
}

static struct record_group *
group_of(struct record_groups *g, const struct line_fields *f)
{
	char name[NAMES_SIZE];
	struct record_group *group;
	size_t i;

	name_of(g, f, name);
	i = find(g, name);
	if (g->slots[i] != 0)
		return &g->groups[g->slots[i] - 1];
	if (!make_room(g))
		return NULL;
	i = find(g, name);
	group = &g->groups[g->count];
	*group = (struct record_group){ .name = strdup(name) };
	if (group->name == NULL)
		return NULL;
	g->slots[i] = ++g->count;
	return group;
}

static void
stretch(struct record_group *g, const char *first, const char *last)
{
	if (*first != '\0' && (g->first[0] == '\0' || strcmp(first, g->first) < 0))
		snprintf(g->first, sizeof(g->first), "%s", first);
	if (strcmp(last, g->last) > 0)
		snprintf(g->last, sizeof(g->last), "%s", last);
}

int
record_groups_add_growth(struct record_groups *g, const struct line_fields *f,
    const struct record_growth *growth)
{
	struct record_group *group;
	char time[RECORD_TIME_SIZE];

	if (!growth->counts)
		return 0;
	group = group_of(g, f);
	if (group == NULL)
		return -ENOMEM;
	group->records += growth->begins;
	group->leaks += growth->begins && line_text_is(&f->action, "leak");
	group->packets += growth->packets;
	line_text_copy(&f->time, time, sizeof(time));
	stretch(group, time, time);
	return 0;
}

int
record_groups_add(struct record_groups *g, const struct record_query *q,
    const struct line_fields *f)
{
	struct record_growth growth;
	int r = record_join_grow(g->join, q, f, &growth);

	return r < 0 ? r : record_groups_add_growth(g, f, &growth);
}

static int
more_first(const void *left, const void *right)
{
	const struct record_group *a = left, *b = right;

	if (a->packets != b->packets)
		return a->packets > b->packets ? -1 : 1;
	if (a->records != b->records)
		return a->records > b->records ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int
by_name(const void *left, const void *right)
{
	const struct record_group *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static void
sum_up(struct record_group *sum, const struct record_group *g)
{
	sum->records += g->records;
	sum->leaks += g->leaks;
	sum->packets += g->packets;
	stretch(sum, g->first, g->last);
}

size_t
record_groups_finish(struct record_groups *g, size_t top, const struct record_group **groups,
    struct record_group *others, struct record_group *total)
{
	const bool by_time = (g->by == BY_HOUR || g->by == BY_DAY) && top == 0;

	*others = *total = (struct record_group){ 0 };
	if (g->count > 0)
		qsort(g->groups, g->count, sizeof(*g->groups), by_time ? by_name : more_first);
	/* No name is found any more: the slots tell of the old order. */
	memset(g->slots, 0, g->size * sizeof(*g->slots));
	for (size_t i = 0; i < g->count; i++) {
		sum_up(total, &g->groups[i]);
		if (top > 0 && i >= top)
			sum_up(others, &g->groups[i]);
	}
	*groups = g->groups;
	return top > 0 && top < g->count ? top : g->count;
}
