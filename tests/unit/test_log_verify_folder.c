/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seal over files: harmed, removed, cut, and read while they are written. LG-03,
 * LG-04, LG-14, LG-15.
 */
#include "agent/record/log_names.h"
#include "agent/record/log_pack.h"
#include "agent/record/log_verify_files.h"
#include "tests/unit/sealed_text.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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
		CU_ASSERT_EQUAL(sealed_text_fault(&l, false), VERIFY_FILE_ORDER);
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
		CU_ASSERT_EQUAL(sealed_text_fault(&l, false), VERIFY_FILE_ORDER);
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
	CU_ASSERT_EQUAL(sealed_text_fault(&l, false), VERIFY_MERGED);
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
	struct sealed_text t;
	size_t silent = 0, length;
	char *lines;

	sealed_text_make(&l, &t);
	for (size_t i = 0; i < 3; i++)
		files[i].bytes = sealed_log_read(&l, files[i].name, &files[i].length);
	lines = sealed_log_read(&l, LOG_CHECKPOINTS_NAME, &length);
	CU_ASSERT_TRUE_FATAL(checkpoint_parse(lines, strcspn(lines, "\n"), &outside));
	CU_ASSERT_TRUE(strcspn(lines, "\n") <= CHECKPOINT_MAX);
	CU_ASSERT_EQUAL_FATAL(outside.sequence, SEALED_RECORDS - 1);
	/* The last record is the checkpoint itself: without it the outside one still holds. */
	for (size_t i = 0; i + 1 < SEALED_RECORDS; i++) {
		const size_t at = (size_t)(t.line[i] - t.bytes);

		silent += !cut_is_told(&l, files, 3, at, &outside);
		silent += !cut_is_told(&l, files, 3, at + 1 + i % (t.size[i] - 1), &outside);
	}
	CU_ASSERT_EQUAL(silent, 0);
	for (size_t i = 0; i < 3; i++)
		free(files[i].bytes);
	free(lines);
	sealed_text_done(&l, &t);
}

#define A_READER_BEGINS	'r'
#define STOP		'x'

/* A little during each reading: the log that is read a thousand times stays short. */
static void
write_until_stopped(struct sealed_log *l, int told)
{
	char byte;

	l->writer.rotate.size = 30000;
	for (unsigned int i = 0; read(told, &byte, 1) == 1 && byte != STOP; i++) {
		for (unsigned int n = 0; n <= i % 3; n++) {
			sealed_log_write(l, 1 + i % 2);
			usleep(1000);
		}
		if (i % 16 == 0)
			recorder_writer_tick(&l->writer);
	}
	sealed_log_stop(l);
}

static void
a_live_log_never_fails(void)
{
	struct sealed_log l;
	size_t failed = 0;
	int tell[2], status = -1;
	pid_t pid;

	sealed_log_make(&l);
	CU_ASSERT_EQUAL_FATAL(pipe2(tell, O_CLOEXEC), 0);
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
		close(tell[1]);
		write_until_stopped(&l, tell[0]);
		_exit(0);
	}
	for (int i = 0; i < 1000; i++) {
		const char begins = A_READER_BEGINS;
		struct verify_report r;

		CU_ASSERT_EQUAL(write(tell[1], &begins, 1), 1);
		r = sealed_log_verify(&l, i % 2 == 0, NULL, 0);
		failed += r.faults > 0;
		if (r.faults > 0 && failed < 5)
			printf(" %s %s:%lu", verify_fault_name(r.findings[0].fault),
			    r.findings[0].file, (unsigned long)r.findings[0].line);
	}
	CU_ASSERT_EQUAL(write(tell[1], &(const char){ STOP }, 1), 1);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT_EQUAL(failed, 0);
	CU_ASSERT_TRUE(sealed_log_verify(&l, true, NULL, 0).files > 2);
	close(tell[0]);
	close(tell[1]);
	sealed_log_remove(&l);
}

int
main(void)
{
	CU_TestInfo tests[] = {
	    {"LG-03, LG-14 harmed files are named", harmed_files_are_named},
	    {"LG-03 merged files are named", merged_files_are_named},
	    {"LG-04 a cut log is told wherever it was cut",
		a_cut_log_is_told_wherever_it_was_cut},
	    {"LG-14 a removed file needs its record", a_removed_file_needs_its_record},
	    {"LG-15 a live log never fails", a_live_log_never_fails},
	    CU_TEST_INFO_NULL,
	};

	return unit_main("log_verify_folder", tests);
}
