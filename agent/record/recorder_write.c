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
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define SELF "recorder"

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
count_lost(struct recorder_writer *w, int error)
{
	if (w->state.lost == 0)
		w->lost_since_ns = recorder_now_ns();
	w->state.lost++;
	w->lost_total++;
	w->lost_error = -error;
	(void)recorder_state_write(w->state_fd, &w->state);
}

/* One line; the number is used up only when it stands in the file. */
static int
append(struct recorder_writer *w, const struct event *e, const char *sender,
    char *const text[2])
{
	struct record_context context = {
		.sequence = w->state.sequence + 1, .created_ns = recorder_now_ns(),
		.boot = w->boot, .hostname = w->hostname, .version = w->version,
		.sender = sender,
	};
	char line[RECORD_LINE_MAX];
	size_t length;
	int r;

	if (text != NULL) {
		context.text[MESSAGE_ENGLISH] = text[MESSAGE_ENGLISH];
		context.text[MESSAGE_JAPANESE] = text[MESSAGE_JAPANESE];
	}
	r = record_json_line(e, &context, line, &length);
	if (r == 0)
		r = log_file_append(&w->file, line, length);
	if (r < 0)
		return r;
	w->state.sequence++;
	w->written++;
	if (log_sync_request(w->sync, w->file.fd) < 0)
		w->sync_error = EAGAIN;
	return 0;
}

static int
append_own(struct recorder_writer *w, enum event_kind kind, int64_t since_ns,
    uint64_t lost, enum message_id id, va_list ap)
{
	const int64_t now = recorder_now_ns();
	struct event e = {
		.kind = (uint8_t)kind, .last_ns = now,
		.first_ns = kind == EVENT_GAP && since_ns > 0 && since_ns < now ?
		    since_ns : now,
		.lost = lost,
	};
	char *text[2];
	va_list again;
	int r = -ENOMEM;

	if (kind == EVENT_GAP) {
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
		r = append(w, &e, SELF, text);
	}
	free(text[MESSAGE_ENGLISH]);
	free(text[MESSAGE_JAPANESE]);
	return r;
}

static int
append_message(struct recorder_writer *w, enum event_kind kind, int64_t since_ns,
    uint64_t lost, enum message_id id, ...)
{
	va_list ap;
	int r;

	va_start(ap, id);
	r = append_own(w, kind, since_ns, lost, id, ap);
	va_end(ap);
	return r;
}

/* The first record after a loss tells its exact size. 0 when nothing is owed any more. */
static int
report_loss(struct recorder_writer *w)
{
	const unsigned long long lost = w->state.lost;
	int r;

	if (lost == 0)
		return 0;
	r = append_message(w, EVENT_GAP, w->lost_since_ns, lost, MSG_RECORD_LOST, lost,
	    strerror(w->lost_error));
	if (r < 0)
		return r;
	w->state.lost = 0;
	return recorder_state_write(w->state_fd, &w->state);
}

void
recorder_writer_event(
    struct recorder_writer *w, const struct event *e, const char *sender, bool reserved)
{
	int r = w->low_space && !reserved ? -ENOSPC : report_loss(w);

	if (r == 0)
		r = append(w, e, sender, NULL);
	if (r < 0)
		count_lost(w, r);
}

void
recorder_writer_own(struct recorder_writer *w, enum event_kind kind, int64_t since_ns,
    uint64_t lost, enum message_id id, ...)
{
	va_list ap;
	int r = report_loss(w);

	va_start(ap, id);
	if (r == 0)
		r = append_own(w, kind, since_ns, lost, id, ap);
	va_end(ap);
	if (r < 0)
		count_lost(w, r);
}

