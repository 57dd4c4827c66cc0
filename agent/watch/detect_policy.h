/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the detectors ask of the policy for many packets, prepared: roles and
 * registered MACs, and names of segments, zones and permits as numbers that stay
 * the same over a reload.
 */
#ifndef AGENT_WATCH_DETECT_POLICY_H
#define AGENT_WATCH_DETECT_POLICY_H

#include "rules/checked.h"
#include "rules/limits.h"
#include "rules/role_index.h"

#include <sodium.h>
#include <stdint.h>

struct detect_policy {
	uint8_t secret[crypto_shorthash_KEYBYTES];	/* of the tags */
	uint64_t segment_tag[LIMIT_SEGMENTS], zone_tag[LIMIT_SEGMENTS];	/* by segment */
	uint64_t *permit_tag;	/* by permit */
	size_t n_permits;
	struct role_index *roles;	/* NULL: nobody has a role or a registered MAC */
};

/* Random secret, nothing else yet. */
void detect_policy_init(struct detect_policy *p);
void detect_policy_clear(struct detect_policy *p);

/* Replace it. 0, or -ENOMEM: then no host has a role or a registered MAC. */
int detect_policy_set(struct detect_policy *p, const struct checked *checked);

#endif /* AGENT_WATCH_DETECT_POLICY_H */
