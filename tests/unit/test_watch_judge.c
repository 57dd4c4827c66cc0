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
    "services = ( { name = \"web\"; protocol = \"tcp\"; ports = [ \"443\" ]; },"
    " { name = \"dns\"; protocol = \"udp\"; ports = [ \"53\" ]; },"
    " { name = \"ping\"; protocol = \"icmp\"; types = [ \"echo-request\" ]; } );"
    "permits = ( { id = \"T1\"; from = [ \"a\" ]; to = [ \"b\" ];"
    "   services = [ \"web\", \"dns\", \"ping\" ];"
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
		const struct watch_seen seen = { r->witness, r->in, r->out, r->reason,
		    WATCH_TAG_FOREIGN };
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
	const struct watch_seen detour = { .witness = OUT, .in = MN, .out = EX };
	const struct watch_seen straight = { .witness = OUT, .in = MN, .out = LG };
	const struct watch_seen own = { .witness = OUT, .in = SELF, .out = EX };
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

/* ---- VLAN tags: ids, of which facts hold one more ------------------------------ */

#define STRANGER { 0x0002, 0, 0 }	/* VLAN 1 */
#define PRIORITY { 0x0001, 0, 0 }	/* VLAN 0 */
#define BEHIND { 0x0001, 0x0015, 0 }	/* VLAN 0, then 20 */

static void
a_tag_of_nobody_is_no_way(void)
{
	static const struct {
		const char *what;
		struct row packet;
		uint16_t vlan[FACT_VLANS];
		enum watch_tag tag;
		bool by_tag;
		enum verdict verdict;
		enum violation_class zv;
	} tagged[] = {
#define OPENING .src = "10.1.0.2", .dst = "10.3.0.2", .protocol = 6, .tcp_flags = SYN, \
	.sport = 9, .dport = 443
#define CAME { .witness = IN, .in = MN, .out = NONE, OPENING }
#define LEFT { .witness = OUT, .in = MN, .out = EX, OPENING }
#define ELSEWHERE { .witness = OUT, .in = LG, .out = EX, OPENING }
#define BETWEEN_US { .witness = IN, .in = MN, .out = NONE, .src = "10.1.0.2", \
	.dst = "10.1.0.3", .protocol = 6, .tcp_flags = SYN }
#define NOISE { .witness = IN, .in = MN, .out = NONE, .flags = FACT_GROUP_MAC }
		{ "permitted", CAME, STRANGER, WATCH_TAG_FOREIGN, true,
		  VERDICT_DENY, ZV_03_SPOOFED },
		{ "permitted, leaves", LEFT, STRANGER, WATCH_TAG_FOREIGN, true,
		  VERDICT_DENY, ZV_03_SPOOFED },
		{ "behind a priority tag", CAME, BEHIND, WATCH_TAG_FOREIGN, true,
		  VERDICT_DENY, ZV_03_SPOOFED },
		{ "of one wire", BETWEEN_US, STRANGER, WATCH_TAG_FOREIGN, true,
		  VERDICT_DENY, ZV_03_SPOOFED },
		{ "refused anyway", ELSEWHERE, STRANGER, WATCH_TAG_FOREIGN, false,
		  VERDICT_DENY, ZV_03_SPOOFED },
		{ "not IP", NOISE, STRANGER, WATCH_TAG_FOREIGN, false,
		  VERDICT_LOCAL, ZV_NONE },
		{ "a priority", CAME, PRIORITY, WATCH_TAG_FOREIGN, false,
		  VERDICT_PERMIT, ZV_NONE },
		{ "no tag", CAME, { 0, 0, 0 }, WATCH_TAG_FOREIGN, false,
		  VERDICT_PERMIT, ZV_NONE },
		{ "no tag beside a device", ELSEWHERE, { 0, 0, 0 }, WATCH_TAG_DEVICE,
		  false, VERDICT_DENY, ZV_03_SPOOFED },
		{ "of a device", CAME, STRANGER, WATCH_TAG_DEVICE, false,
		  VERDICT_LOCAL, ZV_NONE },
		{ "of a device, wrong", ELSEWHERE, STRANGER, WATCH_TAG_DEVICE, false,
		  VERDICT_LOCAL, ZV_NONE },
		{ "of a file", CAME, STRANGER, WATCH_TAG_UNKNOWN, false,
		  VERDICT_PERMIT, ZV_NONE },
	};
	struct places *places = places_new();
	struct watch_policy *p = open_policy(places);

	for (size_t i = 0; i < sizeof(tagged) / sizeof(tagged[0]); i++) {
		const struct row *r = &tagged[i].packet;
		const struct watch_seen seen = { r->witness, r->in, r->out, "",
		    tagged[i].tag };
		struct judgement j;
		struct facts f;
		bool by_tag;

		make_facts(r, &f);
		memcpy(f.vlan, tagged[i].vlan, sizeof(f.vlan));
		by_tag = watch_judge(p->classifier, &f, &seen, NOW, &j);
		if (by_tag != tagged[i].by_tag || j.verdict != tagged[i].verdict ||
		    j.zv != tagged[i].zv)
			fprintf(stderr, "%s: verdict %d zv %d\n", tagged[i].what,
			    (int)j.verdict, (int)j.zv);
		CU_ASSERT_EQUAL(by_tag, tagged[i].by_tag);
		CU_ASSERT_EQUAL(j.verdict, tagged[i].verdict);
		CU_ASSERT_EQUAL(j.zv, tagged[i].zv);
		CU_ASSERT_EQUAL(j.action, j.zv == ZV_NONE ? ACTION_ATTEMPT :
		    ACTION_SPOOFED_SOURCE);
	}
	watch_policy_free(p);
	places_free(places);
}

