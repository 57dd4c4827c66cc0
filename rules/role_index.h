/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who an address or a MAC belongs to, for those who ask it packet by packet: the
 * roles that network services have, and the stations that the policy registers.
 * Made once of the checked policy, never changes, read without a lock.
 */
#ifndef RULES_ROLE_INDEX_H
#define RULES_ROLE_INDEX_H

#include "rules/checked.h"

/* Roles that packets are measured by, one bit each; the others are for people. */
#define HOST_ROLE_DHCP		0x01u
#define HOST_ROLE_ROUTER	0x02u
#define HOST_ROLE_DNS		0x04u
#define HOST_ROLE_NTP		0x08u
#define HOST_ROLE_MONITOR	0x10u
#define HOST_ROLE_BACKUP	0x20u
#define HOST_ROLE_JUMP		0x40u
#define HOST_ROLE_PROXY		0x80u	/* also lbo_proxy, mail_relay: speak for others */
#define HOST_ROLES		8u

struct role_index;

/* NULL with errno ENOMEM. Copies what it needs. */
struct role_index *role_index_new(const struct checked *checked);
void role_index_free(struct role_index *x);	/* accepts NULL */

/*
 * True when a host with any of these roles (HOST_ROLE_*) has the address. O(log n)
 * for each role. In an index that is NULL nobody has a role or a MAC.
 */
bool role_index_holds(
    const struct role_index *x, uint32_t roles, const struct ip_addr *a);

/* True when a host with any of these roles has the MAC. O(log n). */
bool role_index_holds_mac(
    const struct role_index *x, uint32_t roles, const uint8_t mac[6]);

/*
 * The zones that register a MAC, one bit each (1 << number; at most LIMIT_ZONES
 * of them). 0: no host of the policy has it. O(log n).
 */
uint32_t role_index_mac_zones(const struct role_index *x, const uint8_t mac[6]);

#endif /* RULES_ROLE_INDEX_H */
