/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bulk outflow (ZV-12): bytes that a permit lets out, in all (as others count
 * them) and of each source (of the packets shown); each way by itself.
 */
#include "agent/watch/detect_state.h"

#include <string.h>

static void
tell_bulk(struct detect *d, const struct detect_packet *p, uint64_t sum, bool of_host)
{
	const struct checked_detector *c = &d->checked->detect.bulk;
	struct detection found = { .zv = ZV_12_BULK_OUTFLOW, .action = ACTION_BEHAVIOUR,
	    .severity = c->severity, .from = p->judgement->in, .to = p->judgement->out,
	    .permit = detect_permit(p) };

	detect_tell(d, p, &found, "%llu bytes in %u s %s", (unsigned long long)sum,
	    c->seconds, of_host ? "from one host" : "by one permit");
}

static struct detect_sum *
add_to_permit(struct detect *d, const struct judgement *j, const struct facts *f,
    const struct detect_ahead *a, uint64_t bytes, uint64_t *sum)
{
	struct detect_key_pair key = detect_key_permit(d, j);
	uint64_t hash = a != NULL ? a->permit :
	    detect_table_hash(&d->tables[TABLE_SUM], &key);

	return detect_sum_add(d, &key, hash, f, bytes, &d->checked->detect.bulk, sum);
}

static struct detect_sum *
add_to_host(struct detect *d, const struct judgement *j, const struct facts *f,
    const struct detect_ahead *a, uint64_t *sum)
{
	struct detect_key_pair key = detect_key_sender(d, f, j);
	uint64_t hash = a != NULL ? a->sender :
	    detect_table_hash(&d->tables[TABLE_SUM], &key);

	return detect_sum_add(d, &key, hash, f, f->length, &d->checked->detect.bulk, sum);
}

void
detect_bulk(struct detect *d, const struct detect_packet *p)
{
	const struct detect_ahead *a = p->ahead != NULL && p->ahead->sums ? p->ahead : NULL;
	const struct judgement *j = p->judgement;
	uint64_t sum;

	if (!d->checked->detect.bulk.on || j->permit == 0 ||
	    j->permit > d->policy.n_permits)
		return;
	if (add_to_host(d, j, p->facts, a, &sum) != NULL)
		tell_bulk(d, p, sum, true);
	/* Its bytes come by detect_permit_bytes(); here it learns who sends. */
	if (add_to_permit(d, j, p->facts, a, 0, &sum) != NULL)
		tell_bulk(d, p, sum, false);
}

/* Who sent last by this permit, as far as its packets were seen. */
static void
recall(const struct detect_sum *s, struct facts *f)
{
	if (s->family == IP_NONE)
		return;
	f->src = address_from_bytes((enum ip_family)s->family, s->src);
	f->dst = address_from_bytes((enum ip_family)s->family, s->dst);
	f->ethertype = s->ethertype;
	f->protocol = f->first_header = s->protocol;
	f->sport = s->sport;
	f->dport = s->dport;
	if (f->sport != 0 || f->dport != 0)
		f->flags |= FACT_HAS_PORTS;
}

void
detect_permit_bytes(struct detect *d, uint32_t permit, uint16_t in, uint16_t out,
    uint64_t bytes, int64_t time_ns)
{
	const struct judgement j = { .verdict = VERDICT_PERMIT, .permit = permit, .in = in,
	    .out = out };
	struct facts latest = { 0 };
	const struct detect_packet p = { .facts = &latest, .judgement = &j };
	const struct detect_sum *s;
	uint64_t sum;

	detect_sweep(d, time_ns);
	if (d->checked == NULL || !d->checked->detect.bulk.on || bytes == 0 ||
	    permit == 0 || permit > d->policy.n_permits)
		return;
	s = add_to_permit(d, &j, &latest, NULL, bytes, &sum);
	if (s == NULL)
		return;
	recall(s, &latest);
	tell_bulk(d, &p, sum, false);
}
