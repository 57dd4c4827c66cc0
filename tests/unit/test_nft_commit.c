/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate's door against a real kernel (nft_bed.h): what is committed is what holds,
 * whatever somebody else does meanwhile.
 */
#include "kernel-helpers/nft_apply_part.h"
#include "kernel-helpers/nft_commit.h"
#include "kernel-helpers/nft_encode.h"
#include "kernel-helpers/nft_verify.h"
#include "rules/ruleset_part.h"
#include "rules/ruleset_print.h"
#include "tests/unit/nft_bed.h"
#include "tests/unit/nft_sample.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
no_table_reads_as_none(void)
{
	bed_empty();
	CU_ASSERT_PTR_NULL(bed_read());
}

static void
apply_holds_and_is_idempotent(void)
{
	struct ruleset *r = nft_sample();
	bool changed;
	uint32_t before;

	bed_empty();
	CU_ASSERT_EQUAL(bed_apply(r, &changed), 0);
	CU_ASSERT_TRUE(changed);
	bed_holds(r);
	before = bed_generation();
	CU_ASSERT_EQUAL(bed_apply(r, &changed), 0);
	CU_ASSERT_FALSE(changed);
	CU_ASSERT_EQUAL(bed_generation(), before);
	ruleset_free(r);
}

/* "nft -f" of the printed text is the same table, to the last expression. */
static void
text_and_batch_make_the_same_table(void)
{
	struct ruleset *r = nft_sample();
	FILE *out;
	bool changed;

	bed_empty();
	ruleset_settle(r, NULL);
	out = popen("nft -f -", "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	ruleset_print(r, out);
	CU_ASSERT_EQUAL(pclose(out), 0);
	bed_holds(r);
	CU_ASSERT_EQUAL(bed_apply(r, &changed), 0);
	CU_ASSERT_FALSE(changed);
	ruleset_free(r);
}

static void
a_change_is_staged_flipped_and_swept(void)
{
	struct ruleset *r = nft_sample(), *next = nft_sample_changed();
	struct ruleset *have;
	struct object_name old = { .base = "mn0-lg0-r4", .version = 1 };
	bool changed;
	uint32_t before;

	bed_empty();
	CU_ASSERT_EQUAL(bed_apply(r, &changed), 0);
	before = bed_generation();
	CU_ASSERT_EQUAL(bed_apply(next, &changed), 0);
	CU_ASSERT_TRUE(changed);
	CU_ASSERT_EQUAL(bed_generation(), before + 3);
	have = bed_read();
	CU_ASSERT_PTR_NULL(ruleset_find_set(have, &old));
	old.version = 2;
	CU_ASSERT_PTR_NOT_NULL(ruleset_find_set(have, &old));
	ruleset_free(have);
	/* And back. */
	CU_ASSERT_EQUAL(bed_apply(r, &changed), 0);
	bed_holds(r);
	ruleset_free(next);
	ruleset_free(r);
}

static void
a_dry_run_changes_nothing(void)
{
	struct ruleset *r = nft_sample(), *next = nft_sample_changed();
	struct nft_refusal refusal;
	uint32_t before, generation;
	bool changed;

	bed_empty();
	before = bed_generation();
	CU_ASSERT_EQUAL(nft_apply(bed_channel, r, true, &changed, &generation, &refusal), 0);
	CU_ASSERT_FALSE(changed);
	CU_ASSERT_EQUAL(bed_generation(), before);
	CU_ASSERT_PTR_NULL(bed_read());
	CU_ASSERT_EQUAL(bed_apply(r, &changed), 0);
	before = bed_generation();
	CU_ASSERT_EQUAL(nft_apply(bed_channel, next, true, &changed, &generation, &refusal),
	    0);
	CU_ASSERT_EQUAL(bed_generation(), before);
	bed_holds(r);
	ruleset_free(next);
	ruleset_free(r);
}

/* Two elements of one key and different values: the kernel refuses the second. */
static struct ruleset *
contradiction(void)
{
	struct ruleset *r = nft_sample_changed();
	struct object_name name = { .base = "mn0-lg0-x4" };
	struct ruleset_set *s = ruleset_find_set(r, &name);
	uint8_t key[16];
	struct element *e;

	nft_sample_key4(key, 0x0a0a0005, 0x0a140005, 6, 443);
	e = ruleset_add_element(s, key, NULL);
	e->mark = 2;
	e->origin = (struct origin){ "policy.conf", 77 };
	return r;
}

static void
a_refusal_names_the_element_and_its_line(void)
{
	struct ruleset *bad = contradiction(), *good = nft_sample();
	struct nft_refusal refusal;
	uint32_t generation;
	bool changed;

	bed_empty();
	for (int dry = 0; dry < 2; dry++) {
		CU_ASSERT_EQUAL(nft_apply(bed_channel, bad, dry, &changed, &generation,
		    &refusal),
		    -EEXIST);
		CU_ASSERT_PTR_NULL(bed_read());
		CU_ASSERT_EQUAL(refusal.error, EEXIST);
		CU_ASSERT_STRING_EQUAL(refusal.what,
		    "element 10.10.0.5 . 10.20.0.5 . tcp . 443 "
		    "of map mn0-lg0-x4");
		CU_ASSERT_STRING_EQUAL(refusal.origin.file, "policy.conf");
		CU_ASSERT(refusal.origin.line == 77 || refusal.origin.line == 41);
	}
	/* With a table there, it stays as it was, nothing of the stage is left. */
	CU_ASSERT_EQUAL(bed_apply(good, &changed), 0);
	CU_ASSERT_NOT_EQUAL(nft_apply(bed_channel, bad, false, &changed, &generation,
	    &refusal), 0);
	bed_holds(good);
	ruleset_free(bad);
	ruleset_free(good);
}

static void
send(const struct change_list *list, const struct ruleset *target)
{
	struct nft_refusal refusal;
	struct nft_replies replies;
	struct nft_batch b;

	CU_ASSERT_EQUAL(nft_batch_begin(&b, 1, 0), 0);
	CU_ASSERT_EQUAL(nft_encode_changes(&b, list, target, &refusal), 0);
	CU_ASSERT_EQUAL(nft_batch_end(&b, false), 0);
	CU_ASSERT_EQUAL(bed_channel->exchange(bed_channel, b.bytes, b.length, &replies), 0);
	nft_replies_free(&replies);
	nft_batch_free(&b);
}

/* The process dies between two steps: what runs is whole, the next apply cleans. */
static void
what_a_crash_left_behind_is_cleaned_up(void)
{
	struct ruleset *r = nft_sample(), *next = nft_sample_changed();

	for (int flipped = 0; flipped < 2; flipped++)
		for (int on = 0; on < 2; on++) {
			struct ruleset *running, *have, *goal = on ? next : r;
			struct ruleset_change *c;
			bool changed;

			bed_empty();
			CU_ASSERT_EQUAL(bed_apply(r, &changed), 0);
			running = bed_read();
			ruleset_settle(next, running);
			c = ruleset_diff(running, next);
			CU_ASSERT_PTR_NOT_NULL_FATAL(c);
			CU_ASSERT_FATAL(c->stage.count > 0 && c->sweep.count > 0);
			send(&c->stage, next);
			if (flipped)
				send(&c->flip, next);
			ruleset_change_free(c);
			have = bed_read();
			CU_ASSERT(have->n_sets > running->n_sets);
			ruleset_free(have);
			CU_ASSERT_EQUAL(bed_apply(goal, &changed), 0);
			CU_ASSERT_TRUE(changed);
			bed_holds(goal);
			ruleset_free(running);
		}
	ruleset_free(next);
	ruleset_free(r);
}

/* One row is one thing somebody does to our table behind our back. */
static void
tampering_is_seen_and_repaired(void)
{
	struct ruleset *r = nft_sample();
	bool changed;

	bed_empty();
	CU_ASSERT_EQUAL(bed_apply(r, &changed), 0);
	for (size_t i = 0; i < sizeof(bed_tampering) / sizeof(bed_tampering[0]); i++) {
		bed_shell(bed_tampering[i]);
		if (bed_apply(r, &changed) != 0 || !changed)
			CU_FAIL(bed_tampering[i]);
		bed_holds(r);
	}
	ruleset_free(r);
}

/* Stands between us and the kernel: somebody else commits before batch "when". */
static int
meddle(struct nft_channel *ch, const void *bytes, size_t length,
    struct nft_replies *replies)
{
	struct meddler *m = ch->state;
	struct nlmsghdr h;

	memcpy(&h, bytes, sizeof(h));
	if (h.nlmsg_type == NLMSG_MIN_TYPE && ++m->batches >= m->when && m->times-- > 0)
		bed_shell("nft add table ip other; nft delete table ip other");
	return m->real->exchange(m->real, bytes, length, replies);
}

/* The new policy runs, and one chain and its map more than it has. */
static void
holds_beside_leftovers(struct ruleset *want)
{
	struct ruleset *have = bed_read();
	struct ruleset_change *c;

	CU_ASSERT_PTR_NOT_NULL_FATAL(have);
	CU_ASSERT_FALSE(ruleset_equal(want, have, NULL));
	ruleset_settle(want, have);
	c = ruleset_diff(have, want);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->stage.count, 0);
	CU_ASSERT_EQUAL(c->flip.count, 0);
	CU_ASSERT_EQUAL(c->sweep.count, 3);
	ruleset_change_free(c);
	ruleset_free(have);
}

