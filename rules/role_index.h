/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who an address or a MAC belongs to, for those who ask it packet by packet: the
 * roles that network services have, and the stations that the policy registers.
 * Made once of the checked policy, never changes, read without a lock.
 */
#ifndef RULES_ROLE_INDEX_H
#define RULES_ROLE_INDEX_H

#include "rules/checked.h"

/* Roles that packets are measured by; the others are for people. */
enum host_role {
	ROLE_DHCP = 0,
	ROLE_DNS,
	ROLE_NTP,
	ROLE_PROXY,
	ROLE_ROUTER,
	ROLE_COUNT
};

struct role_index;

/* NULL with errno ENOMEM. Copies what it needs. */
struct role_index *role_index_new(const struct checked *checked);
void role_index_free(struct role_index *x);	/* accepts NULL */

/* True when a host with that role has the address. O(log n). */
bool role_index_holds(
    const struct role_index *x, enum host_role role, const struct ip_addr *a);

/* True when a host with that role has the MAC. O(log n). */
bool role_index_holds_mac(
    const struct role_index *x, enum host_role role, const uint8_t mac[6]);

/* True when any host of that role has a MAC, so that asking for one means something. */
bool role_index_knows_macs(const struct role_index *x, enum host_role role);

/*
 * The zones that register a MAC, one bit each (1 << number; at most LIMIT_ZONES
 * of them). 0: no host of the policy has it.
 */
uint32_t role_index_mac_zones(const struct role_index *x, const uint8_t mac[6]);

#endif /* RULES_ROLE_INDEX_H */
