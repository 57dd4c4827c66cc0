/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running flows under a policy that changed: no flow that is denied, or permitted
 * otherwise, carries a mark that is not judged again; and the chains that judge it in
 * the kernel say of every flow what the daemon says.
 */
#include "rules/classifier_flow.h"
#include "rules/compile_internal.h"
#include "rules/revocation.h"
#include "rules/ruleset_diff.h"
#include "tests/unit/random_policy.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define POLICIES 150u
#define FLOWS 400u

struct flow {
	struct flow_opening opening;
	uint16_t in, out;
	uint32_t before, after;		/* marks */
};

/* Some permits end, are switched off or lose a part of their boxes. */
static void
tighten(struct dice *d, struct checked *c)
{
	for (size_t i = 0; i < c->n_permits; i++) {
		struct checked_permit *p = &c->permits[i];

		if (dice_chance(d, 15))
			p->disabled = !p->disabled;
		else if (dice_chance(d, 15))
			p->valid_until = RANDOM_NOW - 1;
		for (size_t b = 0; b < p->n_boxes; b++) {
			struct box *box = &c->boxes[p->first_box + b];

			if (dice_chance(d, 10))
				box->src.last = box->src.first;
			if (dice_chance(d, 10))
				box->dst.first = box->dst.last;
			if (dice_chance(d, 10) && box->service.form == SERVICE_PORTS)
				box->service.dport_last = box->service.dport_first;
		}
	}
}

/* A flow that the policy lets open, from a packet made by dice. */
static bool
random_flow(struct dice *d, const struct checked *c, const struct flow_judge *j,
    struct flow *f)
{
	struct random_packet p;

	random_packet(d, c, &p);
	if (p.facts.src.family == IP_NONE || p.facts.src.family != p.facts.dst.family)
		return false;
	f->opening = (struct flow_opening){ .src = p.facts.src, .dst = p.facts.dst,
		.sport = p.facts.sport, .dport = p.facts.dport,
		.protocol = p.facts.protocol,
		.with_self = p.in == SEGMENT_SELF || p.out == SEGMENT_SELF,
		.from_self = p.in == SEGMENT_SELF };
	f->in = f->opening.from_self ? SEGMENT_SELF : checked_owner(c, &p.facts.src);
	f->out = f->opening.with_self && !f->opening.from_self ? SEGMENT_SELF :
	    checked_owner(c, &p.facts.dst);
	f->before = flow_judge_mark(j, &f->opening, RANDOM_NOW);
	return f->before != 0;
}

static size_t
field_bytes(enum field field, const struct flow_opening *o, uint8_t *out)
{
	memset(out, 0, 16);
	switch (field) {
	case FIELD_FLOW_SADDR:
	case FIELD_FLOW6_SADDR:
		return address_to_bytes(o->src.family, o->src.value, out);
	case FIELD_FLOW_DADDR:
	case FIELD_FLOW6_DADDR:
		return address_to_bytes(o->dst.family, o->dst.value, out);
	case FIELD_L4PROTO:
		out[0] = o->protocol;
		return 4;
	case FIELD_FLOW_SPORT:
	case FIELD_FLOW_ICMP:
		out[0] = (uint8_t)(o->sport >> 8);
		out[1] = (uint8_t)o->sport;
		return 4;
	case FIELD_FLOW_DPORT:
		out[0] = (uint8_t)(o->dport >> 8);
		out[1] = (uint8_t)o->dport;
		return 4;
	default:
		CU_FAIL("a running flow has no such field");
		return 4;
	}
}

/* What the kernel finds in a map for a flow; NULL: nothing. */
static const struct element *
look_up(const struct ruleset *r, const struct stmt *s, const struct flow_opening *o)
{
	const struct ruleset_set *set = ruleset_find_set(r, &s->target);
	uint8_t key[LIMIT_KEY_BYTES + 16];
	size_t length = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(set);
	/* The load fails for a flow of the other family. */
	if ((s->key[0] == FIELD_FLOW_SADDR) != (o->src.family == IP_V4))
		return NULL;
	for (unsigned int i = 0; i < s->n_fields; i++)
		length += field_bytes(s->key[i], o, key + length);
	CU_ASSERT_EQUAL_FATAL(length, set->key_length);
	for (size_t i = 0; i < set->n_elements; i++) {
		const uint8_t *first = set->first + i * length;
		const uint8_t *last = set->interval ? set->last + i * length : first;
		bool inside = true;

		for (unsigned int f = 0, at = 0; f < set->n_fields; f++) {
			unsigned int n = ruleset_key_length(&set->key[f], 1);

			inside = inside && memcmp(first + at, key + at, n) <= 0
			    && memcmp(last + at, key + at, n) >= 0;
			at += n;
		}
		if (inside)
			return &set->elements[i];
	}
	return NULL;
}