static void
who_must_have_been_asked(void)
{
	static const struct {
		const char *what;
		struct row packet;
		enum watch_flow flow;
	} flows[] = {
		{ "a question", { .witness = IN, .in = MN, .out = NONE, .src = "10.1.0.2",
		  .dst = "10.3.0.2", .protocol = 17, .sport = 9, .dport = 53 },
		  WATCH_FLOW_OPENS },
		{ "an answer", { .witness = IN, .in = EX, .out = NONE, .src = "10.3.0.2",
		  .dst = "10.1.0.2", .protocol = 17, .sport = 53, .dport = 9 },
		  WATCH_FLOW_ANSWERS },
		{ "a ping", { .witness = OUT, .in = MN, .out = EX, .src = "10.1.0.2",
		  .dst = "10.3.0.2", .protocol = 1, .sport = 0x0800 }, WATCH_FLOW_OPENS },
		{ "its reply", { .witness = OUT, .in = EX, .out = MN, .src = "10.3.0.2",
		  .dst = "10.1.0.2", .protocol = 1 }, WATCH_FLOW_ANSWERS },
		{ "TCP opens", { .witness = IN, .in = MN, .out = NONE, .src = "10.1.0.2",
		  .dst = "10.3.0.2", .protocol = 6, .tcp_flags = SYN, .dport = 443 },
		  WATCH_FLOW_NONE },
		{ "TCP answers", { .witness = IN, .in = EX, .out = NONE,
		  .src = "10.3.0.2", .dst = "10.1.0.2", .protocol = 6,
		  .tcp_flags = ACK, .sport = 443 }, WATCH_FLOW_NONE },
		{ "a refused packet", { .witness = IN, .in = MN, .out = NONE,
		  .src = "10.1.0.2", .dst = "10.3.0.2", .protocol = 17, .dport = 54 },
		  WATCH_FLOW_NONE },
	};
	struct places *places = places_new();
	struct watch_policy *p = open_policy(places);

	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		const struct row *r = &flows[i].packet;
		const struct watch_seen seen = { r->witness, r->in, r->out, "",
		    WATCH_TAG_FOREIGN };
		struct judgement j, unasked;
		enum watch_flow flow;
		struct facts f;

		make_facts(r, &f);
		watch_judge(p->classifier, &f, &seen, NOW, &j);
		flow = watch_judge_flow(p->classifier, &f, &seen, NOW, &j, &unasked);
		if (flow != flows[i].flow)
			fprintf(stderr, "%s: %d\n", flows[i].what, (int)flow);
		CU_ASSERT_EQUAL(flow, flows[i].flow);
		if (flow == WATCH_FLOW_ANSWERS) {
			CU_ASSERT_EQUAL(unasked.verdict, VERDICT_DENY);
			CU_ASSERT_EQUAL(unasked.zv, ZV_02_NOT_PERMITTED);
		}
	}
	watch_policy_free(p);
	places_free(places);
}

/* A fragment without its first one's ports can be no whole answer; with them it is. */
static void
later_fragments_are_asked_by_their_ports(void)
{
	const struct row answer = { .src = "10.3.0.2", .dst = "10.1.0.2", .protocol = 17,
	    .sport = 53, .dport = 9, .flags = FACT_FRAGMENT_LATER };
	const struct watch_seen seen = { .witness = IN, .in = EX, .out = NONE };
	struct places *places = places_new();
	struct watch_policy *p = open_policy(places);
	struct judgement j, unasked;
	struct facts f;

	make_facts(&answer, &f);
	watch_judge(p->classifier, &f, &seen, NOW, &j);
	CU_ASSERT_EQUAL(watch_judge_flow(p->classifier, &f, &seen, NOW, &j, &unasked),
	    WATCH_FLOW_ANSWERS);
	f.flags &= (uint16_t)~FACT_HAS_PORTS;
	watch_judge(p->classifier, &f, &seen, NOW, &j);
	CU_ASSERT_EQUAL(j.verdict, VERDICT_PERMIT);
	CU_ASSERT_EQUAL(watch_judge_flow(p->classifier, &f, &seen, NOW, &j, &unasked),
	    WATCH_FLOW_NONE);
	watch_policy_free(p);
	places_free(places);
}

