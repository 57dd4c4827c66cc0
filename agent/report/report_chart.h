/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as geometry: what the template draws as inline SVG. */
#ifndef AGENT_CLI_REPORT_CHART_H
#define AGENT_CLI_REPORT_CHART_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Of a small line in a table row, and of the large chart of days. */
#define CHART_LINE_WIDTH	120
#define CHART_LINE_HEIGHT	20
#define CHART_WIDTH		680
#define CHART_HEIGHT		120

/* Points of a polyline over all days, its highest value at the top; "" when all are 0. */
json_t *report_chart_line(const uint64_t *days, size_t n, int width, int height,
    uint64_t most);
uint64_t report_chart_most(const uint64_t *days, size_t n);

/*
 * Bars of each day with the leaks as their dark foot: {"bars": [{"mark", "x", "y", "width",
 * "height", "leak_y", "leak_height"}], "most": N, "ticks": [{"x", "text"}]}.
 */
json_t *report_chart_days(const uint64_t *days, const uint64_t *leaks, size_t n,
    uint64_t most, int64_t from);

/* How dark a number is shown, the same in every report: 0, 1-9, 10-99, 100-999, more. */
int report_chart_level(uint64_t number);

#endif /* AGENT_CLI_REPORT_CHART_H */