/* A chain "rejudge-...", as nft_do_chain() runs it: the new mark, 0: refused. */
static uint32_t
walk(const struct ruleset *r, const struct object_name *name, const struct flow *f,
    int64_t now)
{
	const struct ruleset_chain *c = ruleset_find_chain(r, name);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	for (size_t i = 0; i < c->n_rules; i++) {
		const struct ruleset_rule *rule = &c->rules[i];
		const struct element *found = NULL;
		bool goes_on = true;

		for (unsigned int k = 0; k < rule->n_stmts && goes_on; k++) {
			const struct stmt *s = &rule->stmts[k];

			if (s->kind == STMT_GOTO || s->kind == STMT_COUNT)
				return 0;
			if (s->kind == STMT_RETURN)
				return found->mark;
			if (s->kind == STMT_TIME)
				goes_on = now >= s->since && now < s->until;
			else if (s->kind == STMT_L4PROTO)
				goes_on = f->opening.protocol == s->number;
			else
				goes_on = (found = look_up(r, s, &f->opening)) != NULL;
		}
		if (found != NULL && found->target != NULL)
			return walk(r, found->target, f, now);
	}
	CU_FAIL("a chain that judges flows ends without a verdict");
	return 0;
}

static const struct object_name *
dispatch(const struct ruleset *r, const char *map, const void *key, size_t length)
{
	struct object_name name;
	const struct ruleset_set *s;

	object_name_set(&name, map, 0);
	s = ruleset_find_set(r, &name);
	for (size_t i = 0; s != NULL && i < s->n_elements; i++)
		if (memcmp(s->first + i * s->key_length, key, length) == 0)
			return s->elements[i].target;
	return NULL;
}

static uint32_t
kernel_judges(const struct ruleset *r, const struct checked *c, const struct flow *f,
    int64_t now)
{
	const struct object_name *chain = dispatch(r, COMPILE_SET_REVOKED, &f->before, 4);
	uint16_t segment = f->in == SEGMENT_SELF ? f->out : f->in;
	char interface[16] = "";

	if (chain == NULL)
		return f->before;
	if (f->before >> MARK_PAIR_SHIFT == 0) {
		CU_ASSERT_STRING_EQUAL(chain->base, "rejudge-self");
		memcpy(interface, c->segments[segment].interface,
		    strlen(c->segments[segment].interface));
		chain = dispatch(r, f->in == SEGMENT_SELF ? "rejudge-outputs" :
		    "rejudge-inputs", interface, sizeof(interface));
	}
	return chain == NULL ? 0 : walk(r, chain, f, now);
}

static struct ruleset *
make(const struct checked *c, const struct compile_sizes *sizes, const uint32_t *marks,
    size_t n)
{
	const struct compile_moment moment = { .now = RANDOM_NOW, .horizon = RANDOM_NOW,
		.revoked = marks, .n_revoked = n };
	struct diag *diag = diag_new();
	struct ruleset *r = compile_sized(c, &moment, sizes, diag);

	diag_free(diag);
	return r;
}

struct seen {
	size_t flows, ended, moved, other, refused;
	size_t shards;			/* chains that judge flows of one shard */
};

static size_t
count_shards(const struct ruleset *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_chains; i++)
		n += strncmp(r->chains[i].name.base, "rejudge-", 8) == 0
		    && strstr(r->chains[i].name.base, "-h4_") != NULL;
	return n;
}

/* Judging comes to a ruleset that has the chains, goes again, and leaves nothing. */
static void
comes_and_goes(const struct checked *c, const struct compile_sizes *sizes,
    const struct ruleset *during, const uint32_t *marks, size_t n, struct seen *seen)
{
	struct ruleset *without = make(c, sizes, NULL, 0), *r = make(c, sizes, NULL, 0);
	struct ruleset_mismatch why;
	int error;

	CU_ASSERT_FATAL(without != NULL && r != NULL);
	error = n == 0 ? 0 : compile_revoke(r, c, marks, n);
	CU_ASSERT_TRUE(error == 0 || (error == -ENOENT && sizes->prepared > 0));
	seen->refused += error != 0;
	if (error == 0 && sizes->prepared == 0) {
		CU_ASSERT_TRUE(ruleset_equal(during, r, &why));
		CU_ASSERT_EQUAL(compile_unrevoke(r), 0);
		CU_ASSERT_TRUE(ruleset_equal(without, r, &why));
	}
	if (error != 0)
		CU_ASSERT_TRUE(ruleset_equal(without, r, &why));
	ruleset_free(r);
	ruleset_free(without);
}

