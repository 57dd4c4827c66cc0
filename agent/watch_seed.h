/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was opened before the watcher began. UDP and its like have no flag that tells
 * an answer from an opening, so the openings that the kernel's connection table knows
 * are taken from there: with them an answer that nobody asked for is told from the
 * first packet on, and one whose question came before us is not.
 *
 * The table has them all because the gate, which feeds it, stands before anything is
 * forwarded and before the first watcher starts (agent/control/control_restore.c); what
 * conntrack is told not to track the gate refuses. The taps must be open before this
 * is called: then no opening falls in between.
 */
#ifndef AGENT_WATCH_SEED_H
#define AGENT_WATCH_SEED_H

#include "agent/watch/openings.h"
#include "agent/watch/watcher.h"
#include "kernel-helpers/conntrack.h"

/* As many as the watcher remembers; of a table with more it is not complete. */
#define WATCH_SEED_MAX	OPENINGS_LIVE

/* Never fails: what could not be read is said in out->why. Needs CAP_NET_ADMIN. */
void watch_seed_collect(struct watcher_seed *out);

/*
 * The openings of one entry: how it came in, and how it left if addresses were
 * translated. How many: 0 for TCP, which needs none (watch_judge_flow()).
 */
size_t watch_seed_openings(const struct conntrack_flow *f, struct watch_opening out[2]);

#endif /* AGENT_WATCH_SEED_H */
