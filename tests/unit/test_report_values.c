/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the report is made of: periods, words, geometry, time watched, the gravest ones. */
#include "agent/report/report_chart.h"
#include "agent/report/report_events.h"
#include "agent/report/report_serious.h"
#include "agent/report/report_sums.h"
#include "agent/report/report_watch.h"
#include "agent/report/report_words.h"
#include "agent/cli/violations_table.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOUR	3600
#define DAY	86400

/* Seconds of a day and time in Japan. */
static int64_t
at(int year, int month, int day, int hour, int minute)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day,
		.tm_hour = hour, .tm_min = minute, .tm_isdst = -1 };

	return (int64_t)mktime(&tm);
}

static void
periods_have_one_before(void)
{
	struct report_period p;

	CU_ASSERT_TRUE(report_period_set(&p, at(2026, 3, 1, 0, 0), at(2026, 4, 1, 0, 0)));
	CU_ASSERT_TRUE(p.months);
	CU_ASSERT_EQUAL(p.days, 31);
	CU_ASSERT_EQUAL(p.prior, at(2026, 2, 1, 0, 0));
	CU_ASSERT_EQUAL(p.prior_days, 28);
	/* A fiscal year and the one before. */
	CU_ASSERT_TRUE(report_period_set(&p, at(2025, 4, 1, 0, 0), at(2026, 4, 1, 0, 0)));
	CU_ASSERT_EQUAL(p.prior, at(2024, 4, 1, 0, 0));
	/* A week is compared with a week, hours with as many hours. */
	CU_ASSERT_TRUE(report_period_set(&p, at(2026, 3, 9, 0, 0), at(2026, 3, 16, 0, 0)));
	CU_ASSERT_EQUAL(p.prior, at(2026, 3, 2, 0, 0));
	CU_ASSERT_EQUAL(p.days, 7);
	CU_ASSERT_TRUE(report_period_set(&p, at(2026, 3, 9, 9, 0), at(2026, 3, 9, 12, 0)));
	CU_ASSERT_EQUAL(p.prior, at(2026, 3, 9, 6, 0));
	CU_ASSERT_EQUAL(p.days, 1);
	CU_ASSERT_FALSE(report_period_set(&p, at(2026, 3, 9, 0, 0), at(2026, 3, 9, 0, 0)));
	CU_ASSERT_FALSE(report_period_set(&p, at(2020, 3, 9, 0, 0), at(2026, 3, 9, 0, 0)));
	report_period_last_month(&p, at(2026, 1, 15, 12, 0));
	CU_ASSERT_EQUAL(p.from, at(2025, 12, 1, 0, 0));
	CU_ASSERT_EQUAL(p.to, at(2026, 1, 1, 0, 0));
	CU_ASSERT_EQUAL(report_period_day(p.from, "2025-12-31"), 30);
	CU_ASSERT_EQUAL(report_period_day(p.from, "nonsense"), -1);
}

static void
is_text(char *text, const char *expected)
{
	CU_ASSERT_STRING_EQUAL(text, expected);
	free(text);
}

static void
is_value(json_t *value, const char *expected)
{
	CU_ASSERT_STRING_EQUAL(json_string_value(value), expected);
	json_decref(value);
}

