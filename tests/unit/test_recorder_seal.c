/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The seal over the ends that nobody asked for: LG-07, LG-18, and a clock that jumps. */
#include "agent/record/log_names.h"
#include "agent/record/log_reader.h"
#include "tests/unit/sealed_log.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND	(int64_t)1000000000
/* Of LG-07; SEKISHO_KILLS sets another number. */
#define KILLS	100

/* What is added to the clocks here. */
static int64_t wall_shift, boot_shift;

/* In place of libc's: everything below asks this one. */
int
clock_gettime(clockid_t clock, struct timespec *t)
{
	const int64_t shift = clock == CLOCK_REALTIME ? wall_shift :
	    clock == CLOCK_BOOTTIME ? boot_shift : 0;
	int r = (int)syscall(SYS_clock_gettime, clock, t);

	t->tv_sec += shift;
	return r;
}

static unsigned int
kinds_in(const struct sealed_log *l, const char *kind, char message[512])
{
	struct log_reader *r = log_reader_open(l->path);
	unsigned int n = 0;
	json_t *record;
	int e;

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	while ((e = log_reader_next(r, &record)) > 0) {
		const char *is = e == LOG_READ_RECORD ? json_string_value(json_object_get(
		    json_object_get(record, "sekisho"), "kind")) : "";

		CU_ASSERT_EQUAL(e, LOG_READ_RECORD);
		if (strcmp(is, kind) == 0) {
			n++;
			snprintf(message, 512, "%s", json_string_value(
			    json_object_get(record, "message")));
		}
		json_decref(record);
	}
	log_reader_close(r);
	return n;
}

/* ---- LG-07 ---------------------------------------------------------------------- */

/* The child tells how far it is; that much stands in the file. */
static void
write_and_tell(struct sealed_log *l, _Atomic uint64_t *reached)
{
	memset(&l->writer, 0, sizeof(l->writer));
	l->writer.directory = l->directory;
	l->writer.hostname = "gw1";
	l->writer.version = "0.1";
	l->writer.rotate.size = 100000;
	l->writer.pack = true;
	if (recorder_writer_open(&l->writer) < 0)
		_exit(1);
	for (unsigned int i = 0;; i++) {
		sealed_log_write(l, 1);
		atomic_store(reached, l->writer.seal->sequence);
		if (i % 64 == 0)
			recorder_writer_tick(&l->writer);
	}
}

static void
killed_anywhere_it_goes_on(void)
{
	const char *wish = getenv("SEKISHO_KILLS");
	const int kills = wish != NULL ? atoi(wish) : KILLS;
	_Atomic uint64_t *reached = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct sealed_log l;
	struct verify_report r;
	size_t lost = 0, failed = 0;
	char message[512];

	CU_ASSERT_FATAL(reached != MAP_FAILED);
	sealed_log_make(&l);
	sealed_log_start(&l);
	sealed_log_stop(&l);
	srand(7);
	for (int i = 0; i < kills; i++) {
		int status = 0;
		pid_t pid = fork();

		CU_ASSERT_FATAL(pid >= 0);
		if (pid == 0)
			write_and_tell(&l, reached);
		usleep((useconds_t)(rand() % 12000));
		kill(pid, SIGKILL);
		CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
		CU_ASSERT_TRUE(WIFSIGNALED(status));
		if (i % 10 != 9)
			continue;
		r = sealed_log_verify(&l, true, NULL, 0);
		/* The last line may be half there until the next start mends it. */
		failed += r.faults > 0 && r.findings[0].fault != VERIFY_TORN;
		lost += r.last < atomic_load(reached);
		if (r.faults > 0)
			printf(" %s %s:%lu", verify_fault_name(r.findings[0].fault),
			    r.findings[0].file, (unsigned long)r.findings[0].line);
	}
	sealed_log_start(&l);
	sealed_log_stop(&l);
	r = sealed_log_verify(&l, true, NULL, 0);
	CU_ASSERT_EQUAL(r.faults, 0);
	CU_ASSERT_EQUAL(r.macs, r.records);
	CU_ASSERT_TRUE(r.last > atomic_load(reached));
	CU_ASSERT_EQUAL(failed, 0);
	CU_ASSERT_EQUAL(lost, 0);
	CU_ASSERT_TRUE(kinds_in(&l, "recovery", message) > 0);
	munmap(reached, 4096);
	sealed_log_remove(&l);
}

