/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/random_ruleset.h"

#include <stdio.h>

static const enum field mark_key[] = { FIELD_CT_MARK };
static const enum field name_key[] = { FIELD_IIFNAME };
static const enum field port_key[] = { FIELD_IP_SADDR, FIELD_TH_DPORT };

static const enum field host_key[] = { FIELD_IP_SADDR };

uint32_t
roll(struct dice *d, uint32_t sides)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 7;
	d->state ^= d->state << 17;
	return (uint32_t)(d->state >> 32) % sides;
}

static void
add_goto(struct ruleset_rule *rule, const char *base, uint32_t version)
{
	object_name_set(&ruleset_add_stmt(rule, STMT_GOTO)->target, base, version);
}

static void
add_lookup(struct ruleset_chain *c, bool always, const char *set, uint32_t version)
{
	struct ruleset_rule *rule = ruleset_add_rule(c);

	if (!always) {
		struct stmt *s = ruleset_add_stmt(rule, STMT_TIME);

		s->since = RANDOM_SINCE;
		s->until = RANDOM_UNTIL;
	}
	object_name_set(&ruleset_add_stmt(rule, STMT_MARK_FROM_MAP)->target, set,
	    version);
	add_goto(rule, "permit", 0);
}

/* Hosts 0 to 4; one port each, or two; interval maps: sometimes of all hosts. */
static void
fill_map(struct ruleset_set *s, struct dice *d)
{
	for (uint8_t i = 0; i < RANDOM_HOSTS; i++) {
		uint8_t first[8] = { 10, 0, 0, i, i }, last[8] = { 10, 0, 0, i, i };

		if (roll(d, 3) == 0)
			continue;
		last[5] = (uint8_t)roll(d, 2);
		if (s->interval && roll(d, 4) == 0 && (s->n_fields == 2 || i == 0)) {
			first[3] = 0;
			last[3] = RANDOM_HOSTS - 1;
		}
		ruleset_add_element(s, first, s->interval ? last : NULL)->mark =
		    1 + roll(d, 2);
	}
}

/* A leaf with some of: exact maps of ports or not, interval map; and its way in. */
static void
add_leaf(struct ruleset *r, struct dice *d, unsigned int number)
{
	static const struct form {
		const char *suffix;
		unsigned int n_fields;
		bool interval;
	} forms[] = { { "x4", 2, false }, { "px4", 1, false }, { "r4", 2, true },
		{ "p4", 1, true } };
	struct object_name pairs = { .base = "pairs" }, to;
	uint8_t key[16] = { 'e', (uint8_t)('0' + number) };
	struct ruleset_chain *c;
	char leaf[16], map[32];

	snprintf(leaf, sizeof(leaf), "l%u", number);
	c = ruleset_add_chain(r, leaf, 1);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct form *f = &forms[i];
		bool always = roll(d, 5) > 0;

		if (roll(d, 3) == 0)
			continue;
		snprintf(map, sizeof(map), "%s-%s%s", leaf, f->suffix,
		    always ? "" : "-t");
		add_lookup(c, always, map, f->interval);
		fill_map(ruleset_add_set(r, map, f->interval, SET_MARK_MAP,
		    f->n_fields == 2 ? port_key : host_key, f->n_fields, f->interval), d);
	}
	if (roll(d, 8) > 0)
		add_goto(ruleset_add_rule(c), "refuse", 0);
	object_name_set(&to, leaf, 1);
	element_set_target(ruleset_add_element(ruleset_find_set(r, &pairs), key, NULL),
	    &to);
}

static void
add_permits(struct ruleset *r, struct dice *d)
{
	struct ruleset_set *s =
	    ruleset_add_set(r, "permits", 0, SET_COUNTER_MAP, mark_key, 1, false);

	for (uint32_t i = 1; i <= 4; i++) {
		struct object_name name = { .version = 0 };

		if (roll(d, 3) == 0)
			continue;
		snprintf(name.base, sizeof(name.base), "permit_%u", roll(d, 2) * 4 + i);
		ruleset_add_counter(r, name.base);
		element_set_target(ruleset_add_element(s, (const uint8_t *)&i, NULL),
		    &name);
	}
}

static void
add_base(struct ruleset *r, struct dice *d)
{
	struct ruleset_chain *c;
	struct ruleset_rule *rule;

	c = ruleset_add_chain(r, "forward", 0);
	c->hook = HOOK_FORWARD;
	c->priority = roll(d, 40) == 0 ? 1 : 0;	/* a change of type, now and then */
	c->policy_drop = true;
	if (roll(d, 2) == 0) {
		rule = ruleset_add_rule(c);
		object_name_set(&ruleset_add_stmt(rule, STMT_IN_SET)->target, "bound", 0);
		add_goto(rule, "bound-check", 0);
	}
	object_name_set(&ruleset_add_stmt(ruleset_add_rule(c), STMT_VERDICT_MAP)->target,
	    "pairs", 0);
	add_goto(ruleset_add_rule(c), "refuse", 0);
	if (r->chains[0].n_rules == 3) {
		struct ruleset_set *s = ruleset_add_set(r, "bound", 0, SET_PLAIN,
		    port_key, 1, roll(d, 40) == 0);

		fill_map(s, d);
		for (size_t i = 0; i < s->n_elements; i++)
			s->elements[i].mark = 0;
		c = ruleset_add_chain(r, "bound-check", 0);
		add_goto(ruleset_add_rule(c), "refuse", 0);
	}
}

struct ruleset *
random_ruleset(struct dice *d)
{
	struct ruleset *r = ruleset_new();
	struct ruleset_set *s;
	struct ruleset_rule *rule;

	add_base(r, d);
	rule = ruleset_add_rule(ruleset_add_chain(r, "permit", 0));
	object_name_set(&ruleset_add_stmt(rule, STMT_COUNT_BY_PERMIT)->target, "permits",
	    0);
	rule = ruleset_add_rule(ruleset_add_chain(r, "refuse", 0));
	object_name_set(&ruleset_add_stmt(rule, STMT_COUNT)->target, "refuse", 0);
	object_name_set(&ruleset_add_stmt(rule, STMT_UPDATE)->target, "violations", 0);
	ruleset_add_counter(r, "refuse");
	s = ruleset_add_set(r, "violations", 0, SET_PLAIN, port_key, 1, false);
	s->dynamic = true;
	ruleset_add_set(r, "pairs", 0, SET_VERDICT_MAP, name_key, 1, false);
	add_permits(r, d);
	for (unsigned int i = 0; i < 4; i++)
		if (roll(d, 3) > 0)
			add_leaf(r, d, i);
	ruleset_sort(r);
	return r;
}
