/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Permits between two dates: what became of them, and which of them nobody uses. */
#include "agent/cli/plan_words.h"
#include "agent/report/report_policy.h"
#include "agent/report/report_words.h"
#include "rules/policy_diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Soon: the notice that a committee which meets each month can still act on. */
#define SOON_S		(INT64_C(92) * 86400)
#define ROWS		80u

static const uint32_t unused_months[] = { 1, 3, 13 };
#define N_UNUSED (sizeof(unused_months) / sizeof(unused_months[0]))

enum use { USE_UNKNOWN = 0, USE_YOUNG, USE_NONE, USE_SOME };

/* ---- what has changed ------------------------------------------------------------------- */

struct difference {
	json_t *rows;
	size_t added, removed, changed;
};

/* What a zone of either policy is called. */
static const char *
zone_label(const struct report_policies *p, const char *zone, enum message_language language)
{
	const struct checked *both[] = { p->after, p->before };

	if (zone == NULL)
		return "";
	if (strcmp(zone, "self") == 0)
		return message_format(MSG_REPORT_SELF, language);
	for (size_t c = 0; c < 2; c++)
		for (size_t i = 0; i < both[c]->n_zones; i++)
			if (strcmp(both[c]->zones[i].name, zone) == 0)
				return both[c]->zones[i].label;
	return zone;
}

static json_t *
change_text(const struct policy_diff_permit *d, enum message_language language)
{
	return report_words_take(message_text(plan_change_words(d->change, d->before_other),
	    language, d->change == POLICY_RENAMED ? d->was : d->other));
}

/* One that several pairs of zones speak of counts once; they stand behind each other or not. */
static void
count(struct difference *c, const struct policy_diff_permit *d, json_t *seen)
{
	if (json_object_get(seen, d->id) != NULL)
		return;
	json_object_set_new(seen, d->id, json_true());
	if (d->change == POLICY_ADDED)
		c->added++;
	else if (d->change == POLICY_REMOVED)
		c->removed++;
	else
		c->changed++;
}

static json_t *
difference_json(const struct report_policies *p, enum message_language language)
{
	struct difference c = { .rows = json_array() };
	struct policy_diff *diff = policy_diff_new(p->before, p->after, NULL, NULL);
	json_t *seen = json_object();
	size_t more;

	for (size_t i = 0; diff != NULL && i < diff->n_permits; i++) {
		const struct policy_diff_permit *d = &diff->permits[i];

		if (d->id == NULL)
			continue;
		count(&c, d, seen);
		if (json_array_size(c.rows) < ROWS)
			json_array_append_new(c.rows, json_pack("{s:s, s:s, s:s, s:o}",
			    "id", d->id, "from", zone_label(p, d->from, language),
			    "to", zone_label(p, d->to, language),
			    "change", change_text(d, language)));
	}
	json_decref(seen);
	more = diff != NULL && diff->n_permits > ROWS ? diff->n_permits - ROWS : 0;
	policy_diff_free(diff);
	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:o}", "any",
	    json_array_size(c.rows) > 0, "added", (json_int_t)c.added,
	    "removed", (json_int_t)c.removed, "changed", (json_int_t)c.changed,
	    "more", (json_int_t)more, "rows", c.rows);
}

/* ---- one permit --------------------------------------------------------------------------- */

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static json_t *
hit_day(uint32_t day)
{
	return day == 0 ? json_string("–") : json_sprintf("%04u-%02u-%02u", day / 10000,
	    day / 100 % 100, day % 100);
}

/* Openings in the months that end with the one of a day. */
static enum use
use_of(const struct hits *h, const struct hits_permit *use, uint32_t day, uint32_t months)
{
	const uint32_t first = h->day == 0 ? HITS_MONTHS : hits_month(h, day);
	const uint32_t months_back = day / 10000 * 12 + day / 100 % 100 - months;
	const uint32_t begin = months_back / 12 * 10000 + (months_back % 12 + 1) * 100 + 1;

	if (first + months > HITS_MONTHS || h->since > begin)
		return USE_UNKNOWN;
	if (use == NULL || use->since > begin)
		return USE_YOUNG;
	for (uint32_t m = first; m < first + months; m++)
		if (use->months[m] > 0)
			return USE_SOME;
	return USE_NONE;
}

static json_t *
permit_json(const struct checked_permit *permit, const struct hits_permit *use)
{
	const bool ends = permit->valid_until != INT64_MAX;

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "id", permit->id,
	    "purpose", or_empty(permit->purpose), "request", or_empty(permit->request),
	    "approved_by", or_empty(permit->approved_by),
	    "until", ends ? report_words_take(report_time_text(permit->valid_until - 1)) :
	    json_string("–"), "last_hit", hit_day(use != NULL ? use->last : 0));
}

static void
keep(json_t *rows, json_t *row, uint64_t *more)
{
	if (json_array_size(rows) < ROWS) {
		json_array_append_new(rows, row);
		return;
	}
	json_decref(row);
	++*more;
}

/* ---- expiry and use ------------------------------------------------------------------------- */

static int
by_end(const void *left, const void *right)
{
	const struct checked_permit *const *a = left, *const *b = right;

	return (*a)->valid_until < (*b)->valid_until ? -1 :
	    (*a)->valid_until > (*b)->valid_until;
}

