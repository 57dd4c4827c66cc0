/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers and records in, rates and rows out: restarts, wraps, gaps and hostile texts. */
#include "agent/top/top_model.h"
#include "rules/utf8.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

/* What the tap counted for a -> b; watching false: the watcher is away. */
static void
take(struct top_model *m, uint64_t permitted, uint64_t leaks, bool watching, int64_t seconds)
{
	json_t *status = json_pack("{s:{s:I}, s:{}}", "record", "lost", (json_int_t)leaks,
	    "watch");
	json_t *matrix = json_pack("{s:[{s:s, s:s, s:{s:I}}]}", "pairs", "from", "a", "to", "b",
	    "gate", "permitted", (json_int_t)leaks);

	if (watching) {
		json_object_set_new(json_object_get(status, "watch"), "tier",
		    json_string("ebpf"));
		json_object_set_new(json_array_get(json_object_get(matrix, "pairs"), 0), "tap",
		    json_pack("{s:I, s:I}", "permitted", (json_int_t)permitted, "leaks",
		    (json_int_t)leaks));
	}
	top_model_take(m, status, matrix, seconds * SECOND);
	json_decref(status);
	json_decref(matrix);
}

static void
rates_over_restarts_and_wraps(void)
{
	static const struct {
		uint64_t before, now;
		int64_t seconds;
		double rate;
	} rows[] = {
		{ 0, 0, 2, 0 }, { 0, 100, 2, 50 }, { 100, 150, 10, 5 }, { 7, 7, 1, 0 },
		/* Started again: what it has was counted since. */
		{ 1000000, 30, 2, 15 }, { 5, 0, 2, 0 },
		/* Past 2^63, where JSON numbers turn negative, and past 2^64. */
		{ INT64_MAX, (uint64_t)INT64_MAX + 11, 1, 11 },
		{ UINT64_MAX - 4, 5, 2, 5 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct top_model *m = top_model_new();
		const struct top_count *c = &m->pairs[0].count[TOP_PERMITTED];

		take(m, rows[i].before, 0, true, 100);
		CU_ASSERT_EQUAL(c->total, rows[i].before);
		CU_ASSERT_TRUE(c->rate < 0);
		take(m, rows[i].now, 0, true, 100 + rows[i].seconds);
		CU_ASSERT_EQUAL(c->total, rows[i].now);
		CU_ASSERT_TRUE(fabs(c->rate - rows[i].rate) < 1e-9);
		CU_ASSERT_TRUE(fabs(m->sum[TOP_PERMITTED].rate - rows[i].rate) < 1e-9);
		free(m);
	}
}

static void
a_new_pair_began_at_nothing(void)
{
	struct top_model *m = top_model_new();
	json_t *nothing = json_object();

	top_model_take(m, nothing, nothing, 0);
	CU_ASSERT_EQUAL(m->n_pairs, 0);
	take(m, 10, 4, true, 2);
	CU_ASSERT_EQUAL(m->pairs[0].count[TOP_LEAKS].rate, 2.0);
	CU_ASSERT_EQUAL(m->lost[TOP_LAYER_RECORD].rate, 2.0);
	free(m);
	json_decref(nothing);
}

static void
who_is_away_leaves_totals_without_rates(void)
{
	struct top_model *m = top_model_new();
	const struct top_count *c = m->pairs[0].count;

	take(m, 10, 4, true, 0);
	take(m, 0, 8, false, 2);
	CU_ASSERT_FALSE(m->watching);
	CU_ASSERT_EQUAL(c[TOP_PERMITTED].total, 10);
	CU_ASSERT_TRUE(c[TOP_PERMITTED].rate < 0);
	CU_ASSERT_EQUAL(c[TOP_OPENED].rate, 2.0);
	CU_ASSERT_TRUE(m->lost[TOP_LAYER_TAP].rate < 0);
	top_model_silent(m, "gone\033[2J", 77);
	top_model_silent(m, "gone\033[2J", 99);
	CU_ASSERT_FALSE(m->answered);
	CU_ASSERT_EQUAL(m->since, 77);
	CU_ASSERT_STRING_EQUAL(m->why, "gone?[2J");
	CU_ASSERT_TRUE(c[TOP_OPENED].rate < 0);
	CU_ASSERT_EQUAL(c[TOP_OPENED].total, 8);
	/* The silence is part of the time that its packets took. */
	take(m, 30, 8, true, 12);
	CU_ASSERT_TRUE(m->answered);
	CU_ASSERT_EQUAL(c[TOP_PERMITTED].rate, 2.0);
	free(m);
}

static void
add_pair(json_t *pairs, const char *from, const char *to, int permitted, int leaks)
{
	json_array_append_new(pairs, json_pack("{s:s, s:s, s:{s:i, s:i}}", "from", from, "to",
	    to, "tap", "permitted", permitted, "leaks", leaks));
}

static void
expect_order(const struct top_model *m, const char *want)
{
	char got[64] = "";

	for (size_t i = 0; i < m->n_pairs; i++)
		strcat(got, m->pairs[m->order[i]].from);
	CU_ASSERT_STRING_EQUAL(got, want);
}

static void
pairs_are_sorted_three_ways(void)
{
	struct top_model *m = top_model_new();
	json_t *status = json_pack("{s:{s:s}}", "watch", "tier", "none");
	json_t *matrix = json_pack("{s:[]}", "pairs");
	json_t *pairs = json_object_get(matrix, "pairs");

	add_pair(pairs, "c", "x", 0, 1);
	add_pair(pairs, "a", "x", 0, 0);
	add_pair(pairs, "b", "x", 0, 5);
	top_model_take(m, status, matrix, 0);
	expect_order(m, "bca");
	json_array_clear(pairs);
	/* Another order of the answer moves nothing. */
	add_pair(pairs, "a", "x", 900, 0);
	add_pair(pairs, "b", "x", 10, 5);
	add_pair(pairs, "c", "x", 20, 1);
	top_model_take(m, status, matrix, SECOND);
	CU_ASSERT_EQUAL(m->n_pairs, 3);
	expect_order(m, "acb");
	top_model_sort(m, TOP_SORT_LEAKS);
	expect_order(m, "bca");
	top_model_sort(m, TOP_SORT_NAME);
	expect_order(m, "abc");
	json_decref(status);
	json_decref(matrix);
	free(m);
}

static void
more_pairs_than_there_can_be(void)
{
	struct top_model *m = top_model_new();
	json_t *nothing = json_object(), *matrix = json_pack("{s:[]}", "pairs");

	for (int i = 0; i < (int)TOP_PAIRS + 10; i++) {
		char name[16];

		snprintf(name, sizeof(name), "z%d", i);
		add_pair(json_object_get(matrix, "pairs"), name, "x", 1, 1);
	}
	top_model_take(m, nothing, matrix, 0);
	CU_ASSERT_EQUAL(m->n_pairs, TOP_PAIRS);
	json_decref(nothing);
	json_decref(matrix);
	free(m);
}

static void
say(struct top_model *m, const char *phase, int key, const char *action, int count)
{
	char text[17];
	json_t *r;

	snprintf(text, sizeof(text), "%016x", (unsigned int)key);
	r = json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:s, s:i}, s:{s:s}, s:{s:s, s:s, s:s, s:i}}",
	    "@timestamp", "2026-11-21T03:14:56.9Z", "event", "action", action, "rule", "id",
	    "ZV-02", "destination", "ip", "10.0.0.1", "port", 443, "network", "transport",
	    "tcp", "sekisho", "kind", "violation", "agg", phase, "key", text, "count", count);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	top_model_record(m, r);
	json_decref(r);
}

