/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every gate has, whatever the policy: the three base chains with their
 * checks before any permit, the ways out, and the dispatch to the leaf chains.
 *
 * A bound source (registered MAC) is let on by a match of its MAC, and refused
 * by default: on a link without MACs the match fails and nothing gets through.
 */
#include "rules/compile_internal.h"

#include <stdio.h>
#include <string.h>

/* Violations told to the watcher: enough to see each kind, never a flood. */
#define LOG_RATE	100u	/* a second, of each reason */
#define LOG_BURST	50u

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

#define NFPROTO_V4	2u
#define NFPROTO_V6	10u
#define ROUTE_BROADCAST	3u	/* RTN_BROADCAST, linux/rtnetlink.h */
#define ROUTE_MULTICAST	5u

static const enum field dispatch_key[] = { FIELD_IIFNAME, FIELD_OIFNAME };
static const enum field violation_key4[] = {
	FIELD_IIF, FIELD_OIF, FIELD_IP_SADDR, FIELD_IP_DADDR, FIELD_IP_PROTOCOL,
};
static const enum field violation_key6[] = {
	FIELD_IIF, FIELD_OIF, FIELD_IP6_SADDR, FIELD_IP6_DADDR, FIELD_IP6_NEXTHDR,
};
static const enum field mac_key4[] = { FIELD_IP_SADDR, FIELD_ETHER_SADDR };
static const enum field mac_key6[] = { FIELD_IP6_SADDR, FIELD_ETHER_SADDR };
static const enum field nexthdr_key[] = { FIELD_IP6_NEXTHDR };
static const enum field mark_key[] = { FIELD_CT_MARK };

static const struct origin nowhere = { .file = NULL };

/* Families of which the policy binds addresses to MACs. */
struct bound {
	bool v4, v6;
};

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

static const struct reason {
	const char *chain;	/* its counter has the same name */
	const char *prefix;
} reasons[] = {
	{ COMPILE_COUNTER_REFUSE, COMPILE_LOG_REFUSE },
	{ COMPILE_COUNTER_SOURCE, COMPILE_LOG_SOURCE },
	{ COMPILE_COUNTER_MAC, COMPILE_LOG_MAC },
	{ COMPILE_COUNTER_STATE, COMPILE_LOG_STATE },
	{ COMPILE_COUNTER_OPTIONS, COMPILE_LOG_OPTIONS },
	{ COMPILE_COUNTER_CUTOFF, COMPILE_LOG_CUTOFF },
	{ COMPILE_COUNTER_REVOKED, COMPILE_LOG_REVOKED },
	/* The last, and only where the policy has such a limit. */
	{ COMPILE_COUNTER_HALF_OPEN, COMPILE_LOG_HALF_OPEN },
};

static size_t
count_reasons(const struct checked *c)
{
	return sizeof(reasons) / sizeof(reasons[0]) - (c->half_open == 0);
}

static void
write_icmp_accept(struct writer *w, uint8_t family, uint8_t type)
{
	write_rule(w);
	write_number(w, STMT_ICMP_TYPE, type)->family = family;
	write_stmt(w, STMT_ACCEPT);
}

/*
 * conntrack does not look at interfaces, so a forwarded packet must also come
 * from one of the two segments of its flow. What has no pair in its mark is no
 * flow of this gate, and goes on to be refused.
 */
static void
write_running(struct writer *w, enum chain_hook hook)
{
	if (hook == HOOK_FORWARD)
		write_target(w, STMT_VERDICT_BY_PAIR, SET_FLOWS, 0);
	else
		write_stmt(w, STMT_ACCEPT);
}

/* Running flows first, and nothing else on their way. */
static void
write_established(struct writer *w, enum chain_hook hook)
{
	write_rule(w);
	write_number(w, STMT_CT_STATE, CT_STATE_ESTABLISHED);
	write_stmt(w, STMT_IPV4_PLAIN);
	write_running(w, hook);
	write_rule(w);
	write_number(w, STMT_CT_STATE, CT_STATE_ESTABLISHED);
	write_stmt(w, STMT_ROUTING_MISSING);
	write_running(w, hook);
}

static void
write_header_checks(struct writer *w)
{
	write_rule(w);
	write_stmt(w, STMT_IPV4_OPTIONS);
	write_goto(w, COMPILE_COUNTER_OPTIONS);
	write_rule(w);
	write_keyed(w, STMT_IN_SET, nexthdr_key, 1, SET_EXTENSIONS, 0);
	write_goto(w, COMPILE_COUNTER_OPTIONS);
	write_rule(w);
	write_stmt(w, STMT_FIB_NOT_UNICAST);
	write_goto(w, COMPILE_COUNTER_SOURCE);
}

