/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Written here and not by sd_journal_send(3): that one says "done" when no journal
 * listens, and may wait for one that does not read.
 */
#include "agent/record/views/view_format.h"

#include "agent/record/record_text.h"
#include "rules/utf8.h"

#include <endian.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <syslog.h>

/* Together they stay within VIEW_MESSAGE_MAX. */
#define TEXT_MAX	1024u
#define WORD_MAX	192u

/* journalctl MESSAGE_ID=...; one for what people must look at, by sort. */
static const char *const message_ids[EVENT_KIND_COUNT] = {
	[EVENT_VIOLATION] = "77c20f57807d47049593fe879e219881",
	[EVENT_GAP] = "f55450a61c744da8b501c2debb76df7a",
	[EVENT_CHANGE] = "f3752fc3b19847e4a81dc7b90a0ccfb9",
	[EVENT_DRIFT] = "0c1b3f168bdf4afc92ce647376d84d40",
};
static const char other_id[] = "4cd4bb0e6eed460da61ce9620ab63364";

static const char *
id_of(const struct view_record *r)
{
	for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
		if (message_ids[kind] != NULL &&
		    strcmp(r->kind, record_kind_name((enum event_kind)kind)) == 0)
			return message_ids[kind];
	return other_id;
}

/* A name, a newline, the length in little endian, the bytes: any value is one. */
static void
put_binary(struct view_text *out, const char *name, const char *value, size_t n)
{
	const uint64_t length = htole64(n);

	/* All of it or nothing: its parts say where the next field begins. */
	if (out->size - out->used < strlen(name) + n + sizeof(length) + 2) {
		out->full = true;
		return;
	}
	view_putf(out, "%s\n", name);
	view_put(out, (const char *)&length, sizeof(length));
	view_put(out, value, n);
	view_put(out, "\n", 1);
}

static void
put_at_most(struct view_text *out, const char *name, const char *value, size_t max)
{
	const size_t n = utf8_cut(value, strlen(value), max);

	if (n == 0)
		return;
	if (memchr(value, '\n', n) != NULL) {
		put_binary(out, name, value, n);
		return;
	}
	view_putf(out, "%s=", name);
	view_put(out, value, n);
	view_put(out, "\n", 1);
}

static void
put(struct view_text *out, const char *name, const char *value)
{
	put_at_most(out, name, value, WORD_MAX);
}

static void
put_number(struct view_text *out, const char *name, uint64_t n)
{
	if (n > 0)
		view_putf(out, "%s=%" PRIu64 "\n", name, n);
}

static void
put_packet(const struct view_record *r, struct view_text *out)
{
	put(out, "SEKISHO_FROM", r->from);
	put(out, "SEKISHO_TO", r->to);
	put(out, "SEKISHO_SOURCE", r->source);
	put_number(out, "SEKISHO_SOURCE_PORT", r->source_port);
	put(out, "SEKISHO_DESTINATION", r->destination);
	put_number(out, "SEKISHO_DESTINATION_PORT", r->destination_port);
	put(out, "SEKISHO_TRANSPORT", *r->transport != '\0' ? r->transport : r->protocol);
	put(out, "SEKISHO_SOURCE_MAC", r->source_mac);
	put(out, "SEKISHO_INTERFACE_IN", r->in_interface);
	put(out, "SEKISHO_INTERFACE_OUT", r->out_interface);
	put(out, "SEKISHO_PERMIT", r->permit);
	put_number(out, "SEKISHO_COUNT", r->count);
	put(out, "SEKISHO_PHASE", r->phase);
	put(out, "SEKISHO_KEY", r->key);
}

void
view_format_journal(const struct view_record *r, struct view_text *out)
{
	put_at_most(out, "MESSAGE", *r->message != '\0' ? r->message : r->action, TEXT_MAX);
	view_putf(out, "MESSAGE_ID=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=sekisho\n"
	    "SYSLOG_FACILITY=%d\n", id_of(r), view_record_priority(r), LOG_FAC(LOG_AUTHPRIV));
	put_number(out, "SEKISHO_SEQUENCE", r->sequence);
	put(out, "SEKISHO_TIME", r->time);
	put(out, "SEKISHO_KIND", r->kind);
	put(out, "SEKISHO_ACTION", r->action);
	put(out, "SEKISHO_OUTCOME", r->outcome);
	put(out, "SEKISHO_CLASS", r->class);
	put_number(out, "SEKISHO_SEVERITY", r->severity);
	put_packet(r, out);
	put(out, "SEKISHO_ACTOR", r->actor);
	put(out, "SEKISHO_PERSON", r->person);
	put(out, "SEKISHO_NOTE", r->note);
	put_at_most(out, "SEKISHO_REASON", r->reason, TEXT_MAX);
	put_at_most(out, "SEKISHO_MESSAGE_JA", r->message_ja, TEXT_MAX);
	put(out, "SEKISHO_HASH", r->hash);
}