static void
updates_replace_and_come_first(void)
{
	struct top_model *m = top_model_new();

	say(m, "first", 1, "attempt", 1);
	say(m, "first", 2, "leak", 1);
	say(m, "update", 1, "attempt", 90);
	CU_ASSERT_EQUAL(m->n_violations, 2);
	CU_ASSERT_EQUAL(m->violations[0].count, 90);
	CU_ASSERT_EQUAL(m->violations[0].at, 1795230896);
	CU_ASSERT_STRING_EQUAL(m->violations[0].service, "tcp/443");
	CU_ASSERT_EQUAL(m->violations[0].outcome, MSG_CLI_VIOLATIONS_STOPPED);
	CU_ASSERT_EQUAL(m->violations[1].outcome, MSG_CLI_VIOLATIONS_LEAK);
	/* The key came again after it had ended: another violation. */
	say(m, "first", 1, "behaviour", 1);
	CU_ASSERT_EQUAL(m->n_violations, 3);
	CU_ASSERT_EQUAL(m->violations[0].outcome, MSG_CLI_VIOLATIONS_SEEN);
	for (int i = 0; i < 2 * (int)TOP_VIOLATIONS; i++)
		say(m, "first", 100 + i, "attempt", i);
	CU_ASSERT_EQUAL(m->n_violations, TOP_VIOLATIONS);
	CU_ASSERT_EQUAL(m->violations[0].count, 2 * TOP_VIOLATIONS - 1);
	CU_ASSERT_EQUAL(m->violations[TOP_VIOLATIONS - 1].count, TOP_VIOLATIONS);
	say(m, "final", 1, "attempt", 5);
	CU_ASSERT_EQUAL(m->n_violations, TOP_VIOLATIONS);
	CU_ASSERT_EQUAL(m->violations[0].count, 5);
	free(m);
}

