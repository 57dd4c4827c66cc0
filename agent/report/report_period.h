/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time that a report is about, the one before it, and how both are written. */
#ifndef AGENT_CLI_REPORT_PERIOD_H
#define AGENT_CLI_REPORT_PERIOD_H

#include "rules/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Three years: so long the record is kept, where the policy does not say. */
#define REPORT_DAYS_MOST 1100

struct report_period {
	int64_t from, to;	/* seconds since the epoch; to: not included */
	int64_t prior;		/* the time before lasts from here to "from" */
	int days, prior_days;	/* days that they touch, local ones */
	bool months;		/* whole calendar months */
};

/* Both given, or neither: the calendar month before now. False: too long, or none at all. */
bool report_period_set(struct report_period *p, int64_t from, int64_t to);
void report_period_last_month(struct report_period *p, int64_t now);

/* Number of a local day ("2026-11-22") since "from" (its own is 0); may be negative. */
int report_period_day(int64_t from, const char *day);
/* Seconds since the epoch of a record's time; INT64_MIN: it is none. */
int64_t report_seconds(const char *stamp, size_t length);
/* The day of a time as a number, 20261122, local. */
uint32_t report_day_number(int64_t seconds);

/*
 * malloc(3)ed texts; NULL: no memory. A day is that of its first second; Japanese ones
 * have the era beside the year.
 */
char *report_day_text(int64_t seconds, enum message_language language);
char *report_time_text(int64_t seconds);	/* "2026-11-22 14:30:15" */
char *report_duration_text(int64_t seconds, enum message_language language);

#endif /* AGENT_CLI_REPORT_PERIOD_H */
