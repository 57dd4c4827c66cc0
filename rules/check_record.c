/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of the record, or their defaults. What has no number in the guideline of
 * the ministry ("for a certain period") is kept for a year at least, which is the
 * shortest of the usual ones (PCI DSS 4.0 requirement 10.5.1: twelve months), and by
 * default for three, within which unauthorised access can be prosecuted (Code of
 * Criminal Procedure, article 250, for the Unauthorised Computer Access Act).
 */
#include "rules/check_internal.h"

#include "rules/record_rules.h"

#include <string.h>

#define DAYS_LEAST	365u
#define DAYS_DEFAULT	1096u		/* three years, one of them a leap year */
#define DAYS_MOST	36525u		/* a century */
#define MARK_MOST	99u
#define KIB		UINT64_C(1024)
/* A file of one record a minute for a day has more; above, one sort of it takes all memory. */
#define SIZE_LEAST	(64 * KIB)
#define SIZE_MOST	(64 * KIB * KIB * KIB)
#define SIZE_DEFAULT	(64 * KIB * KIB)
#define CHECKPOINT_DEFAULT 600u
#define CHECKPOINT_LEAST 10u
/* Silence must show within the hour that somebody on duty looks again. */
#define HEARTBEAT_DEFAULT 60u
#define HEARTBEAT_LEAST	10u
#define SECONDS_MOST	86400u
/* An Ethernet header, two tags, IPv6 and TCP with its options: what says who and whom. */
#define SNAP_LEAST	64u
#define SNAP_DEFAULT	128u
#define RING_MB_DEFAULT	64u
#define RING_MB_MOST	65536u
#define PACKETS_DEFAULT	4u

static const char *const class_names[RECORD_CLASS_COUNT] = {
	[RECORD_VIOLATION] = "violation",
	[RECORD_CHANGE] = "change",
	[RECORD_GAP] = "gap",
	[RECORD_LIFE] = "life",
};

const char *
record_class_name(enum record_class c)
{
	return c < RECORD_CLASS_COUNT ? class_names[c] : NULL;
}

enum record_class
record_class_parse(const char *word)
{
	for (unsigned int i = 0; i < RECORD_CLASS_COUNT; i++)
		if (strcmp(class_names[i], word) == 0)
			return (enum record_class)i;
	return RECORD_CLASS_COUNT;
}

void
record_rules_default(struct record_rules *r)
{
	*r = (struct record_rules){ .n_marks = 2, .marks = { 80, 90 },
		.rotate_daily = true, .rotate_size = SIZE_DEFAULT,
		.checkpoint_s = CHECKPOINT_DEFAULT, .heartbeat_s = HEARTBEAT_DEFAULT,
		.evidence = { .packets = PACKETS_DEFAULT, .snap = SNAP_DEFAULT,
		    .ring_mb = RING_MB_DEFAULT } };
	for (size_t i = 0; i < RECORD_CLASS_COUNT; i++)
		r->days[i] = DAYS_DEFAULT;
}

static void
take_failure(struct check *ck, const struct policy_record *w, struct record_rules *r)
{
	if (w->log_failure == NULL)
		return;
	r->close = strcmp(w->log_failure, "close") == 0;
	if (!r->close && strcmp(w->log_failure, "continue") != 0)
		check_error(ck, w->origin, MSG_CHECK_RECORD_FAILURE, w->log_failure);
}

static void
take_marks(struct check *ck, const struct policy_record *w, struct record_rules *r)
{
	unsigned int last = 0, mark;

	if (w->warn_at.count == 0)
		return;
	memset(r->marks, 0, sizeof(r->marks));
	r->n_marks = 0;
	for (size_t i = 0; i < w->warn_at.count; i++) {
		const struct policy_word *word = &w->warn_at.items[i];

		if (!check_number(word->text, strlen(word->text), MARK_MOST, &mark) ||
		    mark <= last || r->n_marks == RECORD_MARKS) {
			check_error(ck, word->origin, MSG_CHECK_RECORD_MARK, word->text,
			    MARK_MOST, RECORD_MARKS);
			return;
		}
		r->marks[r->n_marks++] = (uint8_t)mark;
		last = mark;
	}
}