static void
judge_one(const struct checked *c, const struct ruleset *during, const uint32_t *marks,
    size_t n, const struct flow *f, struct seen *seen)
{
	bool marked = false;

	for (size_t i = 0; i < n; i++)
		marked |= marks[i] == f->before;
	CU_ASSERT_TRUE(marked || f->after == f->before);
	CU_ASSERT_EQUAL(kernel_judges(during, c, f, RANDOM_NOW), f->after);
	seen->flows++;
	seen->ended += f->after == 0;
	seen->moved += f->after != 0 && f->after != f->before;
}

static void
one_change(struct dice *d, struct checked *c, const struct compile_sizes *sizes,
    struct seen *seen)
{
	struct flow_judge *judge = flow_judge_new(c);
	struct ruleset *before = make(c, sizes, NULL, 0), *after, *during;
	static struct flow flows[FLOWS];
	size_t n_flows = 0, n = 0;
	uint32_t *marks;

	CU_ASSERT_PTR_NOT_NULL_FATAL(before);
	for (unsigned int i = 0; i < FLOWS; i++)
		n_flows += random_flow(d, c, judge, &flows[n_flows]);
	flow_judge_free(judge);
	tighten(d, c);
	judge = flow_judge_new(c);
	after = make(c, sizes, NULL, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(after);
	CU_ASSERT_EQUAL_FATAL(revocation_marks(before, after, &marks, &n), 0);
	during = make(c, sizes, marks, n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(during);
	seen->shards += count_shards(during);
	comes_and_goes(c, sizes, during, marks, n, seen);
	for (size_t i = 0; i < n_flows; i++) {
		flows[i].after = flow_judge_mark(judge, &flows[i].opening, RANDOM_NOW);
		judge_one(c, during, marks, n, &flows[i], seen);
	}
	free(marks);
	/* What is pending in the kernel stays asked for; else nothing is. */
	CU_ASSERT_EQUAL(revocation_marks(during, after, &marks, &seen->other), 0);
	CU_ASSERT_EQUAL(seen->other, n);
	free(marks);
	CU_ASSERT_EQUAL(revocation_marks(after, after, &marks, &seen->other), 0);
	CU_ASSERT_EQUAL(seen->other, 0);
	free(marks);
	flow_judge_free(judge);
	ruleset_free(before);
	ruleset_free(after);
	ruleset_free(during);
}

static void
kernel_and_daemon_judge_running_flows_alike(void)
{
	static const struct random_size size = { .zones = 4, .hosts = 8, .groups = 2,
		.services = 8, .permits = 20 };
	/* In whole leaves, and in shards with the chains prepared. */
	static const struct compile_sizes sizes[] = {
		{ .spread = LIMIT_HASH_TUPLES, .shard = { .boxes = LIMIT_SHARD_BOXES,
		    .tuples = LIMIT_HASH_TUPLES, .across = LIMIT_SHARD_ACROSS },
		    .prepared = SIZE_MAX },
		{ .spread = 16, .shard = { .boxes = 2, .tuples = 16, .across = 2 } },
	};
	struct dice d = { .state = 20260701 };
	struct seen seen = { .flows = 0 };

	for (unsigned int i = 0; i < POLICIES; i++) {
		struct checked *c = random_checked(&d, &size);

		if (c != NULL)
			one_change(&d, c, &sizes[i % 2], &seen);
		checked_free(c);
	}
	CU_ASSERT_TRUE(seen.flows > 2000);
	CU_ASSERT_TRUE(seen.ended > 200);
	CU_ASSERT_TRUE(seen.moved > 20);
	CU_ASSERT_TRUE(seen.shards > POLICIES);
	CU_ASSERT_TRUE(seen.refused > POLICIES / 4);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "kernel and daemon judge running flows alike",
		    kernel_and_daemon_judge_running_flows_alike },
		CU_TEST_INFO_NULL,
	};

	return unit_main("revocation", tests);
}
