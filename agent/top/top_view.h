/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of "sekisho top" for any size from TOP_MIN_COLUMNS x TOP_MIN_LINES up,
 * in either language. A pure function of what is known and how one looks at it.
 */
#ifndef AGENT_CLI_TOP_VIEW_H
#define AGENT_CLI_TOP_VIEW_H

#include "agent/top/top_grid.h"
#include "agent/top/top_model.h"
#include "rules/message.h"

#include <stdbool.h>
#include <stdint.h>

#define TOP_MIN_COLUMNS 40
#define TOP_MIN_LINES	10

enum top_panes {
	TOP_BOTH = 0,			/* pairs above, violations below */
	TOP_ONLY_PAIRS,
	TOP_ONLY_VIOLATIONS,
	TOP_PANES
};

struct top_look {
	int columns, lines;
	enum message_language language;
	enum top_panes panes;
	size_t scroll;			/* rows of the upper pane that are above it */
	bool paused, help;
	bool keys;			/* somebody can press them: show which */
	double interval;		/* seconds */
	int64_t epoch;			/* now; shown in local time */
};

/* 0 or -ENOMEM. A scroll beyond the end is brought back to the last page. */
int top_view_draw(const struct top_model *m, struct top_look *look, struct top_grid *out);

/* Rows of one page of the pane that scrolls. */
size_t top_view_page(const struct top_model *m, const struct top_look *look);

/*
 * A number in at most six columns: "0", "0.4", "12", "98765", "1.23M"; "-" for a
 * negative one (not known). out holds 8.
 */
const char *top_view_number(double n, char *out);

#endif /* AGENT_CLI_TOP_VIEW_H */
