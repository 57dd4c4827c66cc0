/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zone by zone, what the gate counted beside what the tap counted, and what
 * cannot be true of both. They began to count at different times: so they are
 * compared from a common base on, which is taken after every change.
 */
#include "agent/control/control_matrix.h"

#include "agent/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* When the flip of the rules and the watcher's second of grace are over. */
#define BASE_DELAY_US	1500000
/* A witness that does not answer holds control up for a second: not too often. */
#define BASE_RETRY_US	15000000
/* Keys of stopped packets live for a day (rules/compile_gate.c): well before. */
#define BASE_OLD_S	43200

struct matrix_base {
	struct matrix_sample sample;
	int64_t taken;			/* seconds since the epoch; 0: none */
	sd_event_source *timer;
};

static void
take_base(struct control *c)
{
	struct matrix_base *base = c->matrix;

	matrix_sample_free(&base->sample);
	base->taken = 0;
	if (matrix_sample_take(c, &base->sample) == 0 && base->sample.gate &&
	    base->sample.tap)
		base->taken = (int64_t)time(NULL);
}

static int
on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	struct control *c = arg;

	(void)usec;
	take_base(c);
	/* The watcher may have been too busy with the new policy to answer. */
	if (c->matrix->taken != 0)
		return sd_event_source_set_enabled(s, SD_EVENT_OFF);
	(void)sd_event_source_set_time_relative(s, BASE_RETRY_US);
	return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

void
control_matrix_begin(struct control *c)
{
	struct matrix_base *base = c->matrix;
	int r;

	if (base == NULL)
		base = c->matrix = calloc(1, sizeof(*base));
	if (base == NULL)
		return;
	base->taken = 0;
	if (base->timer == NULL) {
		r = sd_event_add_time_relative(c->event, &base->timer, CLOCK_MONOTONIC,
		    BASE_DELAY_US, 0, on_time, c);
	} else {
		r = sd_event_source_set_time_relative(base->timer, BASE_DELAY_US);
		if (r >= 0)
			r = sd_event_source_set_enabled(base->timer, SD_EVENT_ONESHOT);
	}
	if (r < 0)
		log_warnx("control: the witnesses will not be compared: %s",
		    strerror(-r));
}

/* NULL: nothing to compare with, for now. */
static const struct matrix_sample *
find_base(struct control *c, const struct matrix_sample *now)
{
	struct matrix_base *base = c->matrix;

	if (base == NULL || base->taken == 0)
		return NULL;
	if (matrix_comparable(&base->sample, now) &&
	    (int64_t)time(NULL) - base->taken < BASE_OLD_S)
		return &base->sample;
	control_matrix_begin(c);
	return NULL;
}

static const char *
zone_name(const struct control *c, size_t zone)
{
	return zone == c->checked->n_zones ? "self" : c->checked->zones[zone].name;
}

/* NULL for a pair that nothing happened between. */
static json_t *
pair_json(struct control *c, const struct matrix_sample *base,
    const struct matrix_sample *now, size_t from, size_t to)
{
	const struct matrix_cell *cell = matrix_cell(now, from, to);
	enum matrix_difference d = MATRIX_AGREES;
	uint64_t packets = 0;
	json_t *pair;

	if (cell->opened[1] + cell->stopped[1] + cell->permitted + cell->attempts_most +
	    cell->leaks + cell->beside == 0)
		return NULL;
	pair = json_pack("{s:s, s:s, s:{s:I, s:I}, s:{s:I, s:I, s:I, s:I}}",
	    "from", zone_name(c, from), "to", zone_name(c, to),
	    "gate", "permitted", (json_int_t)cell->opened[1],
	    "stopped", (json_int_t)cell->stopped[1],
	    "tap", "permitted", (json_int_t)cell->permitted,
	    "attempts", (json_int_t)cell->attempts, "leaks", (json_int_t)cell->leaks,
	    "beside", (json_int_t)cell->beside);
	if (base != NULL)
		d = matrix_compare(base, now, from, to, &packets);
	if (d != MATRIX_AGREES)
		json_object_set_new(pair, "difference", json_pack("{s:s, s:I}",
		    "kind", matrix_difference_name(d), "packets", (json_int_t)packets));
	return pair;
}

json_t *
control_matrix(struct control *c)
{
	struct matrix_sample now;
	const struct matrix_sample *base = NULL;
	json_t *zones = json_array(), *pairs = json_array();

	if (matrix_sample_take(c, &now) == 0 && now.n > 0)
		base = find_base(c, &now);
	for (size_t from = 0; now.cells != NULL && from < now.n; from++) {
		json_array_append_new(zones, json_string(zone_name(c, from)));
		for (size_t to = 0; to < now.n; to++) {
			json_t *pair = pair_json(c, base, &now, from, to);

			if (pair != NULL)
				json_array_append_new(pairs, pair);
		}
	}
	matrix_sample_free(&now);
	return json_pack("{s:b, s:o, s:o, s:o, s:I}", "ok", 1, "cutoffs",
	    control_cutoffs_json(c), "zones", zones, "pairs", pairs,
	    "compared_since", (json_int_t)(base != NULL ? c->matrix->taken : 0));
}

void
control_matrix_end(struct control *c)
{
	if (c->matrix == NULL)
		return;
	sd_event_source_disable_unref(c->matrix->timer);
	matrix_sample_free(&c->matrix->sample);
	free(c->matrix);
	c->matrix = NULL;
}
