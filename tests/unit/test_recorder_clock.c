/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LG-13: somebody sets the clock, by days, by years, to before 1970, over a rotation.
 * The time of day is this program's own here: what the library asks ends here first.
 */
#include "agent/record/clock_watch.h"
#include "agent/record/log_reader.h"
#include "tests/unit/sealed_log.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define S	INT64_C(1000000000)
#define DAY	(86400 * S)
#define YEAR	(365 * DAY)

/* Added to the time of day. */
static _Atomic int64_t shift_ns;

int
clock_gettime(clockid_t clock, struct timespec *t)
{
	int r = (int)syscall(SYS_clock_gettime, clock, t);
	int64_t ns;

	if (r < 0 || clock != CLOCK_REALTIME)
		return r;
	ns = t->tv_sec * S + t->tv_nsec + atomic_load(&shift_ns);
	t->tv_sec = ns / S - (ns % S < 0 ? 1 : 0);
	t->tv_nsec = ns % S + (ns % S < 0 ? S : 0);
	return 0;
}

/* What the kernel says to who reads the timer after the clock was set. */
static _Atomic int cancelled;

ssize_t cancelled_read(int fd, void *bytes, size_t size) __asm__("read");

ssize_t
cancelled_read(int fd, void *bytes, size_t size)
{
	if (atomic_exchange(&cancelled, 0) == 0)
		return syscall(SYS_read, fd, bytes, size);
	errno = ECANCELED;
	return -1;
}

/* ---- the watch alone ------------------------------------------------------------------- */

static void
a_step_is_told_from_a_slew(void)
{
	struct clock_watch w = { 0 };
	int64_t wall = 1795247696 * S, boot = 1000 * S, expected;

	CU_ASSERT_FALSE(clock_watch_compare(&w, wall, boot, &expected));
	/* 500 ppm for an hour, looked at each second. */
	for (int i = 0; i < 3600; i++) {
		boot += S;
		wall += S + 500 * S / 1000000;
		CU_ASSERT_FALSE(clock_watch_compare(&w, wall, boot, &expected));
	}
	CU_ASSERT_TRUE(clock_watch_compare(&w, wall + S, boot, &expected));
	CU_ASSERT_EQUAL(expected, wall);
	/* Not taken: it is told again. */
	CU_ASSERT_TRUE(clock_watch_compare(&w, wall + 2 * S, boot + S, &expected));
	CU_ASSERT_EQUAL(expected, wall + S);
	CU_ASSERT_TRUE(clock_watch_compare(&w, wall - CLOCK_STEP_NS - 1, boot, &expected));
	CU_ASSERT_FALSE(clock_watch_compare(&w, wall - CLOCK_STEP_NS, boot, &expected));
}

static void
a_clock_that_was_set_is_told_by_the_kernel(void)
{
	const int64_t wall = 1795247696 * S, boot = 1000 * S;
	struct clock_watch w = { 0 };
	int64_t expected;
	int fd = clock_watch_open();
	struct pollfd p = { .fd = fd, .events = POLLIN };

	CU_ASSERT_TRUE_FATAL(fd >= 0);
	/* It waits for ever, and what is not the clock's is not taken for it. */
	CU_ASSERT_EQUAL(poll(&p, 1, 0), 0);
	CU_ASSERT_FALSE(clock_watch_heard(fd));
	cancelled = 1;
	CU_ASSERT_TRUE(clock_watch_heard(fd));
	CU_ASSERT_EQUAL(poll(&p, 1, 0), 0);
	close(fd);
	/* Then a step is told that looking alone takes for a slew, once. */
	CU_ASSERT_FALSE(clock_watch_compare(&w, wall, boot, &expected));
	w.set = true;
	CU_ASSERT_FALSE(clock_watch_compare(&w, wall + CLOCK_SET_NS, boot, &expected));
	CU_ASSERT_FALSE(clock_watch_compare(&w, wall - CLOCK_SET_NS, boot, &expected));
	w.set = true;
	CU_ASSERT_TRUE(clock_watch_compare(&w, wall + S / 50, boot, &expected));
	CU_ASSERT_EQUAL(expected, wall - CLOCK_SET_NS);
	clock_watch_take(&w);
	CU_ASSERT_FALSE(w.set);
}

