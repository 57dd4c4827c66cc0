/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The search structures at sizes that random policies do not reach: rows of many
 * words, rows that intervals share, long chains of equal tuples. Held to a scan
 * over all boxes.
 */
#include "rules/classifier_index.h"
#include "tests/unit/random_policy.h"
#include "tests/unit/unit.h"

#include <netinet/in.h>
#include <stdlib.h>

#define QUERIES 3000

/* A checked policy that consists of boxes only, between two segments. */
struct pile {
	struct checked checked;
	struct checked_zone zones[2];
	struct checked_segment segments[2];
	enum ip_family family;
	struct dice dice;
};

/* How the boxes of a pile lie. */
struct shape {
	unsigned int boxes;
	unsigned int spread;	/* addresses on each side */
	unsigned int widest;	/* of a range: 1 << 0 .. widest - 1 addresses */
	unsigned int ports;
	unsigned int exact;	/* per cent of single addresses and ports */
	unsigned int dated;	/* per cent of permits not in force */
};

static struct ip_range
some_range(struct pile *p, const struct shape *s, unsigned int side, bool exact)
{
	unsigned int width = exact ? 0 : dice_below(&p->dice, s->widest);
	ip_value base = (ip_value)(side + 1) << (p->family == IP_V4 ? 24 : 100);
	ip_value first = base + (dice_below(&p->dice, s->spread) >> width << width);

	return (struct ip_range){ first, first + ((ip_value)1 << width) - 1, p->family };
}

static struct service_match
some_service(struct pile *p, const struct shape *s, bool exact)
{
	struct service_match m = { .form = SERVICE_PORTS, .protocol = IPPROTO_TCP,
		.sport_last = 65535 };

	m.dport_first = m.dport_last = (uint16_t)dice_below(&p->dice, s->ports);
	if (exact)
		return m;
	switch (dice_below(&p->dice, 8)) {
	case 0:
		m.protocol = IPPROTO_UDP;
		break;
	case 1:
		m.sport_first = 1000;
		break;
	case 2:
		m = (struct service_match){ .protocol = IPPROTO_GRE, .sport_last = 65535,
			.dport_last = 65535 };
		break;
	case 3: case 4:
		m.dport_last = (uint16_t)(m.dport_last + dice_below(&p->dice, 5));
		break;
	}
	return m;
}

static bool
make_pile(struct pile *p, const struct shape *s, enum ip_family family, uint64_t seed)
{
	struct checked *c = &p->checked;

	*p = (struct pile){ .family = family, .dice = { seed } };
	p->segments[1].zone = 1;
	c->zones = p->zones;
	c->n_zones = 2;
	c->segments = p->segments;
	c->n_segments = 2;
	c->boxes = calloc(s->boxes, sizeof(c->boxes[0]));
	c->permits = calloc(s->boxes, sizeof(c->permits[0]));
	if (c->boxes == NULL || c->permits == NULL)
		return false;
	c->n_boxes = c->n_permits = s->boxes;
	for (unsigned int i = 0; i < s->boxes; i++) {
		bool exact = dice_chance(&p->dice, s->exact);

		c->boxes[i] = (struct box){ some_range(p, s, 0, exact),
			some_range(p, s, 1, exact), some_service(p, s, exact), i, 0, 1 };
		c->permits[i] = (struct checked_permit){ .valid_from = INT64_MIN,
			.valid_until = dice_chance(&p->dice, s->dated) ? 1 : INT64_MAX,
			.disabled = dice_chance(&p->dice, s->dated / 2) };
	}
	return true;
}

static void
free_pile(struct pile *p)
{
	free(p->checked.boxes);
	free(p->checked.permits);
}

static bool
scan_holds(const struct box *b, const struct index_query *q, enum index_depth depth)
{
	const struct service_match *s = &b->service;

	if (q->src.value < b->src.first || q->src.value > b->src.last ||
	    q->dst.value < b->dst.first || q->dst.value > b->dst.last)
		return false;
	if (depth == INDEX_HOSTS)
		return true;
	if (s->protocol != q->protocol)
		return false;
	if (depth == INDEX_PROTOCOL || s->form == SERVICE_PROTOCOL)
		return true;
	return q->has_ports && s->sport_first <= q->sport && q->sport <= s->sport_last &&
	    s->dport_first <= q->dport && q->dport <= s->dport_last;
}

