/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/report/report_chart.h"

#include "agent/report/report_period.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Dates below the chart: not more than so many. */
#define TICKS		16u
#define BAR_SHARE	0.72
#define LEVEL_MOST	4

uint64_t
report_chart_most(const uint64_t *days, size_t n)
{
	uint64_t most = 0;

	for (size_t i = 0; i < n; i++)
		if (days[i] > most)
			most = days[i];
	return most;
}

int
report_chart_level(uint64_t number)
{
	int level = 0;

	while (number > 0 && level < LEVEL_MOST) {
		number /= 10;
		level++;
	}
	return level;
}

static double
height_of(uint64_t number, uint64_t most, int height)
{
	return most == 0 ? 0 : (double)number / (double)most * height;
}

json_t *
report_chart_line(const uint64_t *days, size_t n, int width, int height, uint64_t most)
{
	char *text = NULL;
	size_t length = 0;
	json_t *points;
	FILE *out = most == 0 ? NULL : open_memstream(&text, &length);

	if (out == NULL)
		return json_string("");
	/* A day is as wide as its bar would be; its point stands in the middle. */
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%.1f,%.1f", i > 0 ? " " : "",
		    ((double)i + 0.5) * width / (double)n,
		    height - height_of(days[i], most, height));
	fclose(out);
	points = json_string(text != NULL ? text : "");
	free(text);
	return points;
}

static json_t *
bar(uint64_t day, uint64_t leaks, size_t i, double step, uint64_t most)
{
	const double high = height_of(day, most, CHART_HEIGHT);
	const double dark = height_of(leaks, most, CHART_HEIGHT);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}",
	    "mark", json_sprintf("%.2f", ((double)i + 0.5) * step),
	    "x", json_sprintf("%.2f", ((double)i + (1 - BAR_SHARE) / 2) * step),
	    "y", json_sprintf("%.2f", CHART_HEIGHT - high),
	    "width", json_sprintf("%.2f", step * BAR_SHARE),
	    "height", json_sprintf("%.2f", high),
	    "leak_y", json_sprintf("%.2f", CHART_HEIGHT - dark),
	    "leak_height", json_sprintf("%.2f", dark), "leaks", leaks > 0);
}

static json_t *
tick(int64_t from, size_t i, double step)
{
	const time_t begin = (time_t)from;
	struct tm tm;
	char text[16];

	/* Noon: no change of clocks makes it another day. */
	(void)localtime_r(&begin, &tm);
	tm.tm_mday += (int)i;
	tm.tm_hour = 12;
	tm.tm_isdst = -1;
	(void)mktime(&tm);
	snprintf(text, sizeof(text), "%d/%d", tm.tm_mon + 1, tm.tm_mday);
	return json_pack("{s:o, s:s}", "x", json_sprintf("%.1f", ((double)i + 0.5) * step),
	    "text", text);
}

json_t *
report_chart_days(const uint64_t *days, const uint64_t *leaks, size_t n, uint64_t most,
    int64_t from)
{
	const double step = (double)CHART_WIDTH / (double)n;
	const size_t every = (n + TICKS - 1) / TICKS;
	json_t *bars = json_array(), *ticks = json_array();

	for (size_t i = 0; i < n; i++) {
		if (days[i] > 0)
			json_array_append_new(bars, bar(days[i], leaks[i], i, step, most));
		if (i % every == 0)
			json_array_append_new(ticks, tick(from, i, step));
	}
	return json_pack("{s:o, s:o, s:I}", "bars", bars, "ticks", ticks,
	    "most", (json_int_t)most);
}
