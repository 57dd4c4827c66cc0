/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The quick way: frames whose decision is in the flow table are counted, no more. */
#include "agent/watch/inspect_inside.h"

#include <pcap/dlt.h>

/* Somebody wants to see every packet: what the table knows, with the facts beside. */
static void
show_known(const struct inspect *i, const struct inspect_frame *frame,
    const struct flow_decision *d)
{
	const struct inspect_hooks *h = &i->setup.hooks;
	const struct judgement j = {
		.verdict = (enum verdict)d->verdict, .permit = d->permit, .in = d->in, .out = d->out,
	};
	struct watch_seen seen;
	struct facts f;
	const struct inspected p = { frame, &f, &seen, &j, NULL, false, NULL };

	inspect_read(frame, &f, NULL);
	h->place(h->arg, frame, &f, &seen);
	h->judged(h->arg, &p);
}

static void
known(struct inspect *i, const struct inspect_frame *frame, const struct flow_decision *d,
    uint32_t bytes)
{
	i->ledger.by_table++;
	i->ledger.unreadable[READABLE]++;
	if (d->verdict == VERDICT_PERMIT)
		inspect_permitted(i, d, bytes);
	else
		i->ledger.local++;
	if (__builtin_expect(i->setup.hooks.judged != NULL, 0))
		show_known(i, frame, d);
}

/* A frame on its way; likely is NULL for what has no key. */
struct passing {
	struct flow_key key;
	uint64_t hash;
	struct flow_entry *likely;
};

static void
take(struct inspect *i, const struct inspect_frame *frame, const struct passing *k)
{
	uint32_t bytes = frame->length < frame->captured ? frame->captured : frame->length;
	const struct flow_decision *d = NULL;

	if (frame->gate_reason != NULL) {
		i->ledger.gate++;
	} else {
		i->ledger.frames++;
		i->ledger.bytes += bytes;
	}
	if (k->likely != NULL) {
		flow_table_now(i->flows, i->setup.now == INSPECT_PACKET_TIME ?
		    frame->time_ns : 0, frame->clock_ns);
		d = flow_table_find(i->flows, &k->key, k->hash, k->likely);
	}
	if (d != NULL) {
		known(i, frame, d, bytes);
		return;
	}
	i->time_ns = frame->time_ns;
	i->clock_ns = frame->clock_ns;
	if (i->latest_ns < frame->clock_ns)
		i->latest_ns = frame->clock_ns;
	inspect_look(i, frame, k->likely != NULL ? &k->key : NULL, k->hash);
}

/*
 * Three walks over a batch, so that memory is on its way while others are worked
 * on: keys and buckets, entries, decisions.
 */
static void
take_batch(struct inspect *i, const struct inspect_frame *frames, size_t n)
{
	struct passing all[INSPECT_BATCH];

	for (size_t at = 0; at < n; at++) {
		const struct inspect_frame *f = &frames[at];
		struct passing *k = &all[at];

		k->likely = NULL;
		k->hash = 0;
		if (i->flows == NULL || f->link_type != DLT_EN10MB ||
		    f->gate_reason != NULL || !flow_key_read(f->bytes, f->captured,
		    f->length, &f->where, &k->key))
			continue;
		k->hash = flow_hash(&i->flows->secret, &k->key);
		k->likely = i->flows->entries;
		__builtin_prefetch(flow_table_bucket(i->flows, k->hash));
	}
	for (size_t at = 0; at < n; at++) {
		struct passing *k = &all[at];

		if (k->likely == NULL)
			continue;
		k->likely = flow_table_likely(i->flows, k->hash);
		__builtin_prefetch(k->likely, 1);
	}
	for (size_t at = 0; at < n; at++)
		take(i, &frames[at], &all[at]);
}

void
inspect_frames(struct inspect *i, const struct inspect_frame *frames, size_t n)
{
	while (n > 0) {
		size_t some = n < INSPECT_BATCH ? n : INSPECT_BATCH;

		take_batch(i, frames, some);
		frames += some;
		n -= some;
	}
}
