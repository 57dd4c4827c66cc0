/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of "sekisho top" against tests/golden/top: each pane, size and language.
 * UPDATE=1 writes what is now; then review it.
 */
#include "agent/cli/columns.h"
#include "agent/top/top_view.h"
#include "rules/utf8.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOON 1795230896		/* 2026-11-21 12:14:56 in Tokyo */
#define GOLDEN "tests/golden/top/"

static void
give(struct top_model *m, int n, int64_t seconds, const char *problem)
{
	json_t *status = json_pack("{s:{s:s, s:s, s:i}, s:{s:s, s:b}, s:{s:s, s:s, s:[{s:i}],"
	    " s:{s:i}}, s:{s:i}, s:s?}",
	    "policy", "site", "みほん市", "digest", "1a2b3c4d5e6f7788", "permits", 116,
	    "gate", "state", "closed as the policy says", "forwarding", 1,
	    "watch", "tier", "classic", "tier_reason", "(no CAP_BPF)", "taps", "dropped", 3 * n,
	    "table", "overflowed", 12, "record", "lost", 0, "problem", problem);
	json_t *matrix = json_pack("{s:[{s:s, s:s, s:{s:i, s:i}, s:{s:i, s:i, s:i}},"
	    " {s:s, s:s, s:{s:i, s:i, s:i}}, {s:s, s:s, s:{s:i, s:i, s:i}},"
	    " {s:s, s:s, s:{s:i, s:i, s:i}}]}", "pairs",
	    "from", "mynumber", "to", "lgwan", "gate", "permitted", 310 + n, "stopped", 17,
	    "tap", "permitted", 123456 * n, "attempts", 17 + 5 * n, "leaks", 0,
	    "from", "internet", "to", "mynumber", "tap", "permitted", 0, "attempts", 1200000,
	    "leaks", n,
	    "from", "", "to", "self", "tap", "permitted", 9, "attempts", 0, "leaks", 0,
	    "from", "a_zone_with_a_long_name", "to", "another_zone_with_one", "tap",
	    "permitted", 40, "attempts", 1, "leaks", 0);

	CU_ASSERT_PTR_NOT_NULL_FATAL(status);
	CU_ASSERT_PTR_NOT_NULL_FATAL(matrix);
	top_model_take(m, status, matrix, seconds * 1000000000);
	json_decref(status);
	json_decref(matrix);
}

static void
add(struct top_model *m, const char *time, const char *class, const char *action,
    const char *from, const char *source, const char *destination, int count)
{
	json_t *r = json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:{s:s}, s:{s:s}}, s:{s:s},"
	    " s:{s:s, s:i}, s:{s:s}, s:{s:s, s:s, s:s, s:i}}",
	    "@timestamp", time, "event", "action", action, "rule", "id", class, "observer",
	    "ingress", "zone", from, "egress", "zone", "internet", "source", "ip", source,
	    "destination", "ip", destination, "port", 8080, "network", "transport", "tcp",
	    "sekisho", "kind", "violation", "agg", "first", "key", time, "count", count);

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	top_model_record(m, r);
	json_decref(r);
}

static struct top_model *
full_model(void)
{
	struct top_model *m = top_model_new();
	json_t *gap = json_pack("{s:s, s:{s:s}, s:{s:s, s:i}}", "@timestamp",
	    "2026-11-21T03:14:50Z", "rule", "id", "ZV-14", "sekisho", "kind", "gap", "lost", 5);

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	add(m, "2026-11-20T03:14:07Z", "ZV-08", "attempt", "mynumber", "10.10.1.7", "8.8.8.8",
	    1200000);
	add(m, "2026-11-21T03:14:08Z", "ZV-01", "attempt", "mynumber", "10.10.100.150",
	    "203.0.113.222", 17);
	add(m, "2026-11-21T03:14:09Z", "ZV-03", "leak", "\033]0;owned\a",
	    "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", "2001:db8::1", 1);
	top_model_record(m, gap);
	json_decref(gap);
	add(m, "2026-11-21T03:14:56Z", "ZV-05", "bridging", "lgwan", "", "", 2);
	give(m, 1, 10, NULL);
	give(m, 2, 12, NULL);
	return m;
}

/* What stands in the file, "" without one. The caller frees it. */
static char *
golden(const char *path, const char *now)
{
	char *text = calloc(1, 1 << 16);
	FILE *f = fopen(path, getenv("UPDATE") != NULL ? "w+" : "r");

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	if (f != NULL && getenv("UPDATE") != NULL) {
		fputs(now, f);
		rewind(f);
	}
	if (f != NULL) {
		size_t n = fread(text, 1, (1 << 16) - 1, f);

		text[n] = '\0';
		fclose(f);
	}
	return text;
}

/* The grid as text; every line has its width, and nothing in it is a control. */
static char *
printed(const struct top_grid *g)
{
	char *text = NULL, *line, *next;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	top_grid_print(g, f);
	fclose(f);
	for (line = text; *line != '\0'; line = next + 1) {
		next = strchr(line, '\n');
		*next = '\0';
		CU_ASSERT_TRUE(columns_width(line) <= g->columns);
		for (size_t i = 0, n = strlen(line), step; i < n; i += step) {
			uint32_t c = 0;

			step = utf8_decode(line + i, n - i, &c);
			CU_ASSERT_FATAL(step > 0);
			CU_ASSERT_FALSE(utf8_is_control(c));
		}
		*next = '\n';
	}
	return text;
}

