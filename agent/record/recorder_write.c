/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/recorder_write.h"

#include "agent/clock.h"
#include "agent/record/log_names.h"
#include "agent/record/log_tail.h"
#include "agent/record/record_json.h"
#include "agent/record/record_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SELF "recorder"
/* What it says of itself must not call it. */
#define ALERTER "alerter"

int64_t
recorder_now_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

/* "<boot>" of event.id; a machine without the file gets a word that says so. */
static void
read_boot_id(char boot[40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, boot, 36);

	if (fd >= 0)
		close(fd);
	if (n == 36)
		boot[36] = '\0';
	else
		memcpy(boot, "unknown-boot", sizeof("unknown-boot"));
}

static void
save_alive(struct recorder_writer *w)
{
	w->state.sequence = w->seal->sequence;
	w->state.file = w->seal->file;
	(void)recorder_state_write(w->state_fd, &w->state);
}

static void
count_lost(struct recorder_writer *w, int error)
{
	if (w->state.lost == 0)
		w->lost_since_ns = recorder_now_ns();
	w->state.lost++;
	w->lost_total++;
	w->seal->lost++;
	w->lost_error = -error;
	save_alive(w);
}

/* What could not be written is told all the same, without a seal. */
static void
alert(struct recorder_writer *w, const struct event *e, const struct record_context *context,
    char *line, size_t length, size_t unsealed)
{
	if (strcmp(context->sender, ALERTER) == 0)
		return;
	if (unsealed != 0) {
		memcpy(line + unsealed - 2, "}\n", 2);
		length = unsealed;
	}
	alert_feed_line(&w->alerts, e, line, length);
}

/* One sealed line; its number and its key are used up only when it stands in the file. */
static int
write_line(struct recorder_writer *w, const struct event *e, struct record_context *context,
    int64_t now)
{
	char line[RECORD_LINE_MAX];
	uint8_t hash[SEAL_SIZE];
	size_t length, unsealed;
	int r;

	context->sequence = w->seal->sequence + 1;
	context->created_ns = now;
	context->monotonic_ns = clock_ns(CLOCK_BOOTTIME);
	context->boot = w->boot;
	context->hostname = w->hostname;
	context->version = w->version;
	r = record_json_line(e, context, line, &length);
	if (r < 0)
		return r;
	unsealed = length;
	seal_line(w->seal, line, &length, hash);
	r = log_file_append(&w->file, line, length);
	alert(w, e, context, line, length, r < 0 ? unsealed : 0);
	if (r < 0)
		return r;
	seal_written(w->seal, length, hash);
	w->seal->monotonic_ns = (uint64_t)context->monotonic_ns;
	/* A file's first record leaves it to the next one to tell of a step of the clock. */
	if (now > w->created_ns)
		w->created_ns = now;
	w->written++;
	if (log_sync_request(w->sync, w->file.fd, w->seal) < 0)
		w->sync_error = EAGAIN;
	return 0;
}

static int
append(struct recorder_writer *w, const struct event *e, struct record_context *context)
{
	int r = 0;

	/* Nothing may come between what a checkpoint signs and itself: a step waits. */
	if (e->kind == EVENT_FILE || e->kind == EVENT_CHECKPOINT) {
		const int64_t now = recorder_now_ns();

		return write_line(w, e, context, e->kind == EVENT_CHECKPOINT &&
		    now < w->created_ns ? w->created_ns : now);
	}
	if (w->seal->records == 0)
		r = recorder_append_file(w);
	/* Order is by number; a time that was set has its own record in front. */
	if (r == 0)
		r = recorder_look_at_clock(w);
	return r < 0 ? r : write_line(w, e, context, recorder_now_ns());
}

static int
append_own(struct recorder_writer *w, const struct own_record *own, enum message_id id,
    va_list ap)
{
	const int64_t now = recorder_now_ns();
	struct event e = {
		.kind = (uint8_t)own->kind, .last_ns = now, .severity = own->severity,
		.first_ns = own->kind == EVENT_GAP && own->since_ns > 0 &&
		    own->since_ns < now ? own->since_ns : now,
		.lost = own->lost,
	};
	struct record_context context = { .sender = SELF, .members = own->members };
	char *text[2];
	va_list again;
	int r = -ENOMEM;

	if (own->kind == EVENT_GAP) {
		e.zv = ZV_14_WATCH_GAP;
		e.action = ACTION_GAP;
		e.severity = SEVERITY_HIGH;
	}
	va_copy(again, ap);
	text[MESSAGE_ENGLISH] = message_vtext(id, MESSAGE_ENGLISH, ap);
	text[MESSAGE_JAPANESE] = message_vtext(id, MESSAGE_JAPANESE, again);
	va_end(again);
	if (text[MESSAGE_ENGLISH] != NULL && text[MESSAGE_JAPANESE] != NULL) {
		snprintf(e.reason, sizeof(e.reason), "%s", text[MESSAGE_ENGLISH]);
		context.text[MESSAGE_ENGLISH] = text[MESSAGE_ENGLISH];
		context.text[MESSAGE_JAPANESE] = text[MESSAGE_JAPANESE];
		r = append(w, &e, &context);
	}
	free(text[MESSAGE_ENGLISH]);
	free(text[MESSAGE_JAPANESE]);
	json_decref(own->members);
	return r;
}

