/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's filter against the judge. Policies made by dice are loaded into
 * the real program, one after the other, while flows of the one before are
 * still remembered; frames made by dice run through it (BPF_PROG_RUN) and
 * through decoder and judge. What the filter proves, the judge permits, by the
 * same permit between the same segments, and an answer only when the judge let its
 * question open the way; and of what the judge permits, the filter proves nearly all.
 *
 * SEKISHO_TEST_SEED repeats a run, SEKISHO_TEST_FRAMES changes its length.
 */
#include "agent/watch/decode.h"
#include "agent/watch/openings.h"
#include "agent/watch/prefilter.h"
#include "agent/watch/watch_judge.h"
#include "kernel-helpers/tap_bpf.h"
#include "kernel-helpers/tap_ports.h"
#include "tests/unit/random_frame.h"
#include "tests/unit/unit.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pcap/dlt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SKIPPED 77
#define FRAMES 200000u
#define FRAMES_OF_ONE 2500u
#define TAPS 8u			/* segments beyond have no tap */
#define PERMITS 256u
#define OWN 2u
/* The frame that makes the entry, the one whose MAC it remembers, and the next. */
#define SHOWN (2 + TAP_SHOW_OPENING)

struct tally {
	uint64_t frames, policies;
	uint64_t permitted, proven;	/* of what can be proven at all, leaving */
	uint64_t came, hidden;		/* the same, come in once more than is shown */
	uint64_t answers, answers_proven;
	uint64_t unasked;		/* permitted answers without their question */
	uint64_t counted;		/* by the filter, by permit and pair */
};

struct run {
	struct tap_bpf *bpf;
	uint32_t ifindex[TAPS];
	uint64_t seed;
	struct checked *checked;
	struct classifier *classifier;
	struct openings *openings;	/* those that the judge permitted */
	bool stopped;			/* the frame that came in last, by a sound gate */
	bool hook;			/* frames come in by tcx, not by a packet socket */
	int64_t now;
	uint64_t want[TAPS][TAPS][PERMITS], got[TAPS][TAPS][PERMITS];
	struct tally tally;
};

static const uint8_t own_mac[6] = { 2, 0, 0, 0, 0, 9 };

static uint64_t
number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL && *text != '\0' ? strtoull(text, NULL, 0) : otherwise;
}

static bool
make_world(struct run *r)
{
	char command[256], name[IF_NAMESIZE];

	if (unshare(CLONE_NEWNET) != 0)
		return false;
	for (unsigned int i = 0; i < TAPS; i++) {
		snprintf(command, sizeof(command), "ip link add tf%u address "
		    "02:00:00:00:00:09 type veth peer name far%u 2>/dev/null", i, i);
		snprintf(name, sizeof(name), "tf%u", i);
		if (system(command) != 0)
			return false;
		r->ifindex[i] = if_nametoindex(name);
	}
	return true;
}

static bool
open_filter(struct run *r)
{
	char why[256] = "";

	r->bpf = tap_bpf_open(why, sizeof(why));
	if (r->bpf == NULL) {
		printf("%s\n", why);
		return false;
	}
	for (unsigned int i = 0; i < TAPS; i++)
		if (tap_bpf_set_tap(r->bpf, i, r->ifindex[i], true) != 0)
			return false;
	return true;
}

/* What the kernel answers; -1 when it did not run. */
static int
run_program(const struct run *r, enum tap_program program, const uint8_t *frame,
    size_t length, uint32_t ingress, uint32_t here)
{
	struct __sk_buff context = { .ingress_ifindex = ingress, .ifindex = here };
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frame,
	    .data_size_in = (uint32_t)length, .ctx_in = &context,
	    .ctx_size_in = sizeof(context), .repeat = 1);

	if (bpf_prog_test_run_opts(tap_bpf_program(r->bpf, program), &o) != 0) {
		fprintf(stderr, "BPF_PROG_RUN, %zu bytes, program %d: %s\n", length, (int)program,
		    strerror(errno));
		abort();
	}
	return (int)o.retval;
}

