/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dates of permits. Written without a zone they mean Japan's time, UTC+9 the
 * whole year, wherever the gateway's clock thinks it is; so no libc time zone.
 */
#include "rules/check_internal.h"

#include <string.h>

#define DAY INT64_C(86400)
#define HOUR INT64_C(3600)
#define MINUTE INT64_C(60)
#define JAPAN (9 * HOUR)

/* Two digits at p, at most max. */
static bool
two_digits(const char *p, unsigned int max, unsigned int *out)
{
	return check_number(p, 2, max, out);
}

static bool
is_leap(unsigned int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days since 1970-01-01; false when there is no such day. */
static bool
days_of(unsigned int year, unsigned int month, unsigned int day, int64_t *out)
{
	static const unsigned int before[] = {
		0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365,
	};
	unsigned int length;
	int64_t y = (int64_t)year - 1;

	if (year < 1970 || month < 1 || month > 12 || day < 1)
		return false;
	length = before[month] - before[month - 1] + (month == 2 && is_leap(year));
	if (day > length)
		return false;
	/* 719162: days before 1970-01-01 in the same count. */
	*out = y * 365 + y / 4 - y / 100 + y / 400 - 719162 + before[month - 1] +
	    (month > 2 && is_leap(year)) + day - 1;
	return true;
}

/* "YYYY-MM-DD"; the text is at least 10 bytes long. */
static bool
parse_day(const char *p, int64_t *days)
{
	unsigned int year, month, day;

	return check_number(p, 4, 9999, &year) && p[4] == '-' &&
	    two_digits(p + 5, 12, &month) && p[7] == '-' && two_digits(p + 8, 31, &day) &&
	    days_of(year, month, day, days);
}

/* "HH:MM" or "HH:MM:SS"; returns what stands behind it, NULL when it is none. */
static const char *
parse_clock(const char *p, int64_t *seconds)
{
	unsigned int hour, minute, second = 0;

	if (strlen(p) < 5 || !two_digits(p, 23, &hour) || p[2] != ':' ||
	    !two_digits(p + 3, 59, &minute))
		return NULL;
	p += 5;
	if (*p == ':') {
		if (strlen(p) < 3 || !two_digits(p + 1, 59, &second))
			return NULL;
		p += 3;
	}
	*seconds = hour * HOUR + minute * MINUTE + second;
	return p;
}

/* "", "Z" or "+09:00": seconds east of Greenwich. */
static bool
parse_offset(const char *p, int64_t *east)
{
	unsigned int hour, minute;

	if (*p == '\0') {
		*east = JAPAN;
		return true;
	}
	if (strcmp(p, "Z") == 0) {
		*east = 0;
		return true;
	}
	if (strlen(p) != 6 || (*p != '+' && *p != '-') || !two_digits(p + 1, 14, &hour) ||
	    p[3] != ':' || !two_digits(p + 4, 59, &minute))
		return false;
	*east = hour * HOUR + minute * MINUTE;
	if (*p == '-')
		*east = -*east;
	return true;
}

bool
check_date_parse(const char *text, bool end, int64_t *out)
{
	int64_t days, seconds, east;
	const char *rest;

	if (strlen(text) < 10 || !parse_day(text, &days))
		return false;
	if (text[10] == '\0') {
		*out = (days + (end ? 1 : 0)) * DAY - JAPAN;
		return true;
	}
	if (text[10] != 'T')
		return false;
	rest = parse_clock(text + 11, &seconds);
	if (rest == NULL || !parse_offset(rest, &east))
		return false;
	*out = days * DAY + seconds - east;
	return true;
}