static void
take_retention(struct check *ck, const struct policy_record *w, struct record_rules *r)
{
	bool seen[RECORD_CLASS_COUNT + 1] = { false };

	for (size_t i = 0; i < w->n_retention; i++) {
		const struct policy_retention *item = &w->retention[i];
		enum record_class class;
		unsigned int days;

		/* The parser has told what is missing. */
		if (item->kind == NULL || item->days == NULL)
			continue;
		class = record_class_parse(item->kind);
		if (class == RECORD_CLASS_COUNT || seen[class])
			check_error(ck, item->origin, class == RECORD_CLASS_COUNT ?
			    MSG_CHECK_RECORD_KIND : MSG_CHECK_RECORD_KIND_TWICE, item->kind);
		else if (!check_number(item->days, strlen(item->days), DAYS_MOST, &days) ||
		    days < DAYS_LEAST)
			check_error(ck, item->origin, MSG_CHECK_RECORD_DAYS, item->days,
			    DAYS_LEAST, DAYS_MOST);
		else
			r->days[class] = days;
		seen[class] = true;
	}
}

static void
take_size(struct check *ck, const struct policy_record *w, struct record_rules *r)
{
	uint64_t n;

	r->rotate_daily = !w->rotate_not_daily;
	if (w->rotate_size == NULL)
		return;
	if (check_amount(w->rotate_size, true, &n) && n >= SIZE_LEAST && n <= SIZE_MOST)
		r->rotate_size = n;
	else
		check_error(ck, w->origin, MSG_CHECK_RECORD_SIZE, w->rotate_size,
		    (unsigned long long)SIZE_LEAST, (unsigned long long)SIZE_MOST);
}

/* Seconds from "least" to a day. */
static void
take_interval(struct check *ck, const char *key, const char *text, unsigned int least,
    uint32_t *out)
{
	unsigned int n;

	if (text == NULL)
		return;
	if (check_number(text, strlen(text), SECONDS_MOST, &n) && n >= least)
		*out = n;
	else
		check_error(ck, ck->policy->record.origin, MSG_CHECK_RECORD_INTERVAL, key, text,
		    least, SECONDS_MOST);
}

/* A whole number of the section "evidence"; what was not written stays as it is. */
static unsigned int
evidence_number(struct check *ck, const char *key, const char *text, unsigned int least,
    unsigned int most, unsigned int before)
{
	unsigned int n;

	if (text == NULL)
		return before;
	if (check_number(text, strlen(text), most, &n) && n >= least)
		return n;
	check_error(ck, ck->policy->record.evidence.origin, MSG_CHECK_RECORD_EVIDENCE, key, text,
	    least, most);
	return before;
}

static void
take_evidence(struct check *ck, const struct policy_evidence *w, struct record_evidence *e)
{
	e->packets = (uint8_t)evidence_number(ck, "packets", w->packets, 0,
	    RECORD_EVIDENCE_PACKETS, e->packets);
	e->snap = (uint16_t)evidence_number(ck, "snap", w->snap, SNAP_LEAST,
	    RECORD_EVIDENCE_SNAP, e->snap);
	e->ring_mb = evidence_number(ck, "ring_mb", w->ring_mb, 1, RING_MB_MOST, e->ring_mb);
	e->payload = w->payload;
}

/* Path of a local socket, in full. */
static void
take_socket(struct check *ck, const char *key, const char *path, char out[RECORD_SOCKET_SIZE])
{
	if (path == NULL)
		return;
	if (path[0] == '/' && path[1] != '\0' && strlen(path) < RECORD_SOCKET_SIZE)
		memcpy(out, path, strlen(path) + 1);
	else
		check_error(ck, ck->policy->record.outputs.origin, MSG_CHECK_RECORD_SOCKET, key,
		    path, RECORD_SOCKET_SIZE - 1);
}

static void
take_outputs(struct check *ck, const struct policy_outputs *w, struct record_outputs *o)
{
	take_socket(ck, "syslog", w->syslog, o->syslog);
	take_socket(ck, "cef", w->cef, o->cef);
	o->journal = w->journal;
	o->eve = w->eve;
	o->prometheus = w->prometheus;
}

int
check_record(struct check *ck)
{
	const struct policy_record *w = &ck->policy->record;
	struct record_rules *r = &ck->c->record;

	record_rules_default(r);
	take_failure(ck, w, r);
	take_marks(ck, w, r);
	take_retention(ck, w, r);
	take_size(ck, w, r);
	take_interval(ck, "checkpoint_interval", w->checkpoint_interval, CHECKPOINT_LEAST,
	    &r->checkpoint_s);
	check_class_severities(ck);
	check_alerts(ck);
	take_interval(ck, "heartbeat", w->heartbeat, HEARTBEAT_LEAST, &r->heartbeat_s);
	take_evidence(ck, &w->evidence, &r->evidence);
	take_outputs(ck, &w->outputs, &r->outputs);
	return 0;
}
