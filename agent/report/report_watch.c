/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/report/report_watch.h"

#include "agent/report/report_words.h"
#include "agent/cli/violations_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A heartbeat comes each minute, unless the policy says otherwise: the usual distance. */
#define BEAT_S		60
#define BEAT_MOST_S	3600
/* Longer than so many usual distances is silence. */
#define BEATS_MISSED	2.5
#define GAPS_SHOWN	24u
#define SPANS_FIRST	256u

/* A time that was not watched; [begin, end). */
struct span {
	int64_t begin, end;
	bool silence;		/* between two records, to be judged at the end */
};

struct report_watch {
	int64_t from, until;
	int64_t first, last;		/* record of the recorder, INT64_MIN: none yet */
	int64_t beat;			/* the last heartbeat, INT64_MIN: none */
	uint32_t distances[BEAT_MOST_S + 1];	/* of heartbeats, how many of each */
	struct span *spans;
	size_t n, room;
	json_t *gaps;			/* the longest, longest first */
	uint64_t n_gaps, lost_packets, lost_records;
	uint64_t beats, synchronised, unsynchronised, steps;
	int64_t offset_most_ns;
	json_t *clock_steps;
	json_int_t lost_ever_first, lost_ever_last;	/* of heartbeats; -1: none yet */
};

struct report_watch *
report_watch_new(int64_t from, int64_t until)
{
	struct report_watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->from = from;
	w->until = until;
	w->first = w->last = w->beat = INT64_MIN;
	w->lost_ever_first = w->lost_ever_last = -1;
	w->gaps = json_array();
	w->clock_steps = json_array();
	return w;
}

