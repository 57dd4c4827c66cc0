/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/replay.h"
#include "agent/watch/watch_policy.h"
#include "rules/policy_parse.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char text[] =
    "schema = 1; site = { name = \"s\"; gateway = \"g\"; };"
    "zones = ("
    " { name = \"mn\"; class = \"mynumber\"; segments = ( { interface = \"mn0\";"
    "   networks = [ \"10.1.0.0/24\" ]; gateway = [ \"10.1.0.1\" ]; } ); },"
    " { name = \"lg\"; class = \"lgwan\"; segments = ( { interface = \"lg0\";"
    "   networks = [ \"10.2.0.0/24\" ]; } ); } );"
    "hosts = ( { name = \"a\"; zone = \"mn\"; addresses = [ \"10.1.0.2\" ]; },"
    " { name = \"b\"; zone = \"lg\"; addresses = [ \"10.2.0.2\" ]; } );"
    "services = ( { name = \"dns\"; protocol = \"udp\"; ports = [ \"53\" ]; } );"
    "permits = ( { id = \"T1\"; from = [ \"a\" ]; to = [ \"b\" ]; services = [ \"dns\" ];"
    "   purpose = \"p\"; request = \"r\"; approved_by = \"o\"; } );";

/* One UDP packet of a capture; last byte of 10.net.0.host each. */
struct packet {
	uint8_t src_net, src_host, dst_net, dst_host, dport;
};

static const struct packet packets[] = {
	{ 1, 2, 2, 2, 53 },	/* permitted */
	{ 2, 2, 1, 2, 9 },	/* not, other direction */
	{ 1, 2, 2, 2, 54 },	/* not */
	{ 1, 2, 2, 2, 54 },	/* the same again */
	{ 1, 2, 1, 3, 9 },	/* inside one segment */
	{ 9, 9, 2, 2, 53 },	/* from nowhere */
};

#define N_PACKETS (sizeof(packets) / sizeof(packets[0]))

/* A little-endian pcap file of DLT_RAW; returns its size. */
static size_t
write_image(uint8_t *out)
{
	static const uint32_t head[] = { 0xa1b2c3d4, 0x00040002, 0, 0, 262144, 101 };
	size_t at = sizeof(head);

	memcpy(out, head, sizeof(head));
	for (size_t i = 0; i < N_PACKETS; i++) {
		const struct packet *p = &packets[i];
		const uint32_t times[] = { 1763700000, (uint32_t)i, 28, 28 };
		const uint8_t bytes[] = { 0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 10,
		    p->src_net, 0, p->src_host, 10, p->dst_net, 0, p->dst_host, 0, 99, 0,
		    p->dport, 0, 8, 0, 0 };

		memcpy(out + at, times, sizeof(times));
		memcpy(out + at + sizeof(times), bytes, sizeof(bytes));
		at += sizeof(times) + sizeof(bytes);
	}
	return at;
}

struct result {
	char verdicts[N_PACKETS + 1];	/* P permitted, L local, a attempt, K leak */
	struct event events[8];
	size_t n, n_events;
};

static void
judged(void *arg, const struct replay_judged *j)
{
	struct result *r = arg;

	CU_ASSERT_EQUAL(j->number, r->n + 1);
	r->verdicts[r->n++] = j->judgement->verdict == VERDICT_PERMIT ? 'P' :
	    j->judgement->verdict == VERDICT_LOCAL ? 'L' : j->outgoing ? 'K' : 'a';
}

static void
violation(void *arg, const struct event *e)
{
	struct result *r = arg;

	CU_ASSERT_FATAL(r->n_events < 8);
	CU_ASSERT_EQUAL(e->phase, PHASE_FINAL);
	r->events[r->n_events++] = *e;
}

