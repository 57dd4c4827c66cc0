/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The matrix from inside, for control_matrix*.c only: what both witnesses
 * counted between each pair of zones, and where they cannot both be right.
 *
 * They cannot be asked at one moment. So the gate is asked before and after the
 * tap, and the pause before the tap is longer than a frame waits in a ring: what
 * the first answer of the gate counts the tap's answer counts too, unless it was
 * lost, and what the tap counts the gate's second answer counts too.
 */
#ifndef AGENT_CONTROL_CONTROL_MATRIX_H
#define AGENT_CONTROL_CONTROL_MATRIX_H

#include "agent/control/control_internal.h"

#define MATRIX_PAUSE_NS	50000000	/* five times TAP_BLOCK_MS of the tap's rings */

/* One ordered pair of zones. */
struct matrix_cell {
	uint64_t opened[2], stopped[2];		/* gate: before and after the tap */
	uint64_t permitted, leaks;		/* tap */
	uint64_t attempts, attempts_most;	/* tap: settled; with what may still leave */
	uint64_t beside;			/* tap: found beside these packets */
};

/* Rows and columns are the zones, the last one is the gateway itself. */
struct matrix_sample {
	size_t n;
	struct matrix_cell *cells;		/* n * n */
	bool gate, tap;				/* this witness answered */
	uint64_t unjudged;	/* gate: stopped for state or options, in no pair's words */
	uint64_t unkeyed;	/* gate: stopped and in no pair, the sets were full */
	uint64_t lost;		/* tap: frames that it did not see */
	uint64_t excused;	/* tap: let be by the policy before */
	uint64_t assumed;	/* tap: permitted, for it may have missed the question */
	uint64_t held;		/* tap: answers not judged yet, now */
	int64_t started_ns;	/* tap: its counts begin here; CLOCK_REALTIME */
};

/* 0 or -ENOMEM; matrix_sample_free() it, also after a failure. Takes MATRIX_PAUSE_NS. */
int matrix_sample_take(struct control *c, struct matrix_sample *s);
void matrix_sample_free(struct matrix_sample *s);
struct matrix_cell *matrix_cell(const struct matrix_sample *s, size_t from, size_t to);

enum matrix_difference {
	MATRIX_AGREES = 0,
	MATRIX_OPENING_UNSEEN,	/* the gate let more through than the tap saw leaving */
	MATRIX_STOP_UNSEEN,	/* the gate stopped more than the tap saw coming */
	MATRIX_STOPPED_ELSEWHERE,	/* more came and did not leave than the gate stopped */
};

/*
 * What a cell says against what it said in the base, the same cell of an earlier
 * sample. *packets: at least so many. Pure.
 */
enum matrix_difference matrix_compare(const struct matrix_sample *base,
    const struct matrix_sample *now, size_t from, size_t to, uint64_t *packets);

/* False: counters began anew since the base; nothing can be compared. Pure. */
bool matrix_comparable(const struct matrix_sample *base, const struct matrix_sample *now);

const char *matrix_difference_name(enum matrix_difference d);

#endif /* AGENT_CONTROL_CONTROL_MATRIX_H */
