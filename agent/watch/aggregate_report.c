/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is told of an entry, and when. Counts are told as totals so far; a
 * stream that was told as final starts again from nothing, so the sum of all
 * finals is the number of packets.
 */
#include "agent/watch/aggregate_table.h"
#include "agent/watch/reason.h"

#include <stdio.h>
#include <string.h>

/* Tells the two streams of one entry apart. */
#define LEAK_KEY 0x6c65616b00000000ull

uint64_t
aggregate_other_key(uint64_t key)
{
	return key ^ LEAK_KEY;
}

uint64_t
aggregate_stream_key(const struct entry *e, const struct stream *s)
{
	return s == &e->leak ? aggregate_other_key(e->hash) : e->hash;
}

static uint64_t
less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

uint64_t
aggregate_attempts_of(const struct entry *e, uint64_t ingress)
{
	uint64_t stayed = less(ingress, e->egress - e->egress_before + e->credit);

	return stayed > e->gate ? stayed : e->gate;
}

static uint64_t
attempt_bytes(const struct entry *e)
{
	uint64_t stayed = less(e->ingress_bytes, e->egress_bytes);

	return stayed > e->gate_bytes ? stayed : e->gate_bytes;
}

static struct aggregate_totals *
totals_of(struct aggregate *a, const struct entry *e)
{
	return &a->totals[places_at(a->places, e->from)->zone_number]
	    [places_at(a->places, e->to)->zone_number];
}

void
aggregate_count_attempts(struct aggregate *a, struct entry *e, bool all)
{
	uint64_t n = aggregate_attempts_of(e, all ? e->ingress : e->settled);
	struct aggregate_totals *t = totals_of(a, e);

	/* Modulo 2^64: a straggler that left after all takes itself back. */
	*(e->key.beside ? &t->beside : &t->attempts) += n - e->counted;
	e->counted = n;
}

void
aggregate_count_leak(struct aggregate *a, const struct entry *e)
{
	struct aggregate_totals *t = totals_of(a, e);

	(*(e->key.beside ? &t->beside : &t->leaks))++;
}

static void
put_place(const struct place *p, char zone[64], char interface[16], uint8_t *zone_class)
{
	memcpy(zone, p->zone, sizeof(p->zone));
	memcpy(interface, p->interface, sizeof(p->interface));
	*zone_class = p->zone_class;
}

static void
fill_event(const struct aggregate *a, const struct entry *e, const struct stream *s,
    enum event_phase phase, uint64_t count, struct event *ev)
{
	bool leak = s == &e->leak, own = (size_t)(e - a->entries) < a->n_entries;

	memset(ev, 0, sizeof(*ev));
	ev->kind = EVENT_VIOLATION;
	ev->phase = (uint8_t)phase;
	ev->zv = e->key.zv;
	ev->action = leak ? ACTION_LEAK : e->key.action;
	/* the gate saw what it stopped, the wire behind it what crossed */
	ev->witness = e->witnesses & (leak ? WITNESS_TAP_INGRESS | WITNESS_TAP_EGRESS :
	    WITNESS_TAP_INGRESS | WITNESS_GATE);
	ev->first_ns = s->first_ns;
	ev->last_ns = s->last_ns;
	ev->key = aggregate_stream_key(e, s);
	ev->count = count;
	ev->bytes = leak ? e->egress_bytes : attempt_bytes(e);
	ev->facts = e->facts;
	put_place(places_at(a->places, e->from), ev->from_zone, ev->in_interface,
	    &ev->from_class);
	put_place(places_at(a->places, e->to), ev->to_zone, ev->out_interface,
	    &ev->to_class);
	ev->severity = (uint8_t)violation_severity((enum violation_class)ev->zv,
	    (enum violation_action)ev->action, (enum zone_class)ev->from_class,
	    (enum zone_class)ev->to_class);
	/* no detection leaks; in an entry of many it makes nothing milder */
	if (!leak && (e->severity > ev->severity || (own && e->severity != 0)))
		ev->severity = e->severity;
	memcpy(ev->permit, e->permit, sizeof(ev->permit));
	memcpy(ev->policy_digest, a->digest, sizeof(ev->policy_digest));
	if (own)
		reason_write(ev, leak ? "" : e->gate_reason, e->detail, ev->reason,
		    sizeof(ev->reason));
	else
		snprintf(ev->reason, sizeof(ev->reason),
		    "more different violations than the "
		    "table holds: those of this pair of zones are counted together");
}

/* False: not now. */
static bool
tell(struct aggregate *a, struct entry *e, struct stream *s, enum event_phase phase,
    uint64_t count)
{
	struct event ev;

	if (a->blocked)
		return false;
	fill_event(a, e, s, phase, count, &ev);
	if (a->emit(a->arg, &ev) != 0) {
		a->blocked = true;
		return false;
	}
	s->reported = count;
	return true;
}

static void
tell_progress(struct aggregate *a, struct entry *e, struct stream *s, uint64_t count,
    int64_t now_ns)
{
	if (count == 0 || count == s->reported)
		return;
	if (!s->open) {
		if (!tell(a, e, s, PHASE_FIRST, count))
			return;
		s->open = true;
		s->opened_ns = now_ns;
		s->step_ns = AGGREGATE_FIRST_UPDATE_NS;
		return;
	}
	if (now_ns - s->opened_ns < s->step_ns || !tell(a, e, s, PHASE_UPDATE, count))
		return;
	while (now_ns - s->opened_ns >= s->step_ns)
		s->step_ns *= 10;
}

