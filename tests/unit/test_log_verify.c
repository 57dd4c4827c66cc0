/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The seal against everything that can be done to its records: LG-01 to LG-03, LG-05. */
#include "agent/record/log_names.h"
#include "agent/record/log_pack.h"
#include "agent/record/log_verify_files.h"
#include "agent/record/log_verify_internal.h"
#include "agent/record/seal_line.h"
#include "tests/unit/sealed_text.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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
flip_all(const struct sealed_log *l, struct sealed_text *t, bool with_key)
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
	struct sealed_text t;

	sealed_text_make(&l, &t);
	flip_all(&l, &t, false);
	flip_all(&l, &t, true);
	sealed_text_done(&l, &t);
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
	struct sealed_text t;
	size_t order[2 * SEALED_RECORDS];

	sealed_text_make(&l, &t);
	for (size_t i = 1; i + 1 < SEALED_RECORDS; i++) {
		size_t n = 0;

		for (size_t j = 0; j < SEALED_RECORDS; j++)
			if (j != i)
				order[n++] = j;
		sealed_text_put(&l, &t, order, n);
		expect(&l, VERIFY_MISSING, i + 1, i + 1);

		n = 0;
		for (size_t j = 0; j < SEALED_RECORDS; j++) {
			order[n++] = j;
			if (j == i)
				order[n++] = j;
		}
		sealed_text_put(&l, &t, order, n);
		expect(&l, VERIFY_REPEATED, i + 2, i + 1);

		for (size_t j = 0; j < SEALED_RECORDS; j++)
			order[j] = j == i ? i + 1 : j == i + 1 ? i : j;
		sealed_text_put(&l, &t, order, SEALED_RECORDS);
		expect(&l, VERIFY_SWAPPED, i + 1, i + 2);
	}
	for (size_t j = 0; j < SEALED_RECORDS; j++)
		order[j] = j == 20 ? 150 : j == 150 ? 20 : j;
	sealed_text_put(&l, &t, order, SEALED_RECORDS);
	expect(&l, VERIFY_SWAPPED, 21, 151);
	sealed_text_done(&l, &t);
}

/* An inserted line, sealed by somebody with the public chain only. */
static void
an_inserted_record_is_named(void)
{
	struct sealed_log l;
	struct sealed_text t;
	char *bytes;
	size_t at, n;

	sealed_text_make(&l, &t);
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
	sealed_text_done(&l, &t);
}

/* ---- LG-05 ---------------------------------------------------------------------- */

/*
 * What root can do with the keys of now: say something else in a record, seal it and all
 * behind it again, sign the checkpoints again.
 */
static void
seal_again(struct sealed_log *l, const struct sealed_text *t, size_t victim)
{
	struct seal_state *s = seal_state_new();
	char *bytes = malloc(t->length), line[SEAL_LINE_LONGEST];
	size_t length = 0;

	CU_ASSERT_FATAL(s != NULL && bytes != NULL);
	CU_ASSERT_EQUAL(seal_state_load(l->directory, s), 0);
	memset(s->hash, 0, SEAL_SIZE);
	s->sequence = 0;
	for (size_t i = 0; i < t->count; i++) {
		struct seal_line parts;
		uint8_t hash[SEAL_SIZE];
		size_t n;

		CU_ASSERT_TRUE(seal_line_split(t->line[i], t->size[i] - 1, &parts));
		n = parts.sealed;
		memcpy(line, t->line[i], n);
		if (i == victim)
			memcpy((char *)memmem(line, n, "lgwan", 5), "other", 5);
		if (memmem(line, n, "\"checkpoint\":{\"line\":\"SC1", 25) != NULL) {
			struct checkpoint c;
			char *at = memmem(line, n, "SC1 ", 4);

			seal_checkpoint(s, "gw1", 1795247696000000000, &c);
			memcpy(at, c.text, strlen(c.text));
		}
		memcpy(line + n, "}\n", 2);
		n += 2;
		seal_line(s, line, &n, hash);
		seal_written(s, n, hash);
		CU_ASSERT_EQUAL_FATAL(n, t->size[i]);
		memcpy(bytes + length, line, n);
		length += n;
	}
	sealed_log_put(l, LOG_NAME, bytes, length);
	free(bytes);
	seal_state_free(s);
}

