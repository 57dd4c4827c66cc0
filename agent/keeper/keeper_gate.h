/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The backstop's fast half: the keeper hears by itself who writes to our table, and
 * shuts off forwarding before anybody else has been asked. Then it tells control, which
 * puts things right and asks for forwarding again. So the gate shuts within a
 * millisecond also while control compiles a policy, or is dead.
 */
#ifndef AGENT_KEEPER_GATE_H
#define AGENT_KEEPER_GATE_H

#include <stdbool.h>

struct keeper;

/* Begin to listen; needs k->nft. 0 or negative errno. */
int keeper_gate_open(struct keeper *k);
/* From the event loop on. 0 or negative errno. */
int keeper_gate_watch(struct keeper *k);

/* Read what waits and act on it: true when somebody wrote to our table. Never waits. */
bool keeper_gate_look(struct keeper *k);

/* Our table is in the kernel, and awake. */
bool keeper_gate_stands(struct keeper *k);

/* Forwarding off everywhere, also where one interface alone has it. 0 or negative errno. */
int keeper_gate_shut(struct keeper *k);

/* What hardens the routing of the machine: with forwarding on, and for new interfaces. */
void keeper_harden(struct keeper *k);
void keeper_harden_interfaces(struct keeper *k);

#endif /* AGENT_KEEPER_GATE_H */
