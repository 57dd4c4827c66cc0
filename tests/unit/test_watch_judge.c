/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/watch_judge.h"
#include "agent/watch/watch_policy.h"
#include "rules/compile.h"
#include "tests/unit/unit.h"

#include <net/ethernet.h>
#include <string.h>

#define NOW 1763700000

enum { MN, LG, EX };	/* segments, in the order of the text */

static const char text[] =
    "schema = 1; site = { name = \"s\"; gateway = \"g\"; };"
    "zones = ("
    " { name = \"mn\"; class = \"mynumber\"; segments = ( { interface = \"mn0\";"
    "   networks = [ \"10.1.0.0/24\" ]; gateway = [ \"10.1.0.1\" ]; } ); },"
    " { name = \"lg\"; class = \"lgwan\"; segments = ( { interface = \"lg0\";"
    "   networks = [ \"10.2.0.0/24\" ]; gateway = [ \"10.2.0.1\" ]; } ); },"
    " { name = \"ex\"; class = \"external\"; segments = ( { interface = \"ex0\";"
    "   networks = [ \"10.3.0.0/24\" ]; } ); } );"
    "hosts = ( { name = \"a\"; zone = \"mn\"; addresses = [ \"10.1.0.2\" ]; },"
    " { name = \"b\"; zone = \"ex\"; addresses = [ \"10.3.0.2\" ]; } );"
    "services = ( { name = \"web\"; protocol = \"tcp\"; ports = [ \"443\" ]; } );"
    "permits = ( { id = \"T1\"; from = [ \"a\" ]; to = [ \"b\" ]; services = [ \"web\" ];"
    "   purpose = \"p\"; request = \"r\"; approved_by = \"o\"; } );";

#define SYN TCP_FLAG_SYN
#define ACK TCP_FLAG_ACK
#define RST TCP_FLAG_RST
#define SELF SEGMENT_SELF
#define NONE SEGMENT_NONE
#define IN WITNESS_TAP_INGRESS
#define OUT WITNESS_TAP_EGRESS
#define GATE WITNESS_GATE

