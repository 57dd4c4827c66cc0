/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow table changes nothing: random frames, sent again and again, over times at
 * which permits begin and end and over changes of the policy, once with a table so
 * small that entries push each other out and once without. Every judgement must be
 * the same, and every count. With the table many frames come at once, as those do that
 * are looked at ahead of their turn; without it they come one by one.
 *
 * SEKISHO_TEST_SEED repeats a run, SEKISHO_TEST_FRAMES changes its length.
 */
#include "agent/watch/decode.h"
#include "agent/watch/inspect.h"
#include "rules/limits.h"
#include "tests/unit/random_frame.h"
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRAMES		400000ull
#define FRAMES_OF_ONE	4000u	/* of one pair of policies */
#define POOL		96u
#define AT_ONCE		80u
#define SECOND		1000000000ll

struct answer {
	struct judgement judgement;
	uint8_t witness;
};

/* One packet path with all that hangs on it. */
struct side {
	struct places *places;
	struct aggregate *aggregate;
	struct inspect *inspect;
	struct answer answers[AT_ONCE];
	size_t n_answers, n_segments;
	uint64_t permitted[PLACE_ZONES_MAX][PLACE_ZONES_MAX];
};

struct policy_at_work {
	struct checked *checked;
	struct classifier *classifier;
	uint16_t place[LIMIT_SEGMENTS];
};

static uint64_t
number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL && *text != '\0' ? strtoull(text, NULL, 0) : otherwise;
}

static int
no_record(void *arg, const struct event *e)
{
	(void)arg;
	(void)e;
	return 0;
}

/* The pool was made for another policy, or is a twin. */
static uint16_t
segment_of(const struct side *s, uint16_t number)
{
	return number >= SEGMENT_SELF ? number : (uint16_t)(number % s->n_segments);
}

static void
place(void *arg, const struct inspect_frame *frame, struct facts *f,
    struct watch_seen *seen)
{
	const struct side *s = arg;
	uint16_t tap = segment_of(s, frame->where.tap);

	*seen = (struct watch_seen){ WITNESS_TAP_INGRESS, tap, SEGMENT_NONE, "",
	    WATCH_TAG_UNKNOWN };
	if (!frame->where.outgoing)
		return;
	*seen = (struct watch_seen){ WITNESS_TAP_EGRESS,
	    segment_of(s, frame->where.ingress), tap, "", WATCH_TAG_UNKNOWN };
	f->flags &= (uint16_t)~FACT_HAS_MAC;
}

static void
judged(void *arg, const struct inspected *p)
{
	struct side *s = arg;

	CU_ASSERT_FATAL(s->n_answers < AT_ONCE);
	s->answers[s->n_answers++] = (struct answer){ *p->judgement, p->seen->witness };
}

static void
side_open(struct side *s, size_t entries)
{
	struct inspect_setup setup = {
		.flow_entries = entries, .now = INSPECT_PACKET_TIME,
		.permitted = s->permitted,
		.hooks = { .arg = s, .place = place, .judged = judged },
	};

	memset(s, 0, sizeof(*s));
	s->places = places_new();
	s->aggregate = aggregate_new(s->places, 64, no_record, NULL);
	setup.places = s->places;
	setup.aggregate = s->aggregate;
	s->inspect = inspect_new(&setup);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s->inspect);
}

static void
side_close(struct side *s)
{
	inspect_free(s->inspect);
	aggregate_free(s->aggregate);
	places_free(s->places);
}

static void
side_take(struct side *s, struct policy_at_work *p)
{
	const struct inspect_policy policy = { p->checked, p->classifier, p->place, NULL,
	    NULL, 0 };

	s->n_segments = p->checked->n_segments;
	CU_ASSERT_EQUAL_FATAL(places_learn(s->places, p->checked, p->place), 0);
	CU_ASSERT_EQUAL_FATAL(inspect_set_policy(s->inspect, &policy), 0);
}

static bool
same(const struct answer *a, const struct answer *b)
{
	const struct judgement *x = &a->judgement, *y = &b->judgement;

	return a->witness == b->witness && x->verdict == y->verdict &&
	    x->permit == y->permit && x->in == y->in && x->out == y->out &&
	    (x->verdict != VERDICT_DENY || (x->zv == y->zv && x->action == y->action));
}

static bool
same_counts(const struct side *a, const struct side *b)
{
	const struct inspect_ledger *x = inspect_ledger(a->inspect);
	const struct inspect_ledger *y = inspect_ledger(b->inspect);

	return inspect_balanced(x) && inspect_balanced(y) && x->frames == y->frames &&
	    x->bytes == y->bytes && x->permitted == y->permitted && x->local == y->local &&
	    x->violations == y->violations && x->assumed == y->assumed &&
	    x->leaks == y->leaks &&
	    memcmp(x->unreadable, y->unreadable, sizeof(x->unreadable)) == 0 &&
	    memcmp(x->by_class, y->by_class, sizeof(x->by_class)) == 0 &&
	    memcmp(a->permitted, b->permitted, sizeof(a->permitted)) == 0;
}

