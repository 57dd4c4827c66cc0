/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a change does to packets: no moment of it refuses what both rulesets
 * permit, nor permits what the new one does not, on a model of the kernel. The
 * hard case is a packet inside an old leaf chain when the generation flips: it
 * finishes with the old rules over the new elements.
 */
#include "rules/ruleset_batches.h"
#include "rules/ruleset_diff.h"
#include "tests/unit/random_ruleset.h"
#include "tests/unit/ruleset_model.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

/* Every kind of moment and packet that the random rulesets can tell apart. */
#define MOMENTS 2
static const int64_t moments[MOMENTS] = { 50, 150 };
#define PACKETS (RANDOM_HOSTS * RANDOM_HOSTS * 3)

struct packet {
	uint8_t key[8];			/* source, destination port */
};

static struct packet
packet_of(unsigned int i)
{
	struct packet p = { .key = { 10, 0, 0, (uint8_t)(i % RANDOM_HOSTS),
		(uint8_t)(i / RANDOM_HOSTS % RANDOM_HOSTS),
		(uint8_t)(i / RANDOM_HOSTS / RANDOM_HOSTS) } };

	return p;
}

static bool
element_holds(const struct ruleset_set *s, size_t i, const struct packet *p)
{
	const uint8_t *first = s->first + i * s->key_length;
	const uint8_t *last = s->interval ? s->last + i * s->key_length : first;

	for (size_t at = 0; at < s->key_length; at += 4)
		if (memcmp(p->key + at, first + at, 4) < 0
		    || memcmp(p->key + at, last + at, 4) > 0)
			return false;
	return true;
}

/* The map and the element that a rule hits; NULL when none. */
struct hit {
	const struct ruleset_set *set;
	size_t element;
	uint32_t mark;
};

static bool
in_force(const struct ruleset_rule *rule, int64_t now)
{
	return rule->stmts[0].kind != STMT_TIME
	    || (rule->stmts[0].since <= now && now < rule->stmts[0].until);
}

static const struct ruleset_set *
map_of(const struct ruleset *r, const struct ruleset_rule *rule)
{
	for (unsigned int i = 0; i < rule->n_stmts; i++)
		if (rule->stmts[i].kind == STMT_MARK_FROM_MAP)
			return ruleset_find_set(r, &rule->stmts[i].target);
	return NULL;
}

static bool
rule_hits(const struct ruleset *r, const struct ruleset_rule *rule,
    const struct packet *p, int64_t now, struct hit *out)
{
	const struct ruleset_set *s = map_of(r, rule);

	if (s == NULL || !in_force(rule, now))
		return false;
	for (size_t i = 0; i < s->n_elements; i++)
		if (element_holds(s, i, p)) {
			*out = (struct hit){ s, i, s->elements[i].mark };
			return true;
		}
	return false;
}

/* The rules of one ruleset over the sets of another, as in flight. */
static bool
permits(const struct ruleset_chain *rules, const struct ruleset *sets,
    const struct packet *p, int64_t now, struct hit *out)
{
	for (size_t i = 0; rules != NULL && i < rules->n_rules; i++)
		if (rule_hits(sets, &rules->rules[i], p, now, out))
			return true;
	return false;
}

/* Does any rule give the packet this mark? Random maps overlap. */
static bool
gives(const struct ruleset_chain *rules, const struct ruleset *sets,
    const struct packet *p, int64_t now, uint32_t mark)
{
	for (size_t i = 0; rules != NULL && i < rules->n_rules; i++) {
		const struct ruleset_set *s = map_of(sets, &rules->rules[i]);

		if (s == NULL || !in_force(&rules->rules[i], now))
			continue;
		for (size_t e = 0; e < s->n_elements; e++)
			if (s->elements[e].mark == mark && element_holds(s, e, p))
				return true;
	}
	return false;
}

