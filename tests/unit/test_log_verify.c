/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The seal against everything that can be done to a log: LG-01 to LG-05. */
#include "agent/record/log_names.h"
#include "agent/record/log_verify_files.h"
#include "agent/record/log_verify_internal.h"
#include "agent/record/seal_line.h"
#include "tests/unit/sealed_log.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORDS 200u		/* of the log that is harmed */

/* The lines of a file, in place. */
struct text {
	char *bytes;
	size_t length, count;
	const char *line[2 * RECORDS];
	size_t size[2 * RECORDS];	/* with the newline */
};

static void
split(struct text *t)
{
	const char *p = t->bytes, *end = t->bytes + t->length;

	for (t->count = 0; p < end; t->count++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		CU_ASSERT_FATAL(newline != NULL && t->count < 2 * RECORDS);
		t->line[t->count] = p;
		t->size[t->count] = (size_t)(newline - p) + 1;
		p = newline + 1;
	}
}

/* A log of one file with RECORDS records. */
static void
make(struct sealed_log *l, struct text *t)
{
	sealed_log_make(l);
	sealed_log_start(l);
	/* The first record of the file, the start, the stop and its checkpoint. */
	sealed_log_write(l, RECORDS - 4);
	sealed_log_stop(l);
	t->bytes = sealed_log_read(l, LOG_NAME, &t->length);
	split(t);
	CU_ASSERT_EQUAL_FATAL(t->count, RECORDS);
}

static void
done(struct sealed_log *l, struct text *t)
{
	free(t->bytes);
	sealed_log_remove(l);
}

/* Write the lines in this order; SIZE_MAX is none. */
static void
put_lines(const struct sealed_log *l, const struct text *t, const size_t *order, size_t n)
{
	char *bytes = malloc(t->length * 2);
	size_t length = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	for (size_t i = 0; i < n; i++) {
		memcpy(bytes + length, t->line[order[i]], t->size[order[i]]);
		length += t->size[order[i]];
	}
	sealed_log_put(l, LOG_NAME, bytes, length);
	free(bytes);
}

/* LG-01 */
static void
a_long_log_holds(void)
{
	struct sealed_log l;
	struct verify_report r;

	sealed_log_make(&l);
	sealed_log_start(&l);
	sealed_log_write(&l, 100000);
	sealed_log_stop(&l);
	for (int key = 0; key < 2; key++) {
		r = sealed_log_verify(&l, key == 1, NULL, 0);
		CU_ASSERT_EQUAL(r.faults, 0);
		CU_ASSERT_EQUAL(r.records, 100004);
		CU_ASSERT_EQUAL(r.first, 1);
		CU_ASSERT_EQUAL(r.last, 100004);
		CU_ASSERT_EQUAL(r.macs, key == 1 ? r.records : 0);
		CU_ASSERT_EQUAL(r.checkpoints, 1);
	}
	sealed_log_remove(&l);
}

/* The verifier as it stands before a line, and what it says of the rest from there on. */
static enum verify_fault
verdict_from(const struct log_verify *before, const char *bytes, size_t length,
    uint64_t *sequence, bool *seen)
{
	static struct log_verify v;
	static struct verify_report r;

	v = *before;
	log_verify_bytes(&v, bytes, length);
	log_verify_end(&v);
	log_verify_finish(&v, &r);
	*seen = r.faults > 0;
	*sequence = r.findings[0].sequence;
	if (v.absent != before->absent)
		free(v.absent);
	return r.findings[0].fault;
}

static bool
in_mac(size_t size, size_t at)
{
	const size_t end = size - sizeof("\"}\n") + 1;

	return at < end && at >= end - SEAL_HEX;
}

/*
 * Every bit pattern of one flipped bit, one for each byte. What stands before the record
 * is as it was, so the verifier starts from there; every 97th goes the whole way.
 */
