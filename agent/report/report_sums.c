/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/report/report_sums.h"

#include "agent/report/report_chart.h"
#include "agent/report/report_words.h"
#include "agent/record/event.h"
#include "agent/record/record_query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_SECOND	INT64_C(1000000000)
#define TOP		10u
#define PAIRS_SHOWN	16u
/* Zones with a row of their own; zones of more are one row, "others". */
#define ZONES		14u
#define ARROW		" -> "

/* Ways to count; WITH_DAY: each of the other ones by day too. */
enum sum { BY_ALL_PAIRS = 0, BY_ALL_CLASSES, BY_ALL_SOURCES, BY_ALL_DESTINATIONS, BY_ALL_DAYS,
	BY_PAIR_AND_DAY, BY_CLASS_AND_DAY, BY_PAIR_AND_CLASS, SUMS };
enum prior_sum { PRIOR_PAIRS = 0, PRIOR_CLASSES, PRIOR_DAYS, PRIORS };

static const enum record_by sums[SUMS][2] = {
	[BY_ALL_PAIRS] = { BY_PAIR, BY_NOTHING },
	[BY_ALL_CLASSES] = { BY_CLASS, BY_NOTHING },
	[BY_ALL_SOURCES] = { BY_SOURCE, BY_NOTHING },
	[BY_ALL_DESTINATIONS] = { BY_DESTINATION, BY_NOTHING },
	[BY_ALL_DAYS] = { BY_DAY, BY_NOTHING },
	[BY_PAIR_AND_DAY] = { BY_PAIR, BY_DAY },
	[BY_CLASS_AND_DAY] = { BY_CLASS, BY_DAY },
	[BY_PAIR_AND_CLASS] = { BY_PAIR, BY_CLASS },
};
static const enum record_by prior_sums[PRIORS] = { BY_PAIR, BY_CLASS, BY_DAY };

struct report_sums {
	struct report_period period;
	struct record_query now, before;
	struct record_join *join_now, *join_before;
	struct record_groups *groups[SUMS], *prior[PRIORS];
};

/* The groups of one way when all was taken. */
struct table {
	const struct record_group *rows;
	size_t n;
	struct record_group others, total;
};

struct report_sums *
report_sums_new(const struct report_period *p)
{
	struct report_sums *s = calloc(1, sizeof(*s));
	bool good;

	if (s == NULL)
		return NULL;
	s->period = *p;
	s->now.kinds = s->before.kinds = 1u << EVENT_VIOLATION;
	record_time(p->prior * NS_PER_SECOND, s->before.since);
	record_time(p->from * NS_PER_SECOND, s->before.until);
	record_time(p->from * NS_PER_SECOND, s->now.since);
	record_time(p->to * NS_PER_SECOND, s->now.until);
	s->join_now = record_join_new();
	s->join_before = record_join_new();
	good = s->join_now != NULL && s->join_before != NULL;
	for (int i = 0; i < SUMS; i++) {
		s->groups[i] = record_groups_new_two(sums[i][0], sums[i][1]);
		good = good && s->groups[i] != NULL;
	}
	for (int i = 0; i < PRIORS; i++) {
		s->prior[i] = record_groups_new(prior_sums[i]);
		good = good && s->prior[i] != NULL;
	}
	if (good)
		return s;
	report_sums_free(s);
	return NULL;
}

void
report_sums_free(struct report_sums *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < SUMS; i++)
		record_groups_free(s->groups[i]);
	for (int i = 0; i < PRIORS; i++)
		record_groups_free(s->prior[i]);
	record_join_free(s->join_now);
	record_join_free(s->join_before);
	free(s);
}

int
report_sums_take(struct report_sums *s, const struct line_fields *f)
{
	struct record_growth growth;
	int r;

	if (!record_query_match(&s->now, f))
		return 0;
	r = record_join_grow(s->join_before, &s->before, f, &growth);
	for (int i = 0; i < PRIORS && r == 0; i++)
		r = record_groups_add_growth(s->prior[i], f, &growth);
	if (r == 0)
		r = record_join_grow(s->join_now, &s->now, f, &growth);
	for (int i = 0; i < SUMS && r == 0; i++)
		r = record_groups_add_growth(s->groups[i], f, &growth);
	return r;
}

/* ---- tables ---------------------------------------------------------------------------- */

static void
finish(struct record_groups *g, size_t top, struct table *out)
{
	out->n = record_groups_finish(g, top, &out->rows, &out->others, &out->total);
}

