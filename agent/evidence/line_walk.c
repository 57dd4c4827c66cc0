/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/evidence/line_walk.h"

#include "agent/record/log_source.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK		((size_t)256 << 10)

struct walk {
	line_walk_take *take;
	void *arg;
	size_t used;			/* of bytes: the begin of a line that is not whole yet */
	bool cut;			/* it is longer than LINE_WALK_MOST */
	char bytes[BLOCK + LINE_WALK_MOST];
};

/* Lines in bytes[0..n); what is left moves to the begin. */
static int
take_lines(struct walk *w, size_t n)
{
	size_t at = 0;
	const char *newline;
	int r;

	while ((newline = memchr(w->bytes + at, '\n', n - at)) != NULL) {
		const size_t length = (size_t)(newline - w->bytes) - at;

		r = w->cut ? 0 : w->take(w->arg, w->bytes + at,
		    length < LINE_WALK_MOST ? length : LINE_WALK_MOST);
		if (r != 0)
			return r;
		w->cut = false;
		at += length + 1;
	}
	w->used = n - at;
	if (w->used >= LINE_WALK_MOST) {
		/* Told once, the rest of it is passed over. */
		r = w->cut ? 0 : w->take(w->arg, w->bytes + at, LINE_WALK_MOST);
		w->cut = true;
		w->used = 0;
		return r;
	}
	memmove(w->bytes, w->bytes + at, w->used);
	return 0;
}

int
line_walk(int folder, const char *name, line_walk_take *take, void *arg)
{
	struct log_source *source = log_source_open(folder, name);
	struct walk *w;
	int r = 0;

	if (source == NULL)
		return -errno;
	w = calloc(1, sizeof(*w));
	if (w == NULL) {
		log_source_close(source);
		return -ENOMEM;
	}
	w->take = take;
	w->arg = arg;
	while (r == 0) {
		ssize_t n = log_source_read(source, w->bytes + w->used, BLOCK);

		if (n <= 0) {
			r = (int)n;
			break;
		}
		r = take_lines(w, w->used + (size_t)n);
	}
	free(w);
	log_source_close(source);
	return r;
}
