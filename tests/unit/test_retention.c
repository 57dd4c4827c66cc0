/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is disposed of and what is not; the record says so before a file is gone. */
#include "agent/record/retention.h"

#include "agent/clock.h"
#include "tests/unit/sealed_log.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define S	INT64_C(1000000000)
#define DAY	(86400 * S)

/* Added to the time of day, and to the time since the start of the machine. */
static int64_t wall_ns, boot_ns;

int
clock_gettime(clockid_t clock, struct timespec *t)
{
	int r = (int)syscall(SYS_clock_gettime, clock, t);
	const int64_t by = clock == CLOCK_REALTIME ? wall_ns + boot_ns :
	    clock == CLOCK_BOOTTIME ? boot_ns : 0;

	t->tv_sec += by / S;
	return r;
}

static void
days_are_counted(void)
{
	CU_ASSERT_EQUAL(retention_between(20261122, 20261123), 1);
	CU_ASSERT_EQUAL(retention_between(20261231, 20270101), 1);
	CU_ASSERT_EQUAL(retention_between(20260301, 20270301), 365);
	CU_ASSERT_EQUAL(retention_between(20280301, 20270301), -366);
	CU_ASSERT_EQUAL(retention_between(20261322, 20261123), INT64_MIN);
	CU_ASSERT_EQUAL(retention_between(20261122, 0), INT64_MIN);
}

static void
the_longest_kind_decides(void)
{
	struct record_rules r = { 0 };

	CU_ASSERT_EQUAL(retention_days(&r), 0);
	record_rules_default(&r);
	CU_ASSERT_EQUAL(retention_days(&r), 1096);
	r.days[RECORD_LIFE] = 365;
	r.days[RECORD_VIOLATION] = 1825;
	CU_ASSERT_EQUAL(retention_days(&r), 1825);
	r.days[RECORD_GAP] = 0;
	CU_ASSERT_EQUAL(retention_days(&r), 0);
}

/* Days go by, and the clock is right all the while. */
static void
pass(struct sealed_log *l, int days)
{
	boot_ns += days * DAY;
	recorder_writer_tick(&l->writer);
}

static void
hold(const struct sealed_log *l, const char *text)
{
	sealed_log_put(l, RETENTION_HOLDS, text, strlen(text));
}

static bool
there(const struct sealed_log *l, const char *name)
{
	struct stat st;

	return fstatat(l->directory, name, &st, 0) == 0;
}

/* As often as it takes, a minute each. */
static void
dispose(struct sealed_log *l, bool trusted)
{
	for (int i = 0; i < 4; i++) {
		boot_ns += 3700 * S;
		recorder_look_at_retention(&l->writer, trusted);
	}
}

/* Three files, closed on three days a month apart. */
static void
three_files(struct sealed_log *l, char names[3][LOG_NAME_SIZE])
{
	wall_ns = boot_ns = 0;
	sealed_log_make(l);
	sealed_log_start(l);
	record_rules_default(&l->writer.rules);
	l->writer.rules.days[RECORD_VIOLATION] = 400;
	l->writer.rules.days[RECORD_CHANGE] = 400;
	l->writer.rules.days[RECORD_GAP] = 400;
	l->writer.rules.days[RECORD_LIFE] = 365;
	for (int i = 0; i < 3; i++) {
		sealed_log_write(l, 5);
		recorder_rotate(&l->writer);
		memcpy(names[i], l->writer.closed, LOG_NAME_SIZE);
		pass(l, 30);
	}
}

static void
files_go_when_their_time_is_over_and_not_before(void)
{
	char names[3][LOG_NAME_SIZE];
	struct sealed_log l;
	struct verify_report r;

	three_files(&l, names);
	pass(&l, 309);			/* 399 days after the first was closed */
	dispose(&l, true);
	CU_ASSERT_TRUE(there(&l, names[0]));
	pass(&l, 3);
	dispose(&l, false);		/* a clock that nobody keeps right */
	CU_ASSERT_TRUE(there(&l, names[0]));
	dispose(&l, true);
	CU_ASSERT_FALSE(there(&l, names[0]));
	CU_ASSERT_TRUE(there(&l, names[1]));
	pass(&l, 1000);
	dispose(&l, true);
	CU_ASSERT_FALSE(there(&l, names[1]));
	CU_ASSERT_FALSE(there(&l, names[2]));
	sealed_log_stop(&l);
	r = sealed_log_verify(&l, true, NULL, 0);
	CU_ASSERT_EQUAL(r.faults, 0);
	CU_ASSERT_EQUAL(r.disposed, 3);
	sealed_log_remove(&l);
}