/* The leaf chain that "e0" and so on lead to. */
static const struct ruleset_chain *
leaf_of(const struct ruleset *r, unsigned int number)
{
	struct object_name pairs = { .base = "pairs" };
	const struct ruleset_set *s = ruleset_find_set(r, &pairs);

	for (size_t i = 0; i < s->n_elements; i++)
		if (s->first[i * s->key_length + 1] == '0' + number)
			return ruleset_find_chain(r, s->elements[i].target);
	return NULL;
}

static const struct ruleset_rule *
rule_of(const struct ruleset_chain *c, const struct ruleset_set *s)
{
	for (size_t i = 0; i < c->n_rules; i++)
		for (unsigned int k = 0; k < c->rules[i].n_stmts; k++)
			if (c->rules[i].stmts[k].kind == STMT_MARK_FROM_MAP
			    && object_name_equal(&c->rules[i].stmts[k].target, &s->name))
				return &c->rules[i];
	return NULL;
}

/* By trying: one element of another map of the new leaf holds all that "h" holds. */
static bool
moved(const struct hit *h, const struct ruleset *to, const struct ruleset_chain *leaf)
{
	const struct ruleset_rule *own = rule_of(leaf, h->set);

	for (size_t i = 0; own != NULL && i < leaf->n_rules; i++) {
		const struct ruleset_set *s = map_of(to, &leaf->rules[i]);
		bool always = s != NULL && &leaf->rules[i] != own;

		for (int t = 0; t < MOMENTS; t++)
			always = always && (!in_force(own, moments[t])
			    || in_force(&leaf->rules[i], moments[t]));
		for (size_t e = 0; always && e < s->n_elements; e++) {
			bool all = true;

			for (unsigned int n = 0; n < PACKETS && all; n++) {
				struct packet p = packet_of(n);

				all = !element_holds(h->set, h->element, &p)
				    || element_holds(s, e, &p);
			}
			if (all)
				return true;
		}
	}
	return false;
}

/* What the cases came to: a test that meets none of a kind proves nothing. */
struct tally {
	unsigned int in_flight, moved, doubtful, passing;
};

/* One leaf, one packet, between flip and sweep. */
static void
expect_packet(const struct ruleset *from, const struct ruleset *to,
    const struct ruleset *flipped, unsigned int leaf, const struct packet *p,
    int64_t now, struct tally *t)
{
	const struct ruleset_chain *old = leaf_of(from, leaf), *new = leaf_of(to, leaf);
	struct hit was, is, h;
	bool before = permits(old, from, p, now, &was), after = permits(new, to, p, now,
	    &is);

	/* Whoever comes now meets the new policy, and no mark that it does not give. */
	CU_ASSERT_EQUAL(permits(new, flipped, p, now, &h), after);
	if (after)
		CU_ASSERT_TRUE(gives(new, to, p, now, h.mark));
	if (old == NULL || ruleset_find_chain(to, &old->name) != NULL)
		return;
	/* Whoever is inside the old chain. */
	if (permits(old, flipped, p, now, &h)) {
		CU_ASSERT_TRUE(before || after);
		t->in_flight++;
		if (before && ruleset_find_set(to, &was.set->name) != NULL
		    && moved(&was, to, new))
			t->moved++;
	} else if (before && after) {
		CU_ASSERT_FALSE(moved(&was, to, new));
		t->doubtful++;
	}
}

static void
expect_no_packet_suffers(const struct ruleset *from, struct ruleset *to,
    size_t flip_elements, struct tally *t)
{
	struct ruleset *m = model_new(from);
	struct ruleset_change *c;

	ruleset_settle_within(to, from, flip_elements);
	c = ruleset_diff(from, to);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_PTR_NULL(model_take(m, &c->stage, from));
	CU_ASSERT_PTR_NULL(model_take(m, &c->flip, NULL));
	t->passing += c->n_passing > 0;
	for (unsigned int leaf = 0; leaf < 4 && c->sweep.count > 0; leaf++)
		for (unsigned int i = 0; i < PACKETS * MOMENTS; i++) {
			struct packet p = packet_of(i / MOMENTS);

			expect_packet(from, to, m, leaf, &p, moments[i % MOMENTS], t);
		}
	CU_ASSERT_PTR_NULL(model_take(m, &c->sweep, NULL));
	CU_ASSERT_TRUE(ruleset_equal(to, m, NULL));
	ruleset_change_free(c);
	ruleset_free(m);
}

