/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One event as one line of violations.jsonl: ECS names in a fixed order, our
 * own under "sekisho". The schema is docs/violations.schema.json.
 *
 * Stage: violation -> [line] -append-> log file.
 */
#ifndef AGENT_RECORD_RECORD_JSON_H
#define AGENT_RECORD_RECORD_JSON_H

#include "agent/record/event.h"
#include "rules/message.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* A line never exceeds this, its newline included (syslog receivers, RFC 5424). */
#define RECORD_LINE_MAX	2048u
/* Of it the seal needs so much (seal_line.h). */
#define RECORD_SEAL_SIZE 147u
#define RECORD_BODY_MAX	(RECORD_LINE_MAX - RECORD_SEAL_SIZE)

#define RECORD_ECS_VERSION "9.0"
/* Of docs/violations.schema.json: grows when a name goes or changes what it means. */
#define RECORD_SCHEMA	1u

/* What the recorder knows itself. Texts are trusted and valid UTF-8. */
struct record_context {
	uint64_t sequence;
	int64_t created_ns;		/* CLOCK_REALTIME */
	int64_t monotonic_ns;		/* CLOCK_BOOTTIME */
	const char *boot;		/* id of this boot of the machine */
	const char *hostname, *version;
	const char *sender;		/* process that sent the event */
	const char *text[2];		/* by enum message_language; NULL: derived */
	json_t *members;		/* borrowed: more of "sekisho"; NULL: none */
};

/*
 * Write the line with its newline, no NUL. The event has passed event_check();
 * its texts may hold any byte. Where the line would grow over RECORD_LINE_MAX,
 * texts are cut and "sekisho.truncated" says so; numbers are never touched. It keeps
 * room for the seal: it ends within RECORD_BODY_MAX.
 * 0, -ENOMEM, -EILSEQ when a text of the context is not UTF-8, or -EMSGSIZE when
 * they leave no room.
 */
int record_json_line(const struct event *e, const struct record_context *context,
    char line[RECORD_LINE_MAX], size_t *length);

#endif /* AGENT_RECORD_RECORD_JSON_H */
