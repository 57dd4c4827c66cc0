/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stages of one frame. What comes of a judgement is in inspect_count.c, whether an
 * answer was asked for in inspect_openings.c, what the flow table spares in
 * inspect_frames.c, what is done each second in inspect_sweep.c.
 */
#include "agent/watch/inspect.h"

#include "agent/watch/decode.h"
#include "agent/watch/inspect_inside.h"
#include "rules/compile.h"
#include "rules/cutoff_judge.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- life -------------------------------------------------------------------- */

static bool
allocate(struct inspect *i)
{
	const struct inspect_setup *s = &i->setup;

	if (s->flow_entries > 0) {
		i->flows = flow_table_new(s->flow_entries, s->flow_entries_most);
		if (i->flows == NULL)
			return false;
	}
	if (s->patience_ns > 0) {
		i->waiting = calloc(INSPECT_WAITING, sizeof(i->waiting[0]));
		if (i->waiting == NULL)
			return false;
	}
	i->openings = openings_new(OPENINGS_LIVE, s->openings_most);
	i->fragments = fragments_new(FRAGMENTS_TRACKED);
	i->detect = detect_new(inspect_detection, i);
	return i->openings != NULL && i->fragments != NULL && i->detect != NULL;
}

struct inspect *
inspect_new(const struct inspect_setup *setup)
{
	struct inspect *i = calloc(1, sizeof(*i));

	if (i == NULL)
		return NULL;
	i->setup = *setup;
	i->latest_ns = INT64_MIN;
	i->counters = &setup->permitted[0][0];
	if (!allocate(i)) {
		inspect_free(i);
		errno = ENOMEM;
		return NULL;
	}
	return i;
}

void
inspect_free(struct inspect *i)
{
	if (i == NULL)
		return;
	flow_table_free(i->flows);
	openings_free(i->openings);
	fragments_free(i->fragments);
	detect_free(i->detect);
	free(i->permits);
	free(i->waiting);
	free(i);
}

int
inspect_set_policy(struct inspect *i, const struct inspect_policy *policy)
{
	struct permit_count *permits = calloc(2 * (policy->checked->n_permits + 1),
	    sizeof(permits[0]));

	if (permits == NULL)
		return -ENOMEM;
	if (i->flows != NULL && flow_table_set_policy(i->flows, policy->checked) != 0) {
		free(permits);
		return -ENOMEM;
	}
	free(i->permits);
	i->permits = permits;
	i->n_permits = policy->checked->n_permits;
	i->policy = *policy;
	detect_set_policy(i->detect, policy->checked, policy->classifier, policy->own);
	return 0;
}

int
inspect_set_cut(struct inspect *i, const struct cutoff_judge *cut, int64_t cut_since_ns)
{
	i->policy.cut = cut;
	i->policy.cut_since_ns = cut_since_ns;
	/* what was kept as permitted may not be any more */
	return i->flows == NULL ? 0 : flow_table_set_policy(i->flows, i->policy.checked);
}

/* ---- one packet -------------------------------------------------------------- */

/* Permitted by the policy, and cut off all the same. */
static bool
cut_off(const struct inspect *i, const struct inspect_frame *frame, const struct facts *f,
    struct judgement *j)
{
	if (j->verdict != VERDICT_PERMIT || frame->time_ns < i->policy.cut_since_ns ||
	    !cutoff_judge_holds(i->policy.cut, j->in, j->out, &f->src, &f->dst))
		return false;
	j->verdict = VERDICT_DENY;
	j->zv = ZV_02_NOT_PERMITTED;
	j->action = ACTION_ATTEMPT;
	j->permit = 0;
	return true;
}

void
inspect_read(const struct inspect_frame *frame, struct facts *f, struct decode_rest *rest)
{
	if (frame->link_type == INSPECT_BARE_PACKET)
		decode_packet(frame->bytes, frame->captured, frame->length, f, rest);
	else
		decode_frame(frame->link_type, frame->bytes, frame->captured,
		    frame->length, f, rest);
	if (frame->mac != NULL) {
		memcpy(f->src_mac, frame->mac, sizeof(f->src_mac));
		f->flags |= FACT_HAS_MAC;
	}
}

/* Fragments of one packet meet on one side of one tap, and at one depth of tunnels. */
static uint32_t
fragment_place(const struct inspect_frame *frame, const struct facts *f)
{
	return (uint32_t)f->level << 24 | (uint32_t)frame->where.outgoing << 16 |
	    frame->where.tap;
}

