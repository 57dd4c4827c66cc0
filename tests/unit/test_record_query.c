/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/violations_time.h"
#include "agent/record/record_query.h"
#include "rules/violation_class.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct line_text
text(const char *s)
{
	return (struct line_text){ .text = s, .length = (uint32_t)strlen(s) };
}

static struct line_fields
violation(const char *time, const char *key, const char *phase, uint64_t count)
{
	return (struct line_fields){ .time = text(time), .kind = text("violation"),
		.key = text(key), .phase = text(phase), .count = count,
		.event_kind = text("alert"), .action = text("leak"), .class = text("ZV-07"),
		.from = text("mynumber"), .to = text("internet"), .severity = 7,
		.source = text("10.1.2.3"), .destination = text("2001:db8::1"),
		.permit = text("T01") };
}

static void
filters_take_what_they_say(void)
{
	const struct line_fields f = violation("2026-11-21T03:14:56.000000000Z", "1", "first", 1);
	struct record_query q = { 0 };

	CU_ASSERT_TRUE(record_query_match(&q, &f));
#define CHECK(good, bad)						\
	memset(&q, 0, sizeof(q)); good;					\
	CU_ASSERT_TRUE(record_query_match(&q, &f));			\
	memset(&q, 0, sizeof(q)); bad;					\
	CU_ASSERT_FALSE(record_query_match(&q, &f))

	CHECK(q.zone = "mynumber", q.zone = "lgwan");
	CHECK(q.zone = "internet", q.zone = "mynumbe");
	CHECK(q.from = "mynumber", q.from = "internet");
	CHECK(q.to = "internet", q.to = "mynumber");
	CHECK(q.permit = "T01", q.permit = "T0");
	CHECK(q.min_severity = 7, q.min_severity = 8);
	CHECK(CU_ASSERT_TRUE(record_query_add_classes(&q, "ZV-01,7")),
	    CU_ASSERT_TRUE(record_query_add_classes(&q, "zv-08")));
	CHECK(CU_ASSERT_TRUE(record_query_add_classes(&q,
	    violation_class_name(ZV_07_ROGUE_SERVICE, MESSAGE_JAPANESE))),
	    CU_ASSERT_TRUE(record_query_add_classes(&q, "1")));
	CHECK(CU_ASSERT_TRUE(record_query_add_actions(&q, "attempt,leak")),
	    CU_ASSERT_TRUE(record_query_add_actions(&q, "attempt")));
	CHECK(CU_ASSERT_TRUE(record_query_add_kinds(&q, "violation,gap")),
	    CU_ASSERT_TRUE(record_query_add_kinds(&q, "change,drift,cutoff")));
	CHECK(CU_ASSERT_TRUE(record_query_set_address(&q, "10.1.0.0/16")),
	    CU_ASSERT_TRUE(record_query_set_address(&q, "10.1.2.4")));
	CHECK(CU_ASSERT_TRUE(record_query_set_address(&q, "2001:db8::/32")),
	    CU_ASSERT_TRUE(record_query_set_address(&q, "2001:db9::/32")));
	CHECK(CU_ASSERT_TRUE(record_query_set_severity(&q, "high")),
	    CU_ASSERT_TRUE(record_query_set_severity(&q, "critical")));
#undef CHECK
}

static void
kinds_are_also_the_actions_of_changes(void)
{
	struct line_fields f = { .kind = text("change"), .action = text("cut-off"),
		.event_kind = text("event") };
	struct record_query q = { 0 };

	CU_ASSERT_TRUE(record_query_add_kinds(&q, "cutoff"));
	CU_ASSERT_TRUE(record_query_match(&q, &f));
	f.action = text("policy-change");
	CU_ASSERT_FALSE(record_query_match(&q, &f));
	memset(&q, 0, sizeof(q));
	f = (struct line_fields){ .kind = text("heartbeat"), .event_kind = text("event") };
	CU_ASSERT_FALSE(record_query_match(&q, &f));
	f.event_kind = text("alert");
	CU_ASSERT_TRUE(record_query_match(&q, &f));
	f.event_kind = text("event");
	q.routine = true;
	CU_ASSERT_TRUE(record_query_match(&q, &f));
}