/* Mostly a little later, near the moments at which random permits begin and end. */
static void
pass_time(struct dice *d, int64_t *now)
{
	unsigned int kind = dice_below(d, 1000);

	if (kind < 300)
		*now += dice_below(d, 10) * 1000000ll;
	else if (kind < 302)
		*now += (int64_t)dice_below(d, 200) * SECOND;
	else if (kind < 304)
		*now -= (int64_t)dice_below(d, 40) * SECOND;
	else if (kind < 310)
		*now = (RANDOM_NOW - 1) * SECOND + dice_below(d, 4) * (SECOND / 2);
}

static struct inspect_frame
shot_of(const struct random_frame *f, int64_t now)
{
	struct inspect_frame shot = {
		.bytes = f->bytes, .captured = f->captured, .length = f->length,
		/* permits begin with whole minutes, where a tick ends too */
		.link_type = DLT_EN10MB, .time_ns = now, .clock_ns = now + 7 * SECOND,
		.where = { .tap = f->in },
	};

	if (f->out < SEGMENT_SELF)
		shot.where = (struct flow_where){ .tap = f->out, .ingress = f->in,
		    .outgoing = true };
	return shot;
}

/* What the table is for: more often than not, and of flows that run. */
static void
plain_packet(struct dice *d, const struct checked *c, struct random_packet *p)
{
	random_packet(d, c, p);
	if (dice_chance(d, 40))
		return;
	p->facts.flags &= FACT_GROUP_MAC | FACT_HAS_MAC;
	p->facts.flags |= FACT_HAS_PORTS;
	p->facts.tcp_flags = TCP_FLAG_ACK;
	if (p->facts.protocol != IPPROTO_TCP)
		p->facts.protocol = IPPROTO_UDP;
}

/* The same once more but for one thing, which must not be mistaken for it. */
static void
twin(struct dice *d, const struct random_frame *of, struct random_frame *f)
{
	*f = *of;
	switch (dice_below(d, 6)) {
	case 0:
		f->bytes[0] ^= 1;	/* group MAC */
		break;
	case 1:
		f->bytes[6 + dice_below(d, 6)] ^= (uint8_t)(1u << dice_below(d, 8));
		break;
	case 2:
		f->out = f->out < SEGMENT_SELF ? SEGMENT_NONE : (uint16_t)dice_below(d, 3);
		break;
	case 3:
		f->in = (uint16_t)dice_below(d, 3);
		break;
	case 4:
		f->bytes[26 + dice_below(d, 8)] ^= (uint8_t)(1u << dice_below(d, 8));
		break;
	default:
		f->bytes[34 + dice_below(d, 4)] ^= (uint8_t)(1u << dice_below(d, 8));
		break;
	}
}

static void
fill_pool(struct dice *d, const struct checked *c, struct random_frame pool[POOL])
{
	for (unsigned int k = 0; k < POOL; k++) {
		struct random_packet p;

		plain_packet(d, c, &p);
		if (k > 0 && dice_chance(d, 40))
			twin(d, &pool[dice_below(d, k)], &pool[k]);
		else
			random_frame(d, &p, &pool[k]);
	}
}

/* All to one side at once, to the other one by one. False: what they said differs. */
static bool
show(struct side *with, struct side *without, const struct inspect_frame *shots, size_t n)
{
	with->n_answers = without->n_answers = 0;
	inspect_frames(with->inspect, shots, n);
	for (size_t i = 0; i < n; i++)
		inspect_frames(without->inspect, &shots[i], 1);
	if (with->n_answers != n || without->n_answers != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct judgement *a = &with->answers[i].judgement;
		const struct judgement *b = &without->answers[i].judgement;

		if (same(&with->answers[i], &without->answers[i]))
			continue;
		fprintf(stderr, "\nframe %zu of %zu: verdict %d permit %u, without the "
		    "table %d, %u\n", i, n, (int)a->verdict, a->permit,
		    (int)b->verdict, b->permit);
		return false;
	}
	return true;
}

