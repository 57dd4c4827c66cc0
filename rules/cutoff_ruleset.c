/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/cutoff_ruleset.h"

#include "rules/compile_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const enum field link_in[] = { FIELD_IIFNAME };
static const enum field link_out[] = { FIELD_OIFNAME };
static const enum field pair_key[] = { FIELD_IIFNAME, FIELD_OIFNAME };
static const enum field saddr4[] = { FIELD_IP_SADDR }, daddr4[] = { FIELD_IP_DADDR };
static const enum field saddr6[] = { FIELD_IP6_SADDR }, daddr6[] = { FIELD_IP6_DADDR };

static const struct base {
	const char *name, *cutoff;
	enum chain_hook hook;
} bases[] = {
	{ "forward", CHAIN_CUTOFF, HOOK_FORWARD },
	{ "input", CHAIN_CUTOFF_INPUT, HOOK_INPUT },
	{ "output", CHAIN_CUTOFF_OUTPUT, HOOK_OUTPUT },
};

#define N_BASES (sizeof(bases) / sizeof(bases[0]))

static const char *const hash_sets[] = {
	SET_CUT_LINKS, SET_CUT_PAIRS, SET_CUT_HOSTS4, SET_CUT_HOSTS6,
};

static bool
is_net_set(const char *base)
{
	return strcmp(base, SET_CUT_NETS4) == 0 || strcmp(base, SET_CUT_NETS6) == 0;
}

bool
cutoff_concerns(const struct object_name *name)
{
	for (size_t i = 0; i < N_BASES; i++)
		if (strcmp(name->base, bases[i].name) == 0 ||
		    strcmp(name->base, bases[i].cutoff) == 0)
			return true;
	for (size_t i = 0; i < sizeof(hash_sets) / sizeof(hash_sets[0]); i++)
		if (strcmp(name->base, hash_sets[i]) == 0)
			return true;
	return is_net_set(name->base);
}

static struct ruleset_chain *
chain_of(const struct ruleset *r, const char *base)
{
	for (size_t i = 0; i < r->n_chains; i++)
		if (strcmp(r->chains[i].name.base, base) == 0)
			return &r->chains[i];
	return NULL;
}

static struct ruleset_set *
set_of(const struct ruleset *r, const char *base)
{
	for (size_t i = 0; i < r->n_sets; i++)
		if (strcmp(r->sets[i].name.base, base) == 0)
			return &r->sets[i];
	return NULL;
}

/* ---- taking out what was cut off before -------------------------------------- */

static bool
leads_to(const struct ruleset_rule *rule, const char *chain)
{
	return rule->n_stmts == 1 && rule->stmts[0].kind == STMT_JUMP &&
	    strcmp(rule->stmts[0].target.base, chain) == 0;
}

static void
drop_rules(struct ruleset_chain *c, const char *leading_to)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n_rules; i++)
		if (leading_to != NULL && !leads_to(&c->rules[i], leading_to))
			c->rules[kept++] = c->rules[i];
	c->n_rules = kept;
}

static void
drop_net_sets(struct ruleset *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n_sets; i++) {
		struct ruleset_set *s = &r->sets[i];

		if (!is_net_set(s->name.base)) {
			r->sets[kept++] = *s;
			continue;
		}
		free(s->elements);
		free(s->first);
		free(s->last);
	}
	r->n_sets = kept;
}

static int
clear(struct ruleset *r)
{
	for (size_t i = 0; i < N_BASES; i++) {
		struct ruleset_chain *base = chain_of(r, bases[i].name);
		struct ruleset_chain *cutoff = chain_of(r, bases[i].cutoff);

		if (base == NULL || cutoff == NULL)
			return -ENOENT;
		drop_rules(base, bases[i].cutoff);
		drop_rules(cutoff, NULL);
	}
	for (size_t i = 0; i < sizeof(hash_sets) / sizeof(hash_sets[0]); i++) {
		struct ruleset_set *s = set_of(r, hash_sets[i]);

		if (s == NULL)
			return -ENOENT;
		s->n_elements = 0;
	}
	drop_net_sets(r);
	return 0;
}

/* ---- putting in what is ------------------------------------------------------- */

struct cutting {
	struct writer w;
	const struct cut_parts *parts;
	bool hosts4, hosts6, nets4, nets6;
};

