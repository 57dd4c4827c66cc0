/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/inspect_bed.h"

#include "tests/unit/random_frame.h"

#include <CUnit/CUnit.h>
#include <netinet/in.h>
#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

static const char text[] =
    "schema = 1; site = { name = \"s\"; gateway = \"g\"; };"
    "zones = ("
    " { name = \"mn\"; class = \"mynumber\"; segments = ( { interface = \"mn0\";"
    "   networks = [ \"10.1.0.0/24\" ]; gateway = [ \"10.1.0.1\" ]; } ); },"
    " { name = \"lg\"; class = \"lgwan\"; segments = ( { interface = \"lg0\";"
    "   networks = [ \"10.2.0.0/24\" ]; gateway = [ \"10.2.0.1\" ]; } ); } );"
    "hosts = ( { name = \"a\"; zone = \"mn\"; addresses = [ \"10.1.0.2\" ]; },"
    " { name = \"b\"; zone = \"lg\"; addresses = [ \"10.2.0.2\" ]; } );"
    "services = ( { name = \"log\"; protocol = \"udp\"; ports = [ \"514\" ]; },"
    " { name = \"ping\"; protocol = \"icmp\"; types = [ \"echo-request\" ]; },"
    " { name = \"ipip\"; protocol = \"4\"; },"
    " { name = \"web\"; protocol = \"tcp\"; ports = [ \"80\", \"9090\" ]; } );"
    "permits = ( { id = \"T1\"; from = [ \"a\" ]; to = [ \"b\" ];"
    "   services = [ \"log\", \"ping\", \"ipip\", \"web\" ]; purpose = \"p\"; },"
    " { id = \"T2\"; from = [ \"a\" ]; to = [ \"self\" ]; services = [ \"ping\" ];"
    "   purpose = \"p\"; } );";

static int
note(void *arg, const struct event *e)
{
	struct inspect_bed *b = arg;

	if (e->phase == PHASE_FINAL && b->n_events < 16)
		b->events[b->n_events++] = *e;
	return 0;
}

static void
place(void *arg, const struct inspect_frame *frame, struct facts *f,
    struct watch_seen *seen)
{
	const struct inspect_bed *b = arg;

	*seen = (struct watch_seen){ WITNESS_TAP_INGRESS, frame->where.tap, SEGMENT_NONE,
	    "", b->tag };
	if (frame->gate_reason != NULL)
		*seen = (struct watch_seen){ WITNESS_GATE, frame->where.ingress,
		    frame->where.tap, frame->gate_reason, b->tag };
	else if (frame->where.outgoing)
		*seen = (struct watch_seen){ WITNESS_TAP_EGRESS, frame->where.ingress,
		    frame->where.tap, "", b->tag };
	if (seen->witness == WITNESS_TAP_EGRESS)
		f->flags &= (uint16_t)~FACT_HAS_MAC;
}

static bool
excused(void *arg, const struct inspected *p)
{
	struct inspect_bed *b = arg;

	b->was_unasked = p->unasked;
	return b->excuse;
}

static bool
opened(void *arg, const struct watch_opening *o)
{
	struct inspect_bed *b = arg;

	(void)o;
	b->n_opened_asked++;
	return b->kernel_saw_it;
}

struct inspect_bed *
inspect_bed_new(int64_t patience_ns)
{
	struct inspect_bed *b = calloc(1, sizeof(*b));
	char why[256] = "";
	struct inspect_setup setup = {
		.flow_entries = 64, .patience_ns = patience_ns,
		.now = INSPECT_PACKET_TIME,
		.hooks = { .arg = b, .place = place, .excused = excused,
		    .opened = opened },
	};
	struct inspect_policy policy = { 0 };

	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	b->now = START;
	setup.places = b->places = places_new();
	b->policy = watch_policy_new(text, sizeof(text) - 1, NULL, 0, b->places, NULL,
	    why, sizeof(why));
	if (b->policy == NULL)
		fprintf(stderr, "%s\n", why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->policy);
	/* they have tests of their own; here all senders have one MAC */
	memset(&b->policy->checked->detect, 0, sizeof(b->policy->checked->detect));
	setup.aggregate = b->aggregate = aggregate_new(b->places, 64, note, b);
	setup.permitted = b->permitted;
	b->inspect = inspect_new(&setup);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->inspect);
	policy = (struct inspect_policy){ b->policy->checked, b->policy->classifier,
	    b->policy->place, NULL, NULL, 0 };
	CU_ASSERT_EQUAL_FATAL(inspect_set_policy(b->inspect, &policy), 0);
	return b;
}

void
inspect_bed_free(struct inspect_bed *b)
{
	CU_ASSERT_TRUE(inspect_balanced(inspect_ledger(b->inspect)));
	inspect_free(b->inspect);
	aggregate_free(b->aggregate);
	watch_policy_free(b->policy);
	places_free(b->places);
	free(b);
}

const struct inspect_ledger *
inspect_bed_ledger(const struct inspect_bed *b)
{
	return inspect_ledger(b->inspect);
}

void
inspect_bed_shoot(struct inspect_bed *b, const struct facts *f, struct flow_where where)
{
	struct random_frame frame;
	struct inspect_frame shot = { .link_type = DLT_EN10MB, .where = where,
	    .time_ns = b->now, .clock_ns = b->now };

	random_frame_plain(f, &frame);
	shot.bytes = frame.bytes;
	shot.captured = shot.length = frame.captured;
	inspect_frames(b->inspect, &shot, 1);
}

struct facts
inspect_bed_packet(const char *src, const char *dst, uint8_t protocol, uint16_t sport,
    uint16_t dport)
{
	struct facts f = { .protocol = protocol, .sport = sport, .dport = dport,
	    .hop_limit = 64, .flags = FACT_HAS_PORTS };

	address_parse(src, &f.src);
	address_parse(dst, &f.dst);
	return f;
}

struct facts
inspect_bed_question(void)
{
	return inspect_bed_packet("10.1.0.2", "10.2.0.2", IPPROTO_UDP, 5000, 514);
}

struct facts
inspect_bed_answer(void)
{
	return inspect_bed_packet("10.2.0.2", "10.1.0.2", IPPROTO_UDP, 514, 5000);
}

void
inspect_bed_see_clearly(struct inspect_bed *b)
{
	const struct facts q = inspect_bed_packet("10.1.0.2", "10.2.0.2", IPPROTO_UDP, 1, 514);

	inspect_bed_shoot(b, &q, from_a);
	b->now += (FLOW_OPENING_OTHER_SECONDS + FLOW_TICK_SECONDS) * SECOND;
}
