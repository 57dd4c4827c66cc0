/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a record: the event's texts made safe, names of its numbers, sentences. */
#ifndef AGENT_RECORD_RECORD_TEXT_H
#define AGENT_RECORD_RECORD_TEXT_H

#include "agent/record/event.h"
#include "rules/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* U+FFFD has three bytes and may stand for one bad byte. */
#define RECORD_NAME_SIZE	((size_t)64 * 3)
#define RECORD_REASON_SIZE	((size_t)256 * 3)
#define RECORD_NOTE_SIZE	((size_t)128 * 3)

struct record_text {
	char from_zone[RECORD_NAME_SIZE], to_zone[RECORD_NAME_SIZE];
	char in_interface[RECORD_NAME_SIZE], out_interface[RECORD_NAME_SIZE];
	char permit[RECORD_NAME_SIZE], actor[RECORD_NAME_SIZE], person[RECORD_NAME_SIZE];
	char note[RECORD_NOTE_SIZE];
	char reason[RECORD_REASON_SIZE];
	bool cut;		/* something was left out */
};

/* How much of each text is kept, in bytes. */
struct record_room {
	size_t name, reason;
	bool ascii;		/* nothing that JSON must escape either */
};

void record_text_take(const struct event *e, const struct record_room *room,
    struct record_text *out);

/* "2026-11-21T03:34:56.123456789Z"; out holds RECORD_TIME_SIZE. */
#define RECORD_TIME_SIZE 40
const char *record_time(int64_t ns, char *out);
/* The same to the second, for sentences. */
const char *record_seconds(int64_t ns, char *out);

/* "tcp/443", "icmp/8.0", "47", "arp", "0x88b5"; out holds RECORD_SERVICE_SIZE. */
#define RECORD_SERVICE_SIZE 32
const char *record_service(const struct facts *f, char *out);

/* IANA keyword in lower case as ECS wants it, NULL when we have none. */
const char *record_transport(uint8_t protocol);

const char *record_kind_name(enum event_kind kind);
const char *record_phase_name(enum event_phase phase);
/* ECS event.action of a change: "policy-change". */
const char *record_subject_name(enum event_subject subject);

/* What happened, as a sentence. malloc(3)ed, NULL when memory is out. */
char *record_sentence(const struct event *e, const struct record_text *text,
    enum message_language language);

#endif /* AGENT_RECORD_RECORD_TEXT_H */
