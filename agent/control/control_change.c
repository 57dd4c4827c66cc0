/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_change.h"

#include "agent/control/control_internal.h"
#include "agent/record/text_clean.h"
#include "rules/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
take_text(const json_t *o, const char *key, char *out, size_t size)
{
	const json_t *value = json_object_get(o, key);

	(void)text_clean(json_is_string(value) ? json_string_value(value) : "",
	    json_string_length(value), out, size - 1, NULL);
	/* Nor a line's end: what others say of themselves is one line wherever it is shown. */
	utf8_scrub(out);
}

void
control_change_request(const json_t *request, const struct requester *who, const char *verb,
    struct change_request *q)
{
	const json_t *seconds = json_object_get(request, "confirm");
	const char *language = json_string_value(json_object_get(request, "language"));

	memset(q, 0, sizeof(*q));
	q->verb = verb;
	q->origin = VERSION_OF_APPLY;
	q->has_uid = true;
	q->uid = who->uid;
	q->connection = who->connection;
	snprintf(q->actor, sizeof(q->actor), "%s", who->name);
	take_text(request, "person", q->person, sizeof(q->person));
	take_text(request, "reason", q->reason, sizeof(q->reason));
	take_text(request, "file", q->file, sizeof(q->file));
	take_text(request, "session", q->session, sizeof(q->session));
	if (q->file[0] == '\0')
		snprintf(q->file, sizeof(q->file), "policy");
	if (seconds != NULL)
		/* 0 means "not asked for" and is none that may be asked for */
		q->confirm_seconds = json_integer_value(seconds) < 1 ||
		    json_integer_value(seconds) > UINT32_MAX ? UINT32_MAX :
		    (unsigned int)json_integer_value(seconds);
	q->force_lockout = json_is_true(json_object_get(request, "force_lockout"));
	q->language = language != NULL && strcmp(language, "ja") == 0 ? MESSAGE_JAPANESE :
	    MESSAGE_ENGLISH;
}

json_t *
control_change_refusal(enum message_language language, enum message_id id, ...)
{
	va_list ap;
	char *text;
	json_t *o;

	va_start(ap, id);
	text = message_vtext(id, language, ap);
	va_end(ap);
	o = json_pack("{s:b, s:o, s:s, s:[]}", "ok", 0, "error",
	    control_text_json(text != NULL ? text : message_slug(id)),
	    "code", message_slug(id), "findings");
	free(text);
	return o;
}

json_t *
control_change_begin(struct control *c, const struct change_request *q)
{
	const struct pending *p = &c->confirm.pending;

	if (p->serial != 0 && !q->ends_pending)
		return control_change_refusal(q->language, MSG_CHANGE_PENDING, p->serial,
		    p->actor, p->person[0] != '\0' ? p->person : "-");
	if (q->confirm_seconds != 0 && (q->confirm_seconds < CONFIRM_SECONDS_MIN ||
	    q->confirm_seconds > CONFIRM_SECONDS_MAX))
		return control_change_refusal(q->language, MSG_CHANGE_BAD_SECONDS,
		    CONFIRM_SECONDS_MIN, CONFIRM_SECONDS_MAX);
	return NULL;
}

void
control_change_end(struct control *c, const struct change_request *q)
{
	snprintf(c->change.actor, sizeof(c->change.actor), "%s", q->actor);
	snprintf(c->change.verb, sizeof(c->change.verb), "%s", q->verb);
	c->change.serial = c->serial;
}

json_t *
control_change_came_late(const struct control *c, enum message_language language)
{
	return control_change_refusal(language, MSG_CHANGE_CAME_LATE, c->change.actor,
	    c->change.verb, c->change.serial);
}

void
control_change_record(struct control *c, const struct change_request *q, uint8_t subject,
    bool success, uint32_t serial, const char *digest_before, const char *what)
{
	struct event e = { .kind = EVENT_CHANGE, .subject = subject,
	    .outcome = success ? 0 : 1, .serial = serial };

	snprintf(e.actor, sizeof(e.actor), "%s", q->actor);
	snprintf(e.person, sizeof(e.person), "%s", q->person);
	snprintf(e.note, sizeof(e.note), "%s", q->reason);
	snprintf(e.digest_before, sizeof(e.digest_before), "%s", digest_before);
	(void)text_clean(what, strlen(what), e.reason, sizeof(e.reason) - 1, NULL);
	control_record(c, &e);
}
