/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_cutoff_internal.h"

#include "agent/clock.h"
#include "agent/control/control_forwarding.h"
#include "agent/log.h"
#include "agent/state_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the record ------------------------------------------------------------------ */

/* What happened to an order, by whom and why. */
struct account {
	enum event_subject subject;
	const char *actor, *person, *reason;
	uint64_t flows;
	bool failed;
};

static void
record_order(struct control *c, const struct account *a, const char *sentence)
{
	struct event e = { .kind = EVENT_CHANGE, .subject = (uint8_t)a->subject,
	    .outcome = a->failed ? 1 : 0, .flows = a->flows };

	snprintf(e.actor, sizeof(e.actor), "%s", a->actor);
	snprintf(e.person, sizeof(e.person), "%s", a->person);
	snprintf(e.note, sizeof(e.note), "%s", a->reason);
	snprintf(e.reason, sizeof(e.reason), "%.*s", (int)sizeof(e.reason) - 1, sentence);
	control_record(c, &e);
	if (a->failed)
		log_warnx("control: %s", sentence);
}

static json_t *
refuse(struct control *c, const struct account *a, const char *what, const char *why)
{
	struct account failed = *a;
	char sentence[512];

	failed.failed = true;
	snprintf(sentence, sizeof(sentence), "%s refused: %s", what, why);
	record_order(c, &failed, sentence);
	return json_pack("{s:b, s:o}", "ok", 0, "error", control_text_json(why));
}

/* ---- what was asked for ---------------------------------------------------------- */

/* "" when there is none; false when it is too long for us. */
static bool
text_of(const json_t *request, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(request, key));

	if (text != NULL && strlen(text) >= size)
		return false;
	snprintf(out, size, "%s", text != NULL ? text : "");
	return true;
}

/* Spaces are no name and no reason. */
static bool
is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

static enum cutoff_kind
kind_of(const struct control *c, const json_t *request, const struct cutoff *o)
{
	struct ip_range range;

	if (json_is_true(json_object_get(request, "all")))
		return CUTOFF_ALL;
	if (o->what[1][0] != '\0')
		return CUTOFF_PAIR;
	if (c->checked != NULL && checked_zone_by_name(c->checked, o->what[0]) >= 0)
		return CUTOFF_ZONE;
	if (address_parse_range(o->what[0], &range) == ADDRESS_OK)
		return CUTOFF_ADDRESS;
	return CUTOFF_HOST;
}

/* Fill an order from the request. NULL, or why it cannot be. */
static const char *
understand(const struct control *c, const struct requester *who, const json_t *request,
    struct cutoff *o)
{
	if (!text_of(request, "what", o->what[0], sizeof(o->what[0])) ||
	    !text_of(request, "with", o->what[1], sizeof(o->what[1])) ||
	    !text_of(request, "person", o->person, sizeof(o->person)) ||
	    !text_of(request, "reason", o->reason, sizeof(o->reason)))
		return "a text is too long: a name has 63 bytes, a reason 127";
	if (is_blank(o->person) || is_blank(o->reason))
		return "a person and a reason are needed";
	o->kind = kind_of(c, request, o);
	o->link_down = json_is_true(json_object_get(request, "link_down"));
	o->since_ns = clock_ns(CLOCK_REALTIME);
	snprintf(o->actor, sizeof(o->actor), "%s", who->name);
	if (o->link_down && o->kind != CUTOFF_ZONE && o->kind != CUTOFF_ALL)
		return "lines go down with a zone, or with all";
	switch (-cutoff_resolve(o, c->checked)) {	/* errno, not an enum of ours */
	case 0:
		break;
	case ENOENT:
		return o->kind == CUTOFF_PAIR ? "the policy has no such zone" :
		    "the policy has no such zone or host, and it is no address";
	default:
		return "it is too much for one cut-off";
	}
	if (cut_parts_empty(&o->parts))
		return "there is nothing between a segment and itself to be cut off";
	if (cutoff_hits_management(o, c->checked) &&
	    !json_is_true(json_object_get(request, "even_management")))
		return "it would shut those out who manage this gateway, so that it could be "
		    "restored only at its own console (if that is meant: --even-management)";
	return NULL;
}

/* ---- isolate --------------------------------------------------------------------- */

/* The kernel would not: nothing is worse than believing that it did. */
static void
shut_instead(struct control *c)
{
	control_forwarding_off(c);
	c->record.want = c->reopen = false;
	snprintf(c->problem, sizeof(c->problem),
	    "a cut-off could not be made; forwarding is off instead");
}

static void
append(char *text, size_t size, const char *word, const char *what)
{
	size_t n = strlen(text);

	snprintf(text + n, size - n, "; %s%s", word, what);
}

