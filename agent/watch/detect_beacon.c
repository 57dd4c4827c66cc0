/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Beacons (ZV-11): openings of one source to the same host and port at an even
 * pace. Mean and spread of the spacing by Welford's method (1962), so a series
 * of any length takes the same memory.
 */
#include "agent/watch/detect_state.h"

#include <netinet/in.h>
#include <string.h>

struct beacon {
	int64_t start_ns, last_ns, told_ns;
	double mean, m2;	/* of the spacing, seconds; sum of squared differences */
	uint64_t n;		/* spacings */
};
_Static_assert(sizeof(struct beacon) <= DETECT_BEACON_BYTES, "as detect.c has it");

/* Clocks, names and supervision are asked at an even pace by everybody. */
static bool
is_expected(const struct detect *d, const struct detect_packet *p)
{
	const uint32_t roles = HOST_ROLE_NTP | HOST_ROLE_DNS | HOST_ROLE_MONITOR;
	const struct facts *f = p->facts;

	if (p->judgement->verdict == VERDICT_PERMIT && f->protocol == IPPROTO_UDP &&
	    (f->dport == 123 || f->dport == 53))
		return true;
	return role_index_holds(d->policy.roles, roles, &f->src) ||
	    role_index_holds(d->policy.roles, roles, &f->dst);
}

static void
add_spacing(struct beacon *b, double seconds)
{
	double delta = seconds - b->mean;

	b->n++;
	b->mean += delta / (double)b->n;
	b->m2 += delta * (seconds - b->mean);
}

/* Standard deviation at most so many percent of the mean: compared as squares. */
static bool
is_even(const struct beacon *b, uint32_t percent)
{
	double most = b->mean * percent / 100;

	return b->m2 / (double)b->n <= most * most;
}

static bool
beat(struct detect *d, struct beacon *b, const struct checked_detector *c)
{
	int64_t window = detect_window(c), spacing = d->now_ns - b->last_ns;

	if (b->start_ns == 0 || d->now_ns - b->start_ns > window) {
		int64_t told_ns = b->told_ns;

		memset(b, 0, sizeof(*b));
		b->start_ns = b->last_ns = d->now_ns;
		b->told_ns = told_ns;
		return false;
	}
	if (spacing < DETECT_BEAT_NS)
		return false;
	b->last_ns = d->now_ns;
	add_spacing(b, (double)spacing / NS_PER_S);
	return b->n + 1 >= c->limit && is_even(b, d->checked->detect.beacon_jitter) &&
	    detect_due(d, &b->told_ns, window);
}

void
detect_beacon(struct detect *d, const struct detect_packet *p)
{
	const struct checked_detector *c = &d->checked->detect.beacon;
	const struct facts *f = p->facts;
	struct detection found = { .zv = ZV_11_BEACON, .action = ACTION_BEHAVIOUR,
	    .severity = c->severity, .from = p->seen->in, .to = p->judgement->out,
	    .permit = detect_permit(p) };
	struct detect_key_pair key = detect_key_beacon(f);
	struct detect_table *t = &d->tables[TABLE_BEACON];
	struct beacon *b;
	bool fresh;

	if (!c->on || f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6 ||
	    is_expected(d, p))
		return;
	b = detect_table_put_hashed(t, &key,
	    detect_is_announced(p) ? p->ahead->beacon : detect_table_hash(t, &key),
	    d->now_ns, &fresh);
	if (beat(d, b, c))
		detect_tell(d, p, &found, "%llu openings every %.1f s",
		    (unsigned long long)b->n + 1, b->mean);
}
