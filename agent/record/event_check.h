/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate of the recorder: bytes from a process that may be taken over are
 * an event only when every number is in range and every text ends.
 */
#ifndef AGENT_RECORD_EVENT_CHECK_H
#define AGENT_RECORD_EVENT_CHECK_H

#include "agent/record/event.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * 0 with *out filled, or -EPROTO with *why naming what was wrong (a static
 * English word or two, "zone class"). Texts are only known to end: they may
 * hold any byte. "trusted": control or keeper; only those may say EVENT_CHANGE.
 */
int event_check(const void *bytes, size_t length, bool trusted, struct event *out,
    const char **why);

#endif /* AGENT_RECORD_EVENT_CHECK_H */
