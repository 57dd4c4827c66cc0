/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bulk outflow (ZV-12): bytes that a permit lets out, in all and of each source
 * that is seen; each way by itself.
 */
#include "agent/watch/detect_state.h"

#include <string.h>

static uint64_t
segment_tag(const struct detect *d, uint16_t segment)
{
	return segment < d->checked->n_segments ? d->policy.segment_tag[segment]
						: segment;
}

static void
tell_bulk(struct detect *d, const struct detect_packet *p, uint64_t sum, bool of_host)
{
	const struct checked_detector *c = &d->checked->detect.bulk;
	struct detection found = { .zv = ZV_12_BULK_OUTFLOW, .action = ACTION_BEHAVIOUR,
	    .severity = c->severity, .from = p->judgement->in, .to = p->judgement->out,
	    .permit = p->judgement->permit };

	detect_tell(d, p, &found, "%llu bytes in %u s %s", (unsigned long long)sum,
	    c->seconds, of_host ? "from one host" : "by one permit");
}

static uint64_t
add_to_permit(
    struct detect *d, uint32_t permit, uint16_t in, uint16_t out, uint64_t bytes)
{
	struct detect_key_pair key;

	memset(&key, 0, sizeof(key));
	key.src = segment_tag(d, in);
	key.dst = segment_tag(d, out);
	key.what = d->policy.permit_tag[permit - 1];
	return detect_sum(d, &key, bytes, &d->checked->detect.bulk);
}

void
detect_bulk(struct detect *d, const struct detect_packet *p)
{
	const struct judgement *j = p->judgement;
	const struct facts *f = p->facts;
	struct detect_key_pair key;
	uint64_t of_host, of_permit;

	if (!d->checked->detect.bulk.on || j->permit == 0 ||
	    j->permit > d->policy.n_permits)
		return;
	memset(&key, 0, sizeof(key));
	key.src = f->src.value;
	key.what = d->policy.permit_tag[j->permit - 1];
	key.family = (uint64_t)f->src.family;
	of_host = detect_sum(d, &key, f->length, &d->checked->detect.bulk);
	of_permit = add_to_permit(d, j->permit, j->in, j->out, f->length);
	/* The host says more; both at once is one thing. */
	if (of_host > 0)
		tell_bulk(d, p, of_host, true);
	else if (of_permit > 0)
		tell_bulk(d, p, of_permit, false);
}

void
detect_permit_bytes(struct detect *d, uint32_t permit, uint16_t in, uint16_t out,
    uint64_t bytes, int64_t time_ns)
{
	const struct facts nobody = { 0 };
	const struct judgement j = {
		.verdict = VERDICT_PERMIT, .permit = permit, .in = in, .out = out
	};
	const struct detect_packet p = { .facts = &nobody, .judgement = &j };
	uint64_t sum;

	detect_sweep(d, time_ns);
	if (d->checked == NULL || !d->checked->detect.bulk.on || bytes == 0 ||
	    permit == 0 || permit > d->policy.n_permits)
		return;
	sum = add_to_permit(d, permit, in, out, bytes);
	if (sum > 0)
		tell_bulk(d, &p, sum, false);
}
