/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_flows.h"

#include "agent/clock.h"
#include "agent/control/control_internal.h"
#include "agent/control/priv.h"

#include "rules/classifier_flow.h"
#include "rules/compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So often in a row no table changes its size. */
#define ROUNDS_MAX 8

struct cutting {
	struct control *control;
	const struct checked *checked;
	struct flow_judge *judge;
	uint32_t *marks;		/* none: those of all flows */
	size_t n_marks;
	int64_t now;
	char why[200];
};

static uint32_t
mark_today(const struct cutting *x, const struct running_flow *e)
{
	const struct conntrack_flow *f = &e->flow;
	const struct flow_opening opening = {
		.src = f->src, .dst = f->translated.dst, .sport = f->sport,
		.dport = f->translated.dport, .protocol = f->protocol,
		.with_self = (f->mark & MARK_PAIR_MASK) == 0, .from_self = e->own_source,
	};

	return flow_judge_mark(x->judge, &opening, x->now);
}

static int
compare_flows(const void *a, const void *b)
{
	const struct running_flow *x = a, *y = b;

	return conntrack_compare(&x->flow, &y->flow);
}

/* A flow whose handshake is not complete keeps the bit that says so. */
static bool
stays(const struct cutting *x, const struct running_flow *e)
{
	uint32_t mark = e->flow.mark;

	if (x->checked->half_open != 0)
		mark &= ~MARK_HALF_OPEN;
	return e->new_mark != 0 && e->new_mark == mark;
}

/* Keeps the flows that must not stay as they are; how many there are in *denied. */
static size_t
judge_flows(const struct cutting *x, struct running_flow *flows, size_t n, size_t *denied)
{
	size_t kept = 0;

	*denied = 0;
	for (size_t i = 0; i < n; i++) {
		flows[i].new_mark = mark_today(x, &flows[i]);
		*denied += flows[i].new_mark == 0;
		if (!stays(x, &flows[i]))
			flows[kept++] = flows[i];
	}
	qsort(flows, kept, sizeof(*flows), compare_flows);
	return kept;
}

static int
list(struct cutting *x, struct running_flow **flows, size_t *n)
{
	return priv_flows(&x->control->asker, x->marks, x->n_marks, flows, n,
	    x->why, sizeof(x->why));
}

/*
 * 0: nothing is left; 1: the table changed its size meanwhile, some may have been passed
 * over; or a negative errno. No flow opens with these marks any more but permitted ones,
 * so one whole look is enough.
 */
static int
cut_round(struct cutting *x, uint64_t *cut)
{
	struct running_flow *flows = NULL;
	struct flow_changes done = { 0 };
	size_t n = 0, denied;
	int r = list(x, &flows, &n);

	if (r == -EINTR)
		return 1;
	if (r < 0)
		return r;
	n = judge_flows(x, flows, n, &denied);
	if (n > 0)
		r = priv_flows_change(&x->control->asker, flows, n, &done, x->why,
		    sizeof(x->why));
	*cut += done.deleted;
	free(flows);
	return r < 0 ? r : done.again;
}

static int
by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/*
 * Half-open flows carry their mark with one bit more. Where that is the mark of another
 * pair, its flows are listed too: each is judged for itself.
 */
static int
with_half_open(struct cutting *x, const uint32_t *marks, size_t n)
{
	size_t kept = 0;

	if (n == 0)
		return 0;
	x->marks = calloc(2 * n, sizeof(*x->marks));
	if (x->marks == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		x->marks[2 * i] = marks[i];
		x->marks[2 * i + 1] = marks[i] | MARK_HALF_OPEN;
	}
	qsort(x->marks, 2 * n, sizeof(*x->marks), by_number);
	for (size_t i = 0; i < 2 * n; i++)
		if (kept == 0 || x->marks[kept - 1] != x->marks[i])
			x->marks[kept++] = x->marks[i];
	x->n_marks = kept;
	return 0;
}

static void
close_cutting(struct cutting *x)
{
	flow_judge_free(x->judge);
	free(x->marks);
}

static int
open_cutting(struct cutting *x, struct control *c, const struct checked *checked,
    const uint32_t *marks, size_t n)
{
	*x = (struct cutting){ .control = c, .checked = checked,
		.now = clock_seconds(), .judge = flow_judge_new(checked) };
	return x->judge == NULL ? -ENOMEM : with_half_open(x, marks, n);
}

int
control_flows_cut(struct control *c, const struct checked *checked, const uint32_t *marks,
    size_t n, struct control_cut *cut)
{
	struct cutting x;
	int r = open_cutting(&x, c, checked, marks, n);

	for (int i = 0; i < ROUNDS_MAX && r == 0; i++) {
		r = cut_round(&x, &cut->flows);
		if (r == 0)
			break;
		r = r > 0 && i + 1 < ROUNDS_MAX ? 0 : r > 0 ? -EAGAIN : r;
	}
	if (r < 0)
		snprintf(cut->problem, sizeof(cut->problem),
		    "flows that are not permitted any more are refused, but still known: %s",
		    x.why[0] != '\0' ? x.why : strerror(-r));
	close_cutting(&x);
	return r;
}

int64_t
control_flows_count(struct control *c, const struct checked *checked,
    const uint32_t *marks, size_t n)
{
	struct running_flow *flows = NULL;
	size_t n_flows = 0, denied = 0;
	struct cutting x;
	int r = open_cutting(&x, c, checked, marks, n);

	for (int i = 0; i < ROUNDS_MAX && (i == 0 || r == -EINTR); i++)
		r = r == 0 || r == -EINTR ? list(&x, &flows, &n_flows) : r;
	if (r == 0)
		(void)judge_flows(&x, flows, n_flows, &denied);
	close_cutting(&x);
	free(flows);
	return r < 0 ? r : (int64_t)denied;
}
