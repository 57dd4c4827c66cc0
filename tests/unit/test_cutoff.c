/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orders to parts, parts to a ruleset and back, the judge, and texts that may be hostile. */
#include "rules/cutoff.h"

#include "agent/control/control_cutoff_internal.h"
#include "rules/compile.h"
#include "rules/cutoff_judge.h"
#include "rules/cutoff_ruleset.h"
#include "rules/cutoff_text.h"
#include "rules/policy_parse.h"
#include "rules/ruleset_diff.h"
#include "rules/ruleset_part.h"
#include "tests/unit/ruleset_model.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] =
    "schema = 1;\n"
    "zones = ( { name = \"a\"; class = \"intra\"; segments = (\n"
    "  { interface = \"a0\"; networks = [ \"10.1.0.0/16\", \"2001:db8:1::/48\" ]; },\n"
    "  { interface = \"a1\"; networks = [ \"10.2.0.0/16\" ]; } ); },\n"
    " { name = \"b\"; class = \"intra\"; segments = (\n"
    "  { interface = \"b0\"; networks = [ \"10.3.0.0/16\" ]; } ); },\n"
    " { name = \"m\"; class = \"mgmt\"; segments = (\n"
    "  { interface = \"m0\"; networks = [ \"10.9.0.0/16\" ]; } ); } );\n"
    "hosts = ( { name = \"h\"; zone = \"a\"; addresses = [ \"10.1.0.7\", \"10.2.0.0/24\",\n"
    "  \"2001:db8:1::7\" ]; } );\n"
    "services = ( { name = \"web\"; protocol = \"tcp\"; ports = [ \"80\" ]; } );\n"
    "permits = ( { id = \"T1\"; from = [ \"a\" ]; to = [ \"b\" ]; services = [ \"web\" ];\n"
    "  purpose = \"p\"; request = \"r\"; approved_by = \"x\"; } );\n";

static struct checked *
check(void)
{
	struct diag *diag = diag_new();
	struct policy *policy = policy_parse_text(text, sizeof(text) - 1, "policy", diag);
	struct checked *c = policy == NULL ? NULL : checked_new(policy, 0, diag);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	diag_free(diag);
	return c;
}

static struct ruleset *
gate(const struct checked *c)
{
	struct diag *diag = diag_new();
	struct ruleset *r = compile(c, diag);

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	diag_free(diag);
	return r;
}

static struct cutoff *
order(struct cutoffs *l, const struct checked *c, enum cutoff_kind kind, const char *what,
    const char *with)
{
	struct cutoff *o = cutoffs_add(l);

	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	o->kind = kind;
	snprintf(o->what[0], sizeof(o->what[0]), "%s", what);
	snprintf(o->what[1], sizeof(o->what[1]), "%s", with);
	CU_ASSERT_EQUAL(cutoff_resolve(o, c), 0);
	return o;
}

static struct ip_addr
address(const char *word)
{
	struct ip_addr a = { 0 };

	CU_ASSERT_EQUAL(address_parse(word, &a), ADDRESS_OK);
	return a;
}

/* ---- orders ---------------------------------------------------------------------- */

static void
names_become_parts(void)
{
	static const struct {
		enum cutoff_kind kind;
		const char *what, *with, *parts;
		bool management;
	} rows[] = {
		{ CUTOFF_ZONE, "a", "", "link a0\nlink a1\n", false },
		{ CUTOFF_ZONE, "m", "", "link m0\n", true },
		{ CUTOFF_PAIR, "b", "a", "pair a0 b0\npair a1 b0\npair b0 a0\npair b0 a1\n",
		    false },
		{ CUTOFF_PAIR, "a", "a", "pair a0 a1\npair a1 a0\n", false },
		{ CUTOFF_HOST, "h", "",
		    "range 10.1.0.7\nrange 10.2.0.0/24\nrange 2001:db8:1::7\n", false },
		{ CUTOFF_ADDRESS, "10.9.0.0/24", "", "range 10.9.0.0/24\n", true },
		{ CUTOFF_ADDRESS, "10.9.0.5", "", "range 10.9.0.5\n", false },
		{ CUTOFF_ADDRESS, "0.0.0.0/0", "", "range 0.0.0.0/0\n", true },
		{ CUTOFF_ALL, "", "", "all\n", false },
	};
	struct checked *c = check();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cutoffs l = { .items = NULL };
		struct cutoff *o = order(&l, c, rows[i].kind, rows[i].what, rows[i].with);
		char *parts = cut_parts_string(&o->parts);

		CU_ASSERT_STRING_EQUAL(parts, rows[i].parts);
		CU_ASSERT_EQUAL(cutoff_hits_management(o, c), rows[i].management);
		free(parts);
		cutoffs_free(&l);
	}
	checked_free(c);
}