static int
run(const char *tap, struct result *r, struct replay_stats *stats, size_t cut)
{
	uint8_t image[2048];
	char name[] = "/tmp/sekisho-test-XXXXXX", why[256] = "";
	struct diag *diag = diag_new();
	struct checked *checked = checked_new(policy_parse_text(text, sizeof(text) - 1,
	    "t", diag), 0, diag);
	struct replay_options o = { .capture = name, .tap = tap,
	    .now = REPLAY_PACKET_TIME,
	    .judged = judged, .violation = violation, .arg = r };
	size_t size = write_image(image) - cut;
	int fd = mkstemp(name), result;

	CU_ASSERT_PTR_NOT_NULL_FATAL(checked);
	CU_ASSERT_EQUAL_FATAL(write(fd, image, size), (ssize_t)size);
	close(fd);
	memset(r, 0, sizeof(*r));
	result = replay_run(checked, &o, stats, why, sizeof(why));
	CU_ASSERT_EQUAL(result < 0, why[0] != '\0' && result < 0);
	unlink(name);
	checked_free(checked);
	diag_free(diag);
	return result;
}

static void
the_wire_decides_the_direction(void)
{
	static const struct { const char *tap, *verdicts; } wires[] = {
		{ NULL, "PaaaLa" },	/* by addresses alone: nothing did cross */
		{ "mn", "PKaaLa" },	/* lg's went out to mn; 10.9 came from mn */
		{ "mn0", "PKaaLa" },
		{ "lg", "PaKKaK" },	/* what lg's wire shows for lg had crossed */
	};

	for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++) {
		struct result r;
		struct replay_stats s;

		CU_ASSERT_EQUAL(run(wires[i].tap, &r, &s, 0), 3);
		CU_ASSERT_STRING_EQUAL(r.verdicts, wires[i].verdicts);
		if (strcmp(r.verdicts, wires[i].verdicts) != 0)
			fprintf(stderr, "%s: %s\n", wires[i].tap, r.verdicts);
		CU_ASSERT_EQUAL(s.packets, N_PACKETS);
		CU_ASSERT_EQUAL(s.packets, s.permitted + s.local + s.violations);
	}
}

static void
violations_come_out_once_with_their_counts(void)
{
	struct result r;
	struct replay_stats s;

	run("mn", &r, &s, 0);
	CU_ASSERT_EQUAL_FATAL(r.n_events, 3);
	CU_ASSERT_EQUAL(r.events[0].action, ACTION_LEAK);
	CU_ASSERT_STRING_EQUAL(r.events[0].from_zone, "lg");
	CU_ASSERT_EQUAL(r.events[1].action, ACTION_ATTEMPT);
	CU_ASSERT_EQUAL(r.events[1].count, 2);
	CU_ASSERT_EQUAL(r.events[2].action, ACTION_SPOOFED_SOURCE);
	CU_ASSERT_STRING_EQUAL(r.events[2].in_interface, "mn0");
	CU_ASSERT_EQUAL(s.leaks, 1);
	CU_ASSERT_EQUAL(s.by_class[ZV_03_SPOOFED], 1);
	CU_ASSERT_EQUAL(s.bytes, N_PACKETS * 28);
}

static void
a_cut_capture_is_judged_as_far_as_it_goes(void)
{
	struct result r;
	struct replay_stats s;

	CU_ASSERT_EQUAL(run("mn", &r, &s, 1), 3);
	CU_ASSERT_EQUAL(s.packets, N_PACKETS - 1);
	CU_ASSERT_TRUE(s.cut);
	CU_ASSERT(s.damage[0] != '\0');
	/* only the permitted packet is left */
	CU_ASSERT_EQUAL(run("mn", &r, &s, 44 * (N_PACKETS - 1)), 0);
	CU_ASSERT_EQUAL(s.permitted, 1);
	CU_ASSERT_FALSE(s.cut);
}

static void
a_wire_that_is_none_is_refused(void)
{
	struct result r;
	struct replay_stats s;

	CU_ASSERT_EQUAL(run("nowhere", &r, &s, 0), -ENOENT);
	CU_ASSERT_EQUAL(r.n, 0);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "the wire decides the direction", the_wire_decides_the_direction },
		{ "violations come out once with their counts",
		  violations_come_out_once_with_their_counts },
		{ "a cut capture is judged as far as it goes",
		  a_cut_capture_is_judged_as_far_as_it_goes },
		{ "a wire that is none is refused", a_wire_that_is_none_is_refused },
		CU_TEST_INFO_NULL,
	};

	return unit_main("replay", tests);
}