static void
words_that_are_none_are_refused(void)
{
	static const char *const bad[] = { "", ",", "ZV-17", "ZV-00", "17", "0", "ZV-1x", "x",
		"ZV-01,", "ZV-01,,ZV-02" };
	struct record_query q = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_FALSE(record_query_add_classes(&q, bad[i]));
	CU_ASSERT_FALSE(record_query_add_actions(&q, "leek"));
	CU_ASSERT_FALSE(record_query_add_kinds(&q, "violations"));
	CU_ASSERT_FALSE(record_query_set_severity(&q, "11"));
	CU_ASSERT_FALSE(record_query_set_severity(&q, ""));
	CU_ASSERT_FALSE(record_query_set_address(&q, "10.1.2"));
}

/* "NAME cases packets; ..." of a few records, with a time or without. */
static void
expect_groups(enum record_by by, size_t top, const char *since, const char *until,
    const char *want)
{
	static const struct {
		const char *time, *key, *phase, *from;
		uint64_t count;
	} rows[] = {
		{ "2026-11-21T00:10:00.000000000Z", "000000000000000a", "first", "a", 1 },
		{ "2026-11-21T00:50:00.000000000Z", "000000000000000a", "update", "a", 100 },
		{ "2026-11-21T00:55:00.000000000Z", "000000000000000b", "first", "b", 5 },
		{ "2026-11-21T01:10:00.000000000Z", "000000000000000a", "final", "a", 150 },
		{ "2026-11-21T01:20:00.000000000Z", "000000000000000b", "final", "b", 5 },
		/* The key comes again: another violation. */
		{ "2026-11-21T02:00:00.000000000Z", "000000000000000a", "first", "a", 7 },
		/* Its first record is not here any more. */
		{ "2026-11-21T02:30:00.000000000Z", "000000000000000c", "update", "c", 1000 },
		{ "2026-11-21T02:40:00.000000000Z", "000000000000000c", "final", "c", 1001 },
	};
	struct record_groups *g = record_groups_new(by);
	const struct record_group *groups;
	struct record_group others, total;
	struct record_query q = { 0 };
	char got[512] = "";
	size_t used = 0, n;

	CU_ASSERT_PTR_NOT_NULL_FATAL(g);
	snprintf(q.since, sizeof(q.since), "%s", since);
	snprintf(q.until, sizeof(q.until), "%s", until);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line_fields f = violation(rows[i].time, rows[i].key, rows[i].phase,
		    rows[i].count);

		f.source = text(rows[i].from);
		CU_ASSERT_EQUAL(record_groups_add(g, &q, &f), 0);
	}
	n = record_groups_finish(g, top, &groups, &others, &total);
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(got + used, sizeof(got) - used, "%s %d %d; ",
		    groups[i].name, (int)groups[i].records, (int)groups[i].packets);
	snprintf(got + used, sizeof(got) - used, "others %d %d; total %d %d",
	    (int)others.records, (int)others.packets, (int)total.records,
	    (int)total.packets);
	CU_ASSERT_STRING_EQUAL(got, want);
	record_groups_free(g);
}

static void
nothing_is_counted_twice(void)
{
	setenv("TZ", "Asia/Tokyo", 1);
	expect_groups(BY_SOURCE, 0, "", "",
	    "c 1 1001; a 2 157; b 1 5; others 0 0; total 4 1163");
	expect_groups(BY_SOURCE, 1, "", "", "c 1 1001; others 3 162; total 4 1163");
	expect_groups(BY_HOUR, 0, "", "", "2026-11-21 09:00 2 105; 2026-11-21 10:00 0 50; "
	    "2026-11-21 11:00 2 1008; others 0 0; total 4 1163");
	expect_groups(BY_DAY, 0, "", "", "2026-11-21 4 1163; others 0 0; total 4 1163");
	/* Parts add up to the whole. */
	expect_groups(BY_CLASS, 0, "", "2026-11-21T01:00:00.000000000Z",
	    "ZV-07 2 105; others 0 0; total 2 105");
	expect_groups(BY_CLASS, 0, "2026-11-21T01:00:00.000000000Z", "",
	    "ZV-07 4 1058; others 0 0; total 4 1058");
}

