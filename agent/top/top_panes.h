/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two panes of "sekisho top", for top_view.c and nobody else. */
#ifndef AGENT_CLI_TOP_PANES_H
#define AGENT_CLI_TOP_PANES_H

#include "agent/top/top_view.h"

/* A line of text before it is cut to the screen. */
#define TOP_LINE_SIZE 1024

/* A message, clean. */
void top_say(char out[TOP_LINE_SIZE], const struct top_look *look, enum message_id id, ...);
/* "12:14:56" in local time. */
const char *top_clock(int64_t epoch, char out[16]);

/* Lines that a pane would like to have, and rows that it shows in so many lines. */
int top_pairs_lines(const struct top_model *m);
size_t top_pairs_rows(const struct top_model *m, int lines);
int top_violations_lines(const struct top_model *m, int columns);
size_t top_violations_rows(int lines, int columns);

void top_pairs_draw(const struct top_model *m, const struct top_look *look,
    struct top_grid *g, int line, int lines);
void top_violations_draw(const struct top_model *m, const struct top_look *look,
    struct top_grid *g, int line, int lines, size_t scroll);

#endif /* AGENT_CLI_TOP_PANES_H */
