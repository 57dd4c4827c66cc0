/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What readers of Suricata's eve.json know as an alert: names, types and the form of
 * the time as in its etc/schema.json (additionalProperties: false). What it has no name
 * for stands in alert.metadata, where every rule may have lists of words.
 */
#include "agent/record/views/view_format.h"

#include "rules/violation_class.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Of generators that are no rules of Suricata; its numbers are below 1,000,000. */
#define SIGNATURE_BASE	8730000u
/* With six bytes for each of ours all of it stays within VIEW_MESSAGE_MAX. */
#define TEXT_MAX	320u
#define WORD_MAX	64u

static void
put_text(struct view_text *out, const char *name, const char *value, size_t max)
{
	if (*value == '\0')
		return;
	view_putf(out, ",\"%s\":\"", name);
	view_put_escaped(out, ESCAPE_JSON, value, max);
	view_put(out, "\"", 1);
}

static void
put_number(struct view_text *out, const char *name, uint64_t n)
{
	if (n > 0)
		view_putf(out, ",\"%s\":%" PRIu64, name, n);
}

/* "2026-11-21T03:14:56.999999+0000" */
static void
put_time(struct view_text *out, const char *time)
{
	const size_t to_microseconds = sizeof("2026-11-21T03:14:56.999999") - 1;
	int64_t seconds;
	long nanoseconds;
	const char *t = view_record_time(time, &seconds, &nanoseconds) ? time :
	    "1970-01-01T00:00:00.000000";

	view_putf(out, "{\"timestamp\":\"%.*s+0000\"", (int)to_microseconds, t);
}

/* AA-BB-.. of ECS as aa:bb:.. */
static void
put_mac(struct view_text *out, const char *before, const char *name, const char *mac)
{
	view_putf(out, "%s\"%s\":\"", before, name);
	for (size_t i = 0; i < WORD_MAX && mac[i] != '\0'; i++) {
		const char c = mac[i] == '-' ? ':' : (char)(mac[i] >= 'A' && mac[i] <= 'F' ?
		    mac[i] - 'A' + 'a' : mac[i]);

		view_put_escaped(out, ESCAPE_JSON, (const char[2]){ c, '\0' }, 1);
	}
	view_put(out, "\"", 1);
}

static void
put_ether(const struct view_record *r, struct view_text *out)
{
	const char *before = ",\"ether\":{";

	if (*r->source_mac != '\0') {
		put_mac(out, before, "src_mac", r->source_mac);
		before = ",";
	}
	if (*r->destination_mac != '\0')
		put_mac(out, before, "dest_mac", r->destination_mac);
	if (*r->source_mac != '\0' || *r->destination_mac != '\0')
		view_put(out, "}", 1);
}

/* Upper case; a number where it has no name. */
static void
put_protocol(const struct view_record *r, struct view_text *out)
{
	const char *name = *r->transport != '\0' ? r->transport : r->protocol;

	if (*name == '\0')
		return;
	view_putf(out, ",\"proto\":\"");
	for (size_t i = 0; i < WORD_MAX && name[i] != '\0'; i++) {
		const char c = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' :
		    name[i]);

		view_put_escaped(out, ESCAPE_JSON, (const char[2]){ c, '\0' }, 1);
	}
	view_put(out, "\"", 1);
}

static void
put_word(struct view_text *out, const char *name, const char *value)
{
	if (*value == '\0')
		return;
	view_putf(out, ",\"%s\":[\"", name);
	view_put_escaped(out, ESCAPE_JSON, value, WORD_MAX);
	view_put(out, "\"]", 2);
}

static void
put_metadata(const struct view_record *r, struct view_text *out)
{
	view_putf(out, ",\"metadata\":{\"sekisho_sequence\":[\"%" PRIu64 "\"]", r->sequence);
	put_word(out, "sekisho_class", r->class);
	put_word(out, "sekisho_action", r->action);
	put_word(out, "sekisho_phase", r->phase);
	put_word(out, "sekisho_from", r->from);
	put_word(out, "sekisho_to", r->to);
	put_word(out, "sekisho_permit", r->permit);
	if (r->count > 0)
		view_putf(out, ",\"sekisho_count\":[\"%" PRIu64 "\"]", r->count);
	view_put(out, "}", 1);
}

/* Theirs: 1 is high, 3 low. */
static int
severity_of(const struct view_record *r)
{
	return r->severity >= SEVERITY_HIGH ? 1 : r->severity >= SEVERITY_WARNING ? 2 : 3;
}

/* Whether the packets went through; what was only seen did. */
static const char *
verdict_of(const struct view_record *r)
{
	for (int a = 0; a < ACTION_COUNT; a++)
		if (strcmp(r->action, violation_action_name((enum violation_action)a)) == 0)
			return a == ACTION_LEAK || violation_only_seen((enum violation_action)a) ?
			    "allowed" : "blocked";
	return "allowed";
}

static void
put_alert(const struct view_record *r, struct view_text *out)
{
	view_putf(out, ",\"alert\":{\"action\":\"%s\",\"gid\":1,\"signature_id\":%u,\"rev\":1",
	    verdict_of(r), SIGNATURE_BASE + (unsigned int)violation_class_parse(r->class));
	put_text(out, "signature", *r->message != '\0' ? r->message : r->action, TEXT_MAX);
	put_text(out, "category", r->class_name, WORD_MAX);
	view_putf(out, ",\"severity\":%d", severity_of(r));
	put_metadata(r, out);
	view_put(out, "}", 1);
}

void
view_format_eve(const struct view_record *r, struct view_text *out)
{
	/* Joins first, updates and final; 53 bits, as readers make a double of it. */
	const uint64_t flow = strtoull(r->key, NULL, 16) & ((UINT64_C(1) << 53) - 1);

	put_time(out, r->time);
	put_number(out, "flow_id", flow);
	put_text(out, "in_iface", r->in_interface, WORD_MAX);
	put_text(out, "event_type", "alert", WORD_MAX);
	put_text(out, "src_ip", r->source, WORD_MAX);
	put_number(out, "src_port", r->source_port);
	put_text(out, "dest_ip", r->destination, WORD_MAX);
	put_number(out, "dest_port", r->destination_port);
	put_protocol(r, out);
	put_ether(r, out);
	put_text(out, "host", r->hostname, WORD_MAX);
	put_alert(r, out);
	view_put(out, "}\n", 2);
}
