/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_busy.h"

#include "agent/clock.h"
#include "agent/control/control_internal.h"

#include <stdio.h>

/* A shorter change is waited for: then the numbers in the answer are those behind it. */
#define LONG_NS 300000000

void
control_busy(struct control *c, const char *verb, const char *actor)
{
	if (c->busy.verb[0] != '\0')
		return;
	snprintf(c->busy.verb, sizeof(c->busy.verb), "%s", verb);
	snprintf(c->busy.actor, sizeof(c->busy.actor), "%s", actor);
	c->busy.since_ns = clock_ns(CLOCK_MONOTONIC);
}

void
control_busy_over(struct control *c)
{
	c->busy.verb[0] = '\0';
}

bool
control_busy_long(const struct control *c)
{
	return c->busy.verb[0] != '\0' &&
	    clock_ns(CLOCK_MONOTONIC) - c->busy.since_ns >= LONG_NS;
}

void
control_busy_numbers(struct control *c, json_t *status)
{
	json_decref(c->busy.numbers);
	c->busy.numbers = json_copy(status);
	c->busy.numbers_at = clock_seconds();
}

json_t *
control_busy_json(const struct control *c)
{
	const int64_t ns = clock_ns(CLOCK_MONOTONIC) - c->busy.since_ns;
	const int64_t age = clock_seconds() - c->busy.numbers_at;

	return json_pack("{s:s, s:s, s:I, s:o}", "verb", c->busy.verb, "actor", c->busy.actor,
	    "milliseconds", (json_int_t)(ns / 1000000), "numbers_age",
	    c->busy.numbers == NULL ? json_null() : json_integer((json_int_t)age));
}