static struct index_answer
scan(const struct checked *c, const struct index_query *q, enum index_depth depth)
{
	struct index_answer a = { 0 };

	for (uint32_t i = 0; i < c->n_boxes; i++) {
		const struct checked_permit *p = &c->permits[i];

		if (!scan_holds(&c->boxes[i], q, depth))
			continue;
		if (!p->disabled && p->valid_until == INT64_MAX && a.permit == 0)
			a.permit = i + 1;
		if ((p->disabled || p->valid_until != INT64_MAX) && a.concerned == 0)
			a.concerned = i + 1;
		if (!p->disabled && p->valid_until != INT64_MAX && a.dated == 0)
			a.dated = i + 1;
	}
	return a;
}

/* On a box, or one beside it. */
static struct index_query
near_a_box(struct pile *p)
{
	const struct checked *c = &p->checked;
	const struct box *b = &c->boxes[dice_below(&p->dice, (unsigned int)c->n_boxes)];
	struct index_query q = {
		.src = { b->src.first, p->family }, .dst = { b->dst.last, p->family },
		.in = 0, .out = 1, .sport = 999, .dport = b->service.dport_last,
		.protocol = b->service.protocol, .has_ports = dice_chance(&p->dice, 95),
	};

	q.sport = (uint16_t)(q.sport + dice_below(&p->dice, 2));
	if (dice_chance(&p->dice, 20))
		q.src.value -= 1;
	if (dice_chance(&p->dice, 20))
		q.dst.value += 1;
	if (dice_chance(&p->dice, 20))
		q.dport++;
	return q;
}

static void
compare(struct pile *p)
{
	struct permit_index *x = permit_index_new(&p->checked);
	unsigned int permitted = 0, differ = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(x);
	for (int i = 0; i < QUERIES; i++) {
		struct index_query q = near_a_box(p);
		enum index_depth depth = (enum index_depth)(i % 8 == 6 ? INDEX_PROTOCOL :
		    i % 8 == 7 ? INDEX_HOSTS : INDEX_SERVICE);
		struct index_answer want = scan(&p->checked, &q, depth), is;

		permit_index_find(x, &q, depth, 5, &is);
		permitted += want.permit != 0;
		differ += is.permit != want.permit;
		if (want.permit == 0)
			differ +=
			    is.concerned != want.concerned || is.dated != want.dated;
		q.out = SEGMENT_SELF;	/* nothing leads there */
		permit_index_find(x, &q, depth, 5, &is);
		differ += is.permit != 0 || is.concerned != 0;
	}
	CU_ASSERT_EQUAL(differ, 0);
	CU_ASSERT(permitted > QUERIES / 10);
	CU_ASSERT(permitted < QUERIES);
	permit_index_free(x);
}

static void
the_index_agrees_with_a_scan(void)
{
	static const struct shape shapes[] = {
		{ 1, 4, 2, 4, 0, 0 },
		{ 64, 64, 4, 8, 30, 20 },		/* one word exactly */
		{ 65, 64, 4, 8, 0, 20 },
		{ 400, 16, 3, 3, 100, 40 },		/* equal tuples */
		{ 4097, 4096, 8, 200, 0, 10 },		/* two words of summary */
		{ 9000, 256, 9, 20, 20, 30 },		/* most boxes overlap */
		{ 30000, 60000, 3, 2000, 10, 5 },	/* intervals share rows */
	};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		for (int v6 = 0; v6 <= 1; v6++) {
			struct pile p;

			CU_ASSERT_TRUE_FATAL(
			    make_pile(&p, &shapes[i], v6 ? IP_V6 : IP_V4, i));
			compare(&p);
			free_pile(&p);
		}
}

static void
an_empty_policy_permits_nothing(void)
{
	struct checked nothing = { 0 };
	struct permit_index *x = permit_index_new(&nothing);
	struct index_query q = {.src = {1, IP_V4},
	    .dst = {2, IP_V4},
	    .in = SEGMENT_SELF,
	    .out = SEGMENT_SELF};
	struct index_answer a;

	CU_ASSERT_PTR_NOT_NULL_FATAL(x);
	permit_index_find(x, &q, INDEX_HOSTS, 0, &a);
	CU_ASSERT_EQUAL(a.permit, 0);
	q.in = SEGMENT_NONE;
	permit_index_find(x, &q, INDEX_HOSTS, 0, &a);
	CU_ASSERT_EQUAL(a.permit, 0);
	permit_index_free(x);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "the index agrees with a scan", the_index_agrees_with_a_scan },
		{ "an empty policy permits nothing", an_empty_policy_permits_nothing },
		CU_TEST_INFO_NULL,
	};

	return unit_main("classifier_index", tests);
}
