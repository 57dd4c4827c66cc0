/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate's door against a real kernel, in a network namespace of its own.
 * Needs root; without it the test says so and is skipped (77).
 */
#include "kernel-helpers/nft_apply_part.h"
#include "kernel-helpers/nft_commit.h"
#include "kernel-helpers/nft_encode.h"
#include "kernel-helpers/nft_verify.h"
#include "rules/ruleset_part.h"
#include "rules/ruleset_print.h"
#include "tests/unit/nft_sample.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKIPPED 77

static struct nft_channel *channel;

/* A table of somebody else: its changes advance the generation, nothing more. */
static void
shell(const char *command)
{
	if (system(command) != 0)
		CU_FAIL(command);
}

static void
start_empty(void)
{
	shell("nft flush ruleset");
}

static int
apply(struct ruleset *r, bool *changed)
{
	struct nft_refusal refusal;
	uint32_t generation;
	int error = nft_apply(channel, r, false, changed, &generation, &refusal);

	if (error != 0)
		printf("[%s] ", refusal.what);
	return error;
}

static struct ruleset *
read_table(void)
{
	struct nft_refusal refusal;
	struct ruleset *r = NULL;
	uint32_t generation;

	CU_ASSERT_EQUAL_FATAL(nft_read_back(channel, &r, &generation, &refusal), 0);
	return r;
}

static void
holds(const struct ruleset *want)
{
	struct ruleset *have = read_table();
	struct ruleset_mismatch why = { .text = "" };

	CU_ASSERT_PTR_NOT_NULL_FATAL(have);
	CU_ASSERT_TRUE(ruleset_equal(want, have, &why));
	CU_ASSERT_STRING_EQUAL(why.text, "");
	ruleset_free(have);
}

/* As control does behind its answer; what is known is then all that there is. */
static void
settles(struct nft_known *known)
{
	struct nft_refusal refusal;

	CU_ASSERT_EQUAL(nft_known_settle(channel, known, &refusal), 0);
	CU_ASSERT_PTR_NULL(known->left);
	CU_ASSERT_PTR_NULL(known->before);
	holds(known->ruleset);
}

static uint32_t
generation_now(void)
{
	uint32_t g = 0;

	CU_ASSERT_EQUAL(nft_generation(channel, &g), 0);
	return g;
}

static void
no_table_reads_as_none(void)
{
	start_empty();
	CU_ASSERT_PTR_NULL(read_table());
}

static void
apply_holds_and_is_idempotent(void)
{
	struct ruleset *r = nft_sample();
	bool changed;
	uint32_t before;

	start_empty();
	CU_ASSERT_EQUAL(apply(r, &changed), 0);
	CU_ASSERT_TRUE(changed);
	holds(r);
	before = generation_now();
	CU_ASSERT_EQUAL(apply(r, &changed), 0);
	CU_ASSERT_FALSE(changed);
	CU_ASSERT_EQUAL(generation_now(), before);
	ruleset_free(r);
}

