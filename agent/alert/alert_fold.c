/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/alert/alert_fold.h"

#include <string.h>

#define SECOND_NS INT64_C(1000000000)

const char *
alert_why_name(enum alert_why why)
{
	switch (why) {
	case ALERT_RECORD:
		return "record";
	case ALERT_FOLDED:
		return "folded";
	case ALERT_QUIET:
		return "quiet";
	}
	return "";
}

uint64_t
alert_fold_kept(const struct alert_state *s)
{
	return s->folded.n + s->held.n;
}

/* ---- heaps ------------------------------------------------------------------------------ */

static void
empty(struct alert_heap *h)
{
	h->n = 0;
	h->severity = 0;
	h->length = 0;
}

static void
add(struct alert_heap *h, int64_t wall_ns, uint64_t n, uint8_t severity, const char *line,
    size_t length)
{
	if (h->n == 0)
		h->since_ns = wall_ns;
	h->n += n;
	h->until_ns = wall_ns;
	if (line != NULL && length <= sizeof(h->line) &&
	    (severity >= h->severity || h->length == 0)) {
		memcpy(h->line, line, length);
		h->length = length;
	}
	if (severity > h->severity)
		h->severity = severity;
}

/* One heap onto another. */
static void
move(struct alert_heap *to, struct alert_heap *from)
{
	const bool first = to->n == 0 || from->since_ns < to->since_ns;
	const bool last = to->n == 0 || from->until_ns > to->until_ns;
	const int64_t since_ns = first ? from->since_ns : to->since_ns;
	const int64_t until_ns = last ? from->until_ns : to->until_ns;

	if (from->n == 0)
		return;
	add(to, from->until_ns, from->n, from->severity, from->length > 0 ? from->line : NULL,
	    from->length);
	to->since_ns = since_ns;
	to->until_ns = until_ns;
	empty(from);
}

static bool
tell(struct alert_state *s, const struct alert_rule *r, const struct alert_moment *now,
    enum alert_why why, struct alert_heap *heap, struct alert_alarm *out)
{
	out->why = why;
	out->heap = *heap;
	empty(heap);
	s->told_severity = out->heap.severity;
	s->fold_until_ns = r->fold_s > 0 ? now->boot_ns + r->fold_s * SECOND_NS : 0;
	return true;
}

/* ---- thresholds -------------------------------------------------------------------------- */

static void
forget_old(struct alert_state *s, const struct alert_rule *r, int64_t boot_ns)
{
	while (s->n_times > 0 && boot_ns - s->times[s->first] > r->threshold_s * SECOND_NS) {
		s->first = (s->first + 1) % ALERT_THRESHOLD_MOST;
		s->n_times--;
	}
	/* Too slow to count: what came before is no part of what may come. */
	if (s->n_times == 0)
		empty(&s->counting);
}

static bool
reached(struct alert_state *s, const struct alert_rule *r, int64_t boot_ns, uint64_t n)
{
	for (uint64_t i = 0; i < n && s->n_times < r->threshold; i++)
		s->times[(s->first + s->n_times++) % ALERT_THRESHOLD_MOST] = boot_ns;
	if (s->n_times < r->threshold)
		return false;
	s->n_times = 0;
	return true;
}

/* ---- the whole --------------------------------------------------------------------------- */

static bool
holds_back(const struct alert_rule *r, const struct alert_moment *now, uint8_t severity)
{
	return severity < r->quiet_below && alert_is_quiet(r, now->weekday, now->minute);
}

bool
alert_fold_take(struct alert_state *s, const struct alert_rule *r,
    const struct alert_moment *now, uint64_t n, uint8_t severity, const char *line,
    size_t length, struct alert_alarm *out)
{
	if (n == 0)
		return false;
	if (holds_back(r, now, severity)) {
		add(&s->held, now->wall_ns, n, severity, line, length);
		return false;
	}
	if (now->boot_ns < s->fold_until_ns && severity <= s->told_severity) {
		add(&s->folded, now->wall_ns, n, severity, line, length);
		return false;
	}
	forget_old(s, r, now->boot_ns);
	add(&s->counting, now->wall_ns, n, severity, line, length);
	return reached(s, r, now->boot_ns, n) &&
	    tell(s, r, now, ALERT_RECORD, &s->counting, out);
}

bool
alert_fold_tick(struct alert_state *s, const struct alert_rule *r,
    const struct alert_moment *now, struct alert_alarm *out)
{
	if (s->fold_until_ns != 0 && now->boot_ns >= s->fold_until_ns) {
		s->fold_until_ns = 0;
		if (holds_back(r, now, s->folded.severity))
			move(&s->held, &s->folded);
		if (s->folded.n > 0)
			return tell(s, r, now, ALERT_FOLDED, &s->folded, out);
	}
	if (s->held.n > 0 && !holds_back(r, now, s->held.severity))
		return tell(s, r, now, ALERT_QUIET, &s->held, out);
	return false;
}
