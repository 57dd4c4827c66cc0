/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines that are written together: as if each had been written by itself, or none of them. */
#include "agent/record/recorder_batch.h"

#include "agent/record/log_names.h"
#include "tests/unit/sealed_log.h"
#include "tests/unit/unit.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static off_t
size_of(const struct sealed_log *l)
{
	struct stat st;

	CU_ASSERT_EQUAL_FATAL(fstat(l->writer.file.fd, &st), 0);
	return st.st_size;
}

static void
violate(struct sealed_log *l, unsigned int n)
{
	struct event e = { .kind = EVENT_VIOLATION, .zv = ZV_02_NOT_PERMITTED, .severity = 3,
		.witness = WITNESS_GATE, .first_ns = 1, .last_ns = 1, .count = 1 };

	for (unsigned int i = 0; i < n; i++) {
		e.key = i;
		recorder_writer_event(&l->writer, &e, "watcher", false);
	}
}

static void
holds(const struct sealed_log *l, uint64_t lost)
{
	struct verify_report r = sealed_log_verify(l, true, NULL, 0);

	CU_ASSERT_EQUAL(r.faults, 0);
	CU_ASSERT_EQUAL(r.macs, r.records);
	CU_ASSERT_EQUAL(r.last, l->writer.seal->sequence);
	CU_ASSERT_EQUAL(l->writer.lost_total, lost);
}

static void
a_turn_is_one_write(void)
{
	struct sealed_log l;
	off_t before;

	sealed_log_make(&l);
	sealed_log_start(&l);
	for (unsigned int n = 0; n <= 3 * BATCH_LINES; n++) {
		const uint64_t had = l.writer.written;

		before = size_of(&l);
		recorder_batch_begin(&l.writer);
		violate(&l, n);
		/* What is more than fits goes on its way. */
		if (n <= BATCH_LINES)
			CU_ASSERT_EQUAL(size_of(&l), before);
		recorder_batch_end(&l.writer);
		CU_ASSERT_EQUAL(l.writer.written, had + n);
		CU_ASSERT_EQUAL(size_of(&l) > before, n > 0);
		holds(&l, 0);
	}
	/* Outside of a turn nothing is held. */
	before = size_of(&l);
	violate(&l, 1);
	CU_ASSERT_TRUE(size_of(&l) > before);
	holds(&l, 0);
	sealed_log_stop(&l);
	sealed_log_remove(&l);
}

static void
other_records_come_behind(void)
{
	struct sealed_log l;
	struct event change = { .kind = EVENT_CHANGE, .subject = SUBJECT_POLICY, .first_ns = 1,
		.last_ns = 1, .reason = "a change" };

	sealed_log_make(&l);
	sealed_log_start(&l);
	recorder_batch_begin(&l.writer);
	for (int i = 0; i < 5; i++) {
		violate(&l, 3);
		recorder_writer_event(&l.writer, &change, "control", true);
		violate(&l, 2);
		CU_ASSERT_EQUAL(recorder_append_checkpoint(&l.writer), 0);
		violate(&l, 1);
		recorder_rotate(&l.writer);
	}
	recorder_batch_end(&l.writer);
	holds(&l, 0);
	sealed_log_stop(&l);
	sealed_log_remove(&l);
}

/* The disk takes so many bytes more. */
static void
room_for(const struct sealed_log *l, off_t bytes)
{
	struct rlimit limit;

	CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < 0 ? limit.rlim_max : (rlim_t)(size_of(l) + bytes);
	CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Wherever the write ends: all are lost and counted, and the first record says so. */
static void
what_cannot_be_written_was_never_sealed(void)
{
	struct sealed_log l;
	uint64_t lost = 0;

	signal(SIGXFSZ, SIG_IGN);
	sealed_log_make(&l);
	sealed_log_start(&l);
	for (off_t room = 0; room < 6000; room += 119) {
		const uint64_t sequence = l.writer.seal->sequence;
		const off_t size = size_of(&l);
		uint8_t key[SEAL_SIZE];

		memcpy(key, l.writer.seal->key, sizeof(key));
		room_for(&l, room);
		recorder_batch_begin(&l.writer);
		violate(&l, 12);
		recorder_batch_end(&l.writer);
		room_for(&l, -1);
		lost += 12;
		CU_ASSERT_EQUAL(l.writer.state.lost, 12);
		CU_ASSERT_EQUAL(l.writer.seal->sequence, sequence);
		CU_ASSERT_EQUAL(memcmp(key, l.writer.seal->key, sizeof(key)), 0);
		CU_ASSERT_EQUAL(size_of(&l), size);
		CU_ASSERT_EQUAL(l.writer.seal->lost, lost);
		holds(&l, lost);
		recorder_batch_begin(&l.writer);
		violate(&l, 2);
		recorder_batch_end(&l.writer);
		CU_ASSERT_EQUAL(l.writer.state.lost, 0);
		CU_ASSERT_EQUAL(l.writer.seal->sequence, sequence + 3);
		holds(&l, lost);
	}
	sealed_log_stop(&l);
	sealed_log_remove(&l);
}

/* A record behind what is lost does not come before the word of it. */
static void
a_loss_is_told_first(void)
{
	struct event change = { .kind = EVENT_CHANGE, .subject = SUBJECT_POLICY, .first_ns = 1,
		.last_ns = 1, .reason = "a change" };
	struct sealed_log l;
	uint64_t sequence;
	char *bytes, *line;
	size_t length;

	sealed_log_make(&l);
	sealed_log_start(&l);
	sequence = l.writer.seal->sequence;
	recorder_batch_begin(&l.writer);
	violate(&l, 4);
	room_for(&l, 0);
	recorder_writer_event(&l.writer, &change, "control", true);
	room_for(&l, -1);
	CU_ASSERT_EQUAL(l.writer.state.lost, 5);
	recorder_writer_event(&l.writer, &change, "control", true);
	recorder_batch_end(&l.writer);
	CU_ASSERT_EQUAL(l.writer.seal->sequence, sequence + 2);
	bytes = sealed_log_read(&l, LOG_NAME, &length);
	line = strstr(bytes, "\"lost\":5");
	CU_ASSERT_PTR_NOT_NULL_FATAL(line);
	CU_ASSERT_PTR_NOT_NULL(strstr(line, "a change"));
	CU_ASSERT_PTR_NULL(strstr(bytes, "\"violation\""));
	holds(&l, 5);
	free(bytes);
	sealed_log_stop(&l);
	sealed_log_remove(&l);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a turn is one write", a_turn_is_one_write },
		{ "other records come behind", other_records_come_behind },
		{ "what cannot be written was never sealed",
		    what_cannot_be_written_was_never_sealed },
		{ "a loss is told first", a_loss_is_told_first },
		CU_TEST_INFO_NULL,
	};

	return unit_main("recorder_batch", tests);
}
