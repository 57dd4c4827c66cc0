/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/views/view_adapter.h"

#include "agent/record/record_text.h"
#include "agent/record/views/view_format.h"

#include <string.h>

#define JOURNAL_SOCKET	"/run/systemd/journal/socket"

/*
 * The journal throws away what a service tells beyond 10,000 messages in 30 seconds
 * (RateLimitBurst= of journald.conf(5)), without a word to the sender.
 */
#define JOURNAL_PER_SECOND 200u
/* An hour of a record a second in four; a core is not taken by it. */
#define PER_SECOND	1000u

static const char *
syslog_target(const struct record_outputs *o)
{
	return o->syslog[0] != '\0' ? o->syslog : NULL;
}

static const char *
cef_target(const struct record_outputs *o)
{
	return o->cef[0] != '\0' ? o->cef : NULL;
}

static const char *
journal_target(const struct record_outputs *o)
{
	return o->journal ? JOURNAL_SOCKET : NULL;
}

static const char *
eve_target(const struct record_outputs *o)
{
	return o->eve ? "eve.json" : NULL;
}

static const char *
prometheus_target(const struct record_outputs *o)
{
	return o->prometheus ? "sekisho.prom" : NULL;
}

static bool
all(const struct view_record *r)
{
	(void)r;
	return true;
}

/* The journal is read by people. */
static bool
but_routine(const struct view_record *r)
{
	return strcmp(r->kind, record_kind_name(EVENT_HEARTBEAT)) != 0 &&
	    strcmp(r->kind, record_kind_name(EVENT_FILE)) != 0;
}

static const struct view_adapter adapters[VIEW_ADAPTERS] = {
	{ "syslog", VIEW_TO_SOCKET, PER_SECOND, syslog_target, all, view_format_syslog, NULL },
	{ "cef", VIEW_TO_SOCKET, PER_SECOND, cef_target, all, view_format_cef, NULL },
	{ "journal", VIEW_TO_SOCKET, JOURNAL_PER_SECOND, journal_target, but_routine,
	    view_format_journal, NULL },
	{ "eve", VIEW_TO_FILE, PER_SECOND, eve_target, view_record_is_violation,
	    view_format_eve, "\"sekisho_sequence\"" },
	{ "prometheus", VIEW_TO_METRICS, PER_SECOND, prometheus_target, all, NULL, NULL },
};

const struct view_adapter *
view_adapters(void)
{
	return adapters;
}
