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
	const struct inspected p = { frame, &f, &seen, &j, NULL, false, false, false,
	    NULL };

	inspect_read(frame, &f, NULL);
	h->place(h->arg, frame, &f, &seen);
	h->judged(h->arg, &p);
}

FLOW_IN_LINE void
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

FLOW_IN_LINE void
take(struct inspect *i, const struct inspect_frame *frame, const struct passing *k)
{
	uint32_t bytes = frame->length < frame->captured ? frame->captured : frame->length;
	struct flow_decision d;

	if (frame->gate_reason != NULL) {
		i->ledger.gate++;
	} else {
		i->ledger.frames++;
		i->ledger.bytes += bytes;
	}
	if (k->likely != NULL) {
		flow_table_now(i->flows, i->setup.now == INSPECT_PACKET_TIME ?
		    frame->time_ns : 0, frame->clock_ns);
		if (flow_table_find(i->flows, &k->key, k->hash, k->likely, &d)) {
			known(i, frame, &d, bytes);
			return;
		}
	}
	i->time_ns = frame->time_ns;
	i->clock_ns = frame->clock_ns;
	if (i->latest_ns < frame->clock_ns)
		i->latest_ns = frame->clock_ns;
	inspect_look(i, frame, k->likely != NULL ? &k->key : NULL, k->hash);
}

/*
 * So many frames ahead a bucket is asked for, and half as many the entry in it: what has
 * to come from memory takes about as long as sixteen frames.
 */
#define AHEAD	((size_t)32)
#define RING	(2 * AHEAD)

FLOW_IN_LINE void
ask_bucket(const struct inspect *i, const struct inspect_frame *f, struct passing *k)
{
	k->likely = NULL;
	k->hash = 0;
	if (i->flows == NULL || f->link_type != DLT_EN10MB || f->gate_reason != NULL ||
	    !flow_key_read(f->bytes, f->captured, f->length, &f->where, &k->key))
		return;
	k->hash = flow_hash(&i->flows->secret, &k->key);
	k->likely = i->flows->entries;
	__builtin_prefetch(flow_table_bucket(i->flows, k->hash));
}

FLOW_IN_LINE void
ask_entry(const struct inspect *i, struct passing *k)
{
	if (k->likely == NULL)
		return;
	k->likely = flow_table_likely(i->flows, k->hash);
	__builtin_prefetch(k->likely, 1);
}

/*
 * Three frames are worked on at once: of one the bucket is asked for, of an earlier one
 * the entry, and one is taken. So memory is on its way all the time, not by fits.
 */
static void
take_many(struct inspect *i, const struct inspect_frame *frames, size_t n)
{
	struct passing ring[RING] = { 0 };

	for (size_t at = 0; at < n + AHEAD; at++) {
		if (at < n)
			ask_bucket(i, &frames[at], &ring[at % RING]);
		if (at >= AHEAD / 2 && at - AHEAD / 2 < n)
			ask_entry(i, &ring[(at - AHEAD / 2) % RING]);
		if (at >= AHEAD)
			take(i, &frames[at - AHEAD], &ring[(at - AHEAD) % RING]);
	}
}

void
inspect_frames(struct inspect *i, const struct inspect_frame *frames, size_t n)
{
	struct passing k;

	if (n >= AHEAD) {
		take_many(i, frames, n);
		return;
	}
	for (size_t at = 0; at < n; at++) {
		ask_bucket(i, &frames[at], &k);
		ask_entry(i, &k);
		take(i, &frames[at], &k);
	}
}
