/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text on a terminal: East Asian characters take two columns, control bytes none. */
#ifndef AGENT_CLI_COLUMNS_H
#define AGENT_CLI_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One character of a text. */
struct columns_glyph {
	uint32_t character;
	size_t length;		/* bytes in the text, at least 1 */
	int width;		/* 0 for a combining mark, 1, or 2 */
	bool bad;		/* no UTF-8, or a control character: show '?' */
};

/* The first character of a text that is not empty. */
struct columns_glyph columns_glyph(const char *text);

/* Columns that UTF-8 text takes when printed by columns_print(). */
int columns_width(const char *text);

/*
 * Print the text cut or padded with blanks to a width. Bytes that are not
 * UTF-8 and control characters become '?': no escape sequence reaches a
 * terminal. width 0: all of it.
 */
void columns_print(FILE *out, const char *text, int width);

#endif /* AGENT_CLI_COLUMNS_H */
