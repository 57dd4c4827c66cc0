/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The classifier against the oracle, on policies and packets made by dice: both
 * must say the same of every packet, to the last field.
 *
 * SEKISHO_TEST_SEED repeats a run, SEKISHO_TEST_JUDGEMENTS changes its length.
 */
#include "rules/classifier.h"
#include "tests/unit/oracle.h"
#include "tests/unit/random_policy.h"
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define JUDGEMENTS 2000000ull
/* Of one policy: two for each packet. */
#define JUDGEMENTS_OF_ONE 2000u

/* What was seen, so that a run that met nothing of interest is no success. */
struct tally {
	uint64_t judgements, policies, refused_policies;
	uint64_t verdicts[3], classes[ZV_COUNT], actions[ACTION_COUNT];
	uint64_t concerned, opens;
};

struct run {
	uint64_t seed;			/* of this policy */
	struct checked *checked;
	struct classifier *classifier;
	struct oracle *oracle;
	struct ip_addr own[4];
	size_t n_own;
	struct tally *tally;
};

static uint64_t
number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL && *text != '\0' ? strtoull(text, NULL, 0) : otherwise;
}

static const char *
address(const struct ip_addr *a, char *buf)
{
	return a->family == IP_NONE ? "none" : address_print(a, buf);
}

static void
print_judgement(const char *who, const struct judgement *j)
{
	fprintf(stderr, "  %s: verdict %d %s %s permit %" PRIu32 " in %u out %u\n", who,
	    (int)j->verdict, violation_class_id(j->zv), violation_action_name(j->action),
	    j->permit, j->in, j->out);
}

static void
explain(const struct run *r, const struct random_packet *p, bool any,
    const struct judgement *is, const struct judgement *want)
{
	const struct facts *f = &p->facts;
	char a[IP_RANGE_TEXT_SIZE], b[IP_RANGE_TEXT_SIZE];

	fprintf(stderr, "\nSEKISHO_TEST_SEED=%" PRIu64 " SEKISHO_TEST_JUDGEMENTS=%u\n",
	    r->seed, JUDGEMENTS_OF_ONE);
	fprintf(stderr,
	    "  %s > %s protocol %u %u>%u flags %#x tcp %#x hop %u unreadable %u\n",
	    address(&f->src, a), address(&f->dst, b), f->protocol, f->sport, f->dport,
	    f->flags, f->tcp_flags, f->hop_limit, f->unreadable);
	fprintf(stderr, "  quoted %s > %s protocol %u %u>%u\n",
	    address(&f->quoted_src, a), address(&f->quoted_dst, b), f->quoted_protocol,
	    f->quoted_sport, f->quoted_dport);
	fprintf(stderr, "  in %u out %u now %" PRId64 "%s\n", p->in, p->out, p->now,
	    any ? " any" : "");
	print_judgement("classifier", is);
	print_judgement("oracle    ", want);
}

static bool
agree(const struct judgement *a, const struct judgement *b)
{
	return a->verdict == b->verdict && a->zv == b->zv && a->action == b->action &&
	    a->permit == b->permit && a->in == b->in && a->out == b->out;
}

static bool
judge_both(const struct run *r, const struct random_packet *p, bool any)
{
	struct judgement is, want;

	if (any)
		classifier_judge_any(
		    r->classifier, &p->facts, p->in, p->out, p->now, &is);
	else
		classifier_judge(r->classifier, &p->facts, p->in, p->out, p->now, &is);
	oracle_judge(r->oracle, &p->facts, p->in, p->out, p->now, any, &want);

	r->tally->judgements++;
	r->tally->verdicts[want.verdict]++;
	r->tally->classes[want.zv]++;
	r->tally->actions[want.action]++;
	r->tally->concerned += want.verdict == VERDICT_DENY && want.permit != 0;
	if (!agree(&is, &want)) {
		explain(r, p, any, &is, &want);
		return false;
	}
	if (!is.opens)
		return true;
	/* then an opening may come the same way */
	r->tally->opens++;
	oracle_judge(r->oracle, &p->facts, p->in, p->out, p->now, false, &want);
	if (!agree(&is, &want))
		explain(r, p, false, &is, &want);
	return agree(&is, &want);
}

static bool
judge_packets(struct run *r, struct dice *d)
{
	for (unsigned int i = 0; i < JUDGEMENTS_OF_ONE / 2; i++) {
		struct random_packet p;

		random_packet(d, r->checked, &p);
		if (!judge_both(r, &p, false) || !judge_both(r, &p, true))
			return false;
	}
	return true;
}