/* "nft -f" of the printed text is the same table, to the last expression. */
static void
text_and_batch_make_the_same_table(void)
{
	struct ruleset *r = nft_sample();
	FILE *out;
	bool changed;

	start_empty();
	ruleset_settle(r, NULL);
	out = popen("nft -f -", "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	ruleset_print(r, out);
	CU_ASSERT_EQUAL(pclose(out), 0);
	holds(r);
	CU_ASSERT_EQUAL(apply(r, &changed), 0);
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

	start_empty();
	CU_ASSERT_EQUAL(apply(r, &changed), 0);
	before = generation_now();
	CU_ASSERT_EQUAL(apply(next, &changed), 0);
	CU_ASSERT_TRUE(changed);
	CU_ASSERT_EQUAL(generation_now(), before + 3);
	have = read_table();
	CU_ASSERT_PTR_NULL(ruleset_find_set(have, &old));
	old.version = 2;
	CU_ASSERT_PTR_NOT_NULL(ruleset_find_set(have, &old));
	ruleset_free(have);
	/* And back. */
	CU_ASSERT_EQUAL(apply(r, &changed), 0);
	holds(r);
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

	start_empty();
	before = generation_now();
	CU_ASSERT_EQUAL(nft_apply(channel, r, true, &changed, &generation, &refusal), 0);
	CU_ASSERT_FALSE(changed);
	CU_ASSERT_EQUAL(generation_now(), before);
	CU_ASSERT_PTR_NULL(read_table());
	CU_ASSERT_EQUAL(apply(r, &changed), 0);
	before = generation_now();
	CU_ASSERT_EQUAL(nft_apply(channel, next, true, &changed, &generation, &refusal),
	    0);
	CU_ASSERT_EQUAL(generation_now(), before);
	holds(r);
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

	start_empty();
	for (int dry = 0; dry < 2; dry++) {
		CU_ASSERT_EQUAL(nft_apply(channel, bad, dry, &changed, &generation,
		    &refusal),
		    -EEXIST);
		CU_ASSERT_PTR_NULL(read_table());
		CU_ASSERT_EQUAL(refusal.error, EEXIST);
		CU_ASSERT_STRING_EQUAL(refusal.what,
		    "element 10.10.0.5 . 10.20.0.5 . tcp . 443 "
		    "of map mn0-lg0-x4");
		CU_ASSERT_STRING_EQUAL(refusal.origin.file, "policy.conf");
		CU_ASSERT(refusal.origin.line == 77 || refusal.origin.line == 41);
	}
	/* With a table there, it stays as it was, nothing of the stage is left. */
	CU_ASSERT_EQUAL(apply(good, &changed), 0);
	CU_ASSERT_NOT_EQUAL(nft_apply(channel, bad, false, &changed, &generation,
	    &refusal), 0);
	holds(good);
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
	CU_ASSERT_EQUAL(channel->exchange(channel, b.bytes, b.length, &replies), 0);
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

			start_empty();
			CU_ASSERT_EQUAL(apply(r, &changed), 0);
			running = read_table();
			ruleset_settle(next, running);
			c = ruleset_diff(running, next);
			CU_ASSERT_PTR_NOT_NULL_FATAL(c);
			CU_ASSERT_FATAL(c->stage.count > 0 && c->sweep.count > 0);
			send(&c->stage, next);
			if (flipped)
				send(&c->flip, next);
			ruleset_change_free(c);
			have = read_table();
			CU_ASSERT(have->n_sets > running->n_sets);
			ruleset_free(have);
			CU_ASSERT_EQUAL(apply(goal, &changed), 0);
			CU_ASSERT_TRUE(changed);
			holds(goal);
			ruleset_free(running);
		}
	ruleset_free(next);
	ruleset_free(r);
}

/* One row is one thing somebody does to our table behind our back. */
static const char *const tampering[] = {
	"nft add rule inet sekisho forward accept",
	"nft insert rule inet sekisho forward ip saddr 10.0.0.1 tcp dport 22 accept",
	"nft insert rule inet sekisho forward meta mark 7 accept",
	"nft add element inet sekisho mn0-lg0-x4 '{ 1.1.1.1 . 2.2.2.2 . tcp . 22 : 1 }'",
	"nft delete element inet sekisho pairs '{ \"mn0\" . \"lg0\" }'",
	("nft add element inet sekisho mn0-lg0-r4.1 "
	"'{ 1.0.0.0/8 . 2.0.0.0/8 . tcp . 1-9 : 2 }'"),
	"nft add element inet sekisho pairs '{ \"in0\" . \"mn0\" : jump permit }'",
	("nft add chain inet sekisho backdoor "
	"'{ type filter hook forward priority -300; policy accept; }'"),
	"nft add chain inet sekisho nat '{ type nat hook postrouting priority 100; }'",
	"nft chain inet sekisho forward '{ policy accept; }'",
	"nft flush chain inet sekisho forward",
	"nft add set inet sekisho extra '{ type ipv4_addr; flags interval; }'",
	"nft add quota inet sekisho q '{ over 20 mbytes; }'",
	"nft add counter inet sekisho more",
	"nft add table inet sekisho '{ flags dormant; }'",
	"nft delete table inet sekisho",
	"nft flush ruleset",
};

static void
tampering_is_seen_and_repaired(void)
{
	struct ruleset *r = nft_sample();
	bool changed;

	start_empty();
	CU_ASSERT_EQUAL(apply(r, &changed), 0);
	for (size_t i = 0; i < sizeof(tampering) / sizeof(tampering[0]); i++) {
		shell(tampering[i]);
		if (apply(r, &changed) != 0 || !changed)
			CU_FAIL(tampering[i]);
		holds(r);
	}
	ruleset_free(r);
}

/* Stands between us and the kernel: somebody else commits before batch "when". */
struct meddler {
	struct nft_channel *real;
	int batches, when, times;
};

static int
meddle(struct nft_channel *ch, const void *bytes, size_t length,
    struct nft_replies *replies)
{
	struct meddler *m = ch->state;
	struct nlmsghdr h;

