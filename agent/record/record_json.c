/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line is written once per room: with every text whole, and only when it
 * grows too long again with less of them. The last room always fits.
 */
#include "agent/record/record_json_internal.h"

#include "agent/record/record_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct record_room rooms[] = {
	{ .name = RECORD_NAME_SIZE, .reason = RECORD_REASON_SIZE },
	{ .name = 63, .reason = 160 },
	{ .name = 24, .reason = 60 },
	{ .name = 16, .reason = 40, .ascii = true },
	{ .name = 4, .reason = 0, .ascii = true },
};

/* Of the host's name in the last room; the first label is known where it is read. */
#define SHORT_HOSTNAME 8

/* Most of a record's times are the same. */
static void
put_time(struct builder *b, const char *key, int64_t ns)
{
	if (b->time[0] == '\0' || b->time_ns != ns)
		record_time(ns, b->time);
	b->time_ns = ns;
	record_line_word(&b->line, key, b->time);
}

static bool
is_violation(const struct builder *b)
{
	return b->event->kind == EVENT_VIOLATION;
}

static bool
is_change(const struct builder *b)
{
	return b->event->kind == EVENT_CHANGE || b->event->kind == EVENT_DRIFT;
}

/* ECS event.kind, .category[], .type and .action of one kind of event. */
static void
put_categories(struct builder *b)
{
	const struct event *e = b->event;
	struct record_line *l = &b->line;
	const char *kind = "event", *category = "process", *type = "info",
		   *action = "life";

	switch ((enum event_kind)e->kind) {
	case EVENT_NONE:
	case EVENT_KIND_COUNT:
	case EVENT_LIFE:
		break;
	case EVENT_VIOLATION:
		kind = "alert";
		category = "network";
		if (!violation_only_seen((enum violation_action)e->action))
			type = e->action == ACTION_LEAK ? "allowed" : "denied";
		action = violation_action_name((enum violation_action)e->action);
		break;
	case EVENT_GAP:
		kind = "alert";
		action = violation_action_name(ACTION_GAP);
		break;
	case EVENT_CHANGE:
		category = "configuration";
		type = "change";
		action = record_subject_name((enum event_subject)e->subject);
		break;
	case EVENT_DRIFT:
		kind = "alert";
		category = "configuration";
		type = "change";
		action = "drift";
		break;
	case EVENT_FILE:
	case EVENT_CHECKPOINT:
	case EVENT_HEARTBEAT:
	case EVENT_RECOVERY:
	case EVENT_CLOCK:
	case EVENT_DISPOSAL:
		kind = e->severity >= SEVERITY_HIGH ? "alert" : "event";
		action = record_kind_name((enum event_kind)e->kind);
		break;
	}
	record_line_word(l, "kind", kind);
	record_line_open(l, "category", '[');
	record_line_word(l, NULL, category);
	if (is_violation(b))
		record_line_word(l, NULL, "intrusion_detection");
	record_line_close(l, ']');
	record_line_open(l, "type", '[');
	record_line_word(l, NULL, type);
	record_line_close(l, ']');
	record_line_word(l, "action", action);
	if (is_change(b))
		record_line_word(l, "outcome", e->outcome == 0 ? "success" : "failure");
}

/* "<boot>-<number>" */
static void
put_id(struct record_line *l, const struct record_context *c)
{
	char id[64], digits[RECORD_NUMBER_SIZE];
	const size_t n = strnlen(c->boot, 40);

	memcpy(id, c->boot, n);
	id[n] = '-';
	(void)stpcpy(id + n + 1, record_line_decimal(c->sequence, digits));
	record_line_text(l, "id", id);
}

static void
put_event(struct builder *b)
{
	const struct record_context *c = b->context;
	struct record_line *l = &b->line;

	record_line_open(l, "event", '{');
	put_categories(b);
	record_line_word(l, "module", c->sender);
	put_id(l, c);
	record_line_number(l, "sequence", c->sequence);
	record_line_number(l, "severity", b->event->severity);
	record_line_text(l, "reason", b->text.reason);
	put_time(b, "start", b->event->first_ns);
	put_time(b, "end", b->event->last_ns);
	put_time(b, "created", c->created_ns);
	record_line_close(l, '}');
}

static void
put_rule(struct builder *b)
{
	enum violation_class zv = (enum violation_class)b->event->zv;
	struct record_line *l = &b->line;
	char version[13] = "";

	if (zv == ZV_NONE && b->event->kind == EVENT_GAP)
		zv = ZV_14_WATCH_GAP;
	if (zv == ZV_NONE)
		return;
	record_line_open(l, "rule", '{');
	record_line_word(l, "id", violation_class_id(zv));
	record_line_text(l, "name", violation_class_name(zv, MESSAGE_ENGLISH));
	memcpy(version, b->event->policy_digest, strnlen(b->event->policy_digest, 12));
	record_line_text(l, "version", version);
	record_line_close(l, '}');
}

