/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all detectors share: the clock, the tables, the way out; and which
 * packet concerns which topic (detect_*.c).
 *
 * Memory, all of it taken by detect_new() (detect_ledger.bytes has the sum):
 *
 *	stations   8,192 MACs                         0.6 MiB
 *	wires      8,192 MACs, each on one segment    1.1
 *	copies     8,192 packets                      0.6
 *	flows     16,384                              1.1
 *	scans      4,096 sources for hosts, 4,096     4.6
 *	           for administration, 4,096 pairs
 *	           of source and host for ports
 *	beacons   16,384 of source, host and port     2.1
 *	names      4,096 of source and domain         1.8
 *	sums       8,192 of permit and source         1.1
 *	told       8,192                              0.6
 *
 * 13 MiB; pages that were never needed cost nothing. Whoever floods one table
 * with new keys makes it forget the oldest ones of each bucket: then something
 * slow may go unseen, and something told before may be told again.
 *
 * The costliest packet is an opening: eight look-ups in tables that no cache
 * holds when there are ten thousand sources, so they are asked for before the packet
 * is judged (detect_expect.c). A packet of a permitted flow costs two for its
 * station and two for its bytes; the first two fall away while source and MAC are
 * those of the packet before.
 */
#include "agent/watch/detect_state.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest silence that counts in full; after it every window is over anyway. */
#define LONGEST_GAP_NS	(604800 * NS_PER_S)
/* Taps are read one after the other: so much disorder is none. */
#define DISORDER_NS	(10 * NS_PER_S)

#define OPENING_BITS \
	(TCP_FLAG_SYN | TCP_FLAG_ACK | TCP_FLAG_RST | TCP_FLAG_FIN)

static const struct {
	size_t entries, key, value;
	size_t clear;		/* of the value, when it is new; 0: all */
} shapes[DETECT_TABLES] = {
	[TABLE_STATION] = { 8192, sizeof(struct detect_key_mac), DETECT_STATION_BYTES },
	[TABLE_WIRE] = { 8192, sizeof(struct detect_key_mac),
	    sizeof(struct detect_wire_station) },
	[TABLE_COPY] = { 8192, sizeof(uint64_t), DETECT_COPY_BYTES },
	[TABLE_FLOW] = { 16384, sizeof(struct detect_key_pair), sizeof(int64_t) },
	[TABLE_HOSTS] = { 4096, sizeof(struct detect_key_pair), DETECT_SCAN_BYTES,
	    DETECT_SCAN_CLEAR },
	[TABLE_LATERAL] = { 4096, sizeof(struct detect_key_pair), DETECT_SCAN_BYTES,
	    DETECT_SCAN_CLEAR },
	[TABLE_PORTS] = { 4096, sizeof(struct detect_key_pair), DETECT_SCAN_BYTES,
	    DETECT_SCAN_CLEAR },
	[TABLE_BEACON] = { 16384, sizeof(struct detect_key_pair), DETECT_BEACON_BYTES },
	[TABLE_DNS] = { 4096, sizeof(struct detect_key_pair), DETECT_DNS_BYTES,
	    DETECT_DNS_CLEAR },
	[TABLE_SUM] = { 8192, sizeof(struct detect_key_pair), sizeof(struct detect_sum) },
	[TABLE_TOLD] = { 8192, sizeof(struct detect_key_pair), sizeof(int64_t) },
};

struct detect *
detect_new(detect_found *found, void *arg)
{
	struct detect *d = calloc(1, sizeof(*d));
	int error = 0;

	if (d == NULL || sodium_init() < 0) {
		free(d);
		errno = ENOMEM;
		return NULL;
	}
	d->found = found;
	d->arg = arg;
	d->now_ns = 1;
	distinct_scale_init(&d->scale);
	detect_policy_init(&d->policy);
	for (int i = 0; i < DETECT_TABLES && error == 0; i++) {
		error = detect_table_init(&d->tables[i], shapes[i].entries, shapes[i].key,
		    shapes[i].value);
		d->ledger.bytes += detect_table_bytes(&d->tables[i]);
		if (error == 0 && shapes[i].clear > 0)
			detect_table_clear_only(&d->tables[i], shapes[i].clear);
	}
	if (error != 0) {
		detect_free(d);
		errno = ENOMEM;
		return NULL;
	}
	return d;
}

