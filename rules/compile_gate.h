/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the gate (compile_gate*.c) share. Not for others. */
#ifndef RULES_COMPILE_GATE_H
#define RULES_COMPILE_GATE_H

#include "rules/compile_internal.h"

/* Families of which the policy binds addresses to MACs. */
struct bound {
	bool v4, v6;
};

/* compile_gate_sets.c: what sets are looked up with. */
extern const enum field gate_dispatch_key[2];
extern const enum field gate_violation_key4[5], gate_violation_key6[5];
extern const enum field gate_mac_key4[2], gate_mac_key6[2];
extern const enum field gate_nexthdr_key[1];

/* Every static set, but those of cut-offs. */
void gate_sets(struct writer *w, const struct checked *c, struct bound bound);
/* A counter for every permit that can open anything, and the map that finds it. */
void gate_permit_counters(struct writer *w, const struct checked *c);

/* compile_gate_refuse.c: a counter for every reason to refuse. */
void gate_refusal_counters(struct writer *w, const struct checked *c);
/* Every way out: counted, told to the watcher, dropped or rejected. */
void gate_refusals(struct writer *w, const struct checked *c);
/* Broadcast and multicast to the gateway itself go to this chain. */
void gate_group_check(struct writer *w, const char *chain);

#endif /* RULES_COMPILE_GATE_H */
