/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which tags on a tapped interface are the business of a VLAN device on it: the
 * kernel hands such frames to that device, without the tag, and takes what leaves
 * by the device from it. All other tags belong to nobody here.
 */
#include "kernel-helpers/link.h"
#include "kernel-helpers/tap_internal.h"

#include <linux/if_ether.h>
#include <string.h>

/* Index of the EtherType in struct tap_vlans; TAG_TYPES: no VLAN device speaks it. */
static unsigned int
tag_type(uint16_t protocol)
{
	if (protocol == ETH_P_8021Q)
		return 0;
	return protocol == ETH_P_8021AD ? 1 : TAG_TYPES;
}

static void
on_vlan(void *arg, const struct link_vlan *v)
{
	struct tap_set *s = arg;
	unsigned int type = tag_type(v->protocol);
	int i = tap_set_find(s, v->lower);

	if (i >= 0 && type < TAG_TYPES && v->id < VLAN_IDS)
		s->taps[i].learnt.ids[type][v->id / 64] |= UINT64_C(1) << v->id % 64;
}

int
tap_set_learn_vlans(struct tap_set *s, int link_fd)
{
	int error;

	for (size_t i = 0; i < s->n; i++)
		memset(&s->taps[i].learnt, 0, sizeof(s->taps[i].learnt));
	error = link_vlans(link_fd, on_vlan, s);
	for (size_t i = 0; error == 0 && i < s->n; i++)
		s->taps[i].vlans = s->taps[i].learnt;
	return error;
}

bool
tap_set_carries_vlan(const struct tap_set *s, size_t i, uint16_t protocol, uint16_t id)
{
	unsigned int type = tag_type(protocol);

	return i < s->n && type < TAG_TYPES && id < VLAN_IDS &&
	    (s->taps[i].vlans.ids[type][id / 64] >> id % 64 & 1u) != 0;
}
