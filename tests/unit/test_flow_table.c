/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/flow_table.h"
#include "agent/watch/openings.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define SECOND	1000000000ll
#define START	(1763700000ll * SECOND)

/* ---- keys and decisions by number -------------------------------------------- */

static struct flow_key
key_of(uint32_t n, uint16_t dport)
{
	uint16_t ports[2] = { htons(4000), htons(dport) };
	uint32_t both;

	memcpy(&both, ports, sizeof(both));
	return (struct flow_key){ .service = (uint64_t)both << 32 | 17 << 8, .src[0] = n };
}

static struct flow_decision
decision_of(uint32_t n)
{
	return (struct flow_decision){ .permit = n + 1, .in = 1, .out = 2 };
}

static void
keep(struct flow_table *t, uint32_t n, uint16_t dport)
{
	const struct flow_key k = key_of(n, dport);
	const struct flow_decision d = decision_of(n);

	flow_table_keep(t, &k, flow_hash(&t->secret, &k), &d);
}

/* Permit that is found for key n; 0: nothing. */
static uint32_t
find(struct flow_table *t, uint32_t n, uint16_t dport)
{
	const struct flow_key k = key_of(n, dport);
	uint64_t hash = flow_hash(&t->secret, &k);
	struct flow_decision d;

	return flow_table_find(t, &k, hash, flow_table_likely(t, hash), &d) ? d.permit : 0;
}

/* Two permits; the second ends 100 s after START. */
static struct checked_permit permits[2] = {
	{ .valid_from = INT64_MIN, .valid_until = INT64_MAX },
	{ .valid_from = INT64_MIN, .valid_until = START / SECOND + 100 },
};
static const struct checked policy = { .permits = permits, .n_permits = 2 };

static struct flow_table *
open_table(size_t entries, size_t most)
{
	struct flow_table *t = flow_table_new(entries, most);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	CU_ASSERT_EQUAL_FATAL(flow_table_set_policy(t, &policy), 0);
	flow_table_now(t, START, START);
	return t;
}