/* Only openings pass; errors that belong to a flow do too. */
static void
write_state_checks(struct writer *w)
{
	write_rule(w);
	write_number(w, STMT_CT_STATE, CT_STATE_RELATED);
	write_goto(w, CHAIN_RELATED);
	write_rule(w);
	write_number(w, STMT_CT_STATE, CT_STATE_NEW)->invert = true;
	write_goto(w, COMPILE_COUNTER_STATE);
	write_rule(w);
	write_stmt(w, STMT_TCP_NOT_OPENING);
	write_goto(w, COMPILE_COUNTER_STATE);
}

static void
write_bound_check(struct writer *w, struct bound bound, const char *chain)
{
	static const enum field saddr4 = FIELD_IP_SADDR, saddr6 = FIELD_IP6_SADDR;

	if (bound.v4) {
		write_rule(w);
		write_keyed(w, STMT_IN_SET, &saddr4, 1, SET_BOUND4, 0);
		write_goto(w, chain);
	}
	if (bound.v6) {
		write_rule(w);
		write_keyed(w, STMT_IN_SET, &saddr6, 1, SET_BOUND6, 0);
		write_goto(w, chain);
	}
}

/* On to the leaf chains; "otherwise" takes what has none. */
static void
write_dispatch_rules(struct writer *w, enum chain_hook hook, const char *otherwise)
{
	static const enum field iifname = FIELD_IIFNAME, oifname = FIELD_OIFNAME;

	write_rule(w);
	if (hook == HOOK_FORWARD)
		write_keyed(w, STMT_VERDICT_MAP, dispatch_key, 2, SET_PAIRS, 0);
	else if (hook == HOOK_INPUT)
		write_keyed(w, STMT_VERDICT_MAP, &iifname, 1, SET_INPUTS, 0);
	else
		write_keyed(w, STMT_VERDICT_MAP, &oifname, 1, SET_OUTPUTS, 0);
	write_rule(w);
	write_goto(w, otherwise);
}

/* For bound sources: the right MAC goes on, every other is refused. */
static void
write_bound_chain(struct writer *w, struct bound bound, enum chain_hook hook,
    const char *chain, const char *next, const char *otherwise)
{
	if (!bound.v4 && !bound.v6)
		return;
	write_chain(w, chain, 0, nowhere);
	if (bound.v4) {
		write_rule(w);
		write_keyed(w, STMT_IN_SET, mac_key4, 2, SET_MACS4, 0);
		write_goto(w, next);
	}
	if (bound.v6) {
		write_rule(w);
		write_keyed(w, STMT_IN_SET, mac_key6, 2, SET_MACS6, 0);
		write_goto(w, next);
	}
	write_rule(w);
	write_goto(w, COMPILE_COUNTER_MAC);
	write_chain(w, next, 0, nowhere);
	write_dispatch_rules(w, hook, otherwise);
}

static void
write_forward(struct writer *w, struct bound bound)
{
	write_base_chain(w, "forward", HOOK_FORWARD);
	write_rejudge_running(w, HOOK_FORWARD);
	write_established(w, HOOK_FORWARD);
	write_header_checks(w);
	write_state_checks(w);
	write_bound_check(w, bound, "forward-bound");
	write_dispatch_rules(w, HOOK_FORWARD, CHAIN_REFUSE);
	write_bound_chain(w, bound, HOOK_FORWARD, "forward-bound", "forward-dispatch",
	    CHAIN_REFUSE);
}

static void
write_loopback(struct writer *w, enum field field)
{
	write_rule(w);
	write_interface(w, field, "lo");
	write_stmt(w, STMT_ACCEPT);
}

/* What IPv6 itself needs on every link (RFC 4890 section 4.4). */
void
write_neighbour_discovery(struct writer *w, bool reports)
{
	/* Solicitations and advertisements of routers and neighbours; the kernel
	 * takes them with hop limit 255 only (RFC 4861 section 6.1, 7.1). */
	for (uint8_t type = 133; type <= 136; type++)
		write_icmp_accept(w, NFPROTO_V6, type);
	/* Multicast listeners: queries in, reports out; or snooping switches
	 * stop passing on the solicitations. */
	write_icmp_accept(w, NFPROTO_V6, 130);
	if (!reports)
		return;
	write_icmp_accept(w, NFPROTO_V6, 131);
	write_icmp_accept(w, NFPROTO_V6, 132);
	write_icmp_accept(w, NFPROTO_V6, 143);
}