/* In place, or with exact maps that are replaced when more than so many elements change. */
static void
change_at_random(size_t flip_elements, struct tally *t)
{
	struct dice d = { .state = 0x5eca9 };
	struct ruleset *running = random_ruleset(&d);

	for (unsigned int i = 0; i < 500; i++) {
		struct ruleset *target = random_ruleset(&d);

		expect_no_packet_suffers(running, target, flip_elements, t);
		ruleset_free(running);
		running = target;
	}
	ruleset_free(running);
}

static void
no_moment_refuses_what_both_permit(void)
{
	struct tally t = { 0 };

	change_at_random(LIMIT_FLIP_ELEMENTS, &t);
	CU_ASSERT(t.in_flight > 1000);
	CU_ASSERT(t.moved > 1000);
	CU_ASSERT(t.doubtful > 100);
	CU_ASSERT(t.passing > 100);
}

static void
nor_where_exact_maps_are_replaced(void)
{
	struct tally t = { 0 };

	for (size_t flip_elements = 0; flip_elements < 4; flip_elements++)
		change_at_random(flip_elements, &t);
	CU_ASSERT(t.in_flight > 1000);
}

/* The table of a daemon that died on its way to "to": in its stage, behind it, or unswept. */
static struct ruleset *
broken_off(const struct ruleset *from, struct ruleset *to, size_t flip_elements,
    struct dice *d)
{
	struct ruleset *m = model_new(from);
	unsigned int batches = roll(d, 12);
	bool flips = roll(d, 3) == 0;
	struct ruleset_batches b;
	struct ruleset_change *c;
	struct change_list batch;

	ruleset_settle_within(to, from, flip_elements);
	c = ruleset_diff(from, to);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(ruleset_batches_begin(&b, &c->stage, 1 + roll(d, 4)), 0);
	while ((flips || batches-- > 0) && ruleset_batches_next(&b, &batch))
		CU_ASSERT_PTR_NULL(model_take(m, &batch, from));
	ruleset_batches_end(&b);
	if (flips)
		CU_ASSERT_PTR_NULL(model_take(m, &c->flip, NULL));
	ruleset_change_free(c);
	return m;
}

static bool
has_two_versions(const struct ruleset *r)
{
	for (size_t i = 1; i < r->n_sets; i++)
		if (!r->sets[i].interval
		    && strcmp(r->sets[i].name.base, r->sets[i - 1].name.base) == 0)
			return true;
	return false;
}

static void
nor_behind_a_change_that_broke_off(void)
{
	struct dice d = { .state = 0xdead };
	struct ruleset *running = random_ruleset(&d);
	struct tally t = { 0 };
	unsigned int two = 0;

	for (unsigned int i = 0; i < 1000; i++) {
		struct ruleset *to = random_ruleset(&d), *other = random_ruleset(&d);
		struct ruleset *m = broken_off(running, to, i % 4, &d);
		bool again = roll(&d, 2) == 0;

		two += has_two_versions(m);
		expect_no_packet_suffers(m, again ? to : other, i % 4, &t);
		ruleset_free(m);
		ruleset_free(running);
		ruleset_free(again ? other : to);
		running = again ? to : other;
	}
	ruleset_free(running);
	CU_ASSERT(t.in_flight > 1000);
	CU_ASSERT(two > 300);
}

static const enum field all_fields[] = { FIELD_IP_SADDR, FIELD_IP_DADDR,
	FIELD_IP_PROTOCOL, FIELD_TH_DPORT, FIELD_TH_SPORT };