/* ECS observer.ingress and .egress. */
static void
put_side(struct record_line *l, const char *key, const char *zone, const char *interface)
{
	if (*zone == '\0' && *interface == '\0')
		return;
	record_line_open(l, key, '{');
	record_line_text(l, "zone", zone);
	if (*interface != '\0') {
		record_line_open(l, "interface", '{');
		record_line_text(l, "name", interface);
		record_line_close(l, '}');
	}
	record_line_close(l, '}');
}

static void
put_hostname(struct builder *b)
{
	char name[SHORT_HOSTNAME + 1];

	if (b->room->reason > 0) {
		record_line_text(&b->line, "hostname", b->context->hostname);
		return;
	}
	snprintf(name, sizeof(name), "%s", b->context->hostname);
	record_line_text(&b->line, "hostname", name);
}

static void
put_observer(struct builder *b)
{
	struct record_line *l = &b->line;

	record_line_open(l, "observer", '{');
	put_hostname(b);
	record_line_word(l, "product", "sekisho");
	record_line_text(l, "version", b->context->version);
	record_line_word(l, "type", "firewall");
	put_side(l, "ingress", b->text.from_zone, b->text.in_interface);
	put_side(l, "egress", b->text.to_zone, b->text.out_interface);
	record_line_close(l, '}');
}

static void
put_change(struct builder *b)
{
	const struct event *e = b->event;
	struct record_line *l = &b->line;

	record_line_text(l, "actor", b->text.actor);
	record_line_text(l, "person", b->text.person);
	record_line_text(l, "note", b->text.note);
	if (e->kind == EVENT_DRIFT)
		record_line_number(l, "count", e->count);
	if (e->serial != 0)
		record_line_number(l, "serial", e->serial);
	if (e->flows != 0)
		record_line_number(l, "flows_cut", e->flows);
	record_line_text(l, "policy", e->policy_digest);
	record_line_text(l, "policy_before", e->digest_before);
}

static void
put_own(struct builder *b, const char *japanese)
{
	const struct event *e = b->event;
	struct record_line *l = &b->line;

	record_line_open(l, "sekisho", '{');
	record_line_word(l, "kind", record_kind_name((enum event_kind)e->kind));
	record_line_number(l, "schema", RECORD_SCHEMA);
	record_line_number(l, "monotonic_ns", (uint64_t)b->context->monotonic_ns);
	if (is_violation(b))
		record_json_violation(b);
	if (e->kind == EVENT_GAP)
		record_line_number(l, "lost", e->lost);
	if (is_change(b))
		put_change(b);
	record_line_members(l, b->context->members);
	record_line_text(l, "message_ja", japanese);
	if (b->text.cut)
		record_line_true(l, "truncated");
	record_line_close(l, '}');
}

/*
 * A sentence that was given, in the room there is, else one made from the event;
 * in the last room the name of the class, for its parts stand in other fields.
 */
static char *
sentence(const struct builder *b, enum message_language language)
{
	const char *name = violation_class_name((enum violation_class)b->event->zv,
	    language);

	if (is_violation(b) && b->room->reason == 0 && name[0] != '\0')
		return strdup(name);
	if (b->context->text[language] != NULL)
		return strdup(b->context->text[language]);
	return record_sentence(b->event, &b->text, language);
}

static void
put_record(struct builder *b, const char *english, const char *japanese)
{
	struct record_line *l = &b->line;

	put_time(b, "@timestamp", b->event->last_ns);
	record_line_text(l, "message", english);
	record_line_open(l, "ecs", '{');
	record_line_word(l, "version", RECORD_ECS_VERSION);
	record_line_close(l, '}');
	put_event(b);
	put_rule(b);
	if (is_violation(b))
		record_json_packet(b);
	put_observer(b);
	put_own(b, japanese);
}

/* Into one room: 0, -EMSGSIZE when it is too small, or what else went wrong. */
static int
write_in(struct builder *b, char line[RECORD_LINE_MAX], size_t *length)
{
	char *english = sentence(b, MESSAGE_ENGLISH);
	char *japanese = sentence(b, MESSAGE_JAPANESE);
	int r = -ENOMEM;

	if (english != NULL && japanese != NULL) {
		record_line_begin(&b->line, line);
		put_record(b, english, japanese);
		r = record_line_end(&b->line) ? 0 : -EMSGSIZE;
		if (b->line.error < 0)
			r = b->line.error;
		*length = b->line.used;
	}
	free(english);
	free(japanese);
	return r;
}

int
record_json_line(const struct event *e, const struct record_context *context,
    char line[RECORD_LINE_MAX], size_t *length)
{
	int r = -EMSGSIZE;

	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]) && r == -EMSGSIZE; i++) {
		struct builder b = { .event = e, .context = context, .room = &rooms[i] };

		record_text_take(e, &rooms[i], &b.text);
		r = write_in(&b, line, length);
	}
	return r;
}
