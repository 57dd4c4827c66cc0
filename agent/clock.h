/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks as one number: nanoseconds in 64 bits last until the year 2262. */
#ifndef AGENT_CLOCK_H
#define AGENT_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Seconds since the epoch: time(2) may lag behind the timers of the kernel by a tick. */
static inline int64_t
clock_seconds(void)
{
	return clock_ns(CLOCK_REALTIME) / 1000000000;
}

#endif /* AGENT_CLOCK_H */