	memcpy(&h, bytes, sizeof(h));
	if (h.nlmsg_type == NLMSG_MIN_TYPE && ++m->batches >= m->when && m->times-- > 0)
		shell("nft add table ip other; nft delete table ip other");
	return m->real->exchange(m->real, bytes, length, replies);
}

static void
no_close(struct nft_channel *ch)
{
	(void)ch;
}

/* The new policy runs, and one chain and its map more than it has. */
static void
holds_beside_leftovers(struct ruleset *want)
{
	struct ruleset *have = read_table();
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
		struct meddler m = { .real = channel, .when = when, .times = 1 };
		struct nft_channel through = { meddle, no_close, &m };
		struct nft_refusal refusal;
		struct ruleset *running;
		uint32_t generation;
		bool changed;

		start_empty();
		CU_ASSERT_EQUAL(apply(r, &changed), 0);
		running = read_table();
		generation = generation_now();
		CU_ASSERT_EQUAL(nft_commit_at(&through, running, &generation, next, false,
		    &refusal), when < 3 ? -ERESTART : -EUCLEAN);
		if (when < 3)
			holds(r);
		else
			holds_beside_leftovers(next);
		m = (struct meddler){ .real = channel, .when = when, .times = 1 };
		CU_ASSERT_EQUAL(nft_apply(&through, next, false, &changed, &generation,
		    &refusal), 0);
		CU_ASSERT_TRUE(changed);
		holds(next);
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
		struct meddler m = { .real = channel, .when = when };
		struct nft_channel through = { lose, no_close, &m };
		struct nft_refusal refusal;
		uint32_t generation;
		bool changed;

		start_empty();
		CU_ASSERT_EQUAL(apply(r, &changed), 0);
		CU_ASSERT_EQUAL(nft_apply(&through, next, false, &changed, &generation,
		    &refusal), 0);
		CU_ASSERT_TRUE(changed);
		holds(next);
	}
	ruleset_free(next);
	ruleset_free(r);
}

/* Batch "when" and the next ones cannot be sent. */
static int
fail_to_send(struct nft_channel *ch, const void *bytes, size_t length,
    struct nft_replies *replies)
{
	struct meddler *m = ch->state;
	struct nlmsghdr h;

	memcpy(&h, bytes, sizeof(h));
	if (h.nlmsg_type == NLMSG_MIN_TYPE && ++m->batches >= m->when && m->times-- > 0) {
		memset(replies, 0, sizeof(*replies));
		return -EPERM;
	}
	return m->real->exchange(m->real, bytes, length, replies);
}

static void
a_sweep_that_fails_for_good_ends_in_a_new_table(void)
{
	struct ruleset *r = nft_sample(), *next = nft_sample_changed();

	for (int times = 1; times <= 3; times++) {
		struct meddler m = { .real = channel, .when = 3, .times = times };
		struct nft_channel through = { fail_to_send, no_close, &m };
		struct nft_refusal refusal;
		uint32_t generation;
		bool changed;

		start_empty();
		CU_ASSERT_EQUAL(apply(r, &changed), 0);
		CU_ASSERT_EQUAL(nft_apply(&through, next, false, &changed, &generation,
		    &refusal), 0);
		CU_ASSERT_TRUE(changed);
		CU_ASSERT_EQUAL(m.batches, 3 + times);
		holds(next);
	}
	ruleset_free(next);
	ruleset_free(r);
}

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

	start_empty();
	CU_ASSERT_EQUAL(apply(running, &changed), 0);
	generation = generation_now();
	ruleset_settle(to, running);
	c = ruleset_diff(running, to);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->n_passing, 1);
	CU_ASSERT_EQUAL(nft_commit_change(channel, c, &generation, to, false, &refusal),
	    0);
	CU_ASSERT_EQUAL(nft_verify_change(channel, c, to, generation, &refusal), 0);
	ruleset_change_free(c);
	holds(to);
	/* The same by way of what is known. */
	CU_ASSERT_EQUAL(nft_apply_known(channel, &known, running, &changed, &refusal), 0);
	CU_ASSERT_EQUAL(nft_apply_known(channel, &known, to, &changed, &refusal), 0);
	CU_ASSERT_TRUE(changed);
	CU_ASSERT_PTR_NOT_NULL(known.left);
	settles(&known);
	CU_ASSERT_EQUAL(known.generation, generation_now());
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

		start_empty();
		CU_ASSERT_EQUAL(nft_apply_known(channel, &known, nft_sample(), &changed,
		    &refusal), 0);
		CU_ASSERT_PTR_NULL(known.left);
		CU_ASSERT_EQUAL(nft_apply_known(channel, &known, nft_sample_changed(),
		    &changed, &refusal), 0);
		CU_ASSERT_PTR_NOT_NULL(known.left);
		shell(before[i]);
		if (i == 0)
			CU_ASSERT_EQUAL(nft_apply_known(channel, &known, nft_sample(),
			    &changed, &refusal), 0);
		settles(&known);
		CU_ASSERT_EQUAL(known.generation, generation_now());
		/* Nothing is left, nothing is sent. */
		settles(&known);
		CU_ASSERT_EQUAL(known.generation, generation_now());
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

	start_empty();
	CU_ASSERT_EQUAL(nft_apply_known(channel, &known, nft_sample(), &changed, &refusal), 0);
	CU_ASSERT_EQUAL(nft_apply_known(channel, &known, nft_sample_changed(), &changed,
	    &refusal), 0);
	CU_ASSERT_PTR_NOT_NULL(known.left);
	nft_known_forget(&known);
	CU_ASSERT_EQUAL(apply(r, &changed), 0);
	CU_ASSERT_TRUE(changed);
	holds(r);
	ruleset_free(r);
}