static void
write_group_check(struct writer *w, const char *chain)
{
	write_rule(w);
	write_number(w, STMT_FIB_LOCAL_GROUP, ROUTE_BROADCAST);
	write_goto(w, chain);
	write_rule(w);
	write_number(w, STMT_FIB_LOCAL_GROUP, ROUTE_MULTICAST);
	write_goto(w, chain);
}

/*
 * Broadcast and multicast go to the leaf chains like all else (a permit may
 * want VRRP), but what nobody permits of it is no violation.
 */
static void
write_input(struct writer *w, struct bound bound)
{
	write_base_chain(w, "input", HOOK_INPUT);
	write_loopback(w, FIELD_IIFNAME);
	write_rejudge_running(w, HOOK_INPUT);
	write_established(w, HOOK_INPUT);
	write_neighbour_discovery(w, false);
	write_group_check(w, "input-group");
	write_header_checks(w);
	write_state_checks(w);
	write_bound_check(w, bound, "input-bound");
	write_dispatch_rules(w, HOOK_INPUT, CHAIN_REFUSE);

	write_chain(w, "input-group", 0, nowhere);
	write_rule(w);
	write_number(w, STMT_CT_STATE, CT_STATE_NEW)->invert = true;
	write_goto(w, CHAIN_NOISE);
	write_bound_check(w, bound, "input-bound");
	write_dispatch_rules(w, HOOK_INPUT, CHAIN_NOISE);
	write_bound_chain(w, bound, HOOK_INPUT, "input-bound", "input-dispatch",
	    CHAIN_REFUSE_SELF);
}

static void
write_output(struct writer *w)
{
	write_base_chain(w, "output", HOOK_OUTPUT);
	write_loopback(w, FIELD_OIFNAME);
	write_rejudge_running(w, HOOK_OUTPUT);
	write_established(w, HOOK_OUTPUT);
	write_neighbour_discovery(w, true);
	write_state_checks(w);
	write_dispatch_rules(w, HOOK_OUTPUT, CHAIN_REFUSE_SELF);
}

/* ICMP errors about a running flow, and nothing else that is related (RFC 4890 4.3.1). */
static void
write_related(struct writer *w)
{
	static const uint8_t v4[] = { 3, 11, 12 }, v6[] = { 1, 2, 3, 4 };

	write_chain(w, CHAIN_RELATED, 0, nowhere);
	write_rejudge_related(w);
	for (size_t i = 0; i < sizeof(v4); i++)
		write_icmp_accept(w, NFPROTO_V4, v4[i]);
	for (size_t i = 0; i < sizeof(v6); i++)
		write_icmp_accept(w, NFPROTO_V6, v6[i]);
	write_rule(w);
	write_goto(w, COMPILE_COUNTER_STATE);
}

static void
write_count_and_log(struct writer *w, const struct reason *reason)
{
	struct stmt *s;

	write_rule(w);
	write_target(w, STMT_COUNT, reason->chain, 0);
	write_rule(w);
	write_number(w, STMT_LIMIT, LOG_RATE)->burst = LOG_BURST;
	s = write_number(w, STMT_LOG, COMPILE_LOG_GROUP);
	snprintf(s->name, sizeof(s->name), "%s", reason->prefix);
}

/* "keyed" counts behind the update, which ends the rule when the set is full. */
static void
write_keyed_count(struct writer *w)
{
	write_rule(w);
	write_keyed(w, STMT_UPDATE, violation_key4, 5, COMPILE_SET_VIOLATIONS4, 0);
	write_target(w, STMT_COUNT, COMPILE_COUNTER_KEYED, 0);
	write_rule(w);
	write_keyed(w, STMT_UPDATE, violation_key6, 5, COMPILE_SET_VIOLATIONS6, 0);
	write_target(w, STMT_COUNT, COMPILE_COUNTER_KEYED, 0);
}

static void
write_refusals(struct writer *w, const struct checked *c)
{
	for (size_t i = 0; i < count_reasons(c); i++) {
		write_chain(w, reasons[i].chain, 0, nowhere);
		write_count_and_log(w, &reasons[i]);
		write_rule(w);
		write_goto(w, "refused");
	}
	write_chain(w, "refused", 0, nowhere);
	write_keyed_count(w);
	write_rule(w);
	write_stmt(w, STMT_DROP);

	write_chain(w, CHAIN_REFUSE_REJECT, 0, nowhere);
	write_count_and_log(w, &reasons[0]);
	write_keyed_count(w);
	write_rule(w);
	write_stmt(w, STMT_REJECT);

	write_chain(w, CHAIN_REFUSE_SELF, 0, nowhere);
	write_group_check(w, CHAIN_NOISE);
	write_rule(w);
	write_goto(w, CHAIN_REFUSE);

	write_chain(w, CHAIN_NOISE, 0, nowhere);
	write_rule(w);
	write_target(w, STMT_COUNT, COMPILE_COUNTER_NOISE, 0);
	write_stmt(w, STMT_DROP);
}

