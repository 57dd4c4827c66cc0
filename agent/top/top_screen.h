/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal: ncurses, and nothing that decides what is shown. */
#ifndef AGENT_CLI_TOP_SCREEN_H
#define AGENT_CLI_TOP_SCREEN_H

#include "agent/top/top_grid.h"

#include <stdbool.h>
#include <stddef.h>

enum top_key {
	TOP_KEY_NONE = 0,		/* no key is waiting */
	TOP_KEY_OTHER,
	TOP_KEY_QUIT,
	TOP_KEY_PAUSE,
	TOP_KEY_LONGER,
	TOP_KEY_SHORTER,
	TOP_KEY_SORT,
	TOP_KEY_PANES,
	TOP_KEY_HELP,
	TOP_KEY_REDRAW,
	TOP_KEY_UP,
	TOP_KEY_DOWN,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
};

struct top_screen {
	void *handle;			/* NULL: not open */
	bool colour;
};

/*
 * Take the terminal of standard input and output. 0, or negative errno with the
 * reason in why: no terminal (-ENOTTY), or one that cannot do it (-ENOTSUP).
 */
int top_screen_open(struct top_screen *s, char *why, size_t why_size);
/* Give it back as it was; may be called again. */
void top_screen_close(struct top_screen *s);

/* The size as the kernel knows it now; what is shown fits it from then on. */
void top_screen_measure(int *columns, int *lines);
void top_screen_show(const struct top_screen *s, const struct top_grid *g);
/* Paint anew what another program has written over. */
void top_screen_redraw(void);

/* The next key that was pressed; never waits. */
enum top_key top_screen_key(void);

#endif /* AGENT_CLI_TOP_SCREEN_H */