static void
show_detectors(struct inspect *i, const struct inspected *p,
    const struct decode_rest *rest, const struct detect_ahead *ahead)
{
	const struct detect_packet packet = {
		.facts = p->facts, .seen = p->seen, .judgement = p->judgement,
		.payload = rest->payload, .time_ns = p->frame->time_ns,
		.opens = p->opens, .held = p->held, .ahead = ahead,
	};

	i->at = p->frame;
	detect_packet(i->detect, &packet);
	i->at = NULL;
}

static bool
is_excused(const struct inspect *i, const struct inspected *p)
{
	const struct inspect_hooks *h = &i->setup.hooks;

	return h->excused != NULL && h->excused(h->arg, p);
}

static struct flow_decision
decision_of(const struct inspect *i, const struct inspected *p)
{
	const struct judgement *j = p->judgement;
	bool permitted = j->verdict == VERDICT_PERMIT;

	return (struct flow_decision){
		.permit = j->permit, .in = j->in, .out = j->out,
		.verdict = (uint8_t)j->verdict,
		.counter = permitted ? inspect_counter(i, p->seen, j) : NOT_COUNTED,
	};
}

/*
 * The frame's own packet is judged; count it. permitted: what it would have been
 * with its opening, for one that is held. False: the decision may not be kept.
 */
static bool
settle(struct inspect *i, struct inspected *p, enum opening_sight sight,
    const struct watch_opening asked[2], uint16_t counter)
{
	struct flow_decision d = decision_of(i, p);

	switch (p->judgement->verdict) {
	case VERDICT_PERMIT:
		i->ledger.permitted++;
		inspect_count_permitted(i, &d, p->facts->length);
		i->ledger.assumed += sight == OPENING_ASSUMED;
		return sight == OPENING_SEEN;
	case VERDICT_LOCAL:
		i->ledger.local++;
		return true;
	case VERDICT_DENY:
		break;
	}
	if (is_excused(i, p))
		i->ledger.excused++;
	else if (sight == OPENING_SEEN)
		inspect_violation(i, p, NULL);
	else if (!(p->held = inspect_wait(i, p, asked, counter)))
		inspect_violation(i, p, INSPECT_UNASKED);
	return false;
}

/* ---- packets in it ----------------------------------------------------------- */

static void
settle_inner(struct inspect *i, const struct inspected *p, bool ours)
{
	struct inspect_ledger *l = &i->ledger;

	l->inner++;
	switch (p->judgement->verdict) {
	case VERDICT_PERMIT:
		l->inner_permitted++;
		return;
	case VERDICT_LOCAL:
		l->inner_local++;
		return;
	case VERDICT_DENY:
		break;
	}
	if (!ours)
		l->inner_unrecorded++;
	else if (is_excused(i, p))
		l->inner_excused++;
	else
		inspect_violation(i, p, NULL);
}

static void
look_inside(struct inspect *i, const struct inspected *frame, struct decode_rest *rest)
{
	const struct judgement *j = frame->judgement;
	struct watch_outer outer = { j->in, j->out, j->verdict == VERDICT_PERMIT };
	struct judgement inner;
	struct facts f;
	struct inspected p = { frame->frame, &f, frame->seen, &inner, frame,
	    false, false, false, NULL };

	while (decode_inner(rest, &f)) {
		bool ours;

		fragments_track(i->fragments, &f, fragment_place(frame->frame, &f),
		    i->latest_ns);
		ours = watch_judge_inner(i->policy.classifier, &f, &outer,
		    inspect_judged_as_of(i, frame->frame->time_ns), &inner);
		p.detail = NULL;
		if (ours && outer.permitted && cut_off(i, frame->frame, &f, &inner)) {
			inner.action = ACTION_TUNNEL;
			p.detail = INSPECT_CUT;
		}
		settle_inner(i, &p, ours);
		show_detectors(i, &p, rest, NULL);
		outer = (struct watch_outer){ inner.in, inner.out,
		    inner.verdict == VERDICT_PERMIT };
	}
}

/* ---- one frame --------------------------------------------------------------- */

#define TAG_WORDS 40

static const char *
name_tag(const struct facts *f, char words[TAG_WORDS])
{
	snprintf(words, TAG_WORDS, "VLAN %d is no segment here",
	    f->vlan[watch_judge_tag(f)] - 1);
	return words;
}