/* 20,000 elements are several messages, and a batch above the default buffer. */
static void
many_elements_arrive(void)
{
	struct ruleset *r = nft_sample(), *few = nft_sample();
	bool changed;

	start_empty();
	nft_sample_fill(r, 20000);
	CU_ASSERT_EQUAL(apply(r, &changed), 0);
	holds(r);
	CU_ASSERT_EQUAL(apply(few, &changed), 0);
	holds(few);
	CU_ASSERT_EQUAL(apply(r, &changed), 0);
	holds(r);
	ruleset_free(few);
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

	start_empty();
	nft_sample_fill(many, 3000);
	CU_ASSERT_EQUAL(nft_apply_known(channel, &known, few, &changed, &refusal), 0);
	CU_ASSERT_TRUE(changed);
	/* 3000 keys more in one map, asked for by key. */
	CU_ASSERT_EQUAL(nft_apply_known(channel, &known, many, &changed, &refusal), 0);
	CU_ASSERT_TRUE(changed);
	holds(known.ruleset);
	CU_ASSERT_EQUAL(known.generation, generation_now());
	/* Nothing to do; then a versioned map; then back. */
	for (int i = 0; i < 3; i++) {
		struct ruleset *r = i == 1 ? nft_sample_changed() : nft_sample();

		if (i == 0)
			nft_sample_fill(r, 3000);
		else
			nft_sample_fill(r, 2990);
		CU_ASSERT_EQUAL(nft_apply_known(channel, &known, r, &changed, &refusal),
		    0);
		CU_ASSERT_EQUAL(changed, i != 0);
		settles(&known);
	}
	/* Behind our back: the generation tells, the long way repairs. */
	for (size_t i = 0; i < sizeof(tampering) / sizeof(tampering[0]); i++) {
		struct ruleset *r = nft_sample();

		shell(tampering[i]);
		CU_ASSERT_EQUAL(nft_apply_known(channel, &known, r, &changed, &refusal),
		    0);
		settles(&known);
		CU_ASSERT_EQUAL(known.generation, generation_now());
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

	start_empty();
	CU_ASSERT_EQUAL(nft_apply_known(channel, &known, nft_sample(), &changed, &refusal), 0);
	CU_ASSERT_FATAL(known.ruleset->n_counters > 1);
	have = read_table();
	have->counters[1].packets = 1234;
	have->counters[1].bytes = 5000000000;
	ruleset_take_counts(known.ruleset, have);
	ruleset_free(have);
	shell("nft flush ruleset");
	CU_ASSERT_EQUAL(nft_known_restore(channel, &known, &changed, &refusal), 0);
	CU_ASSERT_TRUE(changed);
	have = read_table();
	CU_ASSERT_EQUAL(have->counters[0].packets, 0);
	CU_ASSERT_EQUAL(have->counters[1].packets, 1234);
	CU_ASSERT_EQUAL(have->counters[1].bytes, 5000000000);
	ruleset_free(have);
	/* nor by a change that came since */
	CU_ASSERT_EQUAL(nft_apply_known(channel, &known, nft_sample(), &changed, &refusal), 0);
	shell("nft flush ruleset");
	CU_ASSERT_EQUAL(nft_known_restore(channel, &known, &changed, &refusal), 0);
	have = read_table();
	CU_ASSERT_EQUAL(have->counters[1].packets, 1234);
	ruleset_free(have);
	nft_known_forget(&known);
}

/* Somebody who cannot wait, at one of the pauses of a change. */
struct urgent {
	struct nft_known *known;
	unsigned int at, pauses;
	struct ruleset *seen;		/* what was known then; not owned */
};

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
	CU_ASSERT_EQUAL(nft_apply_part(channel, u->known, is_noise, add_noise, NULL, &refusal),
	    0);
	return true;
}