int
recorder_append(struct recorder_writer *w, const struct own_record *own,
    enum message_id id, ...)
{
	va_list ap;
	int r;

	va_start(ap, id);
	r = append_own(w, own, id, ap);
	va_end(ap);
	return r;
}

/* The first record after a loss tells its exact size. 0 when nothing is owed any more. */
static int
report_loss(struct recorder_writer *w)
{
	const unsigned long long lost = w->state.lost;
	const struct own_record own = { .kind = EVENT_GAP, .since_ns = w->lost_since_ns,
		.lost = lost };
	int r;

	if (lost == 0)
		return 0;
	r = recorder_append(w, &own, MSG_RECORD_LOST, lost, strerror(w->lost_error));
	if (r < 0)
		return r;
	w->state.lost = 0;
	save_alive(w);
	return 0;
}

void
recorder_writer_event(
    struct recorder_writer *w, const struct event *e, const char *sender, bool reserved)
{
	struct record_context context = { .sender = sender };
	int r = w->low_space && !reserved ? -ENOSPC : report_loss(w);

	if (r == 0)
		r = append(w, e, &context);
	if (r < 0)
		count_lost(w, r);
}

void
recorder_writer_own(struct recorder_writer *w, enum event_kind kind, int64_t since_ns,
    uint64_t lost, enum message_id id, ...)
{
	const struct own_record own = { .kind = kind, .since_ns = since_ns, .lost = lost };
	va_list ap;
	int r = report_loss(w);

	va_start(ap, id);
	if (r == 0)
		r = append_own(w, &own, id, ap);
	va_end(ap);
	if (r < 0)
		count_lost(w, r);
}

static void
tell_missing(struct recorder_writer *w, int64_t since, uint64_t have, uint64_t had)
{
	if (had > have)
		recorder_writer_own(w, EVENT_GAP, since, had - have, MSG_RECORD_MISSING,
		    (unsigned long long)have, (unsigned long long)had);
}

/* How the last run ended, by the log's end and the states it left. */
static void
tell_last_run(struct recorder_writer *w, const struct recorder_state *before, bool known,
    const struct log_tail *tail, const struct seal_recovery *found, uint64_t good)
{
	int64_t since = before->alive_ns > tail->written_ns ? before->alive_ns :
	    tail->written_ns;
	struct own_record recovery = { .kind = EVENT_RECOVERY };

	recorder_writer_own(w, EVENT_LIFE, 0, 0, MSG_RECORD_STARTED);
	if (found->found == SEAL_CUT && found->state_sequence > before->sequence)
		tell_missing(w, since, tail->sequence, found->state_sequence);
	else if (known)
		tell_missing(w, since, found->found == SEAL_CUT ||
		    found->found == SEAL_BROKEN ? tail->sequence : good, before->sequence);
	if (!before->clean && (known || tail->sequence > 0))
		recorder_writer_own(w, EVENT_GAP, since, 0, MSG_RECORD_AWAY);
	if (found->beyond == 0 && found->set_aside == 0 && before->clean)
		return;
	recovery.severity = found->set_aside > 0 ? SEVERITY_HIGH : SEVERITY_NOTICE;
	recovery.members = json_pack("{s:{s:I,s:I,s:I}}", "recovery",
	    "saved", (json_int_t)found->state_sequence,
	    "verified", (json_int_t)found->beyond, "set_aside", (json_int_t)found->set_aside);
	if (found->found != SEAL_FIRST)
		(void)recorder_append(w, &recovery, MSG_RECORD_RECOVERY,
		    (unsigned long long)found->beyond, (unsigned long long)found->set_aside);
	else
		json_decref(recovery.members);
}

static void
look_at_torn(struct recorder_writer *w)
{
	const unsigned long long bytes = w->file.set_aside;

	if (bytes == 0)
		return;
	w->file.set_aside = 0;
	recorder_writer_own(w, EVENT_GAP, 0, 0, MSG_RECORD_TORN, bytes, LOG_TORN_NAME);
}

