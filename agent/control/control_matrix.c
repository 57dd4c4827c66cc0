/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zone by zone, what the gate counted beside what the tap counted. The gate's
 * permitted openings come from the permits' counters, laid on the zone pair of
 * the permit (one that serves several pairs is shown on none of them); what it
 * stopped comes from the per-key sets, through the interfaces in their keys.
 */
#include "agent/control/control_internal.h"

#include "kernel-helpers/nft_account.h"
#include "rules/compile.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cell {
	uint64_t permitted, stopped;
};

/* Rows and columns are the zones, the last one is the gateway itself. */
struct grid {
	const struct checked *checked;
	size_t n;
	struct cell *cells;
};

static struct cell *
at(struct grid *g, size_t from, size_t to)
{
	return &g->cells[from * g->n + to];
}

static const char *
zone_name(const struct grid *g, size_t zone)
{
	return zone + 1 == g->n ? "self" : g->checked->zones[zone].name;
}

static size_t
zone_index(const struct grid *g, uint16_t segment)
{
	int zone = checked_zone_of(g->checked, segment);

	return zone < 0 ? g->n - 1 : (size_t)zone;
}

/* The one cell of all boxes of a permit; NULL when they stand in several. */
static struct cell *
cell_of_permit(struct grid *g, const struct checked_permit *p)
{
	struct cell *cell = NULL;

	for (size_t i = 0; i < p->n_boxes; i++) {
		const struct box *b = &g->checked->boxes[p->first_box + i];
		struct cell *here = at(g, zone_index(g, b->in), zone_index(g, b->out));

		if (cell != NULL && cell != here)
			return NULL;
		cell = here;
	}
	return cell;
}

static void
add_permits(struct grid *g, const struct ruleset *running)
{
	for (size_t i = 0; i < g->checked->n_permits; i++) {
		const struct checked_permit *p = &g->checked->permits[i];
		struct cell *cell = cell_of_permit(g, p);
		const struct ruleset_counter *counter;
		char name[LIMIT_OBJECT_NAME + 1];

		snprintf(name, sizeof(name), COMPILE_COUNTER_PERMIT "%s", p->id);
		counter = ruleset_find_counter(running, name);
		if (cell != NULL && counter != NULL)
			cell->permitted += counter->packets;
	}
}

/* Zone of an interface by its index; the gateway's own for 0, none: g->n. */
static size_t
zone_of_index(const struct grid *g, uint32_t ifindex)
{
	char name[IF_NAMESIZE];
	int segment;

	if (ifindex == 0)
		return g->n - 1;
	if (if_indextoname(ifindex, name) == NULL)
		return g->n;
	segment = checked_segment_by_interface(g->checked, name);
	return segment < 0 ? g->n : zone_index(g, (uint16_t)segment);
}

static void
add_stopped(void *arg, uint32_t iif, uint32_t oif, uint64_t packets)
{
	struct grid *g = arg;
	size_t from = zone_of_index(g, iif), to = zone_of_index(g, oif);

	if (from < g->n && to < g->n)
		at(g, from, to)->stopped += packets;
}

static void
put_gate(struct grid *g, json_t *pairs)
{
	for (size_t from = 0; from < g->n; from++)
		for (size_t to = 0; to < g->n; to++) {
			const struct cell *c = at(g, from, to);

			if (c->permitted == 0 && c->stopped == 0)
				continue;
			json_array_append_new(pairs, json_pack("{s:s, s:s, s:{s:I, s:I}}",
			    "from", zone_name(g, from), "to", zone_name(g, to), "gate",
			    "permitted", (json_int_t)c->permitted,
			    "stopped", (json_int_t)c->stopped));
		}
}

static json_t *
find_pair(json_t *pairs, const char *from, const char *to)
{
	json_t *pair;
	size_t i;

	json_array_foreach(pairs, i, pair)
		if (strcmp(json_string_value(json_object_get(pair, "from")), from) == 0 &&
		    strcmp(json_string_value(json_object_get(pair, "to")), to) == 0)
			return pair;
	pair = json_pack("{s:s, s:s}", "from", from, "to", to);
	json_array_append_new(pairs, pair);
	return pair;
}

/* The watcher's matrix: [{"from", "to", "permitted", "attempts", "leaks"}]. */
static void
put_tap(json_t *pairs, const json_t *watch)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(watch, "matrix"), i, row) {
		const char *from = json_string_value(json_object_get(row, "from"));
		const char *to = json_string_value(json_object_get(row, "to"));

		if (from != NULL && to != NULL)
			json_object_set(find_pair(pairs, from, to), "tap", row);
	}
}

json_t *
control_matrix(struct control *c)
{
	struct ruleset *running = NULL;
	struct grid g = { .checked = c->checked };
	json_t *zones = json_array(), *pairs = json_array();
	json_t *watch = control_ask_json(c, c->setup->watch_fd, IPC_WATCH_STATUS);

	g.n = c->checked != NULL ? c->checked->n_zones + 1 : 0;
	g.cells = calloc(g.n * g.n + 1, sizeof(*g.cells));
	if (g.cells != NULL && c->checked != NULL &&
	    nft_account_counters(c->nft, &running) == 0) {
		add_permits(&g, running);
		(void)nft_account_stopped(c->nft, add_stopped, &g);
		put_gate(&g, pairs);
	}
	for (size_t i = 0; i < g.n; i++)
		json_array_append_new(zones, json_string(zone_name(&g, i)));
	put_tap(pairs, watch);
	free(g.cells);
	ruleset_free(running);
	json_decref(watch);
	return json_pack("{s:b, s:o, s:o}", "ok", 1, "zones", zones, "pairs", pairs);
}