/* Where cut-offs come to stand (cutoff_ruleset.h): nothing leads there yet. */
static void
write_cutoff(struct writer *w)
{
	static const enum field saddr4 = FIELD_IP_SADDR, saddr6 = FIELD_IP6_SADDR;

	write_set(w, SET_CUT_LINKS, 0, SET_PLAIN, dispatch_key, 1, false);
	write_set(w, SET_CUT_PAIRS, 0, SET_PLAIN, dispatch_key, 2, false);
	write_set(w, SET_CUT_HOSTS4, 0, SET_PLAIN, &saddr4, 1, false);
	write_set(w, SET_CUT_HOSTS6, 0, SET_PLAIN, &saddr6, 1, false);
	write_chain(w, CHAIN_CUTOFF, 0, nowhere);
	write_chain(w, CHAIN_CUTOFF_INPUT, 0, nowhere);
	write_chain(w, CHAIN_CUTOFF_OUTPUT, 0, nowhere);
	write_chain(w, CHAIN_REFUSE_CUTOFF_SELF, 0, nowhere);
	write_group_check(w, CHAIN_NOISE);
	write_rule(w);
	write_goto(w, COMPILE_COUNTER_CUTOFF);
}

static void
write_permit(struct writer *w)
{
	write_chain(w, CHAIN_PERMIT, 0, nowhere);
	write_rule(w);
	write_target(w, STMT_COUNT_BY_PERMIT, SET_PERMITS, 0);
	write_rule(w);
	write_stmt(w, STMT_ACCEPT);
}

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
	const enum field *key = family == IP_V4 ? mac_key4 : mac_key6;
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
	write_set(w, SET_PAIRS, 0, SET_VERDICT_MAP, dispatch_key, 2, false);
	set_room(w, pairs);
	write_set(w, SET_FLOWS, 0, SET_VERDICT_MAP, mark_key, 1, false);
	set_room(w, c->half_open != 0 ? 2 * pairs : pairs);
}

static void
write_sets(struct writer *w, const struct checked *c, struct bound bound)
{
	static const enum field iifname = FIELD_IIFNAME, oifname = FIELD_OIFNAME;

	write_set(w, SET_INPUTS, 0, SET_VERDICT_MAP, &iifname, 1, false);
	write_set(w, SET_OUTPUTS, 0, SET_VERDICT_MAP, &oifname, 1, false);
	write_pair_maps(w, c);
	write_violation_set(w, COMPILE_SET_VIOLATIONS4, violation_key4);
	write_violation_set(w, COMPILE_SET_VIOLATIONS6, violation_key6);
	write_set(w, SET_EXTENSIONS, 0, SET_PLAIN, nexthdr_key, 1, false);
	for (size_t i = 0; i < sizeof(extensions); i++) {
		uint8_t key[4] = { extensions[i] };

		write_element(w, key, NULL);
	}
	if (bound.v4)
		write_bindings(w, c, IP_V4);
	if (bound.v6)
		write_bindings(w, c, IP_V6);
}

/* A counter for every permit that can open anything, and the map that finds it. */
static void
write_permit_counters(struct writer *w, const struct checked *c)
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

void
compile_gate(struct writer *w, const struct checked *c)
{
	struct bound bound = { .v4 = false };

	for (size_t i = 0; i < c->n_bindings; i++) {
		bound.v4 |= c->bindings[i].addr.family == IP_V4;
		bound.v6 |= c->bindings[i].addr.family == IP_V6;
	}
	write_sets(w, c, bound);
	write_permit_counters(w, c);
	write_counter(w, COMPILE_COUNTER_KEYED, "", nowhere);
	write_counter(w, COMPILE_COUNTER_NOISE, "", nowhere);
	for (size_t i = 0; i < count_reasons(c); i++)
		write_counter(w, reasons[i].chain, "", nowhere);

	write_forward(w, bound);
	write_input(w, bound);
	write_output(w);
	write_related(w);
	write_permit(w);
	write_cutoff(w);
	write_refusals(w, c);
	write_rejudge_gate(w);
}
