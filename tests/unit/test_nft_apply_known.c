/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The short way against a real kernel (nft_bed.h): what is known of the table stays what
 * the kernel holds, and a sweep may come later, or never.
 */
#include "kernel-helpers/nft_apply_part.h"
#include "kernel-helpers/nft_commit.h"
#include "kernel-helpers/nft_verify.h"
#include "rules/ruleset_part.h"
#include "tests/unit/nft_bed.h"
#include "tests/unit/nft_sample.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <limits.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/* All exact tuples of host 5 become a range, of another permit; and back. */
static struct ruleset *
ranged(void)
{
	struct ruleset *r = nft_sample();
	struct object_name exact = { .base = "mn0-lg0-x4" }, range = { "mn0-lg0-r4", 1 };
	struct ruleset_set *s = ruleset_find_set(r, &exact);
	uint8_t first[16], last[16];

	CU_ASSERT_EQUAL_FATAL(s->n_elements, 2);
	CU_ASSERT_EQUAL_FATAL(s->elements[0].mark, 1);
	memmove(s->first, s->first + s->key_length, s->key_length);
	s->elements[0] = s->elements[1];
	s->n_elements = 1;
	nft_sample_key4(first, 0x0a0a0005, 0x0a140005, 6, 440);
	nft_sample_key4(last, 0x0a0a0005, 0x0a140005, 6, 450);
	ruleset_add_element(ruleset_find_set(r, &range), first, last)->mark = 2;
	r->sorted = false;
	ruleset_sort(r);
	return r;
}

static void
moved_elements_pass_into_their_new_map(void)
{
	struct nft_known known = { .ruleset = NULL };
	struct ruleset *running = nft_sample(), *to = ranged();
	struct ruleset_change *c;
	struct nft_refusal refusal;
	uint32_t generation;
	bool changed;

	bed_empty();
	CU_ASSERT_EQUAL(bed_apply(running, &changed), 0);
	generation = bed_generation();
	ruleset_settle(to, running);
	c = ruleset_diff(running, to);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->n_passing, 1);
	CU_ASSERT_EQUAL(nft_commit_change(bed_channel, c, &generation, to, false, &refusal),
	    0);
	CU_ASSERT_EQUAL(nft_verify_change(bed_channel, c, to, generation, &refusal), 0);
	ruleset_change_free(c);
	bed_holds(to);
	/* The same by way of what is known. */
	CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, running, &changed, &refusal), 0);
	CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, to, &changed, &refusal), 0);
	CU_ASSERT_TRUE(changed);
	CU_ASSERT_PTR_NOT_NULL(known.left);
	bed_settles(&known);
	CU_ASSERT_EQUAL(known.generation, bed_generation());
	nft_known_forget(&known);
}

/* One that was left, and who comes before it. */
static void
a_sweep_may_wait(void)
{
	static const char *const before[] = {
		"true",			/* the next change */
		"nft add table ip other",
		"nft delete table inet sekisho",
	};
	struct nft_refusal refusal;
	bool changed;

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		struct nft_known known = { .ruleset = NULL };

		bed_empty();
		CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, nft_sample(), &changed,
		    &refusal), 0);
		CU_ASSERT_PTR_NULL(known.left);
		CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, nft_sample_changed(),
		    &changed, &refusal), 0);
		CU_ASSERT_PTR_NOT_NULL(known.left);
		bed_shell(before[i]);
		if (i == 0)
			CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, nft_sample(),
			    &changed, &refusal), 0);
		bed_settles(&known);
		CU_ASSERT_EQUAL(known.generation, bed_generation());
		/* Nothing is left, nothing is sent. */
		bed_settles(&known);
		CU_ASSERT_EQUAL(known.generation, bed_generation());
		nft_known_forget(&known);
	}
}

/* Dead before it: the next start reads the table, and takes out what nobody wants. */
static void
a_sweep_that_never_came_is_made_up_for(void)
{
	struct nft_known known = { .ruleset = NULL };
	struct ruleset *r = nft_sample_changed();
	struct nft_refusal refusal;
	bool changed;

	bed_empty();
	CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, nft_sample(), &changed, &refusal), 0);
	CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, nft_sample_changed(), &changed,
	    &refusal), 0);
	CU_ASSERT_PTR_NOT_NULL(known.left);
	nft_known_forget(&known);
	CU_ASSERT_EQUAL(bed_apply(r, &changed), 0);
	CU_ASSERT_TRUE(changed);
	bed_holds(r);
	ruleset_free(r);
}

