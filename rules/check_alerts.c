/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The alerts of the record, and what severity its classes have. */
#include "rules/check_internal.h"

#include "rules/alert_rules.h"
#include "rules/violation_class.h"

#include <stdio.h>
#include <string.h>

#define SECONDS_MOST	86400u
#define FOLD_DEFAULT	300u
#define TIMEOUT_DEFAULT	10u
#define TIMEOUT_MOST	60u
#define ALL_DAYS	0x7fu

#define wrong(ck, w, key, text) \
	check_error(ck, (w)->origin, MSG_CHECK_ALERT_VALUE, (w)->name, key, text)

static void
take_words(struct check *ck, const struct policy_alert *w, struct alert_rule *r)
{
	for (size_t i = 0; i < w->classes.count; i++) {
		const char *word = w->classes.items[i].text;
		const enum violation_class zv = violation_class_parse(word);

		if (zv == ZV_NONE)
			wrong(ck, w, "classes", word);
		r->classes |= 1u << zv;
	}
	for (size_t i = 0; i < w->actions.count; i++) {
		const char *word = w->actions.items[i].text;
		const int action = alert_action_parse(word);

		if (action < 0)
			wrong(ck, w, "actions", word);
		else
			r->actions |= UINT64_C(1) << action;
	}
}

/* Of all records only the high ones; of those that were named all. */
static void
take_severity(struct check *ck, const struct policy_alert *w, struct alert_rule *r)
{
	int severity = w->classes.count + w->actions.count > 0 ? 0 : SEVERITY_HIGH;

	if (w->min_severity != NULL) {
		severity = violation_severity_parse(w->min_severity);
		if (severity == 0)
			wrong(ck, w, "min_severity", w->min_severity);
	}
	r->min_severity = (uint8_t)severity;
}

/* A number from "least" to "most"; NULL: *out stays. */
static void
take_number(struct check *ck, const struct policy_alert *w, const char *key,
    const char *text, unsigned int least, unsigned int most, uint32_t *out)
{
	unsigned int n;

	if (text == NULL)
		return;
	if (check_number(text, strlen(text), most, &n) && n >= least)
		*out = n;
	else
		check_error(ck, w->origin, MSG_CHECK_ALERT_NUMBER, w->name, key, text, least,
		    most);
}

static void
take_quiet_time(struct check *ck, const struct policy_alert *w, const char *key,
    const char *text, uint16_t *out)
{
	const int minutes = text != NULL ? alert_time_parse(text) : -1;

	if (minutes < 0)
		wrong(ck, w, key, text != NULL ? text : "");
	else
		*out = (uint16_t)minutes;
}

static void
take_quiet(struct check *ck, const struct policy_alert *w, struct alert_rule *r)
{
	const struct policy_quiet *q = &w->quiet;
	int below = SEVERITY_CRITICAL;

	if (q->from == NULL && q->to == NULL && q->days.count == 0 && q->below == NULL)
		return;
	take_quiet_time(ck, w, "from", q->from, &r->quiet_from);
	take_quiet_time(ck, w, "to", q->to, &r->quiet_to);
	if (r->quiet_from == ALERT_DAY_MINUTES || r->quiet_from == r->quiet_to)
		wrong(ck, w, "to", q->to != NULL ? q->to : "");
	for (size_t i = 0; i < q->days.count; i++) {
		const int day = alert_day_parse(q->days.items[i].text);

		if (day < 0)
			wrong(ck, w, "days", q->days.items[i].text);
		else
			r->quiet_days |= (uint8_t)(1u << day);
	}
	if (q->days.count == 0)
		r->quiet_days = ALL_DAYS;
	if (q->below != NULL) {
		below = violation_severity_parse(q->below);
		if (below == 0)
			wrong(ck, w, "below", q->below);
	}
	r->quiet_below = (uint8_t)below;
}

static void
take_alert(struct check *ck, const struct policy_alert *w, struct alert_rule *r)
{
	uint32_t timeout = TIMEOUT_DEFAULT;

	*r = (struct alert_rule){ .threshold = 1, .threshold_s = 1, .fold_s = FOLD_DEFAULT };
	snprintf(r->name, sizeof(r->name), "%s", w->name);
	if (alert_hook_path(w->hook))
		snprintf(r->hook, sizeof(r->hook), "%s", w->hook);
	else
		check_error(ck, w->origin, MSG_CHECK_ALERT_HOOK, w->name, w->hook,
		    ALERT_HOOK_SIZE - 1);
	take_words(ck, w, r);
	take_severity(ck, w, r);
	take_number(ck, w, "count", w->threshold.count, 1, ALERT_THRESHOLD_MOST, &r->threshold);
	take_number(ck, w, "seconds", w->threshold.seconds, 1, SECONDS_MOST, &r->threshold_s);
	take_number(ck, w, "fold_seconds", w->fold_seconds, 0, SECONDS_MOST, &r->fold_s);
	take_number(ck, w, "timeout", w->timeout, 1, TIMEOUT_MOST, &timeout);
	r->timeout_s = (uint16_t)timeout;
	take_quiet(ck, w, r);
}

static bool
is_taken(const struct alert_rules *rules, const char *name)
{
	for (uint32_t i = 0; i < rules->n; i++)
		if (strcmp(rules->rules[i].name, name) == 0)
			return true;
	return false;
}

void
check_alerts(struct check *ck)
{
	const struct policy_record *w = &ck->policy->record;
	struct alert_rules *rules = &ck->c->record.alerts;

	for (size_t i = 0; i < w->n_alerts && rules->n < ALERT_RULES_MOST; i++) {
		const struct policy_alert *a = &w->alerts[i];

		/* The parser has told what is missing. */
		if (a->name == NULL || a->hook == NULL)
			continue;
		if (is_taken(rules, a->name))
			wrong(ck, a, "name", a->name);
		else
			take_alert(ck, a, &rules->rules[rules->n++]);
	}
}

void
check_class_severities(struct check *ck)
{
	const struct policy_record *w = &ck->policy->record;
	uint8_t *of = ck->c->record.severity;

	for (size_t i = 0; i < w->n_severities; i++) {
		const struct policy_severity *s = &w->severities[i];
		enum violation_class zv;
		int severity;

		if (s->zv == NULL || s->severity == NULL)
			continue;
		zv = violation_class_parse(s->zv);
		severity = violation_severity_parse(s->severity);
		if (zv == ZV_NONE || severity == 0 || of[zv] != 0)
			check_error(ck, s->origin, MSG_CHECK_SEVERITY, s->zv, s->severity);
		of[zv] = (uint8_t)severity;
	}
}
