/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One pass over a line of the record: is it JSON through and through, and where are the
 * fields that questions are asked about. For lines as our writer makes them (no blanks,
 * known members in the order of docs/violations.schema.json, others among them); all
 * else is left to a full parser, which then says what is wrong with it. Whatever is
 * taken here, jansson takes too, without duplicate members, and reads the same fields.
 */
#ifndef AGENT_RECORD_LINE_SCAN_H
#define AGENT_RECORD_LINE_SCAN_H

#include "agent/record/line_text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line_fields {
	struct line_text time;			/* @timestamp */
	struct line_text message, message_ja;
	struct line_text event_kind, action, outcome, id, start, end;
	struct line_text class;			/* rule.id */
	struct line_text source, destination;	/* .ip */
	struct line_text source_mac, destination_mac;
	struct line_text transport, protocol;	/* network.transport, .iana_number */
	struct line_text from, to;		/* zones of observer.ingress and .egress */
	struct line_text kind, phase, key, permit, ethertype;	/* sekisho.* */
	struct line_text actor;
	/* 0 when there is none, or none that fits; line_has() tells. */
	uint64_t sequence, severity, source_port, destination_port, bytes;
	uint64_t count, lost;
	uint32_t numbers;	/* a bit for each of them that is there, in this order */
	/* Nothing in the line steers a terminal (rules/utf8.h). */
	bool plain;
	/* A field other than the messages is escaped: compare nothing, parse the line. */
	bool escaped;
};

/* False: left to a full parser, *out means nothing. The texts stand in the line. */
bool line_scan(const char *line, size_t length, struct line_fields *out);

/* The same fields of a parsed record; the texts belong to it. "plain" is false. */
void line_fields_of(const json_t *record, struct line_fields *out);

/* Whether that number of f stands in the line: line_has(f, &f->source_port). */
bool line_has(const struct line_fields *f, const uint64_t *number);

#endif /* AGENT_RECORD_LINE_SCAN_H */
