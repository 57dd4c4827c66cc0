/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our own table, kept as it should be (control_guard.c), and what the permits' counters
 * stood at when it was last read (control_guard_counts.c).
 */
#ifndef AGENT_CONTROL_CONTROL_GUARD_H
#define AGENT_CONTROL_CONTROL_GUARD_H

#include <stdbool.h>

struct control;
struct ipc_message;
struct ruleset;

/* Look after the table from now on. 0 or negative errno. */
int control_guard(struct control *c);
void control_guard_end(struct control *c);

/* What the keeper saw others do. */
void control_guard_seen(struct control *c, const struct ipc_message *m);

/*
 * Compare with the kernel now, and into the record. 1: equal, 0: put right, negative
 * errno: neither.
 */
int control_guard_verify(struct control *c);

/* control_guard_storm.c: attacked again and again: forwarding must stay off for a while. */
bool control_guard_holds(const struct control *c);

/* The permits' counters were read: a table that is made anew goes on from there. */
void control_guard_counted(struct control *c, const struct ruleset *counters);

#endif /* AGENT_CONTROL_CONTROL_GUARD_H */