static void
the_kernel_says_whether_it_is_kept_right(void)
{
	struct clock_state s;
	json_t *json;

	clock_state_read(&s);
	CU_ASSERT_TRUE(s.known);
	json = clock_state_json(&s);
	CU_ASSERT_EQUAL(json_is_true(json_object_get(json, "synchronised")), s.synchronised);
	CU_ASSERT_EQUAL((uint64_t)json_integer_value(json_object_get(json, "max_error_us")),
	    s.max_error_us);
	json_decref(json);
}

/* ---- the record ------------------------------------------------------------------------ */

struct tally {
	json_int_t last, monotonic, steps_s[16];	/* of the clock records, rounded */
	size_t records, clocks;
	bool gap_free, in_order;
};

static struct tally
tally(const char *path)
{
	struct log_reader *r = log_reader_open(path);
	struct tally t = { .gap_free = true, .in_order = true };
	json_t *record;
	int e;

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	while ((e = log_reader_next(r, &record)) > 0) {
		const json_t *own = json_object_get(record, "sekisho");
		const json_t *clock = json_object_get(own, "clock");
		json_int_t n = json_integer_value(
		    json_object_get(json_object_get(record, "event"), "sequence"));
		json_int_t m = json_integer_value(json_object_get(own, "monotonic_ns"));
		json_int_t step = json_integer_value(json_object_get(clock, "step_ns"));

		CU_ASSERT_EQUAL(e, LOG_READ_RECORD);
		t.gap_free &= n == t.last + 1;
		t.in_order &= m >= t.monotonic;
		t.last = n;
		t.monotonic = m;
		t.records++;
		if (clock != NULL && t.clocks < 16)
			t.steps_s[t.clocks++] = (step + (step < 0 ? -S / 2 : S / 2)) / S;
		json_decref(record);
	}
	log_reader_close(r);
	return t;
}

static void
check(const struct sealed_log *l, const json_int_t *steps, size_t n)
{
	const struct verify_report r = sealed_log_verify(l, true, NULL, 0);
	const struct tally t = tally(l->path);

	CU_ASSERT_EQUAL(r.faults, 0);
	if (r.faults > 0)
		printf(" %s at %llu", verify_fault_name(r.findings[0].fault),
		    (unsigned long long)r.findings[0].sequence);
	CU_ASSERT_EQUAL(r.records, t.records);
	CU_ASSERT_TRUE(t.gap_free);
	CU_ASSERT_TRUE(t.in_order);
	CU_ASSERT_EQUAL_FATAL(t.clocks, n);
	for (size_t i = 0; i < n; i++)
		CU_ASSERT_EQUAL(t.steps_s[i], steps[i]);
}

static void
set_clock(struct sealed_log *l, int64_t by)
{
	atomic_fetch_add(&shift_ns, by);
	sealed_log_write(l, 2);
	recorder_writer_tick(&l->writer);
}

static void
LG_13_steps_are_told_with_the_old_and_the_new_time(void)
{
	static const int64_t by[] = { DAY, -DAY, 10 * YEAR, -10 * YEAR, 2 * S, -2 * S };
	json_int_t steps[6];
	struct sealed_log l;

	shift_ns = 0;
	sealed_log_make(&l);
	sealed_log_start(&l);
	sealed_log_write(&l, 3);
	for (size_t i = 0; i < 6; i++) {
		steps[i] = by[i] / S;
		set_clock(&l, by[i]);
	}
	sealed_log_stop(&l);
	check(&l, steps, 6);
	sealed_log_remove(&l);
}

static void
LG_13_back_over_a_rotation(void)
{
	const json_int_t steps[] = { -40 * (DAY / S), 3 * (DAY / S) };
	struct sealed_log l;

	shift_ns = 0;
	sealed_log_make(&l);
	sealed_log_start(&l);
	sealed_log_write(&l, 3);
	recorder_rotate(&l.writer);
	/* Nobody looks between the step and the end of the file. */
	atomic_fetch_add(&shift_ns, -40 * DAY);
	recorder_rotate(&l.writer);
	sealed_log_write(&l, 3);
	atomic_fetch_add(&shift_ns, 3 * DAY);
	recorder_rotate(&l.writer);
	sealed_log_write(&l, 1);
	sealed_log_stop(&l);
	check(&l, steps, 2);
	sealed_log_remove(&l);
}

