/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where files meet: their first records, checkpoints, files that are not there. */
#include "agent/record/log_verify_internal.h"

#include "agent/record/log_names.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Deriving the key of a file takes a step each: a bound for what a file may claim. */
#define EPOCH_MAX 1000000u

static bool
get_hex(const char *line, size_t length, const char *name, uint8_t out[SEAL_SIZE])
{
	const char *text;
	size_t n;

	return seal_line_text(line, length, name, &text, &n) && n == SEAL_HEX &&
	    seal_unhex(text, out);
}

static bool
read_head(const char *line, size_t length, struct verify_head *h)
{
	const char *text;
	size_t n;

	memset(h, 0, sizeof(*h));
	if (!seal_line_number(line, length, "\"file\":{\"number\":", &h->number) ||
	    !seal_line_text(line, length, "\"series\":", &text, &n) || n != SEAL_SERIES)
		return false;
	memcpy(h->series, text, n);
	if (!seal_line_number(line, length, "\"epoch\":", &h->epoch) ||
	    !get_hex(line, length, "\"signer\":", h->signer) ||
	    !get_hex(line, length, "\"next_signer\":", h->next_signer) ||
	    !get_hex(line, length, "\"previous\":{\"hash\":", h->last_hash))
		return false;
	/* Behind the hash of the file before stand its last number, size and name. */
	text = memmem(line, length, "\"previous\":{", sizeof("\"previous\":{") - 1);
	length -= (size_t)(text - line);
	line = text;
	if (!seal_line_number(line, length, "\"sequence\":", &h->last_sequence) ||
	    !seal_line_number(line, length, "\"size\":", &h->last_size))
		return false;
	if (seal_line_text(line, length, "\"name\":", &text, &n) && n < sizeof(h->last_name))
		memcpy(h->last_name, text, n);
	h->broken = memmem(line, length, "\"broken\":\"", sizeof("\"broken\":\"") - 1) != NULL;
	return true;
}

/* ---- keys ----------------------------------------------------------------------- */

static const struct verify_key *
key_of(const struct log_verify *v, const char *series)
{
	for (size_t i = 0; i < v->n_keys; i++)
		if (strcmp(v->keys[i].series, series) == 0)
			return &v->keys[i];
	return NULL;
}

/* False: a key was given, and it is not this file's. */
static bool
take_key(struct log_verify *v, const struct verify_head *h)
{
	const struct verify_key *k = key_of(v, h->series);
	uint8_t epoch[SEAL_SIZE], signer[SEAL_SIZE];
	bool good;

	v->has_key = false;
	if (v->n_keys == 0)
		return true;
	if (k == NULL || h->epoch > EPOCH_MAX)
		return false;
	memcpy(epoch, k->first, sizeof(epoch));
	for (uint64_t i = 0; i < h->epoch; i++)
		seal_epoch_step(epoch);
	seal_record_key(epoch, v->key);
	seal_signer(epoch, signer, NULL);
	good = memcmp(signer, h->signer, SEAL_SIZE) == 0;
	seal_epoch_step(epoch);
	seal_signer(epoch, signer, NULL);
	good = good && memcmp(signer, h->next_signer, SEAL_SIZE) == 0;
	sodium_memzero(epoch, sizeof(epoch));
	v->has_key = good;
	return good;
}

/* ---- the joint ------------------------------------------------------------------ */

static void
note_absent(struct log_verify *v, uint64_t first, uint64_t last)
{
	struct verify_absent *grown = reallocarray(v->absent, v->n_absent + 1, sizeof(*grown));
	struct verify_absent *a;

	if (grown == NULL) {
		verify_fault(v, VERIFY_FILE_MISSING, first);
		return;
	}
	v->absent = grown;
	a = &grown[v->n_absent++];
	memset(a, 0, sizeof(*a));
	a->finding.fault = VERIFY_FILE_MISSING;
	memcpy(a->finding.file, v->name, sizeof(a->finding.file));
	a->finding.sequence = v->sequence + 1;
	a->finding.other = first;
	a->first = first;
	a->last = last;
}

