/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold between two witnesses of the same packets, whatever the timing:
 *
 *   opened <= permitted     Every packet that a permit let through (the gate counts
 *       those that open a flow, not the rest of it) leaves, and the tap sees it
 *       leave. A permit that serves several pairs is in no pair's "opened".
 *   stopped <= attempts     Every packet that a rule refused had come in, and the tap
 *       saw it. Not those that the gateway sent itself, nor those refused for their
 *       state or their options: one by one they may look permitted. Answers whose
 *       question may still be in a ring are no attempts before they are judged, and
 *       none at all when the tap may have missed the question.
 *   attempts <= stopped     What came, may not pass and did not leave was refused by a
 *       rule, or something else was in its way. What was held at the time of the base
 *       may have been refused before it.
 *
 * What detectors found, and packets in refused packets, are in none of these.
 */
#include "agent/control/control_matrix.h"

struct matrix_cell *
matrix_cell(const struct matrix_sample *s, size_t from, size_t to)
{
	return &s->cells[from * s->n + to];
}

/* The most, or the least, that a counter can have grown by; never below 0. */
static uint64_t
grown(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

static uint64_t
beyond(uint64_t n, uint64_t bound)
{
	return n > bound ? n - bound : 0;
}

enum matrix_difference
matrix_compare(const struct matrix_sample *base, const struct matrix_sample *now,
    size_t from, size_t to, uint64_t *packets)
{
	const struct matrix_cell *b = matrix_cell(base, from, to);
	const struct matrix_cell *c = matrix_cell(now, from, to);
	uint64_t lost = grown(base->lost, now->lost);
	uint64_t slack = lost + grown(base->unjudged, now->unjudged) +
	    grown(base->excused, now->excused) +
	    grown(base->assumed, now->assumed) + now->held;

	*packets = beyond(grown(b->opened[1], c->opened[0]),
	    grown(b->permitted, c->permitted) + lost);
	if (*packets > 0)
		return MATRIX_OPENING_UNSEEN;
	/* Of what the gateway says itself the tap only sees what gets out. */
	if (from + 1 != now->n)
		*packets = beyond(grown(b->stopped[1], c->stopped[0]),
		    grown(b->attempts, c->attempts_most) + slack);
	if (*packets > 0)
		return MATRIX_STOP_UNSEEN;
	*packets = beyond(grown(b->attempts_most, c->attempts),
	    grown(b->stopped[0], c->stopped[1]) + grown(base->unkeyed, now->unkeyed) +
	    base->held);
	return *packets > 0 ? MATRIX_STOPPED_ELSEWHERE : MATRIX_AGREES;
}

bool
matrix_comparable(const struct matrix_sample *base, const struct matrix_sample *now)
{
	if (!base->gate || !base->tap || !now->gate || !now->tap || base->n != now->n ||
	    base->started_ns != now->started_ns)
		return false;
	/* Counters that went back: a new table, or entries of a day ago that expired. */
	for (size_t i = 0; i < now->n * now->n; i++)
		if (now->cells[i].opened[0] < base->cells[i].opened[1] ||
		    now->cells[i].stopped[0] < base->cells[i].stopped[1])
			return false;
	return true;
}

const char *
matrix_difference_name(enum matrix_difference d)
{
	switch (d) {
	case MATRIX_AGREES:
		return "agrees";
	case MATRIX_OPENING_UNSEEN:
		return "opening-unseen";
	case MATRIX_STOP_UNSEEN:
		return "stop-unseen";
	case MATRIX_STOPPED_ELSEWHERE:
		return "stopped-elsewhere";
	}
	return "?";
}
