/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/views/view_format.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <syslog.h>

/* RFC 5424, 6: lengths of the header's parts. */
#define HOSTNAME_MAX	255u
#define MSGID_MAX	32u
/* Our own: zones and permits have 63 bytes. */
#define VALUE_MAX	64u

/* Microseconds at most: our nanoseconds are cut (6.2.3). */
static void
put_time(const char *time, struct view_text *out)
{
	const size_t to_microseconds = sizeof("2026-11-21T03:14:56.999999") - 1;
	int64_t seconds;
	long nanoseconds;

	if (view_record_time(time, &seconds, &nanoseconds))
		view_putf(out, "%.*sZ ", (int)to_microseconds, time);
	else
		view_put(out, "- ", 2);
}

static void
put_word(const char *text, size_t max, struct view_text *out)
{
	view_put_escaped(out, ESCAPE_ASCII, *text != '\0' ? text : "-", max);
	view_put(out, " ", 1);
}

void
view_put_syslog_header(const struct view_record *r, const char *name, struct view_text *out)
{
	/* LOG_AUTHPRIV: what is told about people is kept from all but administrators. */
	view_putf(out, "<%d>1 ", LOG_AUTHPRIV | view_record_priority(r));
	put_time(r->time, out);
	put_word(r->hostname, HOSTNAME_MAX, out);
	view_putf(out, "%s - ", name);
	put_word(r->action, MSGID_MAX, out);
}

static void
put_parameter(struct view_text *out, const char *name, const char *value)
{
	if (*value == '\0')
		return;
	view_putf(out, " %s=\"", name);
	view_put_escaped(out, ESCAPE_SD, value, VALUE_MAX);
	view_put(out, "\"", 1);
}

static void
put_data(const struct view_record *r, struct view_text *out)
{
	view_putf(out, "[sekisho@" VIEW_ENTERPRISE " sequence=\"%" PRIu64 "\"", r->sequence);
	put_parameter(out, "kind", r->kind);
	put_parameter(out, "rule", r->class);
	put_parameter(out, "agg", r->phase);
	if (r->count > 0)
		view_putf(out, " count=\"%" PRIu64 "\"", r->count);
	view_putf(out, " severity=\"%" PRIu64 "\"] ", r->severity);
}

void
view_format_syslog(const struct view_record *r, struct view_text *out)
{
	view_put_syslog_header(r, "sekisho", out);
	put_data(r, out);
	/* Half a JSON text is none: one that is not of our writer may be too long. */
	if (r->length <= out->size - out->used)
		view_put(out, r->line, r->length);
	else
		view_putf(out, "{\"event\":{\"sequence\":%" PRIu64 "},\"sekisho\":{"
		    "\"truncated\":true,\"bytes\":%zu}}", r->sequence, r->length);
}
