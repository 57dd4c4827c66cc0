/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/recorder_batch.h"

#include "agent/record/recorder_write.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct line {
	size_t start, length;
	size_t unsealed;		/* length without the seal */
	bool picked;			/* rules of alerts want it: */
	struct event event;
};

struct recorder_batch {
	bool open;
	size_t n, used;
	struct line lines[BATCH_LINES];
	struct seal_state *before;	/* of the first line that is held */
	int64_t created_ns;		/* the writer's, then */
	char bytes[(size_t)BATCH_LINES * RECORD_LINE_MAX];
};

struct recorder_batch *
recorder_batch_new(void)
{
	struct recorder_batch *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->before = seal_state_new();
	if (b->before != NULL)
		return b;
	free(b);
	return NULL;
}

void
recorder_batch_free(struct recorder_batch *b)
{
	if (b == NULL)
		return;
	seal_state_free(b->before);
	free(b);
}

void
recorder_batch_begin(struct recorder_writer *w)
{
	if (w->batch != NULL)
		w->batch->open = true;
}

void
recorder_batch_end(struct recorder_writer *w)
{
	if (w->batch == NULL)
		return;
	(void)recorder_batch_write(w);
	w->batch->open = false;
}

bool
recorder_batch_takes(const struct recorder_writer *w, const struct event *e)
{
	const struct recorder_batch *b = w->batch;

	return b != NULL && b->open && e->kind == EVENT_VIOLATION && b->n < BATCH_LINES;
}

void
recorder_batch_hold(struct recorder_writer *w, const struct event *e, const char *line,
    size_t length, size_t unsealed)
{
	struct recorder_batch *b = w->batch;
	struct line *l = &b->lines[b->n];

	if (b->n == 0) {
		*b->before = *w->seal;
		b->created_ns = w->created_ns;
	}
	l->start = b->used;
	l->length = length;
	l->unsealed = unsealed;
	l->picked = alert_feed_picks(&w->alerts.rules, e) != 0;
	if (l->picked)
		l->event = *e;
	b->n++;
	memcpy(b->bytes + b->used, line, length);
	b->used += length;
}

/* As if they had never been sealed; what was lost meanwhile stays lost. */
static void
take_back(struct recorder_writer *w, int error)
{
	struct recorder_batch *b = w->batch;
	const uint64_t lost = w->seal->lost;

	*w->seal = *b->before;
	w->seal->lost = lost;
	w->created_ns = b->created_ns;
	w->written -= b->n;
	recorder_count_lost(w, b->n, error);
}

int
recorder_batch_write(struct recorder_writer *w)
{
	struct recorder_batch *b = w->batch;
	int r;

	if (b == NULL || b->n == 0)
		return 0;
	r = log_file_append(&w->file, b->bytes, b->used);
	for (size_t i = 0; i < b->n; i++) {
		struct line *l = &b->lines[i];

		if (l->picked)
			recorder_alert(w, &l->event, b->bytes + l->start, l->length,
			    r < 0 ? l->unsealed : 0);
	}
	if (r < 0)
		take_back(w, r);
	else
		recorder_sync_soon(w);
	sodium_memzero(b->before, sizeof(*b->before));
	b->n = b->used = 0;
	return r;
}
