/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/clock_watch.h"

#include "agent/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/* Between the two readings of one clock the other is read: so long and we were put to sleep. */
#define LOOK_NS		INT64_C(10000000)
#define LOOK_TRIES	5

/* Never reached: the year 2262 is the end of time in nanoseconds. */
#define FAR_AWAY_S	(INT64_MAX / 1000000000)

static int
arm(int fd)
{
	const struct itimerspec never = { .it_value = { .tv_sec = FAR_AWAY_S } };

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) <
	    0 ? -errno : 0;
}

int
clock_watch_open(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	int r = fd < 0 ? -errno : arm(fd);

	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
}

bool
clock_watch_heard(int fd)
{
	uint64_t expired;
	const bool set = read(fd, &expired, sizeof(expired)) < 0 && errno == ECANCELED;

	(void)arm(fd);
	return set;
}

bool
clock_watch_compare(struct clock_watch *w, int64_t wall, int64_t boot, int64_t *expected)
{
	const int64_t most = w->set ? CLOCK_SET_NS : CLOCK_STEP_NS;
	int64_t moved;

	*expected = wall;
	if (w->begun) {
		*expected = boot + w->offset_ns;
		moved = wall - *expected;
		if (moved > most || moved < -most)
			return true;
	}
	w->begun = true;
	w->set = false;
	w->offset_ns = wall - boot;
	return false;
}

static void
read_both(int64_t *wall, int64_t *boot)
{
	int64_t before = clock_ns(CLOCK_BOOTTIME);

	for (int i = 0; i < LOOK_TRIES; i++) {
		*wall = clock_ns(CLOCK_REALTIME);
		*boot = clock_ns(CLOCK_BOOTTIME);
		if (*boot - before < LOOK_NS)
			return;
		before = *boot;
	}
}

bool
clock_watch_look(struct clock_watch *w, int64_t *expected, int64_t *now)
{
	int64_t boot = 0;

	read_both(now, &boot);
	return clock_watch_compare(w, *now, boot, expected);
}

void
clock_watch_take(struct clock_watch *w)
{
	int64_t wall = 0, boot = 0;

	read_both(&wall, &boot);
	w->begun = true;
	w->set = false;
	w->offset_ns = wall - boot;
}

void
clock_state_read(struct clock_state *out)
{
	struct timex t;
	int state;

	memset(&t, 0, sizeof(t));
	memset(out, 0, sizeof(*out));
	state = adjtimex(&t);
	if (state < 0)
		return;
	out->known = true;
	out->synchronised = state != TIME_ERROR && (t.status & STA_UNSYNC) == 0;
	out->offset_ns = (t.status & STA_NANO) != 0 ? t.offset : t.offset * INT64_C(1000);
	out->max_error_us = t.maxerror > 0 ? (uint64_t)t.maxerror : 0;
	out->estimated_error_us = t.esterror > 0 ? (uint64_t)t.esterror : 0;
}

json_t *
clock_state_json(const struct clock_state *s)
{
	if (!s->known)
		return json_pack("{s:b}", "unknown", 1);
	return json_pack("{s:b,s:I,s:I,s:I}", "synchronised", s->synchronised,
	    "offset_ns", (json_int_t)s->offset_ns, "max_error_us", (json_int_t)s->max_error_us,
	    "estimated_error_us", (json_int_t)s->estimated_error_us);
}
