/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/violations_time.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND INT64_C(1000000000)

#define TEXT_SIZE 96

/* What is left of the text, and what was read of it. */
struct reader {
	const char *at;
	struct tm tm;
	bool has_time, zoned;
	long offset;
};

/* Full-width digits and signs become ASCII ones; blanks at both ends go. False: too long. */
static bool
make_narrow(const char *text, char out[TEXT_SIZE])
{
	size_t used = 0;

	while (*text != '\0') {
		const uint8_t *p = (const uint8_t *)text;

		if (used + 2 >= TEXT_SIZE)
			return false;
		/* U+FF01 to U+FF5E, and the wide blank U+3000. */
		if (p[0] == 0xef && ((p[1] == 0xbc && p[2] >= 0x81) ||
		    (p[1] == 0xbd && p[2] >= 0x80 && p[2] <= 0x9e))) {
			out[used++] = (char)(p[1] == 0xbc ? p[2] - 0x60 : p[2] - 0x20);
			text += 3;
		} else if (strncmp(text, "\xe3\x80\x80", 3) == 0) {
			out[used++] = ' ';
			text += 3;
		} else {
			out[used++] = *text++;
		}
	}
	while (used > 0 && out[used - 1] == ' ')
		used--;
	out[used] = '\0';
	return true;
}

static bool
skip(struct reader *r, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(r->at, word, n) != 0)
		return false;
	r->at += n;
	return true;
}

/* -1 when there is none, or more than digits. */
static int
number(struct reader *r, int digits)
{
	int n = 0, i = 0;

	while (i < digits && r->at[i] >= '0' && r->at[i] <= '9')
		n = n * 10 + (r->at[i++] - '0');
	r->at += i;
	return i > 0 ? n : -1;
}

