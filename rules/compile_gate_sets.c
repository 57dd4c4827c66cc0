/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The static sets of the gate: how packets are told apart, and how large tables get. */
#include "rules/compile_gate.h"

#include <stdio.h>
#include <string.h>

/* Distinct (interfaces, addresses, protocol) counted apart, each for a day. */
#define VIOLATION_KEYS	65536u
#define VIOLATION_MS	86400000u

/*
 * Room of the sets that every opening or running packet is looked up in: a
 * bounded hash is faster than a growing one (nft_hash against nft_rhash in
 * nft_set_hash.c), most of all with a key of four bytes. Twice the room that is
 * needed, because a change adds before it takes away. Another size is another
 * set and so a new table (ruleset_diff.c): two steps only, and the first is
 * enough for 45 segments that all talk to each other, and for 2,048 permits.
 */
#define ROOM_USUAL	4096u
#define ROOM_MOST	131072u

_Static_assert(2 * LIMIT_SEGMENTS * LIMIT_SEGMENTS <= ROOM_MOST, "every pair, twice");
_Static_assert(4 * LIMIT_HALF_OPEN_SEGMENTS * (LIMIT_HALF_OPEN_SEGMENTS - 1) <= ROOM_MOST,
    "and their half-open marks");
_Static_assert(2 * LIMIT_PERMITS <= ROOM_MOST, "every permit, twice");

const enum field gate_dispatch_key[2] = { FIELD_IIFNAME, FIELD_OIFNAME };
const enum field gate_violation_key4[5] = {
	FIELD_IIF, FIELD_OIF, FIELD_IP_SADDR, FIELD_IP_DADDR, FIELD_IP_PROTOCOL,
};
const enum field gate_violation_key6[5] = {
	FIELD_IIF, FIELD_OIF, FIELD_IP6_SADDR, FIELD_IP6_DADDR, FIELD_IP6_NEXTHDR,
};
const enum field gate_mac_key4[2] = { FIELD_IP_SADDR, FIELD_ETHER_SADDR };
const enum field gate_mac_key6[2] = { FIELD_IP6_SADDR, FIELD_ETHER_SADDR };
const enum field gate_nexthdr_key[1] = { FIELD_IP6_NEXTHDR };
static const enum field mark_key[] = { FIELD_CT_MARK };

/*
 * IPv6 extension headers: no opening hides its transport header behind one. The
 * decoder of the watcher walks the same ones; AH and the like count as protocols.
 */
static const uint8_t extensions[] = {
	0,	/* hop-by-hop options */
	43,	/* routing */
	44,	/* fragment: one that conntrack did not put together */
	60,	/* destination options */
};

static void
write_violation_set(struct writer *w, const char *name, const enum field *key)
{
	write_set(w, name, 0, SET_PLAIN, key, 5, false);
	if (w->error != 0)
		return;
	w->set->dynamic = true;
	w->set->counted = true;
	w->set->size = VIOLATION_KEYS;
	w->set->timeout_ms = VIOLATION_MS;
}

static void
write_bindings(struct writer *w, const struct checked *c, enum ip_family family)
{
	const enum field *key = family == IP_V4 ? gate_mac_key4 : gate_mac_key6;
	unsigned int address_length = family == IP_V4 ? 4 : 16;
	uint8_t bytes[24], previous[16];
	bool any = false;

	write_set(w, family == IP_V4 ? SET_BOUND4 : SET_BOUND6, 0, SET_PLAIN, key, 1,
	    false);
	for (size_t i = 0; i < c->n_bindings; i++) {
		if (c->bindings[i].addr.family != family)
			continue;
		address_to_bytes(family, c->bindings[i].addr.value, bytes);
		if (!any || memcmp(bytes, previous, address_length) != 0)
			write_element(w, bytes, NULL);
		memcpy(previous, bytes, address_length);
		any = true;
	}
	write_set(w, family == IP_V4 ? SET_MACS4 : SET_MACS6, 0, SET_PLAIN, key, 2,
	    false);
	for (size_t i = 0; i < c->n_bindings; i++) {
		if (c->bindings[i].addr.family != family)
			continue;
		memset(bytes, 0, sizeof(bytes));
		address_to_bytes(family, c->bindings[i].addr.value, bytes);
		memcpy(bytes + address_length, c->bindings[i].mac, 6);
		write_element(w, bytes, NULL);
	}
}

static void
set_room(struct writer *w, size_t needed)
{
	if (w->error == 0)
		w->set->size = 2 * needed <= ROOM_USUAL ? ROOM_USUAL : ROOM_MOST;
}

/* Both have one element a pair of segments; filled by the leaves. */
static void
write_pair_maps(struct writer *w, const struct checked *c)
{
	size_t pairs = 0;

	for (size_t i = 0; i < c->n_segments * c->n_segments; i++)
		pairs += c->pair_numbers[i] != 0;
	write_set(w, SET_PAIRS, 0, SET_VERDICT_MAP, gate_dispatch_key, 2, false);
	set_room(w, pairs);
	write_set(w, SET_FLOWS, 0, SET_VERDICT_MAP, mark_key, 1, false);
	set_room(w, c->half_open != 0 ? 2 * pairs : pairs);
}

void
gate_sets(struct writer *w, const struct checked *c, struct bound bound)
{
	static const enum field iifname = FIELD_IIFNAME, oifname = FIELD_OIFNAME;

	write_set(w, SET_INPUTS, 0, SET_VERDICT_MAP, &iifname, 1, false);
	write_set(w, SET_OUTPUTS, 0, SET_VERDICT_MAP, &oifname, 1, false);
	write_pair_maps(w, c);
	write_violation_set(w, COMPILE_SET_VIOLATIONS4, gate_violation_key4);
	write_violation_set(w, COMPILE_SET_VIOLATIONS6, gate_violation_key6);
	write_set(w, SET_EXTENSIONS, 0, SET_PLAIN, gate_nexthdr_key, 1, false);
	for (size_t i = 0; i < sizeof(extensions); i++) {
		uint8_t key[4] = { extensions[i] };

		write_element(w, key, NULL);
	}
	if (bound.v4)
		write_bindings(w, c, IP_V4);
	if (bound.v6)
		write_bindings(w, c, IP_V6);
}

void
gate_permit_counters(struct writer *w, const struct checked *c)
{
	char name[sizeof(COMPILE_COUNTER_PERMIT) + LIMIT_NAME], comment[128];

	write_set(w, SET_PERMITS, 0, SET_COUNTER_MAP, mark_key, 1, false);
	set_room(w, c->n_permits);
	for (size_t i = 0; i < c->n_permits; i++) {
		const struct checked_permit *p = &c->permits[i];
		uint8_t key[4];

		if (p->disabled || p->n_boxes == 0)
			continue;
		snprintf(name, sizeof(name), COMPILE_COUNTER_PERMIT "%s", p->id);
		name_comment(p->id, p->origin, comment);
		write_counter(w, name, comment, p->origin);
		memcpy(key, &p->number, sizeof(key));
		write_element_target(w, key, name, 0);
	}
}
