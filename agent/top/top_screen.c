/* SPDX-License-Identifier: GPL-2.0-or-later */
#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1

#include "agent/top/top_screen.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>

/* term.h makes macros of all capabilities of a terminal. */
#undef columns
#undef lines

/* How long an Escape may be the start of a key: ms. */
#define ESCAPE_DELAY_MS 25

/* A terminal without cursor addressing prints one frame below the other. */
static bool
can_address(char *why, size_t why_size)
{
	const char *term = getenv("TERM");
	char capability[] = "cup";
	const char *cup;
	bool can;
	int error;

	snprintf(why, why_size, "TERM=%.64s", term != NULL ? term : "");
	if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
		return false;
	cup = tigetstr(capability);
	can = cup != NULL && (intptr_t)cup != -1;
	/* newterm() reads it again, into a place of its own. */
	(void)del_curterm(cur_term);
	return can;
}

/* Everything we print is UTF-8, and so must be what ncurses believes. */
static void
speak_utf8(void)
{
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
}

/* https://no-color.org: present and not empty. */
static bool
begin_colour(void)
{
	static const short colours[] = {
		[TOP_GOOD] = COLOR_GREEN, [TOP_WARN] = COLOR_YELLOW, [TOP_ALARM] = COLOR_RED,
	};
	const char *no_color = getenv("NO_COLOR");

	if ((no_color != NULL && *no_color != '\0') || !has_colors() || start_color() != OK)
		return false;
	(void)use_default_colors();
	for (int i = TOP_GOOD; i <= TOP_ALARM; i++)
		(void)init_pair((short)i, colours[i], -1);
	return true;
}

int
top_screen_open(struct top_screen *s, char *why, size_t why_size)
{
	*s = (struct top_screen){ .handle = NULL };
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		snprintf(why, why_size, "stdin, stdout");
		return -ENOTTY;
	}
	if (!can_address(why, why_size))
		return -ENOTSUP;
	speak_utf8();
	s->handle = newterm(NULL, stdout, stdin);
	if (s->handle == NULL)
		return -ENOTSUP;
	s->colour = begin_colour();
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)curs_set(0);
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)set_escdelay(ESCAPE_DELAY_MS);
	return 0;
}

void
top_screen_close(struct top_screen *s)
{
	if (s->handle == NULL)
		return;
	(void)endwin();
	delscreen(s->handle);
	s->handle = NULL;
}

void
top_screen_measure(int *columns, int *lines)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0 &&
	    (size.ws_row != LINES || size.ws_col != COLS)) {
		(void)resize_term(size.ws_row, size.ws_col);
		(void)clear();
	}
	*columns = COLS;
	*lines = LINES;
}

static attr_t
attributes_of(const struct top_screen *s, const struct top_cell *c)
{
	switch ((enum top_style)c->style) {
	case TOP_PLAIN:
	case TOP_GOOD:
		break;
	case TOP_TITLE:
		return A_BOLD;
	case TOP_FAINT:
		return A_DIM;
	case TOP_WARN:
		return A_BOLD;
	case TOP_ALARM:
		/* Without colour an alarm must differ from a title. */
		return s->colour ? A_BOLD : A_BOLD | A_REVERSE;
	}
	return A_NORMAL;
}

/* Where the C library's idea of a width is not ours, alignment goes before the glyph. */
static void
put_cell(const struct top_screen *s, int line, int column, const struct top_cell *c)
{
	wchar_t text[CCHARW_MAX + 1] = { (wchar_t)c->character, (wchar_t)c->mark };
	bool strange = wcwidth(text[0]) != c->width ||
	    (c->mark != 0 && wcwidth(text[1]) != 0);
	short pair = s->colour && c->style >= TOP_GOOD ? (short)c->style : 0;
	cchar_t cell;

	for (int i = 0; i < (strange ? c->width : 1); i++) {
		if (strange)
			memcpy(text, L"?", sizeof(L"?"));
		if (setcchar(&cell, text, attributes_of(s, c), pair, NULL) == OK)
			(void)mvadd_wch(line, column + i, &cell);
	}
}

void
top_screen_show(const struct top_screen *s, const struct top_grid *g)
{
	(void)erase();
	for (int line = 0; line < g->lines; line++)
		for (int column = 0; column < g->columns; column++) {
			const struct top_cell *c =
			    &g->cells[(size_t)line * (size_t)g->columns + (size_t)column];

			if (c->width > 0)
				put_cell(s, line, column, c);
		}
	(void)refresh();
}

void
top_screen_redraw(void)
{
	(void)clearok(curscr, TRUE);
}

enum top_key
top_screen_key(void)
{
	static const struct {
		int code;
		enum top_key key;
	} keys[] = {
		{ ERR, TOP_KEY_NONE }, { 'q', TOP_KEY_QUIT }, { 'Q', TOP_KEY_QUIT },
		{ 'p', TOP_KEY_PAUSE }, { ' ', TOP_KEY_PAUSE }, { '+', TOP_KEY_LONGER },
		{ '-', TOP_KEY_SHORTER }, { 's', TOP_KEY_SORT }, { 'v', TOP_KEY_PANES },
		{ '\t', TOP_KEY_PANES }, { '?', TOP_KEY_HELP }, { 'h', TOP_KEY_HELP },
		{ 'L' & 0x1f, TOP_KEY_REDRAW }, { KEY_UP, TOP_KEY_UP }, { 'k', TOP_KEY_UP },
		{ KEY_DOWN, TOP_KEY_DOWN }, { 'j', TOP_KEY_DOWN },
		{ KEY_PPAGE, TOP_KEY_PAGE_UP }, { KEY_NPAGE, TOP_KEY_PAGE_DOWN },
		{ KEY_HOME, TOP_KEY_HOME }, { KEY_END, TOP_KEY_END },
	};
	int code = getch();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].code == code)
			return keys[i].key;
	return TOP_KEY_OTHER;
}