static bool
parse_age(const char *text, int64_t now, int64_t *seconds)
{
	static const struct {
		const char *unit;
		int64_t seconds;
	} units[] = {
		{ "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 }, { "w", 604800 },
		{ "秒", 1 }, { "分", 60 }, { "時間", 3600 }, { "日", 86400 },
		{ "週間", 604800 }, { "", 1 },
	};
	struct reader r = { .at = text };
	int64_t n = number(&r, 9);

	for (size_t i = 0; n >= 0 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (!skip(&r, units[i].unit))
			continue;
		(void)skip(&r, "前");
		if (*r.at != '\0')
			return false;
		n *= units[i].seconds;
		*seconds = n < now ? now - n : 0;
		return true;
	}
	return false;
}

/* Today, yesterday, the day before. */
static bool
take_day_word(struct reader *r)
{
	static const struct {
		const char *word;
		int back;
	} words[] = {
		{ "today", 0 }, { "yesterday", 1 }, { "今日", 0 }, { "本日", 0 }, { "昨日", 1 },
		{ "前日", 1 }, { "一昨日", 2 }, { "おととい", 2 },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (skip(r, words[i].word)) {
			r->tm.tm_mday -= words[i].back;
			return true;
		}
	return false;
}

/* The year before the first of an era; 0 when there is none. */
static int
take_era(struct reader *r)
{
	if (skip(r, "令和") || skip(r, "R"))
		return 2018;
	return skip(r, "平成") || skip(r, "H") ? 1988 : 0;
}

static bool
separator(struct reader *r, const char *word, char sign)
{
	if (skip(r, word))
		return true;
	if (*r->at != sign)
		return false;
	r->at++;
	return true;
}

static int
days_of(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	const int y = year + 1900;

	return days[month] + (month == 1 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
}

/* A month and day without a year: the last one that was. */
static void
take_last(struct tm *tm, int month, int day)
{
	if (month > tm->tm_mon || (month == tm->tm_mon && day > tm->tm_mday))
		tm->tm_year--;
}

/* "2026-11-21", "R8.11.21", "11/21". */
static bool
take_date(struct reader *r)
{
	const int era = take_era(r);
	int n = era > 0 && skip(r, "元") ? 1 : number(r, 4), day;
	const bool dated = era > 0 || n > 31;
	char sign = '/';

	if (dated) {
		r->tm.tm_year = n + era - 1900;
		if (*r->at == '-' || *r->at == '.')
			sign = *r->at;
		if (!separator(r, "年", sign))
			return false;
		n = number(r, 2);
	}
	if (n < 1 || n > 12 || !separator(r, "月", sign))
		return false;
	day = number(r, 2);
	(void)skip(r, "日");
	if (!dated)
		take_last(&r->tm, n - 1, day);
	if (day < 1 || day > days_of(r->tm.tm_year, n - 1))
		return false;
	r->tm.tm_mon = n - 1;
	r->tm.tm_mday = day;
	return true;
}

static bool
take_zone(struct reader *r)
{
	int sign, hours, minutes;

	if (*r->at == '\0')
		return true;
	r->zoned = true;
	if (skip(r, "Z"))
		return true;
	sign = *r->at == '-' ? -1 : 1;
	if (*r->at != '-' && *r->at != '+')
		return false;
	r->at++;
	hours = number(r, 2);
	(void)skip(r, ":");
	minutes = number(r, 2);
	if (hours < 0 || hours > 14 || minutes > 59)
		return false;
	r->offset = sign * (hours * 3600L + (minutes > 0 ? minutes * 60L : 0));
	return true;
}

/* "09:00", "09:00:30", and as Japanese writes them; and perhaps an offset. */
static bool
take_time(struct reader *r)
{
	r->tm.tm_hour = number(r, 2);
	if (r->tm.tm_hour < 0 || r->tm.tm_hour > 24 || !separator(r, "時", ':'))
		return false;
	r->has_time = true;
	if (*r->at >= '0' && *r->at <= '9') {
		r->tm.tm_min = number(r, 2);
		if (separator(r, "分", ':') && *r->at >= '0' && *r->at <= '9')
			r->tm.tm_sec = number(r, 2);
		(void)skip(r, "秒");
	}
	return r->tm.tm_min < 60 && r->tm.tm_sec < 61 && take_zone(r);
}

static bool
take_all(struct reader *r)
{
	const char *begin = r->at;

	if (!take_day_word(r) && !take_date(r)) {
		/* A time alone is one of today. */
		struct tm now = { 0 };

		r->at = begin;
		now.tm_year = r->tm.tm_year;
		now.tm_mon = r->tm.tm_mon;
		now.tm_mday = r->tm.tm_mday;
		r->tm = now;
		return take_time(r) && *r->at == '\0';
	}
	if (*r->at == '\0')
		return true;
	if (!skip(r, "T"))
		while (*r->at == ' ')
			r->at++;
	return take_time(r) && *r->at == '\0';
}

bool
violations_time_parse(const char *text, int64_t now, bool until, int64_t *seconds)
{
	char narrow[TEXT_SIZE] = "";
	struct reader r = { .at = narrow };
	const time_t t = now;
	struct tm here;
	int64_t result;

	if (!make_narrow(text, narrow))
		return false;
	if (strcmp(narrow, "now") == 0 || strcmp(narrow, "今") == 0) {
		*seconds = now;
		return true;
	}
	if (parse_age(narrow, now, seconds))
		return true;
	localtime_r(&t, &here);
	r.tm = (struct tm){ .tm_year = here.tm_year, .tm_mon = here.tm_mon,
		.tm_mday = here.tm_mday };
	if (!take_all(&r))
		return false;
	if (until && !r.has_time)
		r.tm.tm_mday++;
	r.tm.tm_isdst = -1;
	result = r.zoned ? timegm(&r.tm) - r.offset : mktime(&r.tm);
	*seconds = result;
	return result >= 0;
}

bool
violations_time_take(const char *text, bool until, char out[RECORD_TIME_SIZE])
{
	int64_t seconds;

	if (text == NULL)
		return true;
	if (!violations_time_parse(text, time(NULL), until, &seconds) ||
	    seconds > INT64_MAX / NS_PER_SECOND)
		return false;
	record_time(seconds * NS_PER_SECOND, out);
	return true;
}
