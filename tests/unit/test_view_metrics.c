/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/views/view_metrics.h"
#include "tests/unit/unit.h"
#include "tests/unit/view_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[VIEW_METRICS_MAX + 1];

static const char *
print(const struct view_metrics *m)
{
	const struct view_state views[] = {
		{ "syslog", 7, 2, 1, true }, { "prometheus", 9, 0, 0, false },
	};
	struct view_text out = { .bytes = text, .size = VIEW_METRICS_MAX };

	view_metrics_print(m, views, 2, &out);
	CU_ASSERT_FALSE(out.full);
	text[out.used] = '\0';
	return text;
}

/* Takes root over. */
static void
take(struct view_metrics *m, json_t *root)
{
	struct view_record r;

	CU_ASSERT_TRUE_FATAL(view_record_make(&r, root, "{}", 2));
	view_metrics_take(m, &r);
	view_record_free(&r);
}

static json_t *
violation(const char *from, const char *phase, int count)
{
	json_t *root = view_sample(5, from);

	json_object_set_new(json_object_get(root, "sekisho"), "agg", json_string(phase));
	json_object_set_new(json_object_get(root, "sekisho"), "count", json_integer(count));
	return root;
}

#define HAS(m, line) CU_ASSERT_PTR_NOT_NULL(strstr(print(m), line "\n"))
#define LABELS "{from=\"za\",to=\"za\",class=\"ZV-01\",action=\"attempt\"}"

/* Each violation counts once, its packets once, whatever records there were of it. */
static void
violations_are_counted_once(void)
{
	struct view_metrics *m = view_metrics_new();

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	take(m, violation("za", "first", 1));
	take(m, violation("za", "update", 10));
	take(m, violation("za", "update", 100));
	HAS(m, "sekisho_violation_cases_total" LABELS " 1");
	HAS(m, "sekisho_violation_packets_total" LABELS " 0");
	take(m, violation("za", "final", 123));
	take(m, violation("za", "first", 1));
	HAS(m, "sekisho_violation_cases_total" LABELS " 2");
	HAS(m, "sekisho_violation_packets_total" LABELS " 123");
	HAS(m, "sekisho_records_total{kind=\"violation\"} 5");
	HAS(m, "sekisho_record_sequence 5");
	HAS(m, "sekisho_view_sequence{view=\"syslog\"} 7");
	HAS(m, "sekisho_view_blocked{view=\"syslog\"} 1");
	HAS(m, "sekisho_view_missed_records_total{view=\"syslog\"} 3");
	view_metrics_free(m);
}

/* One line of the format 0.0.4: a comment, or a name, labels in balanced quotes, a number. */
static bool
is_line(const char *line, size_t length)
{
	size_t i = 0;
	bool quoted = false;

	if (length > 2 && strncmp(line, "# ", 2) == 0)
		return true;
	i = strspn(line, "abcdefghijklmnopqrstuvwxyz_");
	if (i == 0 || strncmp(line, "sekisho_", 8) != 0)
		return false;
	if (line[i] == '{') {
		for (; i < length && (quoted || line[i] != '}'); i++) {
			if (quoted && line[i] == '\\')
				i++;
			else if (line[i] == '"')
				quoted = !quoted;
		}
		i++;
	}
	return i + 1 < length && line[i] == ' ' &&
	    strspn(line + i + 1, "0123456789.e+-") == length - i - 1;
}

static size_t
check_lines(const char *p)
{
	size_t n = 0;

	for (const char *newline; (newline = strchr(p, '\n')) != NULL; p = newline + 1, n++)
		if (!is_line(p, (size_t)(newline - p))) {
			fprintf(stderr, "%.*s\n", (int)(newline - p), p);
			CU_FAIL("not a line of the text format");
		}
	CU_ASSERT_EQUAL(*p, '\0');
	return n;
}

static void
hostile_names_stay_in_their_label(void)
{
	struct view_metrics *m = view_metrics_new();
	size_t plain;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	take(m, violation("za", "final", 1));
	plain = check_lines(print(m));
	for (size_t i = 0; view_hostile[i] != NULL; i++) {
		view_metrics_free(m);
		m = view_metrics_new();
		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		take(m, violation(view_hostile[i], "final", 1));
		CU_ASSERT_EQUAL(check_lines(print(m)), plain);
	}
	take(m, violation(view_hostile_long(), "final", 1));
	check_lines(print(m));
	view_metrics_free(m);
}

/* As many zones as a watcher that was taken over may invent: the sum stays exact. */
static void
the_number_of_lines_is_bounded(void)
{
	struct view_metrics *m = view_metrics_new();
	unsigned long long sum = 0;
	char name[64];

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "zone-%058d", i);
		take(m, violation(name, "first", 1));
	}
	check_lines(print(m));
	CU_ASSERT_TRUE(strlen(text) < 64 << 10);
	for (const char *p = text; (p = strstr(p, "\nsekisho_violation_cases_total{")) != NULL; p++)
		sum += strtoull(strstr(p, "} ") + 2, NULL, 10);
	CU_ASSERT_EQUAL(sum, 5000);
	CU_ASSERT_PTR_NULL(strstr(text, "_cases_total{from=\"other\",to=\"other\",class=\"other\","
	    "action=\"other\"} 0\n"));
	view_metrics_free(m);
}