static void
words_are_exact(void)
{
	char digits[REPORT_NUMBER];
	json_t *change;

	is_text(report_day_text(at(2026, 11, 1, 0, 0), MESSAGE_JAPANESE),
	    "2026年(令和8年)11月1日");
	is_text(report_day_text(at(2019, 5, 1, 0, 0), MESSAGE_JAPANESE), "2019年(令和元年)5月1日");
	is_text(report_day_text(at(2019, 4, 30, 0, 0), MESSAGE_JAPANESE), "2019年4月30日");
	is_text(report_day_text(at(2026, 11, 1, 0, 0), MESSAGE_ENGLISH), "2026-11-01");
	is_text(report_time_text(at(2026, 11, 1, 9, 5)), "2026-11-01 09:05:00");
	is_text(report_duration_text(59, MESSAGE_ENGLISH), "59 s");
	is_text(report_duration_text(3599, MESSAGE_ENGLISH), "59 min 59 s");
	is_text(report_duration_text(DAY - 1, MESSAGE_ENGLISH), "23 h 59 min");
	is_text(report_duration_text(2 * DAY, MESSAGE_JAPANESE), "2日0時間");
	/* One second of a year is missing: that is not all of it. */
	is_value(report_words_share(31535999, 31536000), "99.999 %");
	is_value(report_words_share(5, 5), "100.000 %");
	is_value(report_words_share(0, 0), "–");
	is_value(report_words_share(UINT64_MAX, UINT64_MAX), "100.000 %");
	CU_ASSERT_STRING_EQUAL(report_number(INT64_MIN, digits), "-9,223,372,036,854,775,808");
	CU_ASSERT_STRING_EQUAL(report_number(100, digits), "100");
	change = report_words_change(1500, 1000);
	is_value(json_incref(json_object_get(change, "text")), "+500 (+50 %)");
	json_decref(change);
	change = report_words_change(0, 4);
	is_value(json_incref(json_object_get(change, "text")), "−4 (−100 %)");
	json_decref(change);
	CU_ASSERT_EQUAL(report_seconds("2026-11-21T03:34:56.1Z", 22), INT64_C(1795232096));
	CU_ASSERT_EQUAL(report_seconds("2026-11-21T03:34:56Z", 20), INT64_MIN);
	CU_ASSERT_EQUAL(report_seconds("", 0), INT64_MIN);
}

static void
geometry_keeps_the_scale(void)
{
	const uint64_t days[] = { 0, 5, 10 }, none[] = { 0, 0, 0 }, leaks[] = { 0, 0, 1 };
	json_t *chart;

	is_value(report_chart_line(days, 3, 120, 20, 10), "20.0,20.0 60.0,10.0 100.0,0.0");
	is_value(report_chart_line(none, 3, 120, 20, 0), "");
	chart = report_chart_days(days, leaks, 3, 10, at(2026, 2, 27, 0, 0));
	CU_ASSERT_EQUAL(json_array_size(json_object_get(chart, "bars")), 2);
	CU_ASSERT_STRING_EQUAL(violations_text(json_array_get(json_object_get(chart, "ticks"),
	    2), "text"), "3/1");
	json_decref(chart);
	CU_ASSERT_EQUAL(report_chart_level(0), 0);
	CU_ASSERT_EQUAL(report_chart_level(9), 1);
	CU_ASSERT_EQUAL(report_chart_level(10), 2);
	CU_ASSERT_EQUAL(report_chart_level(999), 3);
	CU_ASSERT_EQUAL(report_chart_level(UINT64_MAX), 4);
}

/* ---- time watched -------------------------------------------------------------------- */

static json_t *
record(const char *kind, int64_t start, int64_t end)
{
	char first[RECORD_TIME_SIZE], last[RECORD_TIME_SIZE];

	return json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s}, s:{s:s, s:s, s:i, s:{s:i, "
	    "s:{s:b, s:i}}}}", "@timestamp", record_time(end * 1000000000, last),
	    "message", "m", "event", "kind", "alert", "action", kind, "module", "watcher",
	    "start", record_time(start * 1000000000, first), "end", last,
	    "sekisho", "kind", kind, "message_ja", "m", "lost", 3, "heartbeat",
	    "lost_ever", 0, "clock", "synchronised", 1, "offset_ns", -5000000);
}

static void
take(struct report_watch *w, const char *kind, int64_t start, int64_t end)
{
	json_t *r = record(kind, start, end);
	struct line_fields f;

	line_fields_of(r, &f);
	CU_ASSERT_EQUAL(report_watch_take(w, &f), 0);
	if (strcmp(kind, "life") != 0)
		CU_ASSERT_EQUAL(report_watch_take_whole(w, r, MESSAGE_ENGLISH), 0);
	json_decref(r);
}

