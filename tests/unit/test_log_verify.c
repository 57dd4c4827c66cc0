/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The seal against everything that can be done to a log: LG-01 to LG-05. */
#include "agent/record/log_names.h"
#include "agent/record/log_pack.h"
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
#include <sys/wait.h>
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

/* ---- files ---------------------------------------------------------------------- */

/* The names of the files in their order. */
static struct log_names
names_of(const struct sealed_log *l)
{
	struct log_names names;

	CU_ASSERT_EQUAL_FATAL(log_names_list_packed(l->directory, &names), 0);
	return names;
}

/* Four closed files and one in use, 20 violations in each. */
static void
make_files(struct sealed_log *l, bool packed)
{
	sealed_log_make(l);
	sealed_log_start(l);
	for (int i = 0; i < 5; i++) {
		sealed_log_write(l, 20);
		if (i < 4)
			recorder_rotate(&l->writer);
	}
	sealed_log_stop(l);
	if (packed) {
		struct log_names names = names_of(l);

		for (size_t i = 0; i + 1 < names.count; i++)
			CU_ASSERT_EQUAL(log_pack(l->directory, names.names[i]), 0);
		log_names_free(&names);
	}
}

static void
hold(const struct sealed_log *l)
{
	for (int key = 0; key < 2; key++) {
		struct verify_report r = sealed_log_verify(l, key == 1, NULL, 0);

		CU_ASSERT_EQUAL(r.faults, 0);
		CU_ASSERT_EQUAL(r.files, 5);
		CU_ASSERT_EQUAL(r.macs, key == 1 ? r.records : 0);
	}
}

static void
swap_names(const struct sealed_log *l, const char *a, const char *b)
{
	CU_ASSERT_EQUAL(renameat(l->directory, a, l->directory, "aside"), 0);
	CU_ASSERT_EQUAL(renameat(l->directory, b, l->directory, a), 0);
	CU_ASSERT_EQUAL(renameat(l->directory, "aside", l->directory, b), 0);
}

static enum verify_fault
first_fault(const struct sealed_log *l, bool with_key)
{
	return sealed_log_verify(l, with_key, NULL, 0).findings[0].fault;
}

/* LG-03, LG-14: files merged, swapped, missing in the middle or at the end. */
static void
harmed_files_are_named(void)
{
	for (int packed = 0; packed < 2; packed++) {
		struct sealed_log l;
		struct log_names n;
		struct verify_report r;

		make_files(&l, packed == 1);
		hold(&l);
		n = names_of(&l);
		CU_ASSERT_EQUAL_FATAL(n.count, 5);
		CU_ASSERT_EQUAL(log_pack_named(n.names[1]), packed == 1);
		swap_names(&l, n.names[1], n.names[2]);
		CU_ASSERT_EQUAL(first_fault(&l, false), VERIFY_FILE_ORDER);
		swap_names(&l, n.names[1], n.names[2]);
		hold(&l);
		CU_ASSERT_EQUAL(renameat(l.directory, n.names[2], l.directory, "aside"), 0);
		r = sealed_log_verify(&l, true, NULL, 0);
		CU_ASSERT_EQUAL(r.faults, 1);
		CU_ASSERT_EQUAL(r.findings[0].fault, VERIFY_FILE_MISSING);
		CU_ASSERT_EQUAL(r.findings[0].other, 3);
		CU_ASSERT_EQUAL(renameat(l.directory, "aside", l.directory, n.names[2]), 0);
		/* The same file twice. */
		CU_ASSERT_EQUAL(linkat(l.directory, n.names[1], l.directory,
		    packed ? "violations-99991231-001.jsonl.zst" :
		    "violations-99991231-001.jsonl", 0), 0);
		CU_ASSERT_EQUAL(first_fault(&l, false), VERIFY_FILE_ORDER);
		log_names_free(&n);
		sealed_log_remove(&l);
	}
}

static void
merged_files_are_named(void)
{
	struct sealed_log l;
	struct log_names n;
	char *a, *b, *both;
	size_t la, lb;

	make_files(&l, false);
	n = names_of(&l);
	a = sealed_log_read(&l, n.names[1], &la);
	b = sealed_log_read(&l, n.names[2], &lb);
	both = malloc(la + lb);
	CU_ASSERT_PTR_NOT_NULL_FATAL(both);
	memcpy(both, a, la);
	memcpy(both + la, b, lb);
	sealed_log_put(&l, n.names[1], both, la + lb);
	CU_ASSERT_EQUAL(unlinkat(l.directory, n.names[2], 0), 0);
	CU_ASSERT_EQUAL(first_fault(&l, false), VERIFY_MERGED);
	free(a);
	free(b);
	free(both);
	log_names_free(&n);
	sealed_log_remove(&l);
}

