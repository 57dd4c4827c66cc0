/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/storm.h"

#include <string.h>

static void
remember(struct storm *s, uint64_t now)
{
	memmove(&s->strikes[0], &s->strikes[1], sizeof(s->strikes) - sizeof(s->strikes[0]));
	s->strikes[STORM_STRIKES - 1] = now;
}

/* The strikes that led here count too; the last n are counted by the caller. */
static void
begin(struct storm *s, uint64_t now, uint32_t n)
{
	s->shut = true;
	s->interval = now;
	s->in_interval = s->in_all = n < STORM_STRIKES ? STORM_STRIKES - n : 0;
	if (s->quiet == 0)
		s->quiet = STORM_QUIET_US;
}

bool
storm_strike(struct storm *s, uint64_t now, uint32_t n)
{
	if (s->last != 0 && now - s->last > STORM_FORGET_US)
		s->quiet = 0;
	for (uint32_t i = 0; i < n && i < STORM_STRIKES; i++)
		remember(s, now);
	s->last = now;
	if (!s->shut && s->strikes[0] != 0 && now - s->strikes[0] <= STORM_WINDOW_US)
		begin(s, now, n);
	s->in_interval += n;
	s->in_all += n;
	return s->shut;
}

enum storm_step
storm_tick(struct storm *s, uint64_t now, uint64_t *strikes)
{
	*strikes = 0;
	if (!s->shut)
		return STORM_CALM;
	if (now - s->last >= s->quiet) {
		*strikes = s->in_all;
		s->shut = false;
		memset(s->strikes, 0, sizeof(s->strikes));
		return STORM_OVER;
	}
	if (now - s->interval < s->quiet || s->in_interval == 0)
		return STORM_WAIT;
	*strikes = s->in_interval;
	s->interval = now;
	s->in_interval = 0;
	s->quiet = s->quiet * 2 < STORM_QUIET_MOST_US ? s->quiet * 2 : STORM_QUIET_MOST_US;
	return STORM_ALARM;
}