static void
fill_links(struct cutting *c)
{
	c->w.set = set_of(c->w.ruleset, SET_CUT_LINKS);
	for (size_t i = 0; i < c->parts->n_links; i++)
		write_element(&c->w, (const uint8_t *)&c->parts->links[i], NULL);
	c->w.set = set_of(c->w.ruleset, SET_CUT_PAIRS);
	for (size_t i = 0; i < c->parts->n_pairs; i++)
		write_element(&c->w, (const uint8_t *)&c->parts->pairs[i], NULL);
}

/* Single addresses into the hash, wider ranges into the set of networks. */
static void
fill_addresses(struct cutting *c, enum ip_family family, bool single, bool *any)
{
	for (size_t i = 0; i < c->parts->n_ranges; i++) {
		const struct ip_range *r = &c->parts->ranges[i];
		uint8_t first[16], last[16];

		if (r->family != family || (r->first == r->last) != single)
			continue;
		*any = true;
		address_to_bytes(family, r->first, first);
		address_to_bytes(family, r->last, last);
		write_element(&c->w, first, single ? NULL : last);
	}
}

static bool
has_nets(const struct cut_parts *p, enum ip_family family)
{
	for (size_t i = 0; i < p->n_ranges; i++)
		if (p->ranges[i].family == family && p->ranges[i].first != p->ranges[i].last)
			return true;
	return false;
}

/* An interval set never changes in place: this one is new, or gets the running version. */
static void
fill_nets(struct cutting *c, enum ip_family family, const char *base,
    const enum field *key, bool *any)
{
	if (!has_nets(c->parts, family))
		return;
	write_set(&c->w, base, VERSION_UNSETTLED, SET_PLAIN, key, 1, true);
	fill_addresses(c, family, false, any);
}

static void
fill_sets(struct cutting *c)
{
	fill_links(c);
	c->w.set = set_of(c->w.ruleset, SET_CUT_HOSTS4);
	fill_addresses(c, IP_V4, true, &c->hosts4);
	c->w.set = set_of(c->w.ruleset, SET_CUT_HOSTS6);
	fill_addresses(c, IP_V6, true, &c->hosts6);
	fill_nets(c, IP_V4, SET_CUT_NETS4, saddr4, &c->nets4);
	fill_nets(c, IP_V6, SET_CUT_NETS6, saddr6, &c->nets6);
}

static void
write_look_up(struct cutting *c, const enum field *key, unsigned int n, const char *set,
    uint32_t version, const char *target)
{
	write_rule(&c->w);
	write_keyed(&c->w, STMT_IN_SET, key, n, set, version);
	write_goto(&c->w, target);
}

/* The end that "key" names, in all sets of its kind. */
static void
write_addresses(struct cutting *c, bool source, const char *target)
{
	const enum field *key4 = source ? saddr4 : daddr4;
	const enum field *key6 = source ? saddr6 : daddr6;

	if (c->hosts4)
		write_look_up(c, key4, 1, SET_CUT_HOSTS4, 0, target);
	if (c->nets4)
		write_look_up(c, key4, 1, SET_CUT_NETS4, VERSION_UNSETTLED, target);
	if (c->hosts6)
		write_look_up(c, key6, 1, SET_CUT_HOSTS6, 0, target);
	if (c->nets6)
		write_look_up(c, key6, 1, SET_CUT_NETS6, VERSION_UNSETTLED, target);
}

static void
write_forwarded(struct cutting *c)
{
	if (c->parts->all) {
		write_rule(&c->w);
		write_goto(&c->w, COMPILE_COUNTER_CUTOFF);
		return;
	}
	if (c->parts->n_pairs > 0)
		write_look_up(c, pair_key, 2, SET_CUT_PAIRS, 0, COMPILE_COUNTER_CUTOFF);
	if (c->parts->n_links > 0) {
		write_look_up(c, link_in, 1, SET_CUT_LINKS, 0, COMPILE_COUNTER_CUTOFF);
		write_look_up(c, link_out, 1, SET_CUT_LINKS, 0, COMPILE_COUNTER_CUTOFF);
	}
	write_addresses(c, true, COMPILE_COUNTER_CUTOFF);
	write_addresses(c, false, COMPILE_COUNTER_CUTOFF);
}

/*
 * The gateway's own packets: only the other end counts, or a network that holds an
 * address of the gateway would cut that address off on every side. Neighbours are still
 * found: as ARP, which no rule here sees, it reaches nobody beyond the wire.
 */
