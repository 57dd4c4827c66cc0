/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_settle.h"

#include "agent/control/control_flows.h"
#include "agent/control/control_internal.h"
#include "agent/control/control_ruleset.h"
#include "agent/log.h"

#include "kernel-helpers/nft_apply_part.h"
#include "rules/compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
forget(struct control *c)
{
	free(c->settle.marks);
	c->settle.marks = NULL;
	c->settle.n_marks = 0;
}

static int
unrevoke(struct ruleset *part, const void *arg)
{
	(void)arg;
	return compile_unrevoke(part);
}

/* Small rulesets judge by chains that stand there for this alone: made anew without. */
static int
apply_without(struct control *c, struct nft_refusal *refusal)
{
	struct diag *diag = diag_new();
	struct ruleset *target = diag == NULL ? NULL :
	    control_compile(c, c->checked, NULL, 0, diag);
	bool changed;
	int r = target == NULL ? -ENOMEM :
	    nft_apply_known(c->nft, &c->known, target, &changed, refusal);

	if (r == 0)
		r = nft_known_settle(c->nft, &c->known, refusal);
	else
		ruleset_free(target);
	diag_free(diag);
	return r;
}

/* Running flows pass by themselves again. */
static void
stop_judging(struct control *c)
{
	struct nft_refusal refusal = { 0 };
	int r = c->settle.added ?
	    nft_apply_part(c->nft, &c->known, compile_revoke_concerns, unrevoke, NULL,
	    &refusal) : -ENOENT;

	if (r < 0)
		r = apply_without(c, &refusal);
	if (r == 0)
		return;
	snprintf(c->problem, sizeof(c->problem),
	    "running flows are still judged again: %.150s: %s", refusal.what, strerror(-r));
	log_warnx("control: %s", c->problem);
}

/* What the old rules let in while they were left is found now, or never was. */
static void
finish_revoking(struct control *c)
{
	struct control_cut cut = { .changed = false };
	char what[64];

	nft_wait_for_packets();
	if (control_flows_cut(c, c->checked, c->settle.marks, c->settle.n_marks, &cut) < 0) {
		snprintf(c->problem, sizeof(c->problem), "%s", cut.problem);
		log_warnx("control: %s", cut.problem);
		return;
	}
	c->flows_cut += cut.flows;
	if (cut.flows > 0) {
		snprintf(what, sizeof(what), "%llu more running flows cut",
		    (unsigned long long)cut.flows);
		control_record_change(c, "control", true, what);
	}
	stop_judging(c);
}

void
control_settle(struct control *c)
{
	struct nft_refusal refusal = { 0 };
	int r = nft_known_settle(c->nft, &c->known, &refusal);

	if (r < 0)
		log_warnx("control: what ran before cannot be taken out of the kernel: %s: %s",
		    refusal.what, strerror(-r));
	if (c->settle.n_marks > 0 && c->known.ruleset != NULL && c->checked != NULL)
		finish_revoking(c);
	forget(c);
}

static int
on_settle(sd_event_source *s, void *arg)
{
	struct control *c = arg;

	(void)s;
	control_settle(c);
	control_expect_end(c);
	return 0;
}

void
control_settle_later(struct control *c)
{
	int r = 0;

	if (c->known.left == NULL && c->settle.n_marks == 0)
		return;
	if (c->settle.source == NULL)
		r = sd_event_add_defer(c->event, &c->settle.source, on_settle, c);
	if (r >= 0)
		r = sd_event_source_set_enabled(c->settle.source, SD_EVENT_ONESHOT);
	/* Renewed in a few seconds, as what a dead daemon has left (control_expiry.c). */
	if (r < 0)
		log_warnx("control: a change is settled later: %s", strerror(-r));
}

void
control_settle_end(struct control *c)
{
	forget(c);
	c->settle.source = sd_event_source_unref(c->settle.source);
}
