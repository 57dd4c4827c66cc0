/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The newest violations of the record, and everything known as one JSON object. */
#include "agent/top/top_model.h"

#include "agent/cli/violations_table.h"
#include "agent/record/record_text.h"
#include "rules/violation_class.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND INT64_C(1000000000)

/* Of "2026-11-21T03:14:56.999Z"; 0 when it is no time that fits nanoseconds. */
static int64_t
epoch_of(const char *stamp)
{
	struct tm tm = { 0 };
	int64_t epoch;

	if (strptime(stamp, "%Y-%m-%dT%H:%M:%S", &tm) == NULL)
		return 0;
	epoch = timegm(&tm);
	return epoch < 0 || epoch > INT64_MAX / NS_PER_SECOND ? 0 : epoch;
}

/* "tcp/443", "icmp/8.0", "gre", "arp": as the sentences of the record say it. */
static void
put_service(struct top_violation *v, const json_t *record)
{
	const char *transport = violations_text(record, "network.transport");
	const json_t *icmp = json_object_get(json_object_get(record, "sekisho"), "icmp");
	char text[sizeof(v->service)];

	if (*transport == '\0')
		transport = violations_text(record, "network.iana_number");
	if (*transport == '\0')
		transport = violations_text(record, "network.type");
	if (*transport == '\0')
		transport = violations_text(record, "sekisho.ethertype");
	if (icmp != NULL)
		snprintf(text, sizeof(text), "%.16s/%lld.%lld", transport,
		    (long long)violations_number(icmp, "type"),
		    (long long)violations_number(icmp, "code"));
	else if (json_object_get(json_object_get(record, "destination"), "port") != NULL)
		snprintf(text, sizeof(text), "%.16s/%lld", transport,
		    (long long)violations_number(record, "destination.port"));
	else
		snprintf(text, sizeof(text), "%.16s", transport);
	top_text(v->service, sizeof(v->service), text);
}

/* The address, or where the record has none, the MAC. */
static void
put_endpoint(char *out, size_t size, const json_t *endpoint)
{
	const char *text = violations_text(endpoint, "ip");

	top_text(out, size, *text != '\0' ? text : violations_text(endpoint, "mac"));
}

/* False when the record is none that is shown here. */
static bool
read_record(struct top_violation *v, const json_t *record)
{
	const char *kind = violations_text(record, "sekisho.kind");
	bool gap = strcmp(kind, "gap") == 0;

	if (!gap && strcmp(kind, "violation") != 0)
		return false;
	*v = (struct top_violation){ .at = epoch_of(violations_text(record, "@timestamp")) };
	v->count = (uint64_t)violations_number(record, gap ? "sekisho.lost" : "sekisho.count");
	v->outcome = violations_outcome(record);
	top_text(v->action, sizeof(v->action), violations_text(record, "event.action"));
	top_text(v->key, sizeof(v->key), violations_text(record, "sekisho.key"));
	top_text(v->class, sizeof(v->class), violations_text(record, "rule.id"));
	top_text(v->from, sizeof(v->from), violations_text(record, "observer.ingress.zone"));
	top_text(v->to, sizeof(v->to), violations_text(record, "observer.egress.zone"));
	put_endpoint(v->source, sizeof(v->source), json_object_get(record, "source"));
	put_endpoint(v->destination, sizeof(v->destination),
	    json_object_get(record, "destination"));
	put_service(v, record);
	return true;
}

/* Where the violation stands that this record goes on with; n_violations: nowhere. */
static size_t
place_of(const struct top_model *m, const char *key, const char *phase)
{
	size_t i = 0;

	if (*key == '\0' || strcmp(phase, "first") == 0)
		return m->n_violations;
	while (i < m->n_violations && strcmp(m->violations[i].key, key) != 0)
		i++;
	return i;
}

void
top_model_record(struct top_model *m, const json_t *record)
{
	struct top_violation v;
	size_t i;

	if (!read_record(&v, record))
		return;
	i = place_of(m, v.key, violations_text(record, "sekisho.agg"));
	if (i == m->n_violations && i < TOP_VIOLATIONS)
		m->n_violations++;
	if (i == TOP_VIOLATIONS)
		i--;
	memmove(&m->violations[1], &m->violations[0], i * sizeof(v));
	m->violations[0] = v;
}

/* ---- JSON --------------------------------------------------------------- */

static json_t *
rate_json(double rate)
{
	return rate < 0 ? json_null() : json_real(rate);
}

static json_t *
count_json(const struct top_count *c)
{
	return json_pack("{s:I, s:o}", "total", (json_int_t)c->total, "per_second",
	    rate_json(c->rate));
}

static json_t *
pair_json(const struct top_pair *p)
{
	return json_pack("{s:s, s:s, s:{s:o, s:o, s:o}, s:{s:o, s:o}}", "from", p->from,
	    "to", p->to, "tap", "permitted", count_json(&p->count[TOP_PERMITTED]),
	    "attempts", count_json(&p->count[TOP_ATTEMPTS]),
	    "leaks", count_json(&p->count[TOP_LEAKS]),
	    "gate", "permitted", count_json(&p->count[TOP_OPENED]),
	    "stopped", count_json(&p->count[TOP_STOPPED]));
}

static json_t *
violation_json(const struct top_violation *v)
{
	char at[RECORD_TIME_SIZE];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}",
	    "time", record_seconds(v->at * NS_PER_SECOND, at), "class", v->class,
	    "action", v->action, "from", v->from, "to", v->to,
	    "source", v->source, "destination", v->destination, "service", v->service,
	    "count", (json_int_t)v->count);
}

json_t *
top_model_json(const struct top_model *m, int64_t epoch)
{
	json_t *pairs = json_array(), *violations = json_array(), *lost = json_object();
	char now[RECORD_TIME_SIZE];

	for (size_t i = 0; i < m->n_pairs; i++)
		json_array_append_new(pairs, pair_json(&m->pairs[m->order[i]]));
	for (size_t i = 0; i < m->n_violations; i++)
		json_array_append_new(violations, violation_json(&m->violations[i]));
	for (int i = 0; i < TOP_LAYERS; i++)
		json_object_set_new(lost, top_layer_name((enum top_layer)i),
		    count_json(&m->lost[i]));
	return json_pack("{s:s, s:b, s:s, s:s, s:s, s:I, s:s, s:b, s:s, s:s, s:s, s:o, s:o,"
	    " s:o, s:I, s:s}",
	    "time", record_seconds(epoch * NS_PER_SECOND, now), "answering", m->answered,
	    "error", m->why, "site", m->site, "digest", m->digest,
	    "permits", (json_int_t)m->permits, "gate", m->gate, "forwarding", m->forwarding,
	    "tier", m->tier, "tier_reason", m->tier_reason, "problem", m->problem,
	    "lost", lost, "pairs", pairs, "violations", violations,
	    "bad_lines", (json_int_t)m->bad_lines, "log_error", m->log_error);
}
