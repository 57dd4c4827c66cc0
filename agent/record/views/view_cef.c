/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "CEF Implementation Standard", version 0.1: header of seven parts, then key=value.
 * Lengths are those of its dictionary.
 */
#include "agent/record/views/view_format.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#define HEADER_MAX	63u
#define NAME_LENGTH	512u
#define WORD_MAX	63u
#define CUSTOM_MAX	128u		/* 4000 there; ours are short */
#define TEXT_MAX	1023u

static void
put_part(struct view_text *out, const char *text, size_t max)
{
	view_put_escaped(out, ESCAPE_CEF_HEADER, *text != '\0' ? text : "-", max);
	view_put(out, "|", 1);
}

static void
put_pair(struct view_text *out, const char *key, const char *value, size_t max)
{
	if (*value == '\0')
		return;
	view_putf(out, " %s=", key);
	view_put_escaped(out, ESCAPE_CEF, value, max);
}

static void
put_labelled(struct view_text *out, const char *key, const char *label, const char *value)
{
	if (*value == '\0')
		return;
	put_pair(out, key, value, CUSTOM_MAX);
	view_putf(out, " %sLabel=%s", key, label);
}

static void
put_number(struct view_text *out, const char *key, uint64_t n)
{
	if (n > 0)
		view_putf(out, " %s=%" PRIu64, key, n);
}

/* Milliseconds since the epoch. */
static void
put_time(struct view_text *out, const char *key, const char *time)
{
	int64_t seconds;
	long nanoseconds;

	if (view_record_time(time, &seconds, &nanoseconds))
		view_putf(out, " %s=%" PRId64, key, seconds * 1000 + nanoseconds / 1000000);
}

/* src and dst take IPv4 only. */
static void
put_address(struct view_text *out, const char *key, const char *key6, const char *label6,
    const char *address)
{
	if (strchr(address, ':') != NULL)
		put_labelled(out, key6, label6, address);
	else
		put_pair(out, key, address, WORD_MAX);
}

/* AA-BB-.. of ECS as AA:BB:.. */
static void
put_mac(struct view_text *out, const char *key, const char *mac)
{
	char text[sizeof("AA:BB:CC:DD:EE:FF")];

	if (strlen(mac) != sizeof(text) - 1)
		return;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = mac[i] == '-' ? ':' : mac[i];
	put_pair(out, key, text, sizeof(text));
}

static void
put_packet(const struct view_record *r, struct view_text *out)
{
	put_address(out, "src", "c6a2", "Source IPv6 Address", r->source);
	put_address(out, "dst", "c6a3", "Destination IPv6 Address", r->destination);
	put_number(out, "spt", r->source_port);
	put_number(out, "dpt", r->destination_port);
	put_mac(out, "smac", r->source_mac);
	put_mac(out, "dmac", r->destination_mac);
	put_pair(out, "proto", *r->transport != '\0' ? r->transport : r->protocol, 31);
	put_number(out, "in", r->bytes);
	put_pair(out, "deviceInboundInterface", r->in_interface, 128);
	put_pair(out, "deviceOutboundInterface", r->out_interface, 128);
	put_labelled(out, "cs1", "fromZone", r->from);
	put_labelled(out, "cs2", "toZone", r->to);
	put_labelled(out, "cs3", "permit", r->permit);
}

void
view_format_cef(const struct view_record *r, struct view_text *out)
{
	view_put_syslog_header(r, "sekisho-cef", out);
	view_putf(out, "- CEF:0|Sekisho|sekisho|");
	put_part(out, r->version, 31);
	put_part(out, *r->class != '\0' ? r->class : r->kind, HEADER_MAX);
	put_part(out, *r->class_name != '\0' ? r->class_name : r->action, NAME_LENGTH);
	view_putf(out, "%" PRIu64 "|", r->severity < 10 ? r->severity : UINT64_C(10));
	view_putf(out, "cn1=%" PRIu64 " cn1Label=sequence", r->sequence);
	put_time(out, "rt", r->time);
	put_time(out, "start", r->start);
	put_time(out, "end", r->end);
	put_pair(out, "act", r->action, WORD_MAX);
	put_pair(out, "cat", r->kind, WORD_MAX);
	put_pair(out, "outcome", r->outcome, WORD_MAX);
	put_number(out, "cnt", r->count);
	put_packet(r, out);
	put_pair(out, "dvchost", r->hostname, 100);
	put_pair(out, "suser", *r->person != '\0' ? r->person : r->actor, CUSTOM_MAX);
	put_labelled(out, "cs4", "note", r->note);
	put_labelled(out, "cs5", "phase", r->phase);
	put_labelled(out, "cs6", "hash", r->hash);
	put_pair(out, "externalId", r->key, 40);
	put_pair(out, "msg", r->message, TEXT_MAX);
}