static void
what_is_not_there_is_an_error(void)
{
	static const struct {
		enum cutoff_kind kind;
		const char *what;
		int error;
	} rows[] = {
		{ CUTOFF_ZONE, "nowhere", -ENOENT }, { CUTOFF_HOST, "nobody", -ENOENT },
		{ CUTOFF_PAIR, "a", -ENOENT }, { CUTOFF_ADDRESS, "10.1.0.0/33", -EINVAL },
		{ CUTOFF_ADDRESS, "", -EINVAL }, { CUTOFF_NONE, "a", -EINVAL },
	};
	struct checked *c = check();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cutoff o = { .kind = rows[i].kind };

		snprintf(o.what[0], sizeof(o.what[0]), "%s", rows[i].what);
		CU_ASSERT_EQUAL(cutoff_resolve(&o, c), rows[i].error);
		CU_ASSERT_TRUE(cut_parts_empty(&o.parts));
		cutoff_free(&o);
	}
	checked_free(c);
}

/* An order keeps what it has come to, though the policy forgets its zone. */
static void
an_order_never_shrinks(void)
{
	struct checked *c = check();
	struct cutoffs l = { .items = NULL };
	struct cutoff *o = order(&l, c, CUTOFF_ZONE, "a", "");
	struct cut_parts all;
	char *parts;

	snprintf(o->what[0], sizeof(o->what[0]), "gone");
	CU_ASSERT_EQUAL(cutoff_resolve(o, c), -ENOENT);
	CU_ASSERT_EQUAL(o->parts.n_links, 2);
	snprintf(o->what[0], sizeof(o->what[0]), "b");
	CU_ASSERT_EQUAL(cutoffs_union(&l, c, &all), 0);
	parts = cut_parts_string(&all);
	CU_ASSERT_STRING_EQUAL(parts, "link a0\nlink a1\nlink b0\n");
	free(parts);
	cut_parts_free(&all);
	/* all: the gateway itself is left to the management */
	(void)order(&l, c, CUTOFF_ALL, "", "");
	CU_ASSERT_EQUAL(cutoffs_union(&l, c, &all), 0);
	parts = cut_parts_string(&all);
	CU_ASSERT_STRING_EQUAL(parts, "all\nlink a0\nlink a1\nlink b0\n");
	free(parts);
	cut_parts_free(&all);
	cutoffs_free(&l);
	checked_free(c);
}

static void
ids_are_not_given_twice(void)
{
	struct cutoffs l = { .items = NULL };

	for (uint32_t i = 1; i <= LIMIT_CUTOFFS; i++) {
		struct cutoff *o = cutoffs_add(&l);

		CU_ASSERT_PTR_NOT_NULL_FATAL(o);
		CU_ASSERT_EQUAL(o->id, i);
	}
	CU_ASSERT_PTR_NULL(cutoffs_add(&l));
	cutoffs_remove(&l, 7);
	CU_ASSERT_PTR_NULL(cutoffs_find(&l, 7));
	CU_ASSERT_EQUAL(cutoffs_add(&l)->id, LIMIT_CUTOFFS + 1);
	cutoffs_free(&l);
}

/* ---- the ruleset ------------------------------------------------------------------ */

