/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which records are asked for, and sums over them.
 *
 * Stage: line -line_scan-> fields -record_query-> rows or groups.
 */
#ifndef AGENT_RECORD_RECORD_QUERY_H
#define AGENT_RECORD_RECORD_QUERY_H

#include "agent/record/line_scan.h"
#include "agent/record/record_text.h"
#include "rules/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_query {
	char since[RECORD_TIME_SIZE];		/* as records write times; "": from the first */
	char until[RECORD_TIME_SIZE];		/* not included; "": to the last */
	const char *zone, *from, *to;		/* zone: either side; NULL: any */
	const char *permit;
	struct ip_range address;		/* either side; IP_NONE: any */
	uint64_t min_severity;
	uint32_t classes;			/* 1 << enum violation_class; 0: any */
	uint32_t actions, subjects;		/* enum violation_action, event_subject */
	uint32_t kinds;				/* enum event_kind */
	bool routine;				/* also the daemon's own course */
};

/*
 * Lists with commas. False for a word that is none; q as it was or a part of it more.
 * Classes: "ZV-07", "zv7", "7", or the name in either language.
 * Kinds: sekisho.kind, or the event.action of a change ("cut-off").
 */
bool record_query_add_classes(struct record_query *q, const char *list);
bool record_query_add_actions(struct record_query *q, const char *list);
bool record_query_add_kinds(struct record_query *q, const char *list);
/* "high" or a number from 0 to 10. */
bool record_query_set_severity(struct record_query *q, const char *word);
/* An address, network or range. */
bool record_query_set_address(struct record_query *q, const char *text);

/* All but the time; and the time. Fields that are escaped match nothing: parse first. */
bool record_query_match(const struct record_query *q, const struct line_fields *f);
bool record_query_in_time(const struct record_query *q, const struct line_fields *f);

/*
 * Violations that run: first, updates and final of one have the same key, and the count
 * of each is the sum so far.
 */
struct record_join;

struct record_running {
	uint64_t key;
	uint64_t count;		/* packets so far */
	size_t row;		/* of those who show it; SIZE_MAX: not yet */
};

struct record_join *record_join_new(void);
void record_join_free(struct record_join *j);	/* accepts NULL */

/* The running violation of a record of one, new (count 0, no row) or known. NULL: no memory. */
struct record_running *record_join_take(struct record_join *j, const struct line_fields *f);
/* When the record was the final one: the key may come again as another violation. */
void record_join_end(struct record_join *j, const struct line_fields *f,
    const struct record_running *r);

/* What one record adds to sums over a time. */
struct record_growth {
	bool counts;		/* it lies in the time */
	bool begins;		/* the first of its violation there */
	uint64_t packets;	/* since the record before */
};

/*
 * Of a record that matches in all but the time; each is to be taken once, and each time
 * has a join of its own. 0 or -ENOMEM.
 */
int record_join_grow(struct record_join *j, const struct record_query *q,
    const struct line_fields *f, struct record_growth *out);

enum record_by { BY_NOTHING = 0, BY_SOURCE, BY_DESTINATION, BY_PAIR, BY_CLASS, BY_PERMIT,
	BY_HOUR, BY_DAY, BY_COUNT };

const char *record_by_name(enum record_by by);		/* "source" */
enum record_by record_by_parse(const char *word);	/* BY_NOTHING when it is none */

struct record_group {
	char *name;			/* "" when the records have none */
	uint64_t records;		/* violations, or records of other kinds */
	uint64_t leaks;			/* of them crossed */
	uint64_t packets;
	char first[RECORD_TIME_SIZE], last[RECORD_TIME_SIZE];
};

struct record_groups;

struct record_groups *record_groups_new(enum record_by by);
/* By two: the names of both with RECORD_NAMES_APART between them. */
#define RECORD_NAMES_APART '\n'
struct record_groups *record_groups_new_two(enum record_by by, enum record_by second);
void record_groups_free(struct record_groups *g);	/* accepts NULL */

/*
 * Take a record that matches in all but the time: what happened outside of the time
 * counts for nothing, yet is where the sums begin. 0 or -ENOMEM.
 */
int record_groups_add(struct record_groups *g, const struct record_query *q,
    const struct line_fields *f);
/* The same of what a join said already, for those who sum up in more than one way. */
int record_groups_add_growth(struct record_groups *g, const struct line_fields *f,
    const struct record_growth *growth);

/*
 * The groups, most packets first, or by time for hours and days when top is 0. With top
 * the others are summed up in *others (its name is ""). *total is the sum of all.
 */
size_t record_groups_finish(struct record_groups *g, size_t top,
    const struct record_group **groups, struct record_group *others,
    struct record_group *total);

#endif /* AGENT_RECORD_RECORD_QUERY_H */