static void
look_at_sync(struct recorder_writer *w)
{
	int error = log_sync_failed(w->sync);
	char since[RECORD_TIME_SIZE];

	if (error != 0) {
		w->sync_error = error;
		w->sync_error_ns = clock_ns(CLOCK_BOOTTIME);
		recorder_writer_own(w, EVENT_GAP, w->synced_ns, 0, MSG_RECORD_SYNC,
		    strerror(error), record_seconds(w->synced_ns, since));
	}
	w->synced_ns = recorder_now_ns();
}

/* What is open is the caller's to close. */
static int
open_log(struct recorder_writer *w, struct recorder_state *before, bool *known,
    struct log_tail *tail)
{
	int r = log_file_open(&w->file, w->directory);

	if (r < 0)
		return r;
	r = log_tail_find(w->directory, tail);
	if (r < 0)
		return r;
	w->state_fd = recorder_state_open(w->directory, before, known);
	if (w->state_fd < 0)
		return w->state_fd;
	w->seal = seal_state_new();
	w->sync = log_sync_new(w->directory);
	return w->seal == NULL || w->sync == NULL ? -ENOMEM : 0;
}

static void
close_log(struct recorder_writer *w)
{
	log_packer_free(w->packer);
	w->packer = NULL;
	log_sync_free(w->sync);
	w->sync = NULL;
	seal_state_free(w->seal);
	w->seal = NULL;
	if (w->state_fd >= 0)
		close(w->state_fd);
	log_file_close(&w->file);
}

int
recorder_writer_open(struct recorder_writer *w)
{
	struct recorder_state before = { 0 };
	struct seal_recovery found;
	struct log_tail tail;
	bool known = false;
	uint64_t good;
	int r;

	read_boot_id(w->boot);
	w->synced_ns = recorder_now_ns();
	w->state_fd = w->file.fd = -1;
	r = open_log(w, &before, &known, &tail);
	if (r == 0)
		r = recorder_seal_open(w, &before, tail.sequence, tail.hash, &found);
	if (r < 0) {
		close_log(w);
		return r;
	}
	good = w->seal->sequence;
	memcpy(w->seal->boot, w->boot, sizeof(w->seal->boot));
	w->created_ns = tail.created_ns;
	w->state.lost = before.lost;
	w->lost_since_ns = before.alive_ns;
	w->lost_error = ENOSPC;
	/* Without the thread files only stay as large as they are. */
	if (w->pack)
		w->packer = log_packer_new(w->directory);
	tell_last_run(w, &before, known, &tail, &found, good);
	recorder_writer_tick(w);
	return 0;
}

void
recorder_writer_close(struct recorder_writer *w, bool told)
{
	if (told) {
		recorder_writer_own(w, EVENT_LIFE, 0, 0, MSG_RECORD_STOPPED);
		(void)recorder_append_checkpoint(w);
	}
	log_sync_free(w->sync);
	w->sync = NULL;
	/* After the sync: the state may lag behind the log, never lead. */
	w->state.clean = told;
	w->state.alive_ns = recorder_now_ns();
	save_alive(w);
	close_log(w);
}

bool
recorder_takes_file(struct recorder_writer *w, int reopened)
{
	if (reopened < 0 && !w->reopen_failed)
		recorder_writer_own(w, EVENT_GAP, 0, 0, MSG_RECORD_REOPEN_FAILED,
		    strerror(-reopened));
	w->reopen_failed = reopened < 0;
	if (reopened == 1)
		seal_next_file(w->seal);
	return reopened == 1;
}

void
recorder_writer_reopen(struct recorder_writer *w)
{
	int old;

	if (!log_file_moved(&w->file))
		return;
	/* The last word in the file that somebody moved. */
	(void)recorder_append_checkpoint(w);
	if (recorder_takes_file(w, log_file_reopen(&w->file, &old))) {
		w->rotate.day = log_rotate_day(recorder_now_ns());
		w->closed[0] = '\0';
		recorder_writer_own(w, EVENT_LIFE, 0, 0, MSG_RECORD_REOPENED);
	}
	if (old >= 0)
		close(old);
}

void
recorder_writer_tick(struct recorder_writer *w)
{
	(void)recorder_look_at_clock(w);
	recorder_look_at_disk(w);
	alert_feed_tick(&w->alerts);
	recorder_retention_tick(w);
	look_at_sync(w);
	look_at_torn(w);
	if (!w->low_space)
		(void)report_loss(w);
	recorder_writer_reopen(w);
	recorder_seal_tick(w);
	w->state.clean = false;
	w->state.alive_ns = recorder_now_ns();
	save_alive(w);
}