static bool
proves_entering(const struct run *r, const uint8_t *frame, size_t length, uint16_t in)
{
	struct tap_count before, now;

	tap_bpf_counts(r->bpf, in, &before);
	run_program(r, TAP_PROGRAM_ENTERING, frame, length, 0, r->ifindex[in]);
	tap_bpf_counts(r->bpf, in, &now);
	return now.proven_in != before.proven_in;
}

/* BPF_PROG_RUN shows a socket filter the frame without its first 14 bytes' length. */
static bool
proves_coming(const struct run *r, const uint8_t *frame, size_t length, uint16_t in)
{
	uint8_t longer[RANDOM_FRAME_MAX + 14] = { 0 };

	if (r->hook)
		return proves_entering(r, frame, length, in);
	memcpy(longer, frame, length);
	return run_program(r, TAP_PROGRAM_INCOMING, longer, length + 14, r->ifindex[in],
	    r->ifindex[in]) == 0;
}

static bool
proves_leaving(const struct run *r, const uint8_t *frame, size_t length, uint16_t in,
    uint16_t out)
{
	struct tap_count before, now;

	tap_bpf_counts(r->bpf, out, &before);
	run_program(r, TAP_PROGRAM_LEAVING, frame, length, r->ifindex[in],
	    r->ifindex[out]);
	tap_bpf_counts(r->bpf, out, &now);
	return now.proven_in + now.proven_out != before.proven_in + before.proven_out;
}

static void
complain(const struct run *r, const char *what, const struct facts *f, uint16_t in,
    uint16_t out, const struct judgement *j)
{
	char a[IP_RANGE_TEXT_SIZE], b[IP_RANGE_TEXT_SIZE];

	fprintf(stderr, "\nSEKISHO_TEST_SEED=%" PRIu64 " %s\n"
	    "  %s > %s protocol %u %u>%u flags %#x tcp %#x unreadable %u in %u out %u\n"
	    "  judge: verdict %d permit %u in %u out %u\n", r->seed, what,
	    address_print(&f->src, a), address_print(&f->dst, b), f->protocol, f->sport,
	    f->dport, f->flags, f->tcp_flags, f->unreadable, in, out, (int)j->verdict,
	    j->permit, j->in, j->out);
}

/* What a proof can be expected of, for the rates: the rest is left to user space. */
static bool
provable(const struct facts *f, const struct judgement *j)
{
	static const uint16_t tunnels[] = { 4789, 6081, 2152, 3544 };
	bool tcp = f->protocol == IPPROTO_TCP;

	if (j->verdict != VERDICT_PERMIT || j->in >= TAPS || j->out >= TAPS ||
	    f->vlan[0] != 0 ||
	    (f->flags & (FACT_FRAGMENT_FIRST | FACT_FRAGMENT_LATER | FACT_EXTENSION |
	    FACT_IP_OPTIONS | FACT_GROUP_MAC)) != 0)
		return false;
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++)
		if (f->sport == tunnels[i] || f->dport == tunnels[i])
			return false;
	return (tcp && (f->tcp_flags == TCP_FLAG_SYN || f->tcp_flags == TCP_FLAG_ACK)) ||
	    f->protocol == IPPROTO_UDP;
}

/* Ports whose first packets, or all, are shown to user space. */
static bool
looked_into(uint16_t port)
{
	return port == 53 || port == 67 || port == 68 || port == 546 || port == 547 ||
	    tap_port_looked_into(port);
}

/* Of a permitted packet: was it asked for, if it is an answer and proven? */
static bool
check_memory(struct run *r, const struct facts *f, const struct watch_seen *seen,
    const struct judgement *j, bool proven)
{
	const struct watch_opening asked[2] = { watch_opening_answered(f),
		watch_opening_of(f) };
	struct judgement unasked;

	switch (watch_judge_flow(r->classifier, f, seen, r->now, j, &unasked)) {
	case WATCH_FLOW_NONE:
		return true;
	case WATCH_FLOW_OPENS:
		openings_note(r->openings, &asked[1], 0);
		return true;
	case WATCH_FLOW_ANSWERS:
		break;
	}
	r->tally.unasked += openings_find(r->openings, &asked[0], 0) != OPENING_SEEN &&
	    openings_find(r->openings, &asked[1], 0) != OPENING_SEEN;
	if (!proven || openings_find(r->openings, &asked[0], 0) == OPENING_SEEN ||
	    openings_find(r->openings, &asked[1], 0) == OPENING_SEEN)
		return true;
	complain(r, "an answer that nobody asked for is proven", f, seen->in, seen->out, j);
	return false;
}

