/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Once a second: what was lost since, layer by layer and interface by
 * interface, and whether all that came in is accounted for.
 */
#include "agent/watch/watcher_state.h"

#include <stdio.h>
#include <string.h>

static size_t
n_taps(const struct watcher *w)
{
	size_t n = tap_set_count(w->setup->taps);

	return n < LIMIT_SEGMENTS ? n : LIMIT_SEGMENTS;
}

/* What a ring that is closed, or will be, still holds. */
static uint64_t
unread_in(const struct watcher *w, size_t i, const struct tap_ledger *l)
{
	uint64_t read = l->dropped + l->delivered;

	if (!w->ending && tap_set_is_up(w->setup->taps, i))
		return w->losses[LOSS_UNREAD][i].total;
	return l->received > read ? l->received - read : 0;
}

static void
look_at_tap(struct watcher *w, size_t i, int64_t wall)
{
	uint64_t lost = w->losses[LOSS_RING][i].total + w->losses[LOSS_UNREAD][i].total;
	struct tap_ledger l;

	tap_set_ledger(w->setup->taps, i, &l);
	loss_count(&w->losses[LOSS_RING][i], l.dropped, w->losses_ns, wall);
	loss_count(&w->losses[LOSS_UNSURE][i], l.ring_lost, w->losses_ns, wall);
	loss_count(&w->losses[LOSS_UNREAD][i], unread_in(w, i, &l), w->losses_ns, wall);
	/* What was lost may have been the question to an answer. */
	if (w->losses[LOSS_RING][i].total + w->losses[LOSS_UNREAD][i].total != lost)
		inspect_blind(w->inspect, w->now_ns);
	if (w->links[i].away.why != AWAY_GONE)
		loss_count(&w->losses[LOSS_DRIVER][i], link_lost(&w->links[i].state.count),
		    w->losses_ns, wall);
}

static bool
tell_loss(struct watcher *w, enum loss_layer layer, size_t i)
{
	struct loss *l = &w->losses[layer][i];
	bool of_one = layer != LOSS_SOFTNET && layer != LOSS_GATE;
	char sentence[200];
	struct watcher_gap gap = { .sentence = sentence, .lost = l->untold,
	    .interface = of_one ? tap_set_interface(w->setup->taps, i) : "",
	    .first_ns = l->first_ns, .last_ns = l->last_ns,
	    .severity = layer == LOSS_UNSURE || layer == LOSS_GATE ? SEVERITY_WARNING :
	    SEVERITY_HIGH };

	if (!loss_is_due(l, w->now_ns) && !(w->ending && l->untold > 0))
		return true;
	snprintf(sentence, sizeof(sentence), "%llu %s", (unsigned long long)l->untold,
	    loss_sentence(layer));
	if (watcher_tell_gap(w, &gap) != 0)
		return false;
	loss_told(l, w->now_ns);
	return true;
}

static void
tell_losses(struct watcher *w)
{
	/* What the recorder does not take now is told later, with what comes to it. */
	for (enum loss_layer layer = 0; layer < LOSS_LAYERS; layer++)
		for (size_t i = 0; i < LIMIT_SEGMENTS; i++)
			if (!tell_loss(w, layer, i))
				return;
}

uint64_t
watcher_lost(const struct watcher *w, enum loss_layer layer)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < LIMIT_SEGMENTS; i++)
		sum += w->losses[layer][i].total;
	return sum;
}

/* What decode and judge counted. */
static void
add_judged(const struct watcher *w, struct ledger_sample *s)
{
	const struct inspect_ledger *l = inspect_ledger(w->inspect);

	s->frames = l->frames;
	s->gate = l->gate;
	s->canaries = w->ledger.canaries;
	s->judged = (struct ledger_judged){ l->permitted, l->local, l->excused,
	    l->violations };
	s->held = l->waiting;
	s->inner = l->inner;
	s->inside = (struct ledger_judged){ l->inner_permitted, l->inner_local,
	    l->inner_excused, l->inner_violations };
	s->unrecorded = l->inner_unrecorded;
	s->detections = l->detections;
}