static void
write_own(struct cutting *c, enum chain_hook hook)
{
	bool in = hook == HOOK_INPUT;

	write_neighbour_discovery(&c->w, !in);
	if (c->parts->n_links > 0)
		write_look_up(c, in ? link_in : link_out, 1, SET_CUT_LINKS, 0,
		    CHAIN_REFUSE_CUTOFF_SELF);
	write_addresses(c, in, CHAIN_REFUSE_CUTOFF_SELF);
}

/* Behind what keeps the gateway's own loopback alive, before everything else. */
static int
insert_head(struct ruleset_chain *base, const char *cutoff)
{
	struct ruleset_rule *last = ruleset_add_rule(base), rule;
	struct stmt *s = last == NULL ? NULL : ruleset_add_stmt(last, STMT_JUMP);
	size_t at = 0;

	if (s == NULL || !object_name_set(&s->target, cutoff, 0))
		return -ENOMEM;
	rule = *last;
	while (at < base->n_rules && base->rules[at].n_stmts > 0 &&
	    base->rules[at].stmts[0].kind == STMT_IFNAME)
		at++;
	memmove(&base->rules[at + 1], &base->rules[at],
	    (base->n_rules - 1 - at) * sizeof(rule));
	base->rules[at] = rule;
	return 0;
}

static int
write_chains(struct cutting *c)
{
	for (size_t i = 0; i < N_BASES; i++) {
		int error;

		c->w.chain = chain_of(c->w.ruleset, bases[i].cutoff);
		if (bases[i].hook == HOOK_FORWARD)
			write_forwarded(c);
		else
			write_own(c, bases[i].hook);
		error = insert_head(chain_of(c->w.ruleset, bases[i].name), bases[i].cutoff);
		if (error != 0)
			return error;
	}
	return c->w.error;
}

int
cutoff_write(struct ruleset *r, const struct cut_parts *parts)
{
	struct cutting c = { .w = { .ruleset = r }, .parts = parts };
	int error = clear(r);

	if (error == 0 && !cut_parts_empty(parts)) {
		fill_sets(&c);
		error = write_chains(&c);
	}
	r->sorted = false;
	ruleset_sort(r);
	return error;
}

/* ---- reading ------------------------------------------------------------------ */

static int
read_addresses(const struct ruleset_set *s, enum ip_family family, struct cut_parts *out)
{
	int error = 0;

	for (size_t i = 0; i < s->n_elements && error == 0; i++) {
		const uint8_t *first = s->first + i * s->key_length;
		const uint8_t *last = s->interval ? s->last + i * s->key_length : first;
		struct ip_range range = { .family = family };

		range.first = address_from_bytes(family, first).value;
		range.last = address_from_bytes(family, last).value;
		error = cut_parts_add_range(out, &range);
	}
	return error;
}

static int
read_set(const struct ruleset_set *s, struct cut_parts *out)
{
	const char *base = s->name.base;
	int error = 0;

	if (strcmp(base, SET_CUT_HOSTS4) == 0 || strcmp(base, SET_CUT_NETS4) == 0)
		return read_addresses(s, IP_V4, out);
	if (strcmp(base, SET_CUT_HOSTS6) == 0 || strcmp(base, SET_CUT_NETS6) == 0)
		return read_addresses(s, IP_V6, out);
	for (size_t i = 0; i < s->n_elements && error == 0; i++) {
		const char *key = (const char *)s->first + i * s->key_length;

		if (strcmp(base, SET_CUT_LINKS) == 0)
			error = cut_parts_add_link(out, key);
		else if (strcmp(base, SET_CUT_PAIRS) == 0)
			error = cut_parts_add_pair(out, key, key + sizeof(struct cut_link));
	}
	return error;
}

int
cutoff_read(const struct ruleset *r, struct cut_parts *out)
{
	const struct ruleset_chain *forward = chain_of(r, CHAIN_CUTOFF);
	int error = 0;

	memset(out, 0, sizeof(*out));
	if (forward != NULL && forward->n_rules > 0)
		out->all = forward->rules[0].n_stmts == 1 &&
		    forward->rules[0].stmts[0].kind == STMT_GOTO;
	for (size_t i = 0; i < r->n_sets && error == 0; i++)
		if (cutoff_concerns(&r->sets[i].name))
			error = read_set(&r->sets[i], out);
	cut_parts_tidy(out);
	if (error != 0)
		cut_parts_free(out);
	return error;
}