static const struct record_group *
find(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->rows[i].name, name) == 0)
			return &t->rows[i];
	return NULL;
}

/* What stands behind the name in a group of two; NULL: it is another one's. */
static const char *
second_of(const char *both, const char *name)
{
	const char *apart = strrchr(both, RECORD_NAMES_APART);
	const size_t n = strlen(name);

	if (apart == NULL || (size_t)(apart - both) != n || memcmp(both, name, n) != 0)
		return NULL;
	return apart + 1;
}

/* Cases of a name on each day of the period; the caller frees it. */
static uint64_t *
days_of(const struct report_sums *s, const struct table *by_day, const char *name)
{
	uint64_t *days = calloc((size_t)s->period.days, sizeof(*days));

	for (size_t i = 0; days != NULL && i < by_day->n; i++) {
		const char *day = second_of(by_day->rows[i].name, name);
		int at = day != NULL ? report_period_day(s->period.from, day) : -1;

		if (at >= 0 && at < s->period.days)
			days[at] += by_day->rows[i].records;
	}
	return days;
}

static json_t *
numbers(const struct record_group *g, const struct record_group *before)
{
	const uint64_t prior = before != NULL ? before->records : 0;

	return json_pack("{s:I, s:I, s:I, s:I, s:o}", "cases", (json_int_t)g->records,
	    "leaks", (json_int_t)g->leaks, "packets", (json_int_t)g->packets,
	    "prior", (json_int_t)prior, "change", report_words_change(g->records, prior));
}

/* The trend line of a row, over the days of the period. */
static void
set_trend(const struct report_sums *s, const struct table *by_day, const char *name,
    json_t *row)
{
	uint64_t *days = days_of(s, by_day, name);
	const size_t n = (size_t)s->period.days;
	const uint64_t most = days != NULL ? report_chart_most(days, n) : 0;

	json_object_set_new(row, "most", json_integer((json_int_t)most));
	json_object_set_new(row, "points", days == NULL ? json_string("") :
	    report_chart_line(days, n, CHART_LINE_WIDTH, CHART_LINE_HEIGHT, most));
	free(days);
}

static const char *
label_of(const json_t *labels, const char *zone)
{
	const char *label = json_string_value(json_object_get(labels, zone));

	return label != NULL ? label : *zone != '\0' ? zone : "?";
}

/* A name that may be bytes of a foreign line. */
static json_t *
name_json(const char *name)
{
	json_t *value = json_string(*name != '\0' ? name : "–");

	return value != NULL ? value : json_string("?");
}

/* Both zones of a pair; from holds RECORD_NAME_SIZE. */
static void
split(const char *pair, char *from, const char **to)
{
	const char *arrow = strstr(pair, ARROW);
	const size_t n = arrow == NULL ? 0 : (size_t)(arrow - pair);

	from[0] = '\0';
	*to = arrow == NULL ? pair : arrow + strlen(ARROW);
	if (n < RECORD_NAME_SIZE) {
		memcpy(from, pair, n);
		from[n] = '\0';
	}
}

/* ---- the zone matrix ------------------------------------------------------------------- */

struct matrix {
	char names[ZONES + 1][RECORD_NAME_SIZE];	/* the last one: all others */
	size_t n;					/* without the others */
	uint64_t cases[ZONES + 1][ZONES + 1], leaks[ZONES + 1][ZONES + 1];
	bool others;
};

static size_t
zone_at(struct matrix *m, const char *name)
{
	size_t i = 0;

	while (i < m->n && strcmp(m->names[i], name) != 0)
		i++;
	if (i < m->n)
		return i;
	if (m->n == ZONES || strlen(name) >= RECORD_NAME_SIZE) {
		m->others = true;
		return ZONES;
	}
	memcpy(m->names[m->n], name, strlen(name) + 1);
	return m->n++;
}

static json_t *
zone_json(const struct matrix *m, size_t i, const json_t *labels, enum message_language l)
{
	if (i == ZONES)
		return json_string(message_format(MSG_REPORT_OTHER_ZONES, l));
	if (strcmp(m->names[i], "self") == 0)
		return json_string(message_format(MSG_REPORT_SELF, l));
	if (m->names[i][0] == '\0')
		return json_string(message_format(MSG_REPORT_UNKNOWN_ZONE, l));
	return name_json(label_of(labels, m->names[i]));
}

