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

/* In registers of their own: together they would have too few. */
#define APART __attribute__((noinline))

/* A frame on its way; likely is NULL for what has no key. */
struct passing {
	struct flow_key key;
	uint64_t hash;
	struct flow_entry *likely;
};

/* Of frames that the table decided; brought to the ledger before anybody can look. */
struct known {
	uint64_t frames, bytes, local;
};

static inline void
settle_known(struct inspect *i, struct known *k)
{
	struct inspect_ledger *l = &i->ledger;

	l->frames += k->frames;
	l->bytes += k->bytes;
	l->by_table += k->frames;
	l->unreadable[READABLE] += k->frames;
	l->permitted += k->frames - k->local;
	l->local += k->local;
	*k = (struct known){ 0 };
}

FLOW_IN_LINE uint32_t
bytes_of(const struct inspect_frame *frame)
{
	return frame->length < frame->captured ? frame->captured : frame->length;
}

/* A group of frames whose turn it is. */
struct turn {
	const struct inspect_frame *frames;
	const struct passing *passing;
	size_t n;
	int64_t wall;		/* what counts of the time of frames: all bits, or none */
	bool looked;		/* ahead */
	uint32_t seen;		/* bits: those of which i->sights[] holds all there is */
};

/*
 * The first frame that the table does not decide was met, and seldom alone: flows begin
 * in crowds. From here on all such frames of the group are seen at once, then judged at
 * once: each of them would wait for memory a dozen times, now they wait together.
 * Whether one is met indeed is not known yet; if not, its sight is not used.
 */
static APART void
see_ahead(struct inspect *i, struct turn *t, size_t from)
{
	uint32_t seen = 0;

	for (size_t at = from; at < t->n; at++) {
		const struct passing *k = &t->passing[at];

		if (k->likely == NULL || flow_table_would_find(i->flows, &k->key,
		    k->hash, k->likely))
			continue;
		inspect_see(i, &t->frames[at], &i->sights[at]);
		seen |= 1u << at;
	}
	for (uint32_t left = seen; left != 0; left &= left - 1) {
		size_t at = (size_t)__builtin_ctz(left);

		inspect_judge(i, &t->frames[at], &i->sights[at]);
	}
	for (uint32_t left = seen; left != 0; left &= left - 1) {
		struct sight *s = &i->sights[__builtin_ctz(left)];

		detect_expect_sums(i->detect, &s->facts, &s->judgement, &s->ahead);
	}
	for (uint32_t left = seen; left != 0; left &= left - 1)
		detect_fetch_sums(i->detect, &i->sights[__builtin_ctz(left)].ahead);
	t->looked = true;
	t->seen = seen;
}

static APART void
take_unknown(struct inspect *i, struct turn *t, size_t at)
{
	const struct inspect_frame *frame = &t->frames[at];
	const struct passing *k = &t->passing[at];

	if (frame->gate_reason != NULL) {
		i->ledger.gate++;
	} else {
		i->ledger.frames++;
		i->ledger.bytes += bytes_of(frame);
	}
	i->time_ns = frame->time_ns;
	i->clock_ns = frame->clock_ns;
	if (i->latest_ns < frame->clock_ns)
		i->latest_ns = frame->clock_ns;
	if (!t->looked)
		see_ahead(i, t, at);
	if ((t->seen >> at & 1u) == 0) {
		inspect_see(i, frame, &i->sights[at]);
		inspect_judge(i, frame, &i->sights[at]);
		detect_expect_sums(i->detect, &i->sights[at].facts,
		    &i->sights[at].judgement, &i->sights[at].ahead);
	}
	if (k->likely != NULL)
		inspect_look(i, frame, &i->sights[at], &k->key, k->hash);
	else
		inspect_look(i, frame, &i->sights[at], NULL, 0);
}