/* How the last run ended, by the log's end and the state it left. */
static void
tell_last_run(struct recorder_writer *w, const struct recorder_state *before, bool known,
    const struct log_tail *tail)
{
	int64_t since = before->alive_ns > tail->written_ns ? before->alive_ns :
	    tail->written_ns;

	recorder_writer_own(w, EVENT_LIFE, 0, 0, MSG_RECORD_STARTED);
	if (known && before->sequence > tail->sequence)
		recorder_writer_own(w, EVENT_GAP, since,
		    before->sequence - tail->sequence, MSG_RECORD_MISSING,
		    (unsigned long long)tail->sequence,
		    (unsigned long long)before->sequence);
	if (!before->clean && (known || tail->sequence > 0))
		recorder_writer_own(w, EVENT_GAP, since, 0, MSG_RECORD_AWAY);
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

/* Told once, when it begins. */
static void
look_at_disk(struct recorder_writer *w)
{
	struct statvfs fs;
	bool low;

	if (fstatvfs(w->directory, &fs) < 0)
		return;
	w->free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	low = w->free_bytes < w->reserve_bytes;
	if (low && !w->low_space)
		recorder_writer_own(w, EVENT_GAP, 0, 0, MSG_RECORD_SPACE,
		    (unsigned long long)w->free_bytes);
	w->low_space = low;
}

static void
look_at_sync(struct recorder_writer *w)
{
	int error = log_sync_failed(w->sync);
	char since[RECORD_TIME_SIZE];

	if (error != 0) {
		w->sync_error = error;
		recorder_writer_own(w, EVENT_GAP, w->synced_ns, 0, MSG_RECORD_SYNC,
		    strerror(error), record_seconds(w->synced_ns, since));
	}
	w->synced_ns = recorder_now_ns();
}

int
recorder_writer_open(struct recorder_writer *w)
{
	struct recorder_state before;
	struct log_tail tail;
	bool known;
	int r;

	read_boot_id(w->boot);
	w->synced_ns = recorder_now_ns();
	r = log_file_open(&w->file, w->directory);
	if (r < 0)
		return r;
	r = log_tail_find(w->directory, &tail);
	w->state_fd = r < 0 ? r : recorder_state_open(w->directory, &before, &known);
	if (w->state_fd < 0) {
		log_file_close(&w->file);
		return w->state_fd;
	}
	w->sync = log_sync_new();
	if (w->sync == NULL) {
		r = -errno;
		close(w->state_fd);
		log_file_close(&w->file);
		return r;
	}
	w->state.sequence =
	    before.sequence > tail.sequence ? before.sequence : tail.sequence;
	w->state.lost = before.lost;
	w->lost_since_ns = before.alive_ns;
	w->lost_error = ENOSPC;
	tell_last_run(w, &before, known, &tail);
	recorder_writer_tick(w);
	return 0;
}

void
recorder_writer_close(struct recorder_writer *w, bool told)
{
	if (told)
		recorder_writer_own(w, EVENT_LIFE, 0, 0, MSG_RECORD_STOPPED);
	log_sync_free(w->sync);
	w->sync = NULL;
	/* After the sync: the state may lag behind the log, never lead. */
	w->state.clean = told;
	w->state.alive_ns = recorder_now_ns();
	(void)recorder_state_write(w->state_fd, &w->state);
	close(w->state_fd);
	log_file_close(&w->file);
}

void
recorder_writer_reopen(struct recorder_writer *w)
{
	int old;
	int r = log_file_reopen(&w->file, &old);

	if (r < 0 && !w->reopen_failed)
		recorder_writer_own(
		    w, EVENT_GAP, 0, 0, MSG_RECORD_REOPEN_FAILED, strerror(-r));
	w->reopen_failed = r < 0;
	if (r == 1)
		recorder_writer_own(w, EVENT_LIFE, 0, 0, MSG_RECORD_REOPENED);
	if (old >= 0)
		close(old);
}

void
recorder_writer_tick(struct recorder_writer *w)
{
	look_at_disk(w);
	look_at_sync(w);
	look_at_torn(w);
	if (!w->low_space)
		(void)report_loss(w);
	if (log_file_moved(&w->file))
		recorder_writer_reopen(w);
	w->state.clean = false;
	w->state.alive_ns = recorder_now_ns();
	(void)recorder_state_write(w->state_fd, &w->state);
}
