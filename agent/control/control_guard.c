/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The backstop. Without our table the kernel would forward everything, so where it
 * is not there forwarding is off, and the policy in force is put back first. Somebody's
 * "nft flush ruleset" is noticed by the generation number, a fixed time later at most.
 */
#include "agent/control/control_internal.h"
#include "agent/control/priv.h"
#include "agent/log.h"

#include "kernel-helpers/nft_account.h"

#include <stdio.h>

#define LOOK_US 500000

bool
control_table_stands(struct control *c)
{
	struct ruleset *counters = NULL;
	int r = nft_account_counters(c->nft, &counters);
	/* Ours is never without them. */
	bool stands = r == 0 && counters != NULL && counters->n_counters > 0;

	ruleset_free(counters);
	return stands;
}

bool
control_shut_without_table(struct control *c)
{
	char why[256] = "";

	if (control_table_stands(c))
		return false;
	if (priv_forwarding(c->setup->keeper_fd, false, why, sizeof(why)) < 0)
		log_warnx("control: forwarding is not off: %s", why);
	c->forwarding = false;
	return true;
}

static void
look(struct control *c)
{
	bool gone = control_shut_without_table(c);

	if (gone && !c->gone) {
		snprintf(c->problem, sizeof(c->problem),
		    "the table was taken away; forwarding is off");
		log_warnx("control: %s", c->problem);
		control_record_change(c, "control", false, c->problem);
	}
	c->gone = gone && control_restore(c) < 0;
}

static int
on_look(sd_event_source *s, uint64_t usec, void *arg)
{
	struct control *c = arg;
	uint32_t generation = 0;

	(void)usec;
	if (nft_generation(c->nft, &generation) == 0 &&
	    (c->gone || generation != c->looked_at)) {
		c->looked_at = generation;
		look(c);
	}
	return sd_event_source_set_time_relative(s, LOOK_US);
}

int
control_guard(struct control *c)
{
	sd_event_source *source;
	int r = sd_event_add_time_relative(c->event, &source, CLOCK_MONOTONIC, LOOK_US, 0,
	    on_look, c);

	if (r >= 0)
		r = sd_event_source_set_enabled(source, SD_EVENT_ON);
	if (r >= 0)
		r = sd_event_source_set_floating(source, true);
	return r < 0 ? r : 0;
}
