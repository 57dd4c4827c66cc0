/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LG-10: the calls by which the record reaches the disk fail, the N-th of them and some
 * after it, each in every way a disk can. The record stays a good one, and what is
 * missing was counted and told. LG-11: they take very long. The calls are this
 * program's own: what the library calls ends here first.
 */
#include "agent/beat.h"
#include "agent/clock.h"
#include "agent/ipc.h"
#include "agent/record/log_reader.h"
#include "agent/record/recorder.h"
#include "tests/unit/sealed_log.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHORT_WRITE	(-1)		/* no errno: half of it is written */
#define IN_A_ROW	5
#define N_AT		8
/* All places instead of every third one. */
#define ALL_OF_THEM	"SEKISHO_ALL_FAULTS"

enum call { CALL_WRITE, CALL_PWRITE, CALL_DATASYNC, CALL_SYNC, CALL_OPEN, CALL_RENAME, CALL_TRUNCATE,
	CALL_COUNT };

static const char *const call_names[CALL_COUNT] = { "write", "pwrite", "fdatasync", "fsync",
	"openat", "rename", "ftruncate" };

static struct {
	atomic_bool on;
	enum call call;
	int error;
	atomic_int calls, at;
	atomic_int fired;
	atomic_int delay_s;		/* of every fdatasync(2) */
} fault;

/* True when this call is to fail. */
static bool
fails(enum call call)
{
	int n;

	if (!atomic_load(&fault.on) || call != fault.call)
		return false;
	n = atomic_fetch_add(&fault.calls, 1) + 1;
	if (n < fault.at || n >= fault.at + (fault.error == EINTR ? 1 : IN_A_ROW))
		return false;
	atomic_fetch_add(&fault.fired, 1);
	if (fault.error != SHORT_WRITE)
		errno = fault.error;
	return true;
}

ssize_t
write(int fd, const void *bytes, size_t n)
{
	if (fd > STDERR_FILENO && fails(CALL_WRITE)) {
		if (fault.error != SHORT_WRITE)
			return -1;
		n = (n + 1) / 2;
	}
	return syscall(SYS_write, fd, bytes, n);
}

ssize_t
pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	if (fails(CALL_PWRITE)) {
		if (fault.error != SHORT_WRITE)
			return -1;
		n = (n + 1) / 2;
	}
	return syscall(SYS_pwrite64, fd, bytes, n, at);
}

