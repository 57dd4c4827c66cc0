/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change that takes something away ends the flows it denies, and no other one:
 *
 *	1. flip: the new policy, and with it every running flow that it may deny is
 *	   judged again by the kernel itself, packet by packet (compile_rejudge.c)
 *	2. cut: the connection table is listed and each of those flows judged by the
 *	   policy; what it denies is deleted, what it permits otherwise is marked anew
 *	3. behind the answer (control_settle.c), once no packet is inside the old rules,
 *	   the same again for what those still opened, and a second flip takes the
 *	   judging out again
 *
 * Whoever dies in between leaves 1 standing: nothing denied runs on, and the marks
 * in the kernel tell the next apply, or the next start, what is left to do.
 */
#include "agent/clock.h"
#include "agent/control/control_internal.h"
#include "agent/control/control_server.h"
#include "agent/control/priv.h"
#include "agent/log.h"
#include "rules/classifier_flow.h"
#include "rules/compile.h"
#include "rules/revocation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So often in a row no table changes its size. */
#define ROUNDS_MAX 8
/* Nor are cut-offs ordered without end while one change is at work. */
#define PAUSES_MAX 4

struct cutting {
	struct control *control;
	const struct checked *checked;
	struct flow_judge *judge;
	uint32_t *marks;		/* none: those of all flows */
	size_t n_marks;
	int64_t now;
	char why[200];
};

struct ruleset *
control_compile(const struct control *c, const struct checked *checked,
    const uint32_t *revoked, size_t n, struct diag *diag)
{
	int64_t now = clock_seconds();
	const struct compile_moment moment = { .now = now,
		.horizon = now + LIMIT_HORIZON_SECONDS, .revoked = revoked, .n_revoked = n };
	struct ruleset *target = compile_at(checked, &moment, diag);

	if (target != NULL && control_cutoff_put(c, checked, target) < 0) {
		ruleset_free(target);
		return NULL;
	}
	return target;
}

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

