/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies and packets made by dice, the same from the same seed. They crowd
 * into few networks and few ports, so that edges, nesting and overlap are the
 * rule and not the exception.
 */
#ifndef TESTS_UNIT_RANDOM_POLICY_H
#define TESTS_UNIT_RANDOM_POLICY_H

#include "rules/checked.h"
#include "rules/facts.h"
#include "rules/policy.h"

struct dice {
	uint64_t state;
};

uint64_t dice_next(struct dice *d);
/* 0 .. n - 1; n > 0. */
unsigned int dice_below(struct dice *d, unsigned int n);
/* True in "percent" of 100 throws. */
bool dice_chance(struct dice *d, unsigned int percent);

/* Roughly how many hosts and permits. */
struct random_size {
	unsigned int zones, hosts, groups, services, permits;
};

/* The time around which validity begins and ends: 2026-07-01T00:00 in Japan. */
#define RANDOM_NOW INT64_C(1782831600)

/* The origin of permit i of a random policy is line i + 1 of this. */
#define RANDOM_PERMIT_FILE "dice"

/*
 * A checked policy, dates around RANDOM_NOW. Permits with an error are left out;
 * NULL when the rest is wrong too, which happens now and then.
 */
struct checked *random_checked(struct dice *d, const struct random_size *size);

struct random_packet {
	struct facts facts;
	uint16_t in, out;
	int64_t now;
};

/* A packet near the boxes of the policy: on them, beside them, backwards, broken. */
void random_packet(struct dice *d, const struct checked *c, struct random_packet *p);

#endif /* TESTS_UNIT_RANDOM_POLICY_H */