/* Seconds that are missing of a day, with heartbeats all the time but in [quiet, until). */
static json_int_t
missing_of(int64_t beat, int64_t quiet, int64_t until, int64_t gap, int64_t gap_end)
{
	const int64_t from = at(2026, 11, 10, 0, 0);
	struct report_watch *w = report_watch_new(from, from + DAY);
	json_int_t missing;
	json_t *told;

	CU_ASSERT_PTR_NOT_NULL_FATAL(w);
	for (int64_t t = -HOUR; t < DAY + HOUR; t += beat) {
		if (t >= quiet && t < until)
			continue;
		take(w, "heartbeat", from + t, from + t);
	}
	if (gap != gap_end)
		take(w, "gap", from + gap, from + gap_end);
	told = report_watch_json(w, MESSAGE_ENGLISH);
	CU_ASSERT_PTR_NOT_NULL_FATAL(told);
	missing = violations_number(told, "watched.missing_seconds");
	CU_ASSERT_EQUAL(violations_is(told, "watched.complete"), missing == 0);
	CU_ASSERT_EQUAL(violations_is(told, "clock.good"), true);
	CU_ASSERT_STRING_EQUAL(violations_text(told, "clock.offset_ms"), "5.000");
	json_decref(told);
	report_watch_free(w);
	return missing;
}

static void
silence_and_gaps_count_once(void)
{
	CU_ASSERT_EQUAL(missing_of(60, 0, 0, 0, 0), 0);
	/* Two heartbeats late is not away yet, three are; a slower pace is known. */
	CU_ASSERT_EQUAL(missing_of(60, HOUR, HOUR + 60, 0, 0), 0);
	CU_ASSERT_EQUAL(missing_of(60, HOUR, HOUR + 180, 0, 0), 240);
	CU_ASSERT_EQUAL(missing_of(600, 0, 0, 0, 0), 0);
	CU_ASSERT_EQUAL(missing_of(600, HOUR, 2 * HOUR, 0, 0), HOUR + 600);
	/* Over the begin of the day: only what lies in it. */
	CU_ASSERT_EQUAL(missing_of(60, -1800, 1800, 0, 0), 1800);
	/* A gap, one outside, one in a silence, one that reaches out of it. */
	CU_ASSERT_EQUAL(missing_of(60, 0, 0, HOUR, HOUR + 90), 90);
	CU_ASSERT_EQUAL(missing_of(60, 0, 0, -90, -30), 0);
	CU_ASSERT_EQUAL(missing_of(60, HOUR, 2 * HOUR, HOUR + 5, HOUR + 90), HOUR + 60);
	CU_ASSERT_EQUAL(missing_of(60, HOUR, 2 * HOUR, 2 * HOUR - 60, 2 * HOUR + 60),
	    HOUR + 60 + 60);
}

static void
nothing_at_all_was_not_watched(void)
{
	const int64_t from = at(2026, 11, 10, 0, 0);
	struct report_watch *w = report_watch_new(from, from + DAY);
	json_t *told;

	CU_ASSERT_PTR_NOT_NULL_FATAL(w);
	told = report_watch_json(w, MESSAGE_ENGLISH);
	CU_ASSERT_EQUAL(violations_number(told, "watched.missing_seconds"), DAY);
	CU_ASSERT_STRING_EQUAL(violations_text(told, "watched.share"), "0.000 %");
	CU_ASSERT_FALSE(violations_is(told, "clock.known"));
	json_decref(told);
	report_watch_free(w);
}

/* ---- the gravest ------------------------------------------------------------------------ */

static void
take_violation(struct report_serious *s, unsigned int key, const char *phase,
    const char *action, int severity, unsigned int count, int64_t when)
{
	char time[RECORD_TIME_SIZE], text[32], *line;
	struct line_fields f;
	json_t *r;

	snprintf(text, sizeof(text), "%016x", key);
	record_time(when * 1000000000, time);
	r = json_pack("{s:s, s:s, s:{s:s, s:s, s:i, s:s, s:s}, s:{s:s}, s:{s:s, s:s, s:s, s:i, "
	    "s:s}}", "@timestamp", time, "message", "m", "event", "kind", "alert", "action",
	    action, "severity", severity, "start", time, "end", time, "rule", "id", "ZV-01",
	    "sekisho", "kind", "violation", "agg", phase, "key", text, "count", (int)count,
	    "message_ja", "m");
	line = json_dumps(r, JSON_COMPACT);
	line_fields_of(r, &f);
	CU_ASSERT_EQUAL(report_serious_take(s, &f, line, strlen(line)), 0);
	free(line);
	json_decref(r);
}