/* What comes after the cut; none of it undoes it. Returns what went wrong, "" if nothing. */
static void
finish_isolate(struct control *c, struct cutoff *o, uint64_t *flows, char *warnings,
    size_t size)
{
	char why[200] = "";

	warnings[0] = '\0';
	if (cutoff_tell_watcher(c) < 0)
		append(warnings, size, "", "the watcher does not know of it");
	if (cutoff_state_save(c) < 0)
		append(warnings, size, "", c->cut.problem);
	if (cutoff_forget_flows(c, o, flows) < 0)
		append(warnings, size, "", "the kernel still remembers its flows");
	if (o->link_down) {
		cutoff_lines_down(c, o, why, sizeof(why));
		if (why[0] != '\0')
			append(warnings, size, "lines: ", why);
		(void)cutoff_state_save(c);
	}
	if (o->kind == CUTOFF_ALL && c->checked != NULL) {
		bool managed = false;

		for (size_t i = 0; i < c->checked->n_zones; i++)
			managed |= c->checked->zones[i].zone_class == ZONE_CLASS_MGMT;
		if (!managed)
			append(warnings, size, "", "no zone is of class mgmt: the gateway "
			    "is reached at its own console only");
	}
}

static json_t *
made(struct control *c, struct cutoff *o, int64_t began_ns)
{
	int64_t took_ns = clock_ns(CLOCK_MONOTONIC) - began_ns;
	struct account a = { SUBJECT_CUTOFF, o->actor, o->person, o->reason, 0, false };
	char what[CUTOFF_TEXT_SIZE], sentence[1024], warnings[512];

	finish_isolate(c, o, &a.flows, warnings, sizeof(warnings));
	snprintf(sentence, sizeof(sentence), "cut-off %" PRIu32 ": %s %s%s", o->id,
	    cutoff_kind_name(o->kind), cutoff_text(o, what), warnings);
	record_order(c, &a, sentence);
	return json_pack("{s:b, s:I, s:o, s:I, s:I, s:o}", "ok", 1, "id", (json_int_t)o->id,
	    "cutoff", cutoff_order_json(o), "flows", (json_int_t)a.flows,
	    "took_us", (json_int_t)(took_ns / 1000), "warning", warnings[0] == '\0' ?
	    json_null() : control_text_json(warnings + 2));
}

json_t *
control_isolate(struct control *c, const struct requester *who, const json_t *request)
{
	int64_t began_ns = clock_ns(CLOCK_MONOTONIC);
	struct account a = { .subject = SUBJECT_CUTOFF, .actor = who->name, .person = "",
	    .reason = "" };
	struct cutoff *o = cutoffs_add(&c->cut.list);
	char why[256] = "";
	const char *problem;
	uint32_t id;
	json_t *answer;

	if (o == NULL)
		return refuse(c, &a, "cut-off", "there are too many; one for all is possible");
	id = o->id;
	problem = understand(c, who, request, o);
	a.person = o->person;
	a.reason = o->reason;
	if (problem == NULL) {
		c->cut.orders++;
		if (cutoff_enforce(c, why, sizeof(why)) == 0)
			return made(c, o, began_ns);
		/* The order stands: no table is put into the kernel without it. */
		shut_instead(c);
		(void)cutoff_state_save(c);
		append(why, sizeof(why), "", "forwarding is off instead, and the order stands");
		return refuse(c, &a, "cut-off", why);
	}
	answer = refuse(c, &a, "cut-off", problem);
	cutoffs_remove(&c->cut.list, id);
	c->cut.list.last_id = id - 1;
	return answer;
}

/* ---- restore --------------------------------------------------------------------- */

/* One order out of the list and out of the kernel; back into the list if that fails. */
static int
undo(struct control *c, uint32_t id, struct cutoff *out, char *why, size_t size)
{
	struct cutoff *o = cutoffs_find(&c->cut.list, id);
	size_t at = (size_t)(o - c->cut.list.items), left = c->cut.list.n - at - 1;
	int r;

	*out = *o;
	memmove(o, o + 1, left * sizeof(*o));
	c->cut.list.n--;
	r = cutoff_enforce(c, why, size);
	if (r == 0)
		return 0;
	memmove(o + 1, o, left * sizeof(*o));
	*o = *out;
	c->cut.list.n++;
	return r;
}

static json_t *
undone(struct control *c, const struct account *by, struct cutoff *o)
{
	char what[CUTOFF_TEXT_SIZE], sentence[1024], warnings[512] = "", why[200] = "";
	struct account a = *by;
	json_t *answer;

	if (cutoff_tell_watcher(c) < 0)
		append(warnings, sizeof(warnings), "", "the watcher does not know of it");
	cutoff_lines_up(c, o, why, sizeof(why));
	if (why[0] != '\0')
		append(warnings, sizeof(warnings), "lines: ", why);
	if (cutoff_state_save(c) < 0)
		append(warnings, sizeof(warnings), "", c->cut.problem);
	snprintf(sentence, sizeof(sentence), "cut-off %" PRIu32 " restored: %s %s%s", o->id,
	    cutoff_kind_name(o->kind), cutoff_text(o, what), warnings);
	record_order(c, &a, sentence);
	answer = json_pack("{s:o, s:o}", "cutoff", cutoff_order_json(o), "warning",
	    warnings[0] == '\0' ? json_null() : control_text_json(warnings + 2));
	cutoff_free(o);
	return answer;
}

