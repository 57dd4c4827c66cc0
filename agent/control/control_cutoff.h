/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emergency cut-offs: the orders that stand, how they come into the kernel, to the
 * watcher and into the state folder. They belong to no policy: an apply, a rollback and
 * a repair carry them over (control_cutoff_put()), and they go ahead of a confirm that is
 * pending. The kernel comes first: whatever fails behind it, the cut is made.
 *
 * A crash between the kernel and the state folder leaves one of the two with more than
 * the other; the start takes the union, so nothing that was cut is open afterwards.
 */
#ifndef AGENT_CONTROL_CONTROL_CUTOFF_H
#define AGENT_CONTROL_CONTROL_CUTOFF_H

#include "rules/cutoff.h"
#include "rules/ruleset.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct control;
struct requester;

/* In struct control. */
struct control_cutoffs {
	struct cutoffs list;
	int folder;			/* state folder; negative: none */
	uint64_t orders;		/* so far; what was compiled before one lacks it */
	char problem[256];		/* what status shows; "" when all is well */
};

/*
 * Before the first policy: the orders of the state folder, and what the kernel still
 * cuts off beside them. What cannot be read cuts everything off.
 */
void control_cutoff_start(struct control *c);
void control_cutoff_end(struct control *c);

/*
 * control_cutoff_parts.c: write what is cut off into a ruleset compiled from this policy.
 * Every ruleset that is meant for the kernel goes through here. 0 or negative errno.
 */
int control_cutoff_put(const struct control *c, const struct checked *checked,
    struct ruleset *target);

/* A policy has taken over: orders take in what their names mean now. */
void control_cutoff_follow(struct control *c);

/* The policy as the watcher gets it, with what is cut off. A memfd or negative errno. */
int control_cutoff_memfd(const struct control *c, const struct checked *checked);

/* The requests "isolate" and "restore"; a new reference. */
json_t *control_isolate(struct control *c, const struct requester *who,
    const json_t *request);
json_t *control_cutoff_restore(struct control *c, const struct requester *who,
    const json_t *request);

/* control_cutoff_json.c: the orders that stand, as an array. */
json_t *control_cutoffs_json(const struct control *c);

#endif /* AGENT_CONTROL_CONTROL_CUTOFF_H */
