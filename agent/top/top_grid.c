/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/top/top_grid.h"

#include "agent/cli/columns.h"

#include <errno.h>
#include <stdlib.h>

int
top_grid_reset(struct top_grid *g, int columns, int lines)
{
	size_t n;

	top_grid_free(g);
	columns = columns < 1 ? 1 : columns > TOP_GRID_MAX ? TOP_GRID_MAX : columns;
	lines = lines < 1 ? 1 : lines > TOP_GRID_MAX ? TOP_GRID_MAX : lines;
	n = (size_t)columns * (size_t)lines;
	g->cells = calloc(n, sizeof(*g->cells));
	if (g->cells == NULL)
		return -ENOMEM;
	g->columns = columns;
	g->lines = lines;
	for (size_t i = 0; i < n; i++)
		g->cells[i] = (struct top_cell){ .character = ' ', .width = 1 };
	return 0;
}

void
top_grid_free(struct top_grid *g)
{
	free(g->cells);
	*g = (struct top_grid){ 0 };
}

static struct top_cell *
cell_at(const struct top_grid *g, int line, int column)
{
	return &g->cells[(size_t)line * (size_t)g->columns + (size_t)column];
}

/* Writing over half of a wide character leaves a blank for its other half. */
static void
clear_cell(struct top_grid *g, int line, int column)
{
	struct top_cell *c = cell_at(g, line, column);

	if (c->width == 0 && column > 0)
		c[-1] = (struct top_cell){ .character = ' ', .width = 1, .style = c[-1].style };
	if (c->width == 2 && column + 1 < g->columns)
		c[1] = (struct top_cell){ .character = ' ', .width = 1, .style = c[1].style };
}

static void
set_cell(struct top_grid *g, int line, int column, enum top_style style, uint32_t character,
    int width)
{
	for (int i = 0; i < width; i++)
		clear_cell(g, line, column + i);
	for (int i = 0; i < width; i++)
		*cell_at(g, line, column + i) = (struct top_cell){
		    .character = i == 0 ? character : 0, .style = (uint8_t)style,
		    .width = i == 0 ? (uint8_t)width : 0 };
}

int
top_grid_put(struct top_grid *g, int line, int column, int width, enum top_style style,
    const char *text)
{
	int start = column, end, whole = columns_width(text);

	if (line < 0 || line >= g->lines || column < 0 || column >= g->columns)
		return column;
	end = width > 0 && column + width < g->columns ? column + width : g->columns;
	/* Room for the sign that something is missing. */
	if (column + whole > end)
		end--;
	while (*text != '\0') {
		struct columns_glyph c = columns_glyph(text);

		if (column + c.width > end) {
			set_cell(g, line, column, style, '~', 1);
			return column + 1;
		}
		if (c.width > 0)
			set_cell(g, line, column, style, c.character, c.width);
		else if (column > start)
			cell_at(g, line, column -
			    (cell_at(g, line, column - 1)->width == 0 ? 2 : 1))->mark =
			    c.character;
		column += c.width;
		text += c.length;
	}
	return column;
}

void
top_grid_put_right(struct top_grid *g, int line, int end, int width, enum top_style style,
    const char *text)
{
	int whole = columns_width(text);

	top_grid_put(g, line, end - (whole < width ? whole : width), width, style, text);
}

void
top_grid_paint(struct top_grid *g, int line, enum top_style style)
{
	for (int i = 0; line >= 0 && line < g->lines && i < g->columns; i++)
		cell_at(g, line, i)->style = (uint8_t)style;
}

static void
print_character(uint32_t c, FILE *out)
{
	if (c < 0x80) {
		fputc((int)c, out);
		return;
	}
	if (c < 0x800) {
		fputc((int)(0xc0 | c >> 6), out);
	} else if (c < 0x10000) {
		fputc((int)(0xe0 | c >> 12), out);
		fputc((int)(0x80 | (c >> 6 & 0x3f)), out);
	} else {
		fputc((int)(0xf0 | c >> 18), out);
		fputc((int)(0x80 | (c >> 12 & 0x3f)), out);
		fputc((int)(0x80 | (c >> 6 & 0x3f)), out);
	}
	fputc((int)(0x80 | (c & 0x3f)), out);
}

/* Columns of a line without the blanks at its end. */
static int
end_of(const struct top_grid *g, int line)
{
	int end = g->columns;

	while (end > 0 && cell_at(g, line, end - 1)->character == ' ')
		end--;
	return end;
}

static void
print_line(const struct top_grid *g, int line, FILE *out)
{
	int end = end_of(g, line);

	for (int i = 0; i < end; i++) {
		const struct top_cell *c = cell_at(g, line, i);

		if (c->character != 0)
			print_character(c->character, out);
		if (c->mark != 0)
			print_character(c->mark, out);
	}
	fputc('\n', out);
}

void
top_grid_print(const struct top_grid *g, FILE *out)
{
	int lines = g->lines;

	while (lines > 0 && end_of(g, lines - 1) == 0)
		lines--;
	for (int line = 0; line < lines; line++)
		print_line(g, line, out);
}
