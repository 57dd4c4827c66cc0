/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What recorder and alerter tell each other, over the socket that the alerter's records take. */
#ifndef AGENT_ALERT_ALERT_MESSAGE_H
#define AGENT_ALERT_ALERT_MESSAGE_H

#include "agent/record/record_json.h"
#include "rules/alert_rules.h"

#include <stddef.h>
#include <stdint.h>

/* IPC_ALERT_RECORD: one record that rules pick; only so much of the line as is used. */
struct alert_record {
	uint32_t rules;			/* bits by number */
	uint8_t severity;
	uint8_t zero[3];
	char line[RECORD_LINE_MAX];	/* as in the file, newline included */
};

#define ALERT_RECORD_HEAD offsetof(struct alert_record, line)

/* IPC_ALERT_COUNTS: records that were picked and not sent, in a flood; by rule. */
struct alert_counts {
	uint64_t n[ALERT_RULES_MOST];
	uint8_t severity[ALERT_RULES_MOST];	/* the highest of them */
};

#endif /* AGENT_ALERT_ALERT_MESSAGE_H */
