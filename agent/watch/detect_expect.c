/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an opening will be looked up by. Each table is a miss of the cache, or two; one
 * after the other they cost more than all the rest that is done with a packet, so they
 * are asked for together, and judged is meanwhile. Nothing here changes what is found.
 */
#include "agent/watch/detect_state.h"

#include <netinet/in.h>

static uint64_t
segment_tag(const struct detect *d, uint16_t segment)
{
	return segment < d->checked->n_segments ? d->policy.segment_tag[segment]
						: segment;
}

struct detect_key_pair
detect_key_flow(const struct facts *f)
{
	uint16_t ports[2] = { f->sport, f->dport };
	bool swap;

	if (f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6)
		ports[0] = ports[1] = 0;
	swap = f->src.value > f->dst.value ||
	    (f->src.value == f->dst.value && ports[0] > ports[1]);
	return (struct detect_key_pair){
		.src = swap ? f->dst.value : f->src.value,
		.dst = swap ? f->src.value : f->dst.value,
		.what = (uint64_t)f->protocol << 32 | (uint64_t)ports[swap] << 16 |
		    ports[!swap],
		.family = (uint64_t)f->src.family,
	};
}

struct detect_key_pair
detect_key_source(const struct facts *f)
{
	return (struct detect_key_pair){
		.src = f->src.value, .family = (uint64_t)f->src.family,
	};
}

struct detect_key_pair
detect_key_hosts(const struct facts *f)
{
	return (struct detect_key_pair){
		.src = f->src.value, .dst = f->dst.value,
		.family = (uint64_t)f->src.family,
	};
}

struct detect_key_pair
detect_key_beacon(const struct facts *f)
{
	return (struct detect_key_pair){
		.src = f->src.value, .dst = f->dst.value,
		.what = (uint64_t)f->protocol << 16 | f->dport,
		.family = (uint64_t)f->src.family,
	};
}

struct detect_key_pair
detect_key_sender(const struct detect *d, const struct facts *f,
    const struct judgement *j)
{
	return (struct detect_key_pair){
		.src = f->src.value, .what = d->policy.permit_tag[j->permit - 1],
		.family = (uint64_t)f->src.family,
	};
}

struct detect_key_pair
detect_key_permit(const struct detect *d, const struct judgement *j)
{
	return (struct detect_key_pair){
		.src = segment_tag(d, j->in), .dst = segment_tag(d, j->out),
		.what = d->policy.permit_tag[j->permit - 1],
	};
}

/* May it open a flow, as far as it can be told before it is judged? */
static bool
may_open(const struct facts *f, const struct watch_seen *seen)
{
	if (seen->witness != WITNESS_TAP_INGRESS || f->unreadable != READABLE ||
	    (f->flags & FACT_HAS_PORTS) == 0)
		return false;
	if (f->protocol == IPPROTO_TCP)
		return (f->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN;
	return f->protocol == IPPROTO_UDP || f->protocol == IPPROTO_UDPLITE ||
	    f->protocol == IPPROTO_SCTP;
}

void
detect_expect(const struct detect *d, const struct facts *f, const struct watch_seen *seen,
    struct detect_ahead *a)
{
	struct detect_key_pair key;

	a->sums = a->counts = false;
	a->announced = d->checked != NULL && may_open(f, seen);
	if (!a->announced)
		return;
	key = detect_key_flow(f);
	a->flow = detect_table_announce(&d->tables[TABLE_FLOW], &key);
	if (d->checked->detect.scan_hosts.on) {
		key = detect_key_source(f);
		a->hosts = detect_table_announce(&d->tables[TABLE_HOSTS], &key);
	}
	if (d->checked->detect.scan_ports.on) {
		key = detect_key_hosts(f);
		a->ports = detect_table_announce(&d->tables[TABLE_PORTS], &key);
	}
	if (d->checked->detect.beacon.on) {
		key = detect_key_beacon(f);
		a->beacon = detect_table_announce(&d->tables[TABLE_BEACON], &key);
	}
}

/* Does anybody count the bytes of it? */
static bool
has_sum(const struct detect *d, const struct judgement *j)
{
	return d->checked != NULL && d->checked->detect.bulk.on && j->permit > 0 &&
	    j->verdict == VERDICT_PERMIT && j->permit <= d->policy.n_permits;
}

void
detect_expect_bytes(struct detect *d, uint32_t permit, uint16_t in, uint16_t out,
    bool soon)
{
	const struct judgement j = { .verdict = VERDICT_PERMIT, .permit = permit, .in = in,
	    .out = out };
	struct detect_key_pair key;
	uint64_t hash;

	if (!has_sum(d, &j))
		return;
	key = detect_key_permit(d, &j);
	hash = detect_table_announce(&d->tables[TABLE_SUM], &key);
	if (soon)
		detect_table_fetch(&d->tables[TABLE_SUM], hash, d->now_ns);
}

void
detect_expect_judged(const struct detect *d, const struct judgement *j,
    struct detect_ahead *a)
{
	const struct checked_detect *c;

	if (!a->announced)
		return;
	c = &d->checked->detect;
	a->counts = has_sum(d, j);
	if (a->counts)
		__builtin_prefetch(&d->policy.permit_tag[j->permit - 1]);
	detect_table_fetch(&d->tables[TABLE_FLOW], a->flow, d->now_ns);
	if (c->scan_hosts.on)
		detect_table_fetch(&d->tables[TABLE_HOSTS], a->hosts, d->now_ns);
	if (c->scan_ports.on)
		detect_table_fetch(&d->tables[TABLE_PORTS], a->ports, d->now_ns);
	if (c->beacon.on)
		detect_table_fetch(&d->tables[TABLE_BEACON], a->beacon, d->now_ns);
}

void
detect_expect_sums(const struct detect *d, const struct facts *f,
    const struct judgement *j, struct detect_ahead *a)
{
	struct detect_key_pair key;

	a->sums = a->counts;
	if (!a->sums)
		return;
	key = detect_key_sender(d, f, j);
	a->sender = detect_table_announce(&d->tables[TABLE_SUM], &key);
	key = detect_key_permit(d, j);
	a->permit = detect_table_announce(&d->tables[TABLE_SUM], &key);
}

void
detect_fetch_sums(const struct detect *d, const struct detect_ahead *a)
{
	if (!a->sums)
		return;
	detect_table_fetch(&d->tables[TABLE_SUM], a->sender, d->now_ns);
	detect_table_fetch(&d->tables[TABLE_SUM], a->permit, d->now_ns);
}
