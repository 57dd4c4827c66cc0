/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/report/report_period.h"

#include "agent/record/retention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MINUTE	60
#define HOUR	3600
#define DAY	86400
/* Reiwa began on this day; a date before it gets the year alone. */
#define REIWA_DAY	20190501u
#define REIWA_FIRST	2019

static struct tm
local(int64_t seconds)
{
	const time_t t = (time_t)seconds;
	struct tm tm = { 0 };

	(void)localtime_r(&t, &tm);
	return tm;
}

/* Midnight at the begin of a month, so many months away. */
static int64_t
month_begin(int64_t seconds, int months)
{
	struct tm tm = local(seconds);

	tm = (struct tm){ .tm_year = tm.tm_year, .tm_mon = tm.tm_mon + months, .tm_mday = 1,
		.tm_isdst = -1 };
	return (int64_t)mktime(&tm);
}

static int64_t
day_begin(int64_t seconds, int days)
{
	struct tm tm = local(seconds);

	tm = (struct tm){ .tm_year = tm.tm_year, .tm_mon = tm.tm_mon,
		.tm_mday = tm.tm_mday + days, .tm_isdst = -1 };
	return (int64_t)mktime(&tm);
}

/* 20261122 */
static long
number_of(const struct tm *tm)
{
	return (tm->tm_year + 1900L) * 10000 + (tm->tm_mon + 1L) * 100 + tm->tm_mday;
}

uint32_t
report_day_number(int64_t seconds)
{
	const struct tm tm = local(seconds);

	return (uint32_t)number_of(&tm);
}

/* Days that a time touches. */
static int64_t
days_in(int64_t from, int64_t to)
{
	return retention_between((long)report_day_number(from),
	    (long)report_day_number(to - 1)) + 1;
}

static int
months_between(int64_t from, int64_t to)
{
	const struct tm a = local(from), b = local(to);

	return (b.tm_year - a.tm_year) * 12 + b.tm_mon - a.tm_mon;
}

/* Months are compared with months, whole days with as many days. */
static int64_t
prior_begin(const struct report_period *p)
{
	if (p->months)
		return month_begin(p->from, -months_between(p->from, p->to));
	if (p->from == day_begin(p->from, 0) && p->to == day_begin(p->to, 0))
		return day_begin(p->from, -p->days);
	return p->from - (p->to - p->from);
}

bool
report_period_set(struct report_period *p, int64_t from, int64_t to)
{
	int64_t days;

	*p = (struct report_period){ .from = from, .to = to };
	if (from >= to || to - from > (int64_t)REPORT_DAYS_MOST * DAY)
		return false;
	days = days_in(from, to);
	if (days < 1 || days > REPORT_DAYS_MOST)
		return false;
	p->days = (int)days;
	p->months = from == month_begin(from, 0) && to == month_begin(to, 0);
	p->prior = prior_begin(p);
	p->prior_days = (int)days_in(p->prior, from);
	return true;
}

void
report_period_last_month(struct report_period *p, int64_t now)
{
	(void)report_period_set(p, month_begin(now, -1), month_begin(now, 0));
}

int
report_period_day(int64_t from, const char *day)
{
	struct tm tm = { 0 };
	int64_t n;

	if (strptime(day, "%Y-%m-%d", &tm) == NULL)
		return -1;
	n = retention_between((long)report_day_number(from), number_of(&tm));
	return n < -REPORT_DAYS_MOST || n > REPORT_DAYS_MOST ? -1 : (int)n;
}

int64_t
report_seconds(const char *stamp, size_t length)
{
	char text[20];
	struct tm tm = { 0 };
	const char *end;

	if (length < 20 || stamp[19] != '.')
		return INT64_MIN;
	memcpy(text, stamp, 19);
	text[19] = '\0';
	end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	return end != NULL && *end == '\0' ? (int64_t)timegm(&tm) : INT64_MIN;
}

char *
report_day_text(int64_t seconds, enum message_language language)
{
	const struct tm tm = local(seconds);
	const int year = tm.tm_year + 1900;
	char era[32] = "", *text = NULL;
	int r;

	if (language == MESSAGE_ENGLISH) {
		r = asprintf(&text, "%d-%02d-%02d", year, tm.tm_mon + 1, tm.tm_mday);
		return r < 0 ? NULL : text;
	}
	if (report_day_number(seconds) >= REIWA_DAY && year == REIWA_FIRST)
		snprintf(era, sizeof(era), "(令和元年)");
	else if (report_day_number(seconds) >= REIWA_DAY)
		snprintf(era, sizeof(era), "(令和%d年)", year - REIWA_FIRST + 1);
	r = asprintf(&text, "%d年%s%d月%d日", year, era, tm.tm_mon + 1, tm.tm_mday);
	return r < 0 ? NULL : text;
}

char *
report_time_text(int64_t seconds)
{
	const struct tm tm = local(seconds);
	char text[32];

	return strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) > 0 ? strdup(text) : NULL;
}

char *
report_duration_text(int64_t seconds, enum message_language language)
{
	const long long s = (long long)seconds;

	if (s < MINUTE)
		return message_text(MSG_REPORT_SECONDS, language, s);
	if (s < HOUR)
		return message_text(MSG_REPORT_MINUTES, language, s / MINUTE, s % MINUTE);
	if (s < DAY)
		return message_text(MSG_REPORT_HOURS, language, s / HOUR, s % HOUR / MINUTE);
	return message_text(MSG_REPORT_DAYS, language, s / DAY, s % DAY / HOUR);
}
