/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways out of the gate: each reason is counted, told to the watcher, and ends there. */
#include "rules/compile_gate.h"

#include <stdio.h>

/* Violations told to the watcher: enough to see each kind, never a flood. */
#define LOG_RATE	100u	/* a second, of each reason */
#define LOG_BURST	50u

#define ROUTE_BROADCAST	3u	/* RTN_BROADCAST, linux/rtnetlink.h */
#define ROUTE_MULTICAST	5u

static const struct origin nowhere = { .file = NULL };

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

void
gate_refusal_counters(struct writer *w, const struct checked *c)
{
	write_counter(w, COMPILE_COUNTER_KEYED, "", nowhere);
	write_counter(w, COMPILE_COUNTER_NOISE, "", nowhere);
	for (size_t i = 0; i < count_reasons(c); i++)
		write_counter(w, reasons[i].chain, "", nowhere);
}

void
gate_group_check(struct writer *w, const char *chain)
{
	write_rule(w);
	write_number(w, STMT_FIB_LOCAL_GROUP, ROUTE_BROADCAST);
	write_goto(w, chain);
	write_rule(w);
	write_number(w, STMT_FIB_LOCAL_GROUP, ROUTE_MULTICAST);
	write_goto(w, chain);
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
	write_keyed(w, STMT_UPDATE, gate_violation_key4, 5, COMPILE_SET_VIOLATIONS4, 0);
	write_target(w, STMT_COUNT, COMPILE_COUNTER_KEYED, 0);
	write_rule(w);
	write_keyed(w, STMT_UPDATE, gate_violation_key6, 5, COMPILE_SET_VIOLATIONS6, 0);
	write_target(w, STMT_COUNT, COMPILE_COUNTER_KEYED, 0);
}

void
gate_refusals(struct writer *w, const struct checked *c)
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
	gate_group_check(w, CHAIN_NOISE);
	write_rule(w);
	write_goto(w, CHAIN_REFUSE);

	write_chain(w, CHAIN_NOISE, 0, nowhere);
	write_rule(w);
	write_target(w, STMT_COUNT, COMPILE_COUNTER_NOISE, 0);
	write_stmt(w, STMT_DROP);
}