static const char *const samples[] = {
	"", "all\n", "link a0\n", "pair a0 b0\n", "range 10.1.0.7\n",
	"range 10.1.0.0/24\n", "range 2001:db8:1::-2001:db8:1::9\nrange 2001:db8:1::77\n",
	"all\nlink a0\npair a1 b0\nrange 10.1.0.7\nrange 10.2.0.0/24\nrange 2001:db8::/64\n",
};

#define N_SAMPLES (sizeof(samples) / sizeof(samples[0]))

static void
parse(const char *sample, struct cut_parts *out)
{
	CU_ASSERT_EQUAL_FATAL(cut_parts_parse(sample, strlen(sample), out), 0);
}

static void
a_ruleset_holds_what_was_written(void)
{
	struct checked *c = check();
	struct ruleset *plain = gate(c);

	for (size_t i = 0; i < N_SAMPLES; i++) {
		struct ruleset *r = gate(c);
		struct cut_parts parts, have;
		char *said;

		parse(samples[i], &parts);
		CU_ASSERT_EQUAL(cutoff_write(r, &parts), 0);
		CU_ASSERT_EQUAL(ruleset_equal(plain, r, NULL), i == 0);
		CU_ASSERT_EQUAL(cutoff_read(r, &have), 0);
		said = cut_parts_string(&have);
		CU_ASSERT_STRING_EQUAL(said, samples[i]);
		free(said);
		cut_parts_free(&have);
		/* and nothing of it stays behind */
		cut_parts_free(&parts);
		CU_ASSERT_EQUAL(cutoff_write(r, &parts), 0);
		CU_ASSERT_TRUE(ruleset_equal(plain, r, NULL));
		ruleset_free(r);
	}
	ruleset_free(plain);
	checked_free(c);
}

/* By the model of the kernel: from every sample to every other, as a part alone. */
static void
a_part_brings_the_whole_there(void)
{
	struct checked *c = check();

	for (size_t i = 0; i < N_SAMPLES * N_SAMPLES; i++) {
		struct ruleset *whole = gate(c), *from, *to;
		struct ruleset_change *change;
		struct ruleset *kernel;
		struct cut_parts a, b;

		parse(samples[i / N_SAMPLES], &a);
		parse(samples[i % N_SAMPLES], &b);
		CU_ASSERT_EQUAL(cutoff_write(whole, &a), 0);
		ruleset_settle(whole, NULL);
		kernel = model_new(whole);
		from = ruleset_part(whole, cutoff_concerns);
		to = ruleset_part(whole, cutoff_concerns);
		CU_ASSERT_EQUAL(cutoff_write(to, &b), 0);
		ruleset_settle(to, from);
		change = ruleset_diff(from, to);
		CU_ASSERT_PTR_NULL(model_take(kernel, &change->stage, from));
		CU_ASSERT_PTR_NULL(model_take(kernel, &change->flip, NULL));
		CU_ASSERT_PTR_NULL(model_take(kernel, &change->sweep, NULL));
		CU_ASSERT_EQUAL(ruleset_put_part(whole, to, cutoff_concerns), 0);
		ruleset_sort(kernel);
		CU_ASSERT_TRUE(ruleset_equal(whole, kernel, NULL));
		ruleset_change_free(change);
		ruleset_free(kernel);
		ruleset_free(from);
		ruleset_free(to);
		ruleset_free(whole);
		cut_parts_free(&a);
		cut_parts_free(&b);
	}
	checked_free(c);
}

static void
a_hash_cut_is_one_batch(void)
{
	struct checked *c = check();
	struct ruleset *from = gate(c), *to = gate(c);
	struct ruleset_change *change;
	struct cut_parts parts;

	parse("link a0\npair a0 b0\nrange 10.1.0.7\n", &parts);
	CU_ASSERT_EQUAL(cutoff_write(to, &parts), 0);
	ruleset_settle(to, from);
	change = ruleset_diff(from, to);
	CU_ASSERT_EQUAL(change->stage.count, 0);
	CU_ASSERT_EQUAL(change->sweep.count, 0);
	CU_ASSERT_EQUAL(change->elements_added, 3);
	CU_ASSERT_EQUAL(change->elements_removed, 0);
	ruleset_change_free(change);
	ruleset_free(from);
	ruleset_free(to);
	cut_parts_free(&parts);
	checked_free(c);
}

