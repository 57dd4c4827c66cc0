/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was done to the gateway in a period: changes and who made them, cut-offs, drift,
 * refused requests, disposal of old records. Exact counts, and of each list the newest.
 */
#ifndef AGENT_CLI_REPORT_EVENTS_H
#define AGENT_CLI_REPORT_EVENTS_H

#include "rules/message.h"

#include <jansson.h>

struct report_events;

struct report_events *report_events_new(enum message_language language);
void report_events_free(struct report_events *e);		/* accepts NULL */

/* A record of the period that is no violation. 0 or -ENOMEM. */
int report_events_take(struct report_events *e, const json_t *record);

/* {"changes": {"count", "failed", "more", "rows"}, ..., "people": [...]} */
json_t *report_events_json(const struct report_events *e);

#endif /* AGENT_CLI_REPORT_EVENTS_H */