static void
a_decision_holds_in_its_window_only(void)
{
	static const struct {
		const char *what;
		int64_t wall, clock;
		bool holds;
	} rows[] = {
		{ "at once", START, START, true },
		{ "in the same tick", START + 29 * SECOND, START + 29 * SECOND, true },
		{ "a tick later", START + 30 * SECOND, START + 30 * SECOND, false },
		{ "ages alone went on", START, START + 30 * SECOND, false },
		{ "a permit ended", START + 100 * SECOND, START, false },
		{ "just before", START + 100 * SECOND - 1, START, true },
		{ "the clock went back", START, START - 1, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flow_table *t = open_table(64, 0);
		bool good;

		keep(t, 7, 9999);
		flow_table_now(t, rows[i].wall, rows[i].clock);
		good = (find(t, 7, 9999) != 0) == rows[i].holds;
		if (!good)
			fprintf(stderr, "%s\n", rows[i].what);
		CU_ASSERT_TRUE(good);
		flow_table_free(t);
	}
}

static void
another_policy_ends_all(void)
{
	struct flow_table *t = open_table(64, 0);

	keep(t, 7, 9999);
	CU_ASSERT_EQUAL(find(t, 7, 9999), 8);
	CU_ASSERT_EQUAL(flow_table_set_policy(t, &policy), 0);
	flow_table_now(t, START, START);
	CU_ASSERT_EQUAL(find(t, 7, 9999), 0);
	flow_table_free(t);
}

/* Back in an old time the old decision must not be found again, ever. */
static void
a_window_never_comes_back(void)
{
	struct flow_table *t = open_table(64, 0);

	keep(t, 7, 9999);
	for (uint32_t i = 0; i < (1u << 23) + 10; i++) {
		flow_table_now(t, START, START + 30 * SECOND);
		flow_table_now(t, START, START);
		if (find(t, 7, 9999) != 0) {
			CU_FAIL("an old decision was found");
			break;
		}
	}
	keep(t, 7, 9999);
	CU_ASSERT_EQUAL(find(t, 7, 9999), 8);
	flow_table_free(t);
}

static void
some_ports_are_looked_at(void)
{
	static const struct { uint16_t port; int before; } rows[] = {
		{ 9999, 0 }, { 443, FLOW_LOOKED_INTO - 1 }, { 23, FLOW_LOOKED_INTO - 1 },
		{ 139, FLOW_LOOKED_INTO - 1 }, { 162, FLOW_LOOKED_INTO - 1 },
		{ 8080, FLOW_LOOKED_INTO - 1 },
		{ 53, 1000 }, { 67, 1000 }, { 4789, 1000 }, { 3544, 1000 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flow_table *t = open_table(64, 0);
		int before = 0;

		keep(t, 1, rows[i].port);
		while (before < 1000 && find(t, 1, rows[i].port) == 0) {
			keep(t, 1, rows[i].port);
			before++;
		}
		CU_ASSERT_EQUAL(before, rows[i].before);
		flow_table_free(t);
	}
}

static void
memory_does_not_grow_and_nothing_is_mixed_up(void)
{
	struct flow_table *t = open_table(1024, 0);
	size_t found = 0;

	for (uint32_t n = 0; n < 100000; n++) {
		keep(t, n, 9999);
		CU_ASSERT_EQUAL(find(t, n, 9999), n + 1);
	}
	CU_ASSERT(t->n_taken <= 1024);
	CU_ASSERT_EQUAL(t->n_entries, 1024);
	for (uint32_t n = 0; n < 100000; n++) {
		uint32_t permit = find(t, n, 9999);

		CU_ASSERT(permit == 0 || permit == n + 1);
		found += permit != 0;
	}
	CU_ASSERT(found > 900 && found <= 1024);
	CU_ASSERT_EQUAL(t->ledger.kept, 100000);
	CU_ASSERT_EQUAL(t->ledger.evicted, 100000 - t->n_taken);
	flow_table_free(t);
}

/* CLOCK: what is asked for all the time stays when strangers pass through. */
static void
a_flow_in_use_is_not_pushed_out(void)
{
	struct flow_table *t = open_table(1024, 0);
	size_t missed = 0;

	keep(t, 1u << 26, 9999);
	for (uint32_t n = 0; n < 50000; n++) {
		keep(t, n, 9999);
		if (find(t, 1u << 26, 9999) == 0) {
			missed++;
			keep(t, 1u << 26, 9999);
		}
	}
	CU_ASSERT(missed < 500);
	flow_table_free(t);
}

static void
a_table_of_a_capture_grows(void)
{
	struct flow_table *t = open_table(32, 1u << 17);
	size_t missing = 0;

	for (uint32_t n = 0; n < 60000; n++)
		keep(t, n, 9999);
	for (uint32_t n = 0; n < 60000; n++)
		missing += find(t, n, 9999) != n + 1;
	CU_ASSERT_EQUAL(t->n_entries, 1u << 17);
	/* what was pushed out of full buckets on the way */
	CU_ASSERT(missing < 200);
	flow_table_free(t);
}

/* Every part of a decision comes back, and only to its own key, IPv4 and IPv6. */
static void
a_decision_comes_back_whole(void)
{
	struct flow_table *t = open_table(1u << 15, 0);

	for (uint32_t n = 0; n < 2000; n++) {
		struct flow_key k = key_of(7, 9999);
		const struct flow_decision d = { .permit = n, .in = (uint16_t)(n % 7),
		    .out = (uint16_t)(n % 11), .counter = (uint16_t)(n % 13),
		    .verdict = n % 2 };

		k.service |= n % 4 == 0 ? FLOW_KEY_GROUP_MAC : FLOW_KEY_IPV6;
		*(n % 4 == 0 ? &k.src[0] : n % 4 == 1 ? &k.src[1] : &k.dst[n % 2]) = n;
		flow_table_keep(t, &k, flow_hash(&t->secret, &k), &d);
	}
	for (uint32_t n = 0; n < 2000; n++) {
		struct flow_key k = key_of(7, 9999);
		struct flow_decision d = { 0 };
		uint64_t hash;

		k.service |= n % 4 == 0 ? FLOW_KEY_GROUP_MAC : FLOW_KEY_IPV6;
		*(n % 4 == 0 ? &k.src[0] : n % 4 == 1 ? &k.src[1] : &k.dst[n % 2]) = n;
		hash = flow_hash(&t->secret, &k);
		CU_ASSERT_TRUE(flow_table_would_find(t, &k, hash,
		    flow_table_likely(t, hash)));
		CU_ASSERT_TRUE(flow_table_find(t, &k, hash, flow_table_likely(t, hash),
		    &d));
		CU_ASSERT(d.permit == n && d.in == n % 7 && d.out == n % 11 &&
		    d.counter == n % 13 && d.verdict == n % 2);
		k.dst[0] ^= 1ull << 63;
		k.service |= FLOW_KEY_IPV6;
		hash = flow_hash(&t->secret, &k);
		CU_ASSERT_FALSE(flow_table_would_find(t, &k, hash,
		    flow_table_likely(t, hash)));
		CU_ASSERT_FALSE(flow_table_find(t, &k, hash, flow_table_likely(t, hash),
		    &d));
	}
	flow_table_free(t);
}

/* What cannot be written down is judged each time, and pushes nothing out. */
static void
too_many_kinds_of_decisions_are_not_kept(void)
{
	struct flow_table *t = open_table(1u << 17, 0);
	const struct flow_key k = key_of(1u << 20, 9999);
	struct flow_decision d = { .permit = 1u << FLOW_PERMIT_BITS };
	size_t wrong = 0;

	flow_table_keep(t, &k, flow_hash(&t->secret, &k), &d);
	CU_ASSERT_EQUAL(find(t, 1u << 20, 9999), 0);
	for (uint32_t n = 0; n < FLOW_WAYS_MOST + 1000; n++) {
		const struct flow_key own = key_of(n, 9999);

		d = (struct flow_decision){ .permit = n + 1, .in = (uint16_t)n,
		    .out = (uint16_t)(n >> 16) };
		flow_table_keep(t, &own, flow_hash(&t->secret, &own), &d);
		wrong += find(t, n, 9999) != (n < FLOW_WAYS_MOST ? n + 1 : 0);
	}
	CU_ASSERT_EQUAL(wrong, 0);
	/* another policy has others */
	CU_ASSERT_EQUAL(flow_table_set_policy(t, &policy), 0);
	flow_table_now(t, START, START);
	keep(t, 5, 9999);
	CU_ASSERT_EQUAL(find(t, 5, 9999), 6);
	flow_table_free(t);
}

/* Flows that differ in one bit only must not crowd into few buckets. */
static void
the_hash_spreads_neighbours(void)
{
	struct flow_table *t = open_table(FLOW_BUCKET_SLOTS * 1024, 0);
	uint32_t load[1024] = { 0 }, highest = 0;

	for (uint32_t n = 0; n < 8192; n++) {
		const struct flow_key k = key_of(n << 8, 9999);

		load[flow_hash(&t->secret, &k) >> t->shift]++;
	}
	for (size_t i = 0; i < 1024; i++)
		highest = load[i] > highest ? load[i] : highest;
	/* 8 on the average; 32 in one of 1024 has a chance of 10^-8 */
	CU_ASSERT(highest < 32);
	flow_table_free(t);
}

/* ---- openings ---------------------------------------------------------------- */

static struct watch_opening
opening_of(uint32_t n, uint8_t protocol)
{
	return (struct watch_opening){
		.src = { 0x0a000000u + n, IP_V4 }, .dst = { 0x0b000001u, IP_V4 },
		.sport = 4000, .dport = 53, .protocol = protocol,
	};
}

/* Past the first time, in which everything is assumed. */
#define SIGHTED (START + (FLOW_OPENING_OTHER_SECONDS + 2 * FLOW_TICK_SECONDS) * SECOND)

static struct openings *
open_openings(size_t n, size_t most)
{
	const struct watch_opening first = opening_of(0xffffff, 17);
	struct openings *t = openings_new(n, most);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	CU_ASSERT_EQUAL(openings_find(t, &first, START), OPENING_ASSUMED);
	return t;
}

static void
an_opening_is_remembered_for_its_time(void)
{
	static const struct { uint8_t protocol; int64_t seconds; } rows[] = {
		{ 17, FLOW_OPENING_SECONDS }, { 1, FLOW_OPENING_SECONDS },
		{ 132, FLOW_OPENING_OTHER_SECONDS }, { 47, FLOW_OPENING_OTHER_SECONDS },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct watch_opening o = opening_of(1, rows[i].protocol);
		int64_t last = rows[i].seconds * SECOND;
		struct openings *t = open_openings(64, 0);

		CU_ASSERT_EQUAL(openings_find(t, &o, SIGHTED), OPENING_UNSEEN);
		openings_note(t, &o, SIGHTED);
		CU_ASSERT_EQUAL(openings_find(t, &o, SIGHTED), OPENING_SEEN);
		/* each answer is a packet of the flow too */
		CU_ASSERT_EQUAL(openings_find(t, &o, SIGHTED + last), OPENING_SEEN);
		CU_ASSERT_EQUAL(openings_find(t, &o, SIGHTED + 2 * last), OPENING_SEEN);
		CU_ASSERT_EQUAL(openings_find(t, &o, SIGHTED + 3 * last +
		    2 * FLOW_TICK_NS), OPENING_UNSEEN);
		/* a clock that goes back makes nothing older */
		CU_ASSERT_EQUAL(openings_find(t, &o, SIGHTED + last), OPENING_SEEN);
		openings_free(t);
	}
}

static void
another_flow_is_not_explained(void)
{
	const struct watch_opening o = opening_of(1, 17);
	struct watch_opening others[6] = { o, o, o, o, o, o };
	struct openings *t = open_openings(64, 0);

	others[0].src.value++;
	others[1].dst.value++;
	others[2].sport++;
	others[3].dport++;
	others[4].protocol = 136;
	others[5].src.family = others[5].dst.family = IP_V6;
	openings_note(t, &o, SIGHTED);
	for (size_t i = 0; i < 6; i++)
		CU_ASSERT_EQUAL(openings_find(t, &others[i], SIGHTED), OPENING_UNSEEN);
	openings_free(t);
}

static void
what_may_have_been_missed_is_assumed(void)
{
	const struct watch_opening o = opening_of(1, 17);
	struct openings *t = open_openings(64, 0);
	int64_t later = SIGHTED + (FLOW_OPENING_SECONDS + FLOW_TICK_SECONDS) * SECOND;

	CU_ASSERT_EQUAL(openings_find(t, &o, SIGHTED), OPENING_UNSEEN);
	openings_blind(t, SIGHTED);
	CU_ASSERT_EQUAL(openings_find(t, &o, SIGHTED), OPENING_ASSUMED);
	CU_ASSERT_EQUAL(openings_find(t, &o, SIGHTED + FLOW_OPENING_SECONDS * SECOND),
	    OPENING_ASSUMED);
	CU_ASSERT_EQUAL(openings_find(t, &o, later), OPENING_UNSEEN);
	openings_free(t);
}

static void
nothing_is_assumed_once_sight_is_clear(void)
{
	const struct watch_opening o = opening_of(1, 17), other = opening_of(2, 17);
	struct openings *t = openings_new(64, 0);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	openings_note(t, &o, START);
	openings_clear(t);
	CU_ASSERT_EQUAL(openings_find(t, &o, START), OPENING_SEEN);
	CU_ASSERT_EQUAL(openings_find(t, &other, START), OPENING_UNSEEN);
	openings_blind(t, START);
	CU_ASSERT_EQUAL(openings_find(t, &other, START), OPENING_ASSUMED);
	openings_free(t);
	/* a table that nobody knows anything of is the clearest */
	t = openings_new(64, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	openings_clear(t);
	CU_ASSERT_EQUAL(openings_find(t, &o, START), OPENING_UNSEEN);
	openings_free(t);
	/* nor in the first seconds of the machine, when the clock has hardly begun */
	t = openings_new(64, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	openings_clear(t);
	CU_ASSERT_EQUAL(openings_find(t, &o, SECOND), OPENING_UNSEEN);
	openings_note(t, &o, SECOND);
	CU_ASSERT_EQUAL(openings_find(t, &o, 2 * SECOND), OPENING_SEEN);
	CU_ASSERT_EQUAL(openings_find(t, &other, 2 * SECOND), OPENING_UNSEEN);
	openings_blind(t, 2 * SECOND);
	CU_ASSERT_EQUAL(openings_find(t, &other, 3 * SECOND), OPENING_ASSUMED);
	openings_free(t);
}

/* Nobody can make a witness forget and then call the answer unasked. */
static void
what_was_forgotten_is_assumed(void)
{
	struct openings *t = open_openings(256, 0);
	size_t seen = 0, unseen = 0;

	for (uint32_t n = 0; n < 10000; n++) {
		const struct watch_opening o = opening_of(n, 17);

		openings_note(t, &o, SIGHTED);
	}
	for (uint32_t n = 0; n < 10000; n++) {
		const struct watch_opening o = opening_of(n, 17);
		enum opening_sight sight = openings_find(t, &o, SIGHTED);

		seen += sight == OPENING_SEEN;
		unseen += sight == OPENING_UNSEEN;
	}
	CU_ASSERT_EQUAL(unseen, 0);
	CU_ASSERT(seen > 256 && seen < 1000);
	openings_free(t);
}

/* A flood of openings blunts the judge of answers: not without a word, nor for ever. */
static void
a_crowd_is_noticed(void)
{
	static const struct { uint32_t n; bool crowded; } rows[] = {
		{ 0, false }, { 256, false }, { 300, false }, { 10000, true },
	};
	int64_t later = SIGHTED + (FLOW_OPENING_SECONDS + FLOW_TICK_SECONDS) * SECOND;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct openings *t = open_openings(1024, 0);

		for (uint32_t n = 0; n < rows[i].n; n++) {
			const struct watch_opening o = opening_of(n, 17);

			openings_note(t, &o, SIGHTED);
		}
		CU_ASSERT_EQUAL(openings_crowded(t, SIGHTED), rows[i].crowded);
		CU_ASSERT_FALSE(openings_crowded(t, later));
		openings_free(t);
	}
}

/* Of so many openings noted in a table that grows from the smallest size. */
static size_t
seen_after_growth(uint32_t openings)
{
	struct openings *t = open_openings(64, OPENINGS_MAX);
	size_t seen = 0;

	for (uint32_t n = 0; n < openings; n++) {
		const struct watch_opening o = opening_of(n, 17);

		openings_note(t, &o, SIGHTED);
	}
	for (uint32_t n = 0; n < openings; n++) {
		const struct watch_opening o = opening_of(n, 17);

		seen += openings_find(t, &o, SIGHTED) == OPENING_SEEN;
	}
	openings_free(t);
	return seen;
}

static void
openings_of_a_capture_grow(void)
{
	CU_ASSERT_EQUAL(seen_after_growth(100000), 100000);
	/* a small table of full buckets may not have room in twice its size either */
	for (unsigned int tables = 0; tables < 500; tables++)
		CU_ASSERT_EQUAL(seen_after_growth(500), 500);
}

/* With a second bucket for each, a table of one size is far filled before it forgets. */
static void
little_is_forgotten_before_a_table_is_full(void)
{
	struct openings *t = open_openings(1u << 16, 0);	/* 5/4 as many slots */
	const uint32_t n_openings = 50000;
	size_t seen = 0, unseen = 0;

	for (uint32_t n = 0; n < n_openings; n++) {
		const struct watch_opening o = opening_of(n, 17);

		openings_note(t, &o, SIGHTED);
	}
	for (uint32_t n = 0; n < n_openings; n++) {
		const struct watch_opening o = opening_of(n, 17);
		enum opening_sight sight = openings_find(t, &o, SIGHTED);

		seen += sight == OPENING_SEEN;
		unseen += sight == OPENING_UNSEEN;
	}
	CU_ASSERT_EQUAL(unseen, 0);
	/* about 350; with one bucket for each 2,200 */
	CU_ASSERT(n_openings - seen < 1000);
	openings_free(t);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a decision holds in its window only",
		  a_decision_holds_in_its_window_only },
		{ "another policy ends all", another_policy_ends_all },
		{ "a decision comes back whole", a_decision_comes_back_whole },
		{ "too many kinds of decisions are not kept",
		  too_many_kinds_of_decisions_are_not_kept },
		{ "little is forgotten before a table is full",
		  little_is_forgotten_before_a_table_is_full },
		{ "a window never comes back", a_window_never_comes_back },
		{ "some ports are looked at", some_ports_are_looked_at },
		{ "memory does not grow and nothing is mixed up",
		  memory_does_not_grow_and_nothing_is_mixed_up },
		{ "a flow in use is not pushed out", a_flow_in_use_is_not_pushed_out },
		{ "a table of a capture grows", a_table_of_a_capture_grows },
		{ "the hash spreads neighbours", the_hash_spreads_neighbours },
		{ "an opening is remembered for its time",
		  an_opening_is_remembered_for_its_time },
		{ "another flow is not explained", another_flow_is_not_explained },
		{ "what may have been missed is assumed",
		  what_may_have_been_missed_is_assumed },
		{ "nothing is assumed once sight is clear",
		  nothing_is_assumed_once_sight_is_clear },
		{ "what was forgotten is assumed", what_was_forgotten_is_assumed },
		{ "a crowd is noticed", a_crowd_is_noticed },
		{ "openings of a capture grow", openings_of_a_capture_grow },
		CU_TEST_INFO_NULL,
	};

	return unit_main("flow_table", tests);
}
