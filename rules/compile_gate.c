/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every gate has, whatever the policy: the three base chains with their
 * checks before any permit, and the dispatch to the leaf chains. Its sets are in
 * compile_gate_sets.c, its ways out in compile_gate_refuse.c.
 *
 * A bound source (registered MAC) is let on by a match of its MAC, and refused
 * by default: on a link without MACs the match fails and nothing gets through.
 */
#include "rules/compile_gate.h"

#define NFPROTO_V4	2u
#define NFPROTO_V6	10u

static const struct origin nowhere = { .file = NULL };

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
	write_keyed(w, STMT_IN_SET, gate_nexthdr_key, 1, SET_EXTENSIONS, 0);
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
		write_keyed(w, STMT_VERDICT_MAP, gate_dispatch_key, 2, SET_PAIRS, 0);
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
		write_keyed(w, STMT_IN_SET, gate_mac_key4, 2, SET_MACS4, 0);
		write_goto(w, next);
	}
	if (bound.v6) {
		write_rule(w);
		write_keyed(w, STMT_IN_SET, gate_mac_key6, 2, SET_MACS6, 0);
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
	gate_group_check(w, "input-group");
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

/* Where cut-offs come to stand (cutoff_ruleset.h): nothing leads there yet. */
static void
write_cutoff(struct writer *w)
{
	static const enum field saddr4 = FIELD_IP_SADDR, saddr6 = FIELD_IP6_SADDR;

	write_set(w, SET_CUT_LINKS, 0, SET_PLAIN, gate_dispatch_key, 1, false);
	write_set(w, SET_CUT_PAIRS, 0, SET_PLAIN, gate_dispatch_key, 2, false);
	write_set(w, SET_CUT_HOSTS4, 0, SET_PLAIN, &saddr4, 1, false);
	write_set(w, SET_CUT_HOSTS6, 0, SET_PLAIN, &saddr6, 1, false);
	write_chain(w, CHAIN_CUTOFF, 0, nowhere);
	write_chain(w, CHAIN_CUTOFF_INPUT, 0, nowhere);
	write_chain(w, CHAIN_CUTOFF_OUTPUT, 0, nowhere);
	write_chain(w, CHAIN_REFUSE_CUTOFF_SELF, 0, nowhere);
	gate_group_check(w, CHAIN_NOISE);
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

void
compile_gate(struct writer *w, const struct checked *c)
{
	struct bound bound = { .v4 = false };

	for (size_t i = 0; i < c->n_bindings; i++) {
		bound.v4 |= c->bindings[i].addr.family == IP_V4;
		bound.v6 |= c->bindings[i].addr.family == IP_V6;
	}
	gate_sets(w, c, bound);
	gate_permit_counters(w, c);
	gate_refusal_counters(w, c);

	write_forward(w, bound);
	write_input(w, bound);
	write_output(w);
	write_related(w);
	write_permit(w);
	write_cutoff(w);
	gate_refusals(w, c);
	write_rejudge_gate(w);
}
