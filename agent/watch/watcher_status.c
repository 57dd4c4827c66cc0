/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watcher's account of itself: ledgers of every layer, and the matrix. */
#include "agent/watch/watcher_state.h"

static void
put(json_t *o, const char *key, uint64_t n)
{
	json_object_set_new(o, key, json_integer((json_int_t)n));
}

static json_t *
canary_json(const struct canary_tap *t)
{
	json_t *o = json_object();

	json_object_set_new(o, "state", json_string(canary_state_name(t->state)));
	put(o, "sent", t->due);
	put(o, "returned", t->returned);
	return o;
}

/* What the interface itself counted, since it is there. */
static json_t *
driver_json(const struct watcher *w, size_t i)
{
	const struct link_counters *c = &w->links[i].state.count;
	json_t *o = json_object();

	put(o, "rx_packets", c->rx_packets);
	put(o, "rx_missed", c->rx_missed);
	put(o, "rx_fifo", c->rx_fifo);
	put(o, "rx_over", c->rx_over);
	put(o, "rx_dropped", c->rx_dropped);
	put(o, "tx_packets", c->tx_packets);
	put(o, "tx_dropped", c->tx_dropped);
	put(o, "lost", w->losses[LOSS_DRIVER][i].total);
	return o;
}

static json_t *
tap_json(struct watcher *w, size_t i)
{
	const struct watcher_link *link = &w->links[i];
	json_t *o = json_object();
	struct tap_ledger l;

	tap_set_ledger(w->setup->taps, i, &l);
	json_object_set_new(o, "interface",
	    json_string(tap_set_interface(w->setup->taps, i)));
	json_object_set_new(o, "missing",
	    json_boolean(!tap_set_is_up(w->setup->taps, i)));
	json_object_set_new(o, "state",
	    json_string(watcher_away_name((enum watcher_away)link->away.why)));
	json_object_set_new(o, "deaf", json_boolean(link->deaf.why != 0));
	put(o, "seen", l.seen);
	put(o, "proven", l.proven);
	put(o, "received", l.received);
	put(o, "dropped", l.dropped);
	put(o, "delivered", l.delivered);
	put(o, "by_source", l.ring_lost);
	put(o, "unread", w->losses[LOSS_UNREAD][i].total);
	json_object_set_new(o, "driver", driver_json(w, i));
	json_object_set_new(o, "canary", canary_json(&w->canary.taps[i]));
	return o;
}

static json_t *
gate_json(const struct watcher *w)
{
	json_t *o = json_object();

	json_object_set_new(o, "heard", json_boolean(w->setup->nflog_fd >= 0));
	put(o, "received", w->nflog.received);
	put(o, "lost", w->nflog.lost);
	put(o, "malformed", w->nflog.malformed);
	put(o, "overruns", w->nflog.overruns);
	return o;
}

static json_t *
table_json(const struct watcher *w)
{
	json_t *o = json_object();

	put(o, "used", aggregate_used(w->aggregate));
	put(o, "size", AGGREGATE_ENTRIES);
	put(o, "overflowed", aggregate_overflowed(w->aggregate));
	return o;
}

static json_t *
judged_json(const struct ledger_judged *j, const char *rest, uint64_t n)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "permitted",
	    (json_int_t)j->permitted, "local", (json_int_t)j->local,
	    "excused", (json_int_t)j->excused, "violations", (json_int_t)j->violations,
	    rest, (json_int_t)n);
}

static uint64_t
unreadable(const struct inspect_ledger *l)
{
	return l->frames + l->gate - l->unreadable[READABLE];
}

/* Every layer once, all interfaces together. */
static json_t *
ledger_json(const struct watcher *w, const struct ledger_sample *s)
{
	json_t *o = json_object();

	json_object_set_new(o, "softnet", json_pack("{s:b, s:I, s:I}",
	    "heard", w->setup->softnet->fd >= 0,
	    "dropped", (json_int_t)w->setup->softnet->dropped,
	    "squeezed", (json_int_t)w->setup->softnet->squeezed));
	json_object_set_new(o, "driver", json_pack("{s:I}",
	    "lost", (json_int_t)watcher_lost(w, LOSS_DRIVER)));
	json_object_set_new(o, "filter", json_pack("{s:I, s:I, s:I}",
	    "seen", (json_int_t)s->seen, "proven", (json_int_t)s->proven,
	    "received", (json_int_t)s->received));
	json_object_set_new(o, "ring", json_pack("{s:I, s:I, s:I, s:I, s:I}",
	    "received", (json_int_t)s->received, "dropped", (json_int_t)s->dropped,
	    "delivered", (json_int_t)s->delivered, "unread", (json_int_t)s->left,
	    "waiting", (json_int_t)ledger_waiting(s)));
	json_object_set_new(o, "decode", json_pack("{s:I, s:I, s:I, s:I}",
	    "frames", (json_int_t)s->frames, "canaries", (json_int_t)s->canaries,
	    "gate", (json_int_t)s->gate, "unreadable",
	    (json_int_t)unreadable(inspect_ledger(w->inspect))));
	json_object_set_new(o, "judge", judged_json(&s->judged, "held", s->held));
	json_object_set_new(o, "tunnels", judged_json(&s->inside, "unrecorded",
	    s->unrecorded));
	json_object_set_new(o, "aggregate", json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
	    "s:I}", "detections", (json_int_t)s->detections,
	    "added", (json_int_t)s->added, "open", (json_int_t)s->open,
	    "closed", (json_int_t)s->closed, "counted", (json_int_t)s->counted,
	    "told", (json_int_t)s->told, "untold", (json_int_t)s->untold,
	    "overflowed", (json_int_t)aggregate_overflowed(w->aggregate)));
	json_object_set_new(o, "record", json_pack("{s:I, s:I, s:I}",
	    "offered", (json_int_t)s->offered, "sent", (json_int_t)s->sent,
	    "deferred", (json_int_t)s->refused));
	json_object_set_new(o, "packets", json_pack("{s:I, s:I, s:I, s:I}",
	    "wanted", (json_int_t)s->packets_wanted, "sent", (json_int_t)s->packets_sent,
	    "limited", (json_int_t)s->packets_limited,
	    "refused", (json_int_t)s->packets_refused));
	return o;
}