static bool
same_opening(const struct watch_opening *a, const struct watch_opening *b)
{
	return a->src.value == b->src.value && a->dst.value == b->dst.value &&
	    a->sport == b->sport && a->dport == b->dport && a->protocol == b->protocol;
}

static void
an_answer_names_its_question(void)
{
	static const struct {
		uint8_t protocol;
		uint16_t sport, dport, answer_sport, answer_dport;
	} pairs[] = {
		{ 17, 9, 53, 53, 9 }, { 136, 9, 53, 53, 9 }, { 132, 1, 2, 2, 1 },
		{ 1, 8 << 8, 0, 0, 0 }, { 1, 13 << 8, 0, 14 << 8, 0 },
		{ 1, 17 << 8, 0, 18 << 8, 0 }, { 58, 128 << 8, 0, 129 << 8, 0 },
		{ 58, 139 << 8 | 1, 0, 140 << 8 | 1, 0 },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct row ask = { .src = "10.1.0.2", .dst = "10.3.0.2" }, reply = ask;
		struct watch_opening asked, answered;
		struct facts f;

		ask.protocol = reply.protocol = pairs[i].protocol;
		ask.sport = pairs[i].sport;
		ask.dport = pairs[i].dport;
		reply.src = ask.dst;
		reply.dst = ask.src;
		reply.sport = pairs[i].answer_sport;
		reply.dport = pairs[i].answer_dport;
		make_facts(&ask, &f);
		asked = watch_opening_of(&f);
		make_facts(&reply, &f);
		answered = watch_opening_answered(&f);
		CU_ASSERT_TRUE(same_opening(&asked, &answered));
	}
}

static void
packets_in_tunnels(void)
{
	static const struct {
		const char *what, *src, *dst;
		uint16_t dport;
		bool permitted;		/* the outer packet, from mn to ex */
		bool ours;
		enum verdict verdict;
		enum violation_class zv;
	} inner[] = {
		{ "permitted inside", "10.1.0.2", "10.3.0.2", 443, false, true,
		  VERDICT_PERMIT, ZV_NONE },
		{ "another service inside", "10.1.0.2", "10.3.0.2", 80, true, true,
		  VERDICT_DENY, ZV_02_NOT_PERMITTED },
		{ "a refused one says it already", "10.1.0.2", "10.3.0.2", 80, false,
		  false, VERDICT_DENY, ZV_02_NOT_PERMITTED },
		{ "another pair in a refused one", "10.1.0.2", "10.2.0.2", 443, false,
		  true, VERDICT_DENY, ZV_01_ZONE_CROSSING },
		{ "a pair without permit inside", "10.1.0.2", "10.2.0.2", 443, true, true,
		  VERDICT_DENY, ZV_01_ZONE_CROSSING },
		{ "a lie about the source", "192.168.9.9", "10.2.0.2", 443, true, true,
		  VERDICT_DENY, ZV_03_SPOOFED },
		{ "to nobody", "10.1.0.2", "192.168.9.9", 443, true, true, VERDICT_DENY,
		  ZV_02_NOT_PERMITTED },
		{ "from the gateway's address", "10.2.0.1", "192.168.9.9", 443, true, true,
		  VERDICT_DENY, ZV_03_SPOOFED },
		{ "both in one segment", "10.2.0.2", "10.2.0.3", 443, true, true,
		  VERDICT_LOCAL, ZV_NONE },
		{ "none of our business", "192.168.9.9", "192.168.9.8", 443, true, false,
		  VERDICT_PERMIT, ZV_NONE },
		{ "the outer one tells", "192.168.9.9", "192.168.9.8", 443, false, false,
		  VERDICT_DENY, ZV_NONE },
	};
	struct places *places = places_new();
	struct watch_policy *p = open_policy(places);

	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++) {
		const struct row packet = { .src = inner[i].src, .dst = inner[i].dst,
		    .protocol = 6, .tcp_flags = SYN, .sport = 9, .dport = inner[i].dport,
		    .flags = FACT_HAS_MAC };
		const struct watch_outer outer = { MN, EX, inner[i].permitted };
		struct judgement j;
		struct facts f;
		bool ours, good;

		make_facts(&packet, &f);
		ours = watch_judge_inner(p->classifier, &f, &outer, NOW, &j);
		good = ours == inner[i].ours && j.verdict == inner[i].verdict &&
		    j.zv == inner[i].zv &&
		    (!ours || j.zv == ZV_NONE || j.action == ACTION_TUNNEL);
		if (!good)
			fprintf(stderr, "%s: %d verdict %d %s %s\n", inner[i].what, ours,
			    (int)j.verdict, violation_class_id(j.zv),
			    violation_action_name(j.action));
		CU_ASSERT_TRUE(good);
		CU_ASSERT_EQUAL(f.flags & FACT_HAS_MAC, 0);
	}
	watch_policy_free(p);
	places_free(places);
}