void
detect_free(struct detect *d)
{
	if (d == NULL)
		return;
	for (int i = 0; i < DETECT_TABLES; i++)
		detect_table_free(&d->tables[i]);
	detect_policy_clear(&d->policy);
	free(d);
}

void
detect_set_policy(struct detect *d, const struct checked *checked,
    const struct classifier *classifier, const struct detect_own_mac *own)
{
	d->checked = checked;
	d->classifier = classifier;
	d->own = own;
	memset(d->recent, 0, sizeof(d->recent));
	if (detect_policy_set(&d->policy, checked) != 0)
		d->ledger.exempt_lost++;
}

void
detect_ledger(const struct detect *d, struct detect_ledger *out)
{
	*out = d->ledger;
	for (int i = 0; i < DETECT_TABLES; i++)
		out->forgotten += d->tables[i].evicted;
}

/*
 * Windows are measured by the time that passed as packets tell it, so captures
 * replay like live traffic. A clock set back stops time for nobody: what came
 * before it counts as just now.
 */
static void
pass_time(struct detect *d, int64_t time_ns)
{
	int64_t step;

	if (d->heard_ns == 0 || __builtin_sub_overflow(time_ns, d->heard_ns, &step) ||
	    step < -DISORDER_NS) {
		d->heard_ns = time_ns;
	} else if (step > 0) {
		d->now_ns += step < LONGEST_GAP_NS ? step : LONGEST_GAP_NS;
		d->heard_ns = time_ns;
	}
}

void
detect_sweep(struct detect *d, int64_t time_ns)
{
	pass_time(d, time_ns);
}

bool
detect_due(const struct detect *d, int64_t *told_ns, int64_t every_ns)
{
	if (*told_ns != 0 && d->now_ns - *told_ns < every_ns)
		return false;
	*told_ns = d->now_ns;
	return true;
}

bool
detect_due_key(struct detect *d, const struct detect_key_pair *key, int64_t every_ns)
{
	bool fresh;
	int64_t *told_ns =
	    detect_table_put(&d->tables[TABLE_TOLD], key, d->now_ns, &fresh);

	return detect_due(d, told_ns, every_ns);
}

/* facts of no address: what was seen before stays. */
static void
remember(struct detect_sum *s, const struct facts *f)
{
	if (f->src.family == IP_NONE)
		return;
	s->family = (uint8_t)f->src.family;
	s->protocol = f->protocol;
	s->ethertype = f->ethertype;
	s->sport = f->sport;
	s->dport = f->dport;
	(void)address_to_bytes(f->src.family, f->src.value, s->src);
	(void)address_to_bytes(f->dst.family, f->dst.value, s->dst);
}

struct detect_sum *
detect_sum_add(struct detect *d, const struct detect_key_pair *key, uint64_t hash,
    const struct facts *latest, uint64_t more, const struct checked_detector *c,
    uint64_t *sum)
{
	int64_t window = detect_window(c);
	bool fresh;
	struct detect_sum *s = detect_table_put_hashed(&d->tables[TABLE_SUM], key, hash,
	    d->now_ns, &fresh);

	remember(s, latest);
	*sum = amount_add(&s->amount, more, d->now_ns, window);
	return *sum >= c->limit && detect_due(d, &s->told_ns, window) ? s : NULL;
}

uint64_t
detect_hash(const struct detect *d, const void *bytes, size_t n)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t hash;

	crypto_shorthash(out, bytes, n, d->policy.secret);
	memcpy(&hash, out, sizeof(hash));
	return hash;
}

uint16_t
detect_foreign_owner(const struct detect *d, const struct ip_addr *a, uint16_t in)
{
	uint16_t owner = classifier_owner(d->classifier, a);
	const struct checked_segment *s;

	if (owner >= d->checked->n_segments ||
	    d->checked->segments[owner].zone == d->checked->segments[in].zone)
		return SEGMENT_NONE;
	s = &d->checked->segments[owner];
	for (size_t i = 0; i < s->n_networks; i++) {
		struct ip_range range = address_prefix_range(&s->networks[i]);

		if (s->networks[i].length > 0 && address_range_holds(&range, a))
			return owner;
	}
	return SEGMENT_NONE;
}

enum zone_class
detect_class(const struct detect *d, uint16_t segment)
{
	int zone = checked_zone_of(d->checked, segment);

	return zone < 0 ? ZONE_CLASS_OTHER : d->checked->zones[zone].zone_class;
}

