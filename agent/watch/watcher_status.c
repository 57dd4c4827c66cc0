/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watcher's account of itself: ledgers of every layer, and the matrix. */
#include "agent/watch/watcher_state.h"

static void
put(json_t *o, const char *key, uint64_t n)
{
	json_object_set_new(o, key, json_integer((json_int_t)n));
}

static json_t *
tap_json(struct watcher *w, size_t i)
{
	json_t *o = json_object();
	struct tap_ledger l;

	tap_set_ledger(w->setup->taps, i, &l);
	json_object_set_new(o, "interface",
	    json_string(tap_set_interface(w->setup->taps, i)));
	json_object_set_new(o, "missing",
	    json_boolean(!tap_set_is_up(w->setup->taps, i)));
	put(o, "received", l.received);
	put(o, "dropped", l.dropped);
	put(o, "delivered", l.delivered);
	put(o, "by_source", l.ring_lost);
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

/* Only pairs that something happened between; sums go to *total. */
static json_t *
matrix_json(const struct watcher *w, struct aggregate_totals *total)
{
	json_t *rows = json_array();
	uint16_t n = places_zones(w->places);

	for (uint16_t from = 0; from < n; from++)
		for (uint16_t to = 0; to < n; to++) {
			struct aggregate_totals t = aggregate_total(w->aggregate, from,
			    to);
			uint64_t permitted = w->permitted[from][to];

			total->attempts += t.attempts;
			total->leaks += t.leaks;
			if (permitted + t.attempts + t.leaks == 0)
				continue;
			json_array_append_new(rows, json_pack("{s:s, s:s, s:I, s:I, s:I}",
			    "from", places_zone_name(w->places, from),
			    "to", places_zone_name(w->places, to),
			    "permitted", (json_int_t)permitted,
			    "attempts", (json_int_t)t.attempts, "leaks",
			    (json_int_t)t.leaks));
		}
	return rows;
}

static bool
balanced(const struct watcher_ledger *l)
{
	uint64_t judged = l->permitted + l->local + l->excused + l->violations;

	return l->frames + l->gate == judged;
}

json_t *
watcher_status(struct watcher *w)
{
	const struct watcher_ledger *l = &w->ledger;
	struct aggregate_totals total = { 0, 0 };
	json_t *o = json_object(), *taps = json_array();

	for (size_t i = 0; i < tap_set_count(w->setup->taps); i++)
		json_array_append_new(taps, tap_json(w, i));
	json_object_set_new(o, "tier",
	    json_string(tap_tier_name(tap_set_tier(w->setup->taps))));
	json_object_set_new(o, "tier_reason",
	    json_string(tap_set_tier_reason(w->setup->taps)));
	json_object_set_new(o, "policy", json_string(w->policy->checked->digest));
	put(o, "frames", l->frames);
	put(o, "gate_messages", l->gate);
	put(o, "permitted", l->permitted);
	put(o, "local", l->local);
	put(o, "excused", l->excused);
	put(o, "violations", l->violations);
	put(o, "unreadable", l->unreadable);
	put(o, "events", l->events);
	put(o, "events_deferred", l->refused);
	json_object_set_new(o, "balanced", json_boolean(balanced(l)));
	json_object_set_new(o, "taps", taps);
	json_object_set_new(o, "gate", gate_json(w));
	json_object_set_new(o, "table", table_json(w));
	watcher_filter_count(w);
	json_object_set_new(o, "matrix", matrix_json(w, &total));
	put(o, "attempts", total.attempts);
	put(o, "leaks", total.leaks);
	return o;
}