static void
what_cannot_be_read_inside_is_a_violation(void)
{
	const struct row packet = { .src = "192.168.9.9", .dst = "192.168.9.8",
	    .protocol = 47 };
	const struct watch_outer outer = { MN, EX, true }, refused = { MN, EX, false };
	struct places *places = places_new();
	struct watch_policy *p = open_policy(places);
	struct judgement j;
	struct facts f;

	make_facts(&packet, &f);
	f.unreadable = UNREADABLE_TUNNEL_DEPTH;
	CU_ASSERT_FALSE(watch_judge_inner(p->classifier, &f, &refused, NOW, &j));
	CU_ASSERT_EQUAL(j.verdict, VERDICT_DENY);
	CU_ASSERT_TRUE(watch_judge_inner(p->classifier, &f, &outer, NOW, &j));
	CU_ASSERT_EQUAL(j.verdict, VERDICT_DENY);
	CU_ASSERT_EQUAL(j.zv, ZV_02_NOT_PERMITTED);
	CU_ASSERT_EQUAL(j.action, ACTION_UNCLASSIFIABLE);
	/* an Ethernet bridge in a tunnel has its spanning tree too */
	make_facts(&(struct row){ .flags = FACT_GROUP_MAC }, &f);
	CU_ASSERT_TRUE(watch_judge_inner(p->classifier, &f, &outer, NOW, &j));
	CU_ASSERT_EQUAL(j.verdict, VERDICT_LOCAL);
	watch_policy_free(p);
	places_free(places);
}

/* A client got the port of a tunnel for its own, and is answered there. */
static void
what_is_no_tunnel_is_excused_where_it_is_permitted(void)
{
	static const struct {
		uint8_t tunnel, why;
		bool permitted, excused;
	} cases[] = {
		{ TUNNEL_VXLAN, UNREADABLE_TUNNEL, true, true },
		{ TUNNEL_GENEVE, UNREADABLE_TUNNEL, true, true },
		{ TUNNEL_GTP_U, UNREADABLE_TUNNEL, true, true },
		{ TUNNEL_TEREDO, UNREADABLE_TUNNEL, true, true },
		{ TUNNEL_VXLAN, UNREADABLE_TUNNEL, false, false },
		{ TUNNEL_GRE, UNREADABLE_TUNNEL, true, false },
		{ TUNNEL_ERSPAN, UNREADABLE_TUNNEL, true, false },
		{ TUNNEL_IPIP, UNREADABLE_TUNNEL, true, false },
		{ TUNNEL_VXLAN, UNREADABLE_TRUNCATED, true, false },
		{ TUNNEL_VXLAN, UNREADABLE_TINY, true, false },
		{ TUNNEL_VXLAN, UNREADABLE_LENGTH, true, false },
		{ TUNNEL_VXLAN, UNREADABLE_TUNNEL_DEPTH, true, false },
	};
	struct places *places = places_new();
	struct watch_policy *p = open_policy(places);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct watch_outer outer = { MN, EX, cases[i].permitted };
		struct facts f = { .level = 1, .tunnel = cases[i].tunnel,
		    .unreadable = cases[i].why };
		struct judgement j;
		bool told = watch_judge_inner(p->classifier, &f, &outer, NOW, &j);

		/* of a refused one the outer packet is told */
		CU_ASSERT_EQUAL(told, cases[i].permitted && !cases[i].excused);
		CU_ASSERT_EQUAL(j.verdict, cases[i].excused ? VERDICT_PERMIT : VERDICT_DENY);
	}
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
		{ "a tag of nobody is no way", a_tag_of_nobody_is_no_way },
		{ "who must have been asked", who_must_have_been_asked },
		{ "later fragments are asked by their ports",
		  later_fragments_are_asked_by_their_ports },
		{ "an answer names its question", an_answer_names_its_question },
		{ "packets in tunnels", packets_in_tunnels },
		{ "what cannot be read inside is a violation",
		  what_cannot_be_read_inside_is_a_violation },
		{ "what is no tunnel is excused where it is permitted",
		  what_is_no_tunnel_is_excused_where_it_is_permitted },
		{ "places outlive a reload", places_outlive_a_reload },
		{ "a bad policy says why", a_bad_policy_says_why },
		CU_TEST_INFO_NULL,
	};

	return unit_main("watch_judge", tests);
}