static json_t *
faults_json(const struct watcher *w)
{
	json_t *list = json_array();
	char text[96];

	for (size_t i = 0; i < w->n_faults; i++) {
		ledger_write_fault(&w->faults[i], text, sizeof(text));
		json_array_append_new(list, json_string(text));
	}
	return list;
}

/* Only pairs that something happened between; sums go to *total. */
static json_t *
matrix_json(struct watcher *w, struct aggregate_totals *total)
{
	static uint64_t most[PLACE_ZONES_MAX][PLACE_ZONES_MAX];
	json_t *rows = json_array();
	uint16_t n = places_zones(w->places);

	watcher_filter_count(w);
	aggregate_most_attempts(w->aggregate, most);
	for (uint16_t from = 0; from < n; from++)
		for (uint16_t to = 0; to < n; to++) {
			struct aggregate_totals t = aggregate_total(w->aggregate, from,
			    to);
			uint64_t permitted = w->permitted[from][to];

			total->attempts += t.attempts;
			total->leaks += t.leaks;
			total->beside += t.beside;
			if (permitted + most[from][to] + t.leaks + t.beside == 0)
				continue;
			json_array_append_new(rows, json_pack("{s:s, s:s, s:I, s:I, s:I, "
			    "s:I, s:I}", "from", places_zone_name(w->places, from),
			    "to", places_zone_name(w->places, to),
			    "permitted", (json_int_t)permitted,
			    "attempts", (json_int_t)t.attempts,
			    "attempts_most", (json_int_t)most[from][to],
			    "leaks", (json_int_t)t.leaks,
			    "beside", (json_int_t)t.beside));
		}
	return rows;
}

static void
put_health(struct watcher *w, json_t *o)
{
	struct ledger_sample s;
	uint64_t lost = watcher_lost(w, LOSS_DRIVER) + watcher_lost(w, LOSS_RING) +
	    watcher_lost(w, LOSS_UNREAD);

	watcher_take_sample(w, &s);
	put(o, "started_ns", (uint64_t)w->started_ns);
	put(o, "lost", lost);
	json_object_set_new(o, "balanced", json_boolean(w->n_faults == 0));
	json_object_set_new(o, "faults", faults_json(w));
	json_object_set_new(o, "ledger", ledger_json(w, &s));
}

json_t *
watcher_status(struct watcher *w)
{
	uint32_t leaving = 0, entering = 0;
	const struct inspect_ledger *l = inspect_ledger(w->inspect);
	struct aggregate_totals total = { 0, 0, 0 };
	json_t *o = json_object(), *taps = json_array();

	for (size_t i = 0; i < tap_set_count(w->setup->taps) && i < LIMIT_SEGMENTS; i++)
		json_array_append_new(taps, tap_json(w, i));
	json_object_set_new(o, "tier",
	    json_string(tap_tier_name(tap_set_tier(w->setup->taps))));
	tap_set_programs(w->setup->taps, &leaving, &entering);
	put(o, "leaving_program", leaving);
	put(o, "entering_program", entering);
	json_object_set_new(o, "tier_reason",
	    json_string(tap_set_tier_reason(w->setup->taps)));
	/* why the flows of before the start are not all known; "": they are */
	json_object_set_new(o, "unseeded", json_string(w->setup->seed->why));
	put(o, "seeded", w->setup->seed->n);
	json_object_set_new(o, "policy", json_string(w->policy->checked->digest));
	put(o, "frames", l->frames);
	put(o, "gate_messages", l->gate);
	put(o, "permitted", l->permitted);
	put(o, "local", l->local);
	put(o, "excused", l->excused);
	put(o, "waiting", l->waiting);
	put(o, "violations", l->violations);
	put(o, "assumed", l->assumed);
	put(o, "unreadable", unreadable(l));
	put(o, "events", w->ledger.events);
	put(o, "events_deferred", w->ledger.refused);
	put_health(w, o);
	json_object_set_new(o, "taps", taps);
	json_object_set_new(o, "gate", gate_json(w));
	json_object_set_new(o, "table", table_json(w));
	json_object_set_new(o, "matrix", matrix_json(w, &total));
	put(o, "attempts", total.attempts);
	put(o, "leaks", total.leaks);
	put(o, "beside", total.beside);
	return o;
}
