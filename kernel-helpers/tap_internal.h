/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tap set from inside, for tap.c, tap_account.c and tap_vlan.c only. */
#ifndef KERNEL_HELPERS_TAP_INTERNAL_H
#define KERNEL_HELPERS_TAP_INTERNAL_H

#include "kernel-helpers/tap.h"
#include "kernel-helpers/tap_bpf.h"
#include "kernel-helpers/tap_ring.h"

#include <net/if.h>

/* tap.entering and .leaving beside a descriptor. */
#define HOOK_NONE	(-1)
#define HOOK_STOPPED	(-2)	/* was there; what it reported can still be read */

#define VLAN_IDS	4096u
#define TAG_TYPES	2u	/* 802.1Q, 802.1ad */

/* VLANs that are devices on an interface, one bit each, by the tag's EtherType. */
struct tap_vlans {
	uint64_t ids[TAG_TYPES][VLAN_IDS / 64];
};

struct tap {
	char name[IF_NAMESIZE];
	uint32_t ifindex;		/* 0: never was there */
	struct tap_ring incoming;	/* listens only where "entering" is not */
	struct tap_ring outgoing;	/* not opened where "leaving" is */
	int entering, leaving;		/* tcx links, or HOOK_* */
	bool has_mac;
	uint8_t mac[6];
	uint64_t events;		/* delivered from the event ring */
	struct tap_vlans vlans, learnt;	/* learnt: only while they are asked for */
};

struct tap_set {
	struct tap_bpf *bpf;		/* NULL: TAP_TIER_CLASSIC */
	enum tap_tier tier;
	char tier_reason[160], open_reason[160];	/* now, and with a policy */
	enum tap_tier best;		/* asked for */
	size_t n, next;			/* next: the tap whose turn it is */
	struct tap taps[];
};

static inline bool
tap_up(const struct tap *t)
{
	return t->incoming.pcap != NULL &&
	    (t->outgoing.pcap != NULL || t->leaving != HOOK_NONE);
}

#endif /* KERNEL_HELPERS_TAP_INTERNAL_H */
