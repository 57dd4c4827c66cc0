/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a tap set is asked: its interfaces, its tier, its counts, its policy. */
#include "kernel-helpers/tap_internal.h"

#include <stdio.h>
#include <string.h>

const char *
tap_tier_name(enum tap_tier tier)
{
	switch (tier) {
	case TAP_TIER_NONE:
		return "none";
	case TAP_TIER_CLASSIC:
		return "classic";
	case TAP_TIER_EBPF:
		return "ebpf";
	case TAP_TIER_TCX:
		return "tcx";
	}
	return "unknown";
}

size_t
tap_set_count(const struct tap_set *s)
{
	return s->n;
}

size_t
tap_set_missing(const struct tap_set *s)
{
	size_t missing = 0;

	for (size_t i = 0; i < s->n; i++)
		missing += !tap_up(&s->taps[i]);
	return missing;
}

bool
tap_set_is_up(const struct tap_set *s, size_t i)
{
	return tap_up(&s->taps[i]);
}

const char *
tap_set_interface(const struct tap_set *s, size_t i)
{
	return s->taps[i].name;
}

int
tap_set_find(const struct tap_set *s, uint32_t ifindex)
{
	for (size_t i = 0; i < s->n && ifindex != 0; i++)
		if (s->taps[i].ifindex == ifindex)
			return (int)i;
	return -1;
}

enum tap_tier
tap_set_tier(const struct tap_set *s)
{
	return s->tier;
}

const char *
tap_set_tier_reason(const struct tap_set *s)
{
	return s->tier_reason;
}

int
tap_set_policy(struct tap_set *s, const struct tap_policy *p, tap_on_permitted *leaving,
    void *arg)
{
	int error;

	if (s->bpf == NULL)
		return 0;
	error = tap_bpf_load(s->bpf, p);
	snprintf(s->tier_reason, sizeof(s->tier_reason), "%s", s->open_reason);
	if (error != 0)
		snprintf(s->tier_reason, sizeof(s->tier_reason),
		    "permits are not in the filter: %s", strerror(-error));
	if (leaving != NULL)
		tap_bpf_take(s->bpf, p != NULL && error == 0, leaving, arg);
	return error;
}

void
tap_set_ledger(struct tap_set *s, size_t i, struct tap_ledger *out)
{
	struct tap *t = &s->taps[i];
	struct tap_count counted = { 0 };
	uint64_t lost = 0;

	tap_ring_ask(&t->incoming);
	tap_ring_ask(&t->outgoing);
	if (s->bpf != NULL && t->ifindex != 0)
		tap_bpf_counts(s->bpf, i, &counted);
	/* a full event ring loses what has no packet ring to go to */
	if (t->outgoing.pcap == NULL)
		lost = counted.full;
	out->ring_lost = counted.full - lost;
	lost += counted.full_in;
	out->received = t->incoming.received + t->outgoing.received + counted.sent +
	    counted.sent_in + lost;
	out->dropped = t->incoming.dropped + t->outgoing.dropped + lost;
	out->delivered = t->incoming.delivered + t->outgoing.delivered + t->events;
	out->proven = counted.proven_in + counted.proven_out;
	out->seen = out->received + out->proven;
	out->arrived = t->incoming.received + counted.sent_in + counted.full_in +
	    counted.proven_in;
}

void
tap_set_permitted(struct tap_set *s, tap_on_permitted *permitted, void *arg)
{
	if (s->bpf != NULL)
		tap_bpf_take(s->bpf, false, permitted, arg);
}

bool
tap_set_flow_seen(const struct tap_set *s, const struct ip_addr *src,
    const struct ip_addr *dst, uint16_t sport, uint16_t dport, uint8_t protocol)
{
	return s->bpf != NULL &&
	    tap_bpf_flow_seen(s->bpf, src, dst, sport, dport, protocol);
}

bool
tap_set_mac(const struct tap_set *s, size_t i, uint8_t mac[6])
{
	memcpy(mac, s->taps[i].mac, 6);
	return s->taps[i].has_mac;
}
