/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/tap_world.h"

#include "agent/watch/prefilter.h"
#include "agent/watch/watch_policy.h"
#include "tests/unit/random_frame.h"
#include "tests/unit/unit.h"

#include <bpf/bpf.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "a" may speak from one MAC only. */
static const char text[] =
    "schema = 1; site = { name = \"s\"; gateway = \"g\"; };"
    "zones = ("
    " { name = \"mn\"; class = \"mynumber\"; segments = ( { interface = \"tm0\";"
    "   networks = [ \"10.1.0.0/24\" ]; gateway = [ \"10.1.0.1\" ]; } ); },"
    " { name = \"lg\"; class = \"lgwan\"; segments = ( { interface = \"tm1\";"
    "   networks = [ \"10.2.0.0/24\" ]; gateway = [ \"10.2.0.1\" ]; } ); } );"
    "hosts = ( { name = \"a\"; zone = \"mn\"; addresses = [ \"10.1.0.2\" ];"
    "   mac = \"00:00:5e:00:53:0a\"; },"
    " { name = \"b\"; zone = \"lg\"; addresses = [ \"10.2.0.2\" ]; } );"
    "services = ( { name = \"all\"; protocol = \"udp\"; ports = [ \"1-65535\" ]; },"
    " { name = \"web\"; protocol = \"tcp\"; ports = [ \"1-65535\" ]; } );"
    "permits = ( { id = \"T1\"; from = [ \"a\" ]; to = [ \"b\" ];"
    "   services = [ \"all\", \"web\" ]; purpose = \"p\"; } );";

const uint8_t tap_world_a[6] = { 0, 0, 0x5e, 0, 0x53, 0x0a };
const uint8_t tap_world_b[6] = { 0, 0, 0x5e, 0, 0x53, 0x0b };

uint32_t tap_world_ifindex[TAPS];

bool
tap_world_make(void)
{
	if (unshare(CLONE_NEWNET) != 0 ||
	    /* whom random_frame_plain() writes to */
	    system("ip link add tm0 address 02:00:00:00:00:01 type veth peer name tm1 "
	    "address 02:00:00:00:00:01 2>/dev/null") != 0)
		return false;
	tap_world_ifindex[MN] = if_nametoindex("tm0");
	tap_world_ifindex[LG] = if_nametoindex("tm1");
	return true;
}

void
tap_world_load(struct tap_bpf *bpf)
{
	char why[256] = "";
	int tap_of_segment[LIMIT_SEGMENTS] = { MN, LG };
	struct places *places = places_new();
	struct watch_policy *policy = watch_policy_new(text, sizeof(text) - 1, NULL, 0,
	    places, NULL, why, sizeof(why));
	struct prefilter_source from = { .tap_of_segment = tap_of_segment };
	struct prefilter *filter;

	CU_ASSERT_PTR_NOT_NULL_FATAL(policy);
	for (size_t i = TAPS; i < LIMIT_SEGMENTS; i++)
		tap_of_segment[i] = -1;
	from.checked = policy->checked;
	from.now_s = (int64_t)time(NULL);
	filter = prefilter_new(&from);
	CU_ASSERT_PTR_NOT_NULL_FATAL(filter);
	CU_ASSERT_EQUAL_FATAL(tap_bpf_load(bpf, prefilter_policy(filter)), 0);
	prefilter_free(filter);
	watch_policy_free(policy);
	places_free(places);
}

struct tap_bpf *
tap_world_filter(void)
{
	char why[256] = "";
	struct tap_bpf *bpf = tap_bpf_open(why, sizeof(why));

	if (bpf == NULL)
		fprintf(stderr, "%s\n", why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bpf);
	for (size_t i = 0; i < TAPS; i++)
		CU_ASSERT_EQUAL_FATAL(tap_bpf_set_tap(bpf, i, tap_world_ifindex[i], true), 0);
	tap_world_load(bpf);
	return bpf;
}

struct tap_bpf *
tap_world_anew(void)
{
	static struct tap_bpf *kept;

	if (kept == NULL) {
		kept = tap_world_filter();
		return kept;
	}
	/* Flows go with the policy that proved them. */
	CU_ASSERT_EQUAL_FATAL(tap_bpf_load(kept, NULL), 0);
	tap_world_load(kept);
	return kept;
}

struct facts
tap_world_from_a(uint8_t protocol, uint16_t dport, uint8_t flags)
{
	struct facts f = { .protocol = protocol, .sport = 5000, .dport = dport,
	    .tcp_flags = flags, .hop_limit = 64, .flags = FACT_HAS_PORTS | FACT_HAS_MAC };

	address_parse("10.1.0.2", &f.src);
	address_parse("10.2.0.2", &f.dst);
	memcpy(f.src_mac, tap_world_a, 6);
	return f;
}

struct facts
tap_world_from_b(uint8_t protocol, uint16_t sport, uint8_t flags)
{
	struct facts f = tap_world_from_a(protocol, sport, flags), turned = f;

	turned.src = f.dst;
	turned.dst = f.src;
	turned.sport = f.dport;
	turned.dport = f.sport;
	memcpy(turned.src_mac, tap_world_b, 6);
	return turned;
}

int
tap_world_run(const struct tap_bpf *bpf, enum tap_program program, const uint8_t *frame,
    size_t length, uint32_t ingress, uint32_t here)
{
	struct __sk_buff context = { .ingress_ifindex = ingress, .ifindex = here };
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frame,
	    .data_size_in = (uint32_t)length, .ctx_in = &context,
	    .ctx_size_in = sizeof(context), .repeat = 1);

	CU_ASSERT_EQUAL_FATAL(bpf_prog_test_run_opts(tap_bpf_program(bpf, program), &o),
	    0);
	return (int)o.retval;
}

/* True: user space sees it leave. */
bool
tap_world_shows_leaving(const struct tap_bpf *bpf, const struct facts *f, unsigned int in)
{
	unsigned int out = in == MN ? LG : MN;
	struct random_frame made;
	struct tap_count before, now;

	random_frame_plain(f, &made);
	tap_bpf_counts(bpf, out, &before);
	tap_world_run(bpf, TAP_PROGRAM_LEAVING, made.bytes, made.captured, tap_world_ifindex[in],
	    tap_world_ifindex[out]);
	tap_bpf_counts(bpf, out, &now);
	return now.proven_out == before.proven_out;
}

bool
tap_world_run_on(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}