/* ---- LG-18 ---------------------------------------------------------------------- */

/* Started over this state: never silent, every record sealed, the joint not good. */
static bool
starts_loudly(struct sealed_log *l, const char *state, size_t length)
{
	struct verify_report r;
	char message[512] = "";

	if (state == NULL)
		(void)unlinkat(l->directory, SEAL_STATE_NAME, 0);
	else
		sealed_log_put(l, SEAL_STATE_NAME, state, length);
	sealed_log_start(l);
	sealed_log_write(l, 3);
	sealed_log_stop(l);
	r = sealed_log_verify(l, false, NULL, 0);
	(void)kinds_in(l, "file", message);
	return r.faults == 1 && r.findings[0].fault == VERIFY_NEW_KEYS &&
	    strstr(message, "new keys") != NULL;
}

static void
clear_log(struct sealed_log *l)
{
	struct log_names names;

	CU_ASSERT_EQUAL_FATAL(log_names_list_packed(l->directory, &names), 0);
	for (size_t i = 0; i < names.count; i++)
		(void)unlinkat(l->directory, names.names[i], 0);
	log_names_free(&names);
	(void)unlinkat(l->directory, SEAL_STATE_NAME, 0);
	(void)unlinkat(l->directory, RECORDER_STATE_NAME, 0);
}

static void
fill_log(struct sealed_log *l)
{
	clear_log(l);
	sealed_log_start(l);
	sealed_log_write(l, 5);
	sealed_log_stop(l);
}

static void
a_bad_key_state_is_never_silent(void)
{
	struct sealed_log l;
	size_t length, quiet = 0;
	char *state;

	sealed_log_make(&l);
	fill_log(&l);
	CU_ASSERT_TRUE(starts_loudly(&l, NULL, 0));
	fill_log(&l);
	CU_ASSERT_TRUE(starts_loudly(&l, "", 0));
	fill_log(&l);
	state = sealed_log_read(&l, SEAL_STATE_NAME, &length);
	CU_ASSERT_TRUE(starts_loudly(&l, state, length - 1));
	free(state);
	fill_log(&l);
	state = sealed_log_read(&l, SEAL_STATE_NAME, &length);
	state = realloc(state, length + 2);
	CU_ASSERT_PTR_NOT_NULL_FATAL(state);
	state[length] = 'x';
	CU_ASSERT_TRUE(starts_loudly(&l, state, length + 1));
	for (size_t at = 0; at < length; at += 13) {
		free(state);
		fill_log(&l);
		state = sealed_log_read(&l, SEAL_STATE_NAME, &length);
		state[at] ^= 1;
		quiet += !starts_loudly(&l, state, length);
	}
	CU_ASSERT_EQUAL(quiet, 0);
	free(state);
	sealed_log_remove(&l);
}

/* Whoever put an old state back may hold a copy of its keys. */
static void
an_old_key_state_is_not_used(void)
{
	struct sealed_log l;
	char *state;
	size_t length;

	sealed_log_make(&l);
	/* Of two files ago. */
	fill_log(&l);
	state = sealed_log_read(&l, SEAL_STATE_NAME, &length);
	sealed_log_start(&l);
	recorder_rotate(&l.writer);
	boot_shift += 3600;
	recorder_rotate(&l.writer);
	sealed_log_write(&l, 5);
	sealed_log_stop(&l);
	CU_ASSERT_TRUE(starts_loudly(&l, state, length));
	free(state);
	/* Of the same file, an hour ago. */
	fill_log(&l);
	state = sealed_log_read(&l, SEAL_STATE_NAME, &length);
	sealed_log_start(&l);
	sealed_log_write(&l, 5);
	boot_shift += 3600;
	sealed_log_write(&l, 5);
	sealed_log_stop(&l);
	CU_ASSERT_TRUE(starts_loudly(&l, state, length));
	free(state);
	sealed_log_remove(&l);
}