static void
many_violations_run_at_once(void)
{
	struct record_join *j = record_join_new();
	char key[17];

	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	for (int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < 20000; i++) {
			struct line_fields f;
			struct record_running *r;

			snprintf(key, sizeof(key), "%016x", i * 2654435761u);
			f = violation("t", key, round == 2 && i % 3 != 0 ? "final" : "update",
			    i);
			r = record_join_take(j, &f);
			CU_ASSERT_PTR_NOT_NULL_FATAL(r);
			CU_ASSERT_EQUAL(r->count, round == 0 ? 0 : i);
			r->count = i;
			record_join_end(j, &f, r);
		}
	}
	/* Those that ended are new, the others known. */
	for (unsigned int i = 0; i < 20000; i++) {
		struct line_fields f;

		snprintf(key, sizeof(key), "%016x", i * 2654435761u);
		f = violation("t", key, "update", i);
		CU_ASSERT_EQUAL(record_join_take(j, &f)->count, i % 3 == 0 ? i : 0);
	}
	record_join_free(j);
}

static void
times_are_read_as_people_write_them(void)
{
	/* Now: 2026-11-22 15:30:00 in Tokyo. */
	static const struct {
		const char *text;
		bool until;
		const char *want;
	} rows[] = {
		{ "2026-11-21", false, "2026-11-21 00:00:00" },
		{ "2026-11-21", true, "2026-11-22 00:00:00" },
		{ "2026-11-30", true, "2026-12-01 00:00:00" },
		{ "2026/11/21 9:05", false, "2026-11-21 09:05:00" },
		{ "2026-11-21T09:05:07", true, "2026-11-21 09:05:07" },
		{ "2026-11-21T00:00:00Z", false, "2026-11-21 09:00:00" },
		{ "2026-11-21T00:00+01:00", false, "2026-11-21 08:00:00" },
		{ "2h", false, "2026-11-22 13:30:00" }, { "90", false, "2026-11-22 15:28:30" },
		{ "1w", false, "2026-11-15 15:30:00" }, { "now", true, "2026-11-22 15:30:00" },
		{ "today", false, "2026-11-22 00:00:00" },
		{ "yesterday", false, "2026-11-21 00:00:00" },
		{ "yesterday", true, "2026-11-22 00:00:00" },
		{ "yesterday 09:30", false, "2026-11-21 09:30:00" },
		{ "昨日", false, "2026-11-21 00:00:00" }, { "一昨日", true, "2026-11-21 00:00:00" },
		{ "2時間前", false, "2026-11-22 13:30:00" }, { "３０分", false, "2026-11-22 15:00:00" },
		{ "2026年11月21日", false, "2026-11-21 00:00:00" },
		{ "令和8年11月21日 9時30分", false, "2026-11-21 09:30:00" },
		{ "令和８年１１月２１日　９時", false, "2026-11-21 09:00:00" },
		{ "R8.11.21", false, "2026-11-21 00:00:00" },
		{ "令和元年5月1日", false, "2019-05-01 00:00:00" },
		{ "平成31年4月30日", true, "2019-05-01 00:00:00" },
		{ "11月21日", false, "2026-11-21 00:00:00" },
		{ "12/31", false, "2025-12-31 00:00:00" }, { "09:00", false, "2026-11-22 09:00:00" },
		{ "2028-02-29", false, "2028-02-29 00:00:00" },
	};
	static const char *const bad[] = { "", "x", "2026-13-01", "2026-02-29",
		"2026-11-21x", "2026-11-21T25:00", "2026-11-21T09:61", "-2h", "2y", "11月",
		"2026-11-31", "昨日x", "99999999999", "2026-11-21T00:00+25:00" };
	const int64_t now = 1795329000;
	int64_t t;

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char got[32] = "none";
		time_t seconds;
		struct tm tm;

		if (violations_time_parse(rows[i].text, now, rows[i].until, &t)) {
			seconds = t;
			strftime(got, sizeof(got), "%Y-%m-%d %H:%M:%S",
			    localtime_r(&seconds, &tm));
		}
		if (strcmp(got, rows[i].want) != 0)
			printf("%s: %s, not %s\n", rows[i].text, got, rows[i].want);
		CU_ASSERT_STRING_EQUAL(got, rows[i].want);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (violations_time_parse(bad[i], now, false, &t))
			printf("taken: %s\n", bad[i]);
		CU_ASSERT_FALSE(violations_time_parse(bad[i], now, false, &t));
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "filters take what they say", filters_take_what_they_say },
		{ "kinds are also the actions of changes", kinds_are_also_the_actions_of_changes },
		{ "words that are none are refused", words_that_are_none_are_refused },
		{ "nothing is counted twice", nothing_is_counted_twice },
		{ "many violations run at once", many_violations_run_at_once },
		{ "times are read as people write them", times_are_read_as_people_write_them },
		CU_TEST_INFO_NULL,
	};

	return unit_main("record_query", tests);
}