static void
a_foreign_commit_in_between_is_noticed(void)
{
	struct ruleset *r = nft_sample(), *next = nft_sample_changed();

	for (int when = 1; when <= 3; when++) {
		struct meddler m = { .real = bed_channel, .when = when, .times = 1 };
		struct nft_channel through = { meddle, bed_no_close, &m };
		struct nft_refusal refusal;
		struct ruleset *running;
		uint32_t generation;
		bool changed;

		bed_empty();
		CU_ASSERT_EQUAL(bed_apply(r, &changed), 0);
		running = bed_read();
		generation = bed_generation();
		CU_ASSERT_EQUAL(nft_commit_at(&through, running, &generation, next, false,
		    &refusal), when < 3 ? -ERESTART : -EUCLEAN);
		if (when < 3)
			bed_holds(r);
		else
			holds_beside_leftovers(next);
		m = (struct meddler){ .real = bed_channel, .when = when, .times = 1 };
		CU_ASSERT_EQUAL(nft_apply(&through, next, false, &changed, &generation,
		    &refusal), 0);
		CU_ASSERT_TRUE(changed);
		bed_holds(next);
		ruleset_free(running);
	}
	ruleset_free(next);
	ruleset_free(r);
}

/* Answers get lost behind the kernel's back; what was done is found by reading. */
static int
lose(struct nft_channel *ch, const void *bytes, size_t length,
    struct nft_replies *replies)
{
	struct meddler *m = ch->state;
	int error = m->real->exchange(m->real, bytes, length, replies);
	struct nlmsghdr h;