/* Those that end in a time, in the order of their ends. */
static json_t *
ending_json(const struct report_policies *p, int64_t from, int64_t to)
{
	const struct checked_permit **list = calloc(p->after->n_permits + 1, sizeof(*list));
	json_t *rows = json_array();
	uint64_t more = 0;
	size_t n = 0;

	for (size_t i = 0; list != NULL && i < p->after->n_permits; i++) {
		const struct checked_permit *permit = &p->after->permits[i];

		if (!permit->disabled && permit->valid_until > from && permit->valid_until <= to)
			list[n++] = permit;
	}
	if (n > 0)
		qsort(list, n, sizeof(*list), by_end);
	for (size_t i = 0; i < n; i++)
		keep(rows, permit_json(list[i], hits_find(&p->hits, list[i]->id)), &more);
	free(list);
	return json_pack("{s:I, s:I, s:o}", "count", (json_int_t)n, "more", (json_int_t)more,
	    "rows", rows);
}

/* Permits in force at a moment. */
static size_t
in_force(const struct checked *c, int64_t at)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_permits; i++)
		n += !c->permits[i].disabled && c->permits[i].valid_from < at &&
		    c->permits[i].valid_until >= at;
	return n;
}

static json_t *
unused_json(const struct report_policies *p, const struct report_period *period)
{
	const uint32_t day = report_day_number(period->to - 1);
	uint64_t counts[N_UNUSED][USE_SOME + 1] = { { 0 } }, more = 0;
	json_t *columns = json_array(), *rows = json_array();

	for (size_t i = 0; i < p->after->n_permits; i++) {
		const struct checked_permit *permit = &p->after->permits[i];
		const struct hits_permit *use = hits_find(&p->hits, permit->id);
		json_t *row;
		uint32_t longest = 0;

		if (permit->disabled || permit->valid_until < period->to)
			continue;
		for (size_t u = 0; u < N_UNUSED; u++) {
			enum use is = use_of(&p->hits, use, day, unused_months[u]);

			counts[u][is]++;
			longest = is == USE_NONE ? unused_months[u] : longest;
		}
		if (longest == 0)
			continue;
		row = permit_json(permit, use);
		json_object_set_new(row, "months", json_integer(longest));
		keep(rows, row, &more);
	}
	for (size_t u = 0; u < N_UNUSED; u++)
		json_array_append_new(columns, json_pack("{s:i, s:I, s:I, s:I, s:b}",
		    "months", (int)unused_months[u], "none", (json_int_t)counts[u][USE_NONE],
		    "some", (json_int_t)counts[u][USE_SOME],
		    "young", (json_int_t)counts[u][USE_YOUNG],
		    "known", counts[u][USE_UNKNOWN] == 0));
	return json_pack("{s:b, s:o, s:o, s:I, s:b, s:o, s:o}", "any",
	    json_array_size(rows) > 0, "columns", columns, "rows", rows,
	    "more", (json_int_t)more, "counted", p->hits.since != 0,
	    "since", hit_day(p->hits.since), "day", hit_day(p->hits.day));
}

/* ---- places ----------------------------------------------------------------------------------- */

static bool
is_outside(const struct checked *c, unsigned int zone)
{
	const enum zone_class class = c->zones[zone].zone_class;

	return class == ZONE_CLASS_INTERNET || class == ZONE_CLASS_EXTERNAL;
}

static json_t *
place(const char *key, enum message_language language, const struct report_policies *p,
    size_t (*count_of)(const struct checked *c))
{
	const size_t after = count_of(p->after);
	const size_t before = p->before != NULL ? count_of(p->before) : 0;
	enum message_id id = MSG_REPORT_PLACE_ZONES;

	(void)message_find(key, strlen(key), &id);
	return json_pack("{s:s, s:I, s:o, s:o}", "what", message_format(id, language),
	    "after", (json_int_t)after, "before", p->before != NULL ?
	    json_integer((json_int_t)before) : json_string("–"), "change",
	    p->before != NULL ? report_words_change(after, before) :
	    json_pack("{s:s}", "text", "–"));
}

static size_t
zones_of(const struct checked *c)
{
	return c->n_zones;
}

static size_t
segments_of(const struct checked *c)
{
	return c->n_segments;
}

static size_t
hosts_of(const struct checked *c)
{
	return c->n_hosts;
}

static size_t
permits_of(const struct checked *c)
{
	return c->n_permits;
}

/* Segments that lead out of the house. */
static size_t
outside_of(const struct checked *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_segments; i++)
		n += is_outside(c, c->segments[i].zone);
	return n;
}

static json_t *
places_json(const struct report_policies *p, enum message_language language)
{
	static const struct {
		const char *key;
		size_t (*count_of)(const struct checked *c);
	} rows[] = {
		{ "report-place-zones", zones_of }, { "report-place-segments", segments_of },
		{ "report-place-outside", outside_of }, { "report-place-hosts", hosts_of },
		{ "report-place-permits", permits_of },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		json_array_append_new(list,
		    place(rows[i].key, language, p, rows[i].count_of));
	return list;
}

json_t *
report_permits_json(const struct report_policies *p, const struct report_period *period,
    enum message_language language)
{
	json_t *difference;

	if (p->after == NULL)
		return json_pack("{s:b}", "known", 0);
	difference = p->before != NULL && !p->from_file ? difference_json(p, language) : NULL;
	return json_pack("{s:b, s:b, s:I, s:I, s:o*, s:o, s:o, s:o, s:o, s:I, s:I, s:o}",
	    "known", 1, "from_file", p->from_file, "total", (json_int_t)p->after->n_permits,
	    "in_force", (json_int_t)in_force(p->after, period->to),
	    "difference", difference,
	    "expired", ending_json(p, period->from, period->to),
	    "overdue", ending_json(p, INT64_MIN, period->from),
	    "soon", ending_json(p, period->to, period->to + SOON_S),
	    "unused", unused_json(p, period),
	    "before_serial", (json_int_t)p->before_serial,
	    "after_serial", (json_int_t)p->after_serial,
	    "places", places_json(p, language));
}