int
fdatasync(int fd)
{
	if (atomic_load(&fault.delay_s) > 0)
		sleep((unsigned int)fault.delay_s);
	return fails(CALL_DATASYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	return fails(CALL_SYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int
ftruncate(int fd, off_t length)
{
	return fails(CALL_TRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, length);
}

int
renameat(int from, const char *a, int to, const char *b)
{
	return fails(CALL_RENAME) ? -1 : (int)syscall(SYS_renameat2, from, a, to, b, 0);
}

int
renameat2(int from, const char *a, int to, const char *b, unsigned int flags)
{
	return fails(CALL_RENAME) ? -1 : (int)syscall(SYS_renameat2, from, a, to, b, flags);
}

int
openat(int at, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if ((flags & (O_CREAT | __O_TMPFILE)) != 0)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return fails(CALL_OPEN) ? -1 : (int)syscall(SYS_openat, at, name, flags, mode);
}

/* ---- what is on record ---------------------------------------------------------------- */

struct tally {
	json_int_t last, lost;
	unsigned int violations, bad;
	bool gap_free;
};

static struct tally
tally(const char *path)
{
	struct log_reader *r = log_reader_open(path);
	struct tally t = { .gap_free = true };
	json_t *record;
	int e;

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	while ((e = log_reader_next(r, &record)) > 0) {
		json_int_t n;

		if (e == LOG_READ_BAD) {
			t.bad++;
			continue;
		}
		n = json_integer_value(
		    json_object_get(json_object_get(record, "event"), "sequence"));
		t.gap_free &= n == t.last + 1;
		t.last = n;
		record = json_incref(record);
		t.lost += json_integer_value(
		    json_object_get(json_object_get(record, "sekisho"), "lost"));
		t.violations += json_object_get(json_object_get(record, "sekisho"), "agg") != NULL;
		json_decref(record);
		json_decref(record);
	}
	t.bad += log_reader_rest(r) != 0;
	log_reader_close(r);
	return t;
}

/* ---- one place ----------------------------------------------------------------------- */

/* Violations, ticks and a rotation, all under the fault. */
static unsigned int
work(struct sealed_log *l)
{
	unsigned int sent = 0;

	for (unsigned int i = 0; i < 6; i++, sent += 2) {
		sealed_log_write(l, 2);
		recorder_writer_tick(&l->writer);
	}
	recorder_rotate(&l->writer);
	for (unsigned int i = 0; i < 4; i++, sent += 2) {
		sealed_log_write(l, 2);
		recorder_writer_tick(&l->writer);
	}
	return sent;
}

static bool
is_good(const struct sealed_log *l, unsigned int sent, uint64_t lost)
{
	const struct verify_report r = sealed_log_verify(l, true, NULL, 0);
	const struct tally t = tally(l->path);

	if (r.faults == 0 && t.bad == 0 && t.gap_free && (uint64_t)t.lost == lost &&
	    t.violations <= sent && t.violations + lost >= sent)
		return true;
	printf("\n %llu faults (%s at %llu), %u bad, %sgap free, %lld of %llu lost told, "
	    "%u of %u violations", (unsigned long long)r.faults,
	    r.n_findings > 0 ? verify_fault_name(r.findings[0].fault) : "none",
	    r.n_findings > 0 ? (unsigned long long)r.findings[0].sequence : 0, t.bad,
	    t.gap_free ? "" : "not ", (long long)t.lost, (unsigned long long)lost,
	    t.violations, sent);
	return false;
}

static void
try_place(enum call call, int error, int at)
{
	struct sealed_log l;
	unsigned int sent = 5;
	uint64_t lost;
	bool good;

	sealed_log_make(&l);
	sealed_log_start(&l);
	sealed_log_write(&l, 5);
	fault.call = call;
	fault.error = error;
	fault.calls = 0;
	fault.at = at;
	atomic_store(&fault.on, true);
	sent += work(&l);
	atomic_store(&fault.on, false);
	recorder_writer_tick(&l.writer);
	sealed_log_write(&l, 3);
	sent += 3;
	recorder_writer_tick(&l.writer);
	lost = l.writer.lost_total;
	sealed_log_stop(&l);
	good = is_good(&l, sent, lost);
	sealed_log_start(&l);
	sealed_log_write(&l, 1);
	sealed_log_stop(&l);
	good = is_good(&l, sent + 1, lost) && good;
	if (!good)
		printf("\n %s, from call %d: %s\n", call_names[call], at,
		    error == SHORT_WRITE ? "short" : strerror(error));
	CU_ASSERT_TRUE(good);
	sealed_log_remove(&l);
}

static void
LG_10_failing_calls_leave_a_good_record_and_an_exact_count(void)
{
	static const int errors[] = { EIO, ENOSPC, EDQUOT, EROFS, EINTR, SHORT_WRITE };
	const bool all = getenv(ALL_OF_THEM) != NULL;
	unsigned int turn = 0, fired = 0;

	for (unsigned int call = 0; call < CALL_COUNT; call++)
		for (size_t e = 0; e < sizeof(errors) / sizeof(errors[0]); e++)
			for (int at = 1; at <= N_AT; at++) {
				if (errors[e] == SHORT_WRITE && call > CALL_PWRITE)
					continue;
				/* A rename or an open is not interrupted: open(2), rename(2). */
				if (errors[e] == EINTR && call >= CALL_OPEN)
					continue;
				if (!all && turn++ % 3 != 0)
					continue;
				fault.fired = 0;
				try_place((enum call)call, errors[e], at);
				fired += fault.fired > 0;
			}
	printf(" %u places failed ...", fired);
	CU_ASSERT_TRUE(fired > turn / 9);
}

/* ---- LG-11 --------------------------------------------------------------------------- */

/* A disk that takes longer than every watchdog; 30 with ALL_OF_THEM. */
#define DELAY_S		4
#define QUESTIONS	20
#define FLOOD		2000u

struct slow {
	char path[64];
	int watcher[2], control[2];
	struct beat *beat;
	pid_t pid;
};

static void
start_slow(struct slow *s)
{
	const struct recorder_peer peers[] = {
		{ .socket = s->watcher[1], .name = "watcher" },
		{ .socket = s->control[1], .name = "control", .trusted = true },
	};
	struct recorder_setup setup = { .peers = peers, .n_peers = 2, .hostname = "gw1",
		.version = "0.1", .beat = s->beat };

	s->pid = fork();
	CU_ASSERT_FATAL(s->pid >= 0);
	if (s->pid > 0)
		return;
	setup.directory = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_exit(recorder_run(&setup));
}

static void
flood(struct slow *s)
{
	struct event e = { .kind = EVENT_VIOLATION, .zv = ZV_02_NOT_PERMITTED, .severity = 3,
		.witness = WITNESS_GATE, .first_ns = 1, .last_ns = 1, .count = 1 };

	for (unsigned int i = 0; i < FLOOD; i++) {
		e.key = i;
		while (ipc_send(s->watcher[0], IPC_RECORD_EVENT, &e, sizeof(e), -1) == -EAGAIN)
			usleep(1000);
	}
}

/* Every answer within a second, all of the time that the disk is stuck. */
static void
ask_slow(struct slow *s, unsigned int seconds)
{
	static struct ipc_message answer;
	const int64_t until = clock_ns(CLOCK_MONOTONIC) + seconds * INT64_C(1000000000);
	json_int_t written = 0;
	uint64_t beats = s->beat->count;
	int asked = 0;

	while (clock_ns(CLOCK_MONOTONIC) < until) {
		json_t *status = NULL;

		CU_ASSERT_EQUAL_FATAL(ipc_ask(s->control[0], IPC_RECORD_STATUS, NULL, 0, -1, &answer,
		    1000), 0);
		CU_ASSERT_EQUAL(ipc_json(&answer, &status), 0);
		written = json_integer_value(json_object_get(status, "written"));
		json_decref(status);
		usleep(seconds * 1000000 / QUESTIONS);
		asked++;
	}
	CU_ASSERT_TRUE(asked >= QUESTIONS / 2);
	CU_ASSERT_TRUE(written > (json_int_t)FLOOD);
	/* One a second, and one may be missing at each end. */
	CU_ASSERT_TRUE(s->beat->count >= beats + seconds - 1);
}

static void
LG_11_a_stuck_disk_delays_neither_records_nor_answers(void)
{
	const unsigned int delay = getenv(ALL_OF_THEM) != NULL ? 30 : DELAY_S;
	struct sealed_log l;
	struct slow s;
	int status = -1;

	sealed_log_make(&l);
	memcpy(s.path, l.path, sizeof(s.path));
	CU_ASSERT_EQUAL_FATAL(ipc_pair(s.watcher), 0);
	CU_ASSERT_EQUAL_FATAL(ipc_pair(s.control), 0);
	s.beat = beat_new();
	CU_ASSERT_PTR_NOT_NULL_FATAL(s.beat);
	atomic_store(&fault.delay_s, (int)delay);
	start_slow(&s);
	flood(&s);
	ask_slow(&s, delay);
	CU_ASSERT_EQUAL(ipc_send(s.control[0], IPC_STOP, NULL, 0, -1), 0);
	CU_ASSERT_EQUAL(waitpid(s.pid, &status, 0), s.pid);
	CU_ASSERT_EQUAL(status, 0);
	atomic_store(&fault.delay_s, 0);
	CU_ASSERT_EQUAL(tally(l.path).violations, FLOOD);
	CU_ASSERT_EQUAL(sealed_log_verify(&l, false, NULL, 0).faults, 0);
	for (int i = 0; i < 2; i++) {
		close(s.watcher[i]);
		close(s.control[i]);
	}
	beat_forget(s.beat);
	sealed_log_remove(&l);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "LG-10 failing calls leave a good record and an exact count",
		  LG_10_failing_calls_leave_a_good_record_and_an_exact_count },
		{ "LG-11 a stuck disk delays neither records nor answers",
		  LG_11_a_stuck_disk_delays_neither_records_nor_answers },
		CU_TEST_INFO_NULL,
	};

	return unit_main("recorder_faults", tests);
}