static void
the_gravest_stay(void)
{
	const int64_t from = at(2026, 11, 10, 0, 0);
	struct log_reader *reader = log_reader_open("/nonexistent-record");
	struct report_period p;
	struct report_serious *s;
	json_t *told, *rows;

	CU_ASSERT_TRUE_FATAL(report_period_set(&p, from, from + DAY));
	s = report_serious_new(&p);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	/* The first to come becomes the largest of all attempts, after it had gone out. */
	take_violation(s, 1, "first", "attempt", 7, 1, from);
	for (unsigned int i = 2; i < 1000; i++)
		take_violation(s, i, "first", "attempt", 7, 10 + i % 50, from + i);
	take_violation(s, 1, "update", "attempt", 7, 5000, from + 2000);
	take_violation(s, 1, "final", "attempt", 7, 5001, from + 2001);
	take_violation(s, 2000, "first", "leak", 7, 1, from + 3000);
	take_violation(s, 2001, "first", "attempt", 9, 1, from + 3000);
	take_violation(s, 2002, "first", "attempt", 3, 9000, from + 3000);
	take_violation(s, 2003, "first", "leak", 9, 9000, from + 2 * DAY);
	told = report_serious_json(s, reader, NULL, MESSAGE_ENGLISH);
	rows = json_object_get(told, "rows");
	CU_ASSERT_EQUAL(violations_number(told, "count"), 1001);
	CU_ASSERT_EQUAL(violations_number(told, "more"), 1001 - (json_int_t)json_array_size(rows));
	CU_ASSERT_TRUE(violations_is(json_array_get(rows, 0), "leak"));
	CU_ASSERT_EQUAL(violations_number(json_array_get(rows, 1), "severity"), 9);
	CU_ASSERT_EQUAL(violations_number(json_array_get(rows, 2), "packets"), 5001);
	CU_ASSERT_EQUAL(violations_number(json_array_get(rows, 3), "packets"), 59);
	json_decref(told);
	report_serious_free(s);
	log_reader_close(reader);
}

static void
people_are_counted_apart(void)
{
	static const char *const names[] = { "A", "B", "A" };
	struct report_events *e = report_events_new(MESSAGE_ENGLISH);
	json_t *told, *people;

	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	for (int i = 0; i < 300; i++) {
		char name[16];
		json_t *r;

		snprintf(name, sizeof(name), "%s%d", names[i % 3], i < 3 ? 0 : i);
		r = json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:s, s:s}}", "message", "m", "event",
		    "action", "policy-change", "outcome", i == 1 ? "failure" : "success",
		    "sekisho", "kind", "change", "person", name, "actor", "uid 0");
		CU_ASSERT_EQUAL(report_events_take(e, r), 0);
		json_decref(r);
	}
	told = report_events_json(e);
	people = json_object_get(told, "people");
	CU_ASSERT_EQUAL(violations_number(told, "changes.count"), 300);
	CU_ASSERT_EQUAL(violations_number(told, "changes.more"), 300 - REPORT_ROWS_EVENTS);
	CU_ASSERT_EQUAL(violations_number(json_array_get(people, 0), "changes"), 2);
	CU_ASSERT_EQUAL(violations_number(json_array_get(people, 1), "failed"), 1);
	CU_ASSERT_EQUAL(json_array_size(people), 64);
	CU_ASSERT_EQUAL(violations_number(json_array_get(people, 63), "changes"), 300 - 64);
	json_decref(told);
	report_events_free(e);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "periods have one before", periods_have_one_before },
		{ "words are exact", words_are_exact },
		{ "geometry keeps the scale", geometry_keeps_the_scale },
		{ "silence and gaps count once", silence_and_gaps_count_once },
		{ "nothing at all was not watched", nothing_at_all_was_not_watched },
		{ "the gravest stay", the_gravest_stay },
		{ "people are counted apart", people_are_counted_apart },
		CU_TEST_INFO_NULL,
	};

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	return unit_main("report values", tests);
}