	memcpy(&h, bytes, sizeof(h));
	if (h.nlmsg_type != NLMSG_MIN_TYPE || ++m->batches != m->when)
		return error;
	nft_replies_free(replies);
	return -ENOBUFS;
}

static void
a_lost_answer_is_looked_up(void)
{
	struct ruleset *r = nft_sample(), *next = nft_sample_changed();

	for (int when = 1; when <= 3; when++) {
		struct meddler m = { .real = bed_channel, .when = when };
		struct nft_channel through = { lose, bed_no_close, &m };
		struct nft_refusal refusal;
		uint32_t generation;
		bool changed;

		bed_empty();
		CU_ASSERT_EQUAL(bed_apply(r, &changed), 0);
		CU_ASSERT_EQUAL(nft_apply(&through, next, false, &changed, &generation,
		    &refusal), 0);
		CU_ASSERT_TRUE(changed);
		bed_holds(next);
	}
	ruleset_free(next);
	ruleset_free(r);
}

static void
a_sweep_that_fails_for_good_ends_in_a_new_table(void)
{
	struct ruleset *r = nft_sample(), *next = nft_sample_changed();

	for (int times = 1; times <= 3; times++) {
		struct meddler m = { .real = bed_channel, .when = 3, .times = times };
		struct nft_channel through = { bed_fail_to_send, bed_no_close, &m };
		struct nft_refusal refusal;
		uint32_t generation;
		bool changed;

		bed_empty();
		CU_ASSERT_EQUAL(bed_apply(r, &changed), 0);
		CU_ASSERT_EQUAL(nft_apply(&through, next, false, &changed, &generation,
		    &refusal), 0);
		CU_ASSERT_TRUE(changed);
		CU_ASSERT_EQUAL(m.batches, 3 + times);
		bed_holds(next);
	}
	ruleset_free(next);
	ruleset_free(r);
}

/* 20,000 elements are several messages, and a batch above the default buffer. */
static void
many_elements_arrive(void)
{
	struct ruleset *r = nft_sample(), *few = nft_sample();
	bool changed;

	bed_empty();
	nft_sample_fill(r, 20000);
	CU_ASSERT_EQUAL(bed_apply(r, &changed), 0);
	bed_holds(r);
	CU_ASSERT_EQUAL(bed_apply(few, &changed), 0);
	bed_holds(few);
	CU_ASSERT_EQUAL(bed_apply(r, &changed), 0);
	bed_holds(r);
	ruleset_free(few);
	ruleset_free(r);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "no table reads as none", no_table_reads_as_none },
		{ "apply holds and is idempotent", apply_holds_and_is_idempotent },
		{ "text and batch make the same table",
		    text_and_batch_make_the_same_table },
		{ "a change is staged, flipped and swept",
		    a_change_is_staged_flipped_and_swept },
		{ "a dry run changes nothing", a_dry_run_changes_nothing },
		{ "a refusal names the element and its line",
		    a_refusal_names_the_element_and_its_line },
		{ "what a crash left behind is cleaned up",
		    what_a_crash_left_behind_is_cleaned_up },
		{ "a sweep that fails for good ends in a new table",
		    a_sweep_that_fails_for_good_ends_in_a_new_table },
		{ "tampering is seen and repaired", tampering_is_seen_and_repaired },
		{ "a foreign commit in between is noticed",
		    a_foreign_commit_in_between_is_noticed },
		{ "a lost answer is looked up", a_lost_answer_is_looked_up },
		{ "many elements arrive", many_elements_arrive },
		CU_TEST_INFO_NULL,
	};

	return bed_main("nft_commit", tests);
}
