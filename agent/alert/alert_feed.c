/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/alert/alert_feed.h"

#include "agent/ipc.h"
#include "agent/record/record_text.h"

#include <string.h>

/* event.action as a number of alert_action_name(). */
static int
action_of(const struct event *e)
{
	switch ((enum event_kind)e->kind) {
	case EVENT_VIOLATION:
		return e->action;
	case EVENT_GAP:
		return ACTION_GAP;
	case EVENT_CHANGE:
		return alert_action_parse(record_subject_name((enum event_subject)e->subject));
	case EVENT_NONE:
	case EVENT_LIFE:
	case EVENT_DRIFT:
	case EVENT_FILE:
	case EVENT_CHECKPOINT:
	case EVENT_HEARTBEAT:
	case EVENT_RECOVERY:
	case EVENT_CLOCK:
	case EVENT_DISPOSAL:
	case EVENT_KIND_COUNT:
		break;
	}
	return alert_action_parse(record_kind_name((enum event_kind)e->kind));
}

static bool
picks(const struct alert_rule *r, const struct event *e)
{
	int action;

	if (e->severity < r->min_severity)
		return false;
	if (r->classes != 0 && (r->classes & (1u << e->zv)) == 0)
		return false;
	if (r->actions == 0)
		return true;
	action = action_of(e);
	return action >= 0 && (r->actions & (UINT64_C(1) << action)) != 0;
}

uint32_t
alert_feed_picks(const struct alert_rules *rules, const struct event *e)
{
	uint32_t bits = 0;

	/* What goes on is one violation: its beginning is told. */
	if (e->kind == EVENT_VIOLATION && e->phase != PHASE_FIRST)
		return 0;
	for (uint32_t i = 0; i < rules->n && i < ALERT_RULES_MOST; i++)
		if (picks(&rules->rules[i], e))
			bits |= 1u << i;
	return bits;
}

static void
count(struct alert_feed *f, uint32_t bits, uint8_t severity)
{
	for (unsigned int i = 0; i < ALERT_RULES_MOST; i++) {
		if ((bits & (1u << i)) == 0)
			continue;
		f->counts.n[i]++;
		if (severity > f->counts.severity[i])
			f->counts.severity[i] = severity;
	}
	f->owing = true;
}

void
alert_feed_line(struct alert_feed *f, const struct event *e, const char *line, size_t length)
{
	const uint32_t bits = f->socket > 0 ? alert_feed_picks(&f->rules, e) : 0;
	struct alert_record m;

	if (bits == 0)
		return;
	/* Behind rules that could not be sent nobody would know what the bits mean. */
	if (f->lines >= ALERT_LINES || f->rules_owing || length > sizeof(m.line)) {
		count(f, bits, e->severity);
		return;
	}
	f->lines++;
	memset(&m, 0, ALERT_RECORD_HEAD);
	m.rules = bits;
	m.severity = e->severity;
	memcpy(m.line, line, length);
	if (ipc_send(f->socket, IPC_ALERT_RECORD, &m, ALERT_RECORD_HEAD + length, -1) < 0)
		count(f, bits, e->severity);
}

void
alert_feed_again(struct alert_feed *f)
{
	f->rules_owing = f->socket > 0 && ipc_send(f->socket, IPC_ALERT_RULES, &f->rules,
	    sizeof(f->rules), -1) < 0;
}

void
alert_feed_rules(struct alert_feed *f, const struct alert_rules *rules)
{
	/* What was counted by the numbers of before goes first, or would be told of others. */
	alert_feed_tick(f);
	memset(&f->counts, 0, sizeof(f->counts));
	f->owing = false;
	f->rules = *rules;
	if (f->rules.n > ALERT_RULES_MOST)
		f->rules.n = ALERT_RULES_MOST;
	alert_feed_again(f);
}

void
alert_feed_tick(struct alert_feed *f)
{
	f->lines = 0;
	if (f->rules_owing)
		alert_feed_again(f);
	if (!f->owing || f->rules_owing || ipc_send(f->socket, IPC_ALERT_COUNTS, &f->counts,
	    sizeof(f->counts), -1) < 0)
		return;
	memset(&f->counts, 0, sizeof(f->counts));
	f->owing = false;
}