static void
strange_records_harm_nobody(void)
{
	static const char *const texts[] = {
		"{}", "[]", "{\"sekisho\":7}", "{\"sekisho\":{\"kind\":\"life\"}}",
		"{\"sekisho\":{\"kind\":\"violation\",\"icmp\":8},\"source\":[],\"rule\":{\"id\":3}}",
		"{\"@timestamp\":\"9999-12-31T23:59:59Z\",\"sekisho\":{\"kind\":\"gap\",\"lost\":-1}}",
		"{\"@timestamp\":\"\",\"sekisho\":{\"kind\":\"gap\"},\"rule\":{\"id\":\"\\u001b[31mZV-01\"}}",
	};
	struct top_model *m = top_model_new();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *r = json_loads(texts[i], 0, NULL);

		CU_ASSERT_PTR_NOT_NULL_FATAL(r);
		top_model_record(m, r);
		top_model_take(m, r, r, (int64_t)i);
		json_decref(r);
	}
	CU_ASSERT_EQUAL(m->n_violations, 3);
	CU_ASSERT_STRING_EQUAL(m->violations[0].class, "?[31mZV");
	CU_ASSERT_EQUAL(m->violations[1].at, 0);
	free(m);
}

static void
texts_are_cut_between_characters(void)
{
	char out[8];

	top_text(out, sizeof(out), "関所関所");
	CU_ASSERT_STRING_EQUAL(out, "関所");
	top_text(out, sizeof(out), "a\xff\x1b\xc2\x9b");
	CU_ASSERT_STRING_EQUAL(out, "a????");
}

static void
everything_is_one_json_object(void)
{
	struct top_model *m = top_model_new();
	json_t *all, *pair;

	take(m, 10, 1, true, 0);
	take(m, 30, 1, true, 2);
	say(m, "first", 1, "leak", 3);
	all = top_model_json(m, 1795230896);
	CU_ASSERT_PTR_NOT_NULL_FATAL(all);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(all, "time")),
	    "2026-11-21T03:14:56Z");
	pair = json_array_get(json_object_get(all, "pairs"), 0);
	pair = json_object_get(json_object_get(pair, "tap"), "permitted");
	CU_ASSERT_EQUAL(json_real_value(json_object_get(pair, "per_second")), 10.0);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(all, "violations")), 1);
	json_decref(all);
	/* Not known is null, not a number. */
	top_model_silent(m, "", 1);
	all = top_model_json(m, 0);
	pair = json_object_get(json_object_get(all, "lost"), "record");
	CU_ASSERT_TRUE(json_is_null(json_object_get(pair, "per_second")));
	json_decref(all);
	free(m);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "rates over restarts and wraps", rates_over_restarts_and_wraps },
		{ "a new pair began at nothing", a_new_pair_began_at_nothing },
		{ "who is away leaves totals without rates",
		    who_is_away_leaves_totals_without_rates },
		{ "pairs are sorted three ways", pairs_are_sorted_three_ways },
		{ "more pairs than there can be", more_pairs_than_there_can_be },
		{ "updates replace and come first", updates_replace_and_come_first },
		{ "strange records harm nobody", strange_records_harm_nobody },
		{ "texts are cut between characters", texts_are_cut_between_characters },
		{ "everything is one JSON object", everything_is_one_json_object },
		CU_TEST_INFO_NULL,
	};

	return unit_main("top_model", tests);
}
