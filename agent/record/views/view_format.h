/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record in the languages of others. Whatever its texts hold, the result is one
 * message of its format, of at most VIEW_MESSAGE_MAX bytes, from which each value can
 * be taken again as far as the format can hold it.
 */
#ifndef AGENT_RECORD_VIEWS_VIEW_FORMAT_H
#define AGENT_RECORD_VIEWS_VIEW_FORMAT_H

#include "agent/record/views/view_record.h"
#include "agent/record/views/view_text.h"

/* rsyslog takes messages of 8192 bytes (its $MaxMessageSize), and so do most. */
#define VIEW_MESSAGE_MAX	8192u

/*
 * Enterprise number of our structured data: the one for examples (RFC 5612), as the
 * project has none of its own. Collectors find "sekisho@32473".
 */
#define VIEW_ENTERPRISE		"32473"

/*
 * RFC 5424. MSG is the sealed line as it stands in the log, byte for byte, so that the
 * hash chain can be followed at the collector too. It is MSG-ANY, without the byte order
 * mark of MSG-UTF8: JSON must not begin with one (RFC 8259, 8.1).
 */
void view_format_syslog(const struct view_record *r, struct view_text *out);

/* ArcSight Common Event Format, version 0, behind a header of RFC 5424. */
void view_format_cef(const struct view_record *r, struct view_text *out);

/* An "alert" of Suricata's eve.json with its newline; violations only. */
void view_format_eve(const struct view_record *r, struct view_text *out);

/* The native protocol of the journal (JOURNAL_NATIVE_PROTOCOL of systemd). */
void view_format_journal(const struct view_record *r, struct view_text *out);

/* <PRI>VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID and a blank. */
void view_put_syslog_header(const struct view_record *r, const char *name, struct view_text *out);

#endif /* AGENT_RECORD_VIEWS_VIEW_FORMAT_H */
