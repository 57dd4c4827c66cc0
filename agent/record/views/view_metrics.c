/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/views/view_metrics.h"

#include "agent/record/record_text.h"
#include "agent/record/views/view_metrics_internal.h"
#include "rules/violation_class.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of zones' names in a label. */
#define ZONE_MAX	64u

struct view_metrics *
view_metrics_new(void)
{
	return calloc(1, sizeof(struct view_metrics));
}

void
view_metrics_free(struct view_metrics *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->n_series; i++)
		free(m->series[i].labels);
	free(m);
}

/* ---- violations ---------------------------------------------------------------------- */

static const char *
known_action(const char *word)
{
	for (int a = 0; a < ACTION_COUNT; a++)
		if (strcmp(word, violation_action_name((enum violation_action)a)) == 0)
			return word;
	return "other";
}

static const char *
known_class(const char *word)
{
	return violation_class_parse(word) != ZV_NONE ? word : "other";
}

static void
put_labels(struct view_text *out, const char *from, const char *to, const char *class,
    const char *action)
{
	view_putf(out, "from=\"");
	view_put_escaped(out, ESCAPE_LABEL, from, ZONE_MAX);
	view_putf(out, "\",to=\"");
	view_put_escaped(out, ESCAPE_LABEL, to, ZONE_MAX);
	view_putf(out, "\",class=\"%s\",action=\"%s\"", class, action);
}

struct metric_series *
view_metrics_series(struct view_metrics *m, const char *labels)
{
	const size_t n = strlen(labels);
	struct metric_series *s;

	for (size_t i = 0; i < m->n_series; i++)
		if (strcmp(m->series[i].labels, labels) == 0)
			return &m->series[i];
	if (m->n_series == METRIC_SERIES ||
	    m->label_bytes + n + METRIC_LINE_BYTES > METRIC_LABEL_BYTES)
		return NULL;
	s = &m->series[m->n_series];
	s->labels = strdup(labels);
	if (s->labels == NULL)
		return NULL;
	m->label_bytes += n + METRIC_LINE_BYTES;
	m->n_series++;
	return s;
}

static void
take_violation(struct view_metrics *m, const struct view_record *r)
{
	char labels[METRIC_LABELS_SIZE];
	struct view_text text = { .bytes = labels, .size = sizeof(labels) - 1 };
	struct metric_series *s;

	put_labels(&text, r->from, r->to, known_class(r->class), known_action(r->action));
	labels[text.used] = '\0';
	s = text.full ? NULL : view_metrics_series(m, labels);
	if (s == NULL)
		s = &m->others;
	if (strcmp(r->phase, record_phase_name(PHASE_FIRST)) == 0)
		s->cases++;
	/* Each record has the sum so far: only the last one can be added up without a memory. */
	if (strcmp(r->phase, record_phase_name(PHASE_FINAL)) == 0)
		s->packets += r->count;
}

/* ---- the ledgers of a heartbeat ------------------------------------------------------ */

/* What goes into a label as it is. */
static bool
is_plain(const char *name)
{
	const size_t n = strlen(name);

	return n > 0 && n < METRIC_NAME_SIZE &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static void
take_ledger(struct view_metrics *m, const char *process, const char *name, const json_t *value)
{
	struct metric_ledger *l;

	if (!json_is_integer(value) || m->n_ledgers == METRIC_LEDGERS || !is_plain(process) ||
	    !is_plain(name))
		return;
	l = &m->ledgers[m->n_ledgers++];
	snprintf(l->process, sizeof(l->process), "%s", process);
	snprintf(l->name, sizeof(l->name), "%s", name);
	l->value = json_integer_value(value);
}

/* What a process told before is not what it tells now. */
static void
forget_ledger(struct view_metrics *m, const char *process)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n_ledgers; i++)
		if (strcmp(m->ledgers[i].process, process) != 0)
			m->ledgers[kept++] = m->ledgers[i];
	m->n_ledgers = kept;
}

/* By process; a record may hold those of some. */
static void
take_ledgers(struct view_metrics *m, json_t *ledgers)
{
	const char *process, *name;
	json_t *object, *value;

	json_object_foreach(ledgers, process, object) {
		forget_ledger(m, process);
		json_object_foreach(object, name, value)
			take_ledger(m, process, name, value);
	}
}