/* One applier after another; what they know must stay what the kernel holds. */
static void
what_is_known_saves_reading(void)
{
	struct nft_known known = { .ruleset = NULL };
	struct ruleset *few = nft_sample(), *many = nft_sample();
	struct nft_refusal refusal;
	bool changed;

	bed_empty();
	nft_sample_fill(many, 3000);
	CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, few, &changed, &refusal), 0);
	CU_ASSERT_TRUE(changed);
	/* 3000 keys more in one map, asked for by key. */
	CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, many, &changed, &refusal), 0);
	CU_ASSERT_TRUE(changed);
	bed_holds(known.ruleset);
	CU_ASSERT_EQUAL(known.generation, bed_generation());
	/* Nothing to do; then a versioned map; then back. */
	for (int i = 0; i < 3; i++) {
		struct ruleset *r = i == 1 ? nft_sample_changed() : nft_sample();

		if (i == 0)
			nft_sample_fill(r, 3000);
		else
			nft_sample_fill(r, 2990);
		CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, r, &changed, &refusal),
		    0);
		CU_ASSERT_EQUAL(changed, i != 0);
		bed_settles(&known);
	}
	/* Behind our back: the generation tells, the long way repairs. */
	for (size_t i = 0; i < sizeof(bed_tampering) / sizeof(bed_tampering[0]); i++) {
		struct ruleset *r = nft_sample();

		bed_shell(bed_tampering[i]);
		CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, r, &changed, &refusal),
		    0);
		bed_settles(&known);
		CU_ASSERT_EQUAL(known.generation, bed_generation());
	}
	nft_known_forget(&known);
	CU_ASSERT_PTR_NULL(known.ruleset);
}

/* What was counted before somebody took the table away is not lost. */
static void
counters_go_on_from_what_was_read(void)
{
	struct nft_known known = { .ruleset = NULL };
	struct nft_refusal refusal;
	struct ruleset *have;
	bool changed;

	bed_empty();
	CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, nft_sample(), &changed, &refusal), 0);
	CU_ASSERT_FATAL(known.ruleset->n_counters > 1);
	have = bed_read();
	have->counters[1].packets = 1234;
	have->counters[1].bytes = 5000000000;
	ruleset_take_counts(known.ruleset, have);
	ruleset_free(have);
	bed_shell("nft flush ruleset");
	CU_ASSERT_EQUAL(nft_known_restore(bed_channel, &known, &changed, &refusal), 0);
	CU_ASSERT_TRUE(changed);
	have = bed_read();
	CU_ASSERT_EQUAL(have->counters[0].packets, 0);
	CU_ASSERT_EQUAL(have->counters[1].packets, 1234);
	CU_ASSERT_EQUAL(have->counters[1].bytes, 5000000000);
	ruleset_free(have);
	/* nor by a change that came since */
	CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, nft_sample(), &changed, &refusal), 0);
	bed_shell("nft flush ruleset");
	CU_ASSERT_EQUAL(nft_known_restore(bed_channel, &known, &changed, &refusal), 0);
	have = bed_read();
	CU_ASSERT_EQUAL(have->counters[1].packets, 1234);
	ruleset_free(have);
	nft_known_forget(&known);
}

struct urgent {
	struct nft_known *known;
	unsigned int at, pauses;
	struct ruleset *seen;		/* what was known then; not owned */
};

/* Somebody who cannot wait, at one of the pauses of a change. */
static bool
is_noise(const struct object_name *name)
{
	return strcmp(name->base, "urgent") == 0;
}

static int
add_noise(struct ruleset *part, const void *arg)
{
	(void)arg;
	return ruleset_add_chain(part, "urgent", 0) == NULL ? -ENOMEM : 0;
}

static bool
hurry(void *arg)
{
	struct urgent *u = arg;
	struct nft_refusal refusal;

	if (u->pauses++ != u->at)
		return false;
	u->seen = u->known->ruleset;
	CU_ASSERT_EQUAL(nft_apply_part(bed_channel, u->known, is_noise, add_noise, NULL, &refusal),
	    0);
	return true;
}

/* Large, and with a stage. */
static struct ruleset *
large_change(size_t elements)
{
	struct ruleset *r = nft_sample_changed();

	nft_sample_fill(r, elements);
	return r;
}

