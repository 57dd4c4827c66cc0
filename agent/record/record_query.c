/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/record_query.h"

#include "agent/record/event.h"
#include "rules/violation_class.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Longest word of a list. */
#define WORD_SIZE 96

/* Calls take() for each word between commas; false when it says so, or for none. */
static bool
each_word(struct record_query *q, const char *list,
    bool (*take)(struct record_query *q, const char *word))
{
	do {
		char word[WORD_SIZE];
		size_t n = strcspn(list, ",");

		if (n == 0 || n >= sizeof(word))
			return false;
		memcpy(word, list, n);
		word[n] = '\0';
		if (!take(q, word))
			return false;
		list += n;
	} while (*list++ == ',');
	return true;
}

static enum violation_class
class_of(const char *word)
{
	const char *digits = word;
	char *end;
	unsigned long n;

	for (int c = ZV_NONE + 1; c < ZV_COUNT; c++)
		for (int l = MESSAGE_ENGLISH; l <= MESSAGE_JAPANESE; l++)
			if (strcasecmp(word, violation_class_name((enum violation_class)c,
			    (enum message_language)l)) == 0)
				return (enum violation_class)c;
	if (strncasecmp(digits, "zv", 2) == 0)
		digits += digits[2] == '-' ? 3 : 2;
	if (*digits < '0' || *digits > '9')
		return ZV_NONE;
	n = strtoul(digits, &end, 10);
	return *end == '\0' && n > ZV_NONE && n < ZV_COUNT ? (enum violation_class)n : ZV_NONE;
}

static bool
take_class(struct record_query *q, const char *word)
{
	enum violation_class c = class_of(word);

	q->classes |= 1u << c;
	return c != ZV_NONE;
}

static bool
take_subject(struct record_query *q, const char *word)
{
	bool found = false;

	for (int s = 0; s < SUBJECT_COUNT; s++) {
		const char *name = record_subject_name((enum event_subject)s);

		/* "cutoff" as it is said: the cut-off, and its end. */
		if (strcmp(word, name) != 0 && (strcmp(word, "cutoff") != 0 ||
		    strncmp(name, "cut-off", 7) != 0))
			continue;
		q->subjects |= 1u << s;
		found = true;
	}
	return found;
}

static bool
take_action(struct record_query *q, const char *word)
{
	for (int a = 0; a < ACTION_COUNT; a++)
		if (strcmp(word, violation_action_name((enum violation_action)a)) == 0) {
			q->actions |= 1u << a;
			return true;
		}
	return take_subject(q, word);
}

static bool
take_kind(struct record_query *q, const char *word)
{
	for (int k = EVENT_NONE + 1; k < EVENT_KIND_COUNT; k++)
		if (strcmp(word, record_kind_name((enum event_kind)k)) == 0) {
			q->kinds |= 1u << k;
			return true;
		}
	return take_subject(q, word);
}

bool
record_query_add_classes(struct record_query *q, const char *list)
{
	return each_word(q, list, take_class);
}

bool
record_query_add_actions(struct record_query *q, const char *list)
{
	return each_word(q, list, take_action);
}

bool
record_query_add_kinds(struct record_query *q, const char *list)
{
	return each_word(q, list, take_kind);
}

bool
record_query_set_severity(struct record_query *q, const char *word)
{
	int n = violation_severity_parse(word);

	if (n == 0 && word[0] >= '0' && word[0] <= '9' && word[1] == '\0')
		n = word[0] - '0';
	else if (n == 0 && strcmp(word, "10") == 0)
		n = 10;
	else if (n == 0)
		return false;
	q->min_severity = (uint64_t)n;
	return true;
}

bool
record_query_set_address(struct record_query *q, const char *text)
{
	enum address_error e = address_parse_range(text, &q->address);

	/* "10.0.0.1/24": the network that was meant. */
	return e == ADDRESS_OK || e == ADDRESS_HOST_BITS;
}