static void
the_record_comes_first(void)
{
	char names[3][LOG_NAME_SIZE];
	struct sealed_log l;
	uint64_t before;

	three_files(&l, names);
	pass(&l, 330);
	before = l.writer.seal->sequence;
	boot_ns += 3700 * S;
	recorder_look_at_retention(&l.writer, true);
	CU_ASSERT_EQUAL(l.writer.seal->sequence, before + 1);
	CU_ASSERT_TRUE(there(&l, names[0]));
	/* Its sync failed: nobody knows whether it is on the disk. */
	boot_ns += 61 * S;
	l.writer.sync_error_ns = clock_ns(CLOCK_BOOTTIME) - S;
	recorder_look_at_retention(&l.writer, true);
	CU_ASSERT_TRUE(there(&l, names[0]));
	sealed_log_stop(&l);
	sealed_log_remove(&l);
}

static void
what_is_held_stays(void)
{
	char names[3][LOG_NAME_SIZE], text[96];
	unsigned long day = 0, number;
	struct sealed_log l;
	struct verify_report r;

	three_files(&l, names);
	pass(&l, 1000);
	CU_ASSERT_TRUE(log_names_closed(names[1], &day, &number));
	snprintf(text, sizeof(text), "# two cases\nR8-1 19990101 19991231\nR8-2 %lu %lu\n", day, day);
	hold(&l, text);
	dispose(&l, true);
	/* The days of the third begin on that on which the second was closed. */
	CU_ASSERT_FALSE(there(&l, names[0]));
	CU_ASSERT_TRUE(there(&l, names[1]));
	CU_ASSERT_TRUE(there(&l, names[2]));
	hold(&l, "R8-2 20260101\n");	/* not understood: everything */
	dispose(&l, true);
	CU_ASSERT_TRUE(there(&l, names[1]));
	hold(&l, "\n");
	dispose(&l, true);
	CU_ASSERT_FALSE(there(&l, names[1]));
	CU_ASSERT_FALSE(there(&l, names[2]));
	sealed_log_stop(&l);
	r = sealed_log_verify(&l, true, NULL, 0);
	CU_ASSERT_EQUAL(r.faults, 0);
	sealed_log_remove(&l);
}

/* A clock that was set ten years ahead throws nothing away. */
static void
a_clock_that_was_set_disposes_of_nothing(void)
{
	char names[3][LOG_NAME_SIZE];
	struct sealed_log l;

	three_files(&l, names);
	wall_ns += 3650 * DAY;
	sealed_log_write(&l, 1);
	dispose(&l, true);
	CU_ASSERT_TRUE(there(&l, names[0]));
	sealed_log_stop(&l);
	sealed_log_remove(&l);
}

static void
without_rules_everything_stays(void)
{
	char names[3][LOG_NAME_SIZE];
	struct sealed_log l;

	three_files(&l, names);
	memset(&l.writer.rules, 0, sizeof(l.writer.rules));
	pass(&l, 30000);
	dispose(&l, true);
	CU_ASSERT_TRUE(there(&l, names[0]));
	sealed_log_stop(&l);
	sealed_log_remove(&l);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "days are counted", days_are_counted },
		{ "the longest kind decides", the_longest_kind_decides },
		{ "files go when their time is over and not before",
		  files_go_when_their_time_is_over_and_not_before },
		{ "the record comes first", the_record_comes_first },
		{ "what is held stays", what_is_held_stays },
		{ "a clock that was set disposes of nothing",
		  a_clock_that_was_set_disposes_of_nothing },
		{ "without rules everything stays", without_rules_everything_stays },
		CU_TEST_INFO_NULL,
	};

	return unit_main("retention", tests);
}