FLOW_IN_LINE bool
is_known(struct flow_table *t, const struct inspect_frame *frame, int64_t wall_ns,
    const struct passing *k, struct flow_decision *d)
{
	if (k->likely == NULL)
		return false;
	flow_table_now(t, wall_ns, frame->clock_ns);
	return flow_table_find(t, &k->key, k->hash, k->likely, d);
}

FLOW_IN_LINE void
take(struct inspect *i, struct turn *t, size_t at, struct known *known)
{
	const struct inspect_frame *frame = &t->frames[at];
	struct flow_decision d;

	if (!is_known(i->flows, frame, frame->time_ns & t->wall, &t->passing[at], &d)) {
		settle_known(i, known);
		take_unknown(i, t, at);
		return;
	}
	known->frames++;
	known->bytes += bytes_of(frame);
	if (d.verdict == VERDICT_PERMIT)
		inspect_count_permitted(i, &d, bytes_of(frame));
	else
		known->local++;
	if (__builtin_expect(i->setup.hooks.judged != NULL, 0)) {
		settle_known(i, known);
		show_known(i, frame, &d);
	}
}

FLOW_IN_LINE void
ask_bucket(const struct flow_table *t, const struct inspect_frame *f, struct passing *k)
{
	struct flow_key key;
	uint64_t hash;

	if (f->link_type != DLT_EN10MB || f->gate_reason != NULL ||
	    !flow_key_read(f->bytes, f->captured, f->length, &f->where, &key)) {
		k->likely = NULL;
		return;
	}
	hash = flow_hash(&t->secret, &key);
	__builtin_prefetch(flow_table_bucket(t, hash));
	*k = (struct passing){ key, hash, t->entries };
}

FLOW_IN_LINE void
ask_entry(const struct flow_table *t, struct passing *k)
{
	struct flow_entry *likely;

	if (k->likely == NULL)
		return;
	likely = flow_table_likely(t, k->hash);
	__builtin_prefetch(likely, 1);
	k->likely = likely;
}

/*
 * Frames go in groups: of one all buckets are asked for, of the one before it the
 * entries, and the one before that is taken. What has to come from memory takes about
 * as long as a group does.
 */
#define GROUP	INSPECT_GROUP
_Static_assert(GROUP <= 32, "bits of turn.seen");

static inline size_t
size_of_group(size_t n, size_t group)
{
	return n - group * GROUP < GROUP ? n - group * GROUP : GROUP;
}

static APART void
ask_buckets(const struct flow_table *t, const struct inspect_frame *frames, size_t n,
    struct passing *k)
{
	for (size_t at = 0; at < n; at++) {
		if (t != NULL)
			ask_bucket(t, &frames[at], &k[at]);
		else
			k[at].likely = NULL;
	}
}

static APART void
ask_entries(const struct flow_table *t, size_t n, struct passing *k)
{
	for (size_t at = 0; at < n; at++)
		ask_entry(t, &k[at]);
}

static APART void
take_group(struct inspect *i, const struct inspect_frame *frames, size_t n,
    const struct passing *k)
{
	struct turn turn = { frames, k, n, i->setup.now == INSPECT_PACKET_TIME ? -1 : 0,
		false, 0 };
	struct known known = { 0 };

	for (size_t at = 0; at < n; at++)
		take(i, &turn, at, &known);
	settle_known(i, &known);
}

void
inspect_frames(struct inspect *i, const struct inspect_frame *frames, size_t n)
{
	struct passing passing[3][GROUP];
	size_t groups = (n + GROUP - 1) / GROUP;

	for (size_t g = 0; g < groups + 2; g++) {
		if (g < groups)
			ask_buckets(i->flows, &frames[g * GROUP], size_of_group(n, g),
			    passing[g % 3]);
		if (g >= 1 && g < groups + 1)
			ask_entries(i->flows, size_of_group(n, g - 1), passing[(g - 1) % 3]);
		if (g >= 2)
			take_group(i, &frames[(g - 2) * GROUP], size_of_group(n, g - 2),
			    passing[(g - 2) % 3]);
	}
}