static const struct row {
	const char *what;
	uint8_t witness;
	uint16_t in, out;
	const char *reason;
	const char *src, *dst;		/* NULL: not IP */
	uint8_t protocol, tcp_flags;
	uint16_t sport, dport;
	uint16_t flags;
	enum verdict verdict;
	enum violation_class zv;
	enum violation_action action;
} rows[] = {
	{ "permitted opening comes", IN, MN, NONE, "", "10.1.0.2", "10.3.0.2", 6, SYN, 9,
	  443, 0, VERDICT_PERMIT, ZV_NONE, ACTION_ATTEMPT },
	{ "permitted opening leaves", OUT, MN, EX, "", "10.1.0.2", "10.3.0.2", 6, SYN, 9,
	  443, 0, VERDICT_PERMIT, ZV_NONE, ACTION_ATTEMPT },
	{ "its answer leaves", OUT, EX, MN, "", "10.3.0.2", "10.1.0.2", 6, SYN | ACK, 443,
	  9, 0, VERDICT_PERMIT, ZV_NONE, ACTION_ATTEMPT },
	{ "permitted addresses, another wire", OUT, LG, EX, "", "10.1.0.2", "10.3.0.2", 6,
	  SYN, 9, 443, 0, VERDICT_DENY, ZV_03_SPOOFED, ACTION_SPOOFED_SOURCE },
	{ "permitted addresses, left by another wire", OUT, MN, LG, "", "10.1.0.2",
	  "10.3.0.2",
	  6, SYN, 9, 443, 0, VERDICT_DENY, ZV_01_ZONE_CROSSING, ACTION_ATTEMPT },
	{ "pair without permit", IN, MN, NONE, "", "10.1.0.2", "10.2.0.2", 6, SYN, 9, 443,
	  0, VERDICT_DENY, ZV_01_ZONE_CROSSING, ACTION_ATTEMPT },
	{ "hairpin to its own wire", OUT, MN, MN, "", "10.1.0.2", "10.1.0.3", 6, SYN, 9,
	  80, 0, VERDICT_LOCAL, ZV_NONE, ACTION_ATTEMPT },
	{ "frames of one wire among themselves", IN, MN, NONE, "", "10.1.0.2", "10.1.0.3",
	  6, SYN, 9, 80, 0, VERDICT_LOCAL, ZV_NONE, ACTION_ATTEMPT },
	{ "the gateway opens", OUT, SELF, MN, "", "10.1.0.1", "10.1.0.2", 6, SYN, 9, 22,
	  0, VERDICT_DENY, ZV_02_NOT_PERMITTED, ACTION_ATTEMPT },
	{ "the gateway resets", OUT, SELF, MN, "", "10.1.0.1", "10.1.0.2", 6, RST | ACK,
	  22, 9, 0, VERDICT_LOCAL, ZV_NONE, ACTION_ATTEMPT },
	{ "the gateway answers an echo", OUT, SELF, MN, "", "10.1.0.1", "10.1.0.2", 1, 0,
	  0, 0, 0, VERDICT_LOCAL, ZV_NONE, ACTION_ATTEMPT },
	{ "the gateway pings", OUT, SELF, MN, "", "10.1.0.1", "10.1.0.2", 1, 0, 0x0800, 0,
	  0, VERDICT_DENY, ZV_02_NOT_PERMITTED, ACTION_ATTEMPT },
	{ "the gateway says it was prohibited", OUT, SELF, MN, "", "10.1.0.1", "10.1.0.2",
	  1, 0, 0x030d, 0, 0, VERDICT_LOCAL, ZV_NONE, ACTION_ATTEMPT },
	/* not IP */
	{ "spanning tree comes", IN, MN, NONE, "", NULL, NULL, 0, 0, 0, 0, FACT_GROUP_MAC,
	  VERDICT_LOCAL, ZV_NONE, ACTION_ATTEMPT },
	{ "a strange frame for us comes", IN, MN, NONE, "", NULL, NULL, 0, 0, 0, 0, 0,
	  VERDICT_DENY, ZV_02_NOT_PERMITTED, ACTION_UNCLASSIFIABLE },
	{ "the gateway's own strange frame", OUT, SELF, MN, "", NULL, NULL, 0, 0, 0, 0, 0,
	  VERDICT_LOCAL, ZV_NONE, ACTION_ATTEMPT },
	{ "a strange frame crosses", OUT, LG, MN, "", NULL, NULL, 0, 0, 0, 0,
	  FACT_GROUP_MAC, VERDICT_DENY, ZV_02_NOT_PERMITTED, ACTION_UNCLASSIFIABLE },
	/* what the gate stopped stays stopped, whatever we think of it */
	{ "stopped: no permit", GATE, MN, LG, COMPILE_LOG_REFUSE, "10.1.0.2", "10.2.0.2",
	  6, SYN, 9, 443, 0, VERDICT_DENY, ZV_01_ZONE_CROSSING, ACTION_ATTEMPT },
	{ "stopped: a plausible answer", GATE, EX, MN, COMPILE_LOG_STATE, "10.3.0.2",
	  "10.1.0.2", 6, ACK, 443, 9, 0, VERDICT_DENY, ZV_02_NOT_PERMITTED,
	  ACTION_ATTEMPT },
	{ "stopped: an answer with extension headers", GATE, EX, MN, COMPILE_LOG_STATE,
	  "10.3.0.2", "10.1.0.2", 6, ACK, 443, 9, FACT_EXTENSION, VERDICT_DENY,
	  ZV_02_NOT_PERMITTED, ACTION_UNCLASSIFIABLE },
	{ "stopped: looks permitted", GATE, MN, EX, COMPILE_LOG_STATE, "10.1.0.2",
	  "10.3.0.2",
	  6, SYN, 9, 443, 0, VERDICT_DENY, ZV_02_NOT_PERMITTED, ACTION_ATTEMPT },
	{ "stopped: MAC", GATE, MN, EX, COMPILE_LOG_MAC, "10.1.0.2", "10.3.0.2", 6, SYN,
	  9, 443, 0, VERDICT_DENY, ZV_03_SPOOFED, ACTION_WRONG_MAC },
	{ "stopped: source", GATE, MN, EX, COMPILE_LOG_SOURCE, "10.1.0.2", "10.3.0.2", 6,
	  SYN, 9, 443, 0, VERDICT_DENY, ZV_03_SPOOFED, ACTION_SPOOFED_SOURCE },
	{ "stopped: options", GATE, MN, EX, COMPILE_LOG_OPTIONS, "10.1.0.2", "10.3.0.2",
	  6, SYN, 9, 443, 0, VERDICT_DENY, ZV_02_NOT_PERMITTED, ACTION_UNCLASSIFIABLE },
};

