/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times as people write them, in Japan too; local unless they say otherwise. */
#ifndef AGENT_CLI_VIOLATIONS_TIME_H
#define AGENT_CLI_VIOLATIONS_TIME_H

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

#endif /* AGENT_CLI_VIOLATIONS_TIME_H */