/* The gateway's addresses that are not in the policy. */
static void
choose_own(struct run *r, struct dice *d)
{
	const struct checked *c = r->checked;

	r->n_own = 0;
	for (unsigned int n = dice_below(d, 4); n > 0 && c->n_owned > 0; n--) {
		const struct ip_range *range =
		    &c->owned[dice_below(d, (unsigned int)c->n_owned)].range;

		r->own[r->n_own++] = (struct ip_addr){ range->first, range->family };
	}
}

static bool
judge_policy(struct run *r, struct dice *d)
{
	bool good;

	choose_own(r, d);
	r->classifier = classifier_new(r->checked);
	r->oracle = oracle_new(r->checked->policy, r->own, r->n_own);
	good = r->classifier != NULL && r->oracle != NULL &&
	    classifier_set_own(r->classifier, r->own, r->n_own) == 0;
	if (good)
		good = judge_packets(r, d);
	classifier_free(r->classifier);
	oracle_free(r->oracle);
	r->tally->policies++;
	return good;
}

static bool
one_round(uint64_t seed, struct tally *tally)
{
	struct run r = { .seed = seed, .tally = tally };
	struct dice d = { seed };
	struct random_size small = { 4, 12, 4, 8, 16 }, large = { 6, 60, 10, 20, 120 };
	bool good = true;

	r.checked = random_checked(&d, seed % 16 == 0 ? &large : &small);
	if (r.checked != NULL)
		good = judge_policy(&r, &d);
	else
		tally->refused_policies++;
	checked_free(r.checked);
	return good;
}

static void
print_tally(const struct tally *t)
{
	printf("\n    %" PRIu64 " judgements of %" PRIu64 " policies (%" PRIu64
	    " more were refused): %" PRIu64 " denied, %" PRIu64 " permitted, %" PRIu64
	    " local;", t->judgements, t->policies, t->refused_policies,
	    t->verdicts[VERDICT_DENY], t->verdicts[VERDICT_PERMIT],
	    t->verdicts[VERDICT_LOCAL]);
	for (int i = ZV_NONE + 1; i < ZV_COUNT; i++)
		if (t->classes[i] != 0)
			printf(" %s %" PRIu64,
			    violation_class_id((enum violation_class)i), t->classes[i]);
	printf("\n");
}

static void
classifier_and_oracle_say_the_same(void)
{
	uint64_t seed = number_from("SEKISHO_TEST_SEED", (uint64_t)time(NULL) * 1000);
	uint64_t wanted = number_from("SEKISHO_TEST_JUDGEMENTS", JUDGEMENTS);
	struct tally t = { 0 };
	bool good = true;

	for (uint64_t i = 0; good && t.judgements < wanted; i++)
		good = one_round(seed + i, &t);
	CU_ASSERT_TRUE(good);
	print_tally(&t);
	if (!good || wanted < JUDGEMENTS)
		return;

	CU_ASSERT(t.refused_policies < t.policies);
	CU_ASSERT(t.verdicts[VERDICT_PERMIT] > wanted / 20);
	CU_ASSERT(t.verdicts[VERDICT_DENY] > wanted / 20);
	CU_ASSERT(t.verdicts[VERDICT_LOCAL] > wanted / 200);
	CU_ASSERT(t.classes[ZV_01_ZONE_CROSSING] > 100);
	CU_ASSERT(t.classes[ZV_02_NOT_PERMITTED] > 100);
	CU_ASSERT(t.classes[ZV_03_SPOOFED] > 100);
	CU_ASSERT(t.classes[ZV_08_INTERNET_BOUND] > 100);
	CU_ASSERT(t.classes[ZV_09_SANITISER_BYPASS] > 100);
	CU_ASSERT(t.actions[ACTION_WRONG_MAC] > 100);
	CU_ASSERT(t.actions[ACTION_TUNNEL] > 100);
	CU_ASSERT(t.actions[ACTION_UNCLASSIFIABLE] > 100);
	CU_ASSERT(t.concerned > 100);
	CU_ASSERT(t.opens > 100);
}

int
main(void)
{
	CU_TestInfo tests[] = {
	    {"classifier and oracle say the same", classifier_and_oracle_say_the_same},
	    CU_TEST_INFO_NULL,
	};

	return unit_main("classifier, random", tests);
}
