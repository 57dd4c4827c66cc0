/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/log_verify.h"

#include "agent/record/log_verify_internal.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEQUENCE_WORD	"\"sequence\":"
#define CREATED_WORD	"\"created\":\""
#define KIND_WORD	"\"sekisho\":{\"kind\":\""

struct log_verify *
log_verify_new(void)
{
	return seal_key_init() < 0 ? NULL : calloc(1, sizeof(struct log_verify));
}

void
log_verify_free(struct log_verify *v)
{
	if (v == NULL)
		return;
	if (v->keys != NULL)
		sodium_memzero(v->keys, v->n_keys * sizeof(*v->keys));
	free(v->keys);
	free(v->outside);
	free(v->absent);
	free(v->disposed);
	sodium_memzero(v, sizeof(*v));
	free(v);
}

int
log_verify_add_key(struct log_verify *v, const uint8_t key[SEAL_SIZE])
{
	struct verify_key *grown = reallocarray(v->keys, v->n_keys + 1, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	v->keys = grown;
	memcpy(grown[v->n_keys].first, key, SEAL_SIZE);
	seal_series(key, grown[v->n_keys].series);
	v->n_keys++;
	return 0;
}

int
log_verify_add_checkpoint(struct log_verify *v, const struct checkpoint *c)
{
	struct checkpoint *grown = reallocarray(v->outside, v->n_outside + 1, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	v->outside = grown;
	grown[v->n_outside++] = *c;
	return 0;
}

void
verify_fault(struct log_verify *v, enum verify_fault fault, uint64_t other)
{
	struct verify_report *r = &v->report;
	struct verify_finding *f;

	r->faults++;
	if (r->n_findings == VERIFY_FINDINGS)
		return;
	f = &r->findings[r->n_findings++];
	f->fault = fault;
	memcpy(f->file, v->name, sizeof(f->file));
	f->line = v->line;
	f->sequence = v->sequence + 1;
	f->other = other;
}

void
log_verify_some(struct log_verify *v)
{
	v->some = true;
}

static int
by_sequence(const void *left, const void *right)
{
	const struct checkpoint *a = left, *b = right;

	return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

void
log_verify_begin(struct log_verify *v, const char *name)
{
	if (!v->sorted && v->n_outside > 0)
		qsort(v->outside, v->n_outside, sizeof(*v->outside), by_sequence);
	v->sorted = true;
	memcpy(v->last_name, v->name, sizeof(v->last_name));
	snprintf(v->name, sizeof(v->name), "%s", name);
	v->line = v->size = 0;
	v->rest = 0;
	v->skip = v->suspect = false;
	v->report.files++;
}

/* ---- one line ------------------------------------------------------------------- */

/* What is asked of a record, found in the order in which it stands there. */
struct fields {
	bool has_number;
	uint64_t number;
	const char *created, *kind;	/* NULL: not found */
	size_t kind_length;
};

static void
find_fields(const char *line, size_t length, struct fields *out)
{
	const char *end = line + length, *p = memmem(line, length, SEQUENCE_WORD,
	    sizeof(SEQUENCE_WORD) - 1), *quote;

	memset(out, 0, sizeof(*out));
	if (p == NULL)
		return;
	out->has_number =
	    seal_line_number(p, (size_t)(end - p), SEQUENCE_WORD, &out->number);
	p = memmem(p, (size_t)(end - p), CREATED_WORD, sizeof(CREATED_WORD) - 1);
	if (p == NULL)
		return;
	p += sizeof(CREATED_WORD) - 1;
	if ((size_t)(end - p) <= VERIFY_TIME_TEXT || p[VERIFY_TIME_TEXT] != '"')
		return;
	out->created = p;
	p = memmem(p, (size_t)(end - p), KIND_WORD, sizeof(KIND_WORD) - 1);
	if (p == NULL)
		return;
	p += sizeof(KIND_WORD) - 1;
	quote = memchr(p, '"', (size_t)(end - p));
	if (quote == NULL)
		return;
	out->kind = p;
	out->kind_length = (size_t)(quote - p);
}

static bool
is_kind(const struct fields *f, const char *kind)
{
	return f->kind != NULL && strlen(kind) == f->kind_length &&
	    memcmp(f->kind, kind, f->kind_length) == 0;
}

static bool
same_digits(const uint8_t hash[SEAL_SIZE], const char digits[SEAL_HEX])
{
	char hex[SEAL_HEX];

	seal_hex(hash, hex);
	return memcmp(hex, digits, SEAL_HEX) == 0;
}

/* Would this line follow on a record of that hash? */
static bool
follows(const uint8_t before[SEAL_SIZE], const char *line, size_t length)
{
	struct seal_line parts;
	uint8_t hash[SEAL_SIZE];

	if (line == NULL || !seal_line_split(line, length, &parts))
		return false;
	seal_hash(before, line, parts.sealed, hash);
	return same_digits(hash, parts.hash);
}

static bool
looks_whole(const char *line, size_t length)
{
	return length > 1 && line[0] == '{' && line[length - 1] == '}';
}

/*
 * The first line that does not hold, and the one behind it (NULL at the end of the
 * file): what was done? "wanted" is the number that belongs here.
 */
static enum verify_fault
judge(struct log_verify *v, const char *next, size_t next_length, uint64_t *other)
{
	const uint64_t wanted = v->sequence + 1;
	const char *line = v->suspect_line;
	struct fields here, there = { 0 };
	uint8_t stated[SEAL_SIZE];
	struct seal_line parts;
	bool sealed = seal_line_split(line, v->suspect_length, &parts);
	bool linked;

	find_fields(line, v->suspect_length, &here);
	if (next != NULL)
		find_fields(next, next_length, &there);
	*other = here.number;
	linked = sealed && seal_unhex(parts.hash, stated) && follows(stated, next, next_length);
	if (follows(v->hash, next, next_length))
		return !here.has_number || here.number == wanted ? VERIFY_INSERTED :
		    here.number > wanted ? VERIFY_SWAPPED : VERIFY_REPEATED;
	if (!sealed && looks_whole(line, v->suspect_length) && (!there.has_number ||
	    there.number != wanted + 1 || !seal_line_split(next, next_length, &parts)))
		return VERIFY_UNSEALED;
	if (!here.has_number || here.number == wanted ||
	    (linked && there.has_number && there.number == wanted + 1))
		return VERIFY_ALTERED;
	if (here.number < wanted)
		return VERIFY_REPEATED;
	if (next != NULL && there.has_number && there.number < here.number)
		return VERIFY_SWAPPED;
	*other = wanted;
	return VERIFY_MISSING;
}

/*
 * What a file's first record says of the file before was believed before its hash was
 * looked at: where its own number and the next line's agree against that, it is they.
 */
static void
count_anew(struct log_verify *v, const char *next, size_t next_length)
{
	struct fields here, there;

	find_fields(v->suspect_line, v->suspect_length, &here);
	find_fields(next, next_length, &there);
	if (here.has_number && here.number > 0 && there.has_number &&
	    there.number == here.number + 1)
		v->sequence = here.number - 1;
}

static void
settle(struct log_verify *v, const char *next, size_t next_length)
{
	uint64_t other;
	enum verify_fault fault = judge(v, next, next_length, &other);

	v->suspect = false;
	v->skip = true;
	v->joined = false;
	/* The line before the one that settled it. */
	if (next != NULL)
		v->line--;
	if (next != NULL && v->line == 1)
		count_anew(v, next, next_length);
	verify_fault(v, fault, other);
}

static void
look_at_time(struct log_verify *v, const struct fields *f)
{
	bool back;

	if (f->created == NULL)
		return;
	back = v->has_created && memcmp(f->created, v->created, VERIFY_TIME_TEXT) < 0;
	/* A file begins with its own record; the clock's comes behind it. */
	if (back && is_kind(f, "file"))
		return;
	if (back && !is_kind(f, "clock"))
		verify_fault(v, VERIFY_TIME, f->number);
	memcpy(v->created, f->created, VERIFY_TIME_TEXT);
	v->has_created = true;
}

/* The chain holds up to this line: the rest of what it must be. False: pass the file over. */
static bool
look_closer(struct log_verify *v, const char *line, const struct seal_line *parts,
    const struct fields *f, const uint8_t hash[SEAL_SIZE])
{
	uint8_t mac[SEAL_SIZE];

	if (v->has_key) {
		seal_mac(v->key, hash, mac);
		if (!same_digits(mac, parts->mac)) {
			verify_fault(v, VERIFY_MAC, f->number);
			return false;
		}
		seal_record_step(v->key);
		v->report.macs++;
	}
	if (!f->has_number || f->number != v->sequence + 1) {
		verify_fault(v, VERIFY_NUMBER, f->number);
		return false;
	}
	if (is_kind(f, "file") && v->line > 1) {
		verify_fault(v, VERIFY_MERGED, f->number);
		return false;
	}
	look_at_time(v, f);
	if (is_kind(f, "checkpoint"))
		verify_checkpoint_record(v, line, parts->sealed);
	else if (is_kind(f, "disposal"))
		verify_disposal_record(v, line, parts->sealed);
	return true;
}

static void
suspect(struct log_verify *v, const char *line, size_t length)
{
	v->suspect = true;
	v->suspect_length = length < SEAL_LINE_LONGEST ? length : SEAL_LINE_LONGEST;
	memcpy(v->suspect_line, line, v->suspect_length);
}

static void
take_line(struct log_verify *v, const char *line, size_t length)
{
	struct seal_line parts;
	struct fields f;
	uint8_t hash[SEAL_SIZE];

	v->line++;
	v->size += length + 1;
	if (v->skip)
		return;
	if (v->suspect) {
		settle(v, line, length);
		return;
	}
	if (length >= SEAL_LINE_LONGEST || !seal_line_split(line, length, &parts)) {
		suspect(v, line, length);
		return;
	}
	if (v->line == 1 && !verify_file_record(v, line, parts.sealed)) {
		v->skip = true;
		v->joined = false;
		return;
	}
	seal_hash(v->hash, line, parts.sealed, hash);
	if (!same_digits(hash, parts.hash)) {
		suspect(v, line, length);
		return;
	}
	find_fields(line, parts.sealed, &f);
	if (!look_closer(v, line, &parts, &f, hash)) {
		v->skip = true;
		v->joined = false;
		return;
	}
	memcpy(v->hash, hash, SEAL_SIZE);
	v->sequence++;
	if (v->report.first == 0)
		v->report.first = v->sequence;
	v->report.last = v->sequence;
	v->report.records++;
	verify_outside(v);
}

/* ---- bytes ---------------------------------------------------------------------- */

/* Keep what is not a line yet; of an overlong one the begin is enough to see that. */
static void
keep_rest(struct log_verify *v, const char *bytes, size_t length)
{
	size_t room = SEAL_LINE_LONGEST - v->rest;
	size_t n = length < room ? length : room;

	memcpy(v->rest_line + v->rest, bytes, n);
	v->rest += n;
}

void
log_verify_bytes(struct log_verify *v, const char *bytes, size_t length)
{
	const char *end = bytes + length;

	v->report.bytes += length;
	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));

		if (newline == NULL) {
			keep_rest(v, bytes, (size_t)(end - bytes));
			return;
		}
		if (v->rest > 0) {
			keep_rest(v, bytes, (size_t)(newline - bytes));
			take_line(v, v->rest_line, v->rest);
			v->rest = 0;
		} else {
			take_line(v, bytes, (size_t)(newline - bytes));
		}
		bytes = newline + 1;
	}
}

size_t
log_verify_rest(const struct log_verify *v)
{
	return v->rest;
}

void
log_verify_end(struct log_verify *v)
{
	if (v->suspect)
		settle(v, v->rest > 0 ? v->rest_line : NULL, v->rest);
	else if (v->rest > 0 && !v->skip) {
		v->line++;
		v->joined = false;
		verify_fault(v, VERIFY_TORN, v->rest);
	}
	v->rest = 0;
	v->skip = true;
}

void
log_verify_unreadable(struct log_verify *v, int error)
{
	v->suspect = false;
	v->joined = false;
	verify_fault(v, VERIFY_UNREADABLE, (uint64_t)error);
	v->skip = true;
	v->rest = 0;
}

void
log_verify_finish(struct log_verify *v, struct verify_report *out)
{
	verify_joint_finish(v);
	if (v->report.records == 0 && v->report.faults == 0)
		verify_fault(v, VERIFY_EMPTY, 0);
	*out = v->report;
}