/* One exact element before; behind it one row in another map, or none. */
static const struct row {
	const char *what;
	unsigned int fields;		/* of the other map, from 0 */
	bool interval;
	uint8_t first[20], last[20];
	int64_t since;
	const char *way;		/* the other rule leads there */
	bool obstacle;			/* another rule before it */
	bool stays;			/* until the sweep */
} rows[] = {
	{ "the same point", 4, true, { 10, 0, 0, 1, 10, 0, 0, 2, 6, 0, 0, 0, 1, 187 },
	    { 10, 0, 0, 1, 10, 0, 0, 2, 6, 0, 0, 0, 1, 187 }, INT64_MIN, "permit",
	    false, true },
	{ "a range around it", 4, true, { 10, 0, 0, 0, 10, 0, 0, 0, 6 },
	    { 10, 0, 0, 255, 10, 0, 0, 255, 6, 0, 0, 0, 255, 255 }, INT64_MIN, "permit",
	    false, true },
	{ "a range beside it in the last field", 4, true, { 10, 0, 0, 0, 10, 0, 0, 0, 6 },
	    { 10, 0, 0, 255, 10, 0, 0, 255, 6, 0, 0, 0, 1, 186 }, INT64_MIN, "permit",
	    false, false },
	{ "all ports", 3, false, { 10, 0, 0, 1, 10, 0, 0, 2, 6 }, { 0 }, INT64_MIN,
	    "permit", false, true },
	{ "all ports of another protocol", 3, false, { 10, 0, 0, 1, 10, 0, 0, 2, 17 },
	    { 0 }, INT64_MIN, "permit", false, false },
	{ "one source port", 5, true,
	    { 10, 0, 0, 1, 10, 0, 0, 2, 6, 0, 0, 0, 1, 187, 0, 0, 1 },
	    { 10, 0, 0, 1, 10, 0, 0, 2, 6, 0, 0, 0, 1, 187, 0, 0, 2 }, INT64_MIN,
	    "permit", false, false },
	{ "all source ports, but a packet may have none", 5, true,
	    { 10, 0, 0, 1, 10, 0, 0, 2, 6, 0, 0, 0, 1, 187 },
	    { 10, 0, 0, 1, 10, 0, 0, 2, 6, 0, 0, 0, 1, 187, 0, 0, 255, 255 }, INT64_MIN,
	    "permit", false, false },
	{ "not yet in force", 3, false, { 10, 0, 0, 1, 10, 0, 0, 2, 6 }, { 0 }, 1000,
	    "permit", false, false },
	{ "another way", 3, false, { 10, 0, 0, 1, 10, 0, 0, 2, 6 }, { 0 }, INT64_MIN,
	    "refuse", false, false },
	{ "behind another rule", 3, false, { 10, 0, 0, 1, 10, 0, 0, 2, 6 }, { 0 },
	    INT64_MIN, "permit", true, false },
};

static void
add_rule(struct ruleset_chain *c, int64_t since, const char *map, uint32_t version,
    const char *way)
{
	struct ruleset_rule *rule = ruleset_add_rule(c);

	if (since != INT64_MIN) {
		struct stmt *s = ruleset_add_stmt(rule, STMT_TIME);

		s->since = since;
		s->until = INT64_MAX;
	}
	object_name_set(&ruleset_add_stmt(rule, STMT_MARK_FROM_MAP)->target, map,
	    version);
	object_name_set(&ruleset_add_stmt(rule, STMT_GOTO)->target, way, 0);
}

