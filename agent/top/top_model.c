/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/top/top_model.h"

#include "agent/cli/violations_table.h"
#include "rules/utf8.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_SECOND 1e9
#define UNKNOWN_RATE (-1.0)

void
top_text(char *out, size_t size, const char *text)
{
	size_t n = utf8_cut(text, strlen(text), size - 1);

	memcpy(out, text, n);
	out[n] = '\0';
	utf8_scrub(out);
}

struct top_model *
top_model_new(void)
{
	struct top_model *m = calloc(1, sizeof(*m));

	for (size_t i = 0; m != NULL && i < TOP_COLUMNS; i++)
		m->sum[i].rate = UNKNOWN_RATE;
	for (size_t i = 0; m != NULL && i < TOP_LAYERS; i++)
		m->lost[i].rate = UNKNOWN_RATE;
	return m;
}

/* ---- counts ------------------------------------------------------------- */

/*
 * The distance modulo 2^64 covers a counter that wrapped; one of more than half the
 * range means that the counter fell: a new process, counting from 0.
 */
static uint64_t
grown(uint64_t before, uint64_t now)
{
	uint64_t distance = now - before;

	return distance <= UINT64_MAX / 2 ? distance : now;
}

/* seconds 0: there is no earlier answer to compare with. */
static void
count_on(struct top_count *c, uint64_t now, double seconds)
{
	c->rate = seconds > 0 ? (double)grown(c->total, now) / seconds : UNKNOWN_RATE;
	c->total = now;
}

static uint64_t
number_at(const json_t *o, const char *path)
{
	return (uint64_t)violations_number(o, path);
}

/* ---- pairs -------------------------------------------------------------- */

/*
 * The pair of that name, made if it is new; NULL when there is no room. Answers come
 * in the same order every time, so it is mostly the one at *hint.
 */
static struct top_pair *
pair_named(struct top_model *m, const json_t *row, size_t *hint)
{
	struct top_pair *p, new = { 0 };

	top_text(new.from, sizeof(new.from), violations_text(row, "from"));
	top_text(new.to, sizeof(new.to), violations_text(row, "to"));
	for (size_t i = 0; i < m->n_pairs; i++) {
		p = &m->pairs[(*hint + i) % m->n_pairs];
		if (strcmp(p->from, new.from) == 0 && strcmp(p->to, new.to) == 0) {
			*hint = (size_t)(p - m->pairs) + 1;
			return p;
		}
	}
	if (m->n_pairs == TOP_PAIRS)
		return NULL;
	m->order[m->n_pairs] = (uint16_t)m->n_pairs;
	p = &m->pairs[m->n_pairs++];
	*p = new;
	*hint = m->n_pairs;
	return p;
}

static const char *const column_paths[TOP_COLUMNS] = {
	[TOP_PERMITTED] = "tap.permitted", [TOP_ATTEMPTS] = "tap.attempts",
	[TOP_LEAKS] = "tap.leaks", [TOP_OPENED] = "gate.permitted",
	[TOP_STOPPED] = "gate.stopped",
};

static bool
is_of_tap(int column)
{
	return column != TOP_OPENED && column != TOP_STOPPED;
}

/* What one witness does not tell because it is away stays, without a rate. */
static void
take_pair(const struct top_model *m, struct top_pair *p, const json_t *row, double seconds)
{
	for (int c = 0; c < TOP_COLUMNS; c++)
		if (is_of_tap(c) && !m->watching)
			p->count[c].rate = UNKNOWN_RATE;
		else
			count_on(&p->count[c], number_at(row, column_paths[c]), seconds);
	p->seen = true;
}

/* A pair that nothing happened between is left out of the answer: its counts are 0. */
static void
take_pairs(struct top_model *m, const json_t *matrix, double seconds)
{
	const json_t *row;
	size_t i, hint = 0;

	for (i = 0; i < m->n_pairs; i++)
		m->pairs[i].seen = false;
	json_array_foreach(json_object_get(matrix, "pairs"), i, row) {
		struct top_pair *p = pair_named(m, row, &hint);

		if (p != NULL)
			take_pair(m, p, row, seconds);
	}
	for (i = 0; i < m->n_pairs; i++)
		if (!m->pairs[i].seen)
			take_pair(m, &m->pairs[i], NULL, seconds);
}

static void
add_up(struct top_model *m)
{
	memset(m->sum, 0, sizeof(m->sum));
	for (size_t i = 0; i < m->n_pairs; i++)
		for (int c = 0; c < TOP_COLUMNS; c++) {
			const struct top_count *one = &m->pairs[i].count[c];

			m->sum[c].total += one->total;
			if (one->rate < 0 || m->sum[c].rate < 0)
				m->sum[c].rate = UNKNOWN_RATE;
			else
				m->sum[c].rate += one->rate;
		}
}

/* ---- loss --------------------------------------------------------------- */

const char *
top_layer_name(enum top_layer layer)
{
	switch (layer) {
	case TOP_LAYER_DRIVER:
		return "driver";
	case TOP_LAYER_SOFTNET:
		return "softnet";
	case TOP_LAYER_TAP:
		return "tap";
	case TOP_LAYER_GATE:
		return "gate";
	case TOP_LAYER_TABLE:
		return "table";
	case TOP_LAYER_RECORD:
		return "record";
	case TOP_LAYERS:
		break;
	}
	return "";
}

static uint64_t
dropped_by_taps(const json_t *status)
{
	const json_t *watch = json_object_get(status, "watch"), *tap;
	uint64_t sum = 0;
	size_t i;

	json_array_foreach(json_object_get(watch, "taps"), i, tap)
		sum += number_at(tap, "dropped") + number_at(tap, "unread");
	return sum;
}

