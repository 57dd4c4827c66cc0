/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For control_cutoff*.c only. */
#ifndef AGENT_CONTROL_CONTROL_CUTOFF_INTERNAL_H
#define AGENT_CONTROL_CONTROL_CUTOFF_INTERNAL_H

#include "agent/control/control_cutoff.h"
#include "agent/control/control_internal.h"

#include <stdint.h>

/* control_cutoff_state.c: 0; -ENOENT: there is no state; else nobody knows what stood. */
int cutoff_state_load(int folder, struct cutoffs *out);
/* 0 or negative errno, with a sentence in c->cut.problem. */
int cutoff_state_save(struct control *c);
/* Put a state that cannot be read aside, for people to look at. */
void cutoff_state_put_aside(int folder);
json_t *cutoff_state_json(const struct cutoffs *l);
int cutoff_state_parse(const json_t *state, struct cutoffs *out);

/*
 * control_cutoff_gate.c: make the kernel cut off just what the list says. 0 or negative
 * errno with a sentence; then the kernel is as it was.
 */
int cutoff_enforce(struct control *c, char *why, size_t size);
/* What the kernel cuts off now, beyond the list: another order. */
int cutoff_adopt(struct control *c);

/* control_cutoff_parts.c: tell the watcher. 0 or negative errno. */
int cutoff_tell_watcher(struct control *c);

/* control_cutoff_json.c: one order, as people and the command are told of it. */
json_t *cutoff_order_json(const struct cutoff *o);

/* control_cutoff_lines.c: flows that an order has cut, and its interfaces. */
int cutoff_forget_flows(struct control *c, struct cutoff *cutoff, uint64_t *flows);
/* Interfaces of an order go down; failures are told in why, "" when there was none. */
void cutoff_lines_down(struct control *c, struct cutoff *cutoff, char *why, size_t size);
/* Those that it took down come back, but for those that another order holds down. */
void cutoff_lines_up(struct control *c, const struct cutoff *cutoff, char *why, size_t size);
/* After a start: whatever brought them up in between. */
void cutoff_lines_again(struct control *c);

#endif /* AGENT_CONTROL_CONTROL_CUTOFF_INTERNAL_H */