static void
make_facts(const struct row *r, struct facts *f)
{
	memset(f, 0, sizeof(*f));
	f->flags = r->flags;
	if (r->src == NULL) {
		f->ethertype = 0x88b5;
		f->unreadable = UNREADABLE_ETHERTYPE;
		return;
	}
	address_parse(r->src, &f->src);
	address_parse(r->dst, &f->dst);
	f->ethertype = ETHERTYPE_IP;
	f->protocol = f->first_header = r->protocol;
	f->hop_limit = 64;
	f->tcp_flags = r->tcp_flags;
	f->sport = r->sport;
	f->dport = r->dport;
	f->flags |= FACT_HAS_PORTS;
}

static struct watch_policy *
open_policy(struct places *places)
{
	char why[256] = "";
	struct watch_policy *p = watch_policy_new(text, sizeof(text) - 1, NULL, 0, places,
	    NULL, why, sizeof(why));

	if (p == NULL)
		fprintf(stderr, "%s\n", why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_STRING_EQUAL(why, "");
	return p;
}

static void
each_witness_asks_the_right_question(void)
{
	struct places *places = places_new();
	struct watch_policy *p = open_policy(places);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		const struct watch_seen seen = { r->witness, r->in, r->out, r->reason };
		struct judgement j;
		struct facts f;
		bool same;

		make_facts(r, &f);
		watch_judge(p->classifier, &f, &seen, NOW, &j);
		same = j.verdict == r->verdict && (j.verdict != VERDICT_DENY ||
		    (j.zv == r->zv && j.action == r->action));
		if (!same)
			fprintf(stderr, "%s: verdict %d %s %s\n", r->what, (int)j.verdict,
			    violation_class_id(j.zv), violation_action_name(j.action));
		CU_ASSERT(same);
	}
	watch_policy_free(p);
	places_free(places);
}

/* The same packet must not be an attempt where it came and a leak where it left. */
static void
a_detour_finds_its_ingress_twin(void)
{
	const struct row packet = { .src = "10.1.0.2", .dst = "10.2.0.2", .protocol = 6,
	    .tcp_flags = SYN, .sport = 9, .dport = 443 };
	const struct watch_seen detour = { OUT, MN, EX, "" }, straight = { OUT, MN, LG,
	    "" };
	const struct watch_seen own = { OUT, SELF, EX, "" };
	struct places *places = places_new();
	struct watch_policy *p = open_policy(places);
	struct judgement twin;
	struct facts f;

	make_facts(&packet, &f);
	CU_ASSERT_TRUE(watch_judge_detour(p->classifier, &f, &detour, NOW, &twin));
	CU_ASSERT_EQUAL(twin.in, MN);
	CU_ASSERT_EQUAL(twin.out, LG);
	CU_ASSERT_EQUAL(twin.zv, ZV_01_ZONE_CROSSING);
	CU_ASSERT_FALSE(watch_judge_detour(p->classifier, &f, &straight, NOW, &twin));
	CU_ASSERT_FALSE(watch_judge_detour(p->classifier, &f, &own, NOW, &twin));
	watch_policy_free(p);
	places_free(places);
}

static void
places_outlive_a_reload(void)
{
	struct places *places = places_new();
	struct watch_policy *first = open_policy(places), *second = open_policy(places);

	for (unsigned int s = MN; s <= EX; s++)
		CU_ASSERT_EQUAL(watch_policy_place(first, (uint16_t)s),
		    watch_policy_place(second, (uint16_t)s));
	CU_ASSERT_EQUAL(watch_policy_place(first, SELF), PLACE_SELF);
	CU_ASSERT_EQUAL(watch_policy_place(first, NONE), PLACE_NONE);
	CU_ASSERT_STRING_EQUAL(places_at(places, watch_policy_place(first, LG))->zone,
	    "lg");
	CU_ASSERT_EQUAL(places_zones(places), 5);
	watch_policy_free(first);
	watch_policy_free(second);
	places_free(places);
}

static void
a_bad_policy_says_why(void)
{
	static const char bad[] = "schema = 1; zones = ( { name = \"mn\"; } );";
	struct places *places = places_new();
	char why[256] = "";

	CU_ASSERT_PTR_NULL(watch_policy_new(bad, sizeof(bad) - 1, NULL, 0, places, NULL,
	    why, sizeof(why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "policy:1: "));
	places_free(places);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "each witness asks the right question",
		  each_witness_asks_the_right_question },
		{ "a detour finds its ingress twin", a_detour_finds_its_ingress_twin },
		{ "places outlive a reload", places_outlive_a_reload },
		{ "a bad policy says why", a_bad_policy_says_why },
		CU_TEST_INFO_NULL,
	};

	return unit_main("watch_judge", tests);
}