static bool
check_leaving(struct run *r, const struct facts *f, const uint8_t *frame, size_t length,
    uint16_t in, uint16_t out, bool answer)
{
	const struct watch_seen seen = { WITNESS_TAP_EGRESS, in, out, "",
	    WATCH_TAG_FOREIGN };
	struct facts without = *f;
	struct judgement j;
	bool proven = proves_leaving(r, frame, length, in, out), expected;

	without.flags &= (uint16_t)~FACT_HAS_MAC;
	watch_judge(r->classifier, &without, &seen, r->now, &j);
	expected = provable(f, &j);
	r->tally.frames++;
	if (answer) {
		r->tally.answers += expected;
		r->tally.answers_proven += expected && proven;
	} else {
		r->tally.permitted += expected;
		r->tally.proven += expected && proven;
	}
	if (!check_memory(r, &without, &seen, &j, proven))
		return false;
	if (!proven)
		return true;
	if (j.verdict == VERDICT_PERMIT && j.in == in && j.out == out &&
	    j.permit < PERMITS) {
		r->want[in][out][j.permit]++;
		return true;
	}
	complain(r, "a leaving frame is proven", f, in, out, &j);
	return false;
}

static bool
check_coming(struct run *r, const struct facts *f, const uint8_t *frame, size_t length,
    uint16_t in, bool again)
{
	const struct watch_seen seen = { WITNESS_TAP_INGRESS, in, SEGMENT_NONE, "",
	    WATCH_TAG_FOREIGN };
	struct judgement j;
	bool proven = proves_coming(r, frame, length, in);

	watch_judge(r->classifier, f, &seen, r->now, &j);
	r->tally.frames++;
	r->stopped = j.verdict == VERDICT_DENY;
	if (again && provable(f, &j) && f->tcp_flags != TCP_FLAG_SYN &&
	    !looked_into(f->dport) && !looked_into(f->sport)) {
		r->tally.came++;
		r->tally.hidden += proven;
	}
	if (!check_memory(r, f, &seen, &j, proven))
		return false;
	if (!proven || j.verdict == VERDICT_PERMIT)
		return true;
	complain(r, "an incoming frame is proven", f, in, SEGMENT_NONE, &j);
	return false;
}

/* The same flow's answer, sometimes an opening from the wrong end. */
static void
turn(struct dice *d, struct facts *f)
{
	const struct facts was = *f;

	f->src = was.dst;
	f->dst = was.src;
	f->sport = was.dport;
	f->dport = was.sport;
	f->tcp_flags = dice_chance(d, 20) ? TCP_FLAG_SYN : TCP_FLAG_ACK;
	memcpy(f->src_mac, "\x02\x00\x00\x00", 4);
	f->src_mac[4] = (uint8_t)(f->src.value >> 8);
	f->src_mac[5] = (uint8_t)f->src.value;
}

/* One direction of a packet through both taps. */
static bool
check_way(struct run *r, struct dice *d, const struct facts *say, uint16_t in,
    uint16_t out, bool answer)
{
	const struct random_packet packet = { .facts = *say };
	struct random_frame made;
	const uint8_t *frame = made.bytes;
	size_t length, least;
	struct facts f;

	/* a socket has what it saw: no piece of it was cut off */
	if (dice_chance(d, 20))
		random_frame(d, &packet, &made);
	else
		random_frame_plain(say, &made);
	/* BPF_PROG_RUN takes no frame without the whole fixed header of its protocol */
	least = ETHER_HDR_LEN + (frame[12] == 0x86 ? 40 : 20);
	length = made.captured < least ? least : made.captured;
	if (!(say->flags & FACT_GROUP_MAC) && length >= sizeof(own_mac))
		memcpy(made.bytes, own_mac, sizeof(own_mac));

	decode_frame(DLT_EN10MB, frame, (uint32_t)length, (uint32_t)length, &f, NULL);
	for (int i = 0; i < SHOWN + 1; i++)
		if (!check_coming(r, &f, frame, length, in, i == SHOWN))
			return false;
	if (r->stopped && dice_chance(d, 50))
		return true;
	return in == out || check_leaving(r, &f, frame, length, in, out, answer);
}