/* LG-14: what retention removed is told by a record; without it the log is not good. */
static void
a_removed_file_needs_its_record(void)
{
	struct own_record own = { .kind = EVENT_DISPOSAL };
	struct verify_report r;
	struct sealed_log l;
	struct log_names n;

	make_files(&l, true);
	n = names_of(&l);
	CU_ASSERT_EQUAL(unlinkat(l.directory, n.names[0], 0), 0);
	r = sealed_log_verify(&l, true, NULL, 0);
	CU_ASSERT_EQUAL(r.findings[0].fault, VERIFY_FILE_MISSING);
	CU_ASSERT_EQUAL(r.findings[0].other, 1);
	sealed_log_start(&l);
	own.members = json_pack("{s:{s:i}}", "disposal", "number", 1);
	CU_ASSERT_EQUAL(recorder_append(&l.writer, &own, MSG_RECORD_REOPENED), 0);
	sealed_log_stop(&l);
	r = sealed_log_verify(&l, true, NULL, 0);
	CU_ASSERT_EQUAL(r.faults, 0);
	CU_ASSERT_EQUAL(r.disposed, 1);
	CU_ASSERT_EQUAL(unlinkat(l.directory, n.names[2], 0), 0);
	r = sealed_log_verify(&l, true, NULL, 0);
	CU_ASSERT_EQUAL(r.faults, 1);
	CU_ASSERT_EQUAL(r.findings[0].fault, VERIFY_FILE_MISSING);
	CU_ASSERT_EQUAL(r.findings[0].other, 3);
	log_names_free(&n);
	sealed_log_remove(&l);
}

/* ---- LG-04 ---------------------------------------------------------------------- */

struct kept {
	const char *name;
	char *bytes;
	size_t length;
};

static void
put_back(const struct sealed_log *l, const struct kept *files, size_t n, size_t cut)
{
	struct log_names names = names_of(l);

	for (size_t i = 0; i < names.count; i++)
		(void)unlinkat(l->directory, names.names[i], 0);
	log_names_free(&names);
	for (size_t i = 0; i < n; i++)
		sealed_log_put(l, files[i].name, files[i].bytes,
		    i == 0 ? cut : files[i].length);
}

/* Cut here; the outside checkpoint knows, and when the recorder goes on so does the log. */
static bool
cut_is_told(struct sealed_log *l, const struct kept *files, size_t n, size_t cut,
    const struct checkpoint *outside)
{
	struct verify_report r;
	bool told;

	put_back(l, files, n, cut);
	r = sealed_log_verify(l, true, outside, 1);
	told = r.faults > 0 && r.findings[r.n_findings - 1].fault == VERIFY_OUTSIDE_BEYOND;
	sealed_log_start(l);
	sealed_log_write(l, 1);
	sealed_log_stop(l);
	r = sealed_log_verify(l, true, NULL, 0);
	return told && r.faults > 0 && (r.findings[0].fault == VERIFY_FILE_CUT ||
	    r.findings[0].fault == VERIFY_FILE_MISSING ||
	    r.findings[0].fault == VERIFY_BROKEN);
}

static void
a_cut_log_is_told_wherever_it_was_cut(void)
{
	struct kept files[3] = { { LOG_NAME, NULL, 0 }, { SEAL_STATE_NAME, NULL, 0 },
		{ RECORDER_STATE_NAME, NULL, 0 } };
	struct checkpoint outside;
	struct sealed_log l;
	struct text t;
	size_t silent = 0, length;
	char *lines;

	make(&l, &t);
	for (size_t i = 0; i < 3; i++)
		files[i].bytes = sealed_log_read(&l, files[i].name, &files[i].length);
	lines = sealed_log_read(&l, LOG_CHECKPOINTS_NAME, &length);
	CU_ASSERT_TRUE_FATAL(checkpoint_parse(lines, strcspn(lines, "\n"), &outside));
	CU_ASSERT_TRUE(strcspn(lines, "\n") <= CHECKPOINT_MAX);
	CU_ASSERT_EQUAL_FATAL(outside.sequence, RECORDS - 1);
	/* The last record is the checkpoint itself: without it the outside one still holds. */
	for (size_t i = 0; i + 1 < RECORDS; i++) {
		const size_t at = (size_t)(t.line[i] - t.bytes);

		silent += !cut_is_told(&l, files, 3, at, &outside);
		silent += !cut_is_told(&l, files, 3, at + 1 + i % (t.size[i] - 1), &outside);
	}
	CU_ASSERT_EQUAL(silent, 0);
	for (size_t i = 0; i < 3; i++)
		free(files[i].bytes);
	free(lines);
	done(&l, &t);
}