static json_t *
row_json(const struct matrix *m, size_t from, const json_t *labels, enum message_language l)
{
	json_t *cells = json_array();
	uint64_t sum = 0;

	for (size_t i = 0; i < m->n + m->others; i++) {
		const size_t to = i < m->n ? i : ZONES;
		const uint64_t cases = m->cases[from][to];

		sum += cases;
		json_array_append_new(cells, json_pack("{s:I, s:I, s:o, s:b, s:b}",
		    "cases", (json_int_t)cases, "leaks", (json_int_t)m->leaks[from][to],
		    "level", json_sprintf("%d", report_chart_level(cases)),
		    "dark", report_chart_level(cases) > 2, "same", from == to && cases == 0));
	}
	return json_pack("{s:o, s:o, s:I}", "zone", zone_json(m, from, labels, l),
	    "cells", cells, "sum", (json_int_t)sum);
}

static json_t *
matrix_json(const struct table *pairs, json_t *labels, enum message_language l)
{
	struct matrix *m = calloc(1, sizeof(*m));
	json_t *columns = json_array(), *rows = json_array(), *sums_row = json_array(), *label;
	const char *name, *to;
	char from[RECORD_NAME_SIZE];

	if (m == NULL)
		return NULL;
	json_object_foreach(labels, name, label)
		(void)zone_at(m, name);
	for (size_t i = 0; i < pairs->n; i++) {
		size_t a, b;

		split(pairs->rows[i].name, from, &to);
		a = zone_at(m, from);
		b = zone_at(m, to);
		m->cases[a][b] += pairs->rows[i].records;
		m->leaks[a][b] += pairs->rows[i].leaks;
	}
	for (size_t i = 0; i < m->n + m->others; i++) {
		const size_t zone = i < m->n ? i : ZONES;
		uint64_t sum = 0;

		for (size_t a = 0; a <= ZONES; a++)
			sum += m->cases[a][zone];
		json_array_append_new(columns, zone_json(m, zone, labels, l));
		json_array_append_new(rows, row_json(m, zone, labels, l));
		json_array_append_new(sums_row, json_integer((json_int_t)sum));
	}
	free(m);
	return json_pack("{s:o, s:o, s:o, s:I}", "columns", columns, "rows", rows,
	    "sums", sums_row, "total", (json_int_t)pairs->total.records);
}

/* ---- lists ------------------------------------------------------------------------------- */

static json_t *
top_json(struct record_groups *g)
{
	json_t *rows = json_array();
	struct table t;

	finish(g, TOP, &t);
	for (size_t i = 0; i < t.n; i++) {
		json_t *row = numbers(&t.rows[i], NULL);

		json_object_set_new(row, "name", name_json(t.rows[i].name));
		json_object_set_new(row, "rank", json_integer((json_int_t)i + 1));
		json_array_append_new(rows, row);
	}
	return json_pack("{s:o, s:b, s:o}", "rows", rows, "others_any", t.others.records > 0 ||
	    t.others.packets > 0, "others", numbers(&t.others, NULL));
}

static json_t *
classes_json(const struct report_sums *s, const struct table *now, const struct table *prior,
    enum message_language language)
{
	const struct record_group none = { .name = NULL };
	json_t *rows = json_array();
	struct table by_day;

	finish(s->groups[BY_CLASS_AND_DAY], 0, &by_day);
	for (int c = ZV_NONE; c < ZV_COUNT; c++) {
		const char *id = violation_class_id((enum violation_class)c);
		const struct record_group *g = find(now, id), *before = find(prior, id);
		json_t *row;

		if (g == NULL && before == NULL)
			continue;
		row = numbers(g != NULL ? g : &none, before);
		json_object_set_new(row, "id", name_json(id));
		json_object_set_new(row, "name", json_string(
		    violation_class_name((enum violation_class)c, language)));
		set_trend(s, &by_day, id, row);
		json_array_append_new(rows, row);
	}
	return rows;
}

/* "ZV-01 12, ZV-02 3" of a pair. */
static json_t *
classes_of_pair(const struct table *by_class, const char *pair)
{
	json_t *list = json_array();

	for (size_t i = 0; i < by_class->n; i++) {
		const char *class = second_of(by_class->rows[i].name, pair);

		if (class != NULL)
			json_array_append_new(list, json_pack("{s:o, s:I}", "id",
			    name_json(class), "cases",
			    (json_int_t)by_class->rows[i].records));
	}
	return list;
}

static json_t *
pair_json(const struct report_sums *s, const struct record_group *g,
    const struct table *prior, const struct table *by_day, const struct table *by_class)
{
	json_t *row = numbers(g, find(prior, g->name));

	set_trend(s, by_day, g->name, row);
	json_object_set_new(row, "classes", classes_of_pair(by_class, g->name));
	return row;
}