void
detect_tell(struct detect *d, const struct detect_packet *p, struct detection *found,
    const char *format, ...)
{
	char detail[96];
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	found->facts = p->facts;
	found->detail = detail;
	d->ledger.found++;
	d->found(d->arg, found);
	found->detail = NULL;
}

/* First packet of its flow, either way, for DETECT_FLOW_NS. */
static bool
is_new_flow(struct detect *d, const struct detect_packet *p)
{
	struct detect_key_pair key = detect_key_flow(p->facts);
	struct detect_table *t = &d->tables[TABLE_FLOW];
	bool fresh, is_new;
	int64_t *heard_ns;

	heard_ns = detect_table_put_hashed(t, &key,
	    detect_is_announced(p) ? p->ahead->flow : detect_table_hash(t, &key),
	    d->now_ns, &fresh);
	is_new = fresh || d->now_ns - *heard_ns >= DETECT_FLOW_NS;
	*heard_ns = d->now_ns;
	return is_new;
}

/* A permitted packet that no permit of its own direction explains is an answer. */
static bool
is_answer(const struct detect *d, const struct detect_packet *p)
{
	struct judgement j;

	if (p->judgement->verdict != VERDICT_PERMIT || p->opens)
		return false;
	classifier_judge(d->classifier, p->facts, p->seen->in, p->seen->out,
	    p->time_ns / NS_PER_S, &j);
	return j.verdict != VERDICT_PERMIT;
}

/* Lone SYN, first datagram, echo request; to one host, not to a group. */
static bool
is_opening(struct detect *d, const struct detect_packet *p)
{
	const struct facts *f = p->facts;

	if (f->flags & FACT_GROUP_MAC)
		return false;
	switch (f->protocol) {
	case IPPROTO_TCP:
		return (f->tcp_flags & OPENING_BITS) == TCP_FLAG_SYN && is_new_flow(d, p);
	case IPPROTO_ICMP:
		return f->sport >> 8 == 8 && is_new_flow(d, p);
	case IPPROTO_ICMPV6:
		return f->sport >> 8 == 128 && is_new_flow(d, p);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
		return is_new_flow(d, p) && !is_answer(d, p);
	default:
		return false;
	}
}

static void
look_at_content(struct detect *d, const struct detect_packet *p)
{
	if (p->payload.captured == 0)
		return;
	detect_clear(d, p);
	if (p->facts->sport == 53 || p->facts->dport == 53)
		detect_dns_tunnel(d, p);
}

/* Once each: where it came in; what the gateway itself says, where it leaves. */
static bool
counts_as_passed(const struct detect_packet *p)
{
	return p->judgement->verdict == VERDICT_PERMIT && p->facts->level == 0 &&
	    (p->seen->witness == WITNESS_TAP_INGRESS || p->judgement->in == SEGMENT_SELF);
}

/* It came in, and has what flows are told apart by. */
static bool
has_flow(const struct detect_packet *p)
{
	const struct facts *f = p->facts;

	return p->seen->witness == WITNESS_TAP_INGRESS && f->unreadable == READABLE &&
	    f->src.family != IP_NONE && (f->flags & FACT_HAS_PORTS) != 0 &&
	    (f->flags & FACT_FRAGMENT_LATER) == 0;
}

static void
count_opening(struct detect *d, const struct detect_packet *p)
{
	detect_scan(d, p);
	detect_beacon(d, p);
}

void
detect_unasked(struct detect *d, const struct detect_packet *p)
{
	if (d->checked == NULL || !has_flow(p) || !is_opening(d, p))
		return;
	detect_names(d, p, true);
	count_opening(d, p);
}

void
detect_packet(struct detect *d, const struct detect_packet *p)
{
	const struct facts *f = p->facts;
	bool opening;

	pass_time(d, p->time_ns);
	d->ledger.packets++;
	if (d->checked == NULL || p->seen->witness == WITNESS_GATE)
		return;
	detect_stations(d, p);
	if (counts_as_passed(p))
		detect_bulk(d, p);
	if (p->seen->witness != WITNESS_TAP_INGRESS || f->unreadable != READABLE ||
	    f->src.family == IP_NONE)
		return;
	if (f->level == 0)
		detect_rogue(d, p);
	if (!has_flow(p))
		return;
	opening = !p->held && is_opening(d, p);
	detect_names(d, p, opening);
	if (opening)
		count_opening(d, p);
	look_at_content(d, p);
}
