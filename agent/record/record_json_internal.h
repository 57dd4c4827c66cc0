/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the parts that write one record, and by nobody else. */
#ifndef AGENT_RECORD_RECORD_JSON_INTERNAL_H
#define AGENT_RECORD_RECORD_JSON_INTERNAL_H

#include "agent/record/record_json.h"
#include "agent/record/record_line.h"
#include "agent/record/record_text.h"

/* One record under construction in one room. */
struct builder {
	const struct event *event;
	const struct record_context *context;
	const struct record_room *room;
	struct record_text text;
	struct record_line line;
	int64_t time_ns;		/* of the text below; "": none yet */
	char time[RECORD_TIME_SIZE];
};

/* ECS source, destination and network of a violation. */
void record_json_packet(struct builder *b);
/* What "sekisho" says of a violation. */
void record_json_violation(struct builder *b);

#endif /* AGENT_RECORD_RECORD_JSON_INTERNAL_H */
