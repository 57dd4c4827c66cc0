/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/views/view_record.h"

#include "agent/record/record_text.h"
#include "rules/violation_class.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#define TEXT(path, field) { path, offsetof(struct view_record, field), true }
#define NUMBER(path, field) { path, offsetof(struct view_record, field), false }

/* Where docs/violations.schema.json has them. */
static const struct place {
	const char *path;
	size_t offset;
	bool text;
} places[] = {
	NUMBER("event.sequence", sequence), NUMBER("event.severity", severity),
	NUMBER("sekisho.count", count), NUMBER("network.bytes", bytes),
	NUMBER("sekisho.lost", lost), NUMBER("source.port", source_port),
	NUMBER("destination.port", destination_port),
	TEXT("@timestamp", time), TEXT("event.start", start), TEXT("event.end", end),
	TEXT("sekisho.kind", kind), TEXT("event.action", action), TEXT("sekisho.agg", phase),
	TEXT("event.outcome", outcome), TEXT("event.id", id), TEXT("rule.id", class),
	TEXT("rule.name", class_name), TEXT("message", message),
	TEXT("sekisho.message_ja", message_ja), TEXT("event.reason", reason),
	TEXT("source.ip", source), TEXT("destination.ip", destination),
	TEXT("source.mac", source_mac), TEXT("destination.mac", destination_mac),
	TEXT("network.transport", transport), TEXT("network.iana_number", protocol),
	TEXT("sekisho.key", key), TEXT("observer.ingress.zone", from),
	TEXT("observer.egress.zone", to),
	TEXT("observer.ingress.interface.name", in_interface),
	TEXT("observer.egress.interface.name", out_interface),
	TEXT("sekisho.permit", permit), TEXT("sekisho.actor", actor),
	TEXT("sekisho.person", person), TEXT("sekisho.note", note),
	TEXT("observer.hostname", hostname), TEXT("observer.version", version),
	TEXT("hash", hash),
};

static const json_t *
find(const json_t *value, const char *path)
{
	while (value != NULL && *path != '\0') {
		size_t n = strcspn(path, ".");

		value = json_object_getn(value, path, n);
		path += n + (path[n] == '.' ? 1 : 0);
	}
	return value;
}

static void
take(struct view_record *r, const struct place *p)
{
	const json_t *value = find(r->root, p->path);
	/* Members of these types, by offsetof(). */
	void *at = (char *)r + p->offset;

	if (p->text)
		*(const char **)at = json_is_string(value) ? json_string_value(value) : "";
	else if (json_integer_value(value) > 0)
		*(uint64_t *)at = (uint64_t)json_integer_value(value);
}

bool
view_record_make(struct view_record *r, json_t *root, const char *line, size_t length)
{
	memset(r, 0, sizeof(*r));
	r->root = root;
	r->line = line;
	r->length = length;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		take(r, &places[i]);
	if (json_is_object(root) && r->sequence > 0)
		return true;
	view_record_free(r);
	return false;
}

void
view_record_free(struct view_record *r)
{
	json_decref(r->root);
	memset(r, 0, sizeof(*r));
}

bool
view_record_is_violation(const struct view_record *r)
{
	return strcmp(r->kind, record_kind_name(EVENT_VIOLATION)) == 0;
}

bool
view_record_time(const char *time, int64_t *seconds, long *nanoseconds)
{
	const size_t length = sizeof("2026-11-21T03:14:56.999999999Z") - 1;
	const char *rest;
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	if (strlen(time) != length || time[0] < '1' || time[0] > '9')
		return false;
	rest = strptime(time, "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest == NULL || *rest != '.' || strspn(rest + 1, "0123456789") != 9 ||
	    strcmp(rest + 10, "Z") != 0 || tm.tm_year < 70)
		return false;
	*seconds = timegm(&tm);
	*nanoseconds = strtol(rest + 1, NULL, 10);
	return true;
}

int
view_record_priority(const struct view_record *r)
{
	if (r->severity >= SEVERITY_CRITICAL)
		return LOG_CRIT;
	if (r->severity >= SEVERITY_HIGH)
		return LOG_ERR;
	if (r->severity >= SEVERITY_WARNING)
		return LOG_WARNING;
	return r->severity >= SEVERITY_NOTICE ? LOG_NOTICE : LOG_INFO;
}