static void
expect(const struct top_model *m, struct top_look look, const char *name)
{
	struct top_grid g = { 0 };

	for (int i = MESSAGE_ENGLISH; i <= MESSAGE_JAPANESE; i++) {
		char path[128], *got, *want;

		look.language = (enum message_language)i;
		CU_ASSERT_EQUAL(top_view_draw(m, &look, &g), 0);
		got = printed(&g);
		snprintf(path, sizeof(path), GOLDEN "%s-%dx%d.%s.ok", name, look.columns,
		    look.lines, i == MESSAGE_JAPANESE ? "ja" : "en");
		want = golden(path, got);
		if (strcmp(got, want) != 0)
			printf("\n%s is not what is drawn:\n%s", path, got);
		CU_ASSERT_STRING_EQUAL(got, want);
		free(got);
		free(want);
	}
	top_grid_free(&g);
}

static const struct top_look plain = { .columns = 80, .lines = 24, .keys = true,
	.interval = 2, .epoch = NOON };

static void
frames_of_every_size(void)
{
	static const struct {
		int columns, lines;
	} sizes[] = { { 80, 24 }, { 40, 10 }, { 100, 30 }, { 140, 16 }, { 39, 24 }, { 80, 9 } };
	struct top_model *m = full_model();

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct top_look look = plain;

		look.columns = sizes[i].columns;
		look.lines = sizes[i].lines;
		expect(m, look, "both");
	}
	free(m);
}

static void
other_panes_and_states(void)
{
	struct top_model *m = full_model();
	struct top_look look = plain;

	look.panes = TOP_ONLY_VIOLATIONS;
	look.scroll = 2;
	look.paused = true;
	expect(m, look, "violations");
	look = plain;
	look.help = true;
	look.columns = 40;
	look.lines = 10;
	expect(m, look, "help");
	give(m, 3, 14, "the recorder does not answer");
	look = plain;
	look.panes = TOP_ONLY_PAIRS;
	look.columns = 80;
	look.lines = 10;
	look.scroll = 99;
	expect(m, look, "problem");
	top_model_silent(m, "Connection refused", NOON - 60);
	expect(m, plain, "silent");
	free(m);
	m = top_model_new();
	expect(m, plain, "asking");
	free(m);
}

/* No size, scroll or pane draws outside the grid (the sanitizers watch). */
static void
any_size_will_do(void)
{
	struct top_model *m = full_model();
	struct top_grid g = { 0 };

	for (int i = 0; i < 6000; i++) {
		struct top_look look = plain;

		look.columns = -1 + i % 170;
		look.lines = i / 170 + 1;
		look.panes = (enum top_panes)(i % TOP_PANES);
		look.scroll = (size_t)i % 11;
		look.language = (enum message_language)(i & 1);
		CU_ASSERT_EQUAL(top_view_draw(m, &look, &g), 0);
		free(printed(&g));
		(void)top_view_page(m, &look);
	}
	top_grid_free(&g);
	free(m);
}

static void
numbers_fit_six_columns(void)
{
	static const struct {
		double n;
		const char *text;
	} rows[] = {
		{ -1, "-" }, { 0, "0" }, { 0.01, "0.1" }, { 0.5, "0.5" }, { 3, "3" },
		{ 3.25, "3.2" }, { 9.94, "9.9" }, { 9.96, "10" }, { 12.4, "12" },
		{ 99999.4, "99999" }, { 99999.6, "100k" }, { 123456, "123k" },
		{ 999949, "1000k" }, { 999951, "1.00M" }, { 1234567, "1.23M" },
		{ 12345678, "12.3M" }, { 1e9, "1.00G" }, { 1e12, "1.00T" }, { 1.8e19, "18.0E" },
		{ 1e30, "9999E" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[8];

		CU_ASSERT_STRING_EQUAL(top_view_number(rows[i].n, out), rows[i].text);
	}
}

static void
cells_of_wide_and_combining_characters(void)
{
	struct top_grid g = { 0 };
	char *text;

	CU_ASSERT_EQUAL(top_grid_reset(&g, 6, 1), 0);
	CU_ASSERT_EQUAL(top_grid_put(&g, 0, 0, 0, TOP_PLAIN, "関所x"), 5);
	/* Over the right half of the first and the left half of the second. */
	CU_ASSERT_EQUAL(top_grid_put(&g, 0, 1, 0, TOP_PLAIN, "か\xe3\x82\x99"), 3);
	text = printed(&g);
	CU_ASSERT_STRING_EQUAL(text, " か\xe3\x82\x99 x\n");
	free(text);
	/* Too long by half a character; the sign takes one column. */
	CU_ASSERT_EQUAL(top_grid_put(&g, 0, 0, 5, TOP_PLAIN, "関所関"), 5);
	text = printed(&g);
	CU_ASSERT_STRING_EQUAL(text, "関所~\n");
	free(text);
	CU_ASSERT_EQUAL(top_grid_put(&g, 1, 0, 0, TOP_PLAIN, "x"), 0);
	CU_ASSERT_EQUAL(top_grid_put(&g, 0, 6, 0, TOP_PLAIN, "x"), 6);
	CU_ASSERT_EQUAL(top_grid_put(&g, 0, -1, 0, TOP_PLAIN, "x"), -1);
	top_grid_free(&g);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "frames of every size", frames_of_every_size },
		{ "other panes and states", other_panes_and_states },
		{ "any size will do", any_size_will_do },
		{ "numbers fit six columns", numbers_fit_six_columns },
		{ "cells of wide and combining characters",
		    cells_of_wide_and_combining_characters },
		CU_TEST_INFO_NULL,
	};

	setenv("TZ", "Asia/Tokyo", 1);
	return unit_main("top_view", tests);
}
