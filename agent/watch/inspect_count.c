/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a judgement comes to: counters, sightings, and answers that are held. */
#include "agent/watch/inspect_inside.h"

#include <stdio.h>
#include <string.h>

uint16_t
inspect_place(const struct inspect *i, uint16_t segment)
{
	if (segment == SEGMENT_SELF)
		return PLACE_SELF;
	return segment < i->policy.checked->n_segments ? i->policy.place[segment] :
	    PLACE_NONE;
}

static uint16_t
zone_of(const struct inspect *i, uint16_t segment)
{
	return places_at(i->setup.places, inspect_place(i, segment))->zone_number;
}

static const char *
permit_of(const struct inspect *i, uint32_t permit)
{
	const struct checked *c = i->policy.checked;

	return permit == 0 || permit > c->n_permits ? "" : c->permits[permit - 1].id;
}

/* ---- permitted --------------------------------------------------------------- */

uint16_t
inspect_counter(const struct inspect *i, const struct watch_seen *seen,
    const struct judgement *j)
{
	/* Once each: forwarded packets where they leave, those for us where they came. */
	if (seen->witness != WITNESS_TAP_EGRESS && j->out != SEGMENT_SELF)
		return NOT_COUNTED;
	return (uint16_t)(zone_of(i, j->in) * PLACE_ZONES_MAX + zone_of(i, j->out));
}

void
inspect_permit(const struct inspect *i, uint32_t permit, uint64_t *packets,
    uint64_t *bytes)
{
	const struct permit_count *p = &i->permits[2 * ((size_t)permit + 1)];

	*packets = *bytes = 0;
	if (permit >= i->n_permits)
		return;
	*packets = p[0].packets + p[1].packets;
	*bytes = p[0].bytes + p[1].bytes;
}

/* ---- violations -------------------------------------------------------------- */

static struct sighting
sighting_of(const struct inspect *i, const struct inspected *p, const char *detail)
{
	const struct judgement *j = p->judgement;
	const char *colon = strchr(p->seen->gate_reason, ':');

	return (struct sighting){
		.facts = p->facts, .permit = permit_of(i, j->permit),
		/* COMPILE_LOG_* without the name of our table */
		.gate_reason = colon != NULL ? colon + 1 : p->seen->gate_reason,
		.time_ns = p->frame->time_ns, .from = inspect_place(i, j->in),
		.to = inspect_place(i, j->out), .witness = p->seen->witness,
		.zv = (uint8_t)j->zv, .action = (uint8_t)j->action,
		.detail = detail != NULL ? detail : p->detail,
		/* a refused packet that carries it was counted itself */
		.beside = p->outer != NULL &&
		    p->outer->judgement->verdict == VERDICT_DENY,
	};
}

/* Bytes of a frame for whoever keeps packets. */
static struct sighting_frame
frame_of(const struct inspect_frame *frame)
{
	return (struct sighting_frame){ .bytes = frame->bytes, .captured = frame->captured,
	    .length = frame->length, .link_type = frame->link_type,
	    .tap = frame->gate_reason != NULL && frame->where.ingress != SEGMENT_SELF ?
		frame->where.ingress : frame->where.tap };
}

static void
count_violation(struct inspect *i, const struct sighting *s)
{
	i->ledger.violations++;
	i->ledger.leaks += s->witness == WITNESS_TAP_EGRESS;
	i->ledger.by_class[s->zv]++;
}

void
inspect_violation(struct inspect *i, const struct inspected *p, const char *detail)
{
	const struct sighting_frame frame = frame_of(p->frame);
	struct sighting s = sighting_of(i, p, detail);

	s.frame = &frame;
	if (p->outer != NULL)
		i->ledger.inner_violations++;
	else
		count_violation(i, &s);
	aggregate_add(i->setup.aggregate, &s, p->frame->clock_ns);
	if (i->setup.hooks.counted != NULL)
		i->setup.hooks.counted(i->setup.hooks.arg, p, &s);
}