/* ---- the judge -------------------------------------------------------------------- */

static void
the_judge_agrees_with_the_gate(void)
{
	enum { A0 = 0, A1 = 1, B0 = 2, M0 = 3 };
	static const struct {
		const char *parts, *src, *dst;
		uint16_t in, out;
		bool cut;
	} rows[] = {
		{ "link a0\n", "10.1.0.1", "10.3.0.1", A0, B0, true },
		{ "link a0\n", "10.3.0.1", "10.1.0.1", B0, A0, true },
		{ "link a0\n", "10.2.0.1", "10.3.0.1", A1, B0, false },
		{ "link a0\n", "10.1.0.1", "10.1.0.254", A0, SEGMENT_SELF, true },
		{ "link a0\n", "10.3.0.1", "10.1.0.254", B0, SEGMENT_SELF, false },
		{ "pair a0 b0\n", "10.1.0.1", "10.3.0.1", A0, B0, true },
		{ "pair a0 b0\n", "10.3.0.1", "10.1.0.1", B0, A0, false },
		{ "pair a0 b0\n", "10.1.0.1", "10.1.0.254", A0, SEGMENT_SELF, false },
		{ "range 10.1.0.7\n", "10.1.0.7", "10.3.0.1", A0, B0, true },
		{ "range 10.1.0.7\n", "10.3.0.1", "10.1.0.7", B0, A0, true },
		{ "range 10.1.0.7\n", "10.1.0.8", "10.3.0.1", A0, B0, false },
		{ "range 10.1.0.0/24\n", "10.1.0.255", "10.3.0.1", A0, SEGMENT_NONE, true },
		/* the gateway's own address in a network that is cut: others reach it */
		{ "range 10.1.0.0/24\n", "10.3.0.1", "10.1.0.254", B0, SEGMENT_SELF, false },
		{ "range 10.1.0.0/24\n", "10.1.0.254", "10.3.0.1", SEGMENT_SELF, B0, false },
		{ "range 10.1.0.0/24\n", "10.1.0.254", "10.1.0.7", SEGMENT_SELF, A0, true },
		{ "range 2001:db8:1::7\n", "10.1.0.7", "10.3.0.1", A0, B0, false },
		{ "all\n", "10.1.0.7", "10.3.0.1", A0, B0, true },
		{ "all\n", "10.9.0.7", "10.9.0.254", M0, SEGMENT_SELF, false },
		{ "link nowhere0\n", "10.1.0.7", "10.3.0.1", A0, B0, false },
		{ "", "10.1.0.7", "10.3.0.1", A0, B0, false },
	};
	struct checked *c = check();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip_addr src = address(rows[i].src), dst = address(rows[i].dst);
		struct cut_parts parts;
		struct cutoff_judge *j;

		parse(rows[i].parts, &parts);
		j = cutoff_judge_new(&parts, c);
		CU_ASSERT_PTR_NOT_NULL_FATAL(j);
		if (cutoff_judge_holds(j, rows[i].in, rows[i].out, &src, &dst) != rows[i].cut)
			fprintf(stderr, "row %zu\n", i);
		CU_ASSERT_EQUAL(cutoff_judge_holds(j, rows[i].in, rows[i].out, &src, &dst),
		    rows[i].cut);
		CU_ASSERT_FALSE(cutoff_judge_holds(NULL, rows[i].in, rows[i].out, &src, &dst));
		cutoff_judge_free(j);
		cut_parts_free(&parts);
	}
	checked_free(c);
}

/* ---- texts ------------------------------------------------------------------------ */