/* 0: all of them; else the id; *why when it is neither. */
static uint32_t
which(const struct control *c, const json_t *request, const char **why)
{
	json_int_t id = json_integer_value(json_object_get(request, "id"));

	*why = NULL;
	if (json_is_true(json_object_get(request, "all")))
		return 0;
	if (json_object_get(request, "id") == NULL && c->cut.list.n == 1)
		return c->cut.list.items[0].id;
	if (json_object_get(request, "id") == NULL)
		*why = c->cut.list.n == 0 ? "nothing is cut off" :
		    "more than one cut-off stands: say which, or --all";
	else if (id < 1 || id > UINT32_MAX || cutoffs_find(&c->cut.list, (uint32_t)id) == NULL)
		*why = "there is no such cut-off";
	return (uint32_t)id;
}

json_t *
control_cutoff_restore(struct control *c, const struct requester *who,
    const json_t *request)
{
	char person[64], reason[128], text[256] = "";
	struct account a = { SUBJECT_RESTORE, who->name, person, reason, 0, false };
	json_t *done = json_array();
	const char *why;
	uint32_t id = which(c, request, &why);
	size_t n = id == 0 ? c->cut.list.n : 1;

	if (!text_of(request, "person", person, sizeof(person)) ||
	    !text_of(request, "reason", reason, sizeof(reason)))
		why = "a text is too long: a name has 63 bytes, a reason 127";
	for (size_t i = 0; i < n && why == NULL; i++) {
		uint32_t next = id != 0 ? id : c->cut.list.items[0].id;
		struct cutoff o;

		if (undo(c, next, &o, text, sizeof(text)) < 0)
			why = text;
		else
			json_array_append_new(done, undone(c, &a, &o));
	}
	if (why == NULL)
		return json_pack("{s:b, s:o, s:o}", "ok", 1, "restored", done,
		    "cutoffs", control_cutoffs_json(c));
	json_decref(done);
	return refuse(c, &a, "restore", why);
}

/* ---- start ----------------------------------------------------------------------- */

static void
cut_everything(struct control *c, int error)
{
	struct account a = { SUBJECT_CUTOFF, "control", "sekishod",
	    "the state of cut-offs cannot be read", 0, true };
	struct cutoff *o;
	char sentence[256];

	cutoff_state_put_aside(c->cut.folder);
	o = cutoffs_add(&c->cut.list);
	if (o != NULL) {
		o->kind = CUTOFF_ALL;
		o->parts.all = true;
		o->since_ns = clock_ns(CLOCK_REALTIME);
		snprintf(o->person, sizeof(o->person), "%s", a.person);
		snprintf(o->reason, sizeof(o->reason), "%s", a.reason);
		snprintf(o->actor, sizeof(o->actor), "%s", a.actor);
	}
	snprintf(sentence, sizeof(sentence), "the state of cut-offs cannot be read (%s): "
	    "everything is cut off", strerror(-error));
	record_order(c, &a, sentence);
	(void)cutoff_state_save(c);
}

static void
tell_adopted(struct control *c)
{
	struct cutoff *o = &c->cut.list.items[c->cut.list.n - 1];
	struct account a = { SUBJECT_CUTOFF, "control", "sekishod",
	    "the kernel cut it off, and the state folder did not say why", 0, true };
	char sentence[128];

	o->since_ns = clock_ns(CLOCK_REALTIME);
	snprintf(o->person, sizeof(o->person), "%s", a.person);
	snprintf(o->reason, sizeof(o->reason), "%s", a.reason);
	snprintf(o->actor, sizeof(o->actor), "%s", a.actor);
	snprintf(sentence, sizeof(sentence), "cut-off %" PRIu32 ": found in the kernel",
	    o->id);
	record_order(c, &a, sentence);
	(void)cutoff_state_save(c);
}

void
control_cutoff_start(struct control *c)
{
	int r;

	c->cut.folder = state_folder_open(c->setup->paths.state);
	r = cutoff_state_load(c->cut.folder, &c->cut.list);
	if (r < 0 && r != -ENOENT)
		cut_everything(c, r);
	r = cutoff_adopt(c);
	if (r < 0)
		cut_everything(c, r);
	else if (r > 0)
		tell_adopted(c);
}

void
control_cutoff_end(struct control *c)
{
	cutoffs_free(&c->cut.list);
	if (c->cut.folder >= 0)
		close(c->cut.folder);
}

void
control_cutoff_follow(struct control *c)
{
	for (size_t i = 0; i < c->cut.list.n; i++)
		(void)cutoff_resolve(&c->cut.list.items[i], c->checked);
	if (c->cut.list.n > 0)
		(void)cutoff_state_save(c);
	cutoff_lines_again(c);
}