/* False: the two differ; the seed is printed. */
static bool
run_pair(uint64_t seed, struct policy_at_work policies[2], uint64_t *by_table)
{
	struct dice d = { seed };
	struct random_frame pool[POOL];
	struct inspect_frame shots[AT_ONCE];
	struct side with, without;
	int64_t now = (RANDOM_NOW - 100) * SECOND;
	unsigned int at = 0;
	bool good = true;

	side_open(&with, dice_chance(&d, 50) ? 32 : 256);
	side_open(&without, 0);
	for (unsigned int i = 0, n = 0; i < FRAMES_OF_ONE && good; i++) {
		if (i % 250 == 0) {
			at = dice_below(&d, 2);
			side_take(&with, &policies[at]);
			side_take(&without, &policies[at]);
		}
		if (i % 1000 == 0)
			fill_pool(&d, policies[at].checked, pool);
		pass_time(&d, &now);
		/* some often, most seldom */
		shots[n++] = shot_of(&pool[dice_below(&d, 1 + dice_below(&d, POOL))], now);
		if (n < AT_ONCE && (i + 1) % 250 != 0 && !dice_chance(&d, 5))
			continue;
		good = show(&with, &without, shots, n);
		n = 0;
	}
	good = good && same_counts(&with, &without);
	if (!good)
		fprintf(stderr, "\nSEKISHO_TEST_SEED=%" PRIu64 " SEKISHO_TEST_FRAMES=1\n",
		    seed);
	*by_table += inspect_ledger(with.inspect)->by_table;
	side_close(&with);
	side_close(&without);
	return good;
}

static bool
make_policy(struct dice *d, struct policy_at_work *p)
{
	const struct random_size size = { 2 + dice_below(d, 3), 8, 3, 5, 12 };

	p->checked = random_checked(d, &size);
	p->classifier = p->checked != NULL ? classifier_new(p->checked) : NULL;
	return p->classifier != NULL;
}

static void
the_table_changes_nothing(void)
{
	uint64_t frames = number_from("SEKISHO_TEST_FRAMES", FRAMES);
	uint64_t seed = number_from("SEKISHO_TEST_SEED", (uint64_t)time(NULL) << 20);
	uint64_t by_table = 0, done = 0;
	bool good = true;

	for (; done < frames && good; seed++) {
		struct dice d = { seed };
		struct policy_at_work policies[2] = { 0 };

		if (make_policy(&d, &policies[0]) && make_policy(&d, &policies[1])) {
			good = run_pair(seed, policies, &by_table);
			done += FRAMES_OF_ONE;
		}
		for (int i = 0; i < 2; i++) {
			classifier_free(policies[i].classifier);
			checked_free(policies[i].checked);
		}
	}
	CU_ASSERT_TRUE(good);
	/* a table that never answers would pass all that */
	CU_ASSERT(frames < FRAMES || by_table > done / 40);
	fprintf(stderr, "%" PRIu64 " of %" PRIu64 " by the table ", by_table, done);
}

/* What has a key is a plain packet for the decoder, and the key has all of it. */
static void
a_key_is_what_decoding_finds(void)
{
	struct dice d = { number_from("SEKISHO_TEST_SEED", (uint64_t)time(NULL) << 20) };
	const struct random_size size = { 3, 12, 3, 6, 12 };
	const struct flow_where here = { 7, 9, true };
	struct checked *checked;
	size_t keys = 0;

	while ((checked = random_checked(&d, &size)) == NULL)
		;
	for (unsigned int i = 0; i < 200000; i++) {
		struct random_packet p;
		struct random_frame frame;
		struct decode_rest rest;
		struct flow_key k;
		struct facts f;

		plain_packet(&d, checked, &p);
		random_frame(&d, &p, &frame);
		if (!flow_key_read(frame.bytes, frame.captured, frame.length, &here, &k))
			continue;
		keys++;
		decode_frame(DLT_EN10MB, frame.bytes, frame.captured, frame.length, &f,
		    &rest);
		CU_ASSERT_EQUAL(f.unreadable, READABLE);
		CU_ASSERT_EQUAL(f.flags & ~FACT_GROUP_MAC, FACT_HAS_MAC | FACT_HAS_PORTS);
		CU_ASSERT_EQUAL((k.service & FLOW_KEY_GROUP_MAC) != 0,
		    (f.flags & FACT_GROUP_MAC) != 0);
		CU_ASSERT_EQUAL((k.service & FLOW_KEY_IPV6) != 0, f.src.family == IP_V6);
		CU_ASSERT_EQUAL(k.service >> 8 & 0xff, f.protocol);
		CU_ASSERT_EQUAL(k.service >> 16 & 0xffff, here.tap);
		CU_ASSERT_EQUAL(k.origin & 0xffff, here.ingress);
		CU_ASSERT_EQUAL(f.tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_FIN | TCP_FLAG_RST),
		    0);
		CU_ASSERT_EQUAL(f.vlan[0], 0);
	}
	CU_ASSERT(keys > 10000);
	checked_free(checked);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "the flow table changes no judgement and no count",
		  the_table_changes_nothing },
		{ "a key is what decoding finds", a_key_is_what_decoding_finds },
		CU_TEST_INFO_NULL,
	};

	return unit_main("inspect_random", tests);
}
