/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the recorder looks at beside its writing: the disk, and the time of day. */
#include "agent/clock.h"
#include "agent/record/record_text.h"
#include "agent/record/recorder_write.h"
#include "agent/record/retention.h"
#include "rules/violation_class.h"

#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A mark is told again when the disk was so much emptier in between, in percent. */
#define MARK_REST 2u
#define SECOND_NS	INT64_C(1000000000)
/* One file, and a while for its record to reach the disk. */
#define DISPOSAL_NS	(SECOND_NS * 60)
#define DISPOSAL_REST_NS (SECOND_NS * 3600)
/* So long a clock must have gone on steadily before anything is thrown away by it. */
#define STEADY_NS	(SECOND_NS * 24 * 3600)

/* Used percent as df(1) counts: of what others than root may use. */
static unsigned int
used_percent(const struct statvfs *fs)
{
	const uint64_t used = (uint64_t)fs->f_blocks - fs->f_bfree;
	const uint64_t all = used + fs->f_bavail;

	return all == 0 ? 0 : (unsigned int)((100 * used + all - 1) / all);
}

static void
tell_mark(struct recorder_writer *w, unsigned int used, unsigned int mark)
{
	struct own_record own = { .kind = EVENT_LIFE, .severity = SEVERITY_WARNING };

	own.members = json_pack("{s:{s:i,s:i,s:I}}", "disk", "mark", (int)mark, "used_percent",
	    (int)used, "free_bytes", (json_int_t)w->free_bytes);
	(void)recorder_append(w, &own, MSG_RECORD_MARK, used, mark,
	    (unsigned long long)w->free_bytes);
}

static void
look_at_marks(struct recorder_writer *w, unsigned int used)
{
	const struct record_rules *rules = &w->rules;

	while (w->marks > 0 && used + MARK_REST < rules->marks[w->marks - 1])
		w->marks--;
	while (w->marks < rules->n_marks && w->marks < RECORD_MARKS &&
	    used >= rules->marks[w->marks])
		tell_mark(w, used, rules->marks[w->marks++]);
}

void
recorder_look_at_disk(struct recorder_writer *w)
{
	struct statvfs fs;
	bool low;

	if (fstatvfs(w->directory, &fs) < 0)
		return;
	w->free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	w->used_percent = used_percent(&fs);
	look_at_marks(w, w->used_percent);
	low = w->free_bytes < w->reserve_bytes;
	/* Told once, when it begins. */
	if (low && !w->low_space)
		recorder_writer_own(w, EVENT_GAP, 0, 0, MSG_RECORD_SPACE,
		    (unsigned long long)w->free_bytes);
	w->low_space = low;
}

/* What was planned by the interval before does not come later than the new one says. */
static void
hasten(int64_t *next_ns, unsigned int interval_s)
{
	const int64_t latest = clock_ns(CLOCK_BOOTTIME) + interval_s * SECOND_NS;

	if (interval_s > 0 && *next_ns > latest)
		*next_ns = latest;
}

void
recorder_take_rules(struct recorder_writer *w, const struct record_rules *rules)
{
	struct record_rules r = *rules;

	/* The sender is trusted; an index is checked all the same. */
	if (r.n_marks > RECORD_MARKS)
		r.n_marks = RECORD_MARKS;
	w->rules = r;
	w->rotate.size = r.rotate_size;
	w->rotate.daily = r.rotate_daily;
	w->checkpoint_s = r.checkpoint_s;
	w->heartbeat_s = r.heartbeat_s;
	hasten(&w->next_checkpoint_ns, r.checkpoint_s);
	hasten(&w->next_heartbeat_ns, r.heartbeat_s);
	if (w->marks > r.n_marks)
		w->marks = r.n_marks;
}

/* ---- the time of day ----------------------------------------------------------------- */

static int
append_clock(struct recorder_writer *w, int64_t before, int64_t now)
{
	const struct clock_watch watch = w->clock;
	const int64_t created_ns = w->created_ns;
	char was[RECORD_TIME_SIZE], is[RECORD_TIME_SIZE];
	struct own_record own = { .kind = EVENT_CLOCK, .severity = SEVERITY_WARNING };
	int r;

	own.members = json_pack("{s:{s:s,s:s,s:I}}", "clock", "before", record_time(before, was),
	    "after", record_time(now, is), "step_ns", (json_int_t)(now - before));
	/* From here on it is the new time that counts, or this record would want one too. */
	w->created_ns = now;
	clock_watch_take(&w->clock);
	r = recorder_append(w, &own, MSG_RECORD_CLOCK, was, is);
	w->stepped_ns = clock_ns(CLOCK_BOOTTIME);
	if (r < 0) {
		w->clock = watch;
		w->created_ns = created_ns;
	}
	return r;
}

int
recorder_look_at_clock(struct recorder_writer *w)
{
	int64_t expected, now;

	if (clock_watch_look(&w->clock, &expected, &now))
		return append_clock(w, expected, now);
	/* Slower than a step, or while nobody looked. */
	return now < w->created_ns ? append_clock(w, w->created_ns, now) : 0;
}

/* ---- what was kept long enough ------------------------------------------------------- */

/* The record of it stands and is synced: nothing failed since. */
static void
remove_disposed(struct recorder_writer *w)
{
	if (w->disposed[0] == '\0')
		return;
	if (w->sync_error_ns == 0 ||
	    clock_ns(CLOCK_BOOTTIME) - w->sync_error_ns > DISPOSAL_NS)
		(void)unlinkat(w->directory, w->disposed, 0);
	w->disposed[0] = '\0';
}

static int
tell_disposal(struct recorder_writer *w, const struct retention_file *f)
{
	struct own_record own = { .kind = EVENT_DISPOSAL, .severity = SEVERITY_NOTICE };
	unsigned long day = 0, number = 0;
	char closed[16];

	(void)log_names_closed(f->name, &day, &number);
	snprintf(closed, sizeof(closed), "%08lu", day % 100000000);
	own.members = json_pack("{s:{s:I,s:s,s:I,s:I,s:I,s:s,s:s,s:I}}", "disposal",
	    "number", (json_int_t)f->number, "name", f->name, "first", (json_int_t)f->first,
	    "last", (json_int_t)f->last, "bytes", (json_int_t)f->bytes, "hash", f->hash,
	    "closed", closed, "days", (json_int_t)f->days);
	return recorder_append(w, &own, MSG_RECORD_DISPOSAL, f->name,
	    (unsigned long long)f->number, (unsigned long long)f->last, f->days);
}

void
recorder_look_at_retention(struct recorder_writer *w, bool trusted)
{
	const int64_t now = clock_ns(CLOCK_BOOTTIME);
	struct retention_file file;

	if (now < w->next_disposal_ns)
		return;
	remove_disposed(w);
	w->next_disposal_ns = now + DISPOSAL_REST_NS;
	if (!trusted || w->low_space || w->state.lost > 0 ||
	    (w->stepped_ns != 0 && now - w->stepped_ns < STEADY_NS) ||
	    retention_find(w->directory, &w->rules, log_rotate_day(recorder_now_ns()), &file) != 1 ||
	    tell_disposal(w, &file) < 0)
		return;
	snprintf(w->disposed, sizeof(w->disposed), "%s", file.name);
	w->next_disposal_ns = now + DISPOSAL_NS;
}

void
recorder_retention_tick(struct recorder_writer *w)
{
	struct clock_state clock;

	if (clock_ns(CLOCK_BOOTTIME) < w->next_disposal_ns)
		return;
	clock_state_read(&clock);
	recorder_look_at_retention(w, clock.known && clock.synchronised);
}
