/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A screen as memory: cells of one column each. Clean by construction. */
#ifndef AGENT_CLI_TOP_GRID_H
#define AGENT_CLI_TOP_GRID_H

#include <stdint.h>
#include <stdio.h>

enum top_style {
	TOP_PLAIN = 0,
	TOP_TITLE,			/* heads and borders */
	TOP_FAINT,			/* what is nothing */
	TOP_GOOD,
	TOP_WARN,
	TOP_ALARM,
};

struct top_cell {
	uint32_t character;		/* 0: right half of the wide one before it */
	uint32_t mark;			/* combining mark on it; 0: none */
	uint8_t width;			/* 1, 2; 0 for the right half */
	uint8_t style;			/* enum top_style */
};

/* No terminal is larger; what claims to be is cut to this. */
#define TOP_GRID_MAX 1000

struct top_grid {
	int columns, lines;
	struct top_cell *cells;		/* lines x columns */
};

/* All blank, of that size. 0 or -ENOMEM (the grid is then empty). */
int top_grid_reset(struct top_grid *g, int columns, int lines);
void top_grid_free(struct top_grid *g);

/*
 * Put UTF-8 text at a place, within "width" columns (0: to the end of the line);
 * text that is longer ends in '~'. What cannot be shown becomes '?'. Returns the
 * column behind the text. A place outside the grid takes nothing.
 */
int top_grid_put(struct top_grid *g, int line, int column, int width, enum top_style style,
    const char *text);
/* The same, ending at the column before "end". */
void top_grid_put_right(struct top_grid *g, int line, int end, int width,
    enum top_style style, const char *text);

/* Give a whole line a style. */
void top_grid_paint(struct top_grid *g, int line, enum top_style style);

/* As UTF-8 text: no blanks at the end of a line, no blank lines at the end of all. */
void top_grid_print(const struct top_grid *g, FILE *out);

#endif /* AGENT_CLI_TOP_GRID_H */