void
report_watch_free(struct report_watch *w)
{
	if (w == NULL)
		return;
	json_decref(w->gaps);
	json_decref(w->clock_steps);
	free(w->spans);
	free(w);
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The part of it that lies in the period. */
static int
add_span(struct report_watch *w, int64_t begin, int64_t end, bool silence)
{
	if (later(begin, w->from) >= earlier(end, w->until))
		return 0;
	if (w->n == w->room) {
		size_t room = w->room == 0 ? SPANS_FIRST : w->room * 2;
		struct span *more = reallocarray(w->spans, room, sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		w->spans = more;
		w->room = room;
	}
	w->spans[w->n++] = (struct span){ .begin = begin, .end = end, .silence = silence };
	return 0;
}

/* ---- silence ------------------------------------------------------------------------- */

/* Records whose time is when the recorder wrote them. */
static bool
is_of_recorder(const struct line_fields *f)
{
	static const char *const kinds[] = { "heartbeat", "life", "file", "checkpoint",
		"recovery" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (line_text_is(&f->kind, kinds[i]))
			return true;
	return false;
}

static void
take_distance(struct report_watch *w, int64_t seconds)
{
	const int64_t distance = w->beat == INT64_MIN ? -1 : seconds - w->beat;

	w->beat = seconds;
	if (distance > 0 && distance <= BEAT_MOST_S)
		w->distances[distance]++;
}

int
report_watch_take(struct report_watch *w, const struct line_fields *f)
{
	int64_t seconds;
	int r = 0;

	if (!is_of_recorder(f))
		return 0;
	seconds = report_seconds(f->time.text, f->time.length);
	if (seconds == INT64_MIN)
		return 0;
	if (w->first == INT64_MIN)
		w->first = seconds;
	if (line_text_is(&f->kind, "heartbeat"))
		take_distance(w, seconds);
	if (w->last != INT64_MIN && seconds - w->last > BEAT_S)
		r = add_span(w, w->last, seconds, true);
	w->last = seconds;
	return r;
}

/* The median distance of heartbeats, and what is longer than usual. */
static int64_t
silence_from(const struct report_watch *w)
{
	uint64_t all = 0, so_far = 0;
	int64_t usual = 0;

	for (size_t i = 0; i <= BEAT_MOST_S; i++)
		all += w->distances[i];
	while (usual < BEAT_MOST_S && (so_far += w->distances[usual]) * 2 < all)
		usual++;
	usual = all == 0 ? BEAT_S : later(usual, 1);
	return later((int64_t)((double)usual * BEATS_MISSED), BEAT_S);
}

static int
by_begin(const void *left, const void *right)
{
	const struct span *a = left, *b = right;

	return a->begin < b->begin ? -1 : a->begin > b->begin;
}

/* Seconds that were not watched, each once; silences only where they are none is dropped. */
static int64_t
missing(struct report_watch *w, int64_t *silent)
{
	const int64_t least = silence_from(w);
	int64_t sum = 0, until = INT64_MIN;

	*silent = 0;
	if (w->n > 0)
		qsort(w->spans, w->n, sizeof(*w->spans), by_begin);
	for (size_t i = 0; i < w->n; i++) {
		const struct span *s = &w->spans[i];
		const int64_t begin = later(later(s->begin, w->from), until);
		const int64_t end = earlier(s->end, w->until);

		if (s->silence && s->end - s->begin <= least)
			continue;
		if (s->silence)
			*silent += end - later(s->begin, w->from);
		if (begin < end)
			sum += end - begin;
		until = later(until, end);
	}
	return sum;
}

/* ---- gaps, clock, losses -------------------------------------------------------------- */

/* Longest first; the array stays short. */
static int
keep_gap(struct report_watch *w, const json_t *record, int64_t begin, int64_t end,
    enum message_language language)
{
	const json_int_t seconds = end - begin;
	size_t i = json_array_size(w->gaps);
	json_t *row;

	while (i > 0 && json_integer_value(json_object_get(json_array_get(w->gaps, i - 1),
	    "seconds")) < seconds)
		i--;
	if (i >= GAPS_SHOWN)
		return 0;
	row = json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:o}",
	    "begin", report_words_take(report_time_text(begin)),
	    "end", report_words_take(report_time_text(end)),
	    "duration", report_words_take(report_duration_text(seconds, language)),
	    "seconds", seconds, "at", (json_int_t)begin,
	    "lost", violations_number(record, "sekisho.lost"),
	    "sentence", report_words_sentence(record, language));
	if (row == NULL || json_array_insert_new(w->gaps, i, row) < 0)
		return -ENOMEM;
	if (json_array_size(w->gaps) > GAPS_SHOWN)
		json_array_remove(w->gaps, GAPS_SHOWN);
	return 0;
}

static int64_t
seconds_at(const json_t *record, const char *path)
{
	const char *text = violations_text(record, path);

	return report_seconds(text, strlen(text));
}

static int
take_gap(struct report_watch *w, const json_t *record, enum message_language language)
{
	const int64_t begin = seconds_at(record, "event.start");
	const int64_t end = seconds_at(record, "event.end");
	const json_int_t lost = violations_number(record, "sekisho.lost");
	const bool watcher = strcmp(violations_text(record, "event.module"), "watcher") == 0;

	w->n_gaps++;
	*(watcher ? &w->lost_packets : &w->lost_records) += lost > 0 ? (uint64_t)lost : 0;
	if (begin == INT64_MIN || end == INT64_MIN || begin > end)
		return 0;
	if (add_span(w, begin, end, false) < 0)
		return -ENOMEM;
	return keep_gap(w, record, begin, end, language);
}

static void
take_beat(struct report_watch *w, const json_t *record)
{
	const json_int_t lost = violations_number(record, "sekisho.heartbeat.lost_ever");
	const json_t *clock = json_object_get(json_object_get(json_object_get(record,
	    "sekisho"), "heartbeat"), "clock");
	const json_t *synchronised = json_object_get(clock, "synchronised");
	json_int_t offset = json_integer_value(json_object_get(clock, "offset_ns"));

	w->beats++;
	w->synchronised += json_is_true(synchronised);
	w->unsynchronised += json_is_false(synchronised);
	if (offset < 0)
		offset = offset == INT64_MIN ? INT64_MAX : -offset;
	w->offset_most_ns = later(w->offset_most_ns, offset);
	if (w->lost_ever_first < 0)
		w->lost_ever_first = lost;
	w->lost_ever_last = lost;
}

static int
take_step(struct report_watch *w, const json_t *record, enum message_language language)
{
	w->steps++;
	return report_words_keep(w->clock_steps, REPORT_ROWS_CLOCK,
	    report_words_event(record, language));
}

int
report_watch_take_whole(struct report_watch *w, const json_t *record,
    enum message_language language)
{
	const char *kind = violations_text(record, "sekisho.kind");

	if (strcmp(kind, "gap") == 0)
		return take_gap(w, record, language);
	if (strcmp(kind, "clock") == 0)
		return take_step(w, record, language);
	if (strcmp(kind, "heartbeat") == 0)
		take_beat(w, record);
	return 0;
}

/* ---- the answer ----------------------------------------------------------------------- */

static json_t *
clock_json(const struct report_watch *w)
{
	return json_pack("{s:I, s:I, s:I, s:b, s:o, s:b, s:o, s:I, s:O}",
	    "beats", (json_int_t)w->beats, "synchronised", (json_int_t)w->synchronised,
	    "unsynchronised", (json_int_t)w->unsynchronised,
	    "known", w->synchronised + w->unsynchronised > 0,
	    "share", report_words_share(w->synchronised, w->synchronised + w->unsynchronised),
	    "good", w->unsynchronised == 0 && w->synchronised > 0,
	    "offset_ms", json_sprintf("%.3f", (double)w->offset_most_ns / 1e6),
	    "steps", (json_int_t)w->steps, "step_rows", w->clock_steps);
}

static json_t *
watched_json(struct report_watch *w, enum message_language language)
{
	int64_t all = w->until - w->from, silent, none;

	/* What was before the first record and after the last one. */
	if (w->last == INT64_MIN) {
		(void)add_span(w, w->from, w->until, false);
	} else {
		(void)add_span(w, w->from, w->first, true);
		(void)add_span(w, w->last, w->until, true);
	}
	none = missing(w, &silent);
	if (all < 0)
		all = 0;
	return json_pack("{s:o, s:o, s:I, s:o, s:o, s:I, s:b, s:b, s:o}",
	    "share", report_words_share((uint64_t)(all - none), (uint64_t)all),
	    "missing", report_words_take(report_duration_text(none, language)),
	    "missing_seconds", (json_int_t)none,
	    "silent", report_words_take(report_duration_text(silent, language)),
	    "of", report_words_take(report_duration_text(all, language)),
	    "silent_seconds", (json_int_t)silent, "complete", none == 0 && all > 0,
	    "begins_late", w->first != INT64_MIN && w->first > w->from + BEAT_S,
	    "first", w->first == INT64_MIN ? json_string("") :
	    report_words_take(report_time_text(w->first)));
}

json_t *
report_watch_json(struct report_watch *w, enum message_language language)
{
	const json_int_t ever = w->lost_ever_last - w->lost_ever_first;

	return json_pack("{s:o, s:o, s:{s:I, s:I, s:O}, s:{s:I, s:I, s:I, s:b}}",
	    "watched", watched_json(w, language), "clock", clock_json(w),
	    "gaps", "count", (json_int_t)w->n_gaps,
	    "more", (json_int_t)(w->n_gaps - json_array_size(w->gaps)), "rows", w->gaps,
	    "losses", "packets", (json_int_t)w->lost_packets,
	    "records", (json_int_t)w->lost_records, "ledger", ever > 0 ? ever : 0,
	    "any", w->lost_packets + w->lost_records > 0 || ever > 0);
}