static void
add_packets(const struct watcher *w, struct ledger_sample *s)
{
	const struct evidence_ledger *l = evidence_ledger(w->evidence);

	s->packets_wanted = l->offered;
	s->packets_sent = l->sent;
	s->packets_limited = l->limited;
	s->packets_refused = l->refused;
}

static void
take_sample(struct watcher *w, struct ledger_sample *s)
{
	*s = (struct ledger_sample){ .left = watcher_lost(w, LOSS_UNREAD),
	    .offered = w->ledger.offered, .sent = w->ledger.events,
	    .refused = w->ledger.refused };
	add_packets(w, s);
	add_judged(w, s);
	for (size_t i = 0; i < n_taps(w); i++) {
		struct tap_ledger tap;

		tap_set_ledger(w->setup->taps, i, &tap);
		s->seen += tap.seen;
		s->proven += tap.proven;
		s->received += tap.received;
		s->dropped += tap.dropped;
		s->delivered += tap.delivered;
	}
}

uint64_t
watcher_waiting(struct watcher *w)
{
	struct ledger_sample s;

	take_sample(w, &s);
	return ledger_waiting(&s);
}

static void
add_aggregate(const struct watcher *w, struct ledger_sample *s)
{
	struct aggregate_ledger a;

	aggregate_ledger(w->aggregate, &a);
	s->added = a.added;
	s->open = a.open;
	s->closed = a.closed;
	s->counted = a.counted;
	s->told = a.told;
	s->untold = a.untold;
}

void
watcher_take_sample(struct watcher *w, struct ledger_sample *out)
{
	take_sample(w, out);
	add_aggregate(w, out);
}

static void
write_faults(const struct watcher *w, char *out, size_t size)
{
	size_t at = (size_t)snprintf(out, size, "the ledgers do not balance; ");

	for (size_t i = 0; i < w->n_faults && at < size; i++) {
		ledger_write_fault(&w->faults[i], out + at, size - at);
		at += strlen(out + at);
		if (i + 1 < w->n_faults && at < size)
			at += (size_t)snprintf(out + at, size - at, "; ");
	}
}

static void
check_identities(struct watcher *w, int64_t wall)
{
	struct ledger_sample earlier, later;
	char sentence[200] = "";

	take_sample(w, &earlier);
	watcher_take_sample(w, &later);
	w->n_faults = ledger_check(&earlier, &later, w->faults);
	if (w->n_faults < LEDGER_LAYERS &&
	    ledger_is_stuck(&w->sample, &later, &w->faults[w->n_faults]))
		w->n_faults++;
	w->sample = later;
	write_faults(w, sentence, sizeof(sentence));
	watcher_alarm_set(&w->unbalanced, w->n_faults > 0, w->losses_ns, wall);
	watcher_alarm_tell(w, &w->unbalanced, "", sentence, "the ledgers balance again");
}

/* A flood of openings must not blunt the judge of answers without a word. */
static void
look_at_openings(struct watcher *w, int64_t wall)
{
	watcher_alarm_set(&w->crowded, inspect_crowded(w->inspect, w->now_ns),
	    w->losses_ns, wall);
	watcher_alarm_tell(w, &w->crowded, "", "more flows are opened than can be "
	    "remembered; answers that nobody asked for may be taken for asked",
	    "all flows that were opened are remembered again");
}

void
watcher_account(struct watcher *w)
{
	int64_t wall = watcher_wall();

	for (size_t i = 0; i < n_taps(w); i++)
		look_at_tap(w, i, wall);
	if (softnet_read(w->setup->softnet) == 0)
		loss_count(&w->losses[LOSS_SOFTNET][0], w->setup->softnet->dropped,
		    w->losses_ns, wall);
	loss_count(&w->losses[LOSS_GATE][0], w->nflog.lost, w->losses_ns, wall);
	watcher_filter_count(w);
	look_at_openings(w, wall);
	tell_losses(w);
	check_identities(w, wall);
	w->losses_ns = wall;
}