/* Large, and with a stage. */
static struct ruleset *
large_change(void)
{
	struct ruleset *r = nft_sample_changed();

	nft_sample_fill(r, 3000);
	return r;
}

static void
a_large_change_pauses_for_what_cannot_wait(void)
{
	/* Behind the stage, the flip and the sweep; and never. */
	for (unsigned int at = 0; at < 4; at++) {
		struct nft_known known = { .ruleset = NULL };
		struct urgent u = { .known = &known, .at = at };
		struct ruleset *to = large_change();
		struct nft_refusal refusal;
		bool changed;
		int error;

		start_empty();
		CU_ASSERT_EQUAL(nft_apply_known(channel, &known, nft_sample(), &changed,
		    &refusal), 0);
		known.pause = hurry;
		known.pause_arg = &u;
		error = nft_apply_known(channel, &known, to, &changed, &refusal);
		CU_ASSERT_EQUAL(error, at == 0 ? -EINTR : 0);
		CU_ASSERT_EQUAL(u.pauses, at == 0 ? 1 : 3);
		if (at < 3)
			CU_ASSERT_EQUAL(u.seen == to, at > 0);
		if (error == -EINTR) {
			/* As before, with the urgent thing; and nothing of the stage. */
			settles(&known);
			CU_ASSERT_EQUAL(add_noise(to, NULL), 0);
			CU_ASSERT_EQUAL(nft_apply_known(channel, &known, to, &changed,
			    &refusal), 0);
		}
		CU_ASSERT_PTR_EQUAL(known.ruleset, to);
		settles(&known);
		CU_ASSERT_EQUAL(known.generation, generation_now());
		nft_known_forget(&known);
		CU_ASSERT_PTR_NOT_NULL(known.pause);
	}
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
elements_that_did_not_arrive_are_missed(void)
{
	struct meddler m = { .real = channel, .times = 1 };
	struct nft_channel through = { drop_elements, no_close, &m };
	struct ruleset *few = nft_sample(), *many = nft_sample();
	struct nft_known known = { .ruleset = NULL };
	struct nft_refusal refusal;
	bool changed;

	start_empty();
	nft_sample_fill(many, 10);
	CU_ASSERT_EQUAL(nft_apply_known(channel, &known, few, &changed, &refusal), 0);
	CU_ASSERT(nft_apply_known(&through, &known, many, &changed, &refusal) < 0);
	CU_ASSERT(m.batches > 0);
	CU_ASSERT_PTR_NULL(known.ruleset);
	ruleset_free(many);
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
		{ "moved elements pass into their new map",
		    moved_elements_pass_into_their_new_map },
		{ "a large change pauses for what cannot wait",
		    a_large_change_pauses_for_what_cannot_wait },
		{ "counters go on from what was read", counters_go_on_from_what_was_read },
		{ "a sweep may wait", a_sweep_may_wait },
		{ "a sweep that never came is made up for",
		    a_sweep_that_never_came_is_made_up_for },
		{ "a sweep that fails for good ends in a new table",
		    a_sweep_that_fails_for_good_ends_in_a_new_table },
		{ "tampering is seen and repaired", tampering_is_seen_and_repaired },
		{ "a foreign commit in between is noticed",
		    a_foreign_commit_in_between_is_noticed },
		{ "a lost answer is looked up", a_lost_answer_is_looked_up },
		{ "many elements arrive", many_elements_arrive },
		{ "what is known saves reading", what_is_known_saves_reading },
		{ "elements that did not arrive are missed",
		    elements_that_did_not_arrive_are_missed },
		CU_TEST_INFO_NULL,
	};
	int status;

	if (unshare(CLONE_NEWNET) == -1) {
		printf("no network namespace of our own (%s); run as root\n",
		    strerror(errno));
		return SKIPPED;
	}
	if (system("nft --version > /dev/null 2>&1") != 0) {
		printf("nft(8) is not installed\n");
		return SKIPPED;
	}
	channel = nft_channel_open();
	if (channel == NULL) {
		printf("no nf_tables socket (%s)\n", strerror(errno));
		return SKIPPED;
	}
	status = unit_main("nft_commit", tests);
	nft_channel_close(channel);
	return status;
}