void
aggregate_report_now(struct aggregate *a, struct entry *e, int64_t now_ns)
{
	if (!e->leak.open && e->egress > 0)
		tell_progress(a, e, &e->leak, e->egress, now_ns);
	if (!e->attempt.open && e->gate > 0)
		tell_progress(a, e, &e->attempt, aggregate_attempts_of(e, e->settled), now_ns);
}

/* "of": packets that were shown of this stream. */
static void
show_end(struct aggregate *a, const struct entry *e, const struct stream *s, uint64_t of)
{
	if (a->packet != NULL && of > 0)
		a->packet(a->arg, aggregate_stream_key(e, s), 0, of, NULL);
}

/*
 * Both streams of an idle entry are told as final and start from nothing.
 * False when that was not possible now: the next sweep tries again.
 */
static bool
tell_final(struct aggregate *a, struct entry *e)
{
	uint64_t attempts = aggregate_attempts_of(e, e->ingress);

	aggregate_count_attempts(a, e, true);
	if (attempts > 0 && !tell(a, e, &e->attempt, PHASE_FINAL, attempts))
		return false;
	a->told += attempts;
	show_end(a, e, &e->attempt, e->ingress > 0 ? e->ingress : e->gate);
	a->closed += e->ingress + e->gate;
	e->ingress = e->waiting = e->settled = e->gate = e->credit = e->counted = 0;
	e->ingress_bytes = e->gate_bytes = 0;
	e->egress_before = e->egress;
	memset(&e->attempt, 0, sizeof(e->attempt));

	if (e->egress > 0 && !tell(a, e, &e->leak, PHASE_FINAL, e->egress))
		return false;
	a->told += e->egress;
	show_end(a, e, &e->leak, e->egress);
	a->closed += e->egress;
	e->egress = e->egress_before = e->egress_bytes = 0;
	memset(&e->leak, 0, sizeof(e->leak));
	return true;
}

void
aggregate_sweep(struct aggregate *a, int64_t now_ns)
{
	a->blocked = false;
	/* From the end: dropping an entry moves the last one into its place. */
	for (uint32_t i = a->n_live; i-- > 0;) {
		struct entry *e = &a->entries[a->live[i]];

		e->settled = e->waiting;
		e->waiting = e->ingress;
		aggregate_count_attempts(a, e, false);
		tell_progress(a, e, &e->leak, e->egress, now_ns);
		tell_progress(a, e, &e->attempt, aggregate_attempts_of(e, e->settled), now_ns);
		if (now_ns - e->seen_ns >= AGGREGATE_IDLE_NS && tell_final(a, e))
			aggregate_drop(a, e);
	}
}

static void
stretch(struct stream *s, const struct stream *by)
{
	if (by->first_ns != 0 && (s->first_ns == 0 || by->first_ns < s->first_ns))
		s->first_ns = by->first_ns;
	if (by->last_ns > s->last_ns)
		s->last_ns = by->last_ns;
}

/*
 * The counts of e move to p. Attempts are a maximum, not a sum: they are settled
 * first, and then added to both of what it is taken of.
 */
static void
move_counts(struct aggregate *a, struct entry *e, struct entry *p)
{
	uint64_t attempts, sightings = e->ingress + e->gate + e->egress;

	aggregate_count_attempts(a, e, true);
	attempts = e->counted;
	p->ingress += attempts;
	p->gate += attempts;
	p->egress += e->egress;
	p->egress_before += e->egress;
	p->counted += attempts;
	p->ingress_bytes += attempt_bytes(e);
	p->gate_bytes += attempt_bytes(e);
	p->egress_bytes += e->egress_bytes;
	p->witnesses |= e->witnesses;
	stretch(&p->attempt, &e->attempt);
	stretch(&p->leak, &e->leak);
	/* what p does not hold of them it cannot close later */
	a->closed += sightings - (2 * attempts + e->egress);
	e->ingress = e->gate = e->egress = e->egress_before = e->credit = e->counted = 0;
}

size_t
aggregate_fold(struct aggregate *a)
{
	size_t lost = 0;

	a->blocked = false;
	for (uint32_t i = a->n_live; i-- > 0;) {
		struct entry *e = &a->entries[a->live[i]];

		if ((size_t)(e - a->entries) >= a->n_entries)
			continue;
		move_counts(a, e, aggregate_pair_entry(a, e->from, e->to, &e->key));
		aggregate_drop(a, e);
	}
	for (uint32_t i = a->n_live; i-- > 0;) {
		struct entry *e = &a->entries[a->live[i]];

		if (tell_final(a, e))
			aggregate_drop(a, e);
		else
			lost++;
	}
	return lost;
}

size_t
aggregate_finish(struct aggregate *a)
{
	size_t lost = 0;

	a->blocked = false;
	/* In the order in which they came; dropping would disturb it. */
	for (uint32_t i = 0; i < a->n_live; i++)
		if (!tell_final(a, &a->entries[a->live[i]]))
			lost++;
	for (uint32_t i = a->n_live; i-- > 0;) {
		struct entry *e = &a->entries[a->live[i]];

		if (e->ingress == 0 && e->gate == 0 && e->egress == 0)
			aggregate_drop(a, e);
	}
	return lost;
}