/* End what the policy denies among the flows of these marks; n 0: among all. */
static int
cut_flows(struct control *c, const struct checked *checked, const uint32_t *marks,
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

/* As nft_known wants it: cut-offs do not wait for the end of a large change. */
static bool
pause_for_cutoffs(void *arg)
{
	struct control *c = arg;
	const uint64_t before = c->cut.orders;

	control_urgent(c);
	return c->cut.orders != before;
}

/* The target that judges these marks again; takes the one that does not. */
static struct ruleset *
revoking(struct control *c, const struct checked *checked, struct ruleset *target,
    const uint32_t *marks, size_t n)
{
	struct diag *diag;
	int r = compile_revoke(target, checked, marks, n);

	c->settle.added = r == 0;
	if (r == 0)
		return target;
	ruleset_free(target);
	diag = r == -ENOENT ? diag_new() : NULL;
	target = diag == NULL ? NULL : control_compile(c, checked, marks, n, diag);
	diag_free(diag);
	return target;
}

/* A target that is gone, once more: with what was cut off meanwhile. */
static struct ruleset *
again(struct control *c, const struct checked *checked, const uint32_t *marks, size_t n)
{
	struct diag *diag = diag_new();
	struct ruleset *target = diag == NULL ? NULL :
	    control_compile(c, checked, NULL, 0, diag);

	diag_free(diag);
	return target == NULL || n == 0 ? target : revoking(c, checked, target, marks, n);
}

/* Takes the target over. */
static int
apply_known(struct control *c, const struct checked *checked, struct ruleset *target,
    const uint32_t *marks, size_t n, bool *changed, struct nft_refusal *refusal)
{
	int r = -EINTR;

	for (unsigned int i = 0; r == -EINTR || r == -ESTALE; i++) {
		bool now = false;

		c->known.pause = i < PAUSES_MAX ? pause_for_cutoffs : NULL;
		c->known.pause_arg = c;
		r = nft_apply_known(c->nft, &c->known, target, &now, refusal);
		*changed |= now;
		if (r == -EINTR && control_cutoff_put(c, checked, target) < 0) {
			r = -ENOMEM;
		} else if (r == -ESTALE) {
			target = again(c, checked, marks, n);
			if (target == NULL)
				r = -ENOMEM;
		}
	}
	c->known.pause = NULL;
	if (r != 0)
		ruleset_free(target);
	return r;
}

/*
 * The new policy holds from the flip on: what fails behind it is told, no refusal. Takes
 * the target and, where it holds, the marks.
 */
static int
commit_revoking(struct control *c, const struct checked *checked, struct ruleset *target,
    uint32_t **marks, size_t n, struct control_cut *cut, struct nft_refusal *refusal)
{
	int r;

	target = revoking(c, checked, target, *marks, n);
	control_meanwhile(c);
	r = target == NULL ? -ENOMEM :
	    apply_known(c, checked, target, *marks, n, &cut->changed, refusal);
	if (r != 0)
		return r;
	free(c->settle.marks);
	c->settle.marks = *marks;
	c->settle.n_marks = n;
	*marks = NULL;
	(void)cut_flows(c, checked, c->settle.marks, n, cut);
	return 0;
}

int
control_cut_again(struct control *c, struct control_cut *cut)
{
	return cut_flows(c, c->checked, c->settle.marks, c->settle.n_marks, cut);
}

/* Nobody knows what ran here: a table that was lost, or none since the start. */
static int
commit_anew(struct control *c, const struct checked *checked, struct ruleset *target,
    struct control_cut *cut, struct nft_refusal *refusal)
{
	int r = apply_known(c, checked, target, NULL, 0, &cut->changed, refusal);

	if (r == 0)
		(void)cut_flows(c, checked, NULL, 0, cut);
	return r;
}

int
control_commit(struct control *c, const struct checked *checked, struct ruleset *target,
    struct control_cut *cut, struct nft_refusal *refusal)
{
	const struct ruleset *running;
	struct ruleset *read = NULL;
	uint32_t *marks = NULL;
	size_t n = 0;
	const int64_t made_at = target->made_at;
	bool anew;
	int r;

	control_settle(c);
	r = control_running_ruleset(c, &running, &read);

	*cut = (struct control_cut){ .changed = false };
	anew = r == 0 && running == NULL;
	ruleset_sort(target);
	control_meanwhile(c);
	if (r == 0 && !anew)
		r = revocation_marks(running, target, &marks, &n);
	ruleset_free(read);
	control_meanwhile(c);
	if (r < 0)
		ruleset_free(target);
	else if (anew)
		r = commit_anew(c, checked, target, cut, refusal);
	else if (n == 0)
		r = apply_known(c, checked, target, NULL, 0, &cut->changed, refusal);
	else
		r = commit_revoking(c, checked, target, &marks, n, cut, refusal);
	free(marks);
	if (r == 0) {
		c->compiled_at = made_at;
		c->flows_cut = cut->flows;
	}
	control_settle_later(c);
	if (cut->problem[0] != '\0')
		log_warnx("control: %s", cut->problem);
	return r;
}

int64_t
control_count_cut(struct control *c, const struct checked *checked,
    const struct ruleset *running, const struct ruleset *target)
{
	struct running_flow *flows = NULL;
	size_t n = 0, n_flows = 0, denied = 0;
	uint32_t *marks = NULL;
	struct cutting x;
	int r = running == NULL ? 0 : revocation_marks(running, target, &marks, &n);

	control_meanwhile(c);
	if (r == 0 && (running == NULL || n > 0)) {
		r = open_cutting(&x, c, checked, marks, n);
		for (int i = 0; i < ROUNDS_MAX && (i == 0 || r == -EINTR); i++)
			r = r == 0 || r == -EINTR ? list(&x, &flows, &n_flows) : r;
		if (r == 0)
			(void)judge_flows(&x, flows, n_flows, &denied);
		close_cutting(&x);
	}
	free(flows);
	free(marks);
	return r < 0 ? r : (int64_t)denied;
}

bool
control_revoking(const struct control *c)
{
	static const struct object_name name = { .base = COMPILE_SET_REVOKED };

	return c->known.ruleset != NULL && ruleset_find_set(c->known.ruleset, &name) != NULL;
}