/* The last run ended in a time that is still to come. */
static void
LG_13_back_while_nobody_ran(void)
{
	const json_int_t steps[] = { -YEAR / S };
	struct sealed_log l;

	shift_ns = YEAR;
	sealed_log_make(&l);
	sealed_log_start(&l);
	sealed_log_write(&l, 3);
	sealed_log_stop(&l);
	shift_ns = 0;
	sealed_log_start(&l);
	sealed_log_write(&l, 3);
	sealed_log_stop(&l);
	check(&l, steps, 1);
	sealed_log_remove(&l);
}

/* The kernel sets no such time (settimeofday(2)); a broken one may come up with it. */
static void
LG_13_before_1970_and_far_ahead(void)
{
	struct timespec now;
	struct sealed_log l;
	json_int_t steps[3];

	shift_ns = 0;
	clock_gettime(CLOCK_REALTIME, &now);
	sealed_log_make(&l);
	sealed_log_start(&l);
	sealed_log_write(&l, 3);
	steps[0] = -now.tv_sec - 10 * (YEAR / S);
	steps[1] = -steps[0];
	steps[2] = 150 * (YEAR / S);
	set_clock(&l, steps[0] * S);
	recorder_rotate(&l.writer);
	set_clock(&l, 0);
	sealed_log_stop(&l);
	sealed_log_start(&l);
	sealed_log_write(&l, 1);
	set_clock(&l, steps[1] * S);
	set_clock(&l, steps[2] * S);
	recorder_rotate(&l.writer);
	sealed_log_stop(&l);
	check(&l, steps, 3);
	sealed_log_remove(&l);
}

/* It cannot be told now: it is told later, with the time before. */
static void
a_step_under_a_full_disk_is_told_afterwards(void)
{
	const json_int_t steps[] = { DAY / S };
	struct sealed_log l;
	int fd;

	shift_ns = 0;
	sealed_log_make(&l);
	sealed_log_start(&l);
	sealed_log_write(&l, 3);
	fd = l.writer.file.fd;
	l.writer.file.fd = -1;
	atomic_fetch_add(&shift_ns, DAY);
	sealed_log_write(&l, 3);
	CU_ASSERT_EQUAL(l.writer.state.lost, 3);
	l.writer.file.fd = fd;
	sealed_log_write(&l, 1);
	CU_ASSERT_EQUAL(l.writer.state.lost, 0);
	sealed_log_stop(&l);
	check(&l, steps, 1);
	sealed_log_remove(&l);
}

/* Too little to be seen by looking; the kernel said that it was set. */
static void
LG_13_a_small_step_that_the_kernel_told(void)
{
	const json_int_t steps[] = { 0 };
	struct sealed_log l;

	shift_ns = 0;
	sealed_log_make(&l);
	sealed_log_start(&l);
	sealed_log_write(&l, 3);
	set_clock(&l, S / 50);
	atomic_fetch_add(&shift_ns, S / 50);
	l.writer.clock.set = true;
	CU_ASSERT_EQUAL(recorder_look_at_clock(&l.writer), 0);
	sealed_log_write(&l, 1);
	sealed_log_stop(&l);
	check(&l, steps, 1);
	sealed_log_remove(&l);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a step is told from a slew", a_step_is_told_from_a_slew },
		{ "a clock that was set is told by the kernel",
		  a_clock_that_was_set_is_told_by_the_kernel },
		{ "LG-13 a small step that the kernel told",
		  LG_13_a_small_step_that_the_kernel_told },
		{ "the kernel says whether it is kept right",
		  the_kernel_says_whether_it_is_kept_right },
		{ "LG-13 steps are told with the old and the new time",
		  LG_13_steps_are_told_with_the_old_and_the_new_time },
		{ "LG-13 back over a rotation", LG_13_back_over_a_rotation },
		{ "LG-13 back while nobody ran", LG_13_back_while_nobody_ran },
		{ "LG-13 before 1970 and far ahead", LG_13_before_1970_and_far_ahead },
		{ "a step under a full disk is told afterwards",
		  a_step_under_a_full_disk_is_told_afterwards },
		CU_TEST_INFO_NULL,
	};

	return unit_main("recorder_clock", tests);
}