static double
number(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

static void
take_heartbeat(struct view_metrics *m, const struct view_record *r)
{
	json_t *own = json_object_get(r->root, "sekisho"), *h = json_object_get(own, "heartbeat");
	const json_t *clock = json_object_get(h, "clock");
	struct metric_gauges *g = &m->gauges;

	take_ledgers(m, json_object_get(own, "ledgers"));
	/* The ledger of the watcher has a record of its own. */
	if (h == NULL)
		return;
	g->heartbeat = m->gauges.time;
	g->lost = number(h, "lost_ever");
	g->bytes = number(h, "bytes");
	g->free_bytes = number(h, "free_bytes");
	g->used_ratio = number(h, "used_percent") / 100;
	g->low_space = json_is_true(json_object_get(h, "low_space"));
	g->synchronised = json_is_true(json_object_get(clock, "synchronised"));
	g->offset = number(clock, "offset_ns") / 1e9;
}

/* ---- all ------------------------------------------------------------------------------ */

static int
kind_of(const struct view_record *r)
{
	for (int kind = EVENT_NONE + 1; kind < EVENT_KIND_COUNT; kind++)
		if (strcmp(r->kind, record_kind_name((enum event_kind)kind)) == 0)
			return kind;
	return EVENT_NONE;
}

static void
take_change(struct view_metrics *m, const struct view_record *r)
{
	const bool failed = strcmp(r->outcome, "failure") == 0;

	for (int s = 0; s < SUBJECT_COUNT; s++)
		if (strcmp(r->action, record_subject_name((enum event_subject)s)) == 0)
			m->changes[s][failed]++;
}

void
view_metrics_take(struct view_metrics *m, const struct view_record *r)
{
	const int kind = kind_of(r);
	int64_t seconds;
	long nanoseconds;

	m->records[kind]++;
	m->gauges.sequence = (double)r->sequence;
	if (view_record_time(r->time, &seconds, &nanoseconds))
		m->gauges.time = (double)seconds + (double)nanoseconds / 1e9;
	switch ((enum event_kind)kind) {
	case EVENT_VIOLATION:
		take_violation(m, r);
		break;
	case EVENT_GAP:
		m->lost += r->lost;
		break;
	case EVENT_CHANGE:
		take_change(m, r);
		break;
	case EVENT_HEARTBEAT:
		take_heartbeat(m, r);
		break;
	case EVENT_NONE:
	case EVENT_LIFE:
	case EVENT_DRIFT:
	case EVENT_FILE:
	case EVENT_CHECKPOINT:
	case EVENT_RECOVERY:
	case EVENT_CLOCK:
	case EVENT_DISPOSAL:
	case EVENT_KIND_COUNT:
		break;
	}
}

/* ---- over the end of the process ------------------------------------------------------- */

static json_t *
series_json(const struct view_metrics *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->n_series; i++)
		json_array_append_new(list, json_pack("[s, I, I]", m->series[i].labels,
		    (json_int_t)m->series[i].cases, (json_int_t)m->series[i].packets));
	return list;
}

json_t *
view_metrics_save(const struct view_metrics *m)
{
	json_t *records = json_array(), *changes = json_array();

	for (int k = 0; k < EVENT_KIND_COUNT; k++)
		json_array_append_new(records, json_integer((json_int_t)m->records[k]));
	for (int s = 0; s < SUBJECT_COUNT; s++)
		for (int failed = 0; failed < 2; failed++)
			json_array_append_new(changes,
			    json_integer((json_int_t)m->changes[s][failed]));
	return json_pack("{s:o, s:o, s:o, s:[I, I], s:I}", "records", records, "changes",
	    changes, "series", series_json(m), "others", (json_int_t)m->others.cases,
	    (json_int_t)m->others.packets, "lost", (json_int_t)m->lost);
}

static uint64_t
at(const json_t *list, size_t i)
{
	const json_int_t n = json_integer_value(json_array_get(list, i));

	return n > 0 ? (uint64_t)n : 0;
}

bool
view_metrics_load(struct view_metrics *m, const json_t *saved)
{
	const json_t *records = json_object_get(saved, "records"), *row;
	const json_t *changes = json_object_get(saved, "changes");
	const json_t *others = json_object_get(saved, "others");
	const json_int_t lost = json_integer_value(json_object_get(saved, "lost"));
	size_t i;

	if (json_array_size(records) != EVENT_KIND_COUNT ||
	    json_array_size(changes) != (size_t)SUBJECT_COUNT * 2)
		return false;
	for (i = 0; i < EVENT_KIND_COUNT; i++)
		m->records[i] = at(records, i);
	for (i = 0; i < (size_t)SUBJECT_COUNT * 2; i++)
		m->changes[i / 2][i % 2] = at(changes, i);
	json_array_foreach(json_object_get(saved, "series"), i, row) {
		const char *labels = json_string_value(json_array_get(row, 0));
		struct metric_series *s = labels != NULL && strlen(labels) < METRIC_LABELS_SIZE ?
		    view_metrics_series(m, labels) : NULL;

		if (s == NULL)
			s = &m->others;
		s->cases += at(row, 1);
		s->packets += at(row, 2);
	}
	m->others.cases += at(others, 0);
	m->others.packets += at(others, 1);
	m->lost = lost > 0 ? (uint64_t)lost : 0;
	return true;
}
