/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ends of permits. The kernel stops what has ended by itself, to the second; here
 * the tables are made anew without it, its flows deleted, and all of it recorded.
 * Also finishes what an earlier change could not: flows still being judged again.
 */
#include "agent/clock.h"
#include "agent/control/control_internal.h"
#include "agent/control/control_revoke.h"
#include "agent/control/control_ruleset.h"
#include "agent/log.h"
#include "rules/compile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RETRY_SECONDS	5
/* The clock may be set meanwhile, by hand or from outside: look again at least so often. */
#define LOOK_SECONDS	3600
#define ACCURACY_US	1000

/* "T038, T041" of what ended since the last ruleset was made; how many. */
static size_t
list_ended(const struct control *c, int64_t now, char *text, size_t size)
{
	size_t n = 0, length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < c->checked->n_permits; i++) {
		const struct checked_permit *p = &c->checked->permits[i];
		int wrote;

		if (p->disabled || p->valid_until > now || p->valid_until <= c->compiled_at)
			continue;
		n++;
		wrote = snprintf(text + length, size - length, "%s%s",
		    length > 0 ? ", " : "", p->id);
		if (wrote < 0 || (size_t)wrote >= size - length)
			text[length] = '\0';	/* the number tells that there are more */
		else
			length += (size_t)wrote;
	}
	return n;
}

static void
record(struct control *c, size_t n, const char *ended, const struct control_cut *cut,
    const struct nft_refusal *refusal, int error)
{
	char what[256];

	if (error < 0)
		snprintf(what, sizeof(what), "the tables cannot be renewed: %.150s: %s",
		    refusal->what, strerror(-error));
	else if (n > 0)
		snprintf(what, sizeof(what), "%zu permits ended (%.120s); %llu running flows cut",
		    n, ended, (unsigned long long)cut->flows);
	else
		snprintf(what, sizeof(what), "revocation completed; %llu running flows cut",
		    (unsigned long long)cut->flows);
	control_record_change(c, "expiry", error == 0, what);
	if (error < 0)
		snprintf(c->problem, sizeof(c->problem), "%s", what);
}

/* The same policy as of now. */
static int
renew(struct control *c)
{
	struct nft_refusal refusal = { 0 };
	struct diag *diag = diag_new();
	bool pending = control_revoking(c);
	struct control_cut cut = { .changed = false };
	char ended[128];
	size_t n = list_ended(c, clock_seconds(), ended, sizeof(ended));
	struct ruleset *target = diag == NULL ? NULL :
	    control_compile(c, c->checked, NULL, 0, diag);
	int r = target == NULL ? -ENOMEM :
	    control_commit(c, c->checked, target, &cut, &refusal);

	control_settle(c);
	if (r < 0 || n > 0 || (pending && !control_revoking(c)))
		record(c, n, ended, &cut, &refusal, r);
	if (r == 0 && pending)
		snprintf(c->problem, sizeof(c->problem), "%s", cut.problem);
	diag_free(diag);
	return r;
}

/* Would it be another ruleset now? A clock that went back brings permits back, too. */
static bool
is_stale(const struct control *c)
{
	int64_t now = clock_seconds();

	return control_revoking(c) || now < c->compiled_at ||
	    compile_next_moment(c->checked, c->compiled_at, LIMIT_HORIZON_SECONDS) <= now;
}

static int
on_moment(sd_event_source *s, uint64_t usec, void *arg)
{
	struct control *c = arg;

	(void)s;
	(void)usec;
	/* Without its table the guard puts it back, made for that moment. */
	if (c->checked != NULL && !c->gone && is_stale(c) && renew(c) < 0)
		log_warnx("control: the tables cannot be renewed");
	control_expect_end(c);
	return 0;
}

void
control_expect_end(struct control *c)
{
	int64_t now = clock_seconds(), at;
	int r = 0;

	if (c->checked == NULL)
		return;
	at = compile_next_moment(c->checked, c->compiled_at, LIMIT_HORIZON_SECONDS);
	if (at <= now || control_revoking(c))
		at = now + RETRY_SECONDS;
	if (at > now + LOOK_SECONDS)
		at = now + LOOK_SECONDS;
	if (c->moment == NULL)
		r = sd_event_add_time(c->event, &c->moment, CLOCK_REALTIME,
		    (uint64_t)at * 1000000, ACCURACY_US, on_moment, c);
	else
		r = sd_event_source_set_time(c->moment, (uint64_t)at * 1000000);
	if (r >= 0)
		r = sd_event_source_set_enabled(c->moment, SD_EVENT_ONESHOT);
	if (r < 0)
		log_warnx("control: ends of permits are left to the kernel: %s", strerror(-r));
}