static bool
is_any(const struct line_text *t, uint32_t set, int first, int count,
    const char *(*name)(int i))
{
	for (int i = first; i < count; i++)
		if ((set & 1u << i) != 0 && line_text_is(t, name(i)))
			return true;
	return false;
}

static const char *
class_name(int i)
{
	return violation_class_id((enum violation_class)i);
}

static const char *
action_name(int i)
{
	return violation_action_name((enum violation_action)i);
}

static const char *
subject_name(int i)
{
	return record_subject_name((enum event_subject)i);
}

static const char *
kind_name(int i)
{
	return record_kind_name((enum event_kind)i);
}

static bool
in_range(const struct ip_range *range, const struct line_text *t)
{
	char text[IP_RANGE_TEXT_SIZE];
	struct ip_addr a;

	if (t->length == 0 || t->length >= sizeof(text))
		return false;
	memcpy(text, t->text, t->length);
	text[t->length] = '\0';
	return address_parse(text, &a) == ADDRESS_OK && address_range_holds(range, &a);
}

/* The daemon's own course: nothing that happened to the zones. */
static bool
is_routine(const struct line_fields *f)
{
	const uint32_t kinds = 1u << EVENT_LIFE | 1u << EVENT_FILE | 1u << EVENT_CHECKPOINT |
	    1u << EVENT_HEARTBEAT;

	return is_any(&f->kind, kinds, EVENT_NONE + 1, EVENT_KIND_COUNT, kind_name) &&
	    !line_text_is(&f->event_kind, "alert");
}

/* Of --kind and --action together: subjects are actions of one kind. */
static bool
kind_matches(const struct record_query *q, const struct line_fields *f)
{
	if ((q->kinds | q->actions | q->subjects) == 0)
		return q->routine || !is_routine(f);
	if (q->kinds != 0 &&
	    !is_any(&f->kind, q->kinds, EVENT_NONE + 1, EVENT_KIND_COUNT, kind_name) &&
	    !is_any(&f->action, q->subjects, 0, SUBJECT_COUNT, subject_name))
		return false;
	return (q->actions | q->subjects) == 0 || (q->actions == 0 && q->kinds != 0) ||
	    is_any(&f->action, q->actions, 0, ACTION_COUNT, action_name) ||
	    is_any(&f->action, q->subjects, 0, SUBJECT_COUNT, subject_name);
}

static bool
text_wanted(const char *want, const struct line_text *t)
{
	return want == NULL || line_text_is(t, want);
}

bool
record_query_match(const struct record_query *q, const struct line_fields *f)
{
	if (!kind_matches(q, f) || f->severity < q->min_severity)
		return false;
	if (q->zone != NULL && !line_text_is(&f->from, q->zone) &&
	    !line_text_is(&f->to, q->zone))
		return false;
	if (!text_wanted(q->from, &f->from) || !text_wanted(q->to, &f->to) ||
	    !text_wanted(q->permit, &f->permit))
		return false;
	if (q->classes != 0 && !is_any(&f->class, q->classes, ZV_NONE + 1, ZV_COUNT,
	    class_name))
		return false;
	return q->address.family == IP_NONE || in_range(&q->address, &f->source) ||
	    in_range(&q->address, &f->destination);
}

/* Times of the record are UTC in one fixed form: they compare as text. */
static int
compare_time(const struct line_text *t, const char *bound)
{
	size_t n = strlen(bound), least = t->length < n ? t->length : n;
	int r = least > 0 ? memcmp(t->text, bound, least) : 0;

	return r != 0 ? r : t->length < n ? -1 : t->length > n;
}

bool
record_query_in_time(const struct record_query *q, const struct line_fields *f)
{
	return (q->since[0] == '\0' || compare_time(&f->time, q->since) >= 0) &&
	    (q->until[0] == '\0' || compare_time(&f->time, q->until) < 0);
}
