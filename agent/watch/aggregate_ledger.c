/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The violation table counted over again, entry by entry: what the running
 * numbers are held against.
 */
#include "agent/watch/aggregate_table.h"

#include <string.h>

static uint64_t
sum_of_totals(const struct aggregate *a)
{
	uint64_t sum = 0;

	for (size_t from = 0; from < PLACE_ZONES_MAX; from++)
		for (size_t to = 0; to < PLACE_ZONES_MAX; to++)
			sum += a->totals[from][to].attempts +
			    a->totals[from][to].leaks + a->totals[from][to].beside;
	return sum;
}

void
aggregate_ledger(const struct aggregate *a, struct aggregate_ledger *out)
{
	*out = (struct aggregate_ledger){ .added = a->added, .closed = a->closed,
	    .told = a->told, .counted = sum_of_totals(a) };
	for (uint32_t i = 0; i < a->n_live; i++) {
		const struct entry *e = &a->entries[a->live[i]];

		out->open += e->ingress + e->gate + e->egress;
		out->untold += e->counted + e->egress;
	}
}

void
aggregate_most_attempts(const struct aggregate *a,
    uint64_t most[PLACE_ZONES_MAX][PLACE_ZONES_MAX])
{
	for (size_t from = 0; from < PLACE_ZONES_MAX; from++)
		for (size_t to = 0; to < PLACE_ZONES_MAX; to++)
			most[from][to] = a->totals[from][to].attempts;
	for (uint32_t i = 0; i < a->n_live; i++) {
		const struct entry *e = &a->entries[a->live[i]];
		uint64_t all = aggregate_attempts_of(e, e->ingress);

		if (!e->key.beside && all > e->counted)
			most[places_at(a->places, e->from)->zone_number]
			    [places_at(a->places, e->to)->zone_number] += all - e->counted;
	}
}