/* ---- LG-05 ---------------------------------------------------------------------- */

/*
 * What root can do with the keys of now: say something else in a record, seal it and all
 * behind it again, sign the checkpoints again.
 */
static void
seal_again(struct sealed_log *l, const struct text *t, size_t victim)
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
	struct text t;
	char *lines;
	size_t length;

	make(&l, &t);
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
	make(&other, &t);
	lines[0] = 'S';
	sealed_log_put(&l, LOG_NAME, t.bytes, t.length);
	r = sealed_log_verify(&l, true, NULL, 0);
	CU_ASSERT_EQUAL(r.findings[0].fault, VERIFY_WRONG_KEY);
	CU_ASSERT_EQUAL(r.macs, 0);
	r = sealed_log_verify(&l, false, &outside, 1);
	CU_ASSERT_EQUAL(r.findings[0].fault, VERIFY_OUTSIDE);
	sealed_log_put(&l, LOG_NAME, "{\"@timestamp\":\"now\"}\n{\"a\":1}\n", 31);
	CU_ASSERT_EQUAL(first_fault(&l, true), VERIFY_UNSEALED);
	CU_ASSERT_EQUAL(first_fault(&l, false), VERIFY_UNSEALED);
	sealed_log_put(&l, LOG_NAME, "", 0);
	CU_ASSERT_EQUAL(first_fault(&l, true), VERIFY_EMPTY);
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
	struct text t;
	char *lines, *space;
	size_t length;

	make(&l, &t);
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
	done(&l, &t);
}

/* ---- LG-15 ---------------------------------------------------------------------- */

static void
write_until_stopped(struct sealed_log *l, int stop)
{
	char byte;

	l->writer.rotate.size = 30000;
	for (unsigned int i = 0; read(stop, &byte, 1) < 0; i++) {
		sealed_log_write(l, 1 + i % 3);
		if (i % 16 == 0)
			recorder_writer_tick(&l->writer);
		usleep(3000);
	}
	sealed_log_stop(l);
}

static void
a_live_log_never_fails(void)
{
	struct sealed_log l;
	size_t failed = 0;
	int stop[2], status = -1;
	pid_t pid;

	sealed_log_make(&l);
	CU_ASSERT_EQUAL_FATAL(pipe2(stop, O_CLOEXEC | O_NONBLOCK), 0);
	sealed_log_start(&l);
	sealed_log_stop(&l);
	pid = fork();
	CU_ASSERT_FATAL(pid >= 0);
	if (pid == 0) {
		memset(&l.writer, 0, sizeof(l.writer));
		l.writer.directory = l.directory;
		l.writer.hostname = "gw1";
		l.writer.version = "0.1";
		l.writer.pack = true;
		if (recorder_writer_open(&l.writer) < 0)
			_exit(1);
		write_until_stopped(&l, stop[0]);
		_exit(0);
	}
	for (int i = 0; i < 1000; i++) {
		struct verify_report r = sealed_log_verify(&l, i % 2 == 0, NULL, 0);

		failed += r.faults > 0;
		if (r.faults > 0 && failed < 5)
			printf(" %s %s:%lu", verify_fault_name(r.findings[0].fault),
			    r.findings[0].file, (unsigned long)r.findings[0].line);
	}
	CU_ASSERT_EQUAL(write(stop[1], "x", 1), 1);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT_EQUAL(failed, 0);
	CU_ASSERT_TRUE(sealed_log_verify(&l, true, NULL, 0).files > 2);
	close(stop[0]);
	close(stop[1]);
	sealed_log_remove(&l);
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
	    {"LG-03, LG-14 harmed files are named", harmed_files_are_named},
	    {"LG-03 merged files are named", merged_files_are_named},
	    {"LG-04 a cut log is told wherever it was cut",
		a_cut_log_is_told_wherever_it_was_cut},
	    {"LG-05 what root rewrites does not hold", what_root_rewrites_does_not_hold},
	    {"LG-05 checkpoints from outside are checked",
		checkpoints_from_outside_are_checked},
	    {"LG-14 a removed file needs its record", a_removed_file_needs_its_record},
	    {"LG-15 a live log never fails", a_live_log_never_fails},
	    CU_TEST_INFO_NULL,
	};

	return unit_main("log_verify", tests);
}