/* At the pause of this number, of which "staging" come before the flip. */
static void
check_pause(size_t elements, unsigned int staging, unsigned int at)
{
	struct nft_known known = { .ruleset = NULL };
	struct urgent u = { .known = &known, .at = at };
	struct ruleset *to = large_change(elements);
	struct nft_refusal refusal;
	bool changed;
	int error;

	bed_empty();
	CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, nft_sample(), &changed, &refusal),
	    0);
	known.pause = hurry;
	known.pause_arg = &u;
	error = nft_apply_known(bed_channel, &known, to, &changed, &refusal);
	CU_ASSERT_EQUAL(error, at < staging ? -EINTR : 0);
	CU_ASSERT(at < staging ? u.pauses == at + 1 : u.pauses >= staging + 2);
	CU_ASSERT_EQUAL(u.seen == to, at >= staging && u.pauses > at);
	if (error == -EINTR) {
		/* As before, with the urgent thing; and nothing of the stage. */
		bed_settles(&known);
		CU_ASSERT_EQUAL(add_noise(to, NULL), 0);
		CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, to, &changed, &refusal),
		    0);
	}
	CU_ASSERT_PTR_EQUAL(known.ruleset, to);
	bed_settles(&known);
	CU_ASSERT_EQUAL(known.generation, bed_generation());
	nft_known_forget(&known);
	CU_ASSERT_PTR_NOT_NULL(known.pause);
}

static void
a_large_change_pauses_for_what_cannot_wait(void)
{
	/* Behind the stage, the flip and the sweep; and while it is read back. */
	for (unsigned int at = 0; at < 4; at++)
		check_pause(3000, 1, at);
	/* And between the batches that fill a map too large for the flip. */
	for (unsigned int at = 0; at < 6; at++)
		check_pause(2 * LIMIT_FLIP_ELEMENTS + 3000, 3, at);
}

static bool
wait_for_nothing(void *arg)
{
	(void)arg;
	return false;
}

/* None of them is large, but all of them together keep the kernel as long. */
static void
many_new_maps_are_a_large_change(void)
{
	static const enum field address[] = { FIELD_IP_SADDR };
	struct nft_known known = { .ruleset = NULL };
	struct urgent u = { .known = &known, .at = UINT_MAX };
	struct ruleset *to = nft_sample();
	struct nft_refusal refusal;
	bool changed;

	for (unsigned int i = 0; i <= LIMIT_FLIP_ELEMENTS / 4000; i++) {
		char name[32];
		struct ruleset_set *s;

		snprintf(name, sizeof(name), "mn0-lg0-x4-l%u", i + 1);
		s = ruleset_add_set(to, name, 0, SET_MARK_MAP, address, 1, false);
		for (unsigned int k = 0; k < 4000; k++) {
			uint8_t key[4] = { 10, 0, (uint8_t)(k >> 8), (uint8_t)k };

			ruleset_add_element(s, key, NULL)->mark = 1;
		}
	}
	bed_empty();
	CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, nft_sample(), &changed, &refusal),
	    0);
	known.pause = hurry;
	known.pause_arg = &u;
	CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, to, &changed, &refusal), 0);
	/* Between its batches, behind the last one, and behind the flip. */
	CU_ASSERT(u.pauses >= 3);
	bed_settles(&known);
	nft_known_forget(&known);
}

/* What came of a stage until then goes again, and the long way begins where it stood. */
static void
a_stage_that_breaks_off_is_taken_back(void)
{
	for (int when = 1; when <= 3; when++) {
		struct meddler m = { .real = bed_channel, .when = when, .times = 1 };
		struct nft_channel through = { bed_fail_to_send, bed_no_close, &m };
		struct nft_known known = { .pause = wait_for_nothing };
		struct ruleset *to = large_change(2 * LIMIT_FLIP_ELEMENTS + 3000);
		struct nft_refusal refusal;
		bool changed;

		bed_empty();
		CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, nft_sample(), &changed,
		    &refusal), 0);
		CU_ASSERT_EQUAL(nft_apply_known(&through, &known, to, &changed, &refusal), 0);
		CU_ASSERT(m.times <= 0);
		CU_ASSERT_TRUE(changed);
		bed_holds(to);
		CU_ASSERT_EQUAL(known.generation, bed_generation());
		nft_known_forget(&known);
	}
}

static bool
another_writer(void *arg)
{
	(void)arg;
	bed_shell("nft add table ip other; nft delete table ip other");
	return false;
}

