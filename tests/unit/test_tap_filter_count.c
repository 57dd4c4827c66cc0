/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter counts in rounds (tap_filter_count.bpf.h): nothing twice, nothing lost. */
#include "tests/unit/random_frame.h"
#include "tests/unit/tap_world.h"
#include "tests/unit/unit.h"

#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>

#define SKIPPED 77

static void
add_permitted(void *arg, const struct tap_permitted *p)
{
	uint64_t *sums = arg;

	sums[0] += p->packets;
	sums[1] += p->bytes;
}

static void
leave(const struct tap_bpf *bpf, const struct facts *f, unsigned int in, unsigned int n)
{
	while (n-- > 0)
		CU_ASSERT_FALSE(tap_world_shows_leaving(bpf, f, in));
}

/* Counted in rounds, and each time exactly as many as there were. */
static void
every_packet_is_counted_once(void)
{
	struct tap_bpf *bpf = tap_world_filter();
	const struct facts q = tap_world_from_a(IPPROTO_UDP, 514, 0), a = tap_world_from_b(IPPROTO_UDP, 514, 0);
	struct random_frame made;
	uint64_t sums[2] = { 0, 0 };
	unsigned int sent = 0;
	cpu_set_t all;

	random_frame_plain(&q, &made);
	CU_ASSERT_EQUAL(sched_getaffinity(0, sizeof(all), &all), 0);
	for (unsigned int n = 0; n < 2 * TAP_PENDING + 3; n++) {
		(void)tap_world_run_on((int)n % 2);
		leave(bpf, n % 3 == 2 ? &a : &q, n % 3 == 2 ? LG : MN, n);
		sent += n;
		tap_bpf_take(bpf, false, add_permitted, sums);
		CU_ASSERT_EQUAL(sums[0], sent);
		CU_ASSERT_EQUAL(sums[1], (uint64_t)sent * made.captured);
	}
	CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof(all), &all), 0);
	tap_bpf_close(bpf);
}

/* What was noted and not counted goes with its policy, and into no other's counters. */
static void
each_policy_has_its_own_counts(void)
{
	struct tap_bpf *bpf = tap_world_filter();
	const struct facts q = tap_world_from_a(IPPROTO_UDP, 514, 0);

	for (unsigned int n = 1; n < TAP_PENDING; n += 5) {
		uint64_t before[2] = { 0, 0 }, now[2] = { 0, 0 };

		leave(bpf, &q, MN, n);
		tap_world_load(bpf);
		leave(bpf, &q, MN, TAP_PENDING - n);
		tap_bpf_take(bpf, true, add_permitted, before);
		tap_bpf_take(bpf, false, add_permitted, now);
		CU_ASSERT_EQUAL(before[0], n);
		CU_ASSERT_EQUAL(now[0], TAP_PENDING - n);
		/* the slot of the one before, with what is left there */
		tap_world_load(bpf);
		leave(bpf, &q, MN, 2 * TAP_PENDING);
		now[0] = 0;
		tap_bpf_take(bpf, false, add_permitted, now);
		CU_ASSERT_EQUAL(now[0], 2 * TAP_PENDING);
	}
	tap_bpf_close(bpf);
}

/* More flows than a set of them has room for: who was pushed out is proven anew. */
static void
a_crowd_is_proven_all_the_same(void)
{
	struct tap_bpf *bpf = tap_world_filter();
	uint64_t sums[2] = { 0, 0 };
	struct tap_count before, now;

	tap_bpf_counts(bpf, LG, &before);
	for (int turn = 0; turn < 2; turn++)
		for (uint16_t port = 1024; port < 21024; port++) {
			struct facts q = tap_world_from_a(IPPROTO_UDP, 514, 0);
			struct random_frame made;

			q.sport = port;
			random_frame_plain(&q, &made);
			tap_world_run(bpf, TAP_PROGRAM_LEAVING, made.bytes, made.captured,
			    tap_world_ifindex[MN], tap_world_ifindex[LG]);
		}
	tap_bpf_counts(bpf, LG, &now);
	tap_bpf_take(bpf, false, add_permitted, sums);
	CU_ASSERT_EQUAL(now.proven_out - before.proven_out + now.sent + now.full, 40000);
	CU_ASSERT_EQUAL(sums[0], now.proven_out - before.proven_out);
	CU_ASSERT(sums[0] >= 39900);
	tap_bpf_close(bpf);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "every packet is counted once", every_packet_is_counted_once },
		{ "each policy has its own counts", each_policy_has_its_own_counts },
		{ "a crowd is proven all the same", a_crowd_is_proven_all_the_same },
		CU_TEST_INFO_NULL,
	};
	char why[256] = "";
	struct tap_bpf *bpf = tap_bpf_open(why, sizeof(why));

	if (bpf == NULL || !tap_world_make()) {
		printf("needs CAP_BPF and CAP_NET_ADMIN: %s\n", why);
		tap_bpf_close(bpf);
		return SKIPPED;
	}
	tap_bpf_close(bpf);
	return unit_main("tap_filter_count", tests);
}
