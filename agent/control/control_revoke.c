/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change that takes something away ends the flows it denies, and no other one:
 *
 *	1. flip: the new policy, and with it every running flow that it may deny is
 *	   judged again by the kernel itself, packet by packet (compile_rejudge.c)
 *	2. cut (control_flows.c): the connection table is listed and each of those flows
 *	   judged by the policy; what it denies is deleted, what it permits otherwise is
 *	   marked anew
 *	3. behind the answer (control_settle.c), once no packet is inside the old rules,
 *	   the same again for what those still opened, and a second flip takes the
 *	   judging out again
 *
 * Whoever dies in between leaves 1 standing: nothing denied runs on, and the marks
 * in the kernel tell the next apply, or the next start, what is left to do.
 */
#include "agent/control/control_revoke.h"

#include "agent/control/control_internal.h"
#include "agent/control/control_ruleset.h"
#include "agent/control/control_server.h"
#include "agent/log.h"

#include "rules/compile.h"
#include "rules/revocation.h"

#include <errno.h>
#include <stdlib.h>

/*
 * Each cut-off in the middle of a change makes that begin again; they are not ordered
 * without end while one is at work. One behind so many waits for all of it.
 */
#define PAUSES_MAX 16

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
	(void)control_flows_cut(c, checked, c->settle.marks, n, cut);
	return 0;
}

/* Nobody knows what ran here: a table that was lost, or none since the start. */
static int
commit_anew(struct control *c, const struct checked *checked, struct ruleset *target,
    struct control_cut *cut, struct nft_refusal *refusal)
{
	int r = apply_known(c, checked, target, NULL, 0, &cut->changed, refusal);

	if (r == 0)
		(void)control_flows_cut(c, checked, NULL, 0, cut);
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
	size_t n = 0;
	uint32_t *marks = NULL;
	int64_t r = running == NULL ? 0 : revocation_marks(running, target, &marks, &n);

	control_meanwhile(c);
	if (r == 0 && (running == NULL || n > 0))
		r = control_flows_count(c, checked, marks, n);
	free(marks);
	return r;
}
