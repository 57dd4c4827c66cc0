/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/detect_count.h"
#include "agent/watch/detect_table.h"
#include "agent/watch/lanes.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define WINDOW 60000000000ll
#define MS 1000000ll

static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static void
finds_what_it_holds(void)
{
	struct detect_table t;
	uint32_t key;
	uint64_t *value;
	bool fresh;

	CU_ASSERT_EQUAL_FATAL(
	    detect_table_init(&t, 1000, sizeof(key), sizeof(*value)), 0);
	for (key = 0; key < 200; key++) {
		CU_ASSERT_PTR_NULL(detect_table_find(&t, &key));
		value = detect_table_put(&t, &key, key, &fresh);
		CU_ASSERT_TRUE(fresh);
		CU_ASSERT_EQUAL(*value, 0);
		*value = key * 3;
	}
	for (key = 0; key < 200; key++) {
		value = detect_table_find(&t, &key);
		CU_ASSERT_PTR_NOT_NULL_FATAL(value);
		CU_ASSERT_EQUAL(*value, key * 3);
		CU_ASSERT_PTR_EQUAL(detect_table_put(&t, &key, 300, &fresh), value);
		CU_ASSERT_FALSE(fresh);
	}
	CU_ASSERT_EQUAL(t.used, 200);
	CU_ASSERT_EQUAL(t.evicted, 0);
	detect_table_free(&t);
}

/* One bucket: it must be the oldest that goes. */
static void
forgets_the_oldest(void)
{
	struct detect_table t;
	uint32_t key, used_again = 0;
	bool fresh;

	CU_ASSERT_EQUAL_FATAL(
	    detect_table_init(&t, DETECT_TABLE_WAYS, sizeof(key), 8), 0);
	for (key = 0; key < DETECT_TABLE_WAYS; key++)
		memset(detect_table_put(&t, &key, (10 + key) * MS, &fresh), 0xff, 8);
	detect_table_put(&t, &used_again, 100 * MS, &fresh);
	key = 50;
	CU_ASSERT_EQUAL(*(uint64_t *)detect_table_put(&t, &key, 101 * MS, &fresh), 0);
	CU_ASSERT_TRUE(fresh);
	CU_ASSERT_EQUAL(t.evicted, 1);
	CU_ASSERT_PTR_NOT_NULL(detect_table_find(&t, &used_again));
	CU_ASSERT_PTR_NOT_NULL(detect_table_find(&t, &key));
	key = 1;
	CU_ASSERT_PTR_NULL(detect_table_find(&t, &key));
	key = 2;
	CU_ASSERT_PTR_NOT_NULL(detect_table_find(&t, &key));
	detect_table_free(&t);
}

static void
stays_as_large_as_it_is(void)
{
	struct detect_table t;
	size_t bytes;
	bool fresh;

	CU_ASSERT_EQUAL_FATAL(detect_table_init(&t, 1000, sizeof(uint64_t), 20), 0);
	bytes = detect_table_bytes(&t);
	CU_ASSERT_EQUAL(bytes, 1024 * (8 + 24 + 8));
	for (uint64_t key = 0; key < 100000; key++)
		detect_table_put(&t, &key, (int64_t)key, &fresh);
	CU_ASSERT_EQUAL(detect_table_bytes(&t), bytes);
	CU_ASSERT(t.used <= 1024 && t.used > 900);
	CU_ASSERT_EQUAL(t.used + t.evicted, 100000);
	detect_table_free(&t);
}