/* A state that was saved a moment before the end is what every crash leaves. */
static void
a_state_that_lags_is_caught_up(void)
{
	struct verify_report r;
	struct sealed_log l;
	char *state;
	size_t length;

	sealed_log_make(&l);
	for (int rotated = 0; rotated < 2; rotated++) {
		sealed_log_start(&l);
		sealed_log_write(&l, 5);
		sealed_log_stop(&l);
		state = sealed_log_read(&l, SEAL_STATE_NAME, &length);
		sealed_log_start(&l);
		sealed_log_write(&l, 50);
		if (rotated == 1) {
			recorder_rotate(&l.writer);
			sealed_log_write(&l, 50);
		}
		sealed_log_stop(&l);
		sealed_log_put(&l, SEAL_STATE_NAME, state, length);
		free(state);
		sealed_log_start(&l);
		sealed_log_write(&l, 5);
		sealed_log_stop(&l);
		r = sealed_log_verify(&l, true, NULL, 0);
		CU_ASSERT_EQUAL(r.faults, 0);
		CU_ASSERT_EQUAL(r.macs, r.records);
	}
	sealed_log_remove(&l);
}

/* ---- the clock ------------------------------------------------------------------ */

static void
a_clock_that_goes_back_has_its_record(void)
{
	struct verify_report r;
	struct sealed_log l;
	char message[512];

	sealed_log_make(&l);
	sealed_log_start(&l);
	sealed_log_write(&l, 3);
	wall_shift = -86400;
	sealed_log_write(&l, 3);
	/* Also over a rotation and over a restart. */
	wall_shift -= 86400;
	recorder_rotate(&l.writer);
	sealed_log_write(&l, 3);
	sealed_log_stop(&l);
	wall_shift -= 315360000;
	sealed_log_start(&l);
	sealed_log_write(&l, 3);
	wall_shift = 315360000;
	sealed_log_write(&l, 3);
	recorder_rotate(&l.writer);
	sealed_log_stop(&l);
	wall_shift = 0;
	sealed_log_start(&l);
	recorder_rotate(&l.writer);
	sealed_log_stop(&l);
	r = sealed_log_verify(&l, true, NULL, 0);
	CU_ASSERT_EQUAL(r.faults, 0);
	CU_ASSERT_EQUAL(r.files, 4);
	CU_ASSERT_TRUE(kinds_in(&l, "clock", message) >= 4);
	sealed_log_remove(&l);
}

static void
heartbeats_and_checkpoints_come_in_time(void)
{
	struct sealed_log l;
	char message[512];

	sealed_log_make(&l);
	sealed_log_start(&l);
	l.writer.rotate.daily = true;
	for (int i = 0; i < 60; i++) {
		boot_shift += 30;
		recorder_writer_tick(&l.writer);
	}
	wall_shift = 2 * 86400;
	recorder_writer_tick(&l.writer);
	recorder_writer_tick(&l.writer);
	sealed_log_stop(&l);
	wall_shift = 0;
	CU_ASSERT_TRUE(kinds_in(&l, "heartbeat", message) >= 15);
	/* Half an hour of ten minutes each, one at the rotation, one at the end. */
	CU_ASSERT_EQUAL(kinds_in(&l, "checkpoint", message), 5);
	CU_ASSERT_EQUAL(kinds_in(&l, "file", message), 2);
	CU_ASSERT_EQUAL(sealed_log_verify(&l, true, NULL, 0).faults, 0);
	sealed_log_remove(&l);
}

int
main(void)
{
	CU_TestInfo tests[] = {
	    {"LG-07 killed anywhere it goes on", killed_anywhere_it_goes_on},
	    {"LG-18 a bad key state is never silent", a_bad_key_state_is_never_silent},
	    {"LG-18 an old key state is not used", an_old_key_state_is_not_used},
	    {"a state that lags is caught up", a_state_that_lags_is_caught_up},
	    {"a clock that goes back has its record", a_clock_that_goes_back_has_its_record},
	    {"heartbeats and checkpoints come in time",
		heartbeats_and_checkpoints_come_in_time},
	    CU_TEST_INFO_NULL,
	};

	return unit_main("recorder_seal", tests);
}