static void
bad_texts_are_refused(void)
{
	static const char *const bad[] = {
		"all", "ALL\n", "link\n", "link \n", "link a/b\n", "link a b\n",
		"link 1234567890123456\n", "pair a0\n", "pair a0 \n", "pair a0 b0 c0\n",
		"range 10.0.0.1/24\n", "range 10.0.0.9-10.0.0.1\n", "range x\n", "\n",
		"link a0\nnonsense\n", "link ..\n",
	};
	struct cut_parts parts;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT_EQUAL(cut_parts_parse(bad[i], strlen(bad[i]), &parts), -EPROTO);
		CU_ASSERT_TRUE(cut_parts_empty(&parts));
	}
	CU_ASSERT_EQUAL(cut_parts_parse("link a\0b\n", 9, &parts), -EPROTO);
}

static void
ranges_that_meet_become_one(void)
{
	static const char many[] = "range 10.0.0.0/25\nrange 10.0.0.128/25\nrange 10.0.1.0\n"
	    "range 10.0.0.7\nrange 0.0.0.0\nrange ::-::ff\nlink b\nlink a\nlink b\n";
	struct cut_parts parts;
	char *said;

	parse(many, &parts);
	said = cut_parts_string(&parts);
	CU_ASSERT_STRING_EQUAL(said, "link a\nlink b\nrange 0.0.0.0\n"
	    "range 10.0.0.0-10.0.1.0\nrange ::/120\n");
	free(said);
	cut_parts_free(&parts);
}

/* What the state folder gives back is what stood; anything else is no state at all. */
static void
a_state_comes_back_whole(void)
{
	static const char *const damage[] = { "schema", "last_id", "orders" };
	static const char *const of_order[] = { "id", "kind", "what", "with", "parts",
		"link_down", "downed", "since_ns", "person", "reason", "actor" };
	struct checked *c = check();
	struct cutoffs l = { .items = NULL }, again;
	json_t *state, *other;

	(void)order(&l, c, CUTOFF_HOST, "h", "");
	cutoffs_remove(&l, order(&l, c, CUTOFF_ALL, "", "")->id);
	(void)order(&l, c, CUTOFF_PAIR, "a", "b");
	state = cutoff_state_json(&l);
	CU_ASSERT_EQUAL_FATAL(cutoff_state_parse(state, &again), 0);
	other = cutoff_state_json(&again);
	CU_ASSERT_TRUE(json_equal(state, other));
	CU_ASSERT_EQUAL(again.last_id, 3);
	json_decref(other);
	cutoffs_free(&again);
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		other = json_deep_copy(state);
		json_object_del(other, damage[i]);
		CU_ASSERT_TRUE(cutoff_state_parse(other, &again) < 0);
		CU_ASSERT_EQUAL(again.n, 0);
		json_decref(other);
	}
	for (size_t i = 0; i < sizeof(of_order) / sizeof(of_order[0]); i++) {
		other = json_deep_copy(state);
		json_object_del(json_array_get(json_object_get(other, "orders"), 1),
		    of_order[i]);
		CU_ASSERT_TRUE(cutoff_state_parse(other, &again) < 0);
		CU_ASSERT_EQUAL(again.n, 0);
		json_decref(other);
	}
	json_decref(state);
	cutoffs_free(&l);
	checked_free(c);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "names become parts", names_become_parts },
		{ "what is not there is an error", what_is_not_there_is_an_error },
		{ "an order never shrinks", an_order_never_shrinks },
		{ "ids are not given twice", ids_are_not_given_twice },
		{ "a ruleset holds what was written", a_ruleset_holds_what_was_written },
		{ "a part brings the whole there", a_part_brings_the_whole_there },
		{ "a hash cut is one batch", a_hash_cut_is_one_batch },
		{ "the judge agrees with the gate", the_judge_agrees_with_the_gate },
		{ "bad texts are refused", bad_texts_are_refused },
		{ "ranges that meet become one", ranges_that_meet_become_one },
		{ "a state comes back whole", a_state_comes_back_whole },
		CU_TEST_INFO_NULL,
	};

	return unit_main("cutoff", tests);
}