/* How the file before ended, against what this one says of it. */
static void
compare_end(struct log_verify *v, const struct verify_head *h)
{
	unsigned long day, number;

	if (!v->joined)
		return;
	if (h->last_sequence > v->sequence)
		verify_fault(v, VERIFY_FILE_CUT, h->last_sequence);
	else if (h->last_sequence < v->sequence ||
	    memcmp(h->last_hash, v->hash, SEAL_SIZE) != 0)
		verify_fault(v, VERIFY_FILE_END, h->last_sequence);
	else if (h->last_name[0] != '\0' && log_names_closed(v->last_name, &day, &number) &&
	    strncmp(h->last_name, v->last_name, strlen(h->last_name)) != 0)
		verify_fault(v, VERIFY_FILE_NAME, 0);
}

/* One that was missed turns up behind later ones: that is another fault. */
static void
misplaced(struct log_verify *v, uint64_t number)
{
	for (size_t i = 0; i < v->n_absent; i++)
		if (v->absent[i].first == number && v->absent[i].last == number)
			v->absent[i].misplaced = true;
}

/* False: this file cannot stand here. */
static bool
join(struct log_verify *v, const struct verify_head *h)
{
	if (!v->begun) {
		if (h->number > 1 && !v->some)
			note_absent(v, 1, h->number - 1);
		return true;
	}
	if (h->number <= v->head.number) {
		misplaced(v, h->number);
		verify_fault(v, VERIFY_FILE_ORDER, v->head.number);
		return false;
	}
	if (h->number > v->head.number + 1)
		note_absent(v, v->head.number + 1, h->number - 1);
	else
		compare_end(v, h);
	if (strcmp(h->series, v->head.series) != 0)
		verify_fault(v, VERIFY_NEW_KEYS, h->number);
	else if (h->number == v->head.number + 1 && (h->epoch != v->head.epoch + 1 ||
	    memcmp(h->signer, v->head.next_signer, SEAL_SIZE) != 0))
		verify_fault(v, VERIFY_SIGNER, h->number);
	else if (h->broken)
		verify_fault(v, VERIFY_BROKEN, h->last_sequence);
	return true;
}

bool
verify_file_record(struct log_verify *v, const char *line, size_t sealed)
{
	struct verify_head h;

	if (!read_head(line, sealed, &h)) {
		verify_fault(v, VERIFY_NO_FILE_RECORD, 0);
		return false;
	}
	if (!join(v, &h))
		return false;
	/* A log may begin with lost keys: then only this record tells of it. */
	if (!v->begun && h.broken)
		verify_fault(v, VERIFY_BROKEN, h.last_sequence);
	v->begun = v->joined = true;
	v->head = h;
	v->sequence = h.last_sequence;
	memcpy(v->hash, h.last_hash, SEAL_SIZE);
	if (!take_key(v, &h)) {
		verify_fault(v, VERIFY_WRONG_KEY, h.number);
		return false;
	}
	return true;
}

/* ---- checkpoints ---------------------------------------------------------------- */

void
verify_checkpoint_record(struct log_verify *v, const char *line, size_t sealed)
{
	struct checkpoint c;
	const char *text;
	size_t n;

	v->report.checkpoints++;
	if (!seal_line_text(line, sealed, "\"checkpoint\":{\"line\":", &text, &n) ||
	    !checkpoint_parse(text, n, &c) || c.sequence != v->sequence ||
	    c.file != v->head.number || memcmp(c.hash, v->hash, SEAL_SIZE) != 0 ||
	    !checkpoint_holds(&c, v->head.signer))
		verify_fault(v, VERIFY_CHECKPOINT, v->sequence);
}

void
verify_outside(struct log_verify *v)
{
	while (v->next_outside < v->n_outside) {
		const struct checkpoint *c = &v->outside[v->next_outside];

		if (c->sequence > v->sequence)
			return;
		v->next_outside++;
		if (c->sequence < v->sequence) {
			/* Of what is not there any more, or was passed over with a fault. */
			v->report.outside_older++;
			continue;
		}
		if (memcmp(c->hash, v->hash, SEAL_SIZE) != 0 || c->file != v->head.number)
			verify_fault(v, VERIFY_OUTSIDE, c->sequence);
		else if (c->is_signed && !checkpoint_holds(c, v->head.signer))
			verify_fault(v, VERIFY_OUTSIDE_FORGED, c->sequence);
		else
			v->report.outside++;
	}
}

