/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the detectors ask of the policy for many packets, prepared: roles of
 * addresses and MACs, where a MAC is registered, and names of segments, zones
 * and permits as numbers that stay the same over a reload.
 */
#ifndef AGENT_WATCH_DETECT_POLICY_H
#define AGENT_WATCH_DETECT_POLICY_H

#include "rules/checked.h"
#include "rules/limits.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>

/* What packets are measured by; the other roles of a policy are for people. */
#define DETECT_ROLE_DHCP	0x01u
#define DETECT_ROLE_ROUTER	0x02u
#define DETECT_ROLE_DNS		0x04u
#define DETECT_ROLE_NTP		0x08u
#define DETECT_ROLE_MONITOR	0x10u
#define DETECT_ROLE_BACKUP	0x20u
#define DETECT_ROLE_JUMP	0x40u
#define DETECT_ROLE_PROXY 0x80u /* proxy, lbo_proxy, mail_relay: speak for others */
#define DETECT_ROLES		8u

/* Addresses that have a role: sorted, disjoint. */
struct detect_addresses {
	struct ip_range *ranges;
	size_t n;
};

/* One MAC of one registered host. */
struct detect_registered {
	uint8_t mac[6];
	uint16_t zone;
	uint32_t roles;		/* DETECT_ROLE_* */
};

struct detect_policy {
	uint8_t secret[crypto_shorthash_KEYBYTES];	/* of the tags */
	uint64_t segment_tag[LIMIT_SEGMENTS], zone_tag[LIMIT_SEGMENTS];	/* by segment */
	uint64_t *permit_tag;	/* by permit */
	size_t n_permits;
	struct detect_addresses roles[DETECT_ROLES];
	struct detect_registered *macs;	/* sorted */
	size_t n_macs;
};

/* Random secret, nothing else yet. */
void detect_policy_init(struct detect_policy *p);
void detect_policy_clear(struct detect_policy *p);

/* Replace it. 0, or -ENOMEM: then no host has a role or a registered MAC. */
int detect_policy_set(struct detect_policy *p, const struct checked *checked);

/* Has the address any of these roles (DETECT_ROLE_*)? */
bool detect_has_role(
    const struct detect_policy *p, const struct ip_addr *a, uint32_t roles);

/* The entries of a MAC, one per host: how many, the first in *first. */
size_t detect_registered(const struct detect_policy *p, const uint8_t mac[6],
    const struct detect_registered **first);

bool detect_mac_has_role(const struct detect_policy *p, const uint8_t mac[6],
    uint32_t roles);

#endif /* AGENT_WATCH_DETECT_POLICY_H */
