/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both witnesses asked. The gate's openings come from the permits' counters, laid
 * on the zone pair of the permit (one that serves several pairs is shown on none
 * of them); what it stopped comes from the per-key sets, through the interfaces
 * in their keys. The tap's counts come from the watcher.
 */
#include "agent/control/control_matrix.h"

#include "kernel-helpers/link.h"
#include "kernel-helpers/nft_account.h"
#include "rules/compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What one walk over the gate's counters fills in. */
struct walk {
	struct control *c;
	struct matrix_sample *s;
	int when;		/* 0: before the tap, 1: after it */
	uint32_t ifindex;	/* the last interface that was looked up, */
	size_t zone;		/* and its zone */
};

static size_t
zone_index(const struct walk *w, uint16_t segment)
{
	int zone = checked_zone_of(w->c->checked, segment);

	return zone < 0 ? w->s->n - 1 : (size_t)zone;
}

/* The one cell of all boxes of a permit; NULL when they stand in several. */
static struct matrix_cell *
cell_of_permit(const struct walk *w, const struct checked_permit *p)
{
	struct matrix_cell *cell = NULL;

	for (size_t i = 0; i < p->n_boxes; i++) {
		const struct box *b = &w->c->checked->boxes[p->first_box + i];
		struct matrix_cell *here = matrix_cell(w->s, zone_index(w, b->in),
		    zone_index(w, b->out));

		if (cell != NULL && cell != here)
			return NULL;
		cell = here;
	}
	return cell;
}

static void
add_permits(const struct walk *w, const struct ruleset *running)
{
	const struct checked *checked = w->c->checked;

	for (size_t i = 0; checked != NULL && i < checked->n_permits; i++) {
		const struct checked_permit *p = &checked->permits[i];
		struct matrix_cell *cell = cell_of_permit(w, p);
		const struct ruleset_counter *counter;
		char name[LIMIT_OBJECT_NAME + 1];

		snprintf(name, sizeof(name), COMPILE_COUNTER_PERMIT "%s", p->id);
		counter = ruleset_find_counter(running, name);
		if (cell != NULL && counter != NULL)
			cell->opened[w->when] += counter->packets;
	}
}

/* Zone of an interface by its index; the gateway's own for 0, none: n. */
static size_t
find_zone(const struct walk *w, uint32_t ifindex)
{
	char name[IF_NAMESIZE];
	int segment;

	if (ifindex == 0)
		return w->s->n - 1;
	/* if_indextoname(3) opens a socket, which control may not */
	if (link_name(w->c->setup->record_fd, ifindex, name) != 0)
		return w->s->n;
	segment = checked_segment_by_interface(w->c->checked, name);
	return segment < 0 ? w->s->n : zone_index(w, (uint16_t)segment);
}

static size_t
zone_of_index(struct walk *w, uint32_t ifindex)
{
	if (ifindex == 0 || ifindex != w->ifindex) {
		w->ifindex = ifindex;
		w->zone = find_zone(w, ifindex);
	}
	return w->zone;
}

static void
add_stopped(void *arg, uint32_t iif, uint32_t oif, uint64_t packets)
{
	struct walk *w = arg;
	size_t from = zone_of_index(w, iif), to = zone_of_index(w, oif);

	if (from < w->s->n && to < w->s->n)
		matrix_cell(w->s, from, to)->stopped[w->when] += packets;
}

static uint64_t
counted(const struct ruleset *running, const char *name)
{
	const struct ruleset_counter *counter = ruleset_find_counter(running, name);

	return counter != NULL ? counter->packets : 0;
}

static void
add_reasons(struct matrix_sample *s, const struct ruleset *running)
{
	uint64_t all = counted(running, COMPILE_COUNTER_REFUSE) +
	    counted(running, COMPILE_COUNTER_SOURCE) +
	    counted(running, COMPILE_COUNTER_MAC) +
	    counted(running, COMPILE_COUNTER_CUTOFF);
	uint64_t keyed = counted(running, COMPILE_COUNTER_KEYED);

	s->unjudged = counted(running, COMPILE_COUNTER_STATE) +
	    counted(running, COMPILE_COUNTER_OPTIONS) +
	    counted(running, COMPILE_COUNTER_REVOKED) +
	    counted(running, COMPILE_COUNTER_HALF_OPEN);
	s->unkeyed = all + s->unjudged > keyed ? all + s->unjudged - keyed : 0;
}

static void
ask_gate(struct control *c, struct matrix_sample *s, int when)
{
	struct walk w = { .c = c, .s = s, .when = when };
	struct ruleset *running = NULL;

	s->gate = nft_account_counters(c->nft, &running) == 0 && running->n_counters > 0;
	if (s->gate) {
		add_permits(&w, running);
		add_reasons(s, running);
		s->gate = nft_account_stopped(c->nft, add_stopped, &w) == 0;
	}
	ruleset_free(running);
}

static size_t
zone_of_name(const struct control *c, const char *name)
{
	size_t n = c->checked->n_zones;

	for (size_t i = 0; name != NULL && i < n; i++)
		if (strcmp(c->checked->zones[i].name, name) == 0)
			return i;
	return name != NULL && strcmp(name, "self") == 0 ? n : n + 1;
}

static uint64_t
number(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n > 0 ? (uint64_t)n : 0;
}

static void
ask_tap(struct control *c, struct matrix_sample *s)
{
	json_t *watch = control_ask_json(c, c->setup->watch_fd, IPC_WATCH_STATUS), *row;
	size_t i;

	json_array_foreach(json_object_get(watch, "matrix"), i, row) {
		size_t from = zone_of_name(c, json_string_value(json_object_get(row, "from")));
		size_t to = zone_of_name(c, json_string_value(json_object_get(row, "to")));
		struct matrix_cell *cell;

		if (from >= s->n || to >= s->n)
			continue;
		cell = matrix_cell(s, from, to);
		cell->permitted = number(row, "permitted");
		cell->attempts = number(row, "attempts");
		cell->attempts_most = number(row, "attempts_most");
		cell->leaks = number(row, "leaks");
		cell->beside = number(row, "beside");
	}
	s->tap = watch != NULL;
	s->lost = number(watch, "lost");
	s->excused = number(watch, "excused");
	s->assumed = number(watch, "assumed");
	s->held = number(watch, "waiting");
	s->started_ns = (int64_t)number(watch, "started_ns");
	json_decref(watch);
}

int
matrix_sample_take(struct control *c, struct matrix_sample *s)
{
	const struct timespec pause = { .tv_nsec = MATRIX_PAUSE_NS };

	*s = (struct matrix_sample){ .n = c->checked != NULL ? c->checked->n_zones + 1 : 0 };
	s->cells = calloc(s->n * s->n + 1, sizeof(*s->cells));
	if (s->cells == NULL)
		return -ENOMEM;
	if (c->checked == NULL)
		return 0;
	ask_gate(c, s, 0);
	nanosleep(&pause, NULL);
	ask_tap(c, s);
	ask_gate(c, s, 1);
	return 0;
}

void
matrix_sample_free(struct matrix_sample *s)
{
	free(s->cells);
	*s = (struct matrix_sample){ .n = 0 };
}