static void
what_root_rewrites_does_not_hold(void)
{
	struct checkpoint outside;
	struct verify_report r;
	struct sealed_log l, other;
	struct sealed_text t;
	char *lines;
	size_t length;

	sealed_text_make(&l, &t);
	lines = sealed_log_read(&l, LOG_CHECKPOINTS_NAME, &length);
	CU_ASSERT_TRUE_FATAL(checkpoint_parse(lines, strcspn(lines, "\n"), &outside));
	seal_again(&l, &t, 60);
	r = sealed_log_verify(&l, true, NULL, 0);
	CU_ASSERT_EQUAL(r.findings[0].fault, VERIFY_MAC);
	r = sealed_log_verify(&l, false, &outside, 1);
	CU_ASSERT_EQUAL(r.findings[0].fault, VERIFY_OUTSIDE);
	/* Without either nobody can see it, and nobody says that macs were checked. */
	r = sealed_log_verify(&l, false, NULL, 0);
	CU_ASSERT_EQUAL(r.macs, 0);

	/* A log of other keys in its place. */
	sealed_text_make(&other, &t);
	lines[0] = 'S';
	sealed_log_put(&l, LOG_NAME, t.bytes, t.length);
	r = sealed_log_verify(&l, true, NULL, 0);
	CU_ASSERT_EQUAL(r.findings[0].fault, VERIFY_WRONG_KEY);
	CU_ASSERT_EQUAL(r.macs, 0);
	r = sealed_log_verify(&l, false, &outside, 1);
	CU_ASSERT_EQUAL(r.findings[0].fault, VERIFY_OUTSIDE);
	sealed_log_put(&l, LOG_NAME, "{\"@timestamp\":\"now\"}\n{\"a\":1}\n", 31);
	CU_ASSERT_EQUAL(sealed_text_fault(&l, true), VERIFY_UNSEALED);
	CU_ASSERT_EQUAL(sealed_text_fault(&l, false), VERIFY_UNSEALED);
	sealed_log_put(&l, LOG_NAME, "", 0);
	CU_ASSERT_EQUAL(sealed_text_fault(&l, true), VERIFY_EMPTY);
	free(lines);
	free(t.bytes);
	sealed_log_remove(&other);
	sealed_log_remove(&l);
}

/* A checkpoint that somebody else signed, and one that is typed from paper. */
static void
checkpoints_from_outside_are_checked(void)
{
	struct checkpoint c, typed;
	uint8_t public[SEAL_SIZE], secret[SEAL_SECRET], seed[SEAL_SIZE] = { 7 };
	struct sealed_log l;
	struct sealed_text t;
	char *lines, *space;
	size_t length;

	sealed_text_make(&l, &t);
	lines = sealed_log_read(&l, LOG_CHECKPOINTS_NAME, &length);
	lines[strcspn(lines, "\n")] = '\0';
	CU_ASSERT_TRUE_FATAL(checkpoint_parse(lines, strlen(lines), &c));
	CU_ASSERT_EQUAL(sealed_log_verify(&l, true, &c, 1).outside, 1);
	space = strrchr(lines, ' ');
	CU_ASSERT_TRUE_FATAL(checkpoint_parse(lines, (size_t)(space - lines), &typed));
	CU_ASSERT_FALSE(typed.is_signed);
	CU_ASSERT_EQUAL(sealed_log_verify(&l, true, &typed, 1).outside, 1);
	seal_signer(seed, public, secret);
	checkpoint_sign(&c, secret);
	CU_ASSERT_EQUAL(sealed_log_verify(&l, true, &c, 1).findings[0].fault,
	    VERIFY_OUTSIDE_FORGED);
	CU_ASSERT_FALSE(checkpoint_parse(lines, strlen(lines) - 1, &typed));
	CU_ASSERT_FALSE(checkpoint_parse("SC1", 3, &typed));
	free(lines);
	sealed_text_done(&l, &t);
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
	    {"LG-05 what root rewrites does not hold", what_root_rewrites_does_not_hold},
	    {"LG-05 checkpoints from outside are checked",
		checkpoints_from_outside_are_checked},
	    CU_TEST_INFO_NULL,
	};

	return unit_main("log_verify", tests);
}