static ip_value
within(struct dice *d, const struct ip_range *range)
{
	ip_value size = range->last - range->first;

	return size == 0 ? range->first :
	    range->first + dice_next(d) % (size < UINT32_MAX ? size + 1 : UINT32_MAX);
}

/* A sound packet inside a box, for the rates: dice alone seldom throw one. */
static void
on_box(struct dice *d, const struct checked *c, struct random_packet *p)
{
	const struct box *b = &c->boxes[dice_below(d, (unsigned int)c->n_boxes)];
	const struct service_match *m = &b->service;
	struct facts *f = &p->facts;

	memset(p, 0, sizeof(*p));
	p->in = b->in;
	p->out = b->out;
	f->src = (struct ip_addr){ within(d, &b->src), b->src.family };
	f->dst = (struct ip_addr){ within(d, &b->dst), b->dst.family };
	f->protocol = m->form == SERVICE_PORTS ? m->protocol : IPPROTO_TCP;
	f->sport = m->sport_first;
	if (m->form == SERVICE_PORTS)
		f->dport = (uint16_t)(m->dport_first +
		    dice_below(d, m->dport_last - m->dport_first + 1u));
	if (m->sport_first == 0 && m->sport_last == UINT16_MAX)
		f->sport = (uint16_t)(1024 + dice_below(d, 60000));
	f->tcp_flags = dice_chance(d, 60) ? TCP_FLAG_SYN : TCP_FLAG_ACK;
	f->hop_limit = 64;
	f->flags = FACT_HAS_PORTS | FACT_HAS_MAC;
	memcpy(f->src_mac, "\x02\x00\x00\x00", 4);
	f->src_mac[4] = (uint8_t)(f->src.value >> 8);
	f->src_mac[5] = (uint8_t)f->src.value;
}

static bool
check_packet(struct run *r, struct dice *d)
{
	struct random_packet p;
	struct facts *f = &p.facts;
	unsigned int n = r->checked->n_segments < TAPS ?
	    (unsigned int)r->checked->n_segments : TAPS;

	if (r->checked->n_boxes > 0 && dice_chance(d, 50))
		on_box(d, r->checked, &p);
	else
		random_packet(d, r->checked, &p);
	if ((f->src.family != IP_V4 && f->src.family != IP_V6) ||
	    f->src.family != f->dst.family)
		return true;
	if (!(f->flags & FACT_HAS_MAC))
		memcpy(f->src_mac, "\x02\x01\x01\x01\x01\x01", 6);
	if (p.in >= n)
		p.in = (uint16_t)dice_below(d, n);
	if (p.out >= n)
		p.out = classifier_owner(r->classifier, &f->dst);
	if (p.out >= n)
		p.out = (uint16_t)dice_below(d, n);
	if (dice_chance(d, 30))
		f->tcp_flags = TCP_FLAG_ACK;
	if (dice_chance(d, 20))
		turn(d, f);
	if (dice_chance(d, 10))
		f->src_mac[0] ^= 4;
	r->hook = dice_chance(d, 50);
	if (!check_way(r, d, f, p.in, p.out, false))
		return false;
	turn(d, f);
	return check_way(r, d, f, p.out, p.in, true);
}

static void
add_counted(void *arg, const struct tap_permitted *p)
{
	struct run *r = arg;

	if (p->in >= 0 && p->in < (int)TAPS && p->out >= 0 && p->out < (int)TAPS &&
	    p->permit < PERMITS)
		r->got[p->in][p->out][p->permit] += p->packets;
	r->tally.counted += p->packets;
}

static bool
load(struct run *r, const struct ip_addr *own)
{
	int tap_of_segment[LIMIT_SEGMENTS];
	struct prefilter_source from = {
		.checked = r->checked, .own = own, .n_own = OWN,
		.tap_of_segment = tap_of_segment, .now_s = r->now,
	};
	struct prefilter *filter;
	struct timespec t;
	int error;

	clock_gettime(CLOCK_MONOTONIC, &t);
	from.now_ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
	for (size_t i = 0; i < LIMIT_SEGMENTS; i++)
		tap_of_segment[i] = i < TAPS ? (int)i : -1;
	filter = prefilter_new(&from);
	if (filter == NULL)
		return false;
	error = tap_bpf_load(r->bpf, prefilter_policy(filter));
	prefilter_free(filter);
	return error == 0;
}