static void
take_loss(struct top_model *m, const json_t *status, double seconds)
{
	const uint64_t now[TOP_LAYERS] = {
		[TOP_LAYER_DRIVER] = number_at(status, "watch.ledger.driver.lost"),
		[TOP_LAYER_SOFTNET] = number_at(status, "watch.ledger.softnet.dropped"),
		[TOP_LAYER_TAP] = dropped_by_taps(status),
		[TOP_LAYER_GATE] = number_at(status, "watch.gate.lost"),
		[TOP_LAYER_TABLE] = number_at(status, "watch.table.overflowed"),
		[TOP_LAYER_RECORD] = number_at(status, "record.lost"),
	};

	for (int i = 0; i < TOP_LAYERS; i++)
		if (i != TOP_LAYER_RECORD && !m->watching)
			m->lost[i].rate = UNKNOWN_RATE;
		else
			count_on(&m->lost[i], now[i], seconds);
}

/* ---- the answers -------------------------------------------------------- */

static void
take_cutoffs(struct top_model *m, const json_t *status)
{
	const json_t *order;
	size_t i;

	m->cutoffs[0] = '\0';
	json_array_foreach(json_object_get(status, "cutoffs"), i, order) {
		char what[TOP_TEXT_SIZE];
		size_t n = strlen(m->cutoffs);

		top_text(what, sizeof(what), violations_text(order, "what"));
		snprintf(m->cutoffs + n, sizeof(m->cutoffs) - n, "%s%s", n > 0 ? ", " : "",
		    what);
	}
}

static void
take_words(struct top_model *m, const json_t *status)
{
	const json_t *gate = json_object_get(status, "gate");

	top_text(m->site, sizeof(m->site), violations_text(status, "policy.site"));
	top_text(m->digest, sizeof(m->digest), violations_text(status, "policy.digest"));
	top_text(m->gate, sizeof(m->gate), violations_text(status, "gate.state"));
	top_text(m->tier, sizeof(m->tier), violations_text(status, "watch.tier"));
	top_text(m->tier_reason, sizeof(m->tier_reason),
	    violations_text(status, "watch.tier_reason"));
	top_text(m->problem, sizeof(m->problem), violations_text(status, "problem"));
	take_cutoffs(m, status);
	m->permits = number_at(status, "policy.permits");
	m->forwarding = json_is_true(json_object_get(gate, "forwarding"));
	m->watching = json_object_size(json_object_get(status, "watch")) > 0;
}

void
top_model_take(struct top_model *m, const json_t *status, const json_t *matrix, int64_t now_ns)
{
	double seconds = m->ever ? (double)(now_ns - m->sampled_ns) / NS_PER_SECOND : 0;

	m->answered = m->ever = true;
	m->since = 0;
	m->why[0] = '\0';
	m->sampled_ns = now_ns;
	take_words(m, status);
	take_loss(m, status, seconds);
	take_pairs(m, matrix, seconds);
	add_up(m);
	top_model_sort(m, m->sort);
}

void
top_model_silent(struct top_model *m, const char *why, int64_t epoch)
{
	if (m->answered || m->since == 0)
		m->since = epoch;
	m->answered = false;
	top_text(m->why, sizeof(m->why), why);
	for (size_t i = 0; i < m->n_pairs; i++)
		for (int c = 0; c < TOP_COLUMNS; c++)
			m->pairs[i].count[c].rate = UNKNOWN_RATE;
	for (int i = 0; i < TOP_LAYERS; i++)
		m->lost[i].rate = UNKNOWN_RATE;
	for (int c = 0; c < TOP_COLUMNS; c++)
		m->sum[c].rate = UNKNOWN_RATE;
	top_model_sort(m, m->sort);
}

/* ---- order -------------------------------------------------------------- */

static int
by_name(const struct top_pair *a, const struct top_pair *b)
{
	int from = strcmp(a->from, b->from);

	return from != 0 ? from : strcmp(a->to, b->to);
}

static double
moving(const struct top_pair *p)
{
	double sum = 0;

	for (int c = TOP_PERMITTED; c <= TOP_LEAKS; c++)
		sum += p->count[c].rate > 0 ? p->count[c].rate : 0;
	return sum;
}

/* More comes first. */
static int
by_number(double a, double b)
{
	return (a < b) - (a > b);
}

static int
by_leaks(const struct top_pair *a, const struct top_pair *b)
{
	int r = by_number((double)a->count[TOP_LEAKS].total, (double)b->count[TOP_LEAKS].total);

	return r != 0 ? r : by_number((double)a->count[TOP_ATTEMPTS].total,
	    (double)b->count[TOP_ATTEMPTS].total);
}

static int
compare(const void *x, const void *y, void *arg)
{
	const struct top_model *m = arg;
	const struct top_pair *a = &m->pairs[*(const uint16_t *)x];
	const struct top_pair *b = &m->pairs[*(const uint16_t *)y];
	int r = 0;

	switch (m->sort) {
	case TOP_SORT_RATE:
		r = by_number(moving(a), moving(b));
		if (r == 0)
			r = by_leaks(a, b);
		break;
	case TOP_SORT_LEAKS:
		r = by_leaks(a, b);
		break;
	case TOP_SORT_NAME:
	case TOP_SORTS:
		break;
	}
	return r != 0 ? r : by_name(a, b);
}

void
top_model_sort(struct top_model *m, enum top_sort sort)
{
	m->sort = sort;
	qsort_r(m->order, m->n_pairs, sizeof(m->order[0]), compare, m);
}
