/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The full parser as the judge of the quick one; for the unit test and the fuzzer. */
#ifndef TESTS_UNIT_SCAN_ORACLE_H
#define TESTS_UNIT_SCAN_ORACLE_H

#include "agent/record/line_scan.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

/* The text of a field means what jansson read there. */
static inline bool
scan_same_text(const struct line_text *quick, const struct line_text *full)
{
	json_t *value;
	bool same;

	if (quick->text == NULL || full->text == NULL)
		return quick->text == full->text;
	if (!quick->escaped)
		return quick->length == full->length &&
		    memcmp(quick->text, full->text, full->length) == 0;
	/* With its quotes, which stand around it. */
	value = json_loadb(quick->text - 1, quick->length + 2, JSON_DECODE_ANY, NULL);
	same = json_string_length(value) == full->length &&
	    memcmp(json_string_value(value), full->text, full->length) == 0;
	json_decref(value);
	return same;
}

/* True when the line is not taken, or taken by jansson with the same fields. */
static inline bool
scan_agrees(const char *line, size_t length)
{
	struct line_fields quick, full;
	json_t *record;
	bool same;

	if (!line_scan(line, length, &quick))
		return true;
	record = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(record)) {
		json_decref(record);
		return false;
	}
	line_fields_of(record, &full);
	same = scan_same_text(&quick.time, &full.time) &&
	    scan_same_text(&quick.message, &full.message) &&
	    scan_same_text(&quick.message_ja, &full.message_ja) &&
	    scan_same_text(&quick.event_kind, &full.event_kind) &&
	    scan_same_text(&quick.action, &full.action) &&
	    scan_same_text(&quick.id, &full.id) &&
	    scan_same_text(&quick.class, &full.class) &&
	    scan_same_text(&quick.source, &full.source) &&
	    scan_same_text(&quick.destination, &full.destination) &&
	    scan_same_text(&quick.source_mac, &full.source_mac) &&
	    scan_same_text(&quick.protocol, &full.protocol) &&
	    scan_same_text(&quick.from, &full.from) &&
	    scan_same_text(&quick.to, &full.to) &&
	    scan_same_text(&quick.kind, &full.kind) &&
	    scan_same_text(&quick.phase, &full.phase) &&
	    scan_same_text(&quick.key, &full.key) &&
	    scan_same_text(&quick.permit, &full.permit) &&
	    scan_same_text(&quick.actor, &full.actor) &&
	    quick.sequence == full.sequence && quick.severity == full.severity &&
	    quick.source_port == full.source_port && quick.bytes == full.bytes &&
	    quick.destination_port == full.destination_port &&
	    quick.count == full.count && quick.lost == full.lost;
	json_decref(record);
	return same;
}

#endif /* TESTS_UNIT_SCAN_ORACLE_H */