/* What is announced and fetched is put as if it had not been. */
static void
fetching_changes_nothing(void)
{
	struct detect_table a, b;
	size_t wrong = 0;

	CU_ASSERT_EQUAL_FATAL(detect_table_init(&a, 256, DETECT_KEY_MOST, 100), 0);
	CU_ASSERT_EQUAL_FATAL(detect_table_init(&b, 256, DETECT_KEY_MOST, 100), 0);
	b.secret = a.secret;
	for (uint64_t n = 0; n < 5000; n++) {
		uint64_t key[FLOW_WORDS] = { n % 2 == 0 ? n : mix(n) % 100, 0, 7 };
		bool fresh[2];
		uint64_t *v[2];

		uint64_t hash = detect_table_announce(&a, key);

		wrong += hash != detect_table_hash(&a, key);
		detect_table_fetch(&a, hash, (int64_t)n * MS);
		v[0] = detect_table_put_hashed(&a, key, hash, (int64_t)n * MS, &fresh[0]);
		v[1] = detect_table_put(&b, key, (int64_t)n * MS, &fresh[1]);
		wrong += fresh[0] != fresh[1] || *v[0] != *v[1];
		*v[0] = *v[1] = n;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT(a.used == b.used && a.evicted == b.evicted && a.evicted > 0);
	detect_table_free(&a);
	detect_table_free(&b);
}

static void
lanes_are_compared_each(void)
{
	_Alignas(16) uint32_t words[LANES];

	for (unsigned int bits = 0; bits < 1u << LANES; bits++) {
		for (unsigned int i = 0; i < LANES; i++)
			words[i] = (bits >> i & 1u) != 0 ? 0x80000001u : i;
		CU_ASSERT_EQUAL(lanes_equal(words, 0x80000001u), bits);
	}
}

/* The oracle of struct distinct: two bitmaps from the start. */
struct plain {
	int64_t start_ns;
	bool now[DISTINCT_BITS], before[DISTINCT_BITS];
};

static bool
plain_add(struct plain *p, uint64_t hash, int64_t now_ns)
{
	bool fresh;

	if (p->start_ns == 0 || now_ns - p->start_ns >= 2 * WINDOW) {
		memset(p, 0, sizeof(*p));
		p->start_ns = now_ns;
	} else if (now_ns - p->start_ns >= WINDOW) {
		memcpy(p->before, p->now, sizeof(p->now));
		memset(p->now, 0, sizeof(p->now));
		p->start_ns += WINDOW;
	}
	fresh = !p->now[hash % DISTINCT_BITS];
	p->now[hash % DISTINCT_BITS] = true;
	return fresh;
}

/* Few things stand in a list, many in bitmaps, and nobody can tell. */
static void
few_and_many_count_alike(void)
{
	static const struct { uint32_t things; int64_t step; } rows[] = {
		{ 3, WINDOW / 5 }, { DISTINCT_FEW, WINDOW / 40 },
		{ DISTINCT_FEW + 1, WINDOW / 40 }, { 40, WINDOW / 60 }, { 300, WINDOW / 200 },
		{ 20, 3 * WINDOW / 4 }, { 20, 2 * WINDOW },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct plain p = { 0 };
		struct distinct d;
		size_t wrong = 0;

		/* of what stood there before only so much is cleared */
		memset(&d, 0xa5, sizeof(d));
		memset(&d, 0, DISTINCT_CLEAR);
		for (uint64_t n = 1; n < 3000; n++) {
			int64_t now = (int64_t)n * rows[i].step;
			/* now and then nobody says anything for a while */
			uint64_t hash = mix(mix(n) % rows[i].things + 1);
			uint32_t n_now = 0, only = 0;

			now += (int64_t)(n / 500) * 3 * WINDOW;
			wrong += distinct_add(&d, hash, now, WINDOW) !=
			    plain_add(&p, hash, now);
			for (size_t b = 0; b < DISTINCT_BITS; b++) {
				n_now += p.now[b];
				only += p.before[b] && !p.now[b];
			}
			wrong += d.n_now != n_now || d.n_only_before != only;
		}
		CU_ASSERT_EQUAL(wrong, 0);
	}
}

static void
counts_different_things(void)
{
	static const struct { uint32_t n, tolerance; } rows[] = {
		{ 1, 0 }, { 10, 1 }, { 25, 2 }, { 100, 7 }, { 1000, 100 }, { 4000, 900 },
	};
	struct distinct_scale scale;

	distinct_scale_init(&scale);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct distinct d = { 0 };
		uint32_t n;

		for (uint32_t k = 0; k < 3 * rows[i].n; k++)	/* each three times */
			distinct_add(&d, mix(k % rows[i].n + 1), 5, WINDOW);
		n = distinct_count(&d, &scale, 5, WINDOW);
		if (n + rows[i].tolerance < rows[i].n ||
		    n > rows[i].n + rows[i].tolerance)
			fprintf(stderr, "%u counted as %u\n", rows[i].n, n);
		CU_ASSERT(n + rows[i].tolerance >= rows[i].n &&
		    n <= rows[i].n + rows[i].tolerance);
	}
}

/* Twenty at the end of a window and twenty at the beginning of the next are forty. */
static void
sees_over_the_edge_of_a_window(void)
{
	struct distinct_scale scale;
	struct distinct d = { 0 };
	struct amount a = { 0 };
	uint64_t sum = 0;
	int64_t now = 7;

	distinct_scale_init(&scale);
	distinct_add(&d, mix(1), now, WINDOW);
	amount_add(&a, 1, now, WINDOW);
	now += WINDOW - 1000;
	for (uint64_t k = 2; k < 22; k++) {
		distinct_add(&d, mix(k), now, WINDOW);
		amount_add(&a, 1000, now, WINDOW);
	}
	now += 2000;
	for (uint64_t k = 22; k < 42; k++) {
		distinct_add(&d, mix(k), now, WINDOW);
		sum = amount_add(&a, 1000, now, WINDOW);
	}
	CU_ASSERT(distinct_count(&d, &scale, now, WINDOW) >= 37);
	CU_ASSERT(sum > 39500 && sum <= 40001);
	/* half a window later half of the first twenty is left */
	now += WINDOW / 2;
	distinct_add(&d, mix(22), now, WINDOW);
	sum = amount_add(&a, 0, now, WINDOW);
	CU_ASSERT(distinct_count(&d, &scale, now, WINDOW) <= 33);
	CU_ASSERT(sum > 29000 && sum < 31000);
	/* two windows later nothing is */
	now += 2 * WINDOW;
	distinct_add(&d, mix(1), now, WINDOW);
	CU_ASSERT_EQUAL(distinct_count(&d, &scale, now, WINDOW), 1);
	CU_ASSERT_EQUAL(amount_add(&a, 5, now, WINDOW), 5);
	CU_ASSERT_EQUAL(amount_add(&a, UINT64_MAX, now, WINDOW), UINT64_MAX);
}

/* The same ten every window stay ten, wherever the window stands. */
static void
a_steady_trickle_counts_once(void)
{
	struct distinct_scale scale;
	struct distinct d = { 0 };

	distinct_scale_init(&scale);
	for (int64_t i = 0; i < 100; i++) {
		int64_t now = 1 + i * WINDOW / 10;

		distinct_add(&d, mix((uint64_t)i % 10), now, WINDOW);
		CU_ASSERT(distinct_count(&d, &scale, now, WINDOW) <= 11);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "finds what it holds", finds_what_it_holds },
		{ "forgets the oldest", forgets_the_oldest },
		{ "stays as large as it is", stays_as_large_as_it_is },
		{ "lanes are compared each", lanes_are_compared_each },
		{ "fetching changes nothing", fetching_changes_nothing },
		{ "few and many count alike", few_and_many_count_alike },
		{ "counts different things", counts_different_things },
		{ "sees over the edge of a window", sees_over_the_edge_of_a_window },
		{ "a steady trickle counts once", a_steady_trickle_counts_once },
		CU_TEST_INFO_NULL,
	};

	return unit_main("detect_table", tests);
}