/* Version 0: the chain stays, with other rules, as that of a shard. */
static struct ruleset *
one_leaf(const struct row *row, uint32_t version)
{
	static const uint8_t key[16] = { 10, 0, 0, 1, 10, 0, 0, 2, 6, 0, 0, 0, 1, 187 };
	static const uint8_t kept[16] = { 10, 9, 9, 9 };
	struct ruleset *r = ruleset_new();
	struct ruleset_chain *c = ruleset_add_chain(r, "a-b", version);
	struct ruleset_set *s;
	struct element *e;

	add_rule(c, INT64_MIN, "a-b-x4", 0, "permit");
	if (row != NULL && row->obstacle)
		ruleset_add_stmt(ruleset_add_rule(c), STMT_DROP);
	if (row != NULL)
		add_rule(c, row->since, "a-b-other", row->interval, row->way);
	s = ruleset_add_set(r, "a-b-x4", 0, SET_MARK_MAP, all_fields, 4, false);
	ruleset_add_element(s, kept, NULL)->mark = 7;
	if (row == NULL) {
		ruleset_add_element(s, key, NULL)->mark = 1;
	} else {
		s = ruleset_add_set(r, "a-b-other", row->interval, SET_MARK_MAP,
		    all_fields, row->fields, row->interval);
		e = ruleset_add_element(s, row->first, row->interval ? row->last : NULL);
		e->mark = 1;
	}
	ruleset_add_chain(r, "permit", 0);
	ruleset_add_chain(r, "refuse", 0);
	ruleset_sort(r);
	return r;
}

static size_t
elements_deleted(const struct change_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].kind == CHANGE_DELETE_ELEMENTS)
			n += list->items[i].n_elements;
	return n;
}

static void
check_row(const struct row *row, uint32_t version)
{
	struct ruleset *from = one_leaf(NULL, version), *to = one_leaf(row, version);
	struct ruleset_change *c;

	ruleset_settle(to, from);
	c = ruleset_diff(from, to);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	if (elements_deleted(&c->sweep) != row->stays
	    || elements_deleted(&c->flip) != !row->stays)
		CU_FAIL(row->what);
	CU_ASSERT_EQUAL(c->elements_removed, 1);
	ruleset_change_free(c);
	ruleset_free(from);
	ruleset_free(to);
}

static void
only_what_surely_moved_stays_for_the_sweep(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (uint32_t version = 0; version < 2; version++)
			check_row(&rows[i], version);
}

/* Large maps on both sides that share whole fields: far from all pairs of them. */
static void
large_maps_are_searched_fast(void)
{
	enum { MANY = 100000 };
	struct ruleset *from = one_leaf(NULL, 1), *to = one_leaf(&rows[1], 1);
	struct object_name x4 = { .base = "a-b-x4" }, other = { "a-b-other", 1 };
	struct ruleset_change *c;

	for (uint32_t i = 0; i < MANY; i++) {
		uint8_t first[16] = { 10, 1, 0, 0, 10, (uint8_t)(i >> 16),
			(uint8_t)(i >> 8), (uint8_t)i, 6, 0, 0, 0, 0, 80 }, last[16];

		memcpy(last, first, sizeof(last));
		first[0] = last[0] = i & 1 ? 10 : 11;
		ruleset_add_element(ruleset_find_set(from, &x4), first, NULL)->mark = 1;
		last[3] = 255;
		last[13] = 90;
		ruleset_add_element(ruleset_find_set(to, &other), first, last)->mark = 1;
	}
	from->sorted = to->sorted = false;
	ruleset_sort(from);
	ruleset_sort(to);
	ruleset_settle_within(to, from, SIZE_MAX);	/* all of it in place */
	c = ruleset_diff(from, to);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	/* None was given up for the limit of searches. */
	CU_ASSERT_EQUAL(elements_deleted(&c->sweep), MANY + 1);
	ruleset_change_free(c);
	ruleset_free(from);
	ruleset_free(to);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "no moment refuses what both permit",
		    no_moment_refuses_what_both_permit },
		{ "nor where exact maps are replaced", nor_where_exact_maps_are_replaced },
		{ "nor behind a change that broke off", nor_behind_a_change_that_broke_off },
		{ "only what surely moved stays for the sweep",
		    only_what_surely_moved_stays_for_the_sweep },
		{ "large maps are searched fast", large_maps_are_searched_fast },
		CU_TEST_INFO_NULL,
	};

	return unit_main("ruleset_sweep", tests);
}