/* One policy: load, frames, and what the filter counted against what it proved. */
static bool
check_policy(struct run *r, struct dice *d)
{
	const struct ip_addr own[OWN] = {
		r->checked->n_owned > 0 ? (struct ip_addr){
		    r->checked->owned[0].range.first, r->checked->owned[0].range.family } :
		    (struct ip_addr){ 1, IP_V4 },
		{ 0x0a000001, IP_V4 },
	};
	bool fine;

	memset(r->want, 0, sizeof(r->want));
	memset(r->got, 0, sizeof(r->got));
	r->classifier = classifier_new(r->checked);
	fine = r->classifier != NULL &&
	    classifier_set_own(r->classifier, own, OWN) == 0 && load(r, own);
	for (unsigned int i = 0; fine && i < FRAMES_OF_ONE / 8; i++)
		fine = check_packet(r, d);
	tap_bpf_take(r->bpf, false, add_counted, r);
	if (fine && memcmp(r->want, r->got, sizeof(r->want)) != 0) {
		fprintf(stderr, "\nSEKISHO_TEST_SEED=%" PRIu64
		    " the filter's counters are not the judge's permits\n", r->seed);
		fine = false;
	}
	classifier_free(r->classifier);
	return fine;
}

static void
what_is_proven_is_permitted(void)
{
	static struct run r;
	uint64_t frames = number_from("SEKISHO_TEST_FRAMES", FRAMES);
	uint64_t first = number_from("SEKISHO_TEST_SEED", (uint64_t)time(NULL) << 20);
	struct tally *t = &r.tally;
	bool fine = true;

	CU_ASSERT_FATAL(make_world(&r) && open_filter(&r));
	r.openings = openings_new(OPENINGS_LIVE, OPENINGS_MAX);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r.openings);
	for (r.seed = first; fine && t->frames < frames; r.seed++) {
		struct dice d = { r.seed };
		struct random_size size = { 2 + dice_below(&d, 4), 2 + dice_below(&d, 20),
			dice_below(&d, 4), 1 + dice_below(&d, 6),
			1 + dice_below(&d, 40) };

		r.checked = random_checked(&d, &size);
		if (r.checked == NULL)
			continue;
		r.now = RANDOM_NOW + (int)dice_below(&d, 5) - 2;
		fine = check_policy(&r, &d);
		checked_free(r.checked);
		t->policies++;
	}
	printf("%" PRIu64 " frames, %" PRIu64 " policies; proven of permitted: leaving "
	    "%" PRIu64 "/%" PRIu64 ", answers %" PRIu64 "/%" PRIu64 ", coming %" PRIu64
	    "/%" PRIu64 ", unasked %" PRIu64 " ... ", t->frames, t->policies, t->proven, t->permitted,
	    t->answers_proven, t->answers, t->hidden, t->came, t->unasked);
	CU_ASSERT(fine);
	CU_ASSERT(t->permitted > frames / 200 && t->answers > frames / 200);
	/* what is left: boxes whose lists are too long, ports of detectors */
	CU_ASSERT(t->proven * 100 >= t->permitted * 90);
	CU_ASSERT(t->answers_proven * 100 >= t->answers * 90);
	CU_ASSERT(t->hidden * 100 >= t->came * 90);
	CU_ASSERT(t->unasked > 0);
	openings_free(r.openings);
	tap_bpf_close(r.bpf);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "what the filter proves is permitted, and nearly all that is",
		  what_is_proven_is_permitted },
		CU_TEST_INFO_NULL,
	};
	char why[256] = "";
	struct tap_bpf *bpf = tap_bpf_open(why, sizeof(why));

	if (bpf == NULL) {
		printf("needs CAP_BPF and CAP_NET_ADMIN: %s\n", why);
		return SKIPPED;
	}
	tap_bpf_close(bpf);
	return unit_main("tap_filter", tests);
}
