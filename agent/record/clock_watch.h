/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time of day, as far as it can be trusted: does something keep it right, and did
 * somebody set it? Time by number and by CLOCK_BOOTTIME goes on whatever it does.
 */
#ifndef AGENT_RECORD_CLOCK_WATCH_H
#define AGENT_RECORD_CLOCK_WATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A step: so far from where it should be. What keeps a clock right slews up to 500 ppm
 * (adjtime(3)), steps from 128 ms (ntpd) or what its administrator says, mostly 1 s.
 */
#define CLOCK_STEP_NS INT64_C(100000000)
/* The kernel said that somebody set it: less is what lies between two readings. */
#define CLOCK_SET_NS INT64_C(1000000)

struct clock_watch {
	bool begun;
	bool set;			/* it was set: the next look goes by CLOCK_SET_NS */
	int64_t offset_ns;		/* CLOCK_REALTIME less CLOCK_BOOTTIME, at the last look */
};

/*
 * Both clocks are read: true when the time of day stepped since the last look;
 * *expected is what it would have been, *now what it is. The next look counts from here
 * only after clock_watch_take(): who cannot tell it now will be told again.
 */
bool clock_watch_look(struct clock_watch *w, int64_t *expected, int64_t *now);
void clock_watch_take(struct clock_watch *w);

/*
 * A descriptor that becomes readable when the time of day is set, by whatever call
 * (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET). Negative errno: looking has to do.
 */
int clock_watch_open(void);
/* It became readable: true when it was for that. It is ready for the next time. */
bool clock_watch_heard(int fd);

/* The same on given values, in nanoseconds. */
bool clock_watch_compare(struct clock_watch *w, int64_t wall, int64_t boot, int64_t *expected);

struct clock_state {
	bool known;			/* the kernel told it */
	bool synchronised;		/* something keeps it right */
	int64_t offset_ns;		/* still to be made good, by its own word */
	uint64_t max_error_us, estimated_error_us;
};

/* adjtimex(2); asks, sets nothing. */
void clock_state_read(struct clock_state *out);

/* {"synchronised", "offset_ns", "max_error_us", "estimated_error_us"}; "unknown" otherwise. */
json_t *clock_state_json(const struct clock_state *s);

#endif /* AGENT_RECORD_CLOCK_WATCH_H */
