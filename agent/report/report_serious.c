/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/report/report_serious.h"

#include "agent/report/report_words.h"
#include "agent/cli/violations_table.h"
#include "agent/record/event.h"
#include "agent/record/record_query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_SECOND	INT64_C(1000000000)
#define SHOWN		24u
#define KEY		17u

struct serious {
	char key[KEY];
	bool leak;
	uint64_t severity, count;
	char *line;
	size_t length;
};

struct report_serious {
	struct record_query query;
	struct record_join *join;
	struct serious kept[SHOWN];	/* the gravest first */
	size_t n;
	uint64_t cases;
};

struct report_serious *
report_serious_new(const struct report_period *p)
{
	struct report_serious *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->query.kinds = 1u << EVENT_VIOLATION;
	s->query.min_severity = SEVERITY_HIGH;
	record_time(p->from * NS_PER_SECOND, s->query.since);
	record_time(p->to * NS_PER_SECOND, s->query.until);
	s->join = record_join_new();
	if (s->join != NULL)
		return s;
	free(s);
	return NULL;
}

void
report_serious_free(struct report_serious *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		free(s->kept[i].line);
	record_join_free(s->join);
	free(s);
}

static bool
graver(const struct serious *a, const struct serious *b)
{
	if (a->leak != b->leak)
		return a->leak;
	if (a->severity != b->severity)
		return a->severity > b->severity;
	return a->count > b->count;
}

/* Out of the list: it comes back with what is known of it now. */
static void
take_out(struct report_serious *s, const char *key)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->kept[i].key, key) != 0)
			continue;
		free(s->kept[i].line);
		memmove(&s->kept[i], &s->kept[i + 1], (s->n - i - 1) * sizeof(s->kept[0]));
		s->n--;
		return;
	}
}

/*
 * One that has gone out because it was the least can come back with a larger count, so
 * in the end these are the gravest of all by their latest records.
 */
static int
put_in(struct report_serious *s, struct serious *new, const char *line, size_t length)
{
	size_t at = s->n;

	while (at > 0 && graver(new, &s->kept[at - 1]))
		at--;
	if (at == SHOWN)
		return 0;
	new->line = malloc(length > 0 ? length : 1);
	if (new->line == NULL)
		return -ENOMEM;
	memcpy(new->line, line, length);
	new->length = length;
	if (s->n == SHOWN)
		free(s->kept[--s->n].line);
	memmove(&s->kept[at + 1], &s->kept[at], (s->n - at) * sizeof(s->kept[0]));
	s->kept[at] = *new;
	s->n++;
	return 0;
}

int
report_serious_take(struct report_serious *s, const struct line_fields *f, const char *line,
    size_t length)
{
	struct serious new = { .leak = line_text_is(&f->action, "leak"),
		.severity = f->severity, .count = f->count };
	struct record_growth growth;

	if (!record_query_match(&s->query, f))
		return 0;
	if (record_join_grow(s->join, &s->query, f, &growth) < 0)
		return -ENOMEM;
	if (!growth.counts)
		return 0;
	s->cases += growth.begins;
	if (f->key.length > 0 && f->key.length < KEY)
		memcpy(new.key, f->key.text, f->key.length);
	/* A key that begins anew is another violation. */
	if (new.key[0] != '\0' && !growth.begins)
		take_out(s, new.key);
	return put_in(s, &new, line, length);
}

static json_t *
zone_json(const json_t *labels, const char *zone)
{
	const char *label = json_string_value(json_object_get(labels, zone));

	return json_string(label != NULL ? label : *zone != '\0' ? zone : "?");
}

static json_t *
time_json(const json_t *record, const char *path)
{
	const char *stamp = violations_text(record, path);
	const int64_t at = report_seconds(stamp, strlen(stamp));

	return report_words_take(at == INT64_MIN ? NULL : report_time_text(at));
}

static json_t *
row_json(const json_t *record, const json_t *labels, enum message_language language)
{
	const enum violation_class class =
	    violation_class_parse(violations_text(record, "rule.id"));

	return json_pack("{s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:s, s:b}",
	    "first", time_json(record, "event.start"), "last", time_json(record, "event.end"),
	    "class", violations_text(record, "rule.id"),
	    "name", violation_class_name(class, language),
	    "from", zone_json(labels, violations_text(record, "observer.ingress.zone")),
	    "to", zone_json(labels, violations_text(record, "observer.egress.zone")),
	    "sentence", report_words_sentence(record, language),
	    "packets", violations_number(record, "sekisho.count"),
	    "severity", violations_number(record, "event.severity"),
	    "sequence", violations_number(record, "event.sequence"),
	    "permit", violations_text(record, "sekisho.permit"),
	    "leak", strcmp(violations_text(record, "event.action"), "leak") == 0);
}

json_t *
report_serious_json(struct report_serious *s, struct log_reader *reader,
    const json_t *labels, enum message_language language)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < s->n; i++) {
		json_t *record = log_reader_parse(reader, s->kept[i].line, s->kept[i].length);

		if (record != NULL)
			json_array_append_new(rows, row_json(record, labels, language));
		json_decref(record);
	}
	return json_pack("{s:I, s:I, s:o}", "count", (json_int_t)s->cases,
	    "more", (json_int_t)(s->cases > s->n ? s->cases - s->n : 0), "rows", rows);
}