static void
the_numbers_outlive_the_process(void)
{
	struct view_metrics *m = view_metrics_new(), *next = view_metrics_new();
	json_t *saved, *empty = json_object();
	char *before;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_PTR_NOT_NULL_FATAL(next);
	take(m, violation("za", "final", 12));
	take(m, violation("a\"b\nc", "first", 1));
	take(m, json_pack("{s:{s:I}, s:{s:s, s:I}}", "event", "sequence", (json_int_t)6,
	    "sekisho", "kind", "gap", "lost", (json_int_t)99));
	take(m, json_pack("{s:{s:I, s:s, s:s}, s:{s:s}}", "event", "sequence", (json_int_t)7,
	    "action", "cut-off", "outcome", "failure", "sekisho", "kind", "change"));
	saved = view_metrics_save(m);
	CU_ASSERT_TRUE(view_metrics_load(next, saved));
	HAS(next, "sekisho_gap_lost_total 99");
	HAS(next, "sekisho_changes_total{action=\"cut-off\",outcome=\"failure\"} 1");
	before = strdup(strstr(print(m), "# HELP sekisho_records_total"));
	CU_ASSERT_STRING_EQUAL(before, strstr(print(next), "# HELP sekisho_records_total"));
	CU_ASSERT_FALSE(view_metrics_load(next, empty));
	CU_ASSERT_FALSE(view_metrics_load(next, NULL));
	free(before);
	json_decref(saved);
	json_decref(empty);
	view_metrics_free(m);
	view_metrics_free(next);
}

/* What no heartbeat has told yet is not there: 0 would be a lie. */
static void
heartbeats_tell_the_rest(void)
{
	struct view_metrics *m = view_metrics_new();

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_PTR_NULL(strstr(print(m), "sekisho_log_disk_used_ratio"));
	take(m, json_pack("{s:s, s:{s:I}, s:{s:s, s:{s:i, s:i, s:I, s:i, s:b, s:{s:b, s:I}}, "
	    "s:{s:{s:I, s:I, s:I}, s:n}}}", "@timestamp", "2026-11-21T03:14:56.500000000Z", "event",
	    "sequence", (json_int_t)8, "sekisho", "kind", "heartbeat", "heartbeat", "lost_ever",
	    3, "bytes", 4096, "free_bytes", (json_int_t)1 << 40, "used_percent", 81, "low_space", 0,
	    "clock", "synchronised", 1, "offset_ns", (json_int_t)-1500000,
	    "ledgers", "watcher", "frames", (json_int_t)1234567890123, "a\"b", (json_int_t)1,
	    "lost_driver", (json_int_t)0, "control"));
	HAS(m, "sekisho_log_lost_records_total 3");
	HAS(m, "sekisho_log_disk_free_bytes 1099511627776");
	HAS(m, "sekisho_log_disk_used_ratio 0.81");
	HAS(m, "sekisho_clock_synchronised 1");
	HAS(m, "sekisho_clock_offset_seconds -0.0015");
	HAS(m, "sekisho_heartbeat_timestamp_seconds 1795230896.5");
	HAS(m, "sekisho_ledger{process=\"watcher\",name=\"frames\"} 1234567890123");
	HAS(m, "sekisho_ledger{process=\"watcher\",name=\"lost_driver\"} 0");
	CU_ASSERT_PTR_NULL(strstr(text, "a\""));
	check_lines(text);
	/* One with ledgers only leaves the rest as it was, and replaces its own. */
	take(m, json_pack("{s:{s:I}, s:{s:s, s:{s:{s:I}}}}", "event", "sequence", (json_int_t)9,
	    "sekisho", "kind", "heartbeat", "ledgers", "watcher", "frames", (json_int_t)7));
	HAS(m, "sekisho_log_disk_used_ratio 0.81");
	HAS(m, "sekisho_ledger{process=\"watcher\",name=\"frames\"} 7");
	CU_ASSERT_PTR_NULL(strstr(text, "lost_driver"));
	view_metrics_free(m);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "violations are counted once", violations_are_counted_once },
		{ "hostile names stay in their label", hostile_names_stay_in_their_label },
		{ "the number of lines is bounded", the_number_of_lines_is_bounded },
		{ "the numbers outlive the process", the_numbers_outlive_the_process },
		{ "heartbeats tell the rest", heartbeats_tell_the_rest },
		CU_TEST_INFO_NULL,
	};

	return unit_main("view_metrics", tests);
}