static void
flip_all(const struct sealed_log *l, struct text *t, bool with_key)
{
	struct log_verify *v = log_verify_new();
	size_t missed = 0, misnamed = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(v);
	if (with_key)
		CU_ASSERT_EQUAL_FATAL(log_verify_add_key(v, l->key), 0);
	log_verify_begin(v, LOG_NAME);
	for (size_t i = 0; i < t->count; i++) {
		char *line = t->bytes + (t->line[i] - t->bytes);
		const size_t rest = t->length - (size_t)(line - t->bytes);
		/* The line and the one behind it decide. */
		const size_t show = i + 1 < t->count ? t->size[i] + t->size[i + 1] : rest;

		for (size_t at = 0; at < t->size[i]; at++) {
			const char bit = (char)(1 << (at % 8));
			uint64_t sequence;
			bool seen;

			line[at] ^= bit;
			(void)verdict_from(v, line, (at + i) % 97 == 0 ? rest : show, &sequence,
			    &seen);
			line[at] ^= bit;
			/* Nobody can judge a mac without the key: said in so many words. */
			if (!with_key && !seen && in_mac(t->size[i], at))
				continue;
			missed += !seen;
			misnamed += seen && sequence != i + 1;
		}
		log_verify_bytes(v, line, t->size[i]);
	}
	log_verify_free(v);
	if (missed + misnamed > 0)
		printf(" missed %zu, misnamed %zu", missed, misnamed);
	CU_ASSERT_EQUAL(missed, 0);
	CU_ASSERT_EQUAL(misnamed, 0);
}

/* LG-02 */
static void
every_flipped_bit_is_named(void)
{
	struct sealed_log l;
	struct text t;

	make(&l, &t);
	flip_all(&l, &t, false);
	flip_all(&l, &t, true);
	done(&l, &t);
}

static void
expect(const struct sealed_log *l, enum verify_fault fault, uint64_t sequence, uint64_t other)
{
	struct verify_report r = sealed_log_verify(l, false, NULL, 0);

	CU_ASSERT_TRUE_FATAL(r.faults > 0);
	CU_ASSERT_EQUAL(r.findings[0].fault, fault);
	CU_ASSERT_EQUAL(r.findings[0].sequence, sequence);
	CU_ASSERT_EQUAL(r.findings[0].other, other);
	if (r.findings[0].fault != fault)
		printf(" %s instead of %s at %lu", verify_fault_name(r.findings[0].fault),
		    verify_fault_name(fault), (unsigned long)sequence);
}

/* LG-03: every record in turn. Sequence numbers are line numbers here. */
static void
deleted_doubled_and_swapped_records_are_named(void)
{
	struct sealed_log l;
	struct text t;
	size_t order[2 * RECORDS];

	make(&l, &t);
	for (size_t i = 1; i + 1 < RECORDS; i++) {
		size_t n = 0;

		for (size_t j = 0; j < RECORDS; j++)
			if (j != i)
				order[n++] = j;
		put_lines(&l, &t, order, n);
		expect(&l, VERIFY_MISSING, i + 1, i + 1);

		n = 0;
		for (size_t j = 0; j < RECORDS; j++) {
			order[n++] = j;
			if (j == i)
				order[n++] = j;
		}
		put_lines(&l, &t, order, n);
		expect(&l, VERIFY_REPEATED, i + 2, i + 1);

		for (size_t j = 0; j < RECORDS; j++)
			order[j] = j == i ? i + 1 : j == i + 1 ? i : j;
		put_lines(&l, &t, order, RECORDS);
		expect(&l, VERIFY_SWAPPED, i + 1, i + 2);
	}
	for (size_t j = 0; j < RECORDS; j++)
		order[j] = j == 20 ? 150 : j == 150 ? 20 : j;
	put_lines(&l, &t, order, RECORDS);
	expect(&l, VERIFY_SWAPPED, 21, 151);
	done(&l, &t);
}

/* An inserted line, sealed by somebody with the public chain only. */
static void
an_inserted_record_is_named(void)
{
	struct sealed_log l;
	struct text t;
	char *bytes;
	size_t at, n;

	make(&l, &t);
	at = (size_t)(t.line[100] - t.bytes);
	n = t.size[100];
	bytes = malloc(t.length + n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	memcpy(bytes, t.bytes, at + n);
	memcpy(bytes + at + n, t.line[100], t.length - at);
	/* The first of the two says something else. */
	memcpy(strstr(bytes + at, "lgwan"), "other", 5);
	sealed_log_put(&l, LOG_NAME, bytes, t.length + n);
	expect(&l, VERIFY_INSERTED, 101, 101);
	free(bytes);
	done(&l, &t);
}

int
main(void)
{
	CU_TestInfo tests[] = {
	    {"LG-01 a long log holds", a_long_log_holds},
	    {"LG-02 every flipped bit is named", every_flipped_bit_is_named},
	    {"LG-03 deleted, doubled and swapped records are named",
		deleted_doubled_and_swapped_records_are_named},
	    {"LG-03 an inserted record is named", an_inserted_record_is_named},
	    CU_TEST_INFO_NULL,
	};

	return unit_main("log_verify", tests);
}