/* A tap that saw it says nothing about whether it crossed: it is not a leak. */
void
inspect_detection(void *arg, const struct detection *d)
{
	struct inspect *i = arg;
	struct sighting_frame frame;
	struct sighting s = {
		.facts = d->facts, .permit = permit_of(i, d->permit), .gate_reason = "",
		.time_ns = i->time_ns, .from = inspect_place(i, d->from),
		.to = inspect_place(i, d->to), .witness = WITNESS_TAP_INGRESS,
		.zv = d->zv, .action = d->action, .severity = d->severity,
		.detail = d->detail, .beside = true,
	};

	if (i->at != NULL) {
		frame = frame_of(i->at);
		s.frame = &frame;
	}
	i->ledger.detections++;
	aggregate_add(i->setup.aggregate, &s, i->clock_ns);
}

/* ---- answers that are held --------------------------------------------------- */

static void
show_unasked(struct inspect *i, const struct waiting *w)
{
	const struct detect_packet packet = {
		.facts = &w->facts, .seen = &w->seen, .judgement = &w->judgement,
		.time_ns = w->sighting.time_ns,
	};

	if (!inspect_is_of_device(&w->facts, &w->seen))
		detect_unasked(i->detect, &packet);
}

static void
decide(struct inspect *i, const struct waiting *w, int64_t clock_ns)
{
	enum opening_sight sight = openings_find(i->openings, &w->asked[0], w->clock_ns);

	if (sight != OPENING_SEEN)
		sight = openings_find(i->openings, &w->asked[1], w->clock_ns);
	if (sight == OPENING_UNSEEN) {
		count_violation(i, &w->sighting);
		aggregate_add(i->setup.aggregate, &w->sighting, clock_ns);
		show_unasked(i, w);
		return;
	}
	i->ledger.permitted++;
	i->ledger.assumed += sight == OPENING_ASSUMED;
	if (w->counter != NOT_COUNTED)
		i->counters[w->counter]++;
}

static void
release_first(struct inspect *i, int64_t clock_ns)
{
	decide(i, &i->waiting[i->waiting_first], clock_ns);
	i->waiting_first = (i->waiting_first + 1) % INSPECT_WAITING;
	i->ledger.waiting--;
}

static void
hold_frame(struct waiting *w, const struct inspect_frame *frame)
{
	w->frame = frame_of(frame);
	if (w->frame.captured > sizeof(w->bytes))
		w->frame.captured = sizeof(w->bytes);
	memcpy(w->bytes, frame->bytes, w->frame.captured);
	w->frame.bytes = w->bytes;
	w->sighting.frame = &w->frame;
}

bool
inspect_wait(struct inspect *i, const struct inspected *p,
    const struct watch_opening asked[2], uint16_t counter)
{
	struct waiting *w;

	if (i->waiting == NULL)
		return false;
	if (i->ledger.waiting == INSPECT_WAITING)
		release_first(i, p->frame->clock_ns);
	w = &i->waiting[(i->waiting_first + i->ledger.waiting) % INSPECT_WAITING];
	w->sighting = sighting_of(i, p, INSPECT_UNASKED);
	w->facts = *p->facts;
	w->sighting.facts = &w->facts;
	snprintf(w->permit, sizeof(w->permit), "%s", w->sighting.permit);
	w->sighting.permit = w->permit;
	w->sighting.gate_reason = "";
	hold_frame(w, p->frame);
	w->seen = *p->seen;
	w->seen.gate_reason = "";
	w->judgement = *p->judgement;
	memcpy(w->asked, asked, sizeof(w->asked));
	w->clock_ns = p->frame->clock_ns;
	w->counter = counter;
	i->ledger.waiting++;
	return true;
}

void
inspect_release(struct inspect *i, int64_t clock_ns, bool all)
{
	while (i->ledger.waiting > 0) {
		int64_t since_ns = i->waiting[i->waiting_first].clock_ns;

		if (!all && clock_ns - since_ns < i->setup.patience_ns)
			return;
		release_first(i, clock_ns);
	}
}
