/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times as people write them, in Japan too; local unless they say otherwise. */
#ifndef AGENT_CLI_VIOLATIONS_TIME_H
#define AGENT_CLI_VIOLATIONS_TIME_H

#include "agent/record/record_text.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * "2026-11-21", "2026/11/21 09:00", "2026-11-21T09:00:00+09:00", "11/21", "09:00",
 * "today", "yesterday 09:00", ages ("30m", "2h", "7d", "1w"), and as written in Japanese:
 * years of an era, months, days, hours and minutes with their characters, wide digits,
 * ages with their units. A day without a time is its begin, or with "until" its end.
 * False when it is none.
 */
bool violations_time_parse(const char *text, int64_t now, bool until, int64_t *seconds);

/*
 * The same of an option, as from now, in the words of the record; *out stays as it is
 * without one (NULL). False when it is no time that the record could have.
 */
bool violations_time_take(const char *text, bool until, char out[RECORD_TIME_SIZE]);

#endif /* AGENT_CLI_VIOLATIONS_TIME_H */
