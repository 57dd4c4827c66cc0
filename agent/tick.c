/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/tick.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

static int
on_time(sd_event_source *source, uint64_t usec, void *arg)
{
	const struct tick *tick = arg;
	uint64_t pause_us = tick->act(tick->arg);

	(void)usec;
	if (pause_us == 0)
		return sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return sd_event_source_set_time_relative(source, pause_us);
}

int
tick_begin(sd_event *loop, const struct tick *tick)
{
	sd_event_source *source = NULL;
	struct tick *own = malloc(sizeof(*own));
	int r = -ENOMEM;

	if (own != NULL) {
		*own = *tick;
		r = sd_event_add_time_relative(loop, &source, CLOCK_MONOTONIC, own->first_us,
		    own->accuracy_us, on_time, own);
	}
	if (r < 0) {
		free(own);
		return r;
	}
	r = sd_event_source_set_destroy_callback(source, free);
	if (r >= 0)
		r = sd_event_source_set_priority(source, own->priority);
	if (r >= 0)
		r = sd_event_source_set_enabled(source, SD_EVENT_ON);
	if (r >= 0)
		r = sd_event_source_set_floating(source, true);
	sd_event_source_unref(source);
	return r < 0 ? r : 0;
}