/* A SYN has no key; what the table knows of its ports is of another connection. */
static void
begin_connection(struct inspect *i, const struct inspect_frame *frame,
    const struct facts *f)
{
	struct flow_key k;

	if (i->flows == NULL || f->protocol != IPPROTO_TCP || f->level != 0 ||
	    (f->tcp_flags & TCP_FLAG_SYN) == 0 || frame->link_type != DLT_EN10MB ||
	    !flow_key_of_connection(frame->bytes, frame->captured, frame->length,
	    &frame->where, &k))
		return;
	flow_table_begin(i->flows, &k, flow_hash(&i->flows->secret, &k));
}

/* Memory that the packet will need when it is judged. */
static void
expect(const struct inspect *i, struct sight *s)
{
	if (s->facts.protocol == IPPROTO_UDP) {
		const struct watch_opening o = watch_opening_of(&s->facts);

		openings_expect(i->openings, &o);
	}
	classifier_expect(i->policy.classifier, &s->facts);
	detect_expect(i->detect, &s->facts, &s->seen, &s->ahead);
}

void
inspect_see(struct inspect *i, const struct inspect_frame *frame, struct sight *s)
{
	const struct inspect_hooks *h = &i->setup.hooks;

	inspect_read(frame, &s->facts, &s->rest);
	fragments_track(i->fragments, &s->facts, fragment_place(frame, &s->facts),
	    i->latest_ns);
	h->place(h->arg, frame, &s->facts, &s->seen);
	expect(i, s);
}

void
inspect_judge(const struct inspect *i, const struct inspect_frame *frame, struct sight *s)
{
	struct judgement *j = &s->judgement;

	s->foreign_tag = watch_judge(i->policy.classifier, &s->facts, &s->seen,
	    inspect_judged_as_of(i, frame->time_ns), j);
	s->cut = cut_off(i, frame, &s->facts, j) ||
	    strcmp(s->seen.gate_reason, COMPILE_LOG_CUTOFF) == 0;
	if (s->cut)
		j->permit = 0;
	__builtin_prefetch(&i->permits[2 * (size_t)j->permit], 1);
	detect_expect_judged(i->detect, j, &s->ahead);
}

void
inspect_look(struct inspect *i, const struct inspect_frame *frame, struct sight *s,
    const struct flow_key *key, uint64_t hash)
{
	const struct inspect_hooks *h = &i->setup.hooks;
	enum opening_sight sight = OPENING_SEEN;
	struct watch_opening asked[2];
	struct judgement *j = &s->judgement;
	struct inspected p = { frame, &s->facts, &s->seen, j, NULL, false, false, false,
	    NULL };
	uint16_t counter = NOT_COUNTED;
	char words[TAG_WORDS];

	if (s->cut)
		p.detail = INSPECT_CUT;
	else if (s->foreign_tag)
		p.detail = name_tag(&s->facts, words);
	if (j->verdict == VERDICT_PERMIT) {
		counter = inspect_counter(i, &s->seen, j);
		sight = inspect_opening(i, &p, j, asked);
	}
	i->ledger.unreadable[s->facts.unreadable]++;
	begin_connection(i, frame, &s->facts);
	if (settle(i, &p, sight, asked, counter) && key != NULL &&
	    s->rest.tunnel == TUNNEL_NONE) {
		const struct flow_decision d = decision_of(i, &p);

		flow_table_keep(i->flows, key, hash, &d);
	}
	if (h->judged != NULL)
		h->judged(h->arg, &p);
	if (inspect_is_of_device(&s->facts, &s->seen))
		return;
	show_detectors(i, &p, &s->rest, &s->ahead);
	look_inside(i, &p, &s->rest);
}

/* ---- at the end --------------------------------------------------------------- */

void
inspect_finish(struct inspect *i)
{
	inspect_release(i, i->clock_ns, true);
}

const struct inspect_ledger *
inspect_ledger(const struct inspect *i)
{
	return &i->ledger;
}

bool
inspect_balanced(const struct inspect_ledger *l)
{
	uint64_t judged = l->permitted + l->local + l->excused + l->violations;
	uint64_t inner = l->inner_permitted + l->inner_local + l->inner_excused +
	    l->inner_violations + l->inner_unrecorded;

	return l->frames + l->gate == judged + l->waiting && l->inner == inner;
}

void
inspect_fragments(const struct inspect *i, struct fragments_ledger *out)
{
	fragments_ledger(i->fragments, out);
}