/* Its generation is nobody's any more, and what it has put in is still its own. */
static void
a_stage_that_another_writer_ends_is_taken_back(void)
{
	struct ruleset *running = nft_sample();
	struct ruleset *to = large_change(2 * LIMIT_FLIP_ELEMENTS + 3000);
	struct nft_refusal refusal;
	struct ruleset_change *c;
	uint32_t generation;
	bool changed;

	bed_empty();
	CU_ASSERT_EQUAL(bed_apply(running, &changed), 0);
	c = ruleset_settle_diff(to, running);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	generation = bed_generation();
	CU_ASSERT_EQUAL(nft_commit_stage(bed_channel, c, &generation, to, another_writer, NULL,
	    &refusal), -ERESTART);
	CU_ASSERT(c->staged > 0);
	bed_holds(running);
	ruleset_change_free(c);
	ruleset_free(running);
	ruleset_free(to);
}

/* Linux before 6.16 does not tell how many elements a set has, and dumps them in one go. */
static bool
kernel_counts_elements(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	CU_ASSERT_EQUAL_FATAL(uname(&name), 0);
	CU_ASSERT_EQUAL_FATAL(sscanf(name.release, "%u.%u", &major, &minor), 2);
	return major > 6 || (major == 6 && minor >= 16);
}

/* Nor does it wait for 50,000 elements to be read back, where they come in parts. */
static void
reading_back_pauses_too(void)
{
	struct nft_known known = { .ruleset = NULL };
	struct urgent u = { .known = &known, .at = 5 };
	struct ruleset *to = large_change(50000);
	struct nft_refusal refusal;
	bool changed;

	bed_empty();
	CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, nft_sample(), &changed, &refusal),
	    0);
	known.pause = hurry;
	known.pause_arg = &u;
	CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, to, &changed, &refusal), 0);
	CU_ASSERT_PTR_EQUAL(known.ruleset, to);
	if (kernel_counts_elements()) {
		CU_ASSERT_EQUAL(u.pauses, u.at + 1);
		CU_ASSERT_PTR_EQUAL(u.seen, to);
	}
	bed_settles(&known);
	CU_ASSERT_EQUAL(known.generation, bed_generation());
	nft_known_forget(&known);
}

/* The kernel says yes and does something else: the verification must not agree. */
static int
drop_elements(struct nft_channel *ch, const void *bytes, size_t length,
    struct nft_replies *replies)
{
	struct meddler *m = ch->state;
	struct nlmsghdr h;
	int error = m->real->exchange(m->real, bytes, length, replies);

	memcpy(&h, bytes, sizeof(h));
	/* Element questions come back empty, as of a set that lost them. */
	if ((h.nlmsg_type & 0xff) == NFT_MSG_GETSETELEM && m->times > 0) {
		m->batches++;
		replies->length = 0;
	}
	return error;
}

static void
check_missed(size_t elements)
{
	struct meddler m = { .real = bed_channel, .times = 1 };
	struct nft_channel through = { drop_elements, bed_no_close, &m };
	struct ruleset *few = nft_sample(), *many = nft_sample();
	struct nft_known known = { .ruleset = NULL };
	struct nft_refusal refusal;
	bool changed;

	bed_empty();
	nft_sample_fill(many, elements);
	CU_ASSERT_EQUAL(nft_apply_known(bed_channel, &known, few, &changed, &refusal), 0);
	CU_ASSERT(nft_apply_known(&through, &known, many, &changed, &refusal) < 0);
	CU_ASSERT(m.batches > 0);
	CU_ASSERT_PTR_NULL(known.ruleset);
	ruleset_free(many);
}

/* Asked for one by one, or all those of a large set. */
static void
elements_that_did_not_arrive_are_missed(void)
{
	check_missed(10);
	check_missed(20000);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "moved elements pass into their new map",
		    moved_elements_pass_into_their_new_map },
		{ "a large change pauses for what cannot wait",
		    a_large_change_pauses_for_what_cannot_wait },
		{ "many new maps are a large change", many_new_maps_are_a_large_change },
		{ "a stage that breaks off is taken back",
		    a_stage_that_breaks_off_is_taken_back },
		{ "a stage that another writer ends is taken back",
		    a_stage_that_another_writer_ends_is_taken_back },
		{ "reading back pauses too", reading_back_pauses_too },
		{ "counters go on from what was read", counters_go_on_from_what_was_read },
		{ "a sweep may wait", a_sweep_may_wait },
		{ "a sweep that never came is made up for",
		    a_sweep_that_never_came_is_made_up_for },
		{ "what is known saves reading", what_is_known_saves_reading },
		{ "elements that did not arrive are missed",
		    elements_that_did_not_arrive_are_missed },
		CU_TEST_INFO_NULL,
	};

	return bed_main("nft_apply_known", tests);
}