static json_t *
pairs_json(const struct report_sums *s, const struct table *now, const struct table *prior,
    const json_t *labels)
{
	struct record_group others = { .name = NULL };
	json_t *rows = json_array();
	struct table by_day, by_class;
	char from[RECORD_NAME_SIZE];
	const char *to;

	finish(s->groups[BY_PAIR_AND_DAY], 0, &by_day);
	finish(s->groups[BY_PAIR_AND_CLASS], 0, &by_class);
	for (size_t i = 0; i < now->n; i++) {
		const struct record_group *g = &now->rows[i];
		json_t *row;

		if (i >= PAIRS_SHOWN) {
			others.records += g->records;
			others.leaks += g->leaks;
			others.packets += g->packets;
			continue;
		}
		row = pair_json(s, g, prior, &by_day, &by_class);
		split(g->name, from, &to);
		json_object_set_new(row, "from", name_json(label_of(labels, from)));
		json_object_set_new(row, "to", name_json(label_of(labels, to)));
		json_array_append_new(rows, row);
	}
	return json_pack("{s:o, s:b, s:o}", "rows", rows, "others_any", now->n > PAIRS_SHOWN,
	    "others", numbers(&others, NULL));
}

static void
spread(const struct table *t, int64_t from, size_t n, uint64_t *cases, uint64_t *leaks)
{
	for (size_t i = 0; i < t->n; i++) {
		const int at = report_period_day(from, t->rows[i].name);

		if (at < 0 || (size_t)at >= n)
			continue;
		cases[at] += t->rows[i].records;
		if (leaks != NULL)
			leaks[at] += t->rows[i].leaks;
	}
}

/* Bars of this period, and the one before as a line on the same scale. */
static json_t *
days_json(const struct report_sums *s)
{
	const size_t n = (size_t)s->period.days, m = (size_t)s->period.prior_days;
	const size_t width = n > m ? n : m;
	uint64_t *days = calloc(3 * width, sizeof(*days)), most, least;
	struct table now, before;
	json_t *chart;

	if (days == NULL)
		return NULL;
	finish(s->groups[BY_ALL_DAYS], 0, &now);
	finish(s->prior[PRIOR_DAYS], 0, &before);
	spread(&now, s->period.from, n, days, days + width);
	spread(&before, s->period.prior, m, days + 2 * width, NULL);
	most = report_chart_most(days, n);
	least = report_chart_most(days + 2 * width, m);
	most = least > most ? least : most;
	chart = report_chart_days(days, days + width, n, most, s->period.from);
	/* A shorter month before ends earlier; of a longer one the last days are left out. */
	json_object_set_new(chart, "prior", report_chart_line(days + 2 * width, m < n ? m : n,
	    (int)((uint64_t)CHART_WIDTH * (m < n ? m : n) / n), CHART_HEIGHT, most));
	free(days);
	return chart;
}

json_t *
report_sums_json(struct report_sums *s, json_t *labels, enum message_language language)
{
	struct table pairs, classes, prior_pairs, prior_classes;
	json_t *total;

	finish(s->groups[BY_ALL_PAIRS], 0, &pairs);
	finish(s->groups[BY_ALL_CLASSES], 0, &classes);
	finish(s->prior[PRIOR_PAIRS], 0, &prior_pairs);
	finish(s->prior[PRIOR_CLASSES], 0, &prior_classes);
	total = numbers(&pairs.total, &prior_pairs.total);
	json_object_set_new(total, "prior_leaks",
	    json_integer((json_int_t)prior_pairs.total.leaks));
	json_object_set_new(total, "prior_packets",
	    json_integer((json_int_t)prior_pairs.total.packets));
	json_object_set_new(total, "change_leaks",
	    report_words_change(pairs.total.leaks, prior_pairs.total.leaks));
	json_object_set_new(total, "change_packets",
	    report_words_change(pairs.total.packets, prior_pairs.total.packets));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "total", total,
	    "matrix", matrix_json(&pairs, labels, language),
	    "classes", classes_json(s, &classes, &prior_classes, language),
	    "pairs", pairs_json(s, &pairs, &prior_pairs, labels),
	    "sources", top_json(s->groups[BY_ALL_SOURCES]),
	    "destinations", top_json(s->groups[BY_ALL_DESTINATIONS]), "days", days_json(s));
}
