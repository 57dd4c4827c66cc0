/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/retention.h"

#include "agent/record/record_json.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECONDS_PER_DAY 86400
#define HOLD_LINE	160u
#define PACKED_END	".zst"

uint32_t
retention_days(const struct record_rules *rules)
{
	uint32_t most = 0;

	for (size_t i = 0; i < RECORD_CLASS_COUNT; i++) {
		if (rules->days[i] == 0)
			return 0;
		if (rules->days[i] > most)
			most = rules->days[i];
	}
	return most;
}

static bool
day_of(long day, int64_t *out)
{
	struct tm tm = { .tm_year = (int)(day / 10000) - 1900, .tm_mon = (int)(day / 100 % 100) - 1,
		.tm_mday = (int)(day % 100) };

	if (day < 10000101 || day > 99991231 || tm.tm_mon < 0 || tm.tm_mon > 11 ||
	    tm.tm_mday < 1 || tm.tm_mday > 31)
		return false;
	*out = (int64_t)timegm(&tm) / SECONDS_PER_DAY;
	return true;
}

int64_t
retention_between(long from, long to)
{
	int64_t a, b;

	return day_of(from, &a) && day_of(to, &b) ? b - a : INT64_MIN;
}

/* ---- what files say ------------------------------------------------------------------- */

/* The first line of a file as JSON; NULL where it is packed or no record. */
static json_t *
first_record(int directory, const char *name)
{
	int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char line[RECORD_LINE_MAX + 1];
	const char *end;
	ssize_t n;

	if (fd < 0)
		return NULL;
	n = read(fd, line, sizeof(line));
	close(fd);
	end = n > 0 ? memchr(line, '\n', (size_t)n) : NULL;
	return end == NULL ? NULL : json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES,
	    NULL);
}

static json_int_t
number_at(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/*
 * The day before that of the first record, whose date is UTC: not later than the day here
 * on which the file begins. 0: not known.
 */
static long
day_begun(int directory, const char *name)
{
	json_t *own = first_record(directory, name);
	const char *text = json_string_value(json_object_get(json_object_get(own, "event"),
	    "created"));
	int year = 0, month = 0, day = 0;

	/* NOLINTNEXTLINE(cert-err34-c): two and four digits always fit */
	if (text == NULL || sscanf(text, "%4d-%2d-%2dT", &year, &month, &day) != 3)
		year = 0;
	json_decref(own);
	return year == 0 ? 0 : year * 10000L + month * 100L + day - 1;
}

static bool
same_file(const char *said, const char *name)
{
	const size_t n = strlen(said);

	return strncmp(said, name, n) == 0 &&
	    (name[n] == '\0' || strcmp(name + n, PACKED_END) == 0);
}

/* How a file ended stands in the first record of the next one. False: it cannot be told. */
static bool
describe(int directory, const char *name, const char *next, struct retention_file *out)
{
	json_t *record = first_record(directory, next), *own = first_record(directory, name);
	const json_t *file = json_object_get(json_object_get(record, "sekisho"), "file");
	const json_t *previous = json_object_get(file, "previous");
	const char *said = json_string_value(json_object_get(previous, "name"));
	const char *hash = json_string_value(json_object_get(previous, "hash"));
	bool good = said != NULL && same_file(said, name) && hash != NULL &&
	    strlen(hash) == sizeof(out->hash) - 1 && number_at(file, "number") > 1;

	*out = (struct retention_file){ 0 };
	snprintf(out->name, sizeof(out->name), "%s", name);
	if (good) {
		out->number = (uint64_t)number_at(file, "number") - 1;
		out->last = (uint64_t)number_at(previous, "sequence");
		out->bytes = (uint64_t)number_at(previous, "size");
		memcpy(out->hash, hash, sizeof(out->hash));
		out->first = (uint64_t)number_at(json_object_get(own, "event"), "sequence");
	}
	json_decref(record);
	json_decref(own);
	return good;
}

/* ---- legal hold ----------------------------------------------------------------------- */

/* One line against the days of a file. */
static bool
line_holds(char *line, long begun, long closed)
{
	char name[65], more;
	long from, to;

	line[strcspn(line, "#\r\n")] = '\0';
	if (line[strspn(line, " \t")] == '\0')
		return false;
	/* NOLINTNEXTLINE(cert-err34-c): a number too large is no day, and holds everything */
	if (sscanf(line, " %64s %ld %ld %c", name, &from, &to, &more) != 3 ||
	    retention_between(from, to) < 0)
		return true;
	return closed >= from && begun <= to;
}

/* 1: held, 0: not, negative errno. A folder without the file holds nothing. */
static int
is_held(int directory, long begun, long closed)
{
	int fd = openat(directory, RETENTION_HOLDS,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char line[HOLD_LINE];
	int held = 0;
	FILE *in;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	in = fdopen(fd, "r");
	if (in == NULL) {
		held = -errno;
		close(fd);
		return held;
	}
	while (held == 0 && fgets(line, sizeof(line), in) != NULL)
		held = (strchr(line, '\n') == NULL && !feof(in)) ||
		    line_holds(line, begun, closed);
	if (held == 0 && ferror(in))
		held = -EIO;
	fclose(in);
	return held;
}

/* ---- the choice ----------------------------------------------------------------------- */

static int
look_at(int directory, const struct log_names *names, size_t i, long today, uint32_t days,
    struct retention_file *out)
{
	unsigned long day, number;
	int r;

	if (!log_names_closed(names->names[i], &day, &number))
		return 0;
	if (retention_between((long)day, today) <= (int64_t)days)
		return 0;
	r = is_held(directory, day_begun(directory, names->names[i]), (long)day);
	if (r != 0)
		return r < 0 ? r : 0;
	if (!describe(directory, names->names[i], names->names[i + 1], out))
		return 0;
	out->days = days;
	return 1;
}

int
retention_find(int directory, const struct record_rules *rules, long today,
    struct retention_file *out)
{
	const uint32_t days = retention_days(rules);
	struct log_names names;
	int r;

	if (days == 0)
		return 0;
	r = log_names_list(directory, &names);
	if (r < 0)
		return r;
	/* The last one is in use, or what a next one has not been begun behind. */
	for (size_t i = 0; r == 0 && i + 1 < names.count; i++)
		r = look_at(directory, &names, i, today, days, out);
	log_names_free(&names);
	return r;
}