/* ---- files that are not there --------------------------------------------------- */

void
verify_disposal_record(struct log_verify *v, const char *line, size_t sealed)
{
	uint64_t number, *grown;

	if (!seal_line_number(line, sealed, "\"disposal\":{\"number\":", &number))
		return;
	grown = reallocarray(v->disposed, v->n_disposed + 1, sizeof(*grown));
	if (grown == NULL)
		return;
	v->disposed = grown;
	grown[v->n_disposed++] = number;
}

static int
by_number(const void *left, const void *right)
{
	const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* Every file of the range has a record of its disposal; they are sorted. */
static bool
all_disposed(const struct log_verify *v, uint64_t first, uint64_t last)
{
	uint64_t next = first;

	for (size_t i = 0; i < v->n_disposed && next <= last; i++)
		if (v->disposed[i] == next)
			next++;
	return next > last;
}

static void
insert_finding(struct log_verify *v, const struct verify_finding *f)
{
	struct verify_report *r = &v->report;
	size_t at = 0;

	while (at < r->n_findings && r->findings[at].sequence <= f->sequence)
		at++;
	r->faults++;
	if (at == VERIFY_FINDINGS)
		return;
	if (r->n_findings < VERIFY_FINDINGS)
		r->n_findings++;
	memmove(&r->findings[at + 1], &r->findings[at],
	    (r->n_findings - at - 1) * sizeof(r->findings[0]));
	r->findings[at] = *f;
}

void
verify_joint_finish(struct log_verify *v)
{
	if (v->n_disposed > 0)
		qsort(v->disposed, v->n_disposed, sizeof(*v->disposed), by_number);
	for (size_t i = 0; i < v->n_absent; i++) {
		const struct verify_absent *a = &v->absent[i];

		if (a->misplaced)
			continue;
		if (all_disposed(v, a->first, a->last))
			v->report.disposed += a->last - a->first + 1;
		else
			insert_finding(v, &a->finding);
	}
	v->line = 0;
	if (v->next_outside < v->n_outside && v->n_outside > 0)
		verify_fault(v, VERIFY_OUTSIDE_BEYOND, v->outside[v->n_outside - 1].sequence);
}

const char *
verify_fault_name(enum verify_fault fault)
{
	static const char *const names[VERIFY_FAULT_COUNT] = {
		[VERIFY_NONE] = "none", [VERIFY_EMPTY] = "empty",
		[VERIFY_UNREADABLE] = "unreadable", [VERIFY_UNSEALED] = "unsealed",
		[VERIFY_ALTERED] = "altered", [VERIFY_MISSING] = "missing",
		[VERIFY_INSERTED] = "inserted", [VERIFY_REPEATED] = "repeated",
		[VERIFY_SWAPPED] = "swapped", [VERIFY_TORN] = "torn",
		[VERIFY_NUMBER] = "number", [VERIFY_MAC] = "mac",
		[VERIFY_WRONG_KEY] = "wrong-key", [VERIFY_TIME] = "time",
		[VERIFY_NO_FILE_RECORD] = "no-file-record", [VERIFY_MERGED] = "merged",
		[VERIFY_FILE_MISSING] = "file-missing", [VERIFY_FILE_ORDER] = "file-order",
		[VERIFY_FILE_NAME] = "file-name", [VERIFY_FILE_CUT] = "file-cut",
		[VERIFY_FILE_END] = "file-end", [VERIFY_BROKEN] = "broken",
		[VERIFY_NEW_KEYS] = "new-keys", [VERIFY_SIGNER] = "signer",
		[VERIFY_CHECKPOINT] = "checkpoint", [VERIFY_OUTSIDE] = "outside",
		[VERIFY_OUTSIDE_FORGED] = "outside-forged",
		[VERIFY_OUTSIDE_BEYOND] = "outside-beyond",
	};

	return names[fault];
}
