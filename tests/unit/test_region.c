/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether one set of regions holds another, against counting every point of a small
 * space; and that work without end is given up.
 */
#include "rules/region.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define SIDE 4		/* points a dimension */
#define POINTS (SIDE * SIDE * SIDE * SIDE * SIDE)

static unsigned int seed = 1;

static unsigned int
pick(unsigned int n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

static struct region
random_region(void)
{
	struct region r = { .family = IP_V4, .in = "a", .out = pick(8) == 0 ? NULL : "b" };

	for (int d = 0; d < REGION_DIMENSIONS; d++) {
		unsigned int a = pick(SIDE), b = pick(SIDE);

		r.first[d] = a < b ? a : b;
		r.last[d] = a < b ? b : a;
	}
	return r;
}

static bool
holds(const struct region *r, unsigned int point)
{
	for (int d = 0; d < REGION_DIMENSIONS; d++, point /= SIDE)
		if (point % SIDE < r->first[d] || point % SIDE > r->last[d])
			return false;
	return true;
}

static bool
covered_by_counting(const struct region *r, const struct region *by, size_t n)
{
	for (unsigned int p = 0; p < POINTS; p++) {
		bool found = !holds(r, p);

		for (size_t i = 0; i < n && !found; i++)
			found = holds(&by[i], p) && (by[i].out == NULL) == (r->out == NULL);
		if (!found)
			return false;
	}
	return true;
}

static void
test_random(void)
{
	unsigned int yes = 0, no = 0;

	for (int round = 0; round < 3000; round++) {
		struct region by[24], r = random_region();
		size_t n = pick(24), budget = 1000000;
		bool expected, got;

		for (size_t i = 0; i < n; i++)
			by[i] = random_region();
		/* half of them are pieces of it, or none would ever be covered */
		for (size_t i = 0; i < n && round % 2 == 0; i++) {
			int d = (int)pick(REGION_DIMENSIONS);

			by[i] = r;
			by[i].first[d] = r.first[d] + (r.first[d] < r.last[d] ? pick(2) : 0);
			by[i].last[d] = by[i].first[d];
		}
		expected = covered_by_counting(&r, by, n);
		got = region_covered(&r, by, n, &budget);
		CU_ASSERT_EQUAL(got, expected);
		yes += expected;
		no += !expected;
	}
	CU_ASSERT(yes > 200);
	CU_ASSERT(no > 200);
}

/* Both ends of the address space: nothing wraps around. */
static void
test_ends(void)
{
	const ip_value max = ~(ip_value)0;
	struct region all = { .family = IP_V6, .in = "a", .out = "b" };
	struct region halves[2];
	size_t budget = 1000;

	for (int d = 0; d < REGION_DIMENSIONS; d++)
		all.last[d] = d < 2 ? max : 65535;
	halves[0] = halves[1] = all;
	halves[0].last[REGION_SRC] = max / 2;
	halves[1].first[REGION_SRC] = max / 2 + 1;
	CU_ASSERT(region_covered(&all, halves, 2, &budget));
	halves[1].first[REGION_SRC]++;
	CU_ASSERT(!region_covered(&all, halves, 2, &budget));
	halves[1].first[REGION_SRC]--;
	halves[1].family = IP_V4;
	CU_ASSERT(!region_covered(&all, halves, 2, &budget));
	halves[1].family = IP_V6;
	halves[1].out = "c";
	CU_ASSERT(!region_covered(&all, halves, 2, &budget));
}

static void
test_without_end(void)
{
	size_t n = 20000, budget = 1000;
	struct region *by = calloc(n, sizeof(*by)), all = { .family = IP_V4 };

	CU_ASSERT_PTR_NOT_NULL_FATAL(by);
	all.last[REGION_SRC] = n - 1;
	for (size_t i = 0; i < n; i++) {
		by[i] = all;
		by[i].first[REGION_SRC] = by[i].last[REGION_SRC] = i;
	}
	CU_ASSERT(!region_covered(&all, by, n, &budget));
	CU_ASSERT_EQUAL(budget, 0);
	/* too many pieces: no answer, and no stack that runs over */
	budget = (size_t)-1;
	CU_ASSERT(!region_covered(&all, by, n, &budget));
	all.last[REGION_SRC] = 1000;
	CU_ASSERT(region_covered(&all, by, n, &budget));
	free(by);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "against counting", test_random },
		{ "ends of the space", test_ends },
		{ "work without end", test_without_end },
		CU_TEST_INFO_NULL,
	};

	return unit_main("region", tests);
}
