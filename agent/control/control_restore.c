/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_restore.h"

#include "agent/control/control_forwarding.h"
#include "agent/control/control_guard.h"
#include "agent/control/control_internal.h"
#include "agent/control/control_revoke.h"
#include "agent/control/control_ruleset.h"
#include "agent/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int
control_enforce(struct control *c, const struct checked *checked, struct ruleset *target,
    bool *changed, struct nft_refusal *refusal)
{
	struct control_cut cut;
	int r = control_commit(c, checked, target, &cut, refusal);

	*changed = cut.changed;
	if (r == 0)
		snprintf(c->problem, sizeof(c->problem), "%s", cut.problem);
	else
		(void)control_shut_without_table(c);
	return r;
}

int
control_watch_again(struct control *c)
{
	const size_t n = strlen(c->problem);
	int r = control_watch(c, c->checked);

	c->unwatched = r < 0;
	if (r < 0)
		snprintf(c->problem + n, sizeof(c->problem) - n, "%sthe watcher does not watch: %s",
		    n > 0 ? "; " : "", strerror(-r));
	return r;
}

void
control_let_through(struct control *c)
{
	char why[256] = "";
	int r = 0;

	if (control_guard_holds(c)) {
		r = -EBUSY;
		snprintf(why, sizeof(why), "somebody changes the table again and again");
	} else if (!c->confirm.stuck) {
		r = control_forward(c, why, sizeof(why));
	}
	c->forwarding = r == 0 && !c->confirm.stuck;
	/* The record's own word is told apart, and ends with it. */
	if (r < 0 && !control_record_closes(c)) {
		snprintf(c->problem, sizeof(c->problem), "forwarding is not on: %s", why);
		c->reopen = true;
	}
	if (control_watch_again(c) < 0)
		c->reopen = true;
	if (c->problem[0] != '\0')
		log_warnx("control: %s", c->problem);
}

static int
rewrite(struct control *c, bool *changed)
{
	struct nft_refusal refusal = { 0 };
	struct diag *diag = diag_new();
	struct ruleset *target = c->checked != NULL && diag != NULL ?
	    control_compile(c, c->checked, NULL, 0, diag) : NULL;
	int r = target == NULL ? -ENOENT :
	    control_enforce(c, c->checked, target, changed, &refusal);

	diag_free(diag);
	return r;
}

int
control_rewrite(struct control *c)
{
	bool changed = false;

	return rewrite(c, &changed);
}

int
control_restore(struct control *c, bool *changed)
{
	int r;

	*changed = false;
	r = rewrite(c, changed);
	if (r == 0)
		control_let_through(c);
	return r;
}
